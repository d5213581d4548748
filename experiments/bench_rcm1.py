"""RCM-1 on columns against C and against Mesa objects, taking turns in one process after another.

In each round the plain C program runs once, the tuned C program and the kernels take turns three times, and the Mesa
objects advance by one tick. A ratio is formed within each round, where the clock is the same for both, and the median
over the rounds is reported.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

SOURCES = Path(__file__).parent / "bench_c"
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-std=gnu11")
SIDE, TICKS, SEED, TURNS = 256, 365, 1, 3
JUDGED = 100_000  # the size for which the targets of speed are stated
SMALL = (31, 27, 2000, 15)  # width, height, agents, ticks of the check of the Mesa objects


class NoCompiler(Exception):
    """The C programs cannot be made here; the text says why."""


def figure(part: str, name: str, value: Any, unit: str, target: str = "", passed: bool | None = None,
           note: str = "") -> dict[str, Any]:
    """Return one line of the table of results."""
    return dict(part=part, name=name, value=value, unit=unit, target=target, passed=passed, note=note)


def compile_c(folder: Path) -> tuple[dict[str, Path], str]:
    """Compile the two C versions into `folder`; return the programs by name and the compiler's own name.

    Raises
    ------
    NoCompiler
    """
    compiler = next((c for c in (os.environ.get("CC"), "gcc", "cc") if c and shutil.which(c)), None)
    if compiler is None:
        raise NoCompiler("no C compiler was found (gcc or cc, or CC in the environment)")
    programs = {}
    for name in ("plain", "tuned"):
        program = folder / f"rcm1_{name}"
        command = [compiler, *FLAGS, str(SOURCES / f"rcm1_{name}.c"), "-o", str(program), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoCompiler(f"{compiler} could not compile rcm1_{name}.c: {(done.stderr.splitlines() or ['?'])[0]}")
        programs[name] = program
    about = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    return programs, (about.stdout.splitlines() or [compiler])[0]


def run_c(program: Path, agents: int) -> tuple[float, str]:
    """Run a C version; return CPU seconds of its ticks and the hash of its events."""
    sizes = map(str, (SIDE, SIDE, agents, TICKS, SEED))
    done = subprocess.run([str(program), *sizes], capture_output=True, text=True, check=True)
    seconds, _, events = done.stdout.split()
    return float(seconds), events


def run_kernels(agents: int) -> tuple[float, str]:
    """Run RCM-1 as a Mesa model on columns; return CPU seconds of its ticks and the hash of its events."""
    from sim.replications.rcm1 import RCM1

    model = RCM1(SIDE, SIDE, agents, seed=SEED)
    began = time.process_time()
    model.run(TICKS)
    return time.process_time() - began, model.hash()


def bench_rcm1(agents: int = JUDGED, rounds: int = 7,
               report: Callable[[str], None] = print) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Measure RCM-1 and return the figures and the raw numbers.

    Parameters
    ----------
    agents : int
        Residents, offenders and guardians together, on 256 x 256 cells for 365 ticks.
    rounds : int
    report : function
    """
    from sim.replications.rcm1 import RCM1
    from sim.replications.rcm1_objects import RCM1Objects

    figures, raw = [_check_published()], {"agents": agents, "ticks": TICKS, "rounds": []}
    same = _same_as_objects()
    figures.append(figure("rcm1", f"events of the Mesa objects, {SMALL[2]:,} agents", "equal" if same else "differ", "",
                          "equal", same))
    RCM1(SIDE, SIDE, agents, seed=SEED).run(2)
    objects = RCM1Objects(SIDE, SIDE, agents, seed=SEED)
    objects.step()
    with tempfile.TemporaryDirectory(prefix="rcm1-") as folder:
        try:
            programs, raw["compiler"] = compile_c(Path(folder))
        except NoCompiler as why:
            programs, raw["compiler"] = {}, f"none: {why}"
            report(f"rcm1: comparison with C skipped: {why}")
        for number in range(rounds):
            raw["rounds"].append(_round(programs, agents, objects))
            report(f"rcm1: round {number + 1} of {rounds}: CPU seconds a year: " + ", ".join(
                f"{name} {seconds:.3f}" for name, seconds in raw["rounds"][-1].items() if name != "hash"))
    figures += _judge(raw, agents, bool(programs))
    return figures, raw


def _check_published() -> dict[str, Any]:
    from sim.replications.rcm1 import PUBLISHED, RCM1

    wrong = []
    for (width, height, agents, ticks, seed), expected in PUBLISHED.items():
        model = RCM1(width, height, agents, seed=seed)
        model.run(ticks)
        if model.hash() != expected:
            wrong.append(f"{agents:,} agents: expected {expected}, found {model.hash()}")
    return figure("rcm1", "published hashes of events", "differ" if wrong else "equal", "", "equal", not wrong,
                  "; ".join(wrong))


def _same_as_objects() -> bool:
    from sim.replications.rcm1 import RCM1
    from sim.replications.rcm1_objects import RCM1Objects

    width, height, agents, ticks = SMALL
    columns, objects = RCM1(width, height, agents, seed=SEED), RCM1Objects(width, height, agents, seed=SEED)
    columns.run(ticks)
    objects.run(ticks)
    return len(objects.events) > 0 and columns.hash() == objects.hash()


def _round(programs: dict[str, Path], agents: int, objects: Any) -> dict[str, Any]:
    out: dict[str, Any] = {}
    hashes = set()
    if programs:
        out["plain C"], events = run_c(programs["plain"], agents)
        hashes.add(events)
    tuned, kernels = [], []
    for _ in range(TURNS):
        if programs:
            seconds, events = run_c(programs["tuned"], agents)
            tuned.append(seconds)
            hashes.add(events)
        seconds, events = run_kernels(agents)
        kernels.append(seconds)
        hashes.add(events)
    if tuned:
        out["tuned C"] = sum(tuned) / TURNS
    out["kernels"] = sum(kernels) / TURNS
    began = time.process_time()
    objects.step()
    out["Mesa objects"] = (time.process_time() - began) * TICKS
    out["hash"] = " ".join(sorted(hashes))
    return out


def _judge(raw: dict[str, Any], agents: int, with_c: bool) -> list[dict[str, Any]]:
    rounds = raw["rounds"]

    def ratio(a: str, b: str) -> tuple[float, str]:
        values = sorted(r[a] / r[b] for r in rounds)
        return median(values), f"rounds from {values[0]:.3g} to {values[-1]:.3g}"

    judged = agents == JUDGED
    figures = [figure("rcm1", f"{name}, {agents:,} agents", median(r[name] for r in rounds), "CPU s/year")
               for name in ("plain C", "tuned C", "kernels", "Mesa objects") if name in rounds[0]]
    figures[-1]["note"] = "one tick in each round, times 365"
    if with_c:
        hashes = {r["hash"] for r in rounds}
        same = len(hashes) == 1 and " " not in next(iter(hashes))
        figures.append(figure("rcm1", "events of both C versions and the kernels", "equal" if same else "differ", "",
                              "equal", same))
        value, note = ratio("kernels", "tuned C")
        figures.append(figure("rcm1", "kernels / tuned C", value, "x", "<= 1.5 (aim 1.2)" if judged else "",
                              value <= 1.5 if judged else None, note))
        value, note = ratio("plain C", "tuned C")
        figures.append(figure("rcm1", "plain C / tuned C", value, "x", ">= 3" if judged else "",
                              value >= 3 if judged else None, note))
    else:
        figures.append(figure("rcm1", "kernels / tuned C", None, "x", "<= 1.5", None,
                              "skipped: " + raw["compiler"].removeprefix("none: ")))
    value, note = ratio("Mesa objects", "kernels")
    figures.append(figure("rcm1", "Mesa objects / kernels", value, "x", ">= 400" if judged else "",
                          value >= 400 if judged else None, note))
    return figures
