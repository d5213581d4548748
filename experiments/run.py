"""The task `run`: one scenario, one run, its records."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from experiments.options import RunOptions

if TYPE_CHECKING:
    from experiments.entry import Job
    from experiments.store import Marks
    from sim.model import CityModel

OPTIONS = RunOptions


def run(jobs: Sequence[Job]) -> int:
    """Check every job, then run one after the other."""
    from experiments.outfolder import check_out

    outs = [check_out(job.options.out, job.options.force) for job in jobs]
    for job, out in zip(jobs, outs):
        _run_one(job, out)
    return 0


def _run_one(job: Job, out) -> None:
    from experiments.cities import build_city, estimate
    from experiments.outfolder import OutFolder
    from experiments.progress import COMPILING, Progress, kernels_are_new
    from experiments.provenance import Stopwatch, run_manifest
    from experiments.store import write_run

    spec = job.spec
    watch = Stopwatch()
    new = kernels_are_new()
    city = build_city(spec)
    print(f"run: {city.name or spec.city.preset}: {spec.burn_in_days} days of burn-in, {spec.days} scored; "
          f"{estimate(spec, city.population)}", flush=True)
    if job.options.dry_run:
        print(f"dry run: nothing was written; results would go to {out}")
        return
    from sim.model import CityModel

    if new:
        print(COMPILING, file=sys.stderr, flush=True)
    model = CityModel(spec, city=city)
    with OutFolder(out, job.options.force) as place:
        progress = Progress(spec.burn_in_days + spec.days, "run")
        marks = simulate(model, lambda days, note: progress.add(days, note))
        progress.close()
        write_run(model, place.folder, run_manifest(model, watch), marks)
        place.keep()
    print(_summary(model))
    print(f"records: {out}")


def simulate(model: CityModel, tell: Callable[[int, str], None]) -> Marks:
    """Simulate what is left, day by day, and return everybody's counts on the first scored day.

    Parameters
    ----------
    model : CityModel
    tell : function
        Called with (days done since the last call, what is going on).
    """
    from experiments.store import Marks

    if model.day < 0:
        model.run_days(-model.day, lambda done, of: tell(1, "burn-in"))
    marks = Marks.of(model)
    model.run_days(model.spec.days - model.day, lambda done, of: tell(1, "scored period"))
    return marks


def _summary(model: CityModel) -> str:
    """Crimes of the scored period in their layers, per 1,000 residents and year."""
    from experiments.tables import layout
    from sim.records import TYPES

    log = model.log
    scored = log["tick"] >= model.calendar.burn_in_days * model.calendar.ticks_per_day
    people, years = max(1, int(model.residents["alive"].sum())), max(model.spec.years, 1e-9)
    rows = []
    for code, name in enumerate(TYPES):
        mine = scored & (log["type"] == code)
        counts = [mine.sum(), *((mine & log[layer]).sum() for layer in ("reported", "recorded", "cleared"))]
        rows.append([name, *(f"{c / people / years * 1000:.2f}" for c in counts), f"{counts[0]:,}"])
    head = ["per 1,000 residents a year", "true", "reported", "recorded", "cleared", "events"]
    return layout(head, rows)


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["run", *sys.argv[1:]]))
