"""The kernel that finds the rows of ids."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def look_up(ids, rows, out):
    """Write the row of each id to `out` and return how many have none: `rows` ends with the row of ids never given."""
    last, gone = np.uint64(rows.size - 1), 0
    for i in range(ids.size):
        # Read as unsigned numbers, ids below 0 are beyond the end as well.
        row = rows[min(np.uint64(ids[i]), last)]
        out[i] = row
        gone += row < 0
    return gone
