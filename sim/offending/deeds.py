"""Who joins, what happens in the act: accomplices, weapons, deaths, losses."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.draws import draw4, mix, unit
from sim.records import CO_SLOTS


@njit(cache=True, nogil=True)
def still_drawn(
    rows,
    seed,
    code,
    tick,
    ticks_per_day,
    key,
    last_property,
    drawn_back,
    ready,
    satiation,
    satiation_days,
    pull,
    good_days,
    scale,
    keep,
):
    """Thin lookers: fresh proceeds calm, and the pull of a good place fades with the memory of it."""
    for j in range(rows.size):
        i = rows[j]
        days = (tick - last_property[i]) / ticks_per_day
        p = min(max(float(ready[i]), 1e-12), 1.0 - 1e-12)
        x = math.log(p / (1.0 - p)) - satiation * math.exp(-days / satiation_days) / scale
        if drawn_back[i]:
            x -= pull * (1.0 - math.exp(-days / good_days)) / scale
        a, _, _, _ = draw4(seed, code, tick, key[i], 0)
        keep[j] = unit(a) < 1.0 / (1.0 + math.exp(-x)) / p


@njit(cache=True, nogil=True)
def find_accomplices(rows, seed, code, tick, interactions, key, ties, row_of, activity, ready, joint, out):
    """Friends who are out and join. ready : float32[n] by row; joint : added log odds; out : int64[events, 3] ids."""
    for j in range(rows.size):
        for q in range(CO_SLOTS):
            out[j, q] = -1
        if not interactions:
            continue
        i = rows[j]
        n = 0
        for t in range(ties.shape[1]):
            friend = ties[i, t]
            if friend < 0 or n == CO_SLOTS:
                continue
            row = row_of[friend]
            if row < 0 or row == i or activity[row] < 2 or activity[row] > 5 or ready[row] <= 0.0:
                continue
            double = False
            for q in range(n):
                if out[j, q] == friend:
                    double = True
            p = min(float(ready[row]), 0.999)
            x = math.log(p / (1.0 - p)) + joint
            a, _, _, _ = draw4(seed, code, tick, mix(key[i], key[row]), 0)
            if not double and unit(a) < 1.0 / (1.0 + math.exp(-x)):
                out[j, n] = friend
                n += 1


@njit(cache=True, nogil=True)
def strike(
    rows, against, seed, code, tick, key, capital, weapon, lethal_weapon, lethal_unarmed, out_weapon, out_lethal
):
    """Weapons and deaths of offences against a present person (`against`: bool[n], robbery halves the deaths)."""
    for j in range(rows.size):
        a, b, _, _ = draw4(seed, code, tick, key[rows[j]], 0)
        odds = weapon / (1.0 - weapon) * math.exp(0.5 * min(float(capital[rows[j]]), 3.0))
        out_weapon[j] = unit(a) < odds / (1.0 + odds)
        chance = lethal_weapon if out_weapon[j] else lethal_unarmed
        out_lethal[j] = unit(b) < (chance if against[j] else 0.25 * chance)


@njit(cache=True, nogil=True)
def keyed_minutes(rows, seed, code, tick, key, routine, activity, weights, out):
    """Minute within the tick: an hour drawn by the schedule's share of the activity in it, then any minute of the hour.

    weights : float64[7, 6, hours], cumulated over the hours and ending in 1.
    """
    hours = weights.shape[2]
    for j in range(rows.size):
        i = rows[j]
        a, b, _, _ = draw4(seed, code, tick, key[i], 0)
        h = 0
        while h < hours - 1 and unit(a) >= weights[routine[i], min(activity[i], 5), h]:
            h += 1
        out[j] = np.int16(60 * h + np.int64(unit(b) * 60.0))


def earliest(target: np.ndarray, minute: np.ndarray, key: np.ndarray) -> np.ndarray:
    """True for one claim on each target: the earliest minute, then the lowest key. Targets below 0 never conflict.

    target, minute, key : arrays of equal length.
    """
    keep = np.ones(len(target), bool)
    order = np.lexsort((key, minute, target))
    t = target[order]
    later = np.zeros(len(t), bool)
    later[1:] = (t[1:] == t[:-1]) & (t[1:] >= 0)
    keep[order[later]] = False
    return keep
