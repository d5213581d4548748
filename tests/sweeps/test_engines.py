"""Every engine gives the same bits: serial, processes, Dask by the documents' commands, and jobs by submitit."""

import re
import shlex
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from workbench import TINY, Dask, leftovers, runs, same_results

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
WORDS = [*TINY, "arms=[street_lighting]", "replications=2"]


@pytest.fixture(scope="module")
def serial(shared_bench):
    status, out, err = shared_bench.call("sweep", *WORDS, "out=serial", "engine=serial")
    assert status == 0, err
    return shared_bench.folder / "serial"


def test_two_processes(shared_bench, serial):
    status, out, err = shared_bench.call("sweep", *WORDS, "out=processes", "engine.workers=2",
                                         "engine.chunk_seconds=0.1")
    assert status == 0, err
    assert same_results(serial, shared_bench.folder / "processes")


def test_parts_of_a_sweep(shared_bench, serial):
    for part in ("2/2", "1/2"):
        status, out, err = shared_bench.call("sweep", *WORDS, "out=parts", "engine=serial", f"shard={part}")
        assert status == 0, err
        assert len(runs(shared_bench.folder / "parts")) == (4 if part == "2/2" else 8)
    assert same_results(serial, shared_bench.folder / "parts")


def printed(engine):
    """The documents' command for an engine, without its experiment and folder."""
    command, = re.findall(rf"^    lamplighter (sweep .*engine={engine}.*)$", PAGE, re.M)
    return [w for w in shlex.split(command) if not w.startswith(("experiment=", "out="))]


def test_jobs_of_submitit_as_documented(shared_bench, serial):
    pytest.importorskip("submitit")
    status, out, err = shared_bench.call(*printed("slurm"), *WORDS, "out=jobs")
    assert status == 0, err
    assert same_results(serial, shared_bench.folder / "jobs") and not leftovers(shared_bench.folder / "jobs")


def test_a_dask_scheduler_and_two_workers_as_documented(shared_bench):
    pytest.importorskip("distributed")
    example, = (part for part in re.findall(r"```yaml\n(.*?)```", PAGE, re.S) if part.startswith("question:"))
    (shared_bench.folder / "my_sweep.yaml").write_text(example)
    command, = re.findall(r"^    lamplighter (sweep .*engine=dask.*)$", PAGE, re.M)
    dask = Dask(shared_bench, PAGE)
    try:
        dask.worker_pids()
        words = shlex.split(command.replace("8786", str(dask.port)))
        small = [*TINY, "replications=1"]
        status, out, err = shared_bench.call(*words, *small)
        assert status == 0, err
        folder = shared_bench.folder / "results" / "by_dask"
        assert len(set(pq.read_table(folder / "ledger.parquet")["process"].to_pylist())) == 2
        other = [*(w for w in words if not w.startswith(("engine", "out="))), *small, "out=here", "engine=serial"]
        assert shared_bench.call(*other)[0] == 0
        assert same_results(folder, shared_bench.folder / "here")
    finally:
        dask.close()
