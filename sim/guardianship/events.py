"""What reactions and justice need to know of an event: its stable key, and whether the parties know each other."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from sim.draws import mix


@njit(cache=True, inline="always")
def row_or_none(person, row_of):
    """Row of an id; -1 for nobody and for those who are gone."""
    if person < 0 or person >= row_of.size:
        return np.int64(-1)
    return np.int64(row_of[person])


@njit(cache=True, inline="always")
def person_key(person, row_of, keys):
    """Key of a resident by id; somebody who is gone, or nobody, is keyed by the id itself."""
    row = row_or_none(person, row_of)
    return keys[row] if row >= 0 else uint64(person)


@njit(cache=True, inline="always")
def event_key(offender, victim, minute, kind, row_of, keys):
    """Stable key of an event: who did what to whom at which minute."""
    pair = mix(person_key(offender, row_of, keys), person_key(victim, row_of, keys))
    return mix(pair, uint64(minute) * uint64(8) + uint64(kind))


@njit(cache=True, inline="always")
def acquainted(offender, victim, row_of, ties, dwelling):
    """True when offender and victim are friends or live together."""
    a, b = row_or_none(offender, row_of), row_or_none(victim, row_of)
    if a < 0 or b < 0:
        return False
    if dwelling[a] == dwelling[b]:
        return True
    for s in range(ties.shape[1]):
        if ties[a, s] == victim or ties[b, s] == offender:
            return True
    return False


@njit(cache=True, nogil=True)
def _event_keys(which, offender, victim, minute, kind, row_of, keys, out):
    for i in range(which.size):
        e = which[i]
        out[i] = event_key(offender[e], victim[e], minute[e], kind[e], row_of, keys)


@njit(cache=True, nogil=True)
def _person_keys(people, row_of, keys, out):
    for i in range(people.size):
        out[i] = person_key(people[i], row_of, keys)


def event_keys(model, which: np.ndarray) -> np.ndarray:
    """Stable keys of events given by their index in the log (uint64)."""
    log, r = model.log, model.residents
    out = np.empty(len(which), np.uint64)
    _event_keys(np.asarray(which, np.int64), log["offender_id"], log["victim_id"], log["minute"], log["type"], r.row_of,
                r["key"], out)
    return out


def person_keys(model, ids: np.ndarray) -> np.ndarray:
    """Keys of residents by id (uint64)."""
    out = np.empty(len(ids), np.uint64)
    _person_keys(np.asarray(ids, np.int64), model.residents.row_of, model.residents["key"], out)
    return out
