"""A comparison end to end: pairs, stored runs, tables, report; failures and interruptions."""

import csv
import json

import pyarrow.parquet as pq
import pytest
from command import call, folder_of_work, is_one_clear_line

from experiments import arms as arms_module
from experiments import engines, replicate
from experiments.store import read_run

SMALL = ["city.residents=2500", "years=0.12", "burn_in_years=0.08"]
TABLES = ("events", "people", "places", "series")


def stored(folder, arm, r):
    return read_run(folder / "runs" / arm / str(r))


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The same comparison by both engines."""
    work = tmp_path_factory.mktemp("compare")
    with folder_of_work(work):
        outcomes = [
            call(
                "compare",
                *SMALL,
                "arms=[street_lighting,hot_spots_patrol]",
                "replications=2",
                "seed=11",
                f"out={engine}",
                f"engine={engine}",
            )
            for engine in ("serial", "processes")
        ]
    return work, outcomes


def test_both_engines_give_the_same_bits(compared):
    work, outcomes = compared
    assert [o.status for o in outcomes] == [0, 0], outcomes[1].err
    for arm in ("baseline", "street_lighting", "hot_spots_patrol", "placebo", "same_cost_random"):
        for r in (0, 1):
            for table in TABLES:
                name = f"runs/{arm}/{r}/{table}.parquet"
                assert (work / "serial" / name).read_bytes() == (work / "processes" / name).read_bytes(), name


def test_arms_are_paired(compared):
    folder = compared[0] / "serial"
    for r in (0, 1):
        runs = {arm: stored(folder, arm, r) for arm in ("baseline", "street_lighting", "placebo")}
        assert {run.manifest["seed"] for run in runs.values()} == {11 + r}
        assert runs["placebo"].events.equals(runs["baseline"].events)  # no dose changes no bit
        warm = [run.events.filter(run.events["in_burn_in"]) for run in runs.values()]
        assert warm[0].equals(warm[1])
    assert not stored(folder, "baseline", 0).events.equals(stored(folder, "baseline", 1).events)


def test_the_folder_holds_what_is_documented(compared):
    folder = compared[0] / "serial"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["format"] == "lamplighter-comparison" and manifest["complete"] is True
    assert manifest["runs"] == {"planned": 10, "done": 10, "failed": 0, "failures": []}
    assert [(a["name"], a["role"]) for a in manifest["arms"]] == [
        ("baseline", "baseline"),
        ("street_lighting", "option"),
        ("hot_spots_patrol", "option"),
        ("placebo", "placebo"),
        ("same_cost_random", "same_cost_random"),
    ]
    assert len({a["spec_hash"] for a in manifest["arms"]}) == 5
    summary = pq.read_table(folder / "summary.parquet").to_pydict()
    assert set(summary["arm"]) == {a["name"] for a in manifest["arms"]} and set(summary["replication"]) == {0, 1}
    with open(folder / "table.csv", newline="") as file:
        rows = {(row["arm"], row["outcome"]): row for row in csv.DictReader(file)}
    assert float(rows["placebo", "true.victimisations"]["difference"]) == 0
    assert float(rows["placebo", "true.victimisations"]["pairs"]) == 2
    assert (
        float(rows["street_lighting", "cost.street_lighting"]["value"]) > 0
        if ("street_lighting", "cost.street_lighting") in rows
        else True
    )
    assert "variance_ratio" in (folder / "variance.csv").read_text().splitlines()[0]
    report = (folder / "report.html").read_text()
    assert "<html" in report and "street" in report.lower()
    assert "variance ratio" in compared[1][0].out and "report:" in compared[1][0].out


def test_experiment_files_give_one_intervention_at_two_doses(tmp_path):
    (tmp_path / "doses.yaml").write_text(
        "question: how much light?\noverrides: [years=0.02, replications=7]\narms:\n"
        "  half: ['interventions=[street_lighting]', intervention.street_lighting.strength=0.5]\n"
        "  full: ['interventions=[street_lighting]']\n"
    )
    experiment, arms = arms_module.make_arms(
        [f"experiment={tmp_path / 'doses.yaml'}", "years=0.03", "intervention.street_lighting.start=3"]
    )
    by = {arm.name: arm for arm in arms}
    assert experiment.question == "how much light?" and len(experiment.file_hash) == 16
    assert [by[n].spec.intervention["street_lighting"].strength for n in ("half", "full")] == [0.5, 1.0]
    assert {by[n].spec.intervention["street_lighting"].start for n in ("half", "full")} == {3}
    assert by["baseline"].spec.intervention == {} and by["baseline"].spec.years == 0.03
    with folder_of_work(tmp_path):
        done = call("compare", "experiment=doses.yaml", "city.residents=2000", "replications=3", "dry_run=true")
    assert done.status == 0 and "5 arms x 3 replications" in done.out, done.err
    assert list(tmp_path.iterdir()) == [tmp_path / "doses.yaml"]


def test_shipped_experiments_are_valid():
    names = [p.stem for p in (arms_module.CONFIG_DIR / "experiment").glob("*.yaml")]
    assert len(names) >= 2
    for name in names:
        experiment, arms = arms_module.make_arms([f"experiment={name}"])
        assert experiment.question and len(arms) >= 5


def test_failed_runs_are_kept_apart_and_said(tmp_path, monkeypatch):
    usual = replicate._run_arm

    def fails_once(name, spec, snapshot, marks, work, tell):
        if name == "street_lighting" and work.replication == 1:
            raise ZeroDivisionError("made to fail")
        usual(name, spec, snapshot, marks, work, tell)

    monkeypatch.setattr(replicate, "_run_arm", fails_once)
    with folder_of_work(tmp_path):
        done = call("compare", *SMALL, "arms=[street_lighting]", "replications=2", "engine=serial", "out=x")
    manifest = json.loads((tmp_path / "x" / "manifest.json").read_text())
    assert done.status == 1 and "made to fail" in done.err and "Traceback" in done.err
    assert manifest["runs"]["done"] == 7 and manifest["runs"]["failed"] == 1 and not manifest["complete"]
    failure = manifest["runs"]["failures"][0]
    assert (failure["arm"], failure["replication"], failure["seed"]) == ("street_lighting", 1, 2)
    assert "ZeroDivisionError" in failure["traceback"] and (tmp_path / "x" / "report.html").exists()


def test_an_interruption_keeps_what_is_finished(tmp_path, monkeypatch):
    usual = replicate._run_arm

    def interrupted(name, spec, snapshot, marks, work, tell):
        if (name, work.replication) == ("placebo", 1):
            raise KeyboardInterrupt
        usual(name, spec, snapshot, marks, work, tell)

    monkeypatch.setattr(replicate, "_run_arm", interrupted)
    with folder_of_work(tmp_path):
        done = call("compare", *SMALL, "arms=[street_lighting]", "replications=2", "engine=serial", "out=x")
        assert done.status == 130 and "6 of 8 runs are finished" in done.err
        assert json.loads((tmp_path / "x" / "manifest.json").read_text())["complete"] is False
        assert (tmp_path / "x" / "report.html").exists()
        monkeypatch.setattr(replicate, "burn_in", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt()))
        nothing = call("compare", *SMALL, "arms=[street_lighting]", "replications=2", "engine=serial", "out=y")
    assert nothing.status == 130 and sorted(p.name for p in tmp_path.iterdir()) == ["x"]


def test_arms_that_change_the_world_get_a_burn_in_of_their_own(tmp_path):
    (tmp_path / "e.yaml").write_text("arms: {no_patrol: ['mechanism.patrol.enabled=false']}")
    _, arms = arms_module.make_arms([f"experiment={tmp_path / 'e.yaml'}"])
    by = {a.name: a for a in arms}
    assert by["no_patrol"].spec.mechanism["patrol"].enabled is False
    worlds = {arms_module.warm_up(a.spec).hash() for a in arms}
    assert len(worlds) == 2


def _fail(work, tell):
    if work == 1:
        raise ValueError("one")
    tell(1.0, "x")
    return work


def test_processes_pass_on_results_failures_and_progress():
    told = []
    results = dict(engines.processes(_fail, [0, 1, 2], lambda amount, note: told.append(amount), workers=2))
    assert results[0] == 0 and results[2] == 2 and isinstance(results[1], ValueError)
    assert sum(told) == pytest.approx(2.0)


def test_the_contract_of_arms(tmp_path):
    with folder_of_work(tmp_path):
        for argv in (["compare"], ["compare", "arms=[]"], ["compare", "arms=[placebo]"]):
            outcome = call(*argv)
            assert not is_one_clear_line(outcome) and "arms" in outcome.err
