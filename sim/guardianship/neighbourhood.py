"""Collective efficacy of neighbourhoods at the start of a run.

Sampson, Raudenbush & Earls (1997) find that concentrated disadvantage lowers and residential stability raises the
willingness of neighbours to step in; the link stands here, from composition to efficacy. There is no link from
composition to crime.
"""

from __future__ import annotations

import numpy as np

from sim.draws import normals


def standard(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted standard scores; zeros when nothing varies."""
    weights = weights / max(weights.sum(), 1e-12)
    mean = float((weights * values).sum())
    spread = float(np.sqrt((weights * (values - mean) ** 2).sum()))
    return (values - mean) / spread if spread > 1e-9 else np.zeros_like(values, dtype=float)


def disadvantage(model) -> np.ndarray:
    """Concentrated disadvantage of each area as a standard score over residents (float64[areas])."""
    columns = model.city.areas.columns
    people = np.bincount(model.residents["area"], minlength=len(model.city.areas)).astype(float)
    parts = [columns["disadvantage"]] if "disadvantage" in columns else [
        standard(columns[name], people) for name in ("poverty_rate", "unemployment_rate") if name in columns]
    return standard(np.mean(parts, axis=0), people) if parts else np.zeros(len(people))


def stability(model) -> np.ndarray:
    """Proxy of residential stability of each area: share of residents of 35 and more, who move least."""
    area, count = model.residents["area"], len(model.city.areas)
    people = np.bincount(area, minlength=count).astype(float)
    settled = np.bincount(area, model.residents["birth_day"] <= -35 * 365, minlength=count)
    return standard(settled / np.maximum(people, 1), people)


def block_mean(values: np.ndarray, width: int) -> np.ndarray:
    """Mean over each cell and its eight neighbours (float64[cells])."""
    grid = np.pad(values.reshape(-1, width), 1, mode="edge").astype(float)
    rows = grid[:-2] + grid[1:-1] + grid[2:]
    return ((rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9).ravel()


def initial_efficacy(model, poor: np.ndarray, of_disadvantage: float, of_stability: float,
                     of_area: float) -> np.ndarray:
    """Collective efficacy of each cell, a standard score over homes (float32[cells]).

    Parameters
    ----------
    poor : float array over cells
        Disadvantage around each cell, a standard score over residents.
    of_disadvantage, of_stability, of_area : float
        Correlations with the composition of the place and share of an area's own history; what is left of the
        variance differs from street block to street block.
    """
    seed, area, grid = model.spec.city.seed, model.city.area, model.city.grid
    own = normals(seed, "efficacy.area", 0, np.arange(len(model.city.areas)))
    between = of_stability * stability(model) + of_area * own
    block = normals(seed, "efficacy.cell", 0, np.arange(grid.cells))
    block = standard(2 * block_mean(block, grid.width) + 0.5 * block, np.ones(grid.cells))
    rest = np.sqrt(max(0.0, 1 - of_disadvantage**2 - of_stability**2 - of_area**2))
    values = np.where(area >= 0, between[np.maximum(area, 0)] - of_disadvantage * poor + rest * block, 0.0)
    homes = np.where(area >= 0, model.city.layers["dwellings"], 0).astype(float)
    if homes.sum() == 0:
        homes = (area >= 0).astype(float)
    return np.where(area >= 0, np.clip(standard(values, homes), -3, 3), 0).astype(np.float32)
