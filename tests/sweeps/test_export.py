"""Tables for other tools: one row a run, whole or not at all, and nothing about persons."""

import csv
import io
import json
import shutil
import sys
import tarfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from experiments.sweeps.export import to_csv, to_ema

sys.path[:0] = [str(Path(__file__).parents[1] / "experiments"), str(Path(__file__).parent)]
from command import call, folder_of_work, is_one_clear_line, tree  # noqa: E402
from made_sweep import OUTCOMES, made_sweep  # noqa: E402

PARAMETERS = ["mechanism.patrol.on_street", "mechanism.patrol.targeted_share", "mechanism.patrol.uncommitted"]
IDS = ["scenario", "arm", "draw", "replication", "seed"]
RUNS = 5 * 6 * 2 - 1


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    place = tmp_path_factory.mktemp("export")
    made_sweep(place, draws=6, replications=2, leave_out={("light", 3, 1)})
    return place


def run(desk, *words):
    with folder_of_work(desk):
        return call("export", "out=sweep", *words)


def test_csv_and_parquet_hold_one_row_a_run(desk):
    for format, name in (("csv", "runs.csv"), ("parquet", "runs.parquet")):
        done = run(desk, f"format={format}", f"to={name}")
        assert done.status == 0 and f"{RUNS} runs" in done.out, done.err
    with open(desk / "runs.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(desk / "runs.parquet")
    assert list(rows[0]) == table.column_names == [*IDS, *PARAMETERS, *sorted(OUTCOMES)]
    assert len(rows) == table.num_rows == RUNS
    assert [float(r["true.theft"]) for r in rows] == table["true.theft"].to_pylist()
    design = pq.read_table(desk / "sweep" / "design.parquet")
    for row, draw in zip(rows, table["draw"].to_pylist()):
        assert float(row[PARAMETERS[0]]) == design[PARAMETERS[0]][draw].as_py()
        assert row["seed"] == str(7 + int(row["replication"]))
    missing = {(r["arm"], r["draw"], r["replication"]) for r in rows}
    assert ("light", "3", "1") not in missing and ("light", "3", "0") in missing


def test_provenance_lies_beside_it(desk):
    run(desk, "to=beside.csv")
    said = json.loads((desk / "beside.csv.provenance.json").read_text())
    manifest = json.loads((desk / "sweep" / "manifest.json").read_text())
    assert said["experiment_hash"] == manifest["experiment_hash"] and said["changes"] == []
    assert said["runs"] == {"planned": 60, "done": RUNS, "failed": 0} and said["seed"] == 7
    assert {"git_commit", "git_dirty", "version", "source_hash"} <= set(said["code"]) and "numpy" in said["packages"]
    assert set(said["city_checksums"]) == {"base"} and said["made_with"]["code"]
    run(desk, "to=beside.parquet", "format=parquet")
    note = json.loads(pq.read_schema(desk / "beside.parquet").metadata[b"lamplighter"])
    assert note["experiment_hash"] == said["experiment_hash"]


def test_the_archive_of_the_ema_workbench(desk):
    """The layout that ema_workbench.load_results reads: experiments.csv, metadata.json, a file per outcome."""
    assert run(desk, "format=ema", "to=runs.tar.gz").status == 0
    with tarfile.open(desk / "runs.tar.gz", "r:gz") as archive:
        read = {m.name: archive.extractfile(m).read().decode() for m in archive.getmembers()}
    metadata = json.loads(read["metadata.json"])
    rows = list(csv.DictReader(io.StringIO(read["experiments.csv"])))
    assert list(rows[0]) == [*PARAMETERS, "replication", "seed", "scenario", "policy", "model"]
    assert set(metadata["experiments"]) == set(rows[0]) and len(rows) == RUNS
    assert metadata["experiments"]["policy"] == "object" and metadata["experiments"]["seed"] == "int64"
    assert {name for _, name, _ in metadata["outcomes"]} == set(OUTCOMES)
    for kind, _, file in metadata["outcomes"]:
        assert kind == "ScalarOutcome" and len(read[file].splitlines()) == RUNS


def test_the_ema_workbench_reads_it(desk):
    ema = pytest.importorskip("ema_workbench")
    run(desk, "format=ema", "to=read.tar.gz")
    experiments, outcomes = ema.load_results(str(desk / "read.tar.gz"))
    assert len(experiments) == RUNS and set(outcomes) == set(OUTCOMES)
    assert outcomes["true.theft"].shape == (RUNS,) and set(experiments["policy"]) >= {"patrol", "light"}


def test_unknown_values_keep_their_place():
    columns = {"scenario": ["s", "s"], "arm": ["a", "b"], "draw": [0, 0], "replication": [0, 0], "seed": [1, 1],
               "on": [True, False], "kind": ["x", "y"], "size": [1, 2.5], "value": [float("nan"), 2.0]}
    assert to_csv(columns).decode().splitlines()[1:] == ["s,a,0,0,1,True,x,1,", "s,b,0,0,1,False,y,2.5,2.0"]
    with tarfile.open(fileobj=io.BytesIO(to_ema(columns, ["value"])), mode="r:gz") as archive:
        assert archive.extractfile("0000.cls").read() == b"nan\n2.0\n"
        kinds = json.loads(archive.extractfile("metadata.json").read())["experiments"]
    assert (kinds["on"], kinds["kind"], kinds["size"]) == ("bool", "object", "float64")


def test_no_record_of_a_person_leaves(desk, tmp_path):
    """Even when full records are stored, columns are ids, parameters and outcomes of a whole city."""
    shutil.copytree(desk / "sweep", tmp_path / "sweep")
    records = tmp_path / "sweep" / "records" / "abc"
    records.mkdir(parents=True)
    for name in ("people", "events"):
        pq.write_table(pq.read_table(desk / "sweep" / "table.parquet"), records / f"{name}.parquet")
    for format in ("csv", "parquet", "ema"):
        assert run(tmp_path, f"format={format}", f"to=x.{format}").status == 0
    head = (tmp_path / "x.csv").read_text().splitlines()[0].split(",")
    assert set(head) == {*IDS, *PARAMETERS, *OUTCOMES} and not any("person" in c or "victim_id" in c for c in head)


def test_it_is_whole_or_not_there(desk, tmp_path, monkeypatch):
    shutil.copytree(desk / "sweep", tmp_path / "sweep")
    import os

    def full(*_):
        raise OSError(28, "No space left on device")

    before = tree(tmp_path / "sweep")
    monkeypatch.setattr(os, "replace", full)
    done = run(tmp_path, "to=x.csv")
    assert not is_one_clear_line(done) and "No space left" in done.err
    assert tree(tmp_path / "sweep") == before and [p.name for p in tmp_path.iterdir()] == ["sweep"]


@pytest.mark.parametrize("words, said", [
    ([], "to: expected the name"), (["to=nowhere/x.csv"], "is not there"), (["to=sweep/x.csv"], "lies within results"),
    (["to=taken.csv"], "is there already"), (["to=x.csv", "format=xls"], "format"), (["to=sweep"], "to:"),
])
def test_a_mistake_is_one_line_and_writes_nothing(desk, words, said):
    (desk / "taken.csv").write_text("mine")
    before = tree(desk)
    done = run(desk, *words)
    assert not is_one_clear_line(done) and said in done.err, done.err
    assert tree(desk) == before
    (desk / "taken.csv").unlink()


def test_replaced_when_told_and_dry_run(desk):
    run(desk, "to=again.csv")
    first = (desk / "again.csv").read_bytes()
    assert run(desk, "to=again.csv", "force=true").status == 0
    assert (desk / "again.csv").read_bytes() == first
    assert run(desk, "to=dry.csv", "dry_run=true").status == 0 and not (desk / "dry.csv").exists()


def test_values_are_those_of_the_store(desk):
    run(desk, "to=store.csv")
    from experiments.sweeps.store import SweepFolder

    folder = SweepFolder.open(desk / "sweep")
    with open(desk / "store.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for (scenario, arm), (draw, replication, value) in folder.values("true.victimisations").items():
        mine = [float(r["true.victimisations"]) for r in rows if (r["scenario"], r["arm"]) == (scenario, arm)]
        assert np.array_equal(mine, value) and len(draw) == len(replication) == len(mine)
