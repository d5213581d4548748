"""Fellow members of a group who are at the place and join an offence (Klein and Maxson 2006: group context)."""

from __future__ import annotations

import numpy as np

from sim.draws import mix_arrays, uniforms
from sim.sets import among


def mates_join(off, model, rows: np.ndarray, cell: np.ndarray, violent: np.ndarray, co: np.ndarray) -> None:
    """Fill free places of `co` with members of the offender's group who are out in the same cell.

    rows, cell, violent : by event. Members join as friends do: by their own readiness, more easily with a mate.
    """
    r, p = model.residents, off.params
    if not model.spec.interactions or not (r["group"][rows] >= 0).any():
        return
    members = np.flatnonzero(r["group"] >= 0)
    members = members[r["alive"][members] & (r["activity"][members] >= 2) & (r["activity"][members] <= 5)]
    members = members[np.argsort(r["key"][members])]
    for j in np.flatnonzero(r["group"][rows] >= 0):
        me = rows[j]
        free = np.flatnonzero(co[j] < 0)
        near = members[(r["group"][members] == r["group"][me]) & (r["cell"][members] == cell[j]) & (members != me)]
        near = near[~among(r["id"][near], co[j])]
        ready = np.clip(r["ready_violence" if violent[j] else "ready_property"][near].astype(float), 0.0, 0.999)
        near, ready = near[ready > 0], ready[ready > 0]
        if not len(near) or not len(free):
            continue
        pair = np.empty(len(near), np.uint64)
        mix_arrays(np.full(len(near), r["key"][me]), r["key"][near], pair)
        odds = ready / (1 - ready) * np.exp(p.joint + p.mates)
        u = uniforms(model.seed, "offending.mates", model.tick, pair, int(violent[j]))
        joined = r["id"][near[u < odds / (1 + odds)]][: len(free)]
        co[j, free[: len(joined)]] = joined
