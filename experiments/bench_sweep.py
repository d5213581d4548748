"""What the machinery of sweeps costs: against a bare loop in one process, and two worker processes against one.

As a program (``python -m experiments.bench_sweep '<json>'``) it is one of the parties: it does its runs and prints one
line of JSON.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from experiments.bench_rcm1 import figure
from experiments.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
SPEC = {"city": {"residents": 5_000}, "years": 30 / 365, "burn_in_years": 0.0}
OVERHEAD, SPEEDUP, GROWTH, RESUME, ETA = 0.15, 1.8, 0.05, 10.0, 0.30


def bench_sweep(runs: int, report: Callable[[str], None] = print) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Measure sweeps of short runs (5,000 residents, 30 days) and return the figures and the raw numbers.

    Parameters
    ----------
    runs : int
        Runs of the longer sweeps.
    report : function
    """
    few = max(20, runs // 10)
    with tempfile.TemporaryDirectory() as place:
        _party({"do": "bare", "runs": 2})  # fills the cache of compiled kernels
        raw = {"bare": [_party({"do": "bare", "runs": max(20, runs // 4)})]}
        for name, count, workers in (("few", few, 1), ("one", runs, 1), ("two", runs, 2)):
            out = os.path.join(place, name)
            raw[name] = _party({"do": "sweep", "runs": count, "workers": workers, "out": out})
            report(f"sweep: {count} runs, {workers} at a time: {raw[name]['cpu']:.1f} CPU s, {raw[name]['wall']:.1f} s")
        raw["bare"].append(_party({"do": "bare", "runs": max(20, runs // 4)}))
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "experiments.resume", f"out={place}/two"], cwd=ROOT, check=True,
                       capture_output=True)
        raw["resume"] = time.perf_counter() - begun
    return judge(raw, runs, few), raw


def judge(raw: Mapping[str, Any], runs: int, few: int) -> list[dict[str, Any]]:
    """Turn raw numbers into figures with verdicts."""
    bare = median(b["cpu"] / b["runs"] for b in raw["bare"])
    mine = (raw["one"]["cpu"] - raw["few"]["cpu"]) / (runs - few)  # starting up is in both
    overhead, speedup = mine / bare - 1, raw["two"]["rate"] / raw["one"]["rate"]
    growth, off = raw["two"]["late_rss"] / raw["two"]["early_rss"] - 1, raw["two"]["eta_error"]
    rows = [("CPU of the machinery / bare loop - 1", overhead, f"<= {OVERHEAD}", overhead <= OVERHEAD,
             f"{1000 * bare:.0f} ms of CPU a bare run, {1000 * mine:.0f} ms in a sweep, start-up apart"),
            ("runs an hour, two processes / one", speedup, f">= {SPEEDUP}", speedup >= SPEEDUP,
             "" if (os.cpu_count() or 1) > 1 else "this machine has one core"),
            ("memory of a worker, late / early - 1", growth, f"<= {GROWTH}", growth <= GROWTH, ""),
            ("resume of the finished sweep", raw["resume"], f"< {RESUME:g}", raw["resume"] < RESUME,
             f"{runs} runs, command and imports included"),
            ("error of the estimate of progress", off, f"<= {ETA}", None if off is None else off <= ETA,
             f"said after {raw['two']['eta_at']:.0f} s" if off is not None else "the sweep was too short")]
    units = ("share", "ratio", "share", "s", "share")
    return [figure("sweep", name, value, unit, target, passed, note)
            for (name, value, target, passed, note), unit in zip(rows, units)]


def _party(work: Mapping[str, Any]) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "experiments.bench_sweep", json.dumps(work)], cwd=ROOT, text=True,
                          capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it died")
    return json.loads(done.stdout.splitlines()[-1])


def _bare(runs: int) -> dict[str, Any]:
    """A bare loop: city and people are built once, then model after model."""
    from experiments.replicate import world
    from sim.model import CityModel
    from sim.spec import build

    spec = build(SPEC)
    city, people = world(spec.city)
    CityModel(spec, city=city, people=people).run_days(spec.days)
    begun, wall = time.process_time(), time.perf_counter()
    for seed in range(1, runs + 1):
        CityModel(dataclasses.replace(spec, seed=seed), city=city, people=people).run_days(spec.days)
    return {"runs": runs, "cpu": time.process_time() - begun, "wall": time.perf_counter() - wall}


class _Watched(Progress):
    """Remembers what it said, and how much memory the workers held."""

    def __init__(self, claims: Path):
        super().__init__(1.0, "bench", stream=open(os.devnull, "w"))  # noqa: SIM115 - lives as long as the process
        self.claims, self.said, self.rss, self.begun = claims, [], [], time.monotonic()

    def add(self, work: float, note: str | None = None) -> None:
        super().add(work, note)
        now = time.monotonic() - self.begun
        left = self.left()
        if left is not None and (not self.said or now - self.said[-1][0] > 1):
            self.said.append((now, left))
            self.rss.append((self.done / self.total, max(map(_rss, self.claims.glob("*.json")), default=0.0)))


def _rss(claim: Path) -> float:
    """Resident memory in MB of the process that wrote a claim."""
    try:
        pages = Path(f"/proc/{claim.stem.split('-')[-1]}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, IndexError):
        return 0.0


def _sweep(runs: int, workers: int, out: str) -> dict[str, Any]:
    import resource

    from experiments.engines import EngineOptions
    from experiments.sweeps.api import run_design
    from experiments.sweeps.plan import simple_plan
    from sim.spec import build

    watched = _Watched(Path(out, "claims"))
    wall = time.perf_counter()
    run_design(simple_plan(build(SPEC), replications=runs), out, EngineOptions(workers=workers), progress=watched)
    wall = time.perf_counter() - wall
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    times = sorted(p.stat().st_mtime for p in Path(out, "runs").glob("*.parquet"))
    skip = len(times) // 10
    end = times[-1] - times[0] + (watched.said[0][0] if watched.said else 0.0)
    early = [r for share, r in watched.rss if 0.1 < share < 0.4 and r] or [1.0]
    late = [r for share, r in watched.rss if share > 0.8 and r] or early
    at = next(((t, left) for t, left in watched.said if t >= min(60.0, end / 3)), None)
    total = time.monotonic() - watched.begun
    return {"runs": runs, "cpu": sum(u.ru_utime + u.ru_stime for u in used), "wall": wall,
            "rate": (len(times) - 1 - skip) / (times[-1] - times[skip]), "early_rss": median(early),
            "late_rss": median(late), "eta_at": at[0] if at else None,
            "eta_error": abs(at[0] + at[1] - total) / total if at else None}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    made = _bare(asked["runs"]) if asked["do"] == "bare" else _sweep(asked["runs"], asked["workers"], asked["out"])
    print(json.dumps(made))
