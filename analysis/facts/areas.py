"""Disadvantage (F13) and spatial autocorrelation (F14) of neighbourhood rates of violence."""

from __future__ import annotations

import numpy as np

from analysis.facts.base import Found, Unscored, measure
from analysis.facts.records import VIOLENT, Records

LEAST_AREAS, PERMUTATIONS = 8, 999


def _log_rates(run: Records) -> tuple[np.ndarray, np.ndarray]:
    kept, rates = run.area_rates(run.mask(VIOLENT, "recorded"))
    if len(kept) < LEAST_AREAS:
        raise Unscored(f"needs {LEAST_AREAS} areas of 500 residents, the city has {len(kept)}")
    return kept, np.log1p(rates)


@measure("F13a")
def disadvantage(run: Records) -> float:
    """Correlation of the logarithm of an area's rate of violence with its disadvantage."""
    kept, rates = _log_rates(run)
    if rates.std() == 0:
        return float("nan")
    return float(np.corrcoef(rates, run.disadvantage(kept))[0, 1])


def neighbours(run: Records, kept: np.ndarray) -> dict[int, list[int]]:
    """Areas that touch, at a side or a corner of their cells (queen contiguity); keys are positions in `kept`."""
    height = int(run.places["cell"].max()) // run.width + 2
    grid = np.full((height + 1, run.width + 1), -1)
    position = np.full(run.n_areas + 1, -1)
    position[kept] = np.arange(len(kept))
    cell = run.places["cell"]
    grid[cell // run.width, cell % run.width] = position[run.places["area"]]
    pairs = set()
    for a, b in ((grid[1:], grid[:-1]), (grid[:, 1:], grid[:, :-1]), (grid[1:, 1:], grid[:-1, :-1]),
                 (grid[1:, :-1], grid[:-1, 1:])):
        touch = (a >= 0) & (b >= 0) & (a != b)
        pairs |= set(zip(a[touch].tolist(), b[touch].tolist()))
    out: dict[int, set[int]] = {i: set() for i in range(len(kept))}
    for a, b in pairs:
        out[a].add(b)
        out[b].add(a)
    return {i: sorted(found) for i, found in out.items()}


def moran(values: np.ndarray, near: dict[int, list[int]], seed: int = 1) -> tuple[float, float]:
    """Moran's I with row-standardised weights and its one-sided permutation p, by esda."""
    from analysis.facts.libraries import library

    weights = library("libpysal").weights.W(near, silence_warnings=True)
    np.random.seed(seed)  # the library draws from the global state
    found = library("esda").Moran(values, weights, permutations=PERMUTATIONS)
    return float(found.I), float(found.p_sim)


@measure("F14")
def autocorrelation(run: Records) -> Found:
    """Moran's I of the logarithm of rates of violence, queen contiguity; p at most 0.05."""
    kept, rates = _log_rates(run)
    value, p = moran(rates, neighbours(run, kept), run.seed)
    return Found(value, p <= 0.05, f"p {p:.3f}")
