"""Choice of a destination by size and distance (Huff 1963; Wilson 1967), exact nearby and by zones far away.

The probability of a destination is proportional to ``size (distance + offset)^-exponent exp(-distance / range)``:
a power nearby, as in Huff's studies of shopping, and Wilson's exponential far away, without which people of a large
city would travel farther and farther. Destinations in the zones around the origin are weighed one by one; those
farther away are first taken together by zone (at most about 1,500 zones), which keeps a choice cheap in a city of any
size.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.draws import decision, draw4, unit

MAX_ZONES = 1500
_PER_CELL = 4  # resolution of the distance table: quarters of a cell


@njit(cache=True)
def _weigh(ox, oy, side, width, zone_x, zone_y, centre_x, centre_y, total, start, cells, size, table, cumulated):
    """Cumulated weight of every zone for an origin; returns the whole."""
    acc = 0.0
    zx, zy = ox // side, oy // side
    for z in range(zone_x.size):
        if abs(zone_x[z] - zx) <= 1 and abs(zone_y[z] - zy) <= 1:
            for j in range(start[z], start[z + 1]):
                dx, dy = cells[j] % width - ox, cells[j] // width - oy
                acc += size[j] * table[int(math.sqrt(dx * dx + dy * dy) * 4.0)]
        else:
            fx, fy = centre_x[z] - ox, centre_y[z] - oy
            acc += total[z] * table[int(math.sqrt(fx * fx + fy * fy) * 4.0)]
        cumulated[z] = acc
    return acc


@njit(cache=True, nogil=True)
def _choose(origins, who, keys, seed, code, k, side, width, zone_x, zone_y, centre_x, centre_y, total, start,
            cells, size, summed, table, out):
    cumulated = np.empty(zone_x.size)
    last = -1
    whole = 0.0
    for i in range(origins.size):
        if not who[i]:
            continue
        origin = np.int64(origins[i])
        ox, oy = origin % width, origin // width
        if origin != last:
            whole = _weigh(ox, oy, side, width, zone_x, zone_y, centre_x, centre_y, total, start, cells, size, table,
                           cumulated)
            last = origin
        a, b, _, _ = draw4(seed, code, 0, keys[i], k)
        z = min(np.searchsorted(cumulated, unit(a) * whole), zone_x.size - 1)
        lo, hi = start[z], start[z + 1]
        v = unit(b)
        pick = hi - 1
        if hi - lo > 1:
            if abs(zone_x[z] - ox // side) <= 1 and abs(zone_y[z] - oy // side) <= 1:
                mass = cumulated[z] - (cumulated[z - 1] if z > 0 else 0.0)
                left = v * mass
                for j in range(lo, hi):
                    dx, dy = cells[j] % width - ox, cells[j] // width - oy
                    left -= size[j] * table[int(math.sqrt(dx * dx + dy * dy) * 4.0)]
                    if left <= 0:
                        pick = j
                        break
            else:
                before = summed[lo - 1] if lo > 0 else 0.0
                pick = min(lo + np.searchsorted(summed[lo:hi], before + v * (summed[hi - 1] - before)), hi - 1)
        out[i] = cells[pick]


class Destinations:
    """A set of destinations prepared for many choices.

    Parameters
    ----------
    size : array over cells
        Attraction of each cell; 0 means that it is no destination.
    width : int
        Cells in a row of the grid.
    exponent, offset, reach : float
        Weight ``size (d + offset)^-exponent exp(-d / reach)`` at the distance d; d, offset and reach in cells.
    """

    def __init__(self, size: np.ndarray, width: int, exponent: float, offset: float, reach: float):
        size = np.asarray(size, float)
        cells = np.flatnonzero(size > 0)
        if cells.size == 0:
            raise ValueError("a choice of destinations needs at least one destination")
        height = -(-size.size // width)
        x, y = cells % width, cells // width
        side = 1
        while True:
            across = width // side + 1
            zone = (y // side) * across + x // side
            found, index = np.unique(zone, return_inverse=True)
            if found.size <= MAX_ZONES:
                break
            side = 4 if side == 1 else side * 2
        order = np.argsort(index, kind="stable")
        self.side, self.width = side, width
        self.cells = cells[order].astype(np.int32)
        self.size = size[self.cells]
        self.summed = np.cumsum(self.size)
        self.start = np.searchsorted(index[order], np.arange(found.size + 1)).astype(np.int64)
        self.total = np.add.reduceat(self.size, self.start[:-1])
        self.zone_x, self.zone_y = (found % across).astype(np.int64), (found // across).astype(np.int64)
        self.centre_x = np.add.reduceat(self.size * (self.cells % width), self.start[:-1]) / self.total
        self.centre_y = np.add.reduceat(self.size * (self.cells // width), self.start[:-1]) / self.total
        distance = np.arange(int(math.hypot(width, height) * _PER_CELL) + 8) / _PER_CELL
        self.table = (distance + offset) ** -float(exponent) * np.exp(-np.minimum(distance / reach, 300.0))

    def choose(self, origins, seed: int, name: str, who=None, first_key: int = 0, k: int = 0, out=None,
               keys: np.ndarray | None = None) -> np.ndarray:
        """Choose a destination for each origin; equal origins should stand together (the weights are reused).

        Parameters
        ----------
        origins : int array of cells
        seed, name, k
            Key of the draws; the key of row i is ``first_key + i``, or ``keys[i]`` where these are given.
        who : bool array, optional
            Rows that choose; the others keep -1 (or what `out` holds).
        out : int32 array, optional

        Returns
        -------
        int32 array of cells
        """
        if out is None:
            out = np.full(len(origins), -1, np.int32)
        if who is None:
            who = np.ones(len(origins), np.bool_)
        if keys is None:
            keys = np.arange(first_key, first_key + len(origins), dtype=np.uint64)
        _choose(origins, who, keys, np.uint64(seed), decision(name), k, self.side, self.width,
                self.zone_x, self.zone_y, self.centre_x, self.centre_y, self.total, self.start, self.cells, self.size,
                self.summed, self.table, out)
        return out
