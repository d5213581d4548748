"""Kernels of RCM-1: one call is one tick, written so that the compiler can use the whole width of the processor.

Four ideas carry the speed; each is legal because a tick is synchronous:

* **Select without branches.** All three destinations of a resident are computed and one is chosen by ``where``, in
  blocks of 1,024 that stay in the first-level cache. A three-way branch on a random number would be mispredicted
  every second time.
* **Demand-driven search.** Offenders propose before residents are looked at: what they choose depends on places only.
  The few cells proposed are marked in a bitmap, residents test one bit, and only the hits are ever listed by cell.
  Guardians likewise mark the cell they stand on; the 25 cells in their reach are looked up by the proposals alone.
* **Packed positions.** ``y << 16 | x`` in 32 bits: no division, and half the memory of two columns.
* **One pass over the field.** Decay and diffusion are fused; attractiveness ``S + B`` is added up only where asked.

Integer arithmetic of mixed width is cast at every step: the compiler would otherwise carry 32-bit words in 64 bits.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float32, int32, int64, njit, uint8, uint32, uint64

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_K1, _K2 = np.uint64(0xD1B54A32D192ED03), np.uint64(0x8CB92BA72F3D8DD7)
RESIDENT, GUARDIAN, OFFENDER, VICTIM, HOME, WORK, OFFENDER_HOME, GUARDIAN_START = range(1, 9)
T_HOME, T_WORK = np.uint32(1932735283), np.uint32(3435973836)  # floor(0.45 * 2^32), floor(0.80 * 2^32)
KEEP, SPREAD, DECAY, THETA = np.float32(0.8), np.float32(0.05), np.float32(0.9), np.float32(0.6)
_2M24 = np.float32(2.0**-24)
_B30, _B27, _B31, _B32 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32)
_U0, _U1, _U2, _U3, _U5, _U31 = (np.uint32(v) for v in (0, 1, 2, 3, 5, 31))
_X, _Y = np.uint32(0xFFFF), np.uint32(16)
_24 = np.uint32(0xFFFFFF)
BLOCK = 1024


@njit(cache=True, inline="always")
def mix64(z):
    """Finaliser of splitmix64 (Steele, Lea & Flood 2014)."""
    z = (z ^ (z >> _B30)) * _M1
    z = (z ^ (z >> _B27)) * _M2
    return z ^ (z >> _B31)


@njit(cache=True)
def stream_key(seed, tick, stream):
    """64-bit key of one stream of draws at one tick."""
    return mix64(uint64(seed) * GOLDEN ^ mix64(uint64(tick) * _K1 + uint64(stream) * _K2))


@njit(cache=True)
def static_layer(out):
    """Static attractiveness S, float32, between 0.01 and 0.10 and very uneven."""
    for c in range(out.size):
        u = float(mix64(uint64(c + 1) * GOLDEN) >> np.uint64(11)) * 2.0**-53
        out[c] = float32(0.01 + 0.09 * ((u * u) * (u * u)))


@njit(cache=True)
def uniform_cells(seed, stream, width, height, out):
    """Packed cells drawn uniformly at set-up, one for each agent."""
    key = stream_key(seed, 0, stream)
    cells = uint64(width) * uint64(height)
    for i in range(out.size):
        c = (mix64(key + uint64(i + 1) * GOLDEN) >> _B32) * cells >> _B32
        out[i] = uint32((c // uint64(width)) << np.uint64(16)) | uint32(c % uint64(width))


@njit(cache=True, inline="always")
def _stepped(p, code, width, height):
    """Packed position after one step: 0 east, 1 west, 2 south, 3 north in the low two bits of `code`, on the torus.

    Arithmetic on masks instead of cases: the compiler would turn cases into a jump table, which cannot be vectorised.
    """
    sign = uint32(_U1 - uint32(uint32(code & _U1) << _U1))  # 1 or -1
    across = uint32(uint32(uint32(code >> _U1) & _U1) - _U1)  # all ones for east and west
    x = uint32(uint32(p & _X) + uint32(sign & across))
    y = uint32(uint32(p >> _Y) + uint32(sign & uint32(~across)))
    x = uint32(width - _U1) if x > width else x
    x = _U0 if x == width else x
    y = uint32(height - _U1) if y > height else y
    y = _U0 if y == height else y
    return uint32(y << _Y) | x


@njit(cache=True, inline="always")
def _cell(p, width):
    return uint32(uint32(uint32(p >> _Y) * width) + uint32(p & _X))


@njit(cache=True, nogil=True)
def _look_around(width, height, static, dynamic, at, east, west, south, north):
    """Attractiveness A of the four neighbours of every position."""
    w, h = uint32(width), uint32(height)
    for j in range(at.size):
        p = at[j]
        x, y = uint32(p & _X), uint32(p >> _Y)
        row = uint32(y * w)
        last_x, last_y = x == uint32(w - _U1), y == uint32(h - _U1)
        e = uint32(row + (_U0 if last_x else uint32(x + _U1)))
        v = uint32(row + uint32((w if x == _U0 else x) - _U1))
        s = uint32((_U0 if last_y else uint32(row + w)) + x)
        n = uint32(uint32(uint32(h * w) if y == _U0 else row) - w + x)
        east[j] = static[e] + dynamic[e]
        west[j] = static[v] + dynamic[v]
        south[j] = static[s] + dynamic[s]
        north[j] = static[n] + dynamic[n]


@njit(cache=True, nogil=True)
def _walk_guardians(key, width, height, first, at, east, west, south, north):
    """Half step at random, half to the most attractive neighbour (the first of E, W, S, N on ties)."""
    w, h = uint32(width), uint32(height)
    base = key + uint64(first + 1) * GOLDEN
    for j in range(at.size):
        z = mix64(base + uint64(j) * GOLDEN)
        best, code = east[j], _U0
        code = _U1 if west[j] > best else code
        best = max(best, west[j])
        code = _U2 if south[j] > best else code
        best = max(best, south[j])
        code = _U3 if north[j] > best else code
        code = uint32(z) if int64(z) < 0 else code  # bit 63: a random step
        at[j] = _stepped(at[j], code, w, h)


@njit(cache=True, nogil=True)
def _walk_offenders(key, width, height, first, at, east, west, south, north, cell, attraction, maybe):
    """Step in proportion to attractiveness; flag who passes the cheap test u2 < A (1 - exp(-A) is below A)."""
    w, h = uint32(width), uint32(height)
    base = key + uint64(first + 1) * GOLDEN
    for j in range(at.size):
        z = mix64(base + uint64(j) * GOLDEN)
        e, v, s, n = east[j], west[j], south[j], north[j]
        c1 = e + v
        c2 = c1 + s
        u = float32(int32(z >> np.uint64(40))) * _2M24 * (c2 + n)
        code = uint32(uint32(uint32(u >= e) + uint32(u >= c1)) + uint32(u >= c2))
        a = v if u >= e else e
        a = s if u >= c1 else a
        a = n if u >= c2 else a
        p = _stepped(at[j], code, w, h)
        at[j] = p
        cell[j] = _cell(p, w)
        attraction[j] = a
        maybe[j] = uint8(float32(int32(uint32(z) & _24)) * _2M24 < a)


@njit(cache=True, nogil=True)
def _guarded(c, width, height, standing):
    """Whether a guardian stands within two cells (Chebyshev, on the torus)."""
    x, y = c % width, c // width
    for dy in range(-2, 3):
        row = y + dy
        row = (row + height if row < 0 else row - height if row >= height else row) * width
        for dx in range(-2, 3):
            k = x + dx
            if standing[row + (k + width if k < 0 else k - width if k >= width else k)]:
                return True
    return False


@njit(cache=True, nogil=True)
def _place_residents(key, width, height, first, home, work, at, cell):
    """Where the residents of a block are now: at home, at work or one step from where they were."""
    w, h = uint32(width), uint32(height)
    base = key + uint64(first + 1) * GOLDEN
    for j in range(at.size):
        z = mix64(base + uint64(j) * GOLDEN)
        u = uint32(z >> _B32)
        p, at_work, at_home = _stepped(at[j], uint32(z), w, h), work[j], home[j]
        p = at_work if u < T_WORK else p
        p = at_home if u < T_HOME else p
        at[j] = p
        cell[j] = _cell(p, w)


@njit(cache=True, nogil=True)
def _find(wanted, first, cell, flag, flag8, m, hit_who, hit_cell, n):
    """Append the residents of a block who stand in a wanted cell; return the new number of hits.

    Hits are rare (a few in a thousand), so flags are written without a branch and then read eight at a time.
    """
    for j in range(m):
        c = cell[j]
        flag[j] = uint8(uint32(wanted[c >> _U5] >> uint32(c & _U31)) & _U1)
    for k in range((m + 7) >> 3):
        if flag8[k]:
            for j in range(8 * k, min(8 * k + 8, m)):
                hit_who[n] = first + j
                hit_cell[n] = cell[j]
                n += flag[j]
    return n


@njit(cache=True, inline="always")
def _decayed(here, east, west, south, north):
    return (KEEP * here + SPREAD * (((east + west) + south) + north)) * DECAY


@njit(cache=True, nogil=True)
def _diffuse_flat(out, west, here, east, south, north):
    for j in range(out.size):
        out[j] = _decayed(here[j], east[j], west[j], south[j], north[j])


@njit(cache=True, nogil=True)
def _diffuse(old, new):
    """B' = ((1 - eta) B + eta/4 (E + W + S + N)) (1 - omega) on the torus.

    One long loop over the cells in storage order, then the first and last column and row again with their true
    neighbours: a loop over short rows spends most of its time on what is left over after whole vectors.
    """
    height, width = old.shape
    e, n = width - 1, height - 1
    b, cells = old.ravel(), width * height
    low, high = width, cells - width
    _diffuse_flat(new.ravel()[low:high], b[low - 1:high - 1], b[low:high], b[low + 1:high + 1], b[low + width:],
                  b[:high - width])
    for y in (0, n):
        s, t = old[(y + 1) % height], old[(y - 1) % height]
        _diffuse_flat(new[y, 1:e], old[y, :e - 1], old[y, 1:e], old[y, 2:], s[1:e], t[1:e])
    for y in range(height):
        s, t = 0 if y == n else y + 1, n if y == 0 else y - 1
        new[y, 0] = _decayed(old[y, 0], old[y, 1], old[y, e], old[s, 0], old[t, 0])
        new[y, e] = _decayed(old[y, e], old[y, 0], old[y, e - 1], old[s, e], old[t, e])


@njit(cache=True, nogil=True)
def tick(seed, t, static, fields, home, work, at, offender_home, offender_at, guardian_at, wanted, standing, slot,
         proposer, proposed, count, start, hit_who, hit_cell, members, near, cell, flag, flag8, events, n_events):
    """Advance everything by one tick, append the events (tick, offender, victim, cell) and return their new number."""
    _, height, width = fields.shape
    old, new = fields[(t - 1) & 1], fields[t & 1]
    k_res, k_gua = stream_key(seed, t, RESIDENT), stream_key(seed, t, GUARDIAN)
    k_off, k_vic = stream_key(seed, t, OFFENDER), stream_key(seed, t, VICTIM)
    s, b = static.ravel(), old.ravel()

    for first in range(0, guardian_at.size, BLOCK):
        part = guardian_at[first:first + BLOCK]
        _look_around(width, height, s, b, part, near[0], near[1], near[2], near[3])
        _walk_guardians(k_gua, width, height, first, part, near[0], near[1], near[2], near[3])
    for i in range(guardian_at.size):
        standing[_cell(guardian_at[i], uint32(width))] = 1

    n = 0  # proposals
    slots = 0  # distinct cells proposed
    for first in range(0, offender_at.size, BLOCK):
        part = offender_at[first:first + BLOCK]
        _look_around(width, height, s, b, part, near[0], near[1], near[2], near[3])
        _walk_offenders(k_off, width, height, first, part, near[0], near[1], near[2], near[3], cell, near[4], flag)
        low = n
        for j in range(part.size):
            proposer[n] = j
            n += flag[j]
        high, n = n, low
        for q in range(low, high):
            j = int64(proposer[q])
            c, i = int64(cell[j]), first + j
            u = float(uint32(mix64(k_off + uint64(i + 1) * GOLDEN)) & _24) * 2.0**-24
            if u < 1.0 - math.exp(-float(near[4, j])) and not _guarded(c, width, height, standing):
                proposer[n], proposed[n] = i, c
                n += 1
                bit = uint32(_U1 << uint32(uint32(c) & _U31))
                if not wanted[c >> 5] & bit:
                    wanted[c >> 5] |= bit
                    slot[c] = slots
                    count[slots] = 0
                    slots += 1
    for i in range(guardian_at.size):
        standing[_cell(guardian_at[i], uint32(width))] = 0

    hits = 0
    for first in range(0, at.size, BLOCK):
        last = min(first + BLOCK, at.size)
        _place_residents(k_res, width, height, first, home[first:last], work[first:last], at[first:last], cell)
        hits = _find(wanted, first, cell, flag, flag8, last - first, hit_who, hit_cell, hits)
    for q in range(hits):
        count[slot[hit_cell[q]]] += 1
    total = 0
    for q in range(slots):
        start[q] = total
        total += count[q]
        count[q] = 0
    for q in range(hits):  # residents are visited in ascending order, so every cell's list is sorted
        k = slot[hit_cell[q]]
        members[start[k] + count[k]] = hit_who[q]
        count[k] += 1

    _diffuse(old, new)
    b = new.ravel()
    for q in range(n):
        c, i = int64(proposed[q]), int64(proposer[q])
        wanted[c >> 5] = 0
        k = int64(slot[c])
        if count[k]:
            choice = (mix64(k_vic + uint64(i + 1) * GOLDEN) >> _B32) * uint64(count[k]) >> _B32
            events[n_events, 0], events[n_events, 1] = t, i
            events[n_events, 2], events[n_events, 3] = members[start[k] + int64(choice)], c
            n_events += 1
            offender_at[i] = offender_home[i]
            b[c] += THETA
    return n_events
