"""What groups owe one another in blood, and the fights that are planned for the days to come.

Every attack leaves a debt of its victims towards the attackers that fades and is paid by one revenge: the mean number
of revenges of an attack stays below one, or feuds would never end (Jacobs and Wright 2006; Papachristos 2009).
"""

from __future__ import annotations

import numpy as np

from sim.draws import uniforms
from sim.groups import turf as contest
from sim.groups.table import distance, mixed, position
from sim.records import MOTIVES

TURF, RETALIATION, DISCIPLINE, EXTORTION = (MOTIVES.index(m) for m in
                                            ("turf", "retaliation", "discipline", "extortion"))
PLAN = {"attacker": "i8", "defender": "i8", "cell": "i8", "motive": "i8", "key": "u8", "due": "i8", "member": "i8"}
PATIENCE = 3  # days that a planned fight waits for an occasion
LOST, KILLED = 1.0, 0.8  # debt of an attack, and on top of it for a death


def empty_plan() -> dict[str, np.ndarray]:
    """Return a plan without fights."""
    return {name: np.zeros(0, kind) for name, kind in PLAN.items()}


def plan(state: dict, **values) -> None:
    """Add fights to the plan, kept in the order of (due tick, key)."""
    count = len(np.atleast_1d(values["key"]))
    table = state["plan"]
    for name, kind in PLAN.items():
        new = np.broadcast_to(np.asarray(values.get(name, -1)).astype(kind), count)
        table[name] = np.concatenate([table[name], new])
    order = np.lexsort((table["key"], table["due"]))
    for name in PLAN:
        table[name] = table[name][order]


def out_tick(model, key, days_ahead=1) -> np.ndarray:
    """A keyed tick of a coming day at which to look for the others; later ones follow until they are met."""
    length = model.calendar.ticks_per_day
    slot = np.floor(uniforms(model.seed, "groups.slot", model.tick, key) * length).astype(np.int64)
    return model.tick + 1 + (np.asarray(days_ahead) - 1) * length + slot


def battle(model, state: dict, g: int, h: int, cell: int, key, p) -> None:
    """Plan the fights of a contest: one tomorrow and some more within a week. Within a group (g = h) they are its own.
    """
    table = state["groups"]
    u = uniforms(model.seed, "groups.battle", model.tick, np.array([key]))[0]
    mean, count, mass = p.more_fights, 0, np.exp(-p.more_fights)
    total = mass
    while u > total and count < 6:  # a Poisson number
        count += 1
        mass *= mean / count
        total += mass
    keys = mixed(key, np.arange(count + 1))
    later = uniforms(model.seed, "groups.battle_day", model.tick, keys) * 7
    days = np.where(np.arange(count + 1) == 0, 1, 1 + np.floor(later)).astype(np.int64)
    plan(state, attacker=table["id"][g], defender=table["id"][h], cell=cell,
         motive=DISCIPLINE if g == h else TURF, key=keys, due=out_tick(model, keys, days))


def retaliate(model, state: dict, p) -> int:
    """Plan the revenges of tomorrow; returns how many mediators stopped."""
    table = state["groups"]
    debt = table["debt"]
    debt *= np.exp(-p.forgetting)
    debt[debt < 1e-3] = 0.0
    a, d = np.nonzero(debt)
    if not len(a):
        return 0
    care = contest.caution(model, table)[a]
    fighters = contest.strength(model, table, p)[a] >= 1.0
    # At the usual perceived risk the factor is 1; it never exceeds 1.25.
    nerve = np.minimum(2.0 / (1.0 + np.exp(p.sanction * (care - 0.3))), 1.25)
    key = mixed(table["key"][a], table["key"][d])
    draw = uniforms(model.seed, "groups.retaliate", model.tick, key)
    now = fighters & (draw < 1.0 - np.exp(-p.retaliation * nerve * debt[a, d]))
    a, d, key = a[now], d[now], key[now]
    if not len(a):
        return 0
    cell = np.array([scene(model, table, i, j) for i, j in zip(a, d)], np.int64)
    debt[a, d] = np.maximum(debt[a, d] - 1.0, 0.0)
    heard = uniforms(model.seed, "groups.mediation", model.tick, key) < model.levers["mediation"][cell]
    go = ~heard
    plan(state, attacker=table["id"][a[go]], defender=table["id"][d[go]], cell=cell[go], motive=RETALIATION,
         key=key[go], due=out_tick(model, key[go]))
    return int(heard.sum())


def scene(model, table: dict, a: int, d: int) -> int:
    """Where the others are looked for: their place that is nearest to one's own home, or else their home."""
    cells = np.flatnonzero(model.layers["turf"] == table["id"][d])
    if not len(cells):
        return int(table["home"][d])
    return int(cells[np.argmin(distance(model, table["home"][a], cells))])


def owe(table: dict, victims: int, attackers: int, killed: bool) -> None:
    """A group that was attacked owes a revenge, by their ids."""
    v, a = position(table, np.array([victims, attackers]))
    if v >= 0 and a >= 0 and v != a:
        table["debt"][v, a] += LOST + (KILLED if killed else 0.0)
