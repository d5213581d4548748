"""Who joins and who leaves.

Young people join through members among their friends and in their street, when the pay is good, when nobody minds
and there is neither school nor work (Howell and Egley 2005; Pyrooz, Sweeten and Piquero 2013); pay bounds the number of
members. In custody those join who sit with members (Skarbek 2014).
"""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from sim.draws import uniforms
from sim.groups.people import enrol, free, members, my_turn, temper
from sim.groups.table import position
from sim.people.synthesis import INFANT, RETIRED

STREET = 2  # cells
YOUNG, OLDEST = 24.0, 45.0
LEAST, MOST = 0.1, 8.0  # lowest and highest temper
CEILING = 4.0  # most that exposure counts for, in members among friends


def pay_factor(table: dict, usual: float) -> np.ndarray:
    """Pull of the pay per head against the usual one: 1 at the usual, at most 2."""
    x = np.clip(table["pay"] / max(usual, 1e-9), 0.0, 10.0) ** 4
    return 2.0 * x / (1.0 + x)


@njit(cache=True, nogil=True)
def young_neighbours(keys, alive, born, home, count, first, last, turn, out):
    """Write the rows of those born after day `first` and up to `last`, with members near home, whose turn it is.

    count : float64[cells], members near. turn : 0-6, all when negative (:func:`sim.groups.people.my_turn`).
    Returns their number.
    """
    n = 0
    for i in range(keys.size):
        part = (keys[i] >> uint64(6)) & uint64(0xFFFFFFFF)
        mine = (turn < 0) | (part % uint64(7) == uint64(turn))
        out[n] = i
        n += mine & alive[i] & (born[i] > first) & (born[i] <= last) & (count[home[i]] > 0)
    return n


def outside(model, table: dict, p) -> tuple[np.ndarray, np.ndarray, tuple | None]:
    """Members who are free: rows, positions of their groups, and what they make of the streets around their homes."""
    rows, at = members(model, table)
    here = free(model, rows)
    rows, at = rows[here], at[here]
    return rows, at, street(model, table, rows, at) if p.neighbour > 0 and len(rows) else None


def exposures(model, rows: np.ndarray, at: np.ndarray, around: tuple | None, p, turn: int):
    """Pairs (rows of residents, position of a group, weight): friends of members and people of their street."""
    r = model.residents
    friends = r["ties"][rows]
    other = r.find(friends.ravel()).astype(np.int64)
    ok = (other >= 0) & r["alive"][np.maximum(other, 0)]
    group = np.repeat(at, friends.shape[1])[ok]
    who, weight = other[ok], np.ones(int(ok.sum()))
    if around is not None:
        count, best = around
        lives = np.empty(len(r) + 1, np.int32)
        found = young_neighbours(r["key"], r["alive"], r["birth_day"], r["home"], count,
                                 model.day - int(365 * OLDEST), model.day - int(365 * p.age), turn, lives)
        lives = lives[:found].astype(np.int64)
        who = np.concatenate([who, lives])
        group = np.concatenate([group, best[r["home"][lives]]])
        weight = np.concatenate([weight, p.neighbour * count[r["home"][lives]]])
    mine = my_turn(r["key"][who], turn)
    return who[mine], group[mine], weight[mine]


def street(model, table: dict, rows: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Members who live within a few cells, by cell, and the group most of them belong to."""
    width, height, groups = model.city.grid.width, model.city.grid.height, len(table["id"])
    home = model.residents["home"][rows].astype(np.int64)
    step = np.arange(-STREET, STREET + 1)
    x, y = home[:, None, None] % width + step[None, None, :], home[:, None, None] // width + step[None, :, None]
    x, y = np.broadcast_arrays(x, y)
    ok = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    pair = ((y * width + x) * groups + at[:, None, None])[ok]
    pair, times = np.unique(pair, return_counts=True)
    count = np.bincount(pair // groups, times, minlength=width * height)
    best = np.zeros(width * height, np.int64)
    order = np.argsort(times, kind="stable")
    best[pair[order] // groups] = pair[order] % groups  # the last one written is the largest
    return count, best


def adults_at_home(model, rows: np.ndarray) -> np.ndarray:
    """Adults in the household of each resident."""
    r, age = model.residents, model.age()
    out = np.zeros(len(rows), np.int64)
    at = model.dwellings["first_member"][model.dwellings.rows(r["dwelling"][rows])] if len(rows) else out
    at = np.asarray(at, np.int64)
    for _ in range(30):
        here = r.find(at)
        there = here >= 0
        if not there.any():
            break
        safe = np.maximum(here, 0)
        out += there & (age[safe] >= 18)
        at = np.where(there, r["next_member"][safe], -1)
    return out


def readiness(model, rows: np.ndarray, p) -> np.ndarray:
    """Relative hazard of joining at an exposure of one member among friends; 0 for those too young or too old."""
    r, lever = model.residents, model.levers
    age = (model.day - r["birth_day"][rows]) / 365.0
    young = np.where(age < YOUNG, np.clip((age - p.age + 1.0) / 3.0, 0.3, 1.0), np.exp(-(age - YOUNG) / 5.0))
    young[(age < p.age) | (age > OLDEST)] = 0.0
    routine = r["routine"][rows]
    idle = (r["anchor"][rows] < 0) & (routine != INFANT) & (routine != RETIRED)
    log = p.jobless * idle - p.efficacy * model.layers["efficacy"][r["home"][rows]].astype(float)
    minor = age < 18
    weak = np.where(minor & (adults_at_home(model, rows) <= 1), 1.0, 0.0)
    log += p.family * (weak - lever["family"][rows] * minor * 2.0)
    log -= p.bond * lever["bond"][rows]
    log += p.bond * 0.5 * lever["labelled"][rows]
    log -= 0.5 * (r["partner"][rows] > 0)
    return young * np.exp(log) * (1.0 - np.clip(lever["occupied"][rows], 0.0, 1.0)) * temper(model, rows)


def barred(model, rows: np.ndarray) -> np.ndarray:
    """True for those who cannot join: members, and people who never offend."""
    r = model.residents
    out = r["group"][rows] >= 0
    if model.spec.banned:
        out |= np.isin(r["id"][rows], np.array(model.spec.banned, np.int64))
    return out


def joining(model, state: dict, p, turn: int, exposed: tuple,
            thin: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Relative hazards of joining of those whose turn it is (of all when negative): (rows, group, hazard).

    exposed : to whom (:func:`outside`).
    thin : leave out those whose draw is above what anybody of their exposure could have; only for speed.
    """
    table, r = state["groups"], model.residents
    who, group, weight = exposures(model, *exposed, p, turn)
    weight = weight * pay_factor(table, state["usual_pay"])[group]
    age = (model.day - r["birth_day"][who]) / 365.0
    ok = ~barred(model, who) & free(model, who) & (age >= p.age) & (age < OLDEST)
    who, group, weight = who[ok], group[ok], weight[ok]
    if not len(who):
        return who, group, weight
    # Everybody's exposures are summed; he would join the group that exposes him most.
    people, index = np.unique(who, return_inverse=True)
    order = np.lexsort((group, index))
    pair, start = np.unique(index[order] * len(table["id"]) + group[order], return_index=True)
    sums = np.add.reduceat(weight[order], start)
    total = np.bincount(pair // len(table["id"]), sums, len(people))
    best = np.zeros(len(people), np.int64)
    order = np.argsort(sums, kind="stable")
    best[pair[order] // len(table["id"])] = pair[order] % len(table["id"])  # the last one written is the largest
    exposure = np.minimum(total, CEILING)
    if thin:
        draw = uniforms(model.seed, "groups.join", model.tick, r["key"][people])
        most = MOST * np.exp(p.jobless + p.family - p.efficacy * np.minimum(model.layers["efficacy"].min(), 0.0)
                             + 0.5 * p.bond * max(float(model.levers["labelled"].max(initial=0.0)), 0.0))
        could = draw < 1.0 - np.exp(-state["join"] * exposure * most)
        people, best, exposure = people[could], best[could], exposure[could]
    return people, best, exposure * readiness(model, people, p)


def by_turns(model, state: dict, p, turn: int, thin: bool = False) -> list[np.ndarray]:
    """:func:`joining`, of all a seventh at a time: nobody's hazard depends on others', and all would take much memory.
    """
    exposed = outside(model, state["groups"], p)
    parts = [joining(model, state, p, part, exposed, thin) for part in (range(7) if turn < 0 else [turn])]
    return [np.concatenate(values) for values in zip(*parts)]


def join(model, state: dict, p, turn: int) -> int:
    """Let those whose turn it is join; returns how many."""
    r = model.residents
    people, group, hazard = by_turns(model, state, p, turn, thin=True)
    draw = uniforms(model.seed, "groups.join", model.tick, r["key"][people])
    new = draw < 1.0 - np.exp(-state["join"] * hazard)
    r["group"][people[new]] = state["groups"]["id"][group[new]]
    if new.any():
        enrol(model, state["groups"])
    return int(new.sum())


def leaving(model, state: dict, p, rows: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Weekly hazard of leaving by member: poor pay, age, a partner, a job; slowly in custody."""
    table, r = state["groups"], model.residents
    x = np.clip(state["usual_pay"] / np.maximum(table["pay"][at], 1e-9), 0.3, 2.0) ** 2
    age = (model.day - r["birth_day"][rows]) / 365.0
    hazard = p.leave * x * np.exp(0.04 * np.clip(age - 20.0, -5.0, 30.0))
    hazard = hazard * np.where(r["partner"][rows] > 0, 1.5, 1.0)
    hazard *= np.where((r["anchor"][rows] >= 0) & (age >= 18), 1.5, 1.0)
    hazard *= np.exp(p.bond * model.levers["bond"][rows])
    return hazard * np.where(free(model, rows), 1.0, 0.3)


def leave(model, state: dict, p, turn: int) -> int:
    """Let members whose turn it is leave; leaders stay. Returns how many left."""
    table, r = state["groups"], model.residents
    rows, at = members(model, table)
    mine = my_turn(r["key"][rows], turn)
    mine &= r["id"][rows] != table["leader"][at]
    rows, at = rows[mine], at[mine]
    draw = uniforms(model.seed, "groups.leave", model.tick, r["key"][rows])
    gone = draw < 1.0 - np.exp(-leaving(model, state, p, rows, at))
    r["group"][rows[gone]] = -1
    if gone.any():
        enrol(model, table)
    return int(gone.sum())


def join_inside(model, state: dict, p, turn: int) -> int:
    """In custody: the more of the inmates are members, the more of the others join one of their groups."""
    table, r = state["groups"], model.residents
    inside = np.flatnonzero(r["custody_until"] > model.tick)
    inside = inside[r["alive"][inside]]
    inside = inside[np.argsort(r["id"][inside])]
    at = position(table, r["group"][inside])
    if not (at >= 0).any():
        return 0
    share = (at >= 0).mean()
    mine = my_turn(r["key"][inside], turn)
    age = (model.day - r["birth_day"][inside]) / 365.0
    rows = inside[mine & ~barred(model, inside) & (age >= p.age) & (age < OLDEST)]
    key = r["key"][rows]
    new = rows[uniforms(model.seed, "groups.inside", model.tick, key) < 1.0 - np.exp(-p.prison * share)]
    if not len(new):
        return 0
    there = at[at >= 0]
    pick = np.floor(uniforms(model.seed, "groups.inside_which", model.tick, r["key"][new]) * len(there)).astype(int)
    r["group"][new] = table["id"][there[pick]]
    enrol(model, table)
    return len(new)


def from_beyond(model, state: dict, p) -> int:
    """Recruits from beyond the city: each takes up with a group, the nearest to his lodging."""
    flows = model.mechanisms.get("flows")
    people = flows.state.get("people") if flows is not None and flows.params.enabled else None
    count = int(people.get("recruits_today", 0)) if isinstance(people, dict) else 0
    table, r = state["groups"], model.residents
    if count <= 0 or not len(table["id"]):
        return 0
    age = model.age()
    could = np.flatnonzero(r["alive"] & (age >= 16) & (age < 35) & (r["group"] < 0))
    could = could[~barred(model, could) & free(model, could)]
    luck = -np.log(uniforms(model.seed, "groups.beyond", model.tick, r["key"][could]))
    if len(could) > count:  # who would not be among the first even with the highest temper need not be looked at
        near = luck * (LEAST / MOST) <= 1.01 * np.partition(luck, count - 1)[count - 1]
        could, luck = could[near], luck[near]
    luck = luck / temper(model, could)
    new = could[np.lexsort((r["id"][could], luck))[:count]]
    draw = uniforms(model.seed, "groups.beyond_which", model.tick, r["key"][new])
    r["group"][new] = table["id"][np.floor(draw * len(table["id"])).astype(int)]
    enrol(model, table)
    return len(new)


