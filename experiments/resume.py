"""The task `resume`: go on with a sweep that is not finished."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.options import EngineOptions, ResumeOptions

if TYPE_CHECKING:
    from experiments.entry import Job

OPTIONS = ResumeOptions
GROUPS = {"engine": EngineOptions}


def run(jobs: Sequence[Job]) -> int:
    """Go on with the sweep of each job."""
    return max([_resume(job) for job in jobs], default=0)


def _resume(job: Job) -> int:
    from experiments.engines import executor
    from experiments.sweep import conclude, said_compiling
    from experiments.sweeps.carry_out import limits_of, missing, shard_of
    from experiments.sweeps.looking import carry_out_by_rule
    from experiments.sweeps.resuming import accept, note
    from experiments.sweeps.store import CLAIMS, SweepFolder

    options = job.options
    if options.shard:
        shard_of(options.shard)
    folder = SweepFolder.open(options.out)
    changes = accept(folder, options.force)
    worlds = missing(folder, options.shard)
    print(f"resume: {sum(map(len, worlds)):,} of {len(folder.rows()):,} runs are missing, "
          f"{len(folder.failed_keys()):,} failed before", flush=True)
    if options.dry_run:
        print("dry run: nothing was run")
        return 0
    if worlds:
        said_compiling()
    with folder.lock(options.shard), executor(job.groups["engine"], str(folder.path / CLAIMS)) as pool:
        note(folder, changes)
        outcome = carry_out_by_rule(folder, pool, limits_of(options, folder), shard=options.shard,
                                    fail_fast=options.fail_fast, label="resume")
    return conclude(folder, outcome)


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["resume", *sys.argv[1:]]))
