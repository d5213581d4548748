"""The command `calibrate`: from a file to a folder, and one clear line for every mistake."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from made_model import outcomes

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))
from command import call, is_one_clear_line, tree  # noqa: E402

from experiments.sweeps import runner  # noqa: E402
from experiments.sweeps.targets import from_city, read_calibration  # noqa: E402
from sim.spec import build  # noqa: E402

FILE = """
question: Which motivation gives these crimes?
overrides: [city.residents=2000, years=0.05, burn_in_years=0.02]
parameters:
  mechanism.offending.male: {low: 0, high: 2}
  mechanism.offending.joint: {low: 5, high: 8}
targets:
  theft: {outcome: true.theft, as: total, observed: 40, tolerance: 10 %}
  assault: {outcome: assault, layer: true, as: total, observed: 45, sd: 4, source: a survey}
holdout:
  robbery: {outcome: true.robbery, as: total, observed: 150, tolerance: 30}
budget: {runs: 160}
replications: 2
"""
CALLS = []


class MadeRunner:
    """Stands in for the run table: the made model, with thresholds as its parameters."""

    stop_after = None

    def __init__(self, spec, priors, outcomes, folder, engine, question=""):
        self.outcomes = outcomes

    def __call__(self, points, first, replications, label, seeds=None):
        if MadeRunner.stop_after is not None and len(CALLS) >= MadeRunner.stop_after:
            raise KeyboardInterrupt
        CALLS.append((label, len(points) * replications, points.tobytes()))
        moved = np.column_stack([points[:, 0] - 1, 2 - 2 * (points[:, 1] - 5) / 3])
        made = np.stack([outcomes(moved, [first + r, len(label)]) for r in range(replications)], axis=1)
        columns = {"true.theft": 1, "true.assault": 3, "true.robbery": 0}
        return {name: made[:, :, columns[name]] for name in self.outcomes}


@pytest.fixture
def made(monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "SweepRunner", MadeRunner)
    monkeypatch.setattr(MadeRunner, "stop_after", None)
    CALLS.clear()
    (tmp_path / "fit.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("method", ["abc", "optuna"])
def test_the_folder_says_what_was_fitted_to_what(made, method):
    if method == "optuna":
        pytest.importorskip("optuna")
    done = call("calibrate", "calibration=fit.yaml", f"method={method}", "out=fit", "engine=serial")
    assert done.status == 0, done.err
    assert sum(runs for _, runs, _ in CALLS) <= 160
    found = json.loads(Path("fit/calibration.json").read_text())
    male = found["parameters"]["mechanism.offending.male"]
    assert male["calibrated"] and male["before"] == 1.2 and (male["low"], male["high"]) == (0, 2)
    assert male["interval_90"][0] < male["estimate"] < male["interval_90"][1] and len(male["profile"]["value"]) > 10
    target = found["targets"]["assault"]
    assert target["observed"] == 45 and target["sd"] == 4 and not target["held_out"] and target["source"] == "a survey"
    assert abs(target["simulated"] - 45) < 12 and target["within_tolerance"] == (abs(target["simulated"] - 45) <= 8)
    assert found["targets"]["robbery"]["held_out"] and found["targets"]["theft"]["tolerance"] == pytest.approx(4)
    assert found["runs"]["made"] <= found["runs"]["budget"] == 160 and found["runs"]["failed"] == 0
    table = pq.read_table("fit/posterior.parquet" if method == "abc" else "fit/trials.parquet")
    note = json.loads(table.schema.metadata[b"lamplighter"])
    manifest = json.loads(Path("fit/manifest.json").read_text())
    for where in (note, found, manifest):
        assert {"calibration_hash", "seed", "schema_version", "spec_hash", "code", "packages", "city"} <= set(where)
        assert where["calibration_hash"] == manifest["calibration_hash"]
    assert manifest["complete"] and Path("fit/given.yaml").read_text() == FILE
    picture = Path("fit/calibration.png").read_bytes()
    assert picture[:4] == b"\x89PNG" and manifest["calibration_hash"].encode() in picture
    if method == "abc":
        assert table["weight"].to_numpy().sum() == pytest.approx(1)
        assert 0 < male["contraction"] < 1 and found["self_check"]["mechanism.offending.male"]["tries"] == 60
        assert found["targets"]["robbery"]["predictive"]["runs"] >= 3
    else:
        assert found["best"]["runs"] >= 4 and Path("fit/study.log").stat().st_size > 1000


def test_calibrated_values_are_overrides(made):
    assert call("calibrate", "calibration=fit.yaml", "out=fit").status == 0
    text = Path("fit/calibrated.yaml").read_text()
    assert text.count("# calibrated; 90 % interval") == 2 and "never scored as successes" in text
    value = json.loads(Path("fit/calibration.json").read_text())["parameters"]["mechanism.offending.male"]["estimate"]
    shown = call("run", "@fit/calibrated.yaml", "--cfg", "job", "--package", "mechanism.offending")
    assert shown.status == 0 and f"male: {value}" in shown.out
    later = call("run", "@fit/calibrated.yaml", "mechanism.offending.male=1.5", "--cfg", "job")
    assert later.status == 0 and "male: 1.5" in later.out
    for wrong in ("@nothing.yaml", "@", "@fit"):
        assert not is_one_clear_line(call("run", wrong))
    Path("no.yaml").write_text("a: 1")
    assert "list of overrides" in call("run", "@no.yaml").err


def test_an_interruption_leaves_a_folder_that_goes_on(made):
    MadeRunner.stop_after = 1
    done = call("calibrate", "calibration=fit.yaml", "out=fit")
    assert done.status == 130 and "goes on from there" in done.err
    assert not json.loads(Path("fit/manifest.json").read_text())["complete"]
    MadeRunner.stop_after = None
    first, = CALLS
    CALLS.clear()
    assert call("calibrate", "calibration=fit.yaml", "out=fit").status == 0
    assert CALLS[0] == first and json.loads(Path("fit/manifest.json").read_text())["complete"]
    one = Path("fit/posterior.parquet").read_bytes()
    assert call("calibrate", "calibration=fit.yaml", "out=other").status == 0
    assert pq.read_table("other/posterior.parquet").equals(pq.read_table("fit/posterior.parquet")) and one


def test_another_calibration_in_the_folder_is_refused_unless_forced(made):
    assert call("calibrate", "calibration=fit.yaml", "out=fit").status == 0
    before = tree(made)
    done = call("calibrate", "calibration=fit.yaml", "out=fit", "seed=2")
    assert not is_one_clear_line(done) and "another calibration" in done.err and tree(made) == before
    assert call("calibrate", "calibration=fit.yaml", "out=fit", "seed=2", "force=true").status == 0
    assert json.loads(Path("fit/calibration.json").read_text())["seed"] == 2
    Path("mine").mkdir()
    Path("mine/letter.txt").write_text("x")
    assert not is_one_clear_line(call("calibrate", "calibration=fit.yaml", "out=mine", "force=true"))
    assert Path("mine/letter.txt").read_text() == "x"


def test_a_dry_run_writes_nothing(made):
    before = tree(made)
    done = call("calibrate", "calibration=fit.yaml", "dry_run=true", "runs=500")
    assert done.status == 0 and "500 runs" in done.out and "held out: robbery" in done.out
    assert tree(made) == before and not CALLS


MISTAKES = {
    "no parameters": ("parameters:\n  mechanism.offending.male: {low: 0, high: 2}\n"
                      "  mechanism.offending.joint: {low: 5, high: 8}", "parameters: {}", "at least one"),
    "unknown parameter": ("offending.male", "offending.mail", "did you mean 'male'"),
    "beyond the range": ("{low: 0, high: 2}", "{low: 0, high: 9}", "declared range"),
    "upside down": ("{low: 0, high: 2}", "{low: 2, high: 1}", "low below high"),
    "no number": ("{low: 0, high: 2}", "{low: a}", "finite number"),
    "a list": ("mechanism.offending.male: {low: 0, high: 2}", "mechanism.reactions.reporting: {}", "one element"),
    "beyond a list": ("mechanism.offending.male: {low: 0, high: 2}", "'mechanism.reactions.reporting[30]': {}",
                      "element from 0"),
    "unknown prior": ("{low: 0, high: 2}", "{prior: beta}", "uniform, loguniform, normal"),
    "loguniform from nought": ("{low: 0, high: 2}", "{prior: loguniform}", "above 0"),
    "normal without sd": ("{low: 0, high: 2}", "{mean: 1}", "mean and sd"),
    "unknown outcome": ("outcome: true.theft", "outcome: true.thefts", "did you mean 'true.theft'"),
    "no layer": ("outcome: true.theft", "outcome: theft", "recorded.theft"),
    "two errors": ("tolerance: 10 %", "tolerance: 10 %, sd: 1", "either sd or tolerance"),
    "no error": (", tolerance: 10 %", "", "either sd or tolerance"),
    "no observation": ("observed: 40, ", "", "observed value"),
    "percentage": ("10 %", "ten %", "percentage"),
    "share of nothing": ("as: total, observed: 40", "as: share, observed: 40", "needs `of`"),
    "twice": ("  robbery: {", "  theft: {", "fitted or held out"),
    "city without files": ("observed: 40", "observed: from_city", "recorded layer"),
    "budget": ("runs: 160", "runs: 0", "1 or more"),
    "small budget": ("runs: 160", "runs: 20", "at least"),
    "unknown key": ("question:", "questions:", "did you mean 'question'"),
    "override": ("years=0.05", "out=x", "cannot be set here"),
    "not an override": ("years=0.05", "years", "key=value"),
    "interpolation": ("a survey", "'${oc.env:HOME}'", "interpolations"),
    "intervention that is not there": ("mechanism.offending.male: {low: 0, high: 2}",
                                       "intervention.street_lighting.strength: {low: 0, high: 1}", "not in the run"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_file_is_one_clear_line(made, name):
    old, new, said = MISTAKES[name]
    assert old in FILE
    (made / "fit.yaml").write_text(FILE.replace(old, new, 1))
    before = tree(made)
    done = call("calibrate", "calibration=fit.yaml", "out=fit")
    assert not is_one_clear_line(done), is_one_clear_line(done)
    assert said in done.err and tree(made) == before and not CALLS


def test_without_a_file_it_asks_for_one(made):
    assert "calibration=my_fit.yaml" in call("calibrate").err
    assert not is_one_clear_line(call("calibrate", "calibration=nothing.yaml"))


def test_a_failed_run_is_left_out_and_said(made, monkeypatch):
    original = MadeRunner.__call__

    def failing(self, points, *rest, **more):
        made = original(self, points, *rest, **more)
        made["true.theft"][:3] = np.nan
        return made

    monkeypatch.setattr(MadeRunner, "__call__", failing)
    done = call("calibrate", "calibration=fit.yaml", "out=fit")
    found = json.loads(Path("fit/calibration.json").read_text())
    assert done.status == 1 and "runs failed" in done.err and found["runs"]["failed"] == 9


def test_city_wide_totals_come_from_the_files_of_a_city(tmp_path):
    sys.path.insert(0, str(Path(__file__).parents[1] / "city"))
    try:
        from city_folder import write_city
    finally:
        sys.path.pop(0)
    write_city(tmp_path / "city")
    areas = (tmp_path / "city" / "areas.csv").read_text().splitlines()
    head = areas[0].split(",")
    people = sum(float(line.split(",")[head.index("population")]) for line in areas[1:])
    area = areas[1].split(",")[head.index("area_id")]
    rows = [f"2022-01-{1 + i % 31:02d}T10:00,,,{'burglary' if i % 4 else 'theft'},{area}" for i in range(62)]
    for old in (tmp_path / "city").glob("events.csv*"):
        old.unlink()
    (tmp_path / "city" / "events.csv").write_text("\n".join(["datetime,lat,lon,type,area_id", *rows]) + "\n")
    (tmp_path / "fit.yaml").write_text(
        "parameters: {mechanism.offending.male: {}}\ntargets:\n"
        "  burglary: {outcome: recorded.burglary, observed: from_city, tolerance: 10 %}\n"
        "  thefts: {outcome: recorded.theft, of: [recorded.theft, recorded.burglary], observed: from_city, sd: 0.02}\n")
    file = read_calibration(str(tmp_path / "fit.yaml"))
    params = build({"city": {"preset": "from_files", "path": str(tmp_path / "city"), "residents": 500}}).city
    rate, share = from_city(file.targets, params)
    assert rate.observed == pytest.approx(1000 * 46 / round(people) / (31 / 365), rel=1e-3)
    assert rate.tolerance == pytest.approx(rate.observed / 10)
    assert share.observed == pytest.approx(16 / 62) and "city-wide" in share.source


def test_it_runs_through_the_run_table_and_never_makes_a_run_twice(tmp_path, monkeypatch):
    """The real model, a few days of a small town: elements of lists, own seeds, and everything stored."""
    monkeypatch.chdir(tmp_path)
    Path("fit.yaml").write_text("""
overrides: [city.residents=500, years=0.02, burn_in_years=0.0]
parameters:
  mechanism.offending.violence_threshold: {low: 4, high: 8}
  mechanism.reactions.reporting[4]: {low: 0.1, high: 0.9}
targets:
  assault: {outcome: true.assault, observed: 300, tolerance: 50 %}
  reported: {outcome: reported.assault, of: true.assault, observed: 0.5, sd: 0.1}
""")
    words = ("calibrate", "calibration=fit.yaml", "out=fit", "engine=serial", "runs=40", "replications=1")
    done = call(*words)
    assert done.status == 0, done.err
    table = pq.read_table("fit/runs/round-1/table.parquet")
    assert table.num_rows == 34 and len(set(table["seed"].to_pylist())) == 34
    text = Path("fit/calibrated.yaml").read_text()
    reporting, = (line for line in text.splitlines() if line.startswith('  - "mechanism.reactions.reporting=['))
    assert reporting.count(",") == 8
    assert call("run", "@fit/calibrated.yaml", "dry_run=true", "city.residents=500").status == 0
    before = {k: v for k, v in tree(tmp_path).items() if "/runs/" in k and k.endswith(".parquet")}
    posterior = pq.read_table("fit/posterior.parquet")
    assert call(*words).status == 0
    after = tree(tmp_path)
    assert all(after[k] == v for k, v in before.items() if k.count("/") > 3) and len(before) >= 40
    assert pq.read_table("fit/posterior.parquet").equals(posterior)
