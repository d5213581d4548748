"""Police presence at a place and a minute, read from the visits of the tick.

All functions are inlined into the kernels that call them. Minutes count from the start of the tick; a visit that ended
in the tick before has a negative start. `first`, `count`, `start` and `minutes` are the arrays of
:class:`sim.guardianship.visits.Visits`.
"""

from __future__ import annotations

from numba import njit

FAR = 32_000  # minutes; "no visit"


@njit(cache=True, inline="always")
def presence(first, count, start, minutes, cell, minute):
    """Tell whether a unit is at the cell at the minute, and the minutes since the last visit ended.

    Returns
    -------
    now : bool
        A unit is there.
    since : int
        0 when a unit is there; else minutes since the last visit ended; `FAR` when there was none.
    """
    now = False
    since = FAR
    for v in range(first[cell], first[cell] + count[cell]):
        age = minute - start[v]
        if age >= 0:
            gone = age - minutes[v]
            if gone < 0:
                now = True
                since = 0
            elif gone < since:
                since = gone
    return now, since


@njit(cache=True, inline="always")
def overlap(first, count, start, minutes, cell, minute, around):
    """Minutes of police presence at the cell during the last `around` minutes before `minute`.

    Someone who has been around for that long notices the police with probability ``1 - exp(-rate * overlap)``: a
    longer stay is noticed by more of those who come to the place within the next half hour than a drive-by
    (the form behind the curve of Koper, 1995).
    """
    total = 0.0
    for v in range(first[cell], first[cell] + count[cell]):
        a = max(float(start[v]), minute - around)
        b = min(float(start[v]) + minutes[v], float(minute))
        if b > a:
            total += b - a
    return total


@njit(cache=True, inline="always")
def until(first, count, start, cell, minute):
    """Minutes from `minute` to the next arrival of a unit at the cell (`FAR`: none in this tick)."""
    wait = FAR
    for v in range(first[cell], first[cell] + count[cell]):
        ahead = start[v] - minute
        if 0 <= ahead < wait:
            wait = ahead
    return wait


@njit(cache=True, nogil=True)
def police_there(first, count, start, minutes, cells, at, out):
    """Write whether a unit is at each of the cells at the minute `at` of the same index."""
    for j in range(cells.size):
        out[j], _ = presence(first, count, start, minutes, cells[j], at[j])
