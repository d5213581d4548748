"""Folders of sweeps that somebody has damaged or altered, and settings that would do harm: one clear line each."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_sweep import NO_ARMS, made_sweep

from experiments.sweeps.store import SweepFolder
from experiments.sweeps.worker import Limits

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))
from command import call, is_one_clear_line  # noqa: E402

sys.path.pop(0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return made_sweep(tmp_path_factory.mktemp("made"), file=NO_ARMS, draws=3, replications=2).path


@pytest.fixture
def damaged(whole, tmp_path):
    return Path(shutil.copytree(whole, tmp_path / "s"))


def _cut(path, size=200):
    path.write_bytes(path.read_bytes()[:size])


def _manifest(path, change):
    content = json.loads((path / "manifest.json").read_text())
    change(content)
    (path / "manifest.json").write_text(json.dumps(content))


def _first_run(path):
    return sorted((path / "runs").iterdir())[0]


def _run_again(path, change):
    """Write a run as another program would, without saying where it comes from, and have it put together anew."""
    file = _first_run(path)
    pq.write_table(change(pq.read_table(file)), file)
    (path / "results.parquet").unlink()
    (path / "ledger.parquet").unlink()


def _uncompacted(path, size):
    _cut(_first_run(path), size)
    (path / "results.parquet").unlink()


DAMAGE = {
    "manifest lacks the experiment": lambda p: _manifest(p, lambda m: m.pop("experiment")),
    "manifest has wrong types": lambda p: _manifest(p, lambda m: m.update(changes="none")),
    "manifest has strange arms": lambda p: _manifest(p, lambda m: m["experiment"].update(arms=["x"])),
    "manifest lacks a setting": lambda p: _manifest(p, lambda m: m["experiment"].pop("design")),
    "run table cut": lambda p: _cut(p / "table.parquet"),
    "run table of another kind": lambda p: pq.write_table(pa.table({"a": [1]}), p / "table.parquet"),
    "draws cut": lambda p: _cut(p / "design.parquet"),
    "draws deleted": lambda p: (p / "design.parquet").unlink(),
    "draws of another sweep": lambda p: pq.write_table(pa.table({"draw": [0]}), p / "design.parquet"),
    "run cut": lambda p: _uncompacted(p, 500),
    "run empty": lambda p: _uncompacted(p, 0),
    "run written by others": lambda p: _run_again(p, lambda t: t.replace_schema_metadata(None)),
    "run lacks a column": lambda p: _run_again(p, lambda t: t.drop_columns(["value"])),
    "run under another's name": lambda p: _run_again(p, lambda t: t.set_column(0, "key", pa.array(["f"] * len(t)))),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_one_clear_line(damage, damaged):
    DAMAGE[damage](damaged)
    outcome = call("resume", f"out={damaged}", "engine=serial")
    assert is_one_clear_line(outcome) == "" and str(damaged) in outcome.err
    if damage.startswith("run "):
        assert damage.startswith("run table") or "resume makes the run again" in outcome.err


def test_results_that_cannot_be_read_say_what_to_do(damaged):
    raw = bytearray((damaged / "results.parquet").read_bytes())
    data = len(raw) - 8 - int.from_bytes(raw[-8:-4], "little")
    raw[4:data] = bytes(b ^ 0x5A for b in raw[4:data])  # the footer still says that it is up to date
    (damaged / "results.parquet").write_bytes(raw)
    outcome = call("export", f"out={damaged}", f"to={damaged.parent / 'x.csv'}")
    assert is_one_clear_line(outcome) == "" and "delete it" in outcome.err


@pytest.mark.parametrize("content", ['{"kind": ', "[]", '{"kind": 5, "error": null, "wall_seconds": "long"}', ""])
def test_a_damaged_failure_is_still_a_failed_row(damaged, content):
    file = _first_run(damaged)
    file.unlink()
    (damaged / "errors" / f"{file.stem}.json").write_text(content)
    shown = call("status", f"out={damaged}")
    assert shown.status == 1 and "1 failed" in shown.out and "1 error" in shown.out
    assert call("resume", f"out={damaged}", "engine=serial").status == 1
    assert file.stem in (damaged / "failures.csv").read_text()


@pytest.mark.parametrize("column", ["days", "month", "value"])
def test_altered_columns_are_seen(column, damaged, monkeypatch):
    from experiments.sweeps import verifying

    folder = SweepFolder.open(damaged)
    row = folder.rows()[0]
    run = folder.read_run(row.key)
    values = list(zip(*(run[c].to_pylist() for c in ("outcome", "month", "days", "value"))))
    monkeypatch.setattr("experiments.outcomes.outcomes", lambda run: values)
    monkeypatch.setattr("experiments.store.LiveRun", lambda model, marks=None: None)
    assert verifying.unlike(folder, row, None, None) == []
    numbers = run[column].to_numpy().copy()
    numbers[2] += 1
    at = run.column_names.index(column)
    altered = run.set_column(at, column, pa.array(numbers, run.schema.field(column).type))
    pq.write_table(altered, damaged / "runs" / f"{row.key}.parquet")
    assert verifying.unlike(folder, row, None, None)
    pq.write_table(pa.concat_tables([run, run.slice(0, 1)]), damaged / "runs" / f"{row.key}.parquet")
    assert "number of rows" in verifying.unlike(folder, row, None, None)[0]


def test_a_row_whose_settings_are_not_those_of_its_key_fails(damaged):
    """Draws that were edited by hand must not be stored under the keys of others."""
    _first_run(damaged).unlink()
    table = pq.read_table(damaged / "design.parquet")
    name = table.column_names[1]
    altered = table.set_column(1, name, pa.array(np.full(len(table), table[name][0].as_py() * 0.9)))
    pq.write_table(altered, damaged / "design.parquet")
    outcome = call("resume", f"out={damaged}", "engine=serial")
    assert outcome.status == 1 and "does not belong to its settings" in outcome.err


def test_a_sweep_at_work_is_not_replaced(damaged):
    with SweepFolder.open(damaged).lock():
        outcome = call("sweep", "city.residents=300", "years=0.02", "replications=1", f"out={damaged}", "force=true",
                       "engine=serial")
    assert is_one_clear_line(outcome) == "" and "another process is at work" in outcome.err
    assert len(list((damaged / "runs").iterdir())) == 6


def test_what_killed_processes_left_is_ours_to_replace(damaged):
    from experiments.outfolder import first_foreign
    from experiments.sweeps.files import temporary

    temporary(_first_run(damaged)).write_text("")
    assert first_foreign(damaged) is None


def test_a_part_of_another_version_is_not_joined(whole, damaged, monkeypatch):
    monkeypatch.setattr("experiments.provenance.source_hash", lambda: "f" * 16)
    outcome = call("sweep", f"experiment={whole.parent / 'question.yaml'}", f"out={damaged}", "shard=1/2",
                   "engine=serial")
    assert is_one_clear_line(outcome) == "" and "the model's source" in outcome.err


def test_how_outcomes_are_taken_is_compared(damaged, monkeypatch):
    monkeypatch.setattr("experiments.provenance.outcomes_hash", lambda: "f" * 16)
    outcome = call("resume", f"out={damaged}", "engine=serial")
    assert is_one_clear_line(outcome) == "" and "how outcomes are taken" in outcome.err


def test_the_source_of_plugins_is_hashed(tmp_path, monkeypatch):
    from experiments import provenance

    bare = provenance.source_hash()
    about = tmp_path / "strange_rules-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-rules\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[lamplighter.plugins]\nrules = strange_rules\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = [bare]
    for text in ("A = 1\n", "A = 2\n"):
        (tmp_path / "strange_rules.py").write_text(text)
        provenance.source_hash.cache_clear()
        found.append(provenance.source_hash())
    monkeypatch.undo()
    provenance.source_hash.cache_clear()
    assert len(set(found)) == 3 and provenance.source_hash() == bare


def test_a_dry_run_writes_nothing_into_a_sweep(damaged):
    for name in ("results.parquet", "ledger.parquet", ".lock-results"):
        (damaged / name).unlink(missing_ok=True)
    place = damaged.parent / "x.csv"
    before = sorted(damaged.rglob("*"))
    made = call("export", f"out={damaged}", f"to={place}")
    assert made.status == 0 and sorted(damaged.rglob("*")) == before
    stale = place.read_text()
    for words in (["rank"], ["discover", "arm=placebo", "against=baseline"], ["resume"], ["export", f"to={place}1"],
                  ["expand", "draws=5"]):
        call(words[0], f"out={damaged}", *words[1:], "dry_run=true")
        assert sorted(damaged.rglob("*")) == before
    assert call("resume", f"out={damaged}", "engine=serial").status == 0
    assert call("export", f"out={damaged}", f"to={place}", "force=true").status == 0 and place.read_text() == stale


def test_an_expansion_to_fewer_is_refused_by_the_dry_run_too(damaged):
    outcome = call("expand", f"out={damaged}", "replications=1", "dry_run=true")
    assert is_one_clear_line(outcome) == "" and "expected more than the 2" in outcome.err
    assert "no run has failed" in call("rerun", f"out={damaged}", "failed=true").out


def test_what_is_left_of_a_budget():
    assert Limits(cpu_hours=2.0).less(3600).cpu_hours == pytest.approx(1.0)
    assert 0 < Limits(cpu_hours=2.0).less(3600 * 5).cpu_hours < 1e-6  # nought would stand for no limit
    assert Limits().less(3600).cpu_hours == 0


HARMFUL = {
    "budget of nothing": ("budget: {cpu_hours: 0}", "more than 0"),
    "no day to score": ("parameters: {years: {values: [0, 0.02]}}", "at least a day"),
    "draws of a file": ("design: draws.csv\ndraws: 5", "leave it out"),
}


@pytest.mark.parametrize("case", HARMFUL)
def test_settings_that_would_do_harm(case, tmp_path):
    text, said = HARMFUL[case]
    (tmp_path / "e.yaml").write_text(f'overrides: ["city.residents=300", "years=0.02"]\n{text}\n')
    outcome = call("sweep", f"experiment={tmp_path / 'e.yaml'}", f"out={tmp_path / 's'}", "dry_run=true")
    assert is_one_clear_line(outcome) == "" and said in outcome.err
