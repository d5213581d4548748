"""A city followed for twenty years: does anything drift to zero or explode, does anything impossible come about?

``python -m experiments.decades --out results/decades > docs/twenty_years.md`` runs one simulated city a seed, checks
its state every month and keeps the yearly table of each finished seed; called again it runs what is missing.
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.invariants import check
from sim.model import CityModel
from sim.spec import build


@dataclass(frozen=True)
class Band:
    """What a column may do in any year of any seed, and the mean of all seeds over twenty years.

    Attributes
    ----------
    low, high : float
        Least and most that any year of any seed may show.
    drift : float
        Most by which the mean over seeds of the last five years may differ from that of the years 2 to 6 (the first
        runs in): a share of the latter, or an amount where `amount` is true.
    """

    low: float
    high: float
    drift: float
    amount: bool
    why: str


BANDS = {
    "population": Band(0.85, 1.15, 0.08, False, "of the residents at the start; homes bound it"),
    "employed": Band(0.75, 0.97, 0.03, True, "share of the labour force"),
    "custody": Band(10.0, 900.0, 0.6, False, "per 100,000 residents; the world's countries: about 30 to 1,000"),
    "groups": Band(0.5, 25.0, 0.5, False, "a yearly mean; never without any for long"),
    "members": Band(2.0, 120.0, 0.6, False, "per 20,000 residents; at most the 0.6 % of the start's rule"),
    "users": Band(0.3, 8.0, 0.3, False, "per cent of residents"),
    "dependents": Band(0.1, 3.0, 0.35, False, "per cent of residents"),
    "efficacy": Band(-2.5, 1.0, 0.15, True, "sd, mean over homes"),
    "guns": Band(0.0, 60.0, 0.3, False, "held illegally, per 1,000 residents"),
    "trust": Band(0.2, 0.9, 0.05, True, "0 to 1"),
    "fear": Band(0.05, 0.7, 0.05, True, "0 to 1"),
    "violence": Band(2.0, 150.0, 0.25, False, "robbery, assault, homicide, extortion per 1,000 residents a year"),
    "property": Band(5.0, 300.0, 0.25, False, "burglary, theft, vehicle crime per 1,000 residents a year"),
}
VIOLENCE, PROPERTY = ("robbery", "assault", "homicide", "extortion"), ("burglary", "theft", "vehicle")


def year_of(series: Mapping[str, np.ndarray], year: int, residents: int) -> dict[str, float]:
    """Means and counts of one year, in the units of `BANDS`."""
    part = slice(365 * year, 365 * (year + 1))

    def mean(name: str) -> float:
        return float(np.nanmean(series[name][part]))

    people = mean("population")
    counts = {name: sum(float(np.nansum(series[f"true.{t}"][part])) for t in types)
              for name, types in (("violence", VIOLENCE), ("property", PROPERTY))}
    return {
        "population": people / residents, "employed": 1.0 - mean("unemployment"),
        "custody": 1e5 * mean("in_custody") / people, "groups": mean("groups.number"),
        "members": mean("groups.members") * 20_000 / people, "users": 100 * mean("drugs.users") / people,
        "dependents": 100 * mean("drugs.dependents") / people, "efficacy": mean("community.efficacy"),
        "guns": 1_000 * mean("firearms.held") / people, "trust": mean("trust"), "fear": mean("fear"),
        **{name: 1_000 * n / people for name, n in counts.items()},
    }


def follow(given: Mapping[str, Any], years: int, faults: list[str]) -> list[dict[str, float]]:
    """Run one city; the state is checked twelve times a year, and what is wrong is added to `faults`."""
    from experiments.cities import build_city

    spec = build({**given, "burn_in_years": 0, "years": years})
    model = CityModel(spec, city=build_city(spec))
    start = int(model.residents["alive"].sum())
    for month in range(12 * years):
        model.run_days(round(365 * (month + 1) / 12) - model.day)
        faults += [f"month {month + 1}: {line}" for line in check(model)]
    series = model.series.columns()
    return [year_of(series, year, start) for year in range(years)]


def outside(tables: Sequence[Sequence[Mapping[str, float]]]) -> list[str]:
    """Return a line for every column that leaves its band or drifts."""
    found = []
    values = {name: np.array([[row[name] for row in table] for table in tables]) for name in BANDS}
    for name, band in BANDS.items():
        v = values[name]
        if not np.isfinite(v).all() or v.min() < band.low or v.max() > band.high:
            found.append(f"{name}: {v.min():.3g} to {v.max():.3g}, expected {band.low:g} to {band.high:g}")
        if v.shape[1] >= 20:
            early, late = v[:, 1:6].mean(), v[:, -5:].mean()
            change = late - early if band.amount else late / early - 1.0
            if abs(change) > band.drift:
                found.append(f"{name}: drifts from {early:.3g} to {late:.3g}, expected within {band.drift:g}")
    return found


def page(tables: Mapping[int, Sequence[Mapping[str, float]]], faults: Sequence[str], described: str) -> str:
    """Return docs/twenty_years.md."""
    first = next(iter(tables.values()))
    shown = [y for y in (1, 2, 5, 10, 15, 20) if y <= len(first)]
    v = {name: np.array([[row[name] for row in table] for table in tables.values()]) for name in BANDS}
    lines = [
        "# Twenty years of a city", "",
        f"Written by `python -m experiments.decades`: {described}. The state of every city is checked twelve times a "
        f"year (`sim/invariants.py`): {len(faults) or 'no'} {'fault' if len(faults) == 1 else 'faults'}.", "",
        "Means over seeds, with the least and the most of any year of any seed, and the bands they must stay in. Drift:"
        " the last five years against the years 2 to 6, with its 95 % interval over seeds. A missing value or one "
        "outside its declared range, in any column of people, homes, officers or places, counts as a fault.", "",
        "| column | " + " | ".join(f"year {y}" for y in shown) + " | least to most | band | drift | allowed | unit |",
        "|" + "---|" * (len(shown) + 6),
    ]
    for name, band in BANDS.items():
        means = [f"{v[name][:, y - 1].mean():.3g}" for y in shown]
        lines.append("| " + " | ".join([
            name, *means, f"{v[name].min():.3g} to {v[name].max():.3g}", f"{band.low:g} to {band.high:g}",
            _drift(v[name], band), f"{band.drift:g}" if band.amount else f"{100 * band.drift:g} %", band.why]) + " |")
    wrong = outside(list(tables.values()))
    lines += ["", "Outside a band: " + ("; ".join(wrong) or "nothing") + ".", "",
              "## Every seed, first and last year", "", "| seed | " + " | ".join(BANDS) + " |",
              "|" + "---|" * (len(BANDS) + 1)]
    for seed, table in tables.items():
        cells = [f"{table[0][name]:.3g} → {table[-1][name]:.3g}" for name in BANDS]
        lines.append("| " + " | ".join([str(seed), *cells]) + " |")
    return "\n".join(lines) + "\n"


def _drift(v: np.ndarray, band: Band) -> str:
    if v.shape[1] < 20:
        return "-"
    early, late = v[:, 1:6].mean(axis=1), v[:, -5:].mean(axis=1)
    if len(v) < 2:
        change = float((late - early)[0]) if band.amount else 100 * float((late / early - 1)[0])
        return f"{change:+.2g}" if band.amount else f"{change:+.0f} %"
    from analysis.effects import compare

    e = compare(late, early)
    if band.amount:
        return f"{e.difference:+.2g} [{e.low:+.2g}, {e.high:+.2g}]"
    return f"{e.percent:+.0f} % [{e.percent_low:+.0f}, {e.percent_high:+.0f}]"


def finished(path: Path, stamp: Mapping[str, Any]) -> tuple[list[dict[str, float]] | None, list[str]]:
    """Read the table of a seed and its faults if it is of this specification and code; None if there is none."""
    try:
        kept = json.loads((path.with_suffix(".json")).read_text(encoding="utf-8"))
        with path.open(encoding="utf-8", newline="") as file:
            rows = [{name: float(row[name]) for name in BANDS} for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError):
        return None, []
    if any(kept.get(name) != value for name, value in stamp.items()):
        return None, []
    return rows, list(kept.get("faults", ()))


def keep(path: Path, rows: Sequence[Mapping[str, float]], stamp: Mapping[str, Any]) -> None:
    """Write the table of a seed and what it is of; a table without its stamp counts as missing."""
    path.with_suffix(".json").unlink(missing_ok=True)
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["year", *BANDS])
        writer.writeheader()
        writer.writerows({"year": y + 1, **row} for y, row in enumerate(rows))
    os.replace(part, path)
    part.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    os.replace(part, path.with_suffix(".json"))


def run(given: Mapping[str, Any], years: int, seeds: Sequence[int], out: Path,
        tell: Callable[[str], None]) -> tuple[dict[int, list[dict[str, float]]], list[str]]:
    """Run the seeds that are missing in a folder and return all tables with the faults that were found."""
    from experiments.provenance import source_hash

    out.mkdir(parents=True, exist_ok=True)
    tables, faults = {}, []
    for n, seed in enumerate(seeds):
        spec = build({**given, "seed": seed, "burn_in_years": 0, "years": years})
        stamp = {"spec": spec.hash(), "source": source_hash()}
        path, begun = out / f"seed_{seed}.csv", time.perf_counter()
        rows, wrong = finished(path, stamp)
        if rows is None:
            rows = follow({**given, "seed": seed}, years, wrong)
            keep(path, rows, {**stamp, "faults": wrong})
            gc.collect()  # a model holds references to itself: twenty years of events would wait for the collector
            last = ", ".join(f"{name} {rows[-1][name]:.3g}" for name in BANDS)
            tell(f"seed {seed} done in {time.perf_counter() - begun:.0f} s ({n + 1} of {len(seeds)}): {last}; "
                 f"{len(wrong)} faults")
        faults += [f"seed {seed}, {line}" for line in wrong]
        tables[seed] = rows
    return tables, faults


def main(argv: Sequence[str] | None = None) -> int:
    """Run the seeds and print the page; exit 1 when something is impossible or outside its band."""
    from experiments.switches import preset

    parser = argparse.ArgumentParser(prog="python -m experiments.decades", description=__doc__.split("\n")[0])
    parser.add_argument("--preset", default="compact_european")
    parser.add_argument("--residents", type=int, default=20_000)
    parser.add_argument("--years", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--tick-hours", type=int, default=12)
    parser.add_argument("--out", type=Path, default=Path("results/decades"))
    a = parser.parse_args(argv)
    given = {"city": preset(a.preset, a.residents), "tick_hours": a.tick_hours}
    tables, faults = run(given, a.years, range(a.first_seed, a.first_seed + a.seeds), a.out,
                         lambda line: print(line, file=sys.stderr, flush=True))
    described = (f"preset `{a.preset}`, {a.residents:,} residents, {a.years} years, ticks of {a.tick_hours} hours, "
                 f"{a.seeds} seeds")
    print(page(tables, faults, described), end="")
    for line in faults:
        print(line, file=sys.stderr)
    return 1 if faults or outside(list(tables.values())) else 0


if __name__ == "__main__":
    sys.exit(main())
