"""How soon a unit is where somebody calls: the nearest in time of those on patrol, who are the units that are free.

More units, or units nearer to where calls come from, arrive sooner. All functions are inlined into the kernels that
call them. Minutes count from the start of the tick; `where`, `start` and `minutes` are the arrays of
:class:`sim.guardianship.visits.Visits`; `way`, `dispatch` and `per_cell` those of ``Patrol.to_calls``.
"""

from __future__ import annotations

import numpy as np
from numba import njit

LONG = 1e6  # minutes; nobody comes in time


@njit(cache=True, inline="always")
def arrival(v, cell, called, where, start, minutes, tick_minutes, way, dispatch, per_cell, width):
    """Minute at which the unit of visit `v` is at the cell when called at the minute `called`.

    A unit can be sent while it is at a place or on its way there (`way` minutes). A visit that is over counts as one of
    the next tick, whose visits are not planned yet; those kept of the tick before serve calls before this one only.
    """
    ready = float(start[v]) - way
    if called >= start[v] + minutes[v]:
        if start[v] < 0:
            return LONG
        ready += tick_minutes
    blocks = abs(where[v] % width - cell % width) + abs(where[v] // width - cell // width)
    return max(called, ready) + dispatch + per_cell * blocks


@njit(cache=True, nogil=True)
def first_two(cell, called, where, start, minutes, tick_minutes, way, dispatch, per_cell, width):
    """Minutes at which the first and the second unit are at the cell (`LONG`: none)."""
    first = second = LONG
    for v in range(start.size):
        t = arrival(v, cell, called, where, start, minutes, tick_minutes, way, dispatch, per_cell, width)
        if t < first:
            first, second = t, first
        elif t < second:
            second = t
    return first, second


@njit(cache=True, nogil=True)
def _there(cells, called, both, where, start, minutes, tick_minutes, way, dispatch, per_cell, width, out):
    for j in range(cells.size):
        first, second = first_two(cells[j], called[j], where, start, minutes, tick_minutes, way, dispatch, per_cell,
                                  width)
        out[j] = second if both[j] else first


def arrivals(model, cells: np.ndarray, called: np.ndarray, both: np.ndarray) -> np.ndarray:
    """Minute of the tick at which a unit, or `both` of two, is at each of the cells, called at the minutes `called`."""
    v, out = model.visits, np.empty(len(cells))
    _there(np.asarray(cells, np.int64), np.asarray(called, float), both, v.cell, v.start, v.minutes,
           model.calendar.tick_minutes, *model.mechanisms["patrol"].to_calls(model), model.city.grid.width, out)
    return out
