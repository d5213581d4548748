"""The pass over all residents that finds the few who look for an opportunity or take up a provocation in a tick."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.draws import BLOCK, fill_words


@njit(cache=True, nogil=True)
def find_ready(chunk, lo, hi, seed, code, tick, ticks_scale, keys, activity, ready_property, ready_violence, lookers,
               quarrellers, counts):
    """Append rows of lookers (outings only) and quarrellers (anywhere but away) of a chunk.

    ticks_scale : length of a tick relative to four hours; chances scale with it.
    lookers, quarrellers : int32[chunks, capacity]; counts : int64[chunks, 2].
    """
    w0 = np.empty(BLOCK, np.uint32)
    w1 = np.empty(BLOCK, np.uint32)
    w2 = np.empty(BLOCK, np.uint32)
    a = b = 0
    for start in range(lo, hi, BLOCK):
        m = min(BLOCK, hi - start)
        fill_words(seed, code, tick, keys, start, m, w0, w1, w2)
        for j in range(m):
            i = start + j
            here = activity[i]
            if (w0[j] + 0.5) * 2.0**-32 < ready_property[i] * ticks_scale and 2 <= here <= 5:
                lookers[chunk, a] = i
                a += 1
            if (w1[j] + 0.5) * 2.0**-32 < ready_violence[i] * ticks_scale and here <= 5:
                quarrellers[chunk, b] = i
                b += 1
    counts[chunk, 0] = a
    counts[chunk, 1] = b


@njit(cache=True, nogil=True)
def find_people(chunk, lo, hi, bitmap, activity, cell, hits, counts):
    """Append rows of people in public in the marked cells. bitmap : uint8[cells]; hits : int32[chunks, capacity]."""
    n = 0
    for i in range(lo, hi):
        c = cell[i]
        if c >= 0 and bitmap[c] and activity[i] != 0:
            hits[chunk, n] = i
            n += 1
    counts[chunk] = n
