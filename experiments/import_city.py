"""The task `import_city`: check the files of a real city, say what was made of them, write a clean copy."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.options import OutOptions
from sim.errors import SpecError
from sim.parameters import param

if TYPE_CHECKING:
    from experiments.entry import Job

FORMAT = "lamplighter-city"


@dataclass(frozen=True)
class ImportOptions(OutOptions):
    """Settings of the task `import_city`."""

    out: str = param("results/city", unit="folder", source="-", doc="folder for the clean copy, a city.path to use")
    crs: str = param("", unit="-", source="-",
                     doc="coordinate system of the polygons, as in EPSG:26971, where files do not say")


OPTIONS = ImportOptions


def run(jobs: Sequence[Job]) -> int:
    """Check every job's files, then write the copies."""
    from experiments.outfolder import check_out

    for job in jobs:
        if job.spec.city.preset != "from_files":
            raise SpecError(f"city: expected from_files, found the preset {job.spec.city.preset!r}, which has no files")
        if not job.spec.city.path:
            raise SpecError("city.path: expected the folder with the files of the city, found nothing")
    outs = [check_out(job.options.out, job.options.force) for job in jobs]
    for job, out in zip(jobs, outs):
        _import_one(job, out)
    return 0


def _import_one(job: Job, out) -> None:
    from experiments.city_files import check_city, convert_city
    from experiments.outfolder import MANIFEST, OutFolder
    from experiments.provenance import machine
    from experiments.store import write_json

    city, crs = job.spec.city, job.options.crs or None
    lines = check_city(city.path, city.areas, crs)
    print("\n".join(lines))
    if job.options.dry_run:
        print(f"dry run: nothing was written; the copy would go to {out}")
        return
    with OutFolder(out, job.options.force) as place:
        convert_city(city.path, place.folder, city.areas, crs)
        about = json.loads((place.folder / MANIFEST).read_text(encoding="utf-8"))
        write_json(place.folder / MANIFEST, {"format": FORMAT, **about, **machine()})
        place.keep()
    print(f"written: {out}\nuse it with city=from_files city.path={job.options.out}")


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["import_city", *sys.argv[1:]]))
