"""The table of groups: equally long arrays sorted by id, and square arrays of what groups think and owe one another.

The id of a group is that of the resident who founded it (nobody founds twice), its key that of the founder mixed.
"""

from __future__ import annotations

import numpy as np

from sim.draws import mix_arrays

COLUMNS = {
    "id": "i8", "key": "u8", "leader": "i8",
    "home": "i8",  # cell
    "cohesion": "f8", "cash": "f8",
    "income": "f8",  # a week, smoothed
    "week": "f8",  # income since the last pay day
    "pay": "f8",  # per head and week, smoothed
    "born": "i8",  # day
}
SALT = np.uint64(0x67726F757073)


def empty() -> dict:
    """Return a state without groups."""
    out = {name: np.zeros(0, kind) for name, kind in COLUMNS.items()}
    return {**out, "ids": np.zeros(0, np.int64), "belief": np.zeros((0, 0)), "debt": np.zeros((0, 0))}


def insert(table: dict, **values) -> None:
    """Add one group; `belief` (what others and it believe, a number) and `debt` start at the values given or 0."""
    at = int(np.searchsorted(table["id"], values["id"]))
    for name in COLUMNS:
        table[name] = np.insert(table[name], at, values.get(name, 0))
    for name in ("belief", "debt"):
        square = np.insert(table[name], at, values.get(name, 0.0), axis=0)
        table[name] = np.insert(square, at, values.get(name, 0.0), axis=1)


def drop(table: dict, keep: np.ndarray) -> None:
    """Keep the groups of a mask."""
    for name in COLUMNS:
        table[name] = table[name][keep]
    for name in ("belief", "debt"):
        table[name] = table[name][np.ix_(keep, keep)]


def position(table: dict, ids: np.ndarray) -> np.ndarray:
    """Positions of groups by id, -1 where there is none."""
    ids = np.asarray(ids, np.int64)
    if not len(table["id"]):
        return np.full(ids.shape, -1, np.int64)
    at = np.minimum(np.searchsorted(table["id"], ids), len(table["id"]) - 1)
    return np.where(table["id"][at] == ids, at, -1)


def mixed(a, b) -> np.ndarray:
    """Keys of pairs (uint64); either may be a number."""
    a, b = np.asarray(a, np.uint64), np.asarray(b, np.uint64)
    if not a.ndim:
        a = np.full(b.shape, a)
    elif not b.ndim:
        b = np.full(a.shape, b)
    elif a.shape != b.shape:
        a, b = np.broadcast_arrays(a, b)
    out = np.empty(a.size, np.uint64)
    mix_arrays(np.ascontiguousarray(a).ravel(), np.ascontiguousarray(b).ravel(), out)
    return out.reshape(a.shape)


def group_key(founder_key) -> np.uint64:
    """Key of a group from its founder's."""
    return mixed(founder_key, SALT)[()]


def distance(model, a, b) -> np.ndarray:
    """Metres between cells."""
    width, cell = model.city.grid.width, model.city.grid.cell_m
    a, b = np.asarray(a), np.asarray(b)
    return cell * np.hypot(a % width - b % width, a // width - b // width)
