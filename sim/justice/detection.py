"""From an act to a suspect: seen by the police, recorded, identified.

Clearance is produced by what an investigation has to work with: somebody caught in the act, a victim who knows the
offender, victims and witnesses who saw him, traces, and the time of investigators (Bloch & Bell, 1976; Eck, 1983; Coupe, 2016).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.guardianship.presence import presence, until
from sim.records import CODE, TYPES

FACE_TO_FACE = np.array([name in ("robbery", "assault") for name in TYPES])


@njit(cache=True, nogil=True)
def chance_seen(cell, minute, kind, first, count, start, minutes, seen, arrival, within, out):
    """Probability that a unit discovers each event: there at the minute, or arriving `within` minutes after it.

    cell : int32[n]; minute : int16[n] within the tick; kind : int8[n]; seen : float64[types] when there; arrival : ratio
    to that when arriving; out : float64[n].
    """
    for i in range(cell.size):
        now, _ = presence(first, count, start, minutes, cell[i], minute[i])
        if now:
            out[i] = seen[kind[i]]
        elif until(first, count, start, cell[i], minute[i]) <= within:
            out[i] = arrival * seen[kind[i]]
        else:
            out[i] = 0.0


def discovery_chance(model, which: np.ndarray, p) -> np.ndarray:
    """Probability of discovery by a patrol for events of this tick (float64 per event)."""
    log, v = model.log, model.visits
    minute = log["minute"][which].astype(int) - model.slot * model.calendar.tick_minutes
    out = np.zeros(len(which))
    here = (log["tick"][which] == model.tick) & (minute >= 0) & (minute < model.calendar.tick_minutes)
    chance = np.empty(int(here.sum()))
    chance_seen(log["cell"][which][here], minute[here], log["type"][which][here], v.first, v.count, v.start, v.minutes,
                np.asarray(p.seen), p.seen_on_arrival, p.arrival_minutes, chance)
    out[here] = chance
    return out


def identification(model, which: np.ndarray, known: np.ndarray, time: float, p) -> np.ndarray:
    """Probability that the offender of each recorded event is identified by other means than being caught.

    Parameters
    ----------
    which : int array
        Events.
    known : bool array
        The victim knows the offender.
    time : float
        Share of the wanted investigation time that is available, 0-1.
    p : JusticeParams

    Returns
    -------
    named, other : float64 arrays
        By the victim or those close to both; by description, witnesses and traces.
    """
    log, layers = model.log, model.layers
    kind, cell = log["type"][which], log["cell"][which]
    named = np.where(known, p.named, 0.0)
    hour = log["minute"][which] // 60 % 24
    dark = (hour >= 20) | (hour < 6)
    visible = np.where(dark, 0.5 + 0.5 * np.clip(layers["light"][cell], 0, 1), 1.0) if "light" in layers else 1.0
    if model.spec.interactions:
        people = layers["in_public"][cell] + 0.3 * layers["at_home"][cell]
        willing = np.exp(p.witness_efficacy * layers["efficacy"][cell])
    else:
        people, willing = np.full(len(which), 10.0), 1.0
    unseen = np.exp(-np.asarray(p.witness)[kind] * np.log1p(people) * willing * visible)
    describes = np.where(FACE_TO_FACE[kind] & (log["victim_id"][which] >= 0), p.description * visible, 0.0)
    traces = np.asarray(p.traces)[kind] * time
    other = 1 - unseen * (1 - describes) * (1 - traces)
    return named, np.where(kind == CODE["drugs"], 0.0, other)
