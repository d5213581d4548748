"""Household lists: who lives in which dwelling, as linked lists through the residents."""

from __future__ import annotations

import numpy as np

from sim.columns import Population


def relink(residents: Population, dwellings: Population, homes) -> None:
    """Make the lists of some dwellings anew from the column `dwelling`: the living, the oldest first.

    Parameters
    ----------
    homes : array of int
        Ids of dwellings; each must exist.
    """
    r, d = residents, dwellings
    rows = d.rows(np.unique(np.asarray(homes, np.int64)))
    if not len(rows):
        return
    touched = np.zeros(len(d) + 1, bool)  # the last entry is for those without a home
    touched[rows] = True
    members = np.flatnonzero(r["alive"] & touched[d.find(r["dwelling"])])
    d["first_member"][rows] = -1
    r["next_member"][members] = -1
    if not len(members):
        return
    at = d.find(r["dwelling"][members])
    order = np.lexsort((r["key"][members], r["birth_day"][members], at))
    members, at = members[order], at[order]
    first = np.concatenate([[True], at[1:] != at[:-1]])
    d["first_member"][at[first]] = r["id"][members[first]]
    r["next_member"][members[:-1]] = np.where(first[1:], -1, r["id"][members[1:]])


def settle(residents: Population, dwellings: Population, city, rows: np.ndarray, homes: np.ndarray) -> None:
    """Let people live in other dwellings (ids): home and area follow, and both households' lists."""
    r, d = residents, dwellings
    before = r["dwelling"][rows].astype(np.int64)
    cell = d["cell"][d.rows(homes)]
    r["dwelling"][rows], r["home"][rows], r["area"][rows] = homes, cell, city.area[cell]
    relink(r, d, np.concatenate([before[before >= 0], np.asarray(homes, np.int64)]))
