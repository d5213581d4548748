"""Quarrels: provocations taken up at a place, at home, or out of a grudge; and who is hit.

Violence is bound to situations (Felson and Steadman 1983; Wilcox and Cullen 2018): company, drink, drugs, night, nobody
in charge. At home it is bound to what happens at home, a household's strain, drink, dependence and earlier violence,
and to nobody in the street (Capaldi et al. 2012). A victim of assault may strike back within weeks (Jacobs and Wright
2006), which is where repeats and feuds come from.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.draws import draw1, draw4, mix, unit
from sim.guardianship.memory import remembered
from sim.guardianship.presence import overlap, presence

NOBODY, STRANGER, HOUSEHOLD = -1, 0, 1


@njit(cache=True, nogil=True)
def choose_quarrel(
    rows,
    minutes,
    dark,
    awake,
    under,
    strain,
    seed,
    codes,
    tick,
    ticks_per_day,
    min_age,
    interactions,
    key,
    cell,
    activity,
    age,
    risk,
    sighted,
    first_member,
    next_member,
    row_of,
    partner,
    width,
    in_public,
    management,
    light,
    lever_management,
    lever_light,
    vacant,
    at_home,
    efficacy,
    tension,
    s_cells,
    s_ticks,
    s_times,
    v_first,
    v_count,
    v_start,
    v_minutes,
    weights,
    out_kind,
    out_cell,
    out_victim,
    out_under,
    seen,
):
    """Decide for every quarreller whether it comes to blows.

    awake : float64[n], share of people at home who are awake at that minute.
    under : float64[n], chance of being under the influence of a drug; out_under : bool[n].
    tension : float32[cells], what the place adds: nobody around counts on the police, or drink is sold.
    strain : float64[n], conflict in the household: of weight for violence at home alone.
    out_kind : int8[n] (-1 no, 0 somebody present, 1 a member of the household); out_victim : int64[n] id of the member.
    """
    (
        scale,
        theta_quarrel,
        theta_domestic,
        w_drink,
        w_company,
        w_management,
        w_supervised,
        w_risk,
        w_now,
        w_before,
        notice,
        s_strength,
        s_days,
        s_reach,
        s_habit,
        w_under,
        w_vacant,
        w_step_in,
        elsewhere,
        in_bars,
        w_drink_home,
    ) = weights
    for j in range(rows.size):
        i = rows[j]
        out_kind[j] = NOBODY
        seen[j] = -1
        c = np.int64(cell[i])
        u0, u1, _, _ = draw4(seed, codes[0], tick, key[i], 0)
        evening = 1.0 if dark[j] else 0.0
        out_under[j] = unit(u1) < under[j]
        influence = w_under if out_under[j] else 0.0
        if activity[i] == 0:
            # at home: with a member of the household, whoever has the lowest hash; partners first
            best, who, best_partner = np.uint64(0xFFFFFFFFFFFFFFFF), np.int64(-1), False
            member = first_member[j]
            while member >= 0:
                row = row_of[member]
                if row < 0:
                    break
                if row != i and activity[row] == 0 and age[row] >= min_age:
                    h = mix(key[i], key[row])
                    pair = partner[i] == 1 and partner[row] == 1
                    if (pair and not best_partner) or (pair == best_partner and h < best):
                        best, who, best_partner = h, member, pair
                member = next_member[row]
            if who < 0:
                continue
            v = 0.4 * w_drink_home * evening + influence + strain[j] - theta_domestic
            if unit(u0) < awake[j] / (1.0 + math.exp(-v / scale)):
                out_kind[j], out_cell[j], out_victim[j] = HOUSEHOLD, c, who
            continue
        public = float(in_public[c]) if interactions else 10.0
        if public < 2.0:
            continue
        now, _ = presence(v_first, v_count, v_start, v_minutes, c, minutes[j])
        around = overlap(v_first, v_count, v_start, v_minutes, c, minutes[j], 30.0)
        police = 0.0
        if around > 0.0 or now:
            if draw1(seed, codes[1], tick, mix(key[i], np.uint64(c)), 0) < 1.0 - math.exp(-notice * max(around, 1.0)):
                police = w_now if now else w_before
                seen[j] = c
        police += remembered(
            sighted[i], s_cells, s_ticks, s_times, c, width, tick, ticks_per_day, s_strength, s_days, s_reach, s_habit
        )
        drink = w_drink * (evening if activity[i] == 3 else elsewhere * evening)
        lamp = min(1.0, light[c] + lever_light[c])
        # Neighbours within earshot step in, or look away; nobody does behind the doors of schools and works. What goes
        # on in bars they do not see, but hear of and complain about.
        step_in = 0.0
        if interactions and activity[i] != 1 and (activity[i] != 3 or in_bars > 0.0):
            willing = 1.0 / (1.0 + math.exp(-float(efficacy[c])))
            step_in = w_step_in * (willing - 0.5) * math.log(1.0 + min(float(at_home[c]), 20.0))
            if activity[i] == 3:
                step_in *= in_bars
        v = (
            drink
            + influence
            + w_company * math.log(1.0 + min(public, 60.0))
            - 1.6 * w_management * (management[c] - 0.5)
            - w_management * lever_management[c]
            - (w_supervised if activity[i] == 1 else 0.0)
            + 0.3 * evening * (1.0 - lamp)
            + w_vacant * vacant[c]
            + tension[c]
            - step_in
            - police
            - w_risk * risk[i]
            - theta_quarrel
        )
        if unit(u0) < 1.0 / (1.0 + math.exp(-v / scale)):
            out_kind[j], out_cell[j] = STRANGER, c


@njit(cache=True, nogil=True)
def choose_victims(
    cells, offender_rows, taste, seed, code, tick, key, age, ready_violence, activity, cell, hits, out_row
):
    """Pick a victim among the people present for every offence against a person.

    The three people whose hash with the offender is lowest are met. A robber or thief (taste 0) takes the first; in a
    quarrel (taste 1) it is the one who is most like him: ready for violence, in a bar, of his age. Nobody's place in an
    array matters.

    hits : int32[m] rows of people in public in the cells, in any order. out_row : int32[n], -1 when nobody is there.
    """
    met = np.empty(3, np.int64)
    rank = np.empty(3, np.uint64)
    top = np.uint64(0xFFFFFFFFFFFFFFFF)
    # The people of each cell next to one another: the cells are few, so that counting is quicker than sorting.
    part_of = np.full(cells.max() + 1 if cells.size else 0, -1, np.int32)
    parts = 0
    for c in cells:
        if part_of[c] < 0:
            part_of[c] = parts
            parts += 1
    first = np.zeros(parts + 1, np.int64)
    for row in hits:
        if cell[row] < part_of.size and part_of[cell[row]] >= 0:
            first[part_of[cell[row]] + 1] += 1
    for q in range(parts):
        first[q + 1] += first[q]
    there, filled = np.empty(first[parts], np.int32), first[:parts].copy()
    for row in hits:
        if cell[row] < part_of.size and part_of[cell[row]] >= 0:
            there[filled[part_of[cell[row]]]] = row
            filled[part_of[cell[row]]] += 1
    for j in range(cells.size):
        out_row[j] = -1
        for q in range(3):
            met[q] = -1
            rank[q] = top
        me = offender_rows[j]
        salt = mix(mix(key[me], np.uint64(tick)), (np.uint64(code) + np.uint64(taste[j])) ^ seed)
        part = part_of[cells[j]]
        for at in range(first[part], first[part + 1]):
            row = there[at]
            if row == me:
                continue
            h = mix(salt, key[row])
            q = 3
            while q > 0 and h < rank[q - 1]:
                q -= 1
            if q < 3:
                for b in range(2, q, -1):
                    rank[b] = rank[b - 1]
                    met[b] = met[b - 1]
                rank[q] = h
                met[q] = row
        if taste[j] == 0:
            if met[0] >= 0:
                out_row[j] = met[0]
            continue
        best = -1e18
        for q in range(3):
            row = met[q]
            if row >= 0:
                appeal = 0.5 * math.log(ready_violence[row] + 1e-6) + (1.2 if activity[row] == 3 else 0.0)
                appeal -= 0.05 * abs(float(age[row]) - float(age[me]))
                if appeal > best:
                    best = appeal
                    out_row[j] = row


OUTSIDE_BARS = (18, 20)  # places in weight_vector of drink on the street and on visits, and at home


def with_less_drink(weights: np.ndarray, sober: float) -> np.ndarray:
    """The same weights where a share of what people drink outside bars is not drunk; to bars they go less often."""
    out = weights.copy()
    out[list(OUTSIDE_BARS)] *= 1.0 - sober
    return out


def weight_vector(p, learned) -> np.ndarray:
    """Parameters of offending and of deterrence (`learned`) that quarrels use."""
    return np.array(
        [
            p.choice_scale,
            p.theta_quarrel,
            p.theta_domestic,
            p.drink,
            p.company,
            p.management,
            p.supervised,
            p.risk,
            p.police_now,
            p.police_before,
            p.notice,
            learned.memory_strength,
            learned.memory_days,
            learned.memory_cells,
            learned.habituation,
            p.influence,
            p.vacant,
            p.step_in,
            p.drink_elsewhere,
            p.step_in_bars,
            p.drink,  # at home
        ]
    )
