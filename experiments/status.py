"""The task `status`: how far a sweep is, now or again and again."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.options import StatusOptions

if TYPE_CHECKING:
    from experiments.entry import Job
    from experiments.sweeps.store import SweepFolder

OPTIONS = StatusOptions
LATELY = 600.0  # seconds by which the speed is judged
SHOWN = 8


def run(jobs: Sequence[Job]) -> int:
    """Show the state of each job's sweep; status 1 when runs have failed."""
    worst = 0
    for job in jobs:
        while True:
            from experiments.sweeps.store import SweepFolder

            folder = SweepFolder.open(job.options.out)
            text, missing, failed = describe(folder)
            print(text, flush=True)
            worst = max(worst, 1 if failed else 0)
            if not job.options.every or not missing:
                break
            time.sleep(job.options.every)
            print()
    return worst


def describe(folder: SweepFolder) -> tuple[str, int, int]:
    """Return the state of a sweep as text, and the numbers of missing and of failed runs."""
    from experiments.progress import duration

    manifest = folder.manifest
    keys = {row.key for row in folder.rows()}
    done, failed = folder.done_keys() & keys, folder.failed_keys() & keys
    missing = len(keys) - len(done) - len(failed)
    given = manifest["experiment"]
    lines = [f"sweep {folder.path.name}: {given['question'] or given['outcome']}",
             f"  experiment {manifest['experiment_hash']}, model {manifest['source_hash']}, started "
             f"{manifest['created']}",
             f"  {len(done):,} of {len(keys):,} runs done, {len(failed):,} failed, {missing:,} missing; rows of the "
             f"table: {folder.table().num_rows:,}"]
    recent = _lately(folder)
    claims = _claims(folder)
    if missing and recent:
        rate = recent[0] / max(recent[1], 1.0)
        lines.append(f"  lately {3600 * rate:,.0f} runs an hour" + (
            f", about {duration(missing / rate)} left" if claims else "; nobody is at work"))
    for claim in claims[:SHOWN]:
        lines.append(f"  {claim['host']} process {claim['process']}: row {claim['row']} (scenario {claim['scenario']}, "
                     f"arm {claim['arm']}, draw {claim['draw']}, replication {claim['replication']}) since "
                     f"{claim['started'][11:19]}")
    if len(claims) > SHOWN:
        lines.append(f"  and {len(claims) - SHOWN} more workers")
    failures = folder.failed()
    if failures:
        kinds = Counter(f["kind"] for f in failures)
        lines.append("  failures: " + ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))
        for f in failures[:SHOWN]:
            lines.append(f"    row {f['row']}, scenario {f['scenario']}, arm {f['arm']}, draw {f['draw']}, replication "
                         f"{f['replication']}, seed {f['seed']}: {f['error']}")
    for look in manifest.get("looks", []):
        lines.append(f"  look: {look['text']}")
    for change in manifest["changes"]:
        lines.append(f"  changed on {change['when']}: {change['what']}: was {change['before']}, is {change['after']}")
    return "\n".join(lines), missing, len(failed)


def _claims(folder: SweepFolder) -> list[dict[str, Any]]:
    from experiments.sweeps.files import read_json
    from experiments.sweeps.store import CLAIMS

    room = folder.path / CLAIMS
    wanted = {path.read_text() for path in room.glob("session*")} if room.is_dir() else set()
    found = [read_json(path) for path in sorted(room.glob("*.json"))]
    return [claim for claim in found if claim and claim.get("session") in wanted]


def _lately(folder: SweepFolder) -> tuple[int, float] | None:
    """Runs finished in the last minutes, and in how many seconds."""
    from experiments.sweeps.store import RUNS

    times = []
    for entry in os.scandir(Path(folder.path, RUNS)):
        try:
            times.append(entry.stat().st_mtime)
        except FileNotFoundError:  # a temporary name that is gone by now
            continue
    if not times:
        return None
    last = max(times)
    recent = [t for t in times if t > last - LATELY]
    return (len(recent), last - min(recent)) if len(recent) > 1 else None


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["status", *sys.argv[1:]]))
