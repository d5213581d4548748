"""Where residents go and whom they know: school or work, shops, a bar, ties."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.city.furnish import COMMUTE, DRINKING, SCHOOLING, SHOPPING, STUDYING
from sim.city.gravity import Destinations
from sim.city.grid import City
from sim.draws import decision, draw4, pick

PUPIL, STUDENT, WORKER, SHIFT = 1, 2, 3, 4
NEAR_IN_ORDER = 12  # ties are drawn among that many people before and after in the order of age and home


def destinations(layer: np.ndarray, fallback: np.ndarray, width: int, form: tuple[float, float, float]) -> Destinations:
    """Prepared destinations of one kind; `fallback` stands in where a city has none."""
    return Destinations(layer if (layer > 0).any() else fallback, width, *form)


def choose_nodes(city: City, home: np.ndarray, routine: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """School or work, two shop cells and a bar cell of every resident, by size and distance from home.

    Residents must stand in the order of their home cells; the key of a draw is the resident's number.
    """
    width, layers = city.grid.width, city.layers
    everywhere = (city.area >= 0).astype(float)
    anchor = np.full(home.size, -1, np.int32)
    jobs = destinations(layers["jobs"], everywhere, width, COMMUTE)
    jobs.choose(home, seed, "people.work", (routine == WORKER) | (routine == SHIFT), out=anchor)
    schools = destinations(layers["schools"], everywhere, width, SCHOOLING)
    schools.choose(home, seed, "people.school", routine == PUPIL, out=anchor)
    campus = np.where(layers["land_use"] == 5, np.maximum(layers["jobs"], 1), 0)
    study = destinations(campus, layers["schools"] + 1e-9 * everywhere, width, STUDYING)
    study.choose(home, seed, "people.study", routine == STUDENT, out=anchor)
    shops = destinations(layers["shops"], everywhere, width, SHOPPING)
    shop_nodes = np.empty((home.size, 2), np.int32)
    for k in range(2):
        shop_nodes[:, k] = shops.choose(home, seed, "people.shop", k=k)
    bar = destinations(layers["bars"], everywhere, width, DRINKING).choose(home, seed, "people.bar")
    return {"anchor": anchor, "shop_nodes": shop_nodes, "bar_node": bar}


@njit(cache=True)
def _order_by(group, groups, order):
    """Stable counting sort of `order` by group; members of group -1 are left out."""
    start = np.zeros(groups + 1, np.int32)
    for i in range(order.size):
        g = group[order[i]]
        if g >= 0:
            start[g + 1] += 1
    for g in range(groups):
        start[g + 1] += start[g]
    out = np.empty(start[groups], np.int32)
    at = start[:-1].copy()
    for i in range(order.size):
        g = group[order[i]]
        if g >= 0:
            out[at[g]] = order[i]
            at[g] += 1
    return out, start


@njit(cache=True)
def _tie(out, column, order, start, group, dwelling, seed, code, count, near):
    """Give everybody `count` ties among those near in the order of the group."""
    for g in range(start.size - 1):
        lo, hi = start[g], start[g + 1]
        n = hi - lo
        if n < 2:
            continue
        reach = min(near, (n - 1) // 2 + 1)
        for p in range(lo, hi):
            i = order[p]
            for k in range(count):
                for attempt in range(4):
                    a, b, _, _ = draw4(seed, code, 0, i, k * 4 + attempt)
                    shift = 1 + pick(a, reach)
                    q = p + shift if b & np.uint32(1) else p - shift
                    if q >= hi:
                        q = p - shift
                    if q < lo:
                        q = p + shift
                    if q < lo or q >= hi:
                        continue
                    j = order[q]
                    if dwelling[j] == dwelling[i]:
                        continue
                    known = False
                    for m in range(4):
                        if out[i, m] == j:
                            known = True
                    if not known:
                        out[i, column + k] = j
                        break


def choose_ties(area: np.ndarray, age: np.ndarray, anchor: np.ndarray, dwelling: np.ndarray, areas: int, cells: int,
                seed: int) -> np.ndarray:
    """Three ties of about the same age near home and one from school or work (-1: nobody found).

    Returns
    -------
    int32[residents, 4]
    """
    ties = np.full((area.size, 4), -1, np.int32)
    by_age, _ = _order_by(age, 128, np.arange(area.size, dtype=np.int32))
    order, start = _order_by(area, areas, by_age)
    _tie(ties, 0, order, start, area, dwelling, np.uint64(seed), decision("people.ties.near"), 3, NEAR_IN_ORDER)
    order, start = _order_by(anchor, cells, by_age)
    _tie(ties, 3, order, start, anchor, dwelling, np.uint64(seed), decision("people.ties.anchor"), 1, NEAR_IN_ORDER)
    lonely = ties[:, 3] < 0
    if lonely.any():  # those without school or work, or alone there, know somebody more from their area
        order, start = _order_by(area, areas, by_age)
        spare = ties.copy()
        _tie(spare, 3, order, start, area, dwelling, np.uint64(seed), decision("people.ties.spare"), 1,
             4 * NEAR_IN_ORDER)
        ties[lonely, 3] = spare[lonely, 3]
    return ties
