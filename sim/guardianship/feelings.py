"""Kernels of fear and trust: slow return to what the surroundings give, and talk among friends."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, uint64

from sim.draws import draw4, unit

SLICE = 32  # days between two updates of the same person (a power of two)


@njit(cache=True, nogil=True)
def rows_of_day(keys, day, out):
    """Write the rows whose turn it is on this day to `out` and return their number.

    Blocks of 64 keys take turns through `SLICE` days.
    """
    n = 0
    for i in range(keys.size):
        out[n] = i
        n += ((keys[i] >> uint64(6)) & uint64(SLICE - 1)) == day
    return n


@njit(cache=True, nogil=True)
def feel(lo, hi, rows, seed, code, keys, home, area, ties, row_of, fear, trust, disorder, efficacy, area_trust,
         fear_base, of_disorder, of_efficacy, of_person, trust_person, fear_keep, trust_keep, talk, new_fear,
         new_trust):
    """Write the new fear and trust of the residents `rows` to `new_fear`, `new_trust` (in that order).

    Both return to a base, a person's own: for fear the disorder and collective efficacy around the home, for trust the
    neighbourhood's experience with institutions, each plus a lasting difference between people. Friends' fear is mixed
    in with weight `talk`; it is read before anybody's is changed.
    """
    for j in range(lo, hi):
        i = rows[j]
        a, b, c, d = draw4(seed, code, 0, keys[i], 0)
        cell = home[i]
        person = (unit(a) + unit(b) - 1.0) * math.sqrt(6.0)
        base = fear_base + of_disorder * disorder[cell] - of_efficacy * efficacy[cell] + of_person * person
        value = base + (fear[i] - base) * fear_keep
        if talk > 0.0:
            total, friends = 0.0, 0
            for s in range(ties.shape[1]):
                if ties[i, s] >= 0 and row_of[ties[i, s]] >= 0:
                    total += fear[row_of[ties[i, s]]]
                    friends += 1
            if friends > 0:
                value += talk * (total / friends - value)
        new_fear[j] = min(max(value, 0.0), 1.0)
        person = (unit(c) + unit(d) - 1.0) * math.sqrt(6.0)
        base = area_trust[area[i]] + trust_person * person
        new_trust[j] = min(max(base + (trust[i] - base) * trust_keep, 0.0), 1.0)


@njit(cache=True, nogil=True)
def raise_alert(cells, width, height, alert, beside):
    """Alert the neighbours of a burglary: one in the cell, `beside` in the four cells next to it."""
    for i in range(cells.size):
        c = cells[i]
        x, y = c % width, c // width
        alert[c] += np.float32(1.0)
        if x > 0:
            alert[c - 1] += beside
        if x < width - 1:
            alert[c + 1] += beside
        if y > 0:
            alert[c - width] += beside
        if y < height - 1:
            alert[c + width] += beside
