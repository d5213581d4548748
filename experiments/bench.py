"""The task `bench`: how fast the engine is, against reference programs measured in the same run.

Absolute times drift with the machine's clock and its other users, so what is judged are ratios of programs that take
turns, in processor time. The parts are :mod:`experiments.bench_rcm1` and :mod:`experiments.bench_model`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.options import OutOptions
from sim.errors import SpecError
from sim.parameters import one_of, param, show, validate

if TYPE_CHECKING:
    from experiments.entry import Job

FORMAT = "lamplighter-bench-1"
PARTS = ("rcm1", "model")
ALL = (*PARTS, "sweep")  # the sweep takes long, and is measured when it is asked for


@dataclass(frozen=True)
class BenchOptions(OutOptions):
    """Settings of the task `bench`."""

    out: str = param("results/bench", unit="folder", source="-", doc="folder for bench.json")
    parts: tuple[str, ...] = param(PARTS, unit="names", source="-",
                                   doc="rcm1: the micro-model against C and Mesa objects; model: the city model; "
                                       "sweep: the machinery of sweeps against a bare loop")
    rounds: int = param(7, unit="count", low=1, high=1000, source="-", doc="rounds in which the programs take turns")
    agents: int = param(100_000, unit="agents", low=1000, high=5_000_000, source="-", doc="agents of the micro-model")
    sizes: tuple[int, ...] = param((10_000, 100_000, 1_000_000), unit="residents", source="-",
                                   doc="sizes of the city model; the 100,000 one is judged")
    warm_days: int = param(60, unit="days", low=1, high=3650, source="-", doc="days simulated before the clock starts")
    sweep_runs: int = param(400, unit="runs", low=40, high=100_000, source="-", doc="runs of each sweep")
    days: int = param(30, unit="days", low=1, high=3650, source="-", doc="days measured")

    def check(self, where: str) -> None:
        for name in self.parts:
            if name not in ALL:
                raise SpecError(f"{where}.parts: expected some of {one_of(ALL)}, found {show(name)}")
        for size in self.sizes:
            if not 1000 <= size <= 20_000_000:
                raise SpecError(f"{where}.sizes: expected residents between 1,000 and 20,000,000, found {size}")


OPTIONS = BenchOptions


def run(jobs: Sequence[Job]) -> int:
    """Check every job, then measure one after the other."""
    from experiments.outfolder import MANIFEST, OutFolder, check_out
    from experiments.provenance import machine

    outs = [check_out(job.options.out, job.options.force) for job in jobs]
    for job, out in zip(jobs, outs):
        if job.options.dry_run:
            print(f"dry run: nothing was measured; parts: {', '.join(job.options.parts)}; results would go to {out}")
            continue
        settings = {**asdict(job.options), "spec": job.spec.as_dict()}
        with OutFolder(out, job.options.force) as place:
            run_bench(settings, place.folder)
            manifest = json.dumps({"format": FORMAT, **machine()}, indent=1)
            (place.folder / MANIFEST).write_text(manifest, encoding="utf-8")
            place.keep()
        print(f"records: {out / 'bench.json'}")
    return 0


def run_bench(settings: Mapping[str, Any] | None = None, out: str | os.PathLike | None = None,
              report: Callable[[str], None] = print) -> dict[str, Any]:
    """Measure, print a table, and return everything.

    Parameters
    ----------
    settings : mapping, optional
        Keys of :class:`BenchOptions`, and ``spec``: plain values of a specification (:func:`sim.spec.build`) from
        which the city model takes all but its size and length.
    out : path, optional
        Folder in which ``bench.json`` is written; made when it is not there.
    report : function
        Called with every line of text.

    Returns
    -------
    dict
        ``format``, ``machine``, ``settings``, ``figures`` (list of ``part, name, value, unit, target, passed, note``;
        `passed` is None where there is no target or nothing could be measured), ``measured`` (raw numbers by part)
        and ``passed`` (no target was missed).

    Raises
    ------
    SpecError
        A setting is not valid.
    """
    given = dict(settings or {})
    spec = given.pop("spec", {})
    options = validate(BenchOptions, given, "bench")
    about = describe_machine()
    report("; ".join(f"{key} {value}" for key, value in about.items()))
    figures, measured = [], {}
    if "rcm1" in options.parts:
        from experiments.bench_rcm1 import bench_rcm1

        rows, measured["rcm1"] = bench_rcm1(options.agents, options.rounds, report)
        figures += rows
    if "model" in options.parts:
        from experiments.bench_model import bench_full_model

        rows, measured["model"] = bench_full_model(options.sizes, options.warm_days, options.days, spec, report)
        figures += rows
    if "sweep" in options.parts:
        from experiments.bench_sweep import bench_sweep

        rows, measured["sweep"] = bench_sweep(options.sweep_runs, report)
        figures += rows
    result = {"format": FORMAT, "machine": about, "settings": asdict(options), "figures": figures, "measured": measured,
              "passed": all(f["passed"] is not False for f in figures)}
    report(table(figures))
    if out is not None:
        Path(out).mkdir(parents=True, exist_ok=True)
        (Path(out) / "bench.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    return result


def table(figures: Sequence[Mapping[str, Any]]) -> str:
    """Lay the figures out with targets and verdicts."""
    from experiments.tables import layout

    verdict = {True: "pass", False: "FAIL", None: "-"}
    rows = []
    for f in figures:
        value = "-" if f["value"] is None else f["value"] if isinstance(f["value"], str) else f"{f['value']:,.4g}"
        judged = "skipped" if f["value"] is None and f["passed"] is None else verdict[f["passed"]]
        rows.append([f"{f['part']}: {f['name']}", value, f["unit"], f["target"] or "-", judged])
    notes = [f"{f['part']}: {f['name']}: {f['note']}" for f in figures if f["note"]]
    return "\n".join([layout(["figure", "value", "unit", "target", ""], rows), *notes])


def describe_machine() -> dict[str, str]:
    """Name processor, cores, present load and the versions that matter."""
    import platform

    from experiments.options import usable_cores
    from experiments.provenance import packages

    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = (line for line in info.read_text().splitlines() if line.startswith("model name"))
        processor = next(lines, ":" + processor).partition(":")[2].strip()
    about = {"processor": processor, "cores": str(usable_cores()), "system": platform.platform(),
             "python": platform.python_version()}
    about |= {name: v for name, v in packages().items() if name in ("mesa", "numpy", "numba")}
    if hasattr(os, "getloadavg"):
        about["load"] = f"{os.getloadavg()[0]:.1f}"
    return about


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["bench", *sys.argv[1:]]))
