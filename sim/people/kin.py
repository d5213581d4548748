"""Who belongs to whom: partners, mothers and the children of a home."""

from __future__ import annotations

import numpy as np

from sim.columns import BLOCK
from sim.draws import uniforms

LEAST_MOTHER, LAST_MOTHER = 15, 46  # ages between a mother and her child
ADULT = 18.0


def years(model) -> np.ndarray:
    """Age of every resident in years and parts of them."""
    return (model.day - model.residents["birth_day"]) / 365.0


def recognise(model, rows: np.ndarray) -> None:
    """Read partners and mothers off the households of people of whom we know only who lives together."""
    r, d = model.residents, model.dwellings
    at = d.find(r["dwelling"])
    order = rows[np.lexsort((r["key"][rows], at[rows]))]
    couple = order[(r["partner"][order] == 1) & (r["spouse"][order] < 0) & (at[order] >= 0)]
    first = np.flatnonzero(at[couple][:-1] == at[couple][1:])
    first = first[np.concatenate([[True], np.diff(first) > 1])] if len(first) else first
    one, other = couple[first], couple[first + 1]
    r["spouse"][one], r["spouse"][other] = r["id"][other], r["id"][one]
    age = years(model)
    # The mother is the partnered woman of the home who is old enough, else the oldest such woman.
    women = rows[(r["sex"][rows] == 0) & (age[rows] >= LEAST_MOTHER) & (at[rows] >= 0)]
    women = women[np.lexsort((r["key"][women], -age[women], r["partner"][women] == 0, at[women]))]
    young = rows[(age[rows] < 30) & (at[rows] >= 0) & (r["mother"][rows] < 0)]
    home = at[women]
    for _ in range(3):  # one after the other, until one fits
        child = young[r["mother"][young] < 0]
        if not len(women) or not len(child):
            break
        head = np.flatnonzero(np.concatenate([[True], home[1:] != home[:-1]]))
        place = np.minimum(np.searchsorted(home[head], at[child]), len(head) - 1)
        who = women[head[place]]
        gap = age[who] - age[child]
        fits = (at[who] == at[child]) & (gap >= LEAST_MOTHER) & (gap < LAST_MOTHER) & (who != child)
        child, who = child[fits], who[fits]
        r["mother"][child] = r["id"][who]
        np.add.at(r["children"], who, 1)
        np.maximum.at(r["last_birth"], who, r["birth_day"][child])
        stay = np.ones(len(women), bool)
        stay[head] = False
        women, home = women[stay], home[stay]


def part(model) -> None:
    """Widow those whose partner has died, left the city or lives elsewhere."""
    r = model.residents
    mine = np.flatnonzero(r["spouse"] >= 0)
    other = r.find(r["spouse"][mine])
    apart = (other < 0) | ~r["alive"][other] | (r["dwelling"][other] != r["dwelling"][mine])
    r["spouse"][mine[apart]] = -1
    r["partner"][:] = r["spouse"] >= 0


class Month:
    """The residents and households of one month, as decisions see them; members by row.

    Attributes
    ----------
    here : bool array
        Alive and neither dying nor leaving the city today.
    held : bool array
        In custody.
    home : int array
        Row of the dwelling.
    head : int array over dwellings
        Row of the oldest adult, -1 without one.
    adults : int array over dwellings
    busy : bool array
        Has decided something this month, or somebody decided for him.
    """

    def __init__(self, model):
        r, d = model.residents, model.dwellings
        self.model, self.age = model, years(model)
        self.here = r["alive"].copy()
        self.here[r.find(model.leaving())] = False
        self.held = r["custody_until"] > model.tick
        self.home = d.find(r["dwelling"])
        grown = self.here & (self.age >= ADULT) & (self.home >= 0)
        self.adults = np.bincount(self.home[grown], minlength=len(d)).astype(np.int32)
        # Oldest first, then by a hash of the key: one number that a minimum finds.
        least = np.full(len(d), np.iinfo(np.int64).max)
        self.head = np.full(len(d), -1, np.int32)
        for rows, rank in self._ranked(grown):
            np.minimum.at(least, self.home[rows], rank)
        for rows, rank in self._ranked(grown):
            first = rows[rank == least[self.home[rows]]]
            self.head[self.home[first]] = first
        minors = np.flatnonzero(self.here & (self.age < ADULT) & (self.home >= 0)).astype(np.int32)
        mother = r.find(r["mother"][minors])
        with_her = (mother >= 0) & self.here[mother] & (self.home[mother] == self.home[minors])
        guardian = np.where(with_her, mother, self.head[self.home[minors]])
        order = np.argsort(guardian, kind="stable")
        self._minors, self._guardian = minors[order], guardian[order]
        self.busy = ~self.here

    def _ranked(self, which: np.ndarray):
        """Yield the rows of some residents and the number that orders them by age, a block at a time."""
        r = self.model.residents
        for start in range(0, len(which), BLOCK):
            rows = start + np.flatnonzero(which[start : start + BLOCK])
            yield rows, (r["birth_day"][rows].astype(np.int64) + (1 << 22)) << 38 | _low(r["key"][rows])

    def wards(self, rows: np.ndarray) -> np.ndarray:
        """Rows of the minors in the care of some people: their mother if she lives there, else the head of the home."""
        found = np.searchsorted(self._guardian, rows), np.searchsorted(self._guardian, rows, side="right")
        return np.concatenate([self._minors[lo:hi] for lo, hi in zip(*found)])

    def draw(self, name: str, rows: np.ndarray, k: int = 0) -> np.ndarray:
        """Keyed uniform numbers of this month."""
        return uniforms(self.model.seed, f"lifecourse.{name}", self.model.tick, self.model.residents["key"][rows], k)


def _low(keys: np.ndarray) -> np.ndarray:
    """The low 38 bits of keys: people of one home and birth day who agree in them do not occur."""
    return (keys & np.uint64((1 << 38) - 1)).astype(np.int64)
