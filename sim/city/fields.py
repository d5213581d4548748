"""Small numerical helpers of city building: smooth random fields, exact apportioning, splitting into areas."""

from __future__ import annotations

import numpy as np

from sim.draws import normals

_BIAS = 1 << 20


def smooth_field(seed: int, name: str, x: np.ndarray, y: np.ndarray, scale: float) -> np.ndarray:
    """Smooth random field with values of about standard normal spread at points (x, y).

    Parameters
    ----------
    seed, name
        Key of the draws.
    x, y : arrays
        Coordinates in any unit.
    scale : float
        Correlation length in the same unit.
    """
    gx, gy = np.asarray(x, float) / scale, np.asarray(y, float) / scale
    ix, iy = np.floor(gx).astype(np.int64), np.floor(gy).astype(np.int64)
    fx, fy = gx - ix, gy - iy
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    if ix.size == 0:
        return np.zeros(np.shape(x))
    x0, y0 = ix.min(), iy.min()
    lx, ly = np.meshgrid(np.arange(x0, ix.max() + 2), np.arange(y0, iy.max() + 2))
    table = normals(seed, name, 0, (lx + _BIAS) * (1 << 24) + (ly + _BIAS))
    a, b = iy - y0, ix - x0
    low = table[a, b] * (1 - fx) + table[a, b + 1] * fx
    high = table[a + 1, b] * (1 - fx) + table[a + 1, b + 1] * fx
    return (low * (1 - fy) + high * fy) * 1.5


def apportion(weights: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers in proportion to `weights` that sum to `total` exactly (largest remainder; ties to the first)."""
    weights = np.asarray(weights, float)
    mass = weights.sum()
    if total <= 0 or weights.size == 0:
        return np.zeros(weights.size, np.int64)
    if mass <= 0:
        weights, mass = np.ones(weights.size), float(weights.size)
    exact = weights * (total / mass)
    out = np.floor(exact).astype(np.int64)
    missing = int(total - out.sum())
    if missing > 0:
        rest = np.where(weights > 0, exact - out, -1.0)
        out[np.argsort(-rest, kind="stable")[:missing]] += 1
    elif missing < 0:  # rounding of huge totals
        out[np.argsort(-out, kind="stable")[:-missing]] -= 1
    return out


def blur(values: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of a 2-D array with zeros outside."""
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(values, sigma, mode="constant")


def split(x: np.ndarray, y: np.ndarray, weight: np.ndarray, parts: int, period: int) -> np.ndarray:
    """Cut cells into `parts` compact pieces of about equal weight, along arterials where one is close.

    Returns
    -------
    int array
        The piece of every cell, 0 .. parts - 1.
    """
    label = np.zeros(x.size, np.int64)
    todo = [(np.arange(x.size), int(parts), 0)]
    while todo:
        rows, n, first = todo.pop()
        if n <= 1 or rows.size <= 1:
            label[rows] = first
            continue
        n1 = n // 2
        w = weight[rows] + 1e-9
        axis, other = (x, y) if np.ptp(x[rows]) >= np.ptp(y[rows]) else (y, x)
        order = np.lexsort((other[rows], axis[rows]))
        ahead = np.cumsum(w[order])
        share = ahead / ahead[-1]
        cut = int(np.searchsorted(share, n1 / n)) + 1
        at = axis[rows][order]
        # A boundary on an arterial, if that moves no more than a tenth of the people.
        starts = np.flatnonzero((np.diff(at) > 0) & (at[1:] % period == 0)) + 1
        if starts.size:
            best = starts[np.argmin(np.abs(share[starts - 1] - n1 / n))]
            if abs(share[best - 1] - n1 / n) < 0.10 / n * 2:
                cut = int(best)
        cut = min(max(cut, 1), rows.size - 1)
        todo.append((rows[order[:cut]], n1, first))
        todo.append((rows[order[cut:]], n - n1, first + n1))
    return label


def make_contiguous(label: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Give the smaller detached pieces of every area to the neighbour with the longest common border.

    Parameters
    ----------
    label : int[height, width]
        Area of a cell, -1 outside.
    weight : float[height, width]
        What makes a piece the main one (residents).
    """
    from scipy import ndimage

    label = label.copy()
    for _ in range(3):
        moved = False
        boxes = ndimage.find_objects(label + 1)
        for index, box in enumerate(boxes):
            if box is None:
                continue
            pieces, count = ndimage.label(label[box] == index)
            if count < 2:
                continue
            mass = ndimage.sum(weight[box] + 1e-6, pieces, np.arange(1, count + 1))
            for piece in range(1, count + 1):
                if piece == 1 + int(np.argmax(mass)):
                    continue
                yy, xx = np.nonzero(pieces == piece)
                yy, xx = yy + box[0].start, xx + box[1].start
                around = []
                for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                    ny, nx = yy + dy, xx + dx
                    ok = (ny >= 0) & (ny < label.shape[0]) & (nx >= 0) & (nx < label.shape[1])
                    around.append(label[ny[ok], nx[ok]])
                around = np.concatenate(around)
                around = around[(around >= 0) & (around != index)]
                if around.size:
                    label[yy, xx] = np.argmax(np.bincount(around))
                    moved = True
        if not moved:
            break
    return label
