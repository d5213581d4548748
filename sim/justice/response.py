"""The answer to calls: how soon a unit is there, and who is still to be found and heard.

Rapid response pays where somebody calls while the offender is there or has just left, which is rare (Spelman & Brown,
1981), and the sooner a unit arrives the more cases are cleared, by arrests at the scene and by victims and witnesses
who name somebody (Blanes i Vidal & Kirchmaier, 2018). Who comes is told in `sim.guardianship.calls`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.draws import draw4, unit
from sim.guardianship.calls import LONG, arrival
from sim.guardianship.events import event_key
from sim.records import CODE

ROBBERY, ASSAULT, HOMICIDE = CODE["robbery"], CODE["assault"], CODE["homicide"]


@njit(cache=True, inline="always")
def chance_near(lead, near, search):
    """Probability that a unit finds an offender who left `lead` minutes ago: the area to search grows with time."""
    return near / (1.0 + (lead / search) ** 2)


@njit(cache=True, nogil=True)
def respond(first_event, end, seed, code, tick, tick_start, tick_minutes, tick_of, cell, minute, kind, offender, victim,
            domestic, reported, row_of, keys, where, start, minutes, width, at_once, on_scene, searching,
            weights, wait, caught, heard):
    """Answer the calls among the events first_event..end of the log.

    Parameters
    ----------
    where, start, minutes : arrays[visits]
        The tick's patrol visits.
    searching : int
        Units that are sent, the first to arrive.
    weights : tuple
        way, dispatch, per_cell, call_minutes, home, held, near, search, spread, leave, lost, alone (the chance that the
        first unit at violence waits for a second one).
    wait : float64[end - first_event], written
        Minutes from the act to the first unit; `LONG` where nobody called at once.
    caught : float64, written
        Probability of an arrest at the scene or near it.
    heard : float64, written
        Share of what victims and witnesses can tell that reaches the police.
    """
    way, dispatch, per_cell, call_minutes, home, held, near, search, spread, leave, lost, alone = weights
    there = np.empty(max(searching, 2))
    for e in range(first_event, end):
        i, t_of = e - first_event, kind[e]
        wait[i], caught[i], heard[i] = LONG, 0.0, 1.0 - lost
        at = minute[e] - tick_start
        if not reported[e] or tick_of[e] != tick or at < 0 or at >= tick_minutes:
            continue
        key = event_key(offender[e], victim[e], minute[e], t_of, row_of, keys)
        a0, a1, a2, a3 = draw4(seed, code, tick, key, 2)
        if unit(a0) >= at_once[t_of]:
            continue
        called = at - math.log(unit(a1)) * call_minutes
        for k in range(there.size):
            there[k] = LONG
        for v in range(start.size):
            t = arrival(v, cell[e], called, where, start, minutes, tick_minutes, way, dispatch, per_cell, width)
            for k in range(there.size):  # keep the first to arrive, in order
                if t < there[k]:
                    there[k], t = t, there[k]
        first = there[0]
        if first >= LONG:
            continue
        wait[i] = first - at
        heard[i] = 1.0 - lost * (1.0 - math.exp(-wait[i] / leave))
        gone = at - math.log(unit(a2)) * (home if domestic[e] else on_scene[t_of])
        violent = t_of == ROBBERY or t_of == ASSAULT or t_of == HOMICIDE
        acts = there[1] if violent and unit(a3) < alone else first
        if acts <= gone:
            caught[i] = held
            continue
        escapes = 1.0
        for k in range(searching):
            if there[k] <= first + spread:
                escapes *= 1.0 - chance_near(max(there[k] - gone, 0.0), near, search)
        caught[i] = 1.0 - escapes
