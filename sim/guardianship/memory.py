"""What people who look for opportunities remember of the police: four places and when they saw them there."""

from __future__ import annotations

import math

from numba import njit

SLOTS = 4
LONG_AGO = -(2**30)


@njit(cache=True, inline="always")
def remembered(index, cells, ticks, times, cell, width, tick, ticks_per_day, strength, days, reach, habit):
    """Perceived risk at a cell from remembered sightings of police, in units of utility (subtract it).

    Parameters
    ----------
    index : int
        The person's value in the column ``sighted`` (-1: remembers nothing).
    cells, ticks : int32[people, 4]
        Where and when police were seen.
    times : uint8[people, 4]
        How often they have been seen there in a row.
    cell, width, tick, ticks_per_day : int
        Place asked about, width of the grid, now.
    strength, days, reach, habit : float
        ``strength * exp(-age / days) * exp(-distance / reach)``, divided by ``1 + habit * (times - 1)``: sightings that
        lead to nothing lose their force. The strongest of the four memories counts. Days, cells.
    """
    best = 0.0
    if index >= 0:
        x, y = cell % width, cell // width
        for s in range(SLOTS):
            where = cells[index, s]
            if where >= 0:
                age = (tick - ticks[index, s]) / ticks_per_day
                dx, dy = float(where % width - x), float(where // width - y)
                value = math.exp(-age / days - math.sqrt(dx * dx + dy * dy) / reach)
                value *= strength / (1.0 + habit * (max(times[index, s], 1) - 1.0))
                if value > best:
                    best = value
    return best


@njit(cache=True, nogil=True)
def remember(rows, ids, where, tick, sighted, owner, cells, ticks, times, used):
    """Store sightings, sorted by (id, cell), and return how many people have a memory now.

    A place seen again is refreshed; a new place takes the slot of the oldest memory.
    """
    for i in range(rows.size):
        index = sighted[rows[i]]
        if index < 0:
            index = used
            used += 1
            sighted[rows[i]] = index
            owner[index] = ids[i]
            for s in range(SLOTS):
                cells[index, s] = -1
                ticks[index, s] = LONG_AGO
                times[index, s] = 0
        slot = 0
        for s in range(SLOTS):
            if cells[index, s] == where[i]:
                slot = s
                break
            if ticks[index, s] < ticks[index, slot]:
                slot = s
        if cells[index, slot] == where[i]:
            if ticks[index, slot] != tick and times[index, slot] < 255:
                times[index, slot] += 1
        else:
            cells[index, slot] = where[i]
            times[index, slot] = 1
        ticks[index, slot] = tick
    return used
