"""From an act to a suspect: seen by the police, recorded, identified.

Clearance is produced by what an investigation has to work with: somebody caught in the act, a victim who knows the
offender, victims and witnesses who saw him, traces, and the time of investigators (Bloch & Bell, 1976; Eck, 1983;
Coupe, 2016).
"""

from __future__ import annotations

import math

from numba import njit

from sim.draws import draw4, unit
from sim.guardianship.events import acquainted, event_key
from sim.guardianship.presence import presence, until
from sim.records import CODE

ROBBERY, ASSAULT, DRUGS = CODE["robbery"], CODE["assault"], CODE["drugs"]
NONE, CAUGHT, NAMED, FOUND = range(4)  # how a suspect came about
LONGEST = 150.0  # days an investigation can take
STRANGER_CITY = 10.0  # witnesses assumed when residents do not influence each other


@njit(cache=True, inline="always")
def chance_seen(cell, minute, kind, first, count, start, minutes, seen, arrival, within):
    """Probability that a unit discovers an act: there at the minute, or arriving at most `within` minutes after it."""
    now, _ = presence(first, count, start, minutes, cell, minute)
    if now:
        return seen[kind]
    if until(first, count, start, cell, minute) <= within:
        return arrival * seen[kind]
    return 0.0


@njit(cache=True, inline="always")
def chance_identified(kind, face_to_face, minute, witnesses, efficacy, light, time, witness, traces, description,
                      of_efficacy, heard):
    """Probability that a stranger is identified by description, witnesses or traces.

    `minute` counts from midnight, `time` is the share of the wanted investigation time that is available, `heard`
    that of what victims and witnesses can tell.
    """
    if kind == DRUGS:
        return 0.0
    hour = minute // 60 % 24
    visible = 1.0
    if hour >= 20 or hour < 6:
        visible = 0.5 + 0.5 * min(max(light, 0.0), 1.0)
    unseen = math.exp(-witness[kind] * math.log(1.0 + witnesses) * math.exp(of_efficacy * efficacy) * visible * heard)
    describes = description * visible * heard if face_to_face else 0.0
    return 1.0 - unseen * (1.0 - describes) * (1.0 - traces[kind] * time)


@njit(cache=True, nogil=True)
def investigate(first_event, end, seed, code, tick, tick_start, tick_minutes, interactions, tick_of, cell, minute, kind,
                offender, victim, domestic, reported, row_of, keys, ties, dwelling, first, count, start, minutes,
                at_home, in_public, efficacy, light, lamps, cameras, outdoors, seen, logged, witness, traces,
                case_hours, weights, at_scene, heard, discovered, recorded, how, days):
    """Decide discovery, recording and identification of the events first_event..end of the log.

    Parameters
    ----------
    tick_start : int
        First minute of the tick, counted from midnight. Events of earlier ticks cannot be discovered any more.
    weights : tuple
        arrival, within, service, caught, named, description, of_efficacy, time, named_days, other_days, footage,
        named_work.
    at_scene, heard : float64[end - first_event]
        Probability of an arrest by units that answer the call, and the share of what victims and witnesses can tell
        that reaches the police (`sim.justice.response`).
    cameras : float32[cells]
        Share of the public space that is filmed; outdoors : bool[events] of the log.
    discovered, recorded : bool arrays of the log, written.
    how : int8[end - first_event]
        `NONE`, `CAUGHT`, `NAMED` or `FOUND`.
    days : float64[end - first_event]
        Days until the arrest.

    Returns
    -------
    float
        Investigators' hours that the recorded cases want.
    """
    (arrival, within, service, caught, named, description, of_efficacy, time, named_days, other_days, footage,
     named_work) = weights
    hours = 0.0
    for e in range(first_event, end):
        i, t, c = e - first_event, kind[e], cell[e]
        how[i], days[i] = NONE, 0.0
        key = event_key(offender[e], victim[e], minute[e], t, row_of, keys)
        a0, a1, a2, a3 = draw4(seed, code, tick, key, 0)
        at = minute[e] - tick_start
        if tick_of[e] == tick and 0 <= at < tick_minutes:
            discovered[e] = unit(a0) < chance_seen(c, at, t, first, count, start, minutes, seen, arrival, within)
        recorded[e] = discovered[e] or (reported[e] and unit(a1) < service * logged[t])
        if not recorded[e]:
            continue
        hours += case_hours[t]
        if offender[e] < 0:
            continue
        if discovered[e] and unit(a2) < caught:
            how[i] = CAUGHT
            continue
        b0, b1, b2, _ = draw4(seed, code, tick, key, 1)
        if unit(b2) < at_scene[i]:
            how[i] = CAUGHT
            continue
        tells = named * heard[i] * (1.0 - named_work * (1.0 - time))
        if unit(a3) < tells and (domestic[e] or acquainted(offender[e], victim[e], row_of, ties, dwelling)):
            how[i] = NAMED
            days[i] = min(LONGEST, -math.log(unit(b1)) * named_days)
            continue
        people = in_public[c] + 0.3 * at_home[c] if interactions else STRANGER_CITY
        chance = chance_identified(t, victim[e] >= 0 and (t == ROBBERY or t == ASSAULT), minute[e], people,
                                   efficacy[c], light[c] + lamps[c], time, witness, traces, description, of_efficacy,
                                   heard[i])
        if cameras[c] > 0.0 and outdoors[e] and t != DRUGS:
            chance = 1.0 - (1.0 - chance) * (1.0 - footage * min(cameras[c], 1.0))
        if unit(b0) < chance:
            how[i] = FOUND
            days[i] = min(LONGEST, -math.log(unit(b1)) * other_days)
    return hours
