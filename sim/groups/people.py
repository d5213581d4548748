"""Members of groups as rows of residents, always in the order of their ids."""

from __future__ import annotations

import numpy as np

from sim.groups.table import position

LONG = 3  # days of custody left from which a member counts as gone


def members(model, table: dict) -> tuple[np.ndarray, np.ndarray]:
    """Rows of all living members and the positions of their groups, in the order of ids."""
    r = model.residents
    rows = r.find(table["ids"]).astype(np.int64)
    rows = rows[rows >= 0]
    rows = rows[r["alive"][rows] & (r["group"][rows] >= 0)]
    at = position(table, r["group"][rows])
    return rows[at >= 0], at[at >= 0]


def enrol(model, table: dict) -> None:
    """Note who is a member; called whenever the column `group` has changed."""
    r = model.residents
    table["ids"] = np.sort(r["id"][np.flatnonzero(r["group"] >= 0)])


def my_turn(key: np.ndarray, turn: int) -> np.ndarray:
    """True for the seventh of people whose day it is; for all when `turn` is negative."""
    if turn < 0:
        return np.ones(len(key), bool)
    part = (key >> np.uint64(6)) & np.uint64(0xFFFFFFFF)
    return part - part // np.uint64(7) * np.uint64(7) == np.uint64(turn)  # quicker than the remainder


def free(model, rows: np.ndarray) -> np.ndarray:
    """True for those who are not in custody."""
    return model.residents["custody_until"][rows] <= model.tick


def away(model, rows: np.ndarray) -> np.ndarray:
    """True for those who are in custody for longer than a few days."""
    return model.residents["custody_until"][rows] > model.tick + LONG * model.calendar.ticks_per_day


def living(model, ids) -> np.ndarray:
    """Rows of living residents by id, -1 for the others."""
    r = model.residents
    rows = r.find(ids)
    return np.where((rows >= 0) & r["alive"][np.maximum(rows, 0)], rows, -1)


def temper(model, rows: np.ndarray) -> np.ndarray:
    """How readily somebody takes to violence, 0.1 to 8 around 1: the root of the odds of low restraint."""
    r, p = model.residents, model.mechanisms["offending"].params
    restraint = r["self_control"][rows].astype(float) + model.levers["restraint"][rows]
    drive = -p.self_control * restraint + p.male * r["sex"][rows]
    return np.clip(np.exp(0.5 * drive / p.readiness_scale - 0.5), 0.1, 8.0)


def ties_within(model, rows: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Ties of each resident to others of the same label, counted from both ends."""
    r = model.residents
    ids = r["id"][rows]
    out = np.zeros(len(rows))
    if not len(rows):
        return out
    friends = r["ties"][rows]
    at = np.minimum(np.searchsorted(ids, friends), len(ids) - 1)
    known = (ids[at] == friends) & (label[at] == label[:, None]) & (at != np.arange(len(rows))[:, None])
    out += known.sum(axis=1)
    np.add.at(out, at[known], 1.0)
    return out
