"""Who joins, what happens in the act: accomplices, weapons, deaths, losses."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.draws import draw4, mix, pick, unit
from sim.offending.memory import remember_place
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
def find_accomplices(
    rows,
    violent,
    seed,
    code,
    tick,
    interactions,
    key,
    ties,
    row_of,
    activity,
    ready_property,
    ready_violence,
    group,
    joint,
    mates,
    out,
):
    """Friends who are out and join: in a theft those ready to steal, in a fight those ready to fight.

    joint : added log odds; mates : the same on top of it for a friend of one's own group.
    out : int64[events, 3] ids, -1 for nobody.
    """
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
            if row < 0 or row == i or activity[row] < 2 or activity[row] > 5:
                continue
            p = min(float(ready_violence[row] if violent[j] else ready_property[row]), 0.999)
            if p <= 0.0:
                continue
            double = False
            for q in range(n):
                if out[j, q] == friend:
                    double = True
            x = math.log(p / (1.0 - p)) + joint
            if group[i] >= 0 and group[row] == group[i]:
                x += mates
            a, b, _, _ = draw4(seed, code, tick, mix(key[i], key[row]), 0)
            if not double and unit(b if violent[j] else a) < 1.0 / (1.0 + math.exp(-x)):
                out[j, n] = friend
                n += 1


@njit(cache=True, nogil=True)
def furnish(
    kind,
    cell,
    dwelling,
    key,
    seed,
    code,
    tick,
    d_id,
    d_first_member,
    shops,
    loss_of,
    victim,
    home,
    thing,
    loss,
):
    """Targets and losses of property offences.

    dwelling : int64[n], row of the home that loses goods or a car, -1.
    Such a household loses through its first member; a shop is one of those in the cell; what is
    taken from a person is taken at a place of the moment. Losses are lognormal (loss_of: median and spread by kind).

    Writes victim (id, -1), home (dwelling id, -1), thing (what `spot` is a hash of) and loss, by offence.
    """
    for j in range(kind.size):
        _, b, c, d = draw4(seed, code, tick, key[j], 0)
        k = kind[j]
        at = dwelling[j]
        if at >= 0:
            victim[j] = d_first_member[at]
            home[j] = d_id[at]
            thing[j] = d_id[at]
        elif k == 1 or k == 5:
            thing[j] = pick(b, max(1, shops[cell[j]]))
        else:
            thing[j] = np.int64(key[j]) + tick
        normal = math.sqrt(-2.0 * math.log(unit(c))) * math.cos(2.0 * math.pi * unit(d))
        loss[j] = loss_of[k, 0] * math.exp(loss_of[k, 1] * normal)


@njit(cache=True, nogil=True)
def learn(
    rows,
    co,
    kind,
    cell,
    home,
    tick,
    row_of,
    ids,
    capital_step,
    capital_most,
    pull,
    skill_of,
    skill_step,
    offences,
    last_offence,
    last_property,
    capital_property,
    capital_violence,
    drawn_back,
    ready_property,
    places,
    owner,
    m_cell,
    m_dwelling,
    m_tick,
    m_skill,
    used,
):
    """Offender and accomplices of every offence, in order, gain capital and skill and remember a good place.

    Returns how many people have a memory of places now.
    """
    for j in range(rows.size):
        for q in range(-1, co.shape[1]):
            if q < 0:
                i = rows[j]
            elif co[j, q] >= 0:
                i = np.int64(row_of[co[j, q]])
            else:
                continue
            if offences[i] < 32_000:
                offences[i] += 1
            last_offence[i] = tick
            if kind[j] == 7:
                capital_violence[i] = max(capital_violence[i], min(capital_most, capital_violence[i] + capital_step))
                continue
            capital_property[i] = max(capital_property[i], min(capital_most, capital_property[i] + capital_step))
            last_property[i] = tick
            if not drawn_back[i]:
                drawn_back[i] = 1
                p = min(float(ready_property[i]), 1.0 - 1e-9)
                if p > 0.0:
                    ready_property[i] = 1.0 / (1.0 + (1.0 - p) / p * math.exp(-pull))
            index = places[i]
            if index < 0:
                index = used
                used += 1
                places[i] = index
                owner[index] = ids[i]
            remember_place(index, kind[j] == 0, cell[j], home[j], tick, m_cell, m_dwelling, m_tick)
            which = skill_of[kind[j]]
            m_skill[index, which] = min(np.float32(3.0), m_skill[index, which] + skill_step[which])
    return used


@njit(cache=True, nogil=True)
def strike(
    rows,
    against,
    gun,
    seed,
    code,
    tick,
    key,
    capital,
    weapon,
    gun_used,
    lethal_weapon,
    lethal_firearm,
    lethal_unarmed,
    out_weapon,
    out_firearm,
    out_lethal,
):
    """Weapons and deaths of offences against a present person.

    against : bool[n], blows rather than a robbery, which kills a quarter as often.
    gun : bool[n], he has a firearm at hand; it is used in the share `gun_used`.
    """
    for j in range(rows.size):
        a, b, c, _ = draw4(seed, code, tick, key[rows[j]], 0)
        odds = weapon / (1.0 - weapon) * math.exp(0.5 * min(float(capital[rows[j]]), 3.0))
        out_firearm[j] = gun[j] and unit(c) < gun_used
        out_weapon[j] = out_firearm[j] or unit(a) < odds / (1.0 + odds)
        chance = lethal_weapon if out_weapon[j] else lethal_unarmed
        if out_firearm[j]:
            chance = lethal_firearm
        out_lethal[j] = unit(b) < (chance if against[j] else 0.25 * chance)


@njit(cache=True, nogil=True)
def strike_back(who, at, row_of, cell, activity, ready_violence, key, width, seed, code, tick, chance, base, ok):
    """Mark the grudges that are acted on: both are out and unsupervised, within six cells, and the temper is up.

    who, at : ids of the avenger and of the foe.
    chance : per tick at the readiness `base`; it grows with the square root of readiness.
    """
    for j in range(who.size):
        a, b = row_of[who[j]], row_of[at[j]]
        if a < 0 or b < 0 or ready_violence[a] <= 0.0:
            continue
        ca, cb = cell[a], cell[b]
        if ca < 0 or cb < 0 or activity[a] < 2 or activity[b] < 2:
            continue
        if max(abs(ca % width - cb % width), abs(ca // width - cb // width)) > 6:
            continue
        temper = min(max(math.sqrt(ready_violence[a] / base), 0.1), 5.0)
        u, _, _, _ = draw4(seed, code, tick, mix(key[a], key[b]), 0)
        ok[j] = unit(u) < chance * temper


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
