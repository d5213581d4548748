"""Time, memory and start-up of the city model, each size in a process of its own.

As a program (``python -m experiments.bench_model '<json>'``) it is that process: it builds one model, lets it run warm,
measures, and prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from experiments.bench_rcm1 import figure
from experiments.memory import return_large_arrays

ROOT = Path(__file__).resolve().parent.parent
JUDGED = 100_000
WARM = 1000
NS, BYTES, START = 60.0, 400.0, 2.5
# A run of a day in a hamlet: what it costs is starting up.
TINY = ("city.residents=500", "years=0.003", "burn_in_years=0")


def bench_full_model(sizes: Sequence[int] = (10_000, 100_000, 1_000_000), warm_days: int = 60, days: int = 30,
                     spec: Mapping[str, Any] | None = None,
                     report: Callable[[str], None] = print) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Measure the city model on one thread and return the figures and the raw numbers.

    Parameters
    ----------
    sizes : sequence of int
        Residents. Time is judged at 100,000; memory is the slope of the peak between the first size of at least
        100,000 (or the smallest) and the largest.
    warm_days, days : int
        Days simulated before, and while, the processor time is taken.
    spec : mapping, optional
        Plain values of a specification; size, length, burn-in and threads are replaced.
    report : function
    """
    raw: dict[str, Any] = {"sizes": [], "start": []}
    figures = []
    try:
        _probe(WARM, warm_days, days, spec or {})  # fills the cache of compiled kernels, which cost time and memory
    except RuntimeError:
        pass  # the sizes will say what is wrong
    for size in sorted(set(sizes)):
        try:
            probe = _clean_probe(size, warm_days, days, spec or {})
        except RuntimeError as why:
            figures.append(figure("model", f"{size:,} residents", None, "", "", False, str(why)))
            report(f"model: {size:,} residents: failed: {why}")
            continue
        raw["sizes"].append(probe)
        report(f"model: {probe['residents']:,} residents: built in {probe['build_cpu_s']:.1f} CPU s, {days} days after "
               f"{warm_days}: {probe['ns']:.1f} ns per resident and tick, peak memory "
               f"{probe['peak_bytes'] / 2**20:,.0f} MiB"
               + ("; kernels were compiled meanwhile: not a clean measurement" if probe["compiled"] else ""))
    figures += _time(raw["sizes"]) + _memory(raw["sizes"])
    try:
        raw["start"] = start_up()
        value = median(raw["start"])
        figures.append(figure("model", "start-up of `lamplighter run`, warm cache", value, "CPU s", f"<= {START}",
                              value <= START, "a whole run of one day with 500 residents"))
    except RuntimeError as why:
        figures.append(figure("model", "start-up of `lamplighter run`, warm cache", None, "CPU s", f"<= {START}",
                              False, str(why)))
    return figures, raw


def _time(probes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    figures = []
    for p in probes:
        judged = p["size"] == JUDGED
        weeks = p["weeks_ns"]
        figures.append(figure("model", f"{p['residents']:,} residents, one thread", p["ns"], "ns/resident/tick",
                              f"<= {NS:.0f} (aim 30)" if judged else "", p["ns"] <= NS if judged else None,
                              f"weeks from {min(weeks):.1f} to {max(weeks):.1f}" if weeks else ""))
    if len(probes) > 1:
        text = " : ".join(f"{p['ns'] / probes[0]['ns']:.2f}" for p in probes)
        sizes = " : ".join(f"{p['residents']:,}" for p in probes)
        figures.append(figure("model", "cost per resident, relative to the smallest", text, "", "", None,
                              f"sizes {sizes}; 1 is exactly linear, the fixed cost of a tick lowers it"))
    return figures


def _memory(probes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if len(probes) < 2:
        return []
    high = probes[-1]
    low = next(p for p in probes if p["size"] >= JUDGED or p is probes[0] and probes[-1]["size"] <= JUDGED)
    if low is high:
        low = probes[-2]
    value = (high["peak_bytes"] - low["peak_bytes"]) / (high["residents"] - low["residents"])
    judged = low["size"] == JUDGED and high["size"] > JUDGED
    return [figure("model", "peak memory, slope", value, "bytes/resident", f"<= {BYTES:.0f}" if judged else "",
                   value <= BYTES if judged else None,
                   f"between {low['residents']:,} and {high['residents']:,} residents")]


def start_up(times: int = 3) -> list[float]:
    """CPU seconds of tiny runs of the command ``lamplighter run``, after one that warms the caches.

    Raises
    ------
    RuntimeError
        The command failed; the text is its last line.
    """
    import resource

    seconds = []
    for _ in range(times + 1):
        with tempfile.TemporaryDirectory(prefix="start-") as folder:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            _run([sys.executable, "-m", "experiments.entry", "run", *TINY, f"out={folder}/run"])
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return seconds[1:]


def _clean_probe(size: int, warm_days: int, days: int, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Probe again when kernels had to be compiled meanwhile: the compiler's time and memory are not the model's."""
    found = _probe(size, warm_days, days, spec)
    return _probe(size, warm_days, days, spec) if found["compiled"] else found


def _probe(size: int, warm_days: int, days: int, spec: Mapping[str, Any]) -> dict[str, Any]:
    text = json.dumps({"size": size, "warm_days": warm_days, "days": days, "spec": spec})
    return json.loads(_run([sys.executable, "-m", "experiments.bench_model", text]).splitlines()[-1])


def _run(command: Sequence[str]) -> str:
    path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path})
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1][:300])
    return done.stdout


def peak_bytes() -> int:
    """Peak resident memory of this process.

    Linux hands a new process the peak of the one that started it in ``ru_maxrss``; the high-water mark of its own
    memory is in ``/proc``.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def probe(size: int, warm_days: int, days: int, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Build one city model, run it warm, measure `days`; return the numbers."""
    from numba.core import event

    from experiments.cities import build_city
    from sim.model import CityModel
    from sim.spec import build, merge

    compiled = event.RecordingListener()
    event.register("numba:compile", compiled)
    years = (warm_days + days + 1) / 365
    run = build(merge(spec, {"city": {"residents": size}, "years": years, "burn_in_years": 0.0, "threads": 1}))
    began = time.process_time()
    model = CityModel(run, city=build_city(run))
    built = time.process_time() - began
    ticks_per_day = model.calendar.ticks_per_day
    for _ in range(warm_days * ticks_per_day):
        model.step()
    residents, spent = len(model.residents), []
    for _ in range(days):
        began = time.process_time()
        for _ in range(ticks_per_day):
            model.step()
        spent.append(time.process_time() - began)
    unit = 1e9 / residents / ticks_per_day
    weeks = [sum(spent[i:i + 7]) / 7 * unit for i in range(0, len(spent) - 6, 7)]
    return {"size": size, "residents": residents, "cells": model.city.grid.cells, "build_cpu_s": built, "days": days,
            "ticks": days * ticks_per_day, "cpu_s": sum(spent), "ns": sum(spent) / days * unit, "weeks_ns": weeks,
            "peak_bytes": peak_bytes(), "events": len(model.log), "compiled": len(compiled.buffer) // 2}


if __name__ == "__main__":
    return_large_arrays()  # as every command does
    print(json.dumps(probe(**json.loads(sys.argv[1]))))
