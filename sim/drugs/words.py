"""Random words for kernels that draw rarely: compiled once and linked, not inlined into each of them."""

from __future__ import annotations

from numba import njit

from sim.draws import draw4


@njit(cache=True, nogil=True)
def words4(seed, code, tick, key, k):
    """Four uint32 of :func:`sim.draws.draw4`."""
    return draw4(seed, code, tick, key, k)
