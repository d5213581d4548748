"""Weekly incomes of areas: lognormal, tied to the poverty line and to the city's inequality."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

MEDIAN = 400.0  # weekly income per adult in the middle of a city; the unit of money of the model
SPREAD_LOW, SPREAD_HIGH = 0.25, 1.30


def spread_of_gini(gini: float) -> float:
    """Standard deviation of log income of a lognormal distribution with this Gini index (Aitchison & Brown 1957)."""
    return float(np.sqrt(2.0) * ndtri((1.0 + gini) / 2.0))


def line_and_medians(poverty: np.ndarray, population: np.ndarray, gini: float) -> tuple[float, np.ndarray]:
    """Poverty line and area medians such that poverty rates hold and the city has this Gini index and MEDIAN.

    Parameters
    ----------
    poverty : float array
        Share of residents below the line, by area.
    population : float array
    gini : float

    Returns
    -------
    line : float
    medians : float array
    """
    z = ndtri(np.clip(poverty, 0.002, 0.95))
    weights = np.maximum(population, 1e-9) / np.maximum(population, 1e-9).sum()
    mean = float((weights * z).sum())
    within = spread_of_gini(gini) / np.sqrt(1.0 + float((weights * (z - mean) ** 2).sum()))
    line = MEDIAN * np.exp(within * mean)
    return float(line), line * np.exp(-within * z)


def line_for(income: np.ndarray, poverty: np.ndarray, population: np.ndarray, gini: float) -> float:
    """The poverty line that fits given area medians and poverty rates best, with incomes spread by `gini`."""
    z = ndtri(np.clip(poverty, 0.002, 0.95))
    weights = np.maximum(population, 1e-9) / np.maximum(population, 1e-9).sum()
    logs = np.log(income)
    between = float((weights * (logs - (weights * logs).sum()) ** 2).sum())
    within = np.sqrt(max(spread_of_gini(gini) ** 2 - between, 0.3**2))
    return float(np.exp((weights * (logs + within * z)).sum()))


def area_distribution(income: np.ndarray, poverty: np.ndarray, line: float,
                      usual: float) -> tuple[np.ndarray, np.ndarray]:
    """Log median and log spread of incomes of each area.

    Both the median and the poverty rate hold where one lognormal can have them with a spread between
    SPREAD_LOW and SPREAD_HIGH; otherwise the poverty rate holds.
    """
    z = ndtri(np.clip(poverty, 0.002, 0.95))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (np.log(income) - np.log(line)) / -z
    spread = np.where(np.isfinite(spread) & (spread > 0), spread, usual)
    spread = np.clip(spread, SPREAD_LOW, SPREAD_HIGH)
    return np.log(line) - spread * z, spread
