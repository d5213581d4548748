"""The way people travel: along a lattice of arterial streets, worked out without tables.

Rows and columns of cells whose number is a multiple of `period` are arterials. A trip leaves its origin on a local
street to the first arterial towards the destination, follows arterials with at most one turn and reaches the
destination on a local street. Trips no longer than one period are walked directly. The way back is the same way.

With ``order`` below 1 that share of pairs of places keeps to arterials; the others take local streets all the way
(which pairs do is a hash of the pair, so a person always takes the same way to work).

A route never leaves the rectangle of the grid, but it may cross cells outside the city's outline or water:
use :func:`route_cell_inside` where a place inside the city is needed.
"""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from sim.draws import mix


@njit(cache=True, inline="always")
def _line(a, b, period):
    """The arterial by which a trip at coordinate a leaves towards b: the first on the way, else the one below."""
    low = (a // period) * period
    if a != low and b >= low + period:
        return low + period
    return low


@njit(cache=True)
def corners(c0, c1, width, period, order=1.0):
    """The three inner corners (x, y each) of the way from cell c0 to c1; at most four straight legs."""
    x0, y0 = c0 % width, c0 // width
    x1, y1 = c1 % width, c1 // width
    first, second = (c0, c1) if c0 < c1 else (c1, c0)
    h = mix(uint64(first), uint64(second))
    # Among equally long ways one is taken by the pair's hash; the flip makes the way back the same.
    upright = ((h & uint64(1)) == uint64(0)) == (c0 < c1)
    direct = abs(x1 - x0) + abs(y1 - y0) <= period
    if not direct and order < 1.0:
        direct = float((h >> uint64(1)) & uint64(0xFFFF)) >= order * 65536.0
    if direct:
        if upright:
            return x0, y1, x0, y1, x0, y1
        return x1, y0, x1, y0, x1, y0
    ya, xb = _line(y0, y1, period), _line(x1, x0, period)
    xa, yb = _line(x0, x1, period), _line(y1, y0, period)
    length_up = abs(y0 - ya) + abs(x0 - xb) + abs(y1 - ya) + abs(x1 - xb)
    length_across = abs(x0 - xa) + abs(y0 - yb) + abs(x1 - xa) + abs(y1 - yb)
    if length_up < length_across or (length_up == length_across and upright):
        return x0, ya, xb, ya, xb, y1
    return xa, y0, xa, yb, x1, yb


@njit(cache=True)
def route_length(c0, c1, width, period, order=1.0):
    """Length of the way from cell c0 to cell c1 in cells.

    Parameters
    ----------
    c0, c1 : int
        Cells.
    width : int
        Cells in a row of the grid.
    period : int
        Distance between arterials (``city.street_period``).
    order : float
        Share of pairs of places that keep to arterials (``city.street_order``).
    """
    ax, ay, bx, by, cx, cy = corners(c0, c1, width, period, order)
    x0, y0 = c0 % width, c0 // width
    x1, y1 = c1 % width, c1 // width
    return (abs(ax - x0) + abs(ay - y0) + abs(bx - ax) + abs(by - ay) + abs(cx - bx) + abs(cy - by)
            + abs(x1 - cx) + abs(y1 - cy))


@njit(cache=True)
def route_cell(c0, c1, frac, width, period, order=1.0):
    """The cell at the fraction `frac` (0-1) of the way from c0 to c1; parameters as in :func:`route_length`."""
    ax, ay, bx, by, cx, cy = corners(c0, c1, width, period, order)
    x, y = c0 % width, c0 // width
    x1, y1 = c1 % width, c1 // width
    la = abs(ax - x) + abs(ay - y)
    lb = abs(bx - ax) + abs(by - ay)
    lc = abs(cx - bx) + abs(cy - by)
    ld = abs(x1 - cx) + abs(y1 - cy)
    step = np.int64(min(max(frac, 0.0), 1.0) * (la + lb + lc + ld) + 0.5)
    tx, ty = ax, ay
    if step > la:
        step -= la
        x, y, tx, ty = ax, ay, bx, by
        if step > lb:
            step -= lb
            x, y, tx, ty = bx, by, cx, cy
            if step > lc:
                step -= lc
                x, y, tx, ty = cx, cy, x1, y1
    if tx > x:
        x += step
    elif tx < x:
        x -= step
    elif ty > y:
        y += step
    elif ty < y:
        y -= step
    return y * width + x


@njit(cache=True)
def route_cell_inside(c0, c1, frac, width, period, area, order=1.0):
    """Like :func:`route_cell`, but a cell of the city: where the way leaves it, the nearest earlier part is taken."""
    for _ in range(6):
        c = route_cell(c0, c1, frac, width, period, order)
        if area[c] >= 0:
            return c
        frac *= 0.6
    return c0


@njit(cache=True)
def add_route(count, c0, c1, width, period, order, weight):
    """Add `weight` to `count` in every cell of the way from c0 to c1, both ends included."""
    ax, ay, bx, by, cx, cy = corners(c0, c1, width, period, order)
    x, y = c0 % width, c0 // width
    count[c0] += weight
    for leg in range(4):
        if leg == 0:
            tx, ty = ax, ay
        elif leg == 1:
            tx, ty = bx, by
        elif leg == 2:
            tx, ty = cx, cy
        else:
            tx, ty = c1 % width, c1 // width
        while x != tx:
            x += 1 if tx > x else -1
            count[y * width + x] += weight
        while y != ty:
            y += 1 if ty > y else -1
            count[y * width + x] += weight


@njit(cache=True, nogil=True)
def add_routes(count, origins, destinations, width, period, order, weight):
    """:func:`add_route` for arrays of trips; destinations below 0 are skipped."""
    for i in range(origins.size):
        if destinations[i] >= 0:
            add_route(count, np.int64(origins[i]), np.int64(destinations[i]), width, period, order, weight)
