"""Sweeps survive: kills, failing, hanging and greedy runs, lost workers and full disks."""

import csv
import errno
import json
import os
import random
import signal
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from workbench import TINY, Dask, kill_group, leftovers, runs, same_results, wait_until

from experiments.provenance import source_hash
from experiments.sweeps import files
from experiments.sweeps.api import run_design
from experiments.sweeps.design import grid, parameters
from experiments.sweeps.plan import simple_plan
from experiments.sweeps.store import SweepFolder
from experiments.sweeps.worker import Chunk, do_chunk
from sim.spec import build

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")

FAULTS = """
question: What becomes of runs that fail?
replications: 2
overrides: ["city.residents=500", "years=0.03", "burn_in_years=0", "mechanism.faulty.at_seed=2"]
parameters:
  mechanism.faulty.kind: {values: [none, raise, sleep, spin, memory, die]}
"""


def small(**more):
    spec = build({"city": {"residents": 400}, "years": 0.02, "burn_in_years": 0.01})
    return simple_plan(spec, grid(parameters({"mechanism.drugs.slots": {"values": [3, 4]}})), 3, **more)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return run_design(small(), tmp_path_factory.mktemp("undisturbed") / "s").path


def test_runs_that_fail_are_rows_and_the_others_are_done(bench):
    (bench.folder / "faults.yaml").write_text(FAULTS)
    limits = ["time_limit=5", "memory_limit=3"]
    status, out, err = bench.call("sweep", "experiment=./faults.yaml", "out=s", "engine.workers=2", *limits)
    assert status == 1, err
    folder = bench.folder / "s"
    with open(folder / "failures.csv", newline="") as file:
        failures = {row["row"]: row for row in csv.DictReader(file)}
    table = pq.read_table(folder / "table.parquet").to_pylist()
    failed = {str(r["row"]): r for r in table if r["draw"] > 0 and r["seed"] == 2}
    assert failures.keys() == failed.keys() and len(failed) == 5
    kinds = {int(f["draw"]): f["kind"] for f in failures.values()}
    assert kinds == {1: "error", 2: "timeout", 3: "timeout", 4: "memory", 5: "lost"}
    by_draw = {int(f["draw"]): f for f in failures.values()}
    assert all(f["seed"] == "2" and f["scenario"] == "base" and f["arm"] == "baseline" for f in failures.values())
    assert "ValueError: made to fail" in by_draw[1]["traceback"] and "made to fail" in by_draw[1]["error"]
    assert "step" in by_draw[2]["traceback"] and "step" in by_draw[3]["traceback"]
    assert "MemoryError" in by_draw[4]["traceback"] and "2 worker processes died" in by_draw[5]["error"]
    assert len(runs(folder)) == 7 and not leftovers(folder)
    assert "5 of 12 runs failed" in err and "seed 2" in err
    ledger = pq.read_table(folder / "ledger.parquet").to_pylist()
    assert [r["status"] for r in ledger].count("done") == 7 and len(ledger) == 12
    # Resuming runs nothing again, and still says so.
    before = runs(folder)
    status, out, err = bench.call("resume", "out=s")
    assert status == 1 and "0 of 12 runs are missing, 5 failed" in out and runs(folder) == before
    status, out, err = bench.call("status", "out=s")
    assert status == 1 and "1 lost" in out and "2 timeout" in out and "made to fail" in out


def kill_and_resume(bench, words, kills, total, engine, undisturbed, rng, longest=12.0):
    """Kill -9 the whole process group at random moments until the sweep is finished; check every resume."""
    folder = bench.folder / "s"
    process, killed = bench.start("sweep", *words, "out=s", *engine), 0
    while killed < kills:
        have = len(runs(folder))
        if have >= total:
            break
        aim = have + rng.randint(0, max(1, (total - have) // max(1, kills - killed)))
        wait_until(lambda aim=aim, p=process: len(runs(folder)) >= aim or p.poll() is not None, longest)
        wait_until(lambda: False, rng.random() * 0.2)
        kill_group(process)
        killed += 1
        before = runs(folder)
        if not (folder / "table.parquet").exists():  # killed before there was anything to resume
            process = bench.start("sweep", *words, "out=s", "force=true", *engine)
            continue
        process = bench.start("resume", "out=s", *engine)
        assert wait_until(lambda have=len(before), p=process: len(runs(folder)) > have or p.poll() is not None, 120)
        assert {k: v for k, v in runs(folder).items() if k in before} == before  # nothing is done twice
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert killed >= min(kills, 2) and len(runs(folder)) == total
    assert same_results(folder, undisturbed) and not leftovers(folder)
    return killed


SLOW_ENOUGH = ["mechanism.faulty.kind=slow"]


def test_kill_9_of_the_process_group(bench):
    words = [*TINY, *SLOW_ENOUGH, "arms=[street_lighting]", "replications=6"]
    assert bench.call("sweep", *words, "out=whole", "engine=serial")[0] == 0
    engine = ["engine.workers=2"]
    kill_and_resume(bench, words, 2, 24, engine, bench.folder / "whole", random.Random(4))


def test_killed_between_the_last_run_and_the_end(bench):
    assert bench.call("sweep", *TINY, "out=s", "engine=serial")[0] == 0
    folder = bench.folder / "s"
    for name in ("session", "session-1of2", "gone.json", "gone.trace"):
        (folder / "claims" / name).write_text("{}")
    status, out, err = bench.call("resume", "out=s")
    assert status == 0 and "0 of" in out, err
    assert not leftovers(folder)


def test_a_dask_worker_is_killed_and_then_the_client(bench):
    words = [*TINY, *SLOW_ENOUGH, "arms=[street_lighting]", "replications=6"]
    assert bench.call("sweep", *words, "out=whole", "engine=serial")[0] == 0
    dask = Dask(bench, PAGE)
    try:
        victim, _ = dask.worker_pids()
        engine = ["engine=dask", f"engine.address={dask.address}", "engine.chunk_seconds=1"]
        process, folder = bench.start("sweep", *words, "out=s", *engine), bench.folder / "s"
        assert wait_until(lambda: len(runs(folder)) >= 3 or process.poll() is not None, 120)
        os.kill(victim, signal.SIGKILL)
        have = len(runs(folder))
        assert wait_until(lambda: len(runs(folder)) >= have + 3 or process.poll() is not None, 120)
        kill_group(process)
        before = runs(folder)
        assert 3 < len(before) < 24
        status, out, err = bench.call("resume", "out=s", *engine)
        assert status == 0, err
        now = runs(folder)
        assert len(now) == 24 and {k: v for k, v in now.items() if k in before} == before
        assert same_results(folder, bench.folder / "whole") and not leftovers(folder)
    finally:
        dask.close()


def test_a_worker_that_dies_once_is_replaced(bench):
    words = [*TINY, "replications=3", "mechanism.faulty.kind=die_once", "mechanism.faulty.at_seed=2",
             f"mechanism.faulty.note={bench.folder / 'note'}"]
    status, out, err = bench.call("sweep", *words, "out=s", "engine.workers=1")
    assert status == 0, err
    assert (bench.folder / "note").exists() and len(runs(bench.folder / "s")) == 3 and not leftovers(bench.folder / "s")


def test_a_full_disk_stops_tidily(tmp_path, monkeypatch, undisturbed):
    usual, count = os.fsync, iter(range(1000))

    def full(number):
        if next(count) >= 6:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        usual(number)

    monkeypatch.setattr(files.os, "fsync", full)
    folder = run_design(small(), tmp_path / "s")
    assert folder.outcome.stopped.startswith("disk") and folder.outcome.status == 1
    before = runs(folder.path)
    assert 0 < len(before) < 6 and not folder.failed_keys() and not leftovers(folder.path)
    monkeypatch.setattr(files.os, "fsync", usual)
    folder = run_design(small(), tmp_path / "s")
    assert folder.outcome.status == 0 and {k: v for k, v in runs(folder.path).items() if k in before} == before
    assert same_results(folder.path, undisturbed)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="mounting needs root on Linux")
def test_a_really_full_disk(bench):
    import subprocess

    place = bench.folder / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=140k", "tmpfs", str(place)], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        words = [*TINY, "replications=40", "engine.workers=2"]
        status, out, err = bench.call("sweep", *words, "out=small/s")
        assert status == 1 and "No space left" in err and "lamplighter resume" in err and "Traceback" not in err, err
        done = runs(place / "s")
        assert 0 < len(done) < 40
        assert subprocess.run(["mount", "-o", "remount,size=8m", str(place)]).returncode == 0
        status, out, err = bench.call("resume", "out=small/s", "engine.workers=2")
        assert status == 0, err
        assert {k: v for k, v in runs(place / "s").items() if k in done} == done
        assert bench.call("sweep", *words, "out=whole")[0] == 0
        assert same_results(place / "s", bench.folder / "whole")
    finally:
        subprocess.run(["umount", "-l", str(place)])


@pytest.mark.parametrize("after", [0, 1, 4])
def test_an_interruption_keeps_what_is_finished(tmp_path, monkeypatch, undisturbed, after):
    usual, done = SweepFolder.write_run, []

    def interrupted(self, key, *rest):
        if len(done) == after:
            raise KeyboardInterrupt
        done.append(key)
        usual(self, key, *rest)

    monkeypatch.setattr(SweepFolder, "write_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_design(small(), tmp_path / "s")
    monkeypatch.setattr(SweepFolder, "write_run", usual)
    assert len(runs(tmp_path / "s")) == after
    folder = run_design(small(), tmp_path / "s")
    assert folder.outcome.done == 6 - after and same_results(folder.path, undisturbed)


@pytest.mark.parametrize("name", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_ctrl_c_and_sigterm(bench, name):
    process = bench.start("sweep", *TINY, *SLOW_ENOUGH, "replications=60", "out=s", "engine.workers=2")
    folder = bench.folder / "s"
    assert wait_until(lambda: len(runs(folder)) >= 2, 120)
    os.killpg(process.pid, name) if name == signal.SIGINT else process.send_signal(name)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "finished and stored" in err and "Traceback" not in err, err
    assert 2 <= len(runs(folder)) < 60 and not leftovers(folder)
    finished = json.loads(pq.read_schema(folder / "results.parquet").metadata[b"lamplighter"])
    assert finished["format"] == "lamplighter-sweep"
    assert len(set(pq.read_table(folder / "results.parquet")["row"].to_pylist())) == len(runs(folder))


def test_fail_fast_stops(bench):
    words = [*TINY, "replications=40", "mechanism.faulty.kind=raise", "mechanism.faulty.at_seed=2", "fail_fast=true"]
    status, out, err = bench.call("sweep", *words, "out=s", "engine=serial")
    assert status == 1 and "fail_fast" in err and len(runs(bench.folder / "s")) < 39


@pytest.mark.slow
def test_thirty_kills_of_300_runs(bench):
    words = [*TINY, *SLOW_ENOUGH, "arms=[street_lighting]", "replications=75"]
    assert bench.call("sweep", *words, "out=whole", "engine.workers=2", timeout=1200)[0] == 0
    killed = kill_and_resume(bench, words, 30, 300, ["engine.workers=2"], bench.folder / "whole", random.Random(1))
    assert killed == 30


@pytest.mark.slow
def test_thirty_kills_of_300_runs_with_dask(bench):
    words = [*TINY, *SLOW_ENOUGH, "arms=[street_lighting]", "replications=75"]
    assert bench.call("sweep", *words, "out=whole", "engine.workers=2", timeout=1200)[0] == 0
    dask = Dask(bench, PAGE)
    try:
        dask.worker_pids()
        engine = ["engine=dask", f"engine.address={dask.address}"]
        killed = kill_and_resume(bench, words, 30, 300, engine, bench.folder / "whole", random.Random(2))
        assert killed == 30
    finally:
        dask.close()




def test_a_worker_whose_client_was_killed_leaves_no_trace(tmp_path, monkeypatch):
    """It may be in the middle of a run when others take over: then it neither fails it nor loses its file."""
    folder = run_design(small(), tmp_path / "s")
    row = folder.rows()[0]
    (folder.path / "runs" / f"{row.key}.parquet").unlink()
    session = folder.path / "claims" / "session"
    session.write_text("old")
    usual = SweepFolder.write_run

    def taken_over(self, *rest):
        session.write_text("new")
        with open(files.temporary(self.path / "runs" / "0123.parquet"), "wb"), folder.lock():
            assert files.temporary(self.path / "runs" / "0123.parquet").exists()  # its process lives
        files.temporary(self.path / "runs" / "0123.parquet").unlink()
        raise FileNotFoundError(2, "gone")

    monkeypatch.setattr(SweepFolder, "write_run", taken_over)
    chunk = Chunk(str(folder.path), 1, "old", str(session), source_hash(), ((row,),))
    status = do_chunk(chunk)
    assert (status.done, status.failed, status.problem) == (0, (), "") and not folder.failed_keys()
    monkeypatch.setattr(SweepFolder, "write_run", usual)
    session.write_text("old")
    assert do_chunk(chunk).done == 1
