"""Careers of use: from occasional use into dependence, in and out of treatment, recovery and relapse."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.draws import decision, unit
from sim.drugs.words import words4

WEEK = 7
FORGET = 1_500  # days after which a former user is no longer at risk of relapse
FADE = 500.0  # days over which the hazard of relapse fades
PHASE = 120  # days of treatment before it can be completed
FORMER, OCCASIONAL, DEPENDENT = 0, 1, 2
FREE, WAITING, IN = 0, 1, 2

_WEEK = decision("drugs.career")


@njit(cache=True, inline="always")
def chance(hazard, days):
    """Probability within some days at a daily hazard."""
    return 1.0 - math.exp(-hazard * days)


@njit(cache=True, nogil=True)
def careers(seed, tick, day, today, hazards, use_now, key, kind, use, treat, since, tsince, row, free, age_day,
            self_control, forgotten):
    """A week in the life of the users whose turn it is (key mod 7).

    hazards: onset, stop, remission, seek, give_up, drop_out, completion, relapse (per day). use_now: by substance,
    how much an occasional user takes relative to the reference, times how the substance hooks. forgotten: set for
    former users who leave the table.
    """
    onset, stop, remission, seek, give_up, drop_out, completion, relapse = hazards
    for u in range(key.size):
        if not today[u] or row[u] < 0:
            continue
        i = row[u]
        a, b, c, _ = words4(seed, _WEEK, tick, key[u], 0)
        sc = self_control[i]
        if not free[u]:
            if treat[u] != FREE:  # custody ends treatment and takes people off the list
                treat[u] = FREE
            continue
        if use[u] == OCCASIONAL:
            age = (day - age_day[i]) / 365.0
            if unit(a) < chance(onset * use_now[kind[u]] * math.exp(-0.3 * sc), WEEK):
                use[u] = DEPENDENT
                since[u] = day
            elif unit(b) < chance(stop * (0.6 + 0.04 * max(age - 16.0, 0.0)), WEEK):
                forgotten[u] = True
        elif use[u] == DEPENDENT:
            if treat[u] == FREE:
                if unit(a) < chance(remission, WEEK):
                    use[u] = FORMER
                    since[u] = day
                elif unit(b) < chance(seek, WEEK):
                    treat[u] = WAITING
                    tsince[u] = day
            elif treat[u] == WAITING:
                if unit(a) < chance(give_up, WEEK):
                    treat[u] = FREE
            elif unit(a) < chance(drop_out * math.exp(-0.3 * sc), WEEK):
                treat[u] = FREE
            elif day - tsince[u] >= PHASE and unit(b) < chance(completion, WEEK):
                treat[u] = FREE
                use[u] = FORMER
                since[u] = day
        else:
            gone = day - since[u]
            if gone > FORGET:
                forgotten[u] = True
            elif unit(c) < chance(relapse * math.exp(-gone / FADE), WEEK):
                use[u] = DEPENDENT
                since[u] = day


def fill_slots(treat, tsince, key_draw, day, slots, ordered=None) -> np.ndarray:
    """Give free places to those ordered into treatment, then to those who have waited longest; ties by a keyed draw.

    Returns the positions let in.
    """
    free = int(slots) - int((treat == IN).sum())
    waiting = np.flatnonzero(treat == WAITING)
    if free <= 0 or not len(waiting):
        return waiting[:0]
    later = np.zeros(len(waiting)) if ordered is None else ~ordered[waiting]
    order = np.lexsort((key_draw[waiting], tsince[waiting], later))[:free]
    chosen = waiting[order]
    treat[chosen], tsince[chosen] = IN, day
    return chosen


def recover_inside(model, users: dict, rows, free) -> None:
    """Who completes treatment in custody is dependent no longer; relapse may follow outside."""
    done = ~free & (users["use"] == DEPENDENT) & (model.residents["treated_inside"][rows] > 0) & (rows >= 0)
    users["use"][done], users["since"][done] = FORMER, model.day


def mandates(model, users: dict, rows, free, was) -> np.ndarray:
    """Who is ordered into treatment joins the list ahead of others; leaving it, or recovering, ends the order."""
    ordered = model.residents["mandate"][rows] == 1
    if not ordered.any():
        return ordered
    over = ordered & free & ((was != 0) & (users["treat"] == 0) | (users["use"] != DEPENDENT))
    if over.any():
        model.propose("residents", "mandate", users["id"][over], 0, "set")
    join = ordered & ~over & free & (users["treat"] == 0)
    users["treat"][join], users["tsince"][join] = WAITING, model.day
    return ordered & ~over
