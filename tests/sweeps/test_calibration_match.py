"""Parameters that follow the totals they answer to: on a problem with a known answer, and through the command."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))
from command import call, is_one_clear_line, tree  # noqa: E402

from experiments.sweeps import runner  # noqa: E402
from experiments.sweeps.match import checks, identified, match  # noqa: E402
from experiments.sweeps.priors import Prior  # noqa: E402
from experiments.sweeps.targets import Target  # noqa: E402
from sim.errors import SpecError  # noqa: E402

TARGETS = tuple(Target(name, (f"true.{name}",), "rate", (), observed, 0.0, 0.05 * observed)
                for name, observed in (("burglary", 3.0), ("theft", 20.0)))
PRIORS = (Prior("a.burglary", "uniform", -4, 4, answers="burglary", sensitivity=-1.0),
          Prior("a.person", "uniform", -4, 4, answers="theft", sensitivity=-0.6),
          Prior("a.shop", "uniform", -4, 4, answers="theft", sensitivity=-0.4))


class Town:
    """Two totals that fall with thresholds: burglary with one of its own, theft from two kinds of places."""

    def __init__(self, slope=1.0, chance=0.05, broken=()):
        self.slope, self.chance, self.broken, self.labels, self.seeds = slope, chance, broken, [], []

    def mean(self, point):
        a, b, c = point
        return np.array([6 * np.exp(-self.slope * a), 24 * np.exp(-self.slope * b) + 16 * np.exp(-self.slope * c)])

    def __call__(self, points, first, replications, label):
        self.labels.append(label)
        out = np.empty((len(points), replications, 2))
        for i, point in enumerate(points):
            for r in range(replications):
                self.seeds.append(first + r)
                rng = np.random.default_rng([first + r, 5])
                out[i, r] = self.mean(point) * np.exp(self.chance * rng.standard_normal(2))
                if first + r in self.broken:
                    out[i, r] = np.nan
        return out


@pytest.mark.parametrize("slope", [0.5, 1.0, 2.5])
def test_totals_are_met_though_the_stated_sensitivity_is_wrong(slope):
    town = Town(slope)
    found = match(town, PRIORS, TARGETS, np.zeros(3), budget=20, replications=1)
    simulated = town.mean(found.estimate)
    assert np.all(np.abs(np.log(simulated / [3, 20])) < 0.1), simulated
    assert len(town.seeds) == 20 and len(set(town.seeds)) == 20  # the budget, and no chance twice
    assert found.found[0] == pytest.approx(-slope, rel=0.35)  # what was stated is put right


def test_it_is_nearer_than_one_step_and_as_sure_as_it_says():
    apart = []
    for k in range(40):
        class Shifted(Town):
            def __call__(self, points, first, *rest, k=k):
                return super().__call__(points, first + 1000 * k, *rest)
        found = match(Shifted(chance=0.1), PRIORS, TARGETS, np.array([2.0, 0, 0]), budget=25, replications=2)
        truth = np.log(2)
        low, high = found.interval[0]
        apart.append((found.estimate[0] - truth, low <= truth <= high))
    wrong, covered = np.array(apart).T
    assert np.sqrt((wrong**2).mean()) < 0.06 and abs(wrong.mean()) < 0.03
    assert covered.mean() >= 0.8
    assert found.noise == pytest.approx([0.1, 0.1], rel=0.6)


def test_parameters_of_one_target_share_its_step():
    found = match(Town(chance=0.0), PRIORS, TARGETS, np.zeros(3), budget=12, replications=1)
    moved = found.points[1] - found.points[0]
    assert moved @ [0, -0.6, -0.4] == pytest.approx(np.log(20 / 40)) and moved[1] / moved[2] == pytest.approx(1.5)
    told = identified(found, PRIORS, TARGETS)
    assert told.profiles[0].kind == "identifiable" and "a.burglary" not in told.not_identifiable()
    assert "a.shop" in told.not_identifiable()["a.person"]


def test_no_step_leaves_the_range_of_the_prior():
    narrow = (Prior("a.burglary", "uniform", -0.2, 0.2, answers="burglary", sensitivity=-1.0), *PRIORS[1:])
    found = match(Town(), narrow, TARGETS, np.zeros(3), budget=12, replications=1)
    assert found.points[:, 0].max() == 0.2 == pytest.approx(found.estimate[0])
    assert identified(found, narrow, TARGETS).profiles[0].kind == "one-sided"


def test_failed_runs_are_passed_over():
    found = match(Town(broken=(0, 3, 4)), PRIORS, TARGETS, np.zeros(3), budget=20, replications=1)
    assert np.array_equal(found.points[0], found.points[1])  # nothing was learned there
    assert np.isfinite(found.estimate).all() and np.all(np.abs(np.log(Town().mean(found.estimate) / [3, 20])) < 0.15)
    with pytest.raises(SpecError, match="no run gave values"):
        match(Town(broken=range(99)), PRIORS, TARGETS, np.zeros(3), budget=20, replications=1)


def test_a_few_runs_of_any_budget_are_kept_for_the_estimate():
    assert [checks(b) for b in (5, 12, 40)] == [2, 2, 8]


FILE = """
question: Which thresholds give this city's totals?
overrides: [city.residents=2000, years=0.05, burn_in_years=0.02, mechanism.offending.theta_burglary=0.1,
            mechanism.offending.theta_robbery=2.5]
parameters:
  mechanism.offending.theta_burglary: {low: -2, high: 6, answers: burglary, sensitivity: -1}
  mechanism.offending.theta_robbery: {low: 0, high: 6, answers: robbery, sensitivity: -0.8}
  mechanism.offending.theta_till: {low: 0, high: 6, answers: robbery, sensitivity: -0.2}
targets:
  burglary: {outcome: recorded.burglary, observed: 3, tolerance: 5 %, source: the police}
  robbery: {outcome: recorded.robbery, observed: 2, sd: 0.1}
holdout:
  theft: {outcome: recorded.theft, observed: 20, tolerance: 3}
budget: {runs: 18}
replications: 2
"""
CALLS = []


class MadeRunner:
    """Stands in for the run table: rates that fall with their thresholds."""

    stop_after = None

    def __init__(self, spec, priors, outcomes, folder, engine, question=""):
        self.years = spec.days / 365

    def __call__(self, points, first, replications, label, seeds=None):
        assert seeds is None
        if MadeRunner.stop_after is not None and len(CALLS) >= MadeRunner.stop_after:
            raise KeyboardInterrupt
        CALLS.append((label, first, replications, points.tobytes()))
        rng = np.random.default_rng([first, 3])
        rates = {"recorded.burglary": 9 * np.exp(-points[:, 0]), "recorded.theft": 19 + 0 * points[:, 0],
                 "recorded.robbery": 16 * np.exp(-points[:, 1]) + 4 * np.exp(-points[:, 2])}
        chance = np.exp(0.03 * rng.standard_normal((len(points), replications)))
        made = {name: rate[:, None] * chance * 2 * self.years for name, rate in rates.items()}
        return {**made, "population": np.full((len(points), replications), 2000.0)}


@pytest.fixture
def made(monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "SweepRunner", MadeRunner)
    monkeypatch.setattr(MadeRunner, "stop_after", None)
    CALLS.clear()
    (tmp_path / "fit.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_folder_says_what_was_matched_to_what(made):
    done = call("calibrate", "calibration=fit.yaml", "method=match", "out=fit", "engine=serial")
    assert done.status == 0, done.err
    assert "answers to robbery" in done.out
    assert sum(runs for _, _, runs, _ in CALLS) == 18
    found = json.loads(Path("fit/calibration.json").read_text())
    burglary = found["parameters"]["mechanism.offending.theta_burglary"]
    assert burglary["calibrated"] and burglary["before"] == 0.1 and (burglary["low"], burglary["high"]) == (-2, 6)
    assert burglary["answers"] == "burglary" and burglary["sensitivity"] == -1
    assert burglary["sensitivity_found"] == pytest.approx(-1, abs=0.2)
    assert burglary["estimate"] == pytest.approx(np.log(3), abs=0.1) and burglary["identifiable"]
    till = found["parameters"]["mechanism.offending.theta_till"]
    assert till["interval_90"][0] < till["estimate"] < till["interval_90"][1]
    assert "theta_robbery" in till["why_not"]
    target = found["targets"]["burglary"]
    assert target["observed"] == 3 and target["within_tolerance"] and target["source"] == "the police"
    assert 0 < target["noise"] < 0.1 and found["targets"]["theft"]["held_out"]
    assert len(found["points"]) == 8 and found["points"][0]["gain"] == 1 and "gain" not in found["points"][-1]
    assert found["points"][0]["parameters"]["mechanism.offending.theta_robbery"] == 2.5
    assert Path("fit/calibration.png").read_bytes()[:4] == b"\x89PNG"
    assert json.loads(Path("fit/manifest.json").read_text())["asked"]["method"] == "match"
    shown = call("run", "@fit/calibrated.yaml", "--cfg", "job", "--package", "mechanism.offending")
    assert shown.status == 0 and f"theta_burglary: {burglary['estimate']}" in shown.out
    for mine in ("posterior.parquet", "trials.parquet"):
        assert not Path("fit", mine).exists()


def test_an_interrupted_match_goes_on_with_the_same_points(made):
    MadeRunner.stop_after = 4
    assert call("calibrate", "calibration=fit.yaml", "method=match", "out=fit").status == 130
    first = list(CALLS)
    MadeRunner.stop_after = None
    CALLS.clear()
    assert call("calibrate", "calibration=fit.yaml", "method=match", "out=fit").status == 0
    assert CALLS[:4] == first and len(CALLS) == 8
    again = json.loads(Path("fit/calibration.json").read_text())
    assert call("calibrate", "calibration=fit.yaml", "method=match", "out=other").status == 0
    assert json.loads(Path("other/calibration.json").read_text())["points"] == again["points"]


ROBBERY = "{low: 0, high: 6, answers: robbery, sensitivity: -0.8}"
MISTAKES = {
    "answers to nothing": (ROBBERY, "{low: 0, high: 6}", "needs the target that it answers to"),
    "unknown target": ("answers: burglary", "answers: burglaries", "did you mean 'burglary'"),
    "held out": ("answers: burglary", "answers: theft", "held out"),
    "no sensitivity": (", sensitivity: -1}", "}", "needs both"),
    "no answer": ("answers: burglary, ", "", "needs both"),
    "insensitive": ("sensitivity: -1}", "sensitivity: 0}", "not 0"),
    "no name": ("answers: burglary", "answers: 3", "name of a target"),
    "nobody answers": ("answers: burglary, ", "answers: robbery, ", "no parameter answers to it"),
    "observed nought": ("observed: 3,", "observed: 0,", "above 0"),
    "a share": ("recorded.burglary, observed: 3", "recorded.burglary, of: recorded.all, observed: 0.3",
                "rates and totals"),
    "small budget": ("runs: 18", "runs: 6", "at least 8 runs"),
    "starts outside": ("{low: -2, high: 6", "{low: 2, high: 6", "set another as an override"),
    "a whole number": ("mechanism.offending.theta_burglary: {low: -2, high: 6",
                       "mechanism.drugs.lead: {low: 1, high: 50", "real numbers"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_clear_line(made, name):
    old, new, said = MISTAKES[name]
    assert old in FILE
    (made / "fit.yaml").write_text(FILE.replace(old, new, 1))
    before = tree(made)
    done = call("calibrate", "calibration=fit.yaml", "method=match", "out=fit")
    assert not is_one_clear_line(done), is_one_clear_line(done)
    assert said in done.err and tree(made) == before and not CALLS
