"""What the arms of an experiment left behind, and the pairs that facts are counted on, null worlds included."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.facts.records import PROPERTY, VIOLENT
from analysis.facts.trial_arms import BASE, NULL_ARMS
from sim.records import CODE

SERIES = ("drugs.price", "drugs.sales", "drugs.sellers", "population")


@dataclass(frozen=True)
class Side:
    """One arm of one seed: events of the scored year, and what else was kept."""

    day: np.ndarray
    minute: np.ndarray
    cell: np.ndarray
    kind: np.ndarray
    recorded: np.ndarray
    weapon: np.ndarray
    link: np.ndarray
    rest: Mapping[str, np.ndarray]

    def count(self, types, cells: np.ndarray | None = None, days=(0, 10_000), layer: str = "true") -> float:
        """Events of some types, at some cells, from the first day up to the last (excluded)."""
        which = np.isin(self.kind, [CODE[t] for t in types]) & (self.day >= days[0]) & (self.day < days[1])
        if cells is not None:
            which &= np.isin(self.cell, cells)
        if layer == "recorded":
            which &= self.recorded > 0
        return float(which.sum())


@dataclass(frozen=True)
class Case:
    """A pair of arms of one seed with its treated, control and buffer cells."""

    base: Side
    arm: Side
    treated: np.ndarray
    control: np.ndarray
    buffer: np.ndarray
    glances: Side | None = None


def read_seed(path: str | os.PathLike) -> dict[str, Side]:
    """Read the outcomes of one seed, by arm."""
    arms: dict[str, dict[str, np.ndarray]] = {}
    with np.load(path, allow_pickle=False) as kept:
        for key in kept.files:
            arm, _, name = key.rpartition("|")
            arms.setdefault(arm, {})[name] = kept[key]
    columns = [f.name for f in dataclasses.fields(Side) if f.name != "rest"]
    return {arm: Side(*(v[c] for c in columns), {k: a for k, a in v.items() if k not in columns})
            for arm, v in arms.items()}


def case(trial: str, world: str, sides: Mapping[str, Side], key: int = 0) -> Case:
    """The pair of a trial in the model or a null world; `key` tells the draws of one seed from those of another."""
    base = sides.get(world, sides[BASE])
    arm = sides[f"{world}/{trial}"] if world in NULL_ARMS else sides[trial]
    treated, control = (arm.rest.get(f"{name}_cells", np.empty(0)) for name in ("treated", "control"))
    buffer = _ring(treated, control, base.rest)
    if world == "fixed_budget":
        paid = base.rest["drugs.price"] / np.maximum(arm.rest["drugs.price"], 1e-9)
        arm = dataclasses.replace(arm, rest={**arm.rest, "drugs.sales": base.rest["drugs.sales"] * paid})
    elif world == "full_displacement":
        arm = _moved(base, arm, treated, buffer, key)
    return Case(base, arm, treated, control, buffer, sides.get("glances"))


def _ring(treated: np.ndarray, control: np.ndarray, rest: Mapping[str, np.ndarray]) -> np.ndarray:
    """Cells of the city within two of a treated one, without treated and control cells."""
    from analysis.displacement import ring

    width, inside = int(rest["width"][0]), rest["inside"].astype(int)
    if not len(treated):
        return np.empty(0, int)
    height = int(inside.max()) // width + 3
    mask = np.zeros(width * height, bool)
    mask[treated.astype(int)] = True
    near = np.flatnonzero(ring(mask, width, height, 0.0, 2.0))
    return np.setdiff1d(np.intersect1d(near, inside), control)


def _moved(base: Side, arm: Side, treated: np.ndarray, buffer: np.ndarray, key: int) -> Side:
    """What would be seen if every offence prevented at treated places had been committed in the buffer."""
    rng = np.random.default_rng([key, 611])
    cell = base.cell.copy()
    days = (0, len(arm.rest.get("population", ())) or 10_000)  # the arm may have ended before the baseline
    for types in (VIOLENT, PROPERTY):
        lost = int(base.count(types, treated, days) - arm.count(types, treated, days))
        rows = np.flatnonzero(np.isin(base.kind, [CODE[t] for t in types]) & np.isin(base.cell, treated)
                              & (base.day < days[1]))
        if lost > 0 and len(buffer):
            cell[rng.choice(rows, lost, replace=False)] = rng.choice(buffer, lost)
    return dataclasses.replace(base, cell=cell)
