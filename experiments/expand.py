"""The task `expand`: more replications or draws for a sweep that exists."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.options import EngineOptions, ExpandOptions

if TYPE_CHECKING:
    from experiments.entry import Job

OPTIONS = ExpandOptions
GROUPS = {"engine": EngineOptions}


def run(jobs: Sequence[Job]) -> int:
    """Expand the sweep of each job and run what it lacks."""
    return max([_expand(job) for job in jobs], default=0)


def _expand(job: Job) -> int:
    from experiments.sweep import conclude, said_compiling
    from experiments.sweeps.carry_out import carry_out, limits_of, shard_of
    from experiments.sweeps.expanding import expand, larger
    from experiments.sweeps.resuming import accept, note
    from experiments.sweeps.store import SweepFolder
    from sim.errors import SpecError

    options = job.options
    folder = SweepFolder.open(options.out)
    if options.shard:
        shard_of(options.shard)
        raise SpecError("shard: expand adds the rows; let every part run with lamplighter resume shard=k/n")
    changes = accept(folder, options.force)
    if options.dry_run:
        plan = larger(folder.plan, options.replications, options.draws)
        print(f"expand: {len(plan):,} rows instead of {folder.table().num_rows:,}; dry run: nothing was written")
        return 0
    with folder.lock():
        note(folder, changes)
        added = expand(folder, options.replications, options.draws)
        print(f"expand: {added:,} rows added, {folder.table().num_rows:,} in all", flush=True)
        said_compiling()
        outcome = carry_out(folder, job.groups["engine"], limits_of(options, folder), fail_fast=options.fail_fast,
                            label="expand")
    return conclude(folder, outcome)


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["expand", *sys.argv[1:]]))
