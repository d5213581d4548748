"""Passes over all residents: the few who will look for an opportunity today, and the people present in some cells."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.draws import BLOCK, fill_words


@njit(cache=True, nogil=True, error_model="numpy")
def find_ready(
    chunk, lo, hi, seed, code, tick, looks, ticks, keys, ready_property, ready_violence, lookers, quarrellers, counts
):
    """Draw once a day who will look for something to take and who will take up a provocation, and when.

    Parameters
    ----------
    tick : int
        First tick of the day.
    looks, ticks : float, int
        A day's chance is readiness times `looks`; it falls in one of the day's `ticks` alike.
    lookers, quarrellers : int32[chunks, 2, capacity]
        Rows and ticks of the day, appended. counts : int64[chunks, 2].
    """
    w0 = np.empty(BLOCK, np.uint32)
    w1 = np.empty(BLOCK, np.uint32)
    w2 = np.empty(BLOCK, np.uint32)
    flag = np.zeros(BLOCK, np.uint8)
    eight = flag.view(np.uint64)  # eight people at a time: hardly anybody looks
    scale = np.float32(looks * 2.0**24)
    small = np.uint32(8)
    a = b = 0
    for start in range(lo, hi, BLOCK):
        m = min(BLOCK, hi - start)
        end = start + m
        fill_words(seed, code, tick, keys, start, m, w0, w1, w2)
        p_, v_ = ready_property[start:end], ready_violence[start:end]
        for j in range(m):
            f = np.int32(np.float32(np.int32(w0[j] >> small)) < p_[j] * scale)
            f += np.int32(2) * np.int32(np.float32(np.int32(w1[j] >> small)) < v_[j] * scale)
            flag[j] = np.uint8(f)
        flag[m:] = 0
        for e in range((m + 7) // 8):
            if eight[e] == 0:
                continue
            for j in range(8 * e, 8 * e + 8):
                if flag[j] & 1:
                    lookers[chunk, 0, a] = start + j
                    lookers[chunk, 1, a] = ((w2[j] >> np.uint32(16)) * ticks) >> 16
                    a += 1
                if flag[j] & 2:
                    quarrellers[chunk, 0, b] = start + j
                    quarrellers[chunk, 1, b] = ((w2[j] & np.uint32(0xFFFF)) * ticks) >> 16
                    b += 1
    counts[chunk, 0] = a
    counts[chunk, 1] = b


@njit(cache=True, nogil=True, error_model="numpy")
def find_people(chunk, lo, hi, bitmap, activity, cell, hits, counts):
    """Append rows of people in public in the marked cells.

    bitmap : uint8[cells], 1 or 0; hits : int32[chunks, capacity].
    """
    out_there = np.empty(BLOCK, np.uint8)
    found = hits[chunk]
    n = np.uint64(0)
    for start in range(lo, hi, BLOCK):
        m = min(BLOCK, hi - start)
        cell_, act_ = cell[start : start + m], activity[start : start + m]
        for j in range(m):
            out_there[j] = np.uint8(act_[j] != 0) & np.uint8(cell_[j] >= 0)
        for j in range(m):
            # written always, kept only when it is a hit: no branch to guess wrong
            found[n] = start + j
            n += np.uint64(out_there[j] & bitmap[np.uint32(max(cell_[j], np.int32(0)))])
    counts[chunk] = n


def people_in(model, memory, cells: np.ndarray) -> np.ndarray:
    """Rows of the people in public in some cells, in one pass over the residents.

    memory : a mechanism that keeps `bitmap`, `hits` and `hit_count` for it; the next call writes over the rows.
    """
    r = model.residents
    memory.bitmap[cells] = 1
    memory.hit_count[:] = 0
    model.parallel_indexed(find_people, len(r), memory.bitmap, r["activity"], r["cell"], memory.hits, memory.hit_count)
    memory.bitmap[cells] = 0
    parts = [part[:n] for part, n in zip(memory.hits, memory.hit_count)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
