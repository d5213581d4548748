"""The task `verify`: run some rows of a sweep again and compare them with what is stored, to the bit."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.options import VerifyOptions

if TYPE_CHECKING:
    from experiments.entry import Job

OPTIONS = VerifyOptions


def run(jobs: Sequence[Job]) -> int:
    """Verify each job's sweep; status 1 when a row came out otherwise."""
    return max([_verify(job.options) for job in jobs], default=0)


def _verify(options: VerifyOptions) -> int:
    from experiments.sweep import said_compiling
    from experiments.sweeps.resuming import differences
    from experiments.sweeps.store import SweepFolder
    from experiments.sweeps.verifying import chosen, is_done, sampled, simulated, unlike
    from sim.errors import SpecError

    folder = SweepFolder.open(options.out)
    rows = chosen(folder, options.rows) if options.rows else sampled(folder, options.sample, options.seed)
    absent = [row.row for row in rows if not is_done(folder, row)]
    if absent:
        raise SpecError(f"rows: expected finished rows, found that {absent[0]} is not there to compare with")
    if not rows:
        raise SpecError(f"out: {options.out}: no run is finished yet, so there is nothing to verify")
    for change in differences(folder):
        print(f"note: {change.text}", file=sys.stderr)
    said_compiling()
    wrong = 0
    for row in rows:
        found = unlike(folder, row, *simulated(folder, row))
        wrong += bool(found)
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        print(f"{row}: " + (f"differs in {', '.join(found[:3])}{more}" if found else "the same to the bit"), flush=True)
    print(f"verify: {len(rows) - wrong} of {len(rows)} rows are the same to the bit")
    return 1 if wrong else 0


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["verify", *sys.argv[1:]]))
