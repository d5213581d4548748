"""Places of sale in the order of a space-filling curve: neighbours in the list are neighbours in the city."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64


@njit(cache=True, inline="always")
def _spread(v):
    x = uint64(v)
    x = (x | (x << uint64(16))) & uint64(0x0000FFFF0000FFFF)
    x = (x | (x << uint64(8))) & uint64(0x00FF00FF00FF00FF)
    x = (x | (x << uint64(4))) & uint64(0x0F0F0F0F0F0F0F0F)
    x = (x | (x << uint64(2))) & uint64(0x3333333333333333)
    return (x | (x << uint64(1))) & uint64(0x5555555555555555)


@njit(cache=True)
def site_code(kind, cell, width):
    """Number of a place of sale of one substance: Morton order within the substance."""
    return np.int64((uint64(kind) << uint64(40)) | _spread(cell % width) | (_spread(cell // width) << uint64(1)))


@njit(cache=True, nogil=True)
def site_codes(kind, cell, width):
    """`site_code` of arrays."""
    out = np.empty(kind.size, np.int64)
    for i in range(kind.size):
        out[i] = site_code(kind[i], cell[i], width)
    return out


def open_sites(kind: np.ndarray, cell: np.ndarray, active: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes of the active sellers in ascending order and the sellers' positions in their table."""
    seats = np.flatnonzero(active)
    codes = site_codes(kind[seats], cell[seats], width)
    order = np.argsort(codes, kind="stable")  # within a place by id, the order of the table
    return codes[order], seats[order].astype(np.int32)
