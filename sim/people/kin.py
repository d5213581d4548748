"""Who belongs to whom: partners, mothers and the children of a home."""

from __future__ import annotations

import numpy as np

LEAST_MOTHER, LAST_MOTHER = 15, 46  # ages between a mother and her child


def years(model) -> np.ndarray:
    """Age of every resident in years and parts of them."""
    return (model.day - model.residents["birth_day"]) / 365.0


def recognise(model) -> None:
    """Read partners and mothers off the households of the start: the synthesis says only who lives together."""
    r, d = model.residents, model.dwellings
    at = d.find(r["dwelling"])
    order = np.lexsort((r["key"], at))
    couple = order[(r["partner"][order] == 1) & (at[order] >= 0)]
    first = np.flatnonzero(at[couple][:-1] == at[couple][1:])
    first = first[np.concatenate([[True], np.diff(first) > 1])] if len(first) else first
    one, other = couple[first], couple[first + 1]
    r["spouse"][one], r["spouse"][other] = r["id"][other], r["id"][one]
    age = years(model)
    # The mother is the partnered woman of the home who is old enough, else the oldest such woman.
    women = np.flatnonzero((r["sex"] == 0) & (age >= LEAST_MOTHER) & (at >= 0))
    women = women[np.lexsort((r["key"][women], -age[women], r["partner"][women] == 0, at[women]))]
    home = at[women]
    for _ in range(3):  # one after the other, until one fits
        head = np.flatnonzero(np.concatenate([[True], home[1:] != home[:-1]])) if len(home) else np.empty(0, np.int64)
        of_home = np.full(len(d), -1, np.int64)
        of_home[home[head]] = women[head]
        child = np.flatnonzero((r["mother"] < 0) & (at >= 0) & (age < 30))
        who = of_home[at[child]]
        gap = age[who] - age[child]
        fits = (who >= 0) & (gap >= LEAST_MOTHER) & (gap < LAST_MOTHER) & (who != child)
        child, who = child[fits], who[fits]
        r["mother"][child] = r["id"][who]
        stay = np.ones(len(women), bool)
        stay[head] = False
        women, home = women[stay], home[stay]
    born = r["mother"] >= 0
    mother = r.find(r["mother"][born])
    r["children"][:] = np.minimum(np.bincount(mother, minlength=len(r)), 255)
    np.maximum.at(r["last_birth"], mother, r["birth_day"][born])


def part(model) -> None:
    """Widow those whose partner has died, left the city or lives elsewhere."""
    r = model.residents
    mine = np.flatnonzero(r["spouse"] >= 0)
    other = r.find(r["spouse"][mine])
    apart = (other < 0) | ~r["alive"][other] | (r["dwelling"][other] != r["dwelling"][mine])
    alone = mine[apart]
    r["spouse"][alone] = -1
    r["partner"][:] = r["spouse"] >= 0
