"""Ask and tell: budget, replaying after an interruption, and lucky points."""

import builtins
import sys
from pathlib import Path

import numpy as np
import pytest
from made_model import PLAIN, outcomes

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))
from command import call  # noqa: E402

from experiments.sweeps import asktell  # noqa: E402
from experiments.sweeps.asktell import search  # noqa: E402

optuna = pytest.importorskip("optuna")
TRUTH = np.array([[0.3, 1.2]])


class Runs:
    """Runs the made model: replication r of any point has the same seed; counts what was run."""

    def __init__(self, stop_after=None):
        self.calls, self.stop_after = [], stop_after

    def __call__(self, points, first, replications, label):
        if self.stop_after is not None and len(self.calls) >= self.stop_after:
            raise KeyboardInterrupt
        self.calls.append((label, points.tobytes(), first, replications))
        return np.stack([np.sqrt(outcomes(points, [first + r, 9])) for r in range(replications)], axis=1)

    @property
    def runs(self):
        return sum(len(p) // 16 * r for _, p, _, r in self.calls)


@pytest.fixture(scope="module")
def observed():
    return np.mean([np.sqrt(outcomes(TRUTH, [5, i])) for i in range(400)], axis=0)[0]


def test_it_comes_near_the_truth_within_the_budget(observed, tmp_path):
    run = Runs()
    found = search(run, PLAIN, observed, np.zeros(4), budget=240, replications=3, seed=2, study=tmp_path / "study.log")
    assert run.runs == found.runs <= 240
    assert np.all(np.abs(found.points[found.best] - TRUTH[0]) < [0.45, 0.6])
    runs = np.isfinite(found.summaries).all(axis=2).sum(axis=1)
    assert runs[found.best] >= 6 and found.best in found.candidates and 0 < found.error[found.best] < 3
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    study = optuna.load_study(study_name="calibration", storage=JournalStorage(JournalFileBackend(
        str(tmp_path / "study.log"))))
    assert len(study.trials) == len(found.points) and study.best_value == pytest.approx(found.distance.min())
    assert [p.name for p in tmp_path.iterdir()] == ["study.log"]


def test_an_interrupted_search_asks_for_the_same_points_again(observed):
    whole, broken = Runs(), Runs(stop_after=4)
    settings = {"budget": 90, "replications": 2, "batch": 6, "seed": 7}
    expected = search(whole, PLAIN, observed, np.zeros(4), **settings)
    with pytest.raises(KeyboardInterrupt):
        search(broken, PLAIN, observed, np.zeros(4), **settings)
    assert broken.calls == whole.calls[:4]
    again = Runs()
    found = search(again, PLAIN, observed, np.zeros(4), **settings)
    assert again.calls == whole.calls and np.array_equal(found.points, expected.points)


def test_lucky_points_die():
    """One point in ten seems perfect on its first runs and is bad on all later ones: it is never the answer."""

    def run(points, first, replications, label):
        lucky = np.floor(points[:, 0] * 1e4) % 10 == 0
        base = np.abs(points[:, :1])  # the truth: nought
        noise = np.random.default_rng([first, 3]).normal(0, 0.1, (len(points), replications))
        value = np.where(lucky[:, None] & (first == 0), 0.0, base + 1.0 * lucky[:, None] + noise)
        return value[:, :, None]

    prior = PLAIN[:1]
    found = search(run, prior, np.zeros(1), np.array([0.1]), budget=300, replications=2, seed=3)
    assert abs(found.points[found.best, 0]) < 0.3
    lucky = np.nanmean(found.summaries[:, :2, 0], axis=1) == 0
    assert lucky.any() and not lucky[found.best]
    assert np.isfinite(found.summaries[found.best]).sum() >= 6


def test_failed_runs_do_not_stop_it(observed):
    def run(points, first, replications, label):
        made = Runs()(points, first, replications, label)
        made[points[:, 0] > 0.6] = np.nan
        return made

    found = search(run, PLAIN, observed, np.zeros(4), budget=100, replications=2, seed=2)
    assert found.points[found.best, 0] <= 0.6 and np.isinf(found.distance).any()


def test_without_optuna_one_line_says_what_to_install(monkeypatch, tmp_path):
    given = tmp_path / "fit.yaml"
    given.write_text("parameters: {mechanism.offending.male: {}}\ntargets:\n"
                     "  t: {outcome: true.theft, observed: 1, sd: 1}\noverrides: [city.residents=2000, years=0.05]\n")
    original = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.partition(".")[0] == "optuna":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    done = call("calibrate", f"calibration={given}", "method=optuna", f"out={tmp_path / 'out'}")
    assert done.status == 2 and done.err.strip() == f"lamplighter: error: {asktell.EXTRA}"
