"""Membership in small sets: what NumPy's set operations do, for a few values, at a tenth of their fixed cost."""

from __future__ import annotations

import numpy as np
from numba import njit

FEW = 50_000  # comparisons up to which comparing everything with everything is quickest


@njit(cache=True, nogil=True)
def _among(values, members, out):
    for i in range(values.size):
        found = False
        for j in range(members.size):
            found |= values[i] == members[j]
        out[i] = found


def among(values: np.ndarray, members: np.ndarray) -> np.ndarray:
    """True where a whole number is one of `members`: ``np.isin`` of integers, in the shape of `values`."""
    if not values.size or not len(members):
        return np.zeros(values.shape, bool)
    if values.size * len(members) > FEW:
        return np.isin(values, members)
    out = np.empty(values.shape, bool)
    _among(np.ascontiguousarray(values, np.int64).ravel(), np.ascontiguousarray(members, np.int64), out.ravel())
    return out


def distinct(values: np.ndarray) -> np.ndarray:
    """The different values, ascending: ``np.unique`` of a flat array."""
    if len(values) < 2:
        return values.copy()
    ordered = np.sort(values)
    first = np.empty(len(ordered), bool)
    first[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def runs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The value of each run of equal neighbours, and the number of the run that each element is in."""
    starts = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=starts[1:])
    return values[starts], np.cumsum(starts) - 1
