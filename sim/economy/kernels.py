"""Kernels of the economy: a month of one person's working life, and the means of a household."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.draws import decision, draw4, pick, unit

INFANT, PUPIL, STUDENT, WORKER, SHIFT, JOBLESS, RETIRED = range(7)
YEAR = 365
STUDENT_MEANS = 0.35  # grants, parents and odd jobs against a wage, as at the start

_MONTH = decision("economy.month")
_WAGE = decision("economy.wage")
_SITE = decision("economy.site")
_DRAWS = 2  # times four candidate places


@njit(cache=True, nogil=True)
def _words(seed, code, tick, key, k):
    # Compiled once and linked: few draws are made here, and inlining the generator thrice triples compile time.
    return draw4(seed, code, tick, key, k)


@njit(cache=True, nogil=True)
def choose_site(seed, code, tick, key, home, cumulative, width, cells):
    """Choose a cell by gravity: candidates in proportion to what is there, then by nearness to the home.

    `cumulative` counts opportunities (jobs, schools) up to and with each cell; `cells` is the distance, in cells, at
    which a candidate's weight has fallen to 1/e. Returns the home where the city has no opportunity.
    """
    total = cumulative[-1]
    if total <= 0:
        return home
    hx, hy = home % width, home // width
    found = np.empty(4 * _DRAWS, np.int32)
    weight = np.empty(4 * _DRAWS)
    whole = 0.0
    for k in range(_DRAWS):
        words = _words(seed, code, tick, key, k)
        for j in range(4):
            c = np.searchsorted(cumulative, pick(words[j], total), side="right")
            d = math.hypot(c % width - hx, c // width - hy)
            found[4 * k + j] = c
            weight[4 * k + j] = math.exp(-d / cells) + 1e-9
            whole += weight[4 * k + j]
    left = unit(_words(seed, code, tick, key, _DRAWS)[0]) * whole
    for j in range(4 * _DRAWS - 1):
        left -= weight[j]
        if left <= 0:
            return found[j]
    return found[4 * _DRAWS - 1]


@njit(cache=True, nogil=True)
def usual_wage(seed, tick, key, median, sd):
    """Draw a usual weekly wage: lognormal around the median of the area."""
    a, b, _, _ = _words(seed, _WAGE, tick, key, 0)
    return median * math.exp(sd * math.sqrt(-2.0 * math.log(unit(a))) * math.cos(2.0 * math.pi * unit(b)))


@njit(cache=True, nogil=True)
def working_life(lo, hi, seed, tick, day, key, alive, birth_day, area, held, strain, standing, rates, ages,
                 inactivity, student_share, wage_sd, pension, routine, usual, moved):
    """One month: growing up, losing and finding jobs, retiring. `moved`: 1 for a new workplace, 2 for a new school.

    rates: float64[areas, 3], monthly hazard of losing a job, of finding one, median wage. ages: when school starts,
    when it ends, years of study, retirement. inactivity: age from which more leave the labour force, monthly hazards
    of leaving it before and after that age, of coming back before it. held: bool, in custody today. strain, standing:
    float32, factors on losing and on finding a job.
    """
    for i in range(lo, hi):
        moved[i] = 0
        if not alive[i]:
            continue
        age = (day - birth_day[i]) / YEAR
        now = routine[i]
        a = max(area[i], 0)
        u, v, w, x = _words(seed, _MONTH, tick, key[i], 0)
        if now <= PUPIL and age >= ages[1] and age < ages[1] + 10:
            if unit(w) < student_share:
                now = STUDENT
                moved[i] = 2
                usual[i] = STUDENT_MEANS * rates[a, 2]
            else:
                now = WORKER
                usual[i] = 0.0
        elif now == INFANT and age >= ages[0]:
            now = PUPIL
            moved[i] = 2
        elif now == STUDENT and age >= ages[1] + ages[2]:
            # Graduates leave over the two years that follow, not all on a birthday.
            if unit(w) < 0.08:
                now = WORKER
                usual[i] = 0.0
        elif (now == WORKER or now == SHIFT or now == JOBLESS) and age >= ages[3]:
            now = RETIRED
            usual[i] *= pension
        elif WORKER <= now < RETIRED and not held[i] and unit(x) < inactivity[1 if age < inactivity[0] else 2]:
            now = RETIRED  # illness, care of others, giving up
            usual[i] *= pension
        elif now == RETIRED and age < inactivity[0] and unit(x) < inactivity[3]:
            now = WORKER
            usual[i] = 0.0
        if (now == WORKER or now == SHIFT or now == JOBLESS) and usual[i] <= 0.0:
            usual[i] = usual_wage(seed, tick, key[i], rates[a, 2], wage_sd)
        entering = now == WORKER and (routine[i] < WORKER or routine[i] == RETIRED)
        if now == WORKER or now == SHIFT:
            # Who enters the labour market finds a job with the odds of the area, so that youth adds no drift.
            lose = rates[a, 0] / max(rates[a, 0] + rates[a, 1], 1e-12) if entering else rates[a, 0] * strain[i]
            if held[i] or unit(u) < lose:
                now = JOBLESS
            elif entering:
                moved[i] = 1
        elif now == JOBLESS and not held[i] and unit(u) < rates[a, 1] * standing[i]:
            now = WORKER if unit(v) < 0.85 else SHIFT
            moved[i] = 1
        routine[i] = now


@njit(cache=True, nogil=True)
def sites(lo, hi, seed, tick, key, home, routine, moved, jobs, schools, width, commute, school_run, anchor):
    """Give a place to whoever has a new job or school, and none to those without."""
    for i in range(lo, hi):
        if moved[i] == 1:
            anchor[i] = choose_site(seed, _SITE, tick, key[i], home[i], jobs, width, commute)
        elif moved[i] == 2:
            reach = school_run if routine[i] == PUPIL else commute
            anchor[i] = choose_site(seed, _SITE, tick, key[i], home[i], schools, width, reach)
        elif routine[i] == JOBLESS or routine[i] == RETIRED:
            anchor[i] = -1


@njit(cache=True, nogil=True)
def own_income(lo, hi, routine, usual, held, earnings, benefit, income):
    """Legal income of a week: wage, benefit of the jobless, pension or grant; nothing of them in custody."""
    for i in range(lo, hi):
        base = usual[i] * (benefit if routine[i] == JOBLESS else 1.0)
        income[i] = (0.0 if held[i] else base) + earnings[i]


@njit(cache=True, nogil=True)
def households(lo, hi, first_member, next_member, row_of, line, transfer, slope, means, income, hardship):
    """Means of each household per equivalent head (square root of its size), the transfer it gets, and its hardship.

    `means` (float32, dwellings) receives the means before the transfer; -1 for an empty dwelling.
    """
    for h in range(lo, hi):
        total, size = 0.0, 0
        member = first_member[h]
        while member >= 0:
            i = row_of[member]
            total += income[i]
            size += 1
            member = next_member[i]
        means[h] = -1.0
        if size == 0:
            continue
        head = math.sqrt(size)
        means[h] = total / head
        if line <= 0.0:
            continue
        if transfer > 0.0 and total < line * head:
            income[row_of[first_member[h]]] += np.float32(transfer * size)
            total += transfer * size
        relative = max(total, 0.0) / (head * line)
        value = np.float32(1.0 / (1.0 + relative**slope))
        member = first_member[h]
        while member >= 0:
            i = row_of[member]
            hardship[i] = value
            member = next_member[i]
