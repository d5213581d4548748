"""Ten figures of a stored run to be looked at one by one: what a number hides, an eye may see.

As a program: ``python -m experiments.looks results/run`` writes ``looks.png`` into the run's folder. What was seen in
them is written in ``docs/looks.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from analysis.facts.ages import AGES, rates_by_age, smooth
from analysis.facts.base import Unscored
from analysis.facts.journeys import trips
from analysis.facts.records import PROPERTY, VIOLENT, Records, read
from analysis.stored import numpy_of, read_columns
from sim.errors import DataError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHOWN = ("assault", "robbery", "burglary", "theft")
Draw = Callable[[Any, Records, dict[str, np.ndarray]], None]


def _map(axes: Any, run: Records, series: dict[str, np.ndarray]) -> None:
    cell = run.places["cell"]
    counts = run.counts(run.mask(VIOLENT + PROPERTY, "recorded")) / run.years
    grid = np.full((cell.max() // run.width + 1, run.width), np.nan)
    grid.flat[cell] = np.log1p(counts)
    axes.imshow(grid, origin="lower", cmap="magma")
    axes.set_title("recorded crime a year (log)")
    axes.set_axis_off()


def _hours(axes: Any, run: Records, series: dict[str, np.ndarray]) -> None:
    for name in SHOWN:
        hours = run.events["minute"][run.mask((name,), domestic=False)] // 60
        axes.plot(np.bincount(hours, minlength=24)[:24] / max(len(hours), 1), label=name)
    axes.set(title="share of events by hour", xlabel="hour", ylim=(0, None))
    axes.legend(fontsize=7)


def _weekdays(axes: Any, run: Records, series: dict[str, np.ndarray]) -> None:
    for name in SHOWN:
        day = run.weekday(run.events["day"][run.mask((name,))])
        axes.plot(np.bincount(day, minlength=7) / max(len(day), 1), marker="o", label=name)
    axes.set(title="share of events by weekday", ylim=(0, None))
    axes.set_xticks(range(7), DAYS)


def _ages(axes: Any, run: Records, series: dict[str, np.ndarray]) -> None:
    axes.plot(AGES, smooth(rates_by_age(run)))
    axes.set(title="offences per person and year by age", xlabel="age", ylim=(0, None))


def _distances(axes: Any, run: Records, series: dict[str, np.ndarray]) -> None:
    for label, types in (("violence", VIOLENT), ("property", PROPERTY)):
        km = trips(run, types)[2] / 1000
        axes.hist(km, np.arange(0, np.quantile(km, 0.99) + 0.2, 0.2), density=True, histtype="step", label=label)
    axes.set(title="journeys to crime", xlabel="km from home")
    axes.legend(fontsize=7)


def _lorenz(axes: Any, run: Records, series: dict[str, np.ndarray]) -> None:
    for name in SHOWN:
        counts = np.sort(run.counts(run.mask((name,), "recorded")))[::-1]
        axes.plot(np.linspace(0, 100, len(counts)), 100 * np.cumsum(counts) / max(counts.sum(), 1), label=name)
    axes.set(title="recorded crime at the hottest places", xlabel="% of places", ylabel="% of crime", xlim=(0, 30))
    axes.legend(fontsize=7)


def _series(*names: str, title: str) -> Draw:
    def draw(axes: Any, run: Records, series: dict[str, np.ndarray]) -> None:
        found = [n for n in names if n in series]
        if not found:
            raise Unscored(f"the run keeps no series {names[0]}")
        for name in found:
            axes.plot(np.arange(len(series[name])) / 365, series[name], label=name.rpartition(".")[2], lw=0.8)
        axes.set(title=title, xlabel="years, burn-in included")
        if len(found) > 1:
            axes.legend(fontsize=7)

    return draw


def _groups(axes: Any, run: Records, series: dict[str, np.ndarray]) -> None:
    size = 1 + (run.events["partners"][run.mask()] >= 0).sum(axis=1)
    axes.bar(range(1, 5), np.bincount(size, minlength=5)[1:5] / max(len(size), 1))
    axes.set(title="offenders in one offence", yscale="log")
    axes.set_xticks(range(1, 5))


FIGURES: dict[str, Draw] = {
    "map": _map, "hours": _hours, "weekdays": _weekdays, "ages": _ages, "distances": _distances, "lorenz": _lorenz,
    "prices": _series("drugs.price", title="retail price of drugs"), "groups": _groups,
    "trust": _series("trust", "fear", title="trust in the police and fear"),
    "custody": _series("in_custody", title="people in custody"),
}


def draw(run: Records, series: dict[str, np.ndarray], path: Path) -> list[str]:
    """Draw the figures to a file; returns what could not be drawn and why."""
    from matplotlib.figure import Figure

    figure, missing = Figure(figsize=(18, 7.5), layout="constrained"), []
    for axes, (name, make) in zip(figure.subplots(2, 5).flat, FIGURES.items()):
        try:
            make(axes, run, series)
        except Unscored as reason:
            missing.append(f"{name}: {reason}")
            axes.set(title=f"{name}: not drawn")
    figure.savefig(path, dpi=80)
    return missing


def main(words: list[str]) -> int:
    """Write the figures of one stored run."""
    if len(words) != 1:
        print("expected the folder of a stored run, as in: python -m experiments.looks results/run", file=sys.stderr)
        return 2
    folder = Path(words[0])
    try:
        run = read(folder)
        table = read_columns(folder / "series.parquet")
        series = {name: numpy_of(table[name]) for name in table if name not in ("date",)}
    except DataError as error:
        print(f"lamplighter: {error}", file=sys.stderr)
        return 2
    for line in draw(run, series, folder / "looks.png"):
        print(line)
    print(f"figures: {folder / 'looks.png'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
