"""Folders of sweeps: keys, layout, what resume compares, verify, rerun, expand, and mistakes in one line each."""

import importlib
import json
import re
import socket
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from workbench import TINY, leftovers, runs, same_results

from experiments.sweeps import resuming
from experiments.sweeps.api import run_design
from experiments.sweeps.design import grid, parameters, sobol
from experiments.sweeps.expanding import expand
from experiments.sweeps.plan import make_plan, simple_plan
from experiments.sweeps.store import SweepFolder
from experiments.sweeps.verifying import simulated, unlike
from sim.spec import build

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "experiments"))
from command import call, folder_of_work, is_one_clear_line  # noqa: E402

sys.path.pop(0)
PAGE = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
SPEC = build({"city": {"residents": 400}, "years": 0.02, "burn_in_years": 0.01})
FILE = """
question: Does light help?
replications: 2
overrides: ["city.residents=400", "years=0.02", "burn_in_years=0.01"]
scenarios: {a: [], b: ["seed=2"]}
arms: {light: ["interventions=[street_lighting]"]}
parameters:
  mechanism.drugs.slots: {values: [3, 4]}
  intervention.street_lighting.strength: {values: [0.5, 1]}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A sweep with everything: scenarios, arms, parameters of the model and of an arm."""
    desk = tmp_path_factory.mktemp("desk")
    (desk / "e.yaml").write_text(FILE)
    with folder_of_work(desk):
        done = call("sweep", "experiment=./e.yaml", "out=s", "engine=serial")
        assert done.status == 0, done.err
    return desk / "s"


@pytest.fixture
def copied(made, tmp_path):
    import shutil

    return Path(shutil.copytree(made, tmp_path / "s"))


def test_rows_with_equal_content_share_a_run(made):
    folder = SweepFolder.open(made)
    rows = folder.rows()
    assert len(rows) == 2 * 4 * 4 * 2 and [r.row for r in rows] == list(range(64))
    by = {}
    for r in rows:
        by.setdefault((r.scenario, r.arm, r.replication, folder.plan.design.values(r.draw)["mechanism.drugs.slots"]),
                      set()).add(r.key)
    assert {len(keys) for (_, arm, *_), keys in by.items() if arm == "light"} == {2}
    assert {len(keys) for (_, arm, *_), keys in by.items() if arm != "light"} == {1}
    # Replication 1 of scenario a has the seed of replication 0 of scenario b, and nothing else differs.
    assert {r.key for r in rows if r.scenario == "a" and r.replication == 1} == {
        r.key for r in rows if r.scenario == "b" and r.replication == 0}
    assert folder.done_keys() == {r.key for r in rows}
    results = pq.read_table(made / "results.parquet")
    assert sorted(set(results["row"].to_pylist())) == list(range(64))
    assert {"mechanism.drugs.slots", "scenario", "arm", "outcome", "value"} <= set(results.column_names)


def test_rows_that_share_a_burn_in_are_those_of_runs_alone(made):
    folder = SweepFolder.open(made)
    for number in (1, 6, 19, 27, 63):
        row = folder.rows()[number]
        assert unlike(folder, row, *simulated(folder, row)) == [], row


def test_the_placebo_is_the_baseline_to_the_bit(made):
    values = SweepFolder.open(made).values("true.all")
    for scenario in "ab":
        assert values[scenario, "placebo"][2].tobytes() == values[scenario, "baseline"][2].tobytes()
        draw, replication, value = values[scenario, "light"]
        assert draw.tolist() == [0, 0, 1, 1, 2, 2, 3, 3] and replication.tolist() == [0, 1] * 4 and len(value) == 8


def test_the_programs_of_the_document_read_it(made, tmp_path, monkeypatch, capsys):
    for name in ("duckdb", "polars", "pandas"):
        pytest.importorskip(name)
    code, = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "light").symlink_to(made)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "sweeps.md", "exec"), {"__name__": "document"})
    assert "baseline" in capsys.readouterr().out


def test_every_file_of_the_folder_is_documented(made):
    text = PAGE.split("## The folder")[1]
    for path in made.iterdir():
        assert path.name in text or path.name.startswith(".lock"), path.name
    assert not leftovers(made)


def test_provenance_stands_in_every_table(made):
    manifest = json.loads((made / "manifest.json").read_text())
    for name in ("results.parquet", "ledger.parquet"):
        about = json.loads(pq.read_schema(made / name).metadata[b"lamplighter"])
        assert about["experiment_hash"] == manifest["experiment_hash"] and about["changes"] == []
        assert about["code"]["source_hash"] == manifest["source_hash"] and about["packages"]["numpy"]
    one = next((made / "runs").iterdir())
    about = json.loads(pq.read_schema(one).metadata[b"lamplighter"])
    assert about["key"] == one.stem and {"spec_hash", "seed", "source_hash", "wall_seconds", "host"} <= set(about)


def test_a_finished_sweep_is_left_as_it_is(copied):
    before = {p: p.stat().st_mtime_ns for p in copied.rglob("*.parquet") if p.name != "ledger.parquet"}
    done = call("resume", f"out={copied}", "engine=serial")
    assert done.status == 0 and "0 of 64 runs are missing" in done.out
    assert before == {p: p.stat().st_mtime_ns for p in copied.rglob("*.parquet") if p.name != "ledger.parquet"}


def test_missing_runs_are_made_again_and_no_others(copied, made):
    gone = sorted((copied / "runs").iterdir())[::5]
    for path in gone:
        path.unlink()
    half = copied / "runs" / f".{gone[0].name}.{socket.gethostname()}-{2**22 + 1}.part"  # of no process
    half.write_bytes(b"half")
    before = runs(copied)
    done = call("resume", f"out={copied}", "engine=serial")
    now = runs(copied)
    assert done.status == 0 and set(now) - set(before) == {p.name for p in gone}
    assert {k: v for k, v in now.items() if k in before} == before
    assert same_results(copied, made) and not leftovers(copied)


def change_default(monkeypatch):
    original = resuming.compose_all

    def composed(*given):
        scenarios, listed, specs = original(*given)
        return scenarios, listed, {k: s.with_(mechanism={"justice": {"enabled": False}}) for k, s in specs.items()}

    monkeypatch.setattr(resuming, "compose_all", composed)
    return "mechanism.justice.enabled: was True, is False"


def change_source(monkeypatch):
    import experiments.provenance as provenance

    was = provenance.source_hash()
    monkeypatch.setattr(provenance, "source_hash", lambda: "0123456789abcdef")
    return f"the model's source: was {was}, is 0123456789abcdef"


def change_package(monkeypatch):
    import experiments.provenance as provenance

    was = dict(provenance.packages())
    monkeypatch.setattr(provenance, "packages", lambda: {**was, "numpy": "9.9"})
    return f"package numpy: was {was['numpy']}, is 9.9"


@pytest.mark.parametrize("change", [change_default, change_source, change_package])
def test_an_old_sweep_is_gone_on_with_only_when_told(change, copied, monkeypatch):
    gone = sorted((copied / "runs").iterdir())[0]
    gone.unlink()
    line = change(monkeypatch)
    others = (["expand", "replications=3"], ["rerun", "rows=[0]"]) if change is change_source else ()
    for task, *more in (["resume"], *others):
        refused = call(task, f"out={copied}", *more)
        assert not is_one_clear_line(refused) and line in refused.err, refused.err
    assert not gone.exists()
    done = call("resume", f"out={copied}", "engine=serial", "force=true")
    assert done.status == 0 and gone.exists(), done.err
    assert line in done.out and line in call("status", f"out={copied}").out
    for name in ("results.parquet", "ledger.parquet"):
        changes = json.loads(pq.read_schema(copied / name).metadata[b"lamplighter"])["changes"]
        assert [f"{c['what']}: was {c['before']}, is {c['after']}" for c in changes] == [line]
    again = call("resume", f"out={copied}", "force=true")
    assert again.status == 0 and len(json.loads((copied / "manifest.json").read_text())["changes"]) == 1


def test_documents_may_change(copied, monkeypatch):
    monkeypatch.setattr("experiments.provenance.code", lambda: {"version": "9", "source_hash": "x", "git_commit": "y"})
    assert call("resume", f"out={copied}", "engine=serial").status == 0


def test_verify_finds_a_row_that_differs(copied):
    good = call("verify", f"out={copied}", "sample=2")
    assert good.status == 0 and "2 of 2 rows are the same" in good.out
    folder = SweepFolder.open(copied)
    row = folder.rows()[5]
    table = folder.read_run(row.key)
    values = list(zip(*(table[c].to_pylist() for c in ("outcome", "month", "days", "value"))))
    values[3] = (*values[3][:3], np.nextafter(values[3][3], 1e9))
    folder.write_run(row.key, values, folder.ledger(row.key))
    bad = call("verify", f"out={copied}", "rows=[5]")
    assert bad.status == 1 and f"differs in {values[3][0]}" in bad.out and "seed" in bad.out


def test_rerun_stores_the_whole_record_of_a_row(copied):
    from experiments.store import read_run

    done = call("rerun", f"out={copied}", "rows=[17]", "records=full")
    assert done.status == 0 and "the same to the bit" in done.out
    row = SweepFolder.open(copied).rows()[17]
    run = read_run(copied / "records" / row.key)
    assert run.manifest["seed"] == row.seed and run.manifest["arm"] == row.arm and run.people.num_rows > 300
    assert call("verify", f"out={copied}", "rows=[17]").status == 0


def test_expanding_keeps_rows_and_equals_a_larger_sweep(tmp_path):
    def plan(replications, draws):
        slots = parameters({"mechanism.drugs.slots": {"low": 1, "high": 9}})
        return simple_plan(SPEC, sobol(slots, draws), replications)

    small = run_design(plan(2, 2), tmp_path / "a")
    rows = small.rows()
    with small.lock():
        assert expand(small, replications=3, draws=4) == 8
    assert small.rows()[:4] == rows and len(small.rows()) == 12
    assert [c["what"] for c in small.manifest["changes"]] == ["replications", "draws"]
    done = call("resume", f"out={tmp_path / 'a'}", "engine=serial")
    assert done.status == 0 and "replications: was 2, is 3" in done.out, done.err
    large = run_design(plan(3, 4), tmp_path / "b")
    one, other = (SweepFolder.open(tmp_path / n).values("true.all")["base", "baseline"] for n in "ab")
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one, other)) and len(one[2]) == 12
    assert {r.key for r in small.rows()} == {r.key for r in large.rows()}


def test_an_expansion_that_was_killed_is_brought_to_an_end(tmp_path, monkeypatch):
    import experiments.sweeps.expanding as expanding

    folder = run_design(simple_plan(SPEC, sobol(parameters(["mechanism.drugs.slots"]), 2), 1), tmp_path / "s")
    with monkeypatch.context() as patch:
        patch.setattr(expanding, "finish", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt), folder.lock():
            expand(folder, draws=4)
    done = call("resume", f"out={tmp_path / 's'}", "engine=serial")
    assert done.status == 0, done.err
    assert SweepFolder.open(tmp_path / "s").table().num_rows == 4 and len(runs(tmp_path / "s")) == 4


def test_a_rule_of_precision_adds_replications(tmp_path):
    (tmp_path / "e.yaml").write_text(
        'precision: {half_width: 1000, min: 10, max: 12}\noutcome: true.all\n'
        'arms: {dry: ["mechanism.drugs.enabled=false"]}\n')
    small = ["city.residents=600", "years=0.03", "burn_in_years=0", "engine=serial"]
    with folder_of_work(tmp_path):
        done = call("sweep", "experiment=./e.yaml", "out=easy", *small)
        assert done.status == 0 and "after 10 replications" in done.out and "reached" in done.out, done.err
        text = (tmp_path / "e.yaml").read_text().replace("1000", "0.0001")
        (tmp_path / "e.yaml").write_text(text)
        done = call("sweep", "experiment=./e.yaml", "out=hard", *small)
        assert done.status == 0 and len(runs(tmp_path / "hard")) == 4 * 12, done.err
    manifest = json.loads((tmp_path / "hard" / "manifest.json").read_text())
    assert [x["replications"] for x in manifest["looks"]] == [10, 12] and manifest["changes"] == []
    assert not manifest["looks"][-1]["reached"]


def test_a_design_file_and_whole_records(tmp_path):
    (tmp_path / "design.csv").write_text("draw,mechanism.drugs.slots\n0,2\n1,7\n")
    with folder_of_work(tmp_path):
        done = call("sweep", *TINY, "design=design.csv", "replications=1", "records=full", "out=s", "engine=serial")
        assert done.status == 0, done.err
        keys = [row.key for row in SweepFolder.open("s").rows()]
        assert sorted(p.name for p in Path("s/records").iterdir()) == sorted(keys)
        assert call("resume", "out=s").status == 0
        assert call("verify", "out=s", "rows=[1]").status == 0


def test_a_dry_run_measures_and_writes_nothing(tmp_path):
    with folder_of_work(tmp_path):
        done = call("sweep", *TINY, "arms=[street_lighting]", "replications=9", "dry_run=true", "out=s")
    assert done.status == 0 and "36 runs, 9 burn-ins" in done.out and "CPU hours by a pilot" in done.out
    assert "MB on disk" in done.out and list(tmp_path.iterdir()) == []


def test_a_part_of_the_wrong_sweep_is_refused_and_so_is_a_second_worker(copied):
    with SweepFolder.open(copied).lock():
        refused = call("resume", f"out={copied}")
    assert not is_one_clear_line(refused) and "another process is at work" in refused.err


MISTAKES = {
    "no sweep": ["resume", "out=nowhere"],
    "not a sweep": ["status", "out=other"],
    "shard": ["sweep", *TINY, "shard=5/4"],
    "shard words": ["sweep", *TINY, "shard=first"],
    "design": ["sweep", *TINY, "design=sobal", "draws=4"],
    "draws without parameters": ["sweep", *TINY, "draws=4"],
    "no draws": ["sweep", "experiment=./lhs.yaml"],
    "unknown parameter": ["sweep", "experiment=./parameter.yaml"],
    "absent intervention": ["sweep", "experiment=./absent.yaml"],
    "scenario": ["sweep", "experiment=./scenario.yaml"],
    "scenario outcome": ["sweep", "experiment=./outcome.yaml"],
    "budget": ["sweep", "experiment=./budget.yaml"],
    "too many": ["sweep", *TINY, "replications=1000000", "arms=[street_lighting,summer_jobs,mentoring]"],
    "engine": ["sweep", *TINY, "engine=spark"],
    "cluster": ["sweep", *TINY, "engine=slurm", "engine.cluster=pbs"],
    "address": ["sweep", *TINY, "engine=dask", "engine.address=nonsense"],
    "rows": ["rerun", "out=s", "rows=[64]"],
    "rows negative": ["verify", "out=s", "rows=[-1]"],
    "neither": ["rerun", "out=s"],
    "fewer": ["expand", "out=s", "replications=1"],
    "grid": ["expand", "out=s", "draws=100"],
    "nothing": ["expand", "out=s"],
    "taken": ["sweep", "experiment=./e.yaml", "out=s"],
    "another": ["sweep", *TINY, "out=s", "shard=1/2"],
    "within": ["sweep", *TINY, "out=s/runs/x"],
    "compare": ["compare", "experiment=./e.yaml"],
    "time": ["sweep", *TINY, "time_limit=-1"],
    "years": ["sweep", "years=0"],
}


@pytest.fixture(scope="module")
def desk(made):
    head = 'overrides: ["city.residents=400", "years=0.02", "burn_in_years=0"]\n'
    for name, text in {
            "lhs": "parameters: {mechanism.drugs.slots: {}}\ndesign: lhs\n",
            "parameter": "parameters: {mechanism.drugs.slotz: {}}\n",
            "absent": "parameters: {intervention.street_lighting.strength: {}}\n",
            "scenario": "scenarios: {A b: []}\n",
            "outcome": "scenarios: {a: [\"outcome=true.all\"]}\n",
            "budget": "budget: {dollars: 3}\n"}.items():
        (made.parent / f"{name}.yaml").write_text(head + text)
    (made.parent / "other").mkdir()
    (made.parent / "other" / "manifest.json").write_text('{"format": "lamplighter-run", "schema_version": 1}')
    return made.parent


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_clear_line(mistake, desk):
    with folder_of_work(desk):
        before = runs(desk / "s"), sorted(p.name for p in desk.iterdir() if p.name[0] != ".")
        outcome = call(*MISTAKES[mistake])
        assert is_one_clear_line(outcome) == ""
        assert before == (runs(desk / "s"), sorted(p.name for p in desk.iterdir() if p.name[0] != "."))


def test_replacing_a_sweep_spares_what_is_not_ours(copied):
    (copied / "notes.txt").write_text("mine")
    with folder_of_work(copied.parent):
        refused = call("sweep", *TINY, "out=s", "force=true", "engine=serial", "replications=1")
        assert not is_one_clear_line(refused) and "notes.txt" in refused.err
        (copied / "notes.txt").unlink()
        done = call("sweep", *TINY, "out=s", "force=true", "engine=serial", "replications=1")
        assert done.status == 0 and len(runs(copied)) == 1, done.err


def test_the_plan_of_an_experiment_is_hashed_by_content():
    options = importlib.import_module("experiments.options").SweepOptions
    one = make_plan([*TINY], options(replications=2))
    assert one.identity() == make_plan([*reversed(TINY)], options(replications=2)).identity()
    assert one.identity() != make_plan([*TINY], options(replications=3)).identity()
    assert one.identity() != make_plan([*TINY, "mechanism.drugs.slots=5"], options(replications=2)).identity()
    assert one.identity() != make_plan([*TINY], options(replications=2, outcome="true.all")).identity()
    varied = simple_plan(SPEC, grid(parameters({"mechanism.drugs.slots": {"values": [3, 4]}})), 2)
    assert varied.spec("base", "baseline", 1, 1).mechanism["drugs"].slots == 4
    assert varied.spec("base", "baseline", 1, 1) == SPEC.with_(seed=SPEC.seed + 1, mechanism={"drugs": {"slots": 4}})
