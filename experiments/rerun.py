"""The task `rerun`: run rows of a sweep again, alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.options import EngineOptions, RerunOptions

if TYPE_CHECKING:
    from experiments.entry import Job
    from experiments.sweeps.plan import Row
    from experiments.sweeps.store import SweepFolder

OPTIONS = RerunOptions
GROUPS = {"engine": EngineOptions}


def run(jobs: Sequence[Job]) -> int:
    """Run the rows of each job again."""
    return max([_rerun(job) for job in jobs], default=0)


def _rerun(job: Job) -> int:
    from experiments.sweep import conclude, said_compiling
    from experiments.sweeps.carry_out import Limits, carry_out
    from experiments.sweeps.resuming import accept, note
    from experiments.sweeps.store import ERRORS, SweepFolder
    from experiments.sweeps.verifying import chosen, is_done
    from sim.errors import SpecError

    options = job.options
    folder = SweepFolder.open(options.out)
    if options.failed == bool(options.rows):
        raise SpecError("rerun: expected either rows=[...] or failed=true")
    numbers = [f["row"] for f in folder.failed()] if options.failed else list(options.rows)
    rows = chosen(folder, numbers)
    if not rows:
        print("rerun: no run has failed")
        return 0
    changes = accept(folder, options.force)
    said_compiling()
    with folder.lock():
        note(folder, changes)
        finished = [row for row in rows if is_done(folder, row)]
        status = max([_compare(folder, row, options) for row in finished], default=0)
        others = [row for row in rows if row not in finished]
        if not others:
            return status
        for row in others:
            (folder.path / ERRORS / f"{row.key}.json").unlink(missing_ok=True)
        limits = Limits(options.time_limit, options.memory_limit)
        outcome = carry_out(folder, job.groups["engine"], limits, label="rerun", rows=others)
        if options.records == "full":
            for row in others:
                if is_done(folder, row):
                    status = max(status, _compare(folder, row, options))
    return max(status, conclude(folder, outcome))


def _compare(folder: SweepFolder, row: Row, options: RerunOptions) -> int:
    """Run a finished row again, say whether it came out the same, and store the whole record if asked to."""
    from experiments.provenance import Stopwatch, run_manifest
    from experiments.replicate import store_whole
    from experiments.sweeps.store import RECORDS
    from experiments.sweeps.verifying import simulated, unlike

    watch = Stopwatch()
    model, marks = simulated(folder, row)
    found = unlike(folder, row, model, marks)
    print(f"{row}: " + (f"differs in {', '.join(found[:3])}; what is stored stays" if found else "the same to the bit"),
          flush=True)
    target = folder.path / RECORDS / row.key
    if options.records == "full" and not found and not target.exists():
        store_whole(target, model, run_manifest(model, watch, row.arm, row.replication), marks)
        print(f"  records: {target}")
    return 1 if found else 0


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["rerun", *sys.argv[1:]]))
