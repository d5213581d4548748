"""Near repeats: pairs of crimes close in space and time beyond chance (F02)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.facts.base import Found, Unscored, measure
from analysis.facts.records import Records
from sim.records import CODE

LEAST, LEAST_SHOOTINGS, PERMUTATIONS = 500, 300, 199


@dataclass(frozen=True)
class Knox:
    """Pairs in bands of distance and time, and what permuted dates give.

    Attributes
    ----------
    observed : int64[distance bands, time bands]
    expected : float64[distance bands, time bands]
        Mean over permutations.
    p : float64[distance bands, time bands]
        Share of permutations, the data among them, with at least as many pairs.
    """

    observed: np.ndarray
    expected: np.ndarray
    p: np.ndarray

    @property
    def ratio(self) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.observed / self.expected


def close_pairs(x, y, reach: float, metric: str = "euclidean") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of points within `reach` metres: two arrays of rows and the distances."""
    from scipy.spatial import cKDTree

    points = np.column_stack([x, y])
    p = {"euclidean": 2, "manhattan": 1}[metric]
    pairs = cKDTree(points).query_pairs(reach, p=p, output_type="ndarray")
    apart = np.abs(points[pairs[:, 0]] - points[pairs[:, 1]])
    return pairs[:, 0], pairs[:, 1], apart.sum(axis=1) if p == 1 else np.hypot(*apart.T)


def knox(x, y, day, distances, days, same=None, permutations: int = PERMUTATIONS, seed: int = 1,
         metric: str = "euclidean") -> Knox:
    """Knox's test with dates permuted over fixed places (Knox 1964; Johnson et al. 2007).

    Parameters
    ----------
    x, y : float[events]
        Metres.
    day : int[events]
    distances : sequence of (low, high)
        Bands with low < distance <= high; (-1, 0) is the same place.
    days : sequence of (low, high)
        Bands with low <= days apart <= high.
    same : int[events], optional
        Targets; pairs of the same target are left out (-1 is nobody's).
    """
    day = np.asarray(day, np.int64)
    reach = max(high for _, high in distances)
    i, j, far = close_pairs(np.asarray(x, float), np.asarray(y, float), reach, metric)
    if same is not None:
        same = np.asarray(same)
        other = (same[i] != same[j]) | (same[i] < 0)
        i, j, far = i[other], j[other], far[other]
    bands = [np.flatnonzero((far > low) & (far <= high)) for low, high in distances]
    longest = max(high for _, high in days)

    def count(when: np.ndarray) -> np.ndarray:
        out = np.zeros((len(distances), len(days)), np.int64)
        for k, band in enumerate(bands):
            gap = np.abs(when[i[band]] - when[j[band]])
            many = np.bincount(np.minimum(gap, longest + 1), minlength=longest + 2)
            out[k] = [many[low:high + 1].sum() for low, high in days]
        return out

    rng = np.random.default_rng(seed)
    observed = count(day)
    chance = np.stack([count(rng.permutation(day)) for _ in range(permutations)])
    p = (1 + (chance >= observed).sum(axis=0)) / (permutations + 1)
    return Knox(observed, chance.mean(axis=0), p)


def _burglaries(run: Records, distances, days) -> Knox:
    which = np.flatnonzero(run.mask(("burglary",), "recorded"))
    if len(which) < LEAST:
        raise Unscored(f"needs {LEAST} recorded burglaries, the run has {len(which)}")
    e = run.events
    return knox(e["x"][which], e["y"][which], e["day"][which], distances, days, e["dwelling"][which],
                seed=run.seed + 201)


@measure("F02a")
def burglary(run: Records) -> Found:
    """Knox ratio of recorded burglaries of other homes within 200 m and 14 days."""
    found = _burglaries(run, [(0, 200)], [(0, 14)])
    return Found(float(found.ratio[0, 0]), found.p[0, 0] <= 0.05, f"p {found.p[0, 0]:.3f}")


@measure("F02b")
def shootings(run: Records) -> Found:
    """The same for homicides and assaults with a weapon, away from home, within 125 m."""
    e = run.events
    which = run.mask(("assault", "homicide"), "recorded", domestic=False)
    which = np.flatnonzero(which & (e["weapon"] | (e["kind"] == CODE["homicide"])))
    if len(which) < LEAST_SHOOTINGS:
        raise Unscored(f"needs {LEAST_SHOOTINGS} recorded assaults with weapons, the run has {len(which)}")
    found = knox(e["x"][which], e["y"][which], e["day"][which], [(0, 125)], [(0, 14)], seed=run.seed + 202)
    return Found(float(found.ratio[0, 0]), found.p[0, 0] <= 0.05, f"p {found.p[0, 0]:.3f}")


@measure("F02c")
def decay(run: Records) -> float:
    """Knox ratio near and soon over that at 400-600 m and 29-56 days."""
    ratio = _burglaries(run, [(0, 200), (400, 600)], [(0, 14), (29, 56)]).ratio
    return float(ratio[0, 0] / ratio[1, 1])
