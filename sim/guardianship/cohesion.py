"""What neighbours have in common: means over those who live around a place, ties among them, empty homes.

Sums are taken over whole numbers, so that they do not depend on the order of residents.
"""

from __future__ import annotations

import numpy as np

from sim.columns import BLOCK
from sim.guardianship.neighbourhood import block_mean

ONE = 2.0**20  # a share as a whole number


def residents_by_cell(model) -> np.ndarray:
    """Count the residents alive by the cell of their home (int64[cells])."""
    r = model.residents
    return np.bincount(r["home"][r["alive"]], minlength=model.city.grid.cells)


def around(model, values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean of residents' values over those who live within about two cells (float64[cells]).

    Parameters
    ----------
    values : array over rows of residents
        Shares, 0-1.
    weights : int array over rows, optional
        How often a resident counts.

    Notes
    -----
    Where nobody lives around it is the mean of the city.
    """
    r, width, cells = model.residents, model.city.grid.width, model.city.grid.cells
    total, people = np.zeros(cells), np.zeros(cells)
    for start in range(0, len(r), BLOCK):  # a block at a time: numbers of this kind take more memory than columns
        part = slice(start, start + BLOCK)
        home, count = r["home"][part], r["alive"][part].astype(float)
        if weights is not None:
            count *= weights[part]
        total += np.bincount(home, np.rint(values[part] * ONE) * count, cells)
        people += np.bincount(home, count, cells)
    mean = total.sum() / max(people.sum(), 1.0) / ONE
    near, those = (block_mean(block_mean(x, width), width) for x in (total, people))
    return np.divide(near, those * ONE, out=np.full(cells, mean), where=those > 0)


def neighbour_ties(model, metres: float) -> np.ndarray:
    """Share of the ties of those who live around a place whose other end lives near (float64[cells])."""
    r, width = model.residents, model.city.grid.width
    ties, home, rows = r["ties"], r["home"], r.row_of
    reach = (metres / model.city.grid.cell_m) ** 2
    near, count = np.zeros(len(r), np.int8), np.zeros(len(r), np.int8)
    for start in range(0, len(r), BLOCK):  # a block at a time: what is worked out here is many times a tie's size
        part = slice(start, start + BLOCK)
        row = np.where(ties[part] >= 0, rows[np.maximum(ties[part], 0)], -1)
        there, here = home[np.maximum(row, 0)], home[part, None]
        dx, dy = there % width - here % width, there // width - here // width
        near[part] = ((row >= 0) & (dx * dx + dy * dy <= reach)).sum(axis=1)
        count[part] = (row >= 0).sum(axis=1)
    return around(model, near / np.maximum(count, 1), count)


def empty_homes(model) -> np.ndarray:
    """Count the dwellings that stand empty by cell (float64[cells])."""
    d = model.dwellings
    if "cell" not in d:
        return np.zeros(model.city.grid.cells)
    return np.bincount(d["cell"][d["first_member"] < 0], minlength=model.city.grid.cells).astype(float)
