"""Arrests beside those that clear events: people whom sweeps and investigations of markets and groups name; bribes."""

from __future__ import annotations

import numpy as np

from sim.draws import mix_arrays
from sim.governance.bribe import offer
from sim.records import CODE

# Who names people to arrest: mechanism, key of its state, type of the case.
LISTS = (("drugs", "searched", "drugs"), ("groups", "wanted_leaders", "extortion"))


def sought(model, state: dict) -> dict[str, np.ndarray] | None:
    """People to arrest without an event: those at large who are on a list, each once a day.

    Returns
    -------
    dict of arrays or None
        ``id``, ``kind`` (code of the type of the case) and ``key`` (of the person on this day).
    """
    r, ids, kind = model.residents, [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for name, entry, case in LISTS:
        part = model.mechanisms.get(name)
        named = part.state.get(entry) if part is not None and part.params.enabled else None
        if named is None or not len(named):
            continue
        named = np.unique(np.asarray(named, np.int64))
        rows = r.find(named)
        free = (rows >= 0) & r["alive"][np.maximum(rows, 0)] & (r["custody_until"][np.maximum(rows, 0)] <= model.tick)
        named = np.setdiff1d(named[free], np.concatenate([state["sought"], *ids]))
        ids.append(named)
        kind.append(np.full(len(named), CODE[case]))
    who = np.concatenate(ids)
    if not len(who):
        return None
    key = np.empty(len(who), np.uint64)
    days = np.full(len(who), model.tick // model.calendar.ticks_per_day, np.uint64)
    mix_arrays(r["key"][r.rows(who)], days, key)
    return dict(id=who, kind=np.concatenate(kind), key=key)


def bought_off(model, p, ids: np.ndarray, kind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who of the arrested is let go for money: offender and officer weigh the sanction (`sim.governance.bribe`).

    Returns
    -------
    ids, days : int64 array without repetition, float64 array
        Those let go and the custody that each could expect.
    """
    people, at = np.unique(ids, return_inverse=True)
    days = np.zeros(len(people))
    expected = np.asarray(p.custody_share) * np.asarray(p.custody_days) * model.spec.city.custody_terms
    np.maximum.at(days, at, expected[kind])
    if not len(people):
        return people[:0], days[:0]
    paid = np.asarray(offer(model, people, days), bool)
    return people[paid], days[paid]
