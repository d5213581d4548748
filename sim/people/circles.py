"""The circles people move in: shops and a bar near a new home, friends lost and found.

Half of one's friends are others after seven years (Mollenhorst, Voelker and Flap 2014); new ones are met where one
lives, learns or works, among people of about the same age.
"""

from __future__ import annotations

import numpy as np

from sim.city.furnish import DRINKING, SHOPPING
from sim.columns import BLOCK
from sim.draws import mix_arrays, uniforms
from sim.people.nodes import NEAR_IN_ORDER, destinations

QUARTER = 3  # friends are looked over every third month, a third of the areas at a time
YOUNGEST = 6.0
AT_WORK = 0.25  # share of searches at school or work by those who have one: of four ties at the start it is one


SETTLED_AGE = 20
KEPT = 0.9  # of two of their three friends near home adults have made elsewhere


def friends_from_before(model) -> None:
    """Let two of the friends of most adults be neighbours of earlier homes, who live anywhere.

    People have moved before a run begins, so that the share of friends near home does not fall while it lasts.
    """
    r, age = model.residents, model.age()
    rows = np.flatnonzero(r["alive"] & (age >= SETTLED_AGE))
    rows = rows[np.lexsort((_hash(r["key"][rows]), age[rows].astype(np.int64)))]
    place, ties = np.arange(len(rows)), r["ties"]
    for k in (1, 2):
        kept = uniforms(model.seed, "lifecourse.kept_friend", 0, r["key"][rows], k) < KEPT
        shift = 1 + np.floor(NEAR_IN_ORDER * uniforms(model.seed, "lifecourse.who_was_kept", 0, r["key"][rows], k))
        at = np.where(place + shift < len(rows), place + shift, place - shift).astype(np.int64)
        friend = rows[np.clip(at, 0, len(rows) - 1)]
        kept &= (r["dwelling"][friend] != r["dwelling"][rows]) & (ties[rows, k] >= 0)
        kept &= ~(ties[rows] == r["id"][friend][:, None]).any(axis=1)
        ties[rows[kept], k] = r["id"][friend[kept]]


class Places:
    """Shops and bars of the city, prepared for choices."""

    def __init__(self, model):
        city = model.city
        everywhere = (city.area >= 0).astype(float)
        self.shops = destinations(city.layers["shops"], everywhere, city.grid.width, SHOPPING)
        self.bars = destinations(city.layers["bars"], everywhere, city.grid.width, DRINKING)


def new_nodes(life, model, rows: np.ndarray) -> None:
    """Choose shops and a bar near the home of people who have just moved."""
    if not len(rows):
        return
    if life.places is None:
        life.places = Places(model)
    r = model.residents
    rows = rows[np.argsort(r["home"][rows], kind="stable")]
    keys = np.empty(len(rows), np.uint64)
    mix_arrays(r["key"][rows], np.full(len(rows), model.day + (1 << 31), np.uint64), keys)
    home = r["home"][rows]
    for k in range(2):
        r["shop_nodes"][rows, k] = life.places.shops.choose(home, model.seed, "lifecourse.shop", k=k, keys=keys)
    r["bar_node"][rows] = life.places.bars.choose(home, model.seed, "lifecourse.bar", keys=keys)


def renew(life, month) -> None:
    """Lose friends who are gone, far away or just lost, and find others; a third of the areas and workplaces."""
    model, r = month.model, month.model.residents
    turn = (model.day // 30) % QUARTER
    mine = np.flatnonzero(month.here & (r["area"] % QUARTER == turn))
    for start in range(0, len(mine), BLOCK):  # a block at a time: nobody's loss depends on others'
        _lose(life, month, mine[start : start + BLOCK])
    _find(life, month, r["area"], mine, at_work=False)
    anchor = r["anchor"]
    _find(life, month, anchor, np.flatnonzero(month.here & (anchor >= 0) & (anchor % QUARTER == turn)), at_work=True)


def _lose(life, month, rows: np.ndarray) -> None:
    model, r, p = month.model, month.model.residents, life.params
    width, ties = model.city.grid.width, r["ties"]
    near = p.friends_lost * QUARTER / 12
    for slot in range(ties.shape[1]):
        named = rows[ties[rows, slot] >= 0]
        friend = r.find(ties[named, slot])
        gone = (friend < 0) | ~month.here[friend]
        pair = np.empty(len(named), np.uint64)
        mix_arrays(r["key"][named], r["key"][friend], pair)
        a, b = r["home"][named], r["home"][friend]
        km = np.hypot(a % width - b % width, a // width - b // width) * model.city.grid.cell_m / 1000
        same_place = (r["anchor"][named] == r["anchor"][friend]) & (r["anchor"][named] >= 0)
        risk = near * np.where(same_place, 0.5, 1 + np.minimum(km, 10) / 4)
        lost = gone | (uniforms(model.seed, "lifecourse.lose_friend", model.tick, pair) < risk)
        ties[named[lost], slot] = -1


def _find(life, month, group: np.ndarray, rows: np.ndarray, at_work: bool) -> None:
    """Seekers among `rows` meet somebody near in the order of their group by age; each has four tries."""
    r, age = month.model.residents, month.age
    rows = rows[(age[rows] >= YOUNGEST) & ~month.held[rows]]
    if len(rows) < 2:
        return
    key = r["key"][rows]
    rank = group[rows].astype(np.int64) << 45 | np.minimum(age[rows], 127).astype(np.int64) << 38
    order = np.argsort(rank | (_hash(key) & np.int64((1 << 38) - 1)))
    rows, where = rows[order], group[rows[order]]
    ties = r["ties"]
    seek = np.flatnonzero((ties[rows] < 0).any(axis=1))
    seek = seek[month.draw("find_friend", rows[seek]) < life.params.friends_found * QUARTER / 12]
    prefers = (month.draw("where_to_look", rows[seek]) < AT_WORK) & (r["anchor"][rows[seek]] >= 0)
    seek = seek[prefers == at_work]
    met = np.full(len(seek), -1, np.int64)
    for k in range(4):
        u = month.draw("meet", rows[seek], k)
        shift = np.floor(2 * NEAR_IN_ORDER * u).astype(np.int64) - NEAR_IN_ORDER
        at = np.clip(seek + np.where(shift >= 0, shift + 1, shift), 0, len(rows) - 1)
        i, j = rows[seek], rows[at]
        fits = (where[at] == where[seek]) & (month.home[i] != month.home[j]) & (met < 0)
        fits &= np.abs(age[i] - age[j]) <= np.minimum(2 + 0.2 * age[i], 12)
        fits &= ~(ties[i] == r["id"][j][:, None]).any(axis=1)
        met[fits] = j[fits]
    found = met >= 0
    i = rows[seek[found]]
    slot = np.argmax(ties[i] < 0, axis=1)
    ties[i, slot] = r["id"][met[found]]


def _hash(keys: np.ndarray) -> np.ndarray:
    """Spread the keys of the first inhabitants, which stand in the order of their homes."""
    return ((keys * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)).astype(np.int64)
