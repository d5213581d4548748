"""Keyed random numbers: a draw is a pure function of (seed, decision, tick, key, k).

Philox4x32-10 (Salmon et al. 2011) is used as a hash. The seed is the key of the cipher; the counter holds the
64-bit key of a person (or of a pair, a place, a household...), the tick, the decision and a repeat number k.
Nothing depends on who was visited before, on array positions or on threads; a zero-strength intervention
therefore changes no draw of anybody.
"""

from __future__ import annotations

import zlib

import numpy as np
from numba import njit, uint32, uint64

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_S1, _S2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
INV32 = 2.0**-32
MAX_K = 4096

_names: dict[int, str] = {}
_codes: dict[str, int] = {}


def decision(name: str) -> int:
    """Return the stable 20-bit number of a decision's name ("routines.activity").

    Raises
    ------
    ValueError
        If another registered name has the same number: rename one of them.
    """
    code = _codes.get(name)
    if code is None:
        code = zlib.crc32(name.encode()) >> 12
        if _names.setdefault(code, name) != name:
            raise ValueError(f"decision {name!r} has the number of {_names[code]!r}; choose another name")
        _codes[name] = code
    return code


@njit(cache=True, inline="always")
def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds of Philox4x32; six uint32 in, four uint32 out."""
    for _ in range(10):
        p0 = _M0 * uint64(c0)
        p1 = _M1 * uint64(c2)
        n0 = uint32(uint32(p1 >> uint64(32)) ^ uint32(c1) ^ uint32(k0))
        n1 = uint32(p1 & _LOW)
        n2 = uint32(uint32(p0 >> uint64(32)) ^ uint32(c3) ^ uint32(k1))
        n3 = uint32(p0 & _LOW)
        c0, c1, c2, c3 = n0, n1, n2, n3
        k0 = uint32(k0 + _W0)
        k1 = uint32(k1 + _W1)
    return c0, c1, c2, c3


@njit(cache=True, inline="always")
def draw4(seed, code, tick, key, k):
    """Four independent uint32 for one decision of one key at one tick; k is the repeat number (< 4096)."""
    s = uint64(seed)
    y = uint64(key)
    return philox(uint32(y & _LOW), uint32(y >> uint64(32)), uint32(tick),
                  uint32((uint64(code) << uint64(12)) | uint64(k)), uint32(s & _LOW), uint32(s >> uint64(32)))


@njit(cache=True, inline="always")
def unit(word):
    """Map a uint32 to a float64 in (0, 1), never 0 and never 1."""
    return (float(uint32(word)) + 0.5) * INV32


@njit(cache=True, inline="always")
def draw1(seed, code, tick, key, k):
    """One uniform number in (0, 1)."""
    a, _, _, _ = draw4(seed, code, tick, key, k)
    return unit(a)


@njit(cache=True, inline="always")
def mix(a, b):
    """Hash two 64-bit keys into one (splitmix64 finaliser): the key of a pair, or of what `a` caused as its b-th."""
    z = uint64(a) * _GOLDEN + uint64(b) + _GOLDEN
    z = (z ^ (z >> uint64(30))) * _S1
    z = (z ^ (z >> uint64(27))) * _S2
    return z ^ (z >> uint64(31))


@njit(cache=True, inline="always")
def pick(word, n):
    """A whole number in 0..n-1 from a uint32."""
    return np.int64((uint64(uint32(word)) * uint64(n)) >> uint64(32))


@njit(cache=True, nogil=True)
def _fill(seed, code, tick, keys, k, out):
    for i in range(keys.size):
        out[i] = draw1(seed, code, tick, keys[i], k)


@njit(cache=True, nogil=True)
def mix_arrays(a, b, out):
    for i in range(a.size):
        out[i] = mix(a[i], b[i])


def uniforms(seed: int, name: str, tick: int, keys, k: int = 0) -> np.ndarray:
    """Uniform numbers in (0, 1), one for each key, for the decision called `name`.

    Parameters
    ----------
    seed : int
        Seed of the run (or of the city).
    name : str
        The decision; use a new name for every new use.
    tick : int
        Tick of the run; 0 for set-up.
    keys : array of int
        Stable keys (never array positions).
    k : int
        Repeat number, below 4096.
    """
    keys = np.ascontiguousarray(keys).astype(np.uint64, copy=False)
    if not 0 <= k < MAX_K:
        raise ValueError(f"k must be in 0..{MAX_K - 1}, found {k}")
    out = np.empty(keys.shape)
    if keys.size:
        _fill(np.uint64(seed), decision(name), tick, keys.ravel(), k, out.ravel())
    return out


def normals(seed: int, name: str, tick: int, keys, k: int = 0) -> np.ndarray:
    """Standard normal numbers keyed like :func:`uniforms` (by the inverse distribution function)."""
    from scipy.special import ndtri

    return ndtri(uniforms(seed, name, tick, keys, k))


BLOCK = 1024  # rows hashed at a time by kernels: the words stay in the nearest cache


@njit(cache=True, nogil=True)
def fill_words(seed, code, tick, keys, lo, m, w0, w1, w2):
    """First three words of ``draw4(seed, code, tick, key, 0)`` for ``keys[lo:lo + m]``, written to vectorise."""
    here = keys[lo : lo + m]  # an index that starts at nought is what the compiler needs for vectors
    for j in range(m):
        a, b, c, _ = draw4(seed, code, tick, here[j], 0)
        w0[j] = a
        w1[j] = b
        w2[j] = c
