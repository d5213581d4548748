"""The pass over all residents that finds the few who look for an opportunity or take up a provocation in a tick."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.draws import BLOCK, fill_words


@njit(cache=True, nogil=True, error_model="numpy")
def find_ready(
    chunk,
    lo,
    hi,
    seed,
    code,
    tick,
    ticks_scale,
    keys,
    activity,
    ready_property,
    ready_violence,
    lookers,
    quarrellers,
    counts,
):
    """Append rows of lookers (outings only) and quarrellers (anywhere but away) of a chunk.

    ticks_scale : length of a tick relative to four hours; chances scale with it.
    lookers, quarrellers : int32[chunks, capacity]; counts : int64[chunks, 2].
    """
    w0 = np.empty(BLOCK, np.uint32)
    w1 = np.empty(BLOCK, np.uint32)
    w2 = np.empty(BLOCK, np.uint32)
    flag = np.empty(BLOCK, np.uint8)
    scale = np.float32(ticks_scale * 2.0**24)
    small = np.uint32(8)
    a = b = 0
    for start in range(lo, hi, BLOCK):
        m = min(BLOCK, hi - start)
        end = start + m
        fill_words(seed, code, tick, keys, start, m, w0, w1, w2)
        p_, v_, act_ = ready_property[start:end], ready_violence[start:end], activity[start:end]
        some = np.int32(0)
        for j in range(m):
            here = np.int32(act_[j])
            looks = (np.float32(np.int32(w0[j] >> small)) < p_[j] * scale) & (here >= 2) & (here <= 5)
            fights = (np.float32(np.int32(w1[j] >> small)) < v_[j] * scale) & (here <= 5)
            f = np.int32(looks) + np.int32(2) * np.int32(fights)
            flag[j] = np.uint8(f)
            some |= f
        if some == 0:
            continue
        for j in range(m):
            if flag[j] & 1:
                lookers[chunk, a] = start + j
                a += 1
            if flag[j] & 2:
                quarrellers[chunk, b] = start + j
                b += 1
    counts[chunk, 0] = a
    counts[chunk, 1] = b


@njit(cache=True, nogil=True, error_model="numpy")
def find_people(chunk, lo, hi, bitmap, activity, cell, hits, counts):
    """Append rows of people in public in the marked cells. bitmap : uint8[cells]; hits : int32[chunks, capacity]."""
    n = 0
    for start in range(lo, hi, BLOCK):
        end = min(start + BLOCK, hi)
        cell_, act_ = cell[start:end], activity[start:end]
        for j in range(end - start):
            c = cell_[j]
            # written always, kept only when it is a hit: no branch to guess wrong
            hits[chunk, n] = start + j
            n += np.int64((c >= 0) & (bitmap[max(c, np.int32(0))] != 0) & (act_[j] != 0))
    counts[chunk] = n
