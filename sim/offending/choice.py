"""Choice of a property offence: one multinomial logit over places known and offences possible there, or none.

Crime pattern theory (Brantingham and Brantingham 1993) gives the places: cells of today's way, the node, one near by,
and good places remembered. Rational choice (Clarke and Cornish 1985; Bernasco and Nieuwbeerta 2005) weighs them by
reward, effort and perceived risk against doing nothing. Distance has no weight of its own: journeys are short because
awareness is.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.city.streets import route_cell_inside
from sim.draws import draw1, draw4, mix, pick, unit
from sim.guardianship.memory import remembered
from sim.guardianship.presence import overlap, presence

PLACES = 9  # 3 on the way, the node, 1 near by, 4 from memory
KINDS = 6
BURGLARY, SHOP, PERSON, VEHICLE, ROBBERY, TILL = range(KINDS)
NEVER = -1e9


@njit(cache=True, inline="always")
def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


@njit(cache=True)
def household_at_home(member, row_of, activity, next_member):
    """Members of a household who are at home, counted up to two."""
    n = 0
    while member >= 0 and n < 2:
        row = row_of[member]
        if row < 0:
            break
        if activity[row] == 0:
            n += 1
        member = next_member[row]
    return n


@njit(cache=True, nogil=True)
def choose_property(
    # who
    rows,
    minutes,
    dark,
    dark_hours,
    seed,
    codes,
    tick,
    ticks_per_day,
    interactions,
    key,
    home,
    cell,
    shops_of,
    risk,
    memory,
    sighted,
    next_member,
    activity,
    row_of,
    # places
    width,
    height,
    period,
    order,
    area,
    dwellings,
    dwelling_first,
    shops,
    bars,
    outlets,
    stops,
    flow,
    light,
    management,
    efficacy,
    alert,
    at_home,
    in_public,
    lever_light,
    lever_management,
    lever_security,
    lever_gated,
    lever_watch,
    lever_cameras,
    vacant,
    open_share,
    # homes
    d_id,
    d_first_member,
    d_security,
    d_cars_secured,
    d_value,
    d_cover,
    # memories
    m_cell,
    m_dwelling,
    m_tick,
    m_skill,
    s_cells,
    s_ticks,
    s_times,
    # police
    v_first,
    v_count,
    v_start,
    v_minutes,
    weights,
    theta,
    # results
    out_kind,
    out_cell,
    out_dwelling,
    seen_place,
):
    """Let every looker choose; results per looker.

    rows : int32[n]; minutes : int16[n] minute within the tick; dark : bool[n]; codes : int64[2] decision numbers.
    weights : float64, in the order of :func:`weight_vector`; theta : float64[6].
    d_security, d_cars_secured : float32[dwellings], what programmes added to homes and to their cars included.
    vacant : float32[cells], hidden corners of lots that nobody looks after, 0-1.
    outlets : float32[cells], 1 where alcohol is sold to take away.
    out_kind : int8[n] (-1: nothing); out_cell : int32[n]; out_dwelling : int64[n] (row of the home broken into, or of
    the one whose car is taken; -1).
    seen_place : int32[n, PLACES], cells where police were noticed (-1).
    """
    (
        scale,
        w_value,
        w_security,
        w_cover,
        w_occupied,
        w_neighbours,
        w_passers,
        w_alert,
        w_management,
        w_dark,
        w_patrons,
        w_crowd,
        w_home,
        w_risk,
        w_now,
        w_before,
        notice,
        s_strength,
        s_days,
        s_reach,
        s_habit,
        w_good,
        good_days,
        good_other,
        next_door,
        w_skill,
        w_camera,
        w_vacant,
        good_robbery,
        same_home,
        w_step_in,
        w_outlet,
        w_bystanders,
    ) = weights
    places = np.empty(PLACES, np.int64)
    slot_of = np.empty(PLACES, np.int64)
    utility = np.empty((PLACES, KINDS))
    target, car = np.empty(PLACES, np.int64), np.empty(PLACES, np.int64)
    for j in range(rows.size):
        i = rows[j]
        k = key[i]
        out_kind[j] = -1
        here, base = np.int64(cell[i]), np.int64(home[i])
        origin = base if here != base else np.int64(shops_of[i, 0])
        a0, a1, a2, a3 = draw4(seed, codes[0], tick, k, 0)
        b0, b1, b2, b3 = draw4(seed, codes[0], tick, k, 1)
        places[0] = route_cell_inside(origin, here, unit(a0), width, period, area, order)
        places[1] = route_cell_inside(origin, here, unit(a1), width, period, area, order)
        places[2] = route_cell_inside(origin, here, unit(a2), width, period, area, order)
        places[3] = here
        x = min(max(here % width + pick(a3, 5) - 2, 0), width - 1)
        y = min(max(here // width + pick(b0, 5) - 2, 0), height - 1)
        places[4] = y * width + x
        for s in range(PLACES):
            slot_of[s] = -1
        mem = memory[i]
        for s in range(4):
            places[5 + s] = -1
            if mem >= 0 and m_cell[mem, s] >= 0 and tick - m_tick[mem, s] < 60 * ticks_per_day:
                c0, c1, c2, c3 = draw4(seed, codes[0], tick, k, 2 + s)
                c = np.int64(m_cell[mem, s])
                if unit(c0) < next_door:
                    x = min(max(c % width + pick(c1, 3) - 1, 0), width - 1)
                    y = min(max(c // width + pick(c2, 3) - 1, 0), height - 1)
                    c = y * width + x
                places[5 + s] = c
                slot_of[5 + s] = s
        ce_home = sigmoid(efficacy[base])
        total = 1.0
        for s in range(PLACES):
            c = places[s]
            target[s] = car[s] = -1
            seen_place[j, s] = -1
            for t in range(KINDS):
                utility[s, t] = NEVER
            if c < 0 or area[c] < 0:
                continue
            double = False
            for q in range(s):
                if places[q] == c and slot_of[s] < 0:
                    double = True
            if double:
                continue
            # what is seen or known of the police at this place, at this minute
            now, _ = presence(v_first, v_count, v_start, v_minutes, c, minutes[j])
            around = overlap(v_first, v_count, v_start, v_minutes, c, minutes[j], 30.0)
            police = 0.0
            if around > 0.0 or now:
                if draw1(seed, codes[1], tick, mix(k, np.uint64(c)), 0) < 1.0 - math.exp(-notice * max(around, 1.0)):
                    police = w_now if now else w_before
                    seen_place[j, s] = c
            police += remembered(
                sighted[i],
                s_cells,
                s_ticks,
                s_times,
                c,
                width,
                tick,
                ticks_per_day,
                s_strength,
                s_days,
                s_reach,
                s_habit,
            )
            dx = c % width - base % width
            dy = c // width - base // width
            known = w_home * ce_home * math.exp(-math.sqrt(float(dx * dx + dy * dy)) / 1.5)
            public = float(in_public[c]) if interactions else 0.0
            homes = float(at_home[c]) if interactions else float(dwellings[c])
            passing = flow[c] * dark_hours[j] + public
            watch = w_passers * math.log(1.0 + min(passing, 200.0) * 0.05)  # those within sight
            placed = 0.0
            if slot_of[s] >= 0:
                placed = w_good * math.exp(-(tick - m_tick[mem, slot_of[s]]) / (ticks_per_day * good_days))
            common = -police - known - w_risk * risk[i] - w_management * lever_management[c]
            lamp = min(1.0, light[c] + lever_light[c])
            night = 1.0 if dark[j] else 0.0
            other = good_other * placed if slot_of[s] >= 2 else 0.0
            robbed = good_robbery * placed if slot_of[s] >= 2 else 0.0
            skill_b = w_skill * m_skill[mem, 0] if mem >= 0 else 0.0
            skill_t = w_skill * m_skill[mem, 1] if mem >= 0 else 0.0
            skill_r = w_skill * m_skill[mem, 2] if mem >= 0 else 0.0
            filmed = w_camera * lever_cameras[c]  # whoever plans looks up; those who come to blows do not
            around_home = math.log(1.0 + min(homes, 20.0)) * 0.3
            n_homes = dwelling_first[c + 1] - dwelling_first[c]
            if n_homes > 0 and slot_of[s] < 2:
                d = dwelling_first[c] + pick(b1 ^ np.uint32(s * 2654435761), n_homes)
                if slot_of[s] >= 0 and places[s] == m_cell[mem, slot_of[s]] and unit(b2) < same_home:
                    again = m_dwelling[mem, slot_of[s]]
                    for q in range(dwelling_first[c], dwelling_first[c + 1]):
                        if d_id[q] == again:
                            d = q
                target[s] = d
                if d_first_member[d] >= 0:  # a vacant dwelling holds nothing to take
                    inside = household_at_home(d_first_member[d], row_of, activity, next_member) if interactions else 0
                    utility[s, BURGLARY] = (
                        w_value * d_value[d]
                        - w_security * (d_security[d] + lever_security[c])
                        + w_cover * (d_cover[d] - lever_gated[c])
                        - w_occupied * inside
                        - w_neighbours * (sigmoid(efficacy[c]) + lever_watch[c]) * around_home
                        - watch
                        - 0.5 * filmed
                        - (w_alert * min(alert[c], 2.0) if interactions else 0.0)
                        + placed
                        + skill_b
                        + common
                        - theta[BURGLARY]
                    )
            if slot_of[s] < 0 or slot_of[s] >= 2:
                if shops[c] > 0 and open_share[j] > 0.0:
                    utility[s, SHOP] = (
                        0.42 * math.log(1.0 + shops[c])
                        - w_management * (management[c] - 0.5)
                        + other
                        + skill_t
                        + common
                        + math.log(open_share[j]) * scale
                        - theta[SHOP]
                    )
                if shops[c] > 0:
                    utility[s, TILL] = (
                        0.45 * math.log(1.0 + shops[c])
                        - 1.5 * w_management * (management[c] - 0.5)
                        + 0.4 * night
                        + robbed
                        + skill_r
                        + common
                        - theta[TILL]
                        + (math.log(max(open_share[j], 0.15)) * scale)
                    )
                if public > 0.0 or not interactions:
                    utility[s, PERSON] = (
                        w_crowd * math.log(1.0 + public)
                        + 0.4 * min(1.0, stops[c])
                        - filmed
                        + other
                        + skill_t
                        + common
                        - theta[PERSON]
                    )
                    utility[s, ROBBERY] = (
                        w_dark * night * (1.0 - lamp)
                        + w_patrons * night * min(1.0, bars[c] * 0.5)
                        + 0.3 * min(1.0, stops[c])
                        + 0.3 * math.log(1.0 + public)
                        - w_bystanders * min(public, 60.0)
                        + w_vacant * vacant[c]
                        + w_outlet * outlets[c]
                        - w_step_in * (sigmoid(efficacy[c]) - 0.5) * math.log(1.0 + min(homes, 20.0))
                        - filmed
                        - w_management * (management[c] - 0.5)
                        + robbed
                        + skill_r
                        + common
                        - theta[ROBBERY]
                    )
                cars = dwellings[c] * 0.7 + public * 0.2
                secured = 0.0
                if n_homes > 0:  # of two cars he takes the one that is easier to take
                    q = dwelling_first[c] + pick(b2 ^ np.uint32(s * 2654435761), n_homes)
                    t = dwelling_first[c] + pick(b1 ^ np.uint32(s * 2246822519), n_homes)
                    car[s] = t if d_cars_secured[t] < d_cars_secured[q] else q
                    secured = d_cars_secured[car[s]]
                utility[s, VEHICLE] = (
                    0.3 * math.log(1.0 + cars)
                    + 0.5 * w_dark * night * (1.0 - lamp)
                    - w_security * (lever_security[c] + secured)
                    - w_neighbours * lever_watch[c] * around_home
                    - watch
                    - filmed
                    + other
                    + skill_t
                    + common
                    - theta[VEHICLE]
                )
            for t in range(KINDS):
                if utility[s, t] > NEVER:
                    total += math.exp(utility[s, t] / scale)
        # The first part of the unit interval is "nothing": a place that loses its appeal mostly loses to nothing.
        left = unit(b3) * total - 1.0
        if left < 0.0:
            continue
        for s in range(PLACES):
            for t in range(KINDS):
                if utility[s, t] > NEVER and out_kind[j] < 0:
                    left -= math.exp(utility[s, t] / scale)
                    if left < 0.0:
                        out_kind[j] = t
                        out_cell[j] = places[s]
                        out_dwelling[j] = target[s] if t == BURGLARY else (car[s] if t == VEHICLE else -1)


def weight_vector(p, learned) -> np.ndarray:
    """Parameters of offending and of deterrence (`learned`) that the choice uses."""
    return np.array(
        [
            p.choice_scale,
            p.value,
            p.security,
            p.cover,
            p.occupied,
            p.neighbours,
            p.passers,
            p.alert,
            p.management,
            p.dark,
            p.patrons,
            p.crowd,
            p.home_recognition,
            p.risk,
            p.police_now,
            p.police_before,
            p.notice,
            learned.memory_strength,
            learned.memory_days,
            learned.memory_cells,
            learned.habituation,
            p.good_place,
            p.good_days,
            p.good_other,
            p.next_door,
            p.skill,
            p.camera,
            p.vacant,
            p.good_robbery,
            p.same_home,
            p.step_in_robbery,
            p.outlet_robbery,
            p.bystanders,
        ]
    )


def theta_vector(p) -> np.ndarray:
    return np.array([p.theta_burglary, p.theta_shop, p.theta_person, p.theta_vehicle, p.theta_robbery, p.theta_till])
