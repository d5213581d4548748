"""The task `export`: one row a run, for other tools."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.options import ExportOptions
from sim.errors import SpecError

if TYPE_CHECKING:
    from experiments.entry import Job

OPTIONS = ExportOptions
SIDE = ".provenance.json"


def run(jobs: Sequence[Job]) -> int:
    """Export each job's folder."""
    for job in jobs:
        export(job.options)
    return 0


def export(options: ExportOptions) -> None:
    """Write one row a run of a sweep or a comparison, and beside it where the values come from.

    Raises
    ------
    DataError, SpecError
        One line; then nothing was written.
    """
    from experiments.sweeps.export import to_csv, to_ema, to_parquet
    from experiments.sweeps.files import put, put_json
    from experiments.sweeps.study import open_study, place_for

    if not options.to.strip():
        raise SpecError("to: expected the name of the file to write, as in to=runs.csv")
    study = open_study(options.out)
    path = place_for(study, options.to, "", options.force, SIDE)
    columns, provenance = study.wide(), study.provenance()
    provenance.update(export=options.format, rows=len(columns["arm"]), columns=list(columns))
    if options.dry_run:
        print(f"dry run: nothing was written; {len(columns['arm']):,} rows of {len(columns):,} columns would go to "
              f"{path}")
        return
    content = (to_csv(columns) if options.format == "csv" else to_parquet(columns, provenance)
               if options.format == "parquet" else to_ema(columns, study.outcomes))
    put_json(path.with_name(path.name + SIDE), provenance)
    put(path, content)
    print(f"export: {len(columns['arm']):,} runs, {len(study.outcomes):,} outcomes: {path}\n{study.line()}")


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["export", *sys.argv[1:]]))
