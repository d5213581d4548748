"""The command: from overrides to indices, through the run table."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))
from analytic import function, known  # noqa: E402
from command import call, is_one_clear_line, tree  # noqa: E402

from experiments.sweeps.salib import CLEAR, analyse  # noqa: E402
from experiments.sweeps.store import SweepFolder  # noqa: E402

X = "parameters=[mechanism.ishigami.x1,mechanism.ishigami.x2,mechanism.ishigami.x3]"
FIRST, TOTAL = (0.3139, 0.4424, 0.0), (0.5576, 0.4424, 0.2437)  # Ishigami and Homma 1990
SALIB = 0.05  # what SALib's own tests allow for this function


@pytest.fixture
def short(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return [*known(monkeypatch), X, "outcomes=[ishigami]", "engine=serial", "resamples=40"]


def indices(out, outcome="ishigami"):
    """{(parameter, measure): row} of one outcome, numbers as numbers."""
    with open(Path(out) / "indices.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["outcome"] == outcome]
    for row in rows:
        row.update({k: float(row[k]) if row[k] else np.nan for k in ("value", "low", "high", "noise_floor")})
    return {(row["parameter"].rpartition(".")[2], row["measure"]): row for row in rows}


def check_ishigami(found, tolerance):
    for name, first, total in zip(("x1", "x2", "x3"), FIRST, TOTAL):
        assert found[name, "S1"]["value"] == pytest.approx(first, abs=tolerance)
        assert found[name, "ST"]["value"] == pytest.approx(total, abs=tolerance)
        assert found[name, "ST"]["low"] > found["dummy", "ST"]["high"] and found[name, "ST"]["verdict"] == CLEAR


@pytest.mark.slow
def test_sobol_indices_of_the_ishigami_function_through_the_run_table(short):
    done = call("sensitivity", *short, "method=sobol", "samples=512", "replications=2", "out=s")
    assert done.status == 0, done.err
    check_ishigami(indices("s"), SALIB)


@pytest.mark.slow
def test_run_noise_of_known_size_is_found_through_the_run_table(short):
    done = call("sensitivity", *short, "method=sobol", "samples=128", "replications=3", "out=s",
                "mechanism.ishigami.own=1", "mechanism.ishigami.common=4")
    assert done.status == 0, done.err
    found = indices("s")
    noise = json.loads(Path("s/indices.json").read_text())["analyses"][1]["noise"]
    assert noise["own_variance"] == pytest.approx(1, rel=0.15) and noise["within_variance"] > 2 * noise["own_variance"]
    assert found["dummy", "ST"]["value"] == pytest.approx(noise["noise_share"], rel=0.25) != 0
    assert all(found[x, "ST"]["low"] > found["dummy", "ST"]["high"] for x in ("x1", "x2", "x3"))


@pytest.mark.slow
def test_screening_the_city_finds_what_matters_and_what_does_not(tmp_path, monkeypatch):
    """Morris on the model itself: perceived risk and opportunity matter for crime, the dummy lies below both."""
    monkeypatch.chdir(tmp_path)
    done = call("sensitivity", "city.residents=2500", "years=0.2", "burn_in_years=0.1", "samples=12", "replications=4",
                "parameters=[mechanism.deterrence.base:0:0.9,mechanism.offending.crowd:0:0.8,"
                "mechanism.drugs.dependent:0.003:0.03,mechanism.offending.drink:0.8:2.4]", "engine=serial", "out=city")
    assert done.status == 0, done.err
    found = indices("city", "true.victimisations")
    floor = found["dummy", "mu_star"]["high"]
    assert 0 < floor
    for name, direction in (("base", -1), ("crowd", 1), ("dependent", 1), ("drink", 1)):
        assert found[name, "mu_star"]["low"] > floor and found[name, "mu_star"]["verdict"] == CLEAR
        assert direction * found[name, "mu"]["value"] > 0


def test_a_small_sobol_analysis_and_what_it_leaves(short):
    """Too few points for the indices themselves: they are those of the function's own values at these points."""
    words = ["sensitivity", *short, "method=sobol", "samples=8", "replications=2", "out=s"]
    done = call(*words)
    assert done.status == 0, done.err
    design = SweepFolder.open("s").plan.design
    values = np.repeat(function(design.points[:, :3])[:, None], 2, axis=1)
    for row in analyse(design, values, resamples=40).rows:
        name = row.name.rpartition(".")[2], row.measure
        assert indices("s")[name]["value"] == pytest.approx(row.value, abs=1e-9)
    assert "Sobol': ishigami" in done.out and "the noise floor" in done.out and "Run noise:" in done.out
    about = json.loads(Path("s/indices.json").read_text())
    manifest = json.loads(Path("s/manifest.json").read_text())
    assert about["experiment_hash"] == manifest["experiment_hash"] and about["runs"]["rows"] == 8 * 6 * 2
    assert about["runs"]["planned"] == about["runs"]["done"] == 8 * 5 * 2, "rows that differ in the dummy share runs"
    assert {"SALib", "numpy"} <= set(about["packages"]) and about["seed"] == 1 and about["code"]["source_hash"]
    for name in ("indices.svg", "indices.png"):
        data = (Path("s") / name).read_bytes()
        assert about["experiment_hash"].encode() in data and len(data) > 5_000
    svg = Path("s/indices.svg").read_text()
    assert "dummy" in svg and "never seen by the model" in svg and "80 of 80 runs" in svg
    # again: nothing is run, the same is written
    before, stored = tree(Path("s/runs")), Path("s/indices.csv").read_bytes()
    again = call("sensitivity", "out=s", "outcomes=[ishigami]", "resamples=40")
    assert again.status == 0 and tree(Path("s/runs")) == before and Path("s/indices.csv").read_bytes() == stored
    assert call(*words).status == 0 and Path("s/indices.csv").read_bytes() == stored
    anew = call(*words, "force=true", "seed=2")
    assert anew.status == 0 and Path("s/indices.csv").read_bytes() != stored
    wrong = call("sensitivity", "out=s", "method=morris")
    assert not is_one_clear_line(wrong) and "expected a design for method=morris" in wrong.err


def test_it_goes_on_where_it_was_left(short):
    words = ["sensitivity", *short, "method=morris", "samples=3", "replications=2"]
    assert call(*words, "out=whole").status == 0
    assert call(*words, "out=cut").status == 0
    runs = sorted(Path("cut/runs").glob("*.parquet"))
    kept = {p.name: p.stat().st_mtime_ns for p in runs[9:]}
    for path in runs[:9]:
        path.unlink()
    broken = call("sensitivity", "out=cut", "outcomes=[ishigami]")
    assert not is_one_clear_line(broken) and "resume the sweep" in broken.err
    assert call(*words, "out=cut").status == 0
    assert {p.name for p in Path("cut/runs").glob("*.parquet")} == {p.name for p in runs}
    assert {n: (Path("cut/runs") / n).stat().st_mtime_ns for n in kept} == kept, "finished runs are left alone"
    assert Path("cut/indices.csv").read_bytes() == Path("whole/indices.csv").read_bytes()
    other = call(*words, "out=cut", "seed=2")
    assert not is_one_clear_line(other) and "another sweep" in other.err


def test_differences_of_an_arm_and_what_is_run_for_them(short):
    words = [w for w in short if not w.startswith("outcomes")]
    done = call("sensitivity", *words, "method=morris", "samples=3", "replications=2", "out=d", "arm=street_lighting",
                "outcome=true.theft")
    assert done.status == 0, done.err
    manifest = json.loads(Path("d/manifest.json").read_text())
    assert [a["name"] for a in manifest["experiment"]["arms"]] == ["baseline", "street_lighting"]
    assert "difference of street_lighting from the baseline" in done.out
    row, = {(r["arm"], r["verdict"]) for r in indices("d", "true.theft").values() if r["verdict"]}
    assert row == ("street_lighting", "indistinguishable from noise"), "there is no crime in these runs"
    wrong = call("sensitivity", "out=d", "arm=cctv")
    assert not is_one_clear_line(wrong) and "arm: unknown arm 'cctv'" in wrong.err


def test_parameters_of_an_experiment_file_with_groups(short):
    Path("q.yaml").write_text("question: What matters?\noutcome: true.theft\nreplications: 2\nparameters:\n"
                              "  mechanism.ishigami.x1: {group: outer}\n  mechanism.ishigami.x2: {low: 0, high: 1}\n"
                              "  mechanism.ishigami.x3: {group: outer}\n")
    words = [w for w in short if not w.startswith("parameters")]
    done = call("sensitivity", *words, "experiment=q.yaml", "method=morris", "samples=3", "out=g")
    assert done.status == 0, done.err
    assert {name for name, _ in indices("g")} == {"outer", "x2", "dummy"}
    manifest = json.loads(Path("g/manifest.json").read_text())
    assert manifest["experiment"]["question"] == "What matters?" and manifest["experiment"]["replications"] == 2
    done = call("sensitivity", *short, "by_mechanism=true", "samples=3", "replications=2", "dry_run=true")
    assert done.status == 0 and not Path("results").exists() and "dry run" in done.out


def test_pawn_takes_the_draws_of_a_plain_sweep(short):
    Path("q.yaml").write_text("replications: 2\ndesign: lhs\ndraws: 30\nparameters:\n"
                              "  mechanism.ishigami.x1: {}\n  mechanism.ishigami.x2: {}\n")
    words = [w for w in short if not w.startswith(("parameters", "outcomes", "resamples"))]
    assert call("sweep", *words, "experiment=q.yaml", "out=p").status == 0
    done = call("sensitivity", "out=p", "outcomes=[ishigami]", "resamples=40")
    assert done.status == 0 and "PAWN: ishigami" in done.out, done.err
    assert {name for name, _ in indices("p")} == {"x1", "x2", "dummy"} and indices("p")["x2", "median"]["value"] > 0
    assert call("sensitivity", "out=p", "method=morris").status == 2


def test_failed_runs_are_named_and_their_points_left_out(short):
    highest = np.pi * (2 * 29 / 30 - 1)  # of 30 points one lies above, in both replications
    done = call("sensitivity", *short, "method=pawn", "samples=30", "replications=2", "out=f",
                f"mechanism.ishigami.breaks={highest}")
    assert done.status == 1 and "2 of 60 runs failed" in done.err and "x1 is too high" in done.err
    assert "note: 2 of 60 runs are missing or failed: 1 of 30 points were left out whole" in done.out
    assert len(Path("f/failures.csv").read_text().splitlines()) > 2
    assert json.loads(Path("f/indices.json").read_text())["analyses"][0]["dropped"] == 1


@pytest.mark.parametrize("words, line", [
    (["parameters=[]"], "parameters: expected what to vary"),
    (["parameters=[mechanism.ishigami.x1:0]"], "parameters: expected key or key:low:high"),
    (["parameters=[mechanism.ishigami.x1:a:b]"], "expected numbers as bounds"),
    (["parameters=[mechanism.ishigami.y]"], "unknown key 'y'"),
    (["method=fast"], "expected one of morris, pawn, sobol, found 'fast'"),
    (["replications=1"], "expected between 2 and 100000"),
    (["samples=1"], "samples: expected at least 2 for morris, found 1"),
    (["levels=3"], "levels: expected an even number"),
    (["arm=nobody"], "unknown"),
    (["method=pawn", "by_mechanism=true"], "method=pawn has no groups"),
    (["outcome=true.thefts"], "unknown outcome 'true.thefts'"),
])
def test_mistakes_are_one_clear_line(short, words, line):
    done = call("sensitivity", *short, "out=m", *words)
    assert not is_one_clear_line(done), is_one_clear_line(done)
    assert line in done.err and not Path("m").exists()
