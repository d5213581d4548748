"""Conflict at home: what makes violence in a household likelier, apart from the street.

Hardship, dependence on drugs and earlier violence in the same household are the firmest risk factors of violence
between partners (Capaldi et al. 2012); separation of the memory by household lets cycles of violence arise. Where
neighbours stand together conflict at home is told and is not put up with, and there is less of it (Browning 2002).
"""

from __future__ import annotations

import numpy as np

MOST = 2.0  # earlier violence counts up to two fresh events


def earlier_violence(off, model, dwellings: np.ndarray) -> np.ndarray:
    """Fading count of violent events in each of the dwellings (ids), at most `MOST`."""
    s, out = off.state, np.zeros(len(dwellings))
    if len(s["home_id"]) and len(dwellings):
        asked = np.zeros(max(int(s["home_id"].max()), int(dwellings.max())) + 1, bool)
        asked[dwellings] = True
        here = asked[s["home_id"]].nonzero()[0]  # hardly any of those events
        days = (model.tick - s["home_tick"][here]) / model.calendar.ticks_per_day
        which, event = np.nonzero(dwellings[:, None] == s["home_id"][here])
        np.add.at(out, which, np.exp(-days / off.params.conflict_days)[event])
    return np.minimum(out, MOST)


def strain(off, model, rows: np.ndarray) -> np.ndarray:
    """Utility that conflict at home adds to a provocation there, for the residents `rows`."""
    p, r = off.params, model.residents
    dependent = r["use"][rows] == 2
    out = p.home_hardship * r["hardship"][rows].astype(float) + p.home_dependence * dependent
    if model.spec.interactions:
        willing = 1.0 / (1.0 + np.exp(-model.layers["efficacy"][r["home"][rows]].astype(float)))
        out -= p.home_neighbours * (willing - 0.5)
        out += p.home_conflict * earlier_violence(off, model, r["dwelling"][rows])
    return out


def remember_violence(off, model, dwellings: np.ndarray) -> None:
    """Add this tick's violence at home; drop what has faded."""
    if not len(dwellings):
        return
    s = off.state
    s["domestic"] += len(dwellings)
    ids = np.concatenate([s["home_id"], dwellings.astype(np.int64)])
    ticks = np.concatenate([s["home_tick"], np.full(len(dwellings), model.tick, np.int64)])
    fresh = ticks > model.tick - 4 * off.params.conflict_days * model.calendar.ticks_per_day
    s["home_id"], s["home_tick"] = ids[fresh], ticks[fresh]
