"""What reactions and justice need to know of an event: its stable key, and whether the parties know each other."""

from __future__ import annotations

import numpy as np

from sim.draws import mix_arrays


def person_keys(model, ids: np.ndarray) -> np.ndarray:
    """Keys of residents by id (uint64); somebody who is gone, or nobody, is keyed by the id itself."""
    ids = np.asarray(ids, np.int64)
    row_of = model.residents.row_of
    rows = np.where((ids >= 0) & (ids < len(row_of)), row_of[np.clip(ids, 0, len(row_of) - 1)], -1)
    return np.where(rows >= 0, model.residents["key"][rows], ids.astype(np.uint64))


def event_keys(model, which: np.ndarray) -> np.ndarray:
    """Stable keys of events: who did what to whom at which minute (uint64)."""
    log = model.log
    out = np.empty(len(which), np.uint64)
    mix_arrays(person_keys(model, log["offender_id"][which]), person_keys(model, log["victim_id"][which]), out)
    what = (log["minute"][which].astype(np.int64) * 8 + log["type"][which]).astype(np.uint64)
    mix_arrays(out.copy(), what, out)
    return out


def acquainted(model, which: np.ndarray) -> np.ndarray:
    """True where offender and victim are friends or live together (bool per event)."""
    log, r = model.log, model.residents
    offender, victim = log["offender_id"][which], log["victim_id"][which]
    a = np.where(offender >= 0, r.row_of[np.maximum(offender, 0)], -1)
    b = np.where(victim >= 0, r.row_of[np.maximum(victim, 0)], -1)
    both = (a >= 0) & (b >= 0)
    if not both.any():
        return both
    friends = (r["ties"][a] == victim[:, None]).any(axis=1) | (r["ties"][b] == offender[:, None]).any(axis=1)
    return both & (friends | (r["dwelling"][a] == r["dwelling"][b]))
