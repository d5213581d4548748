"""Who gains and who bears the burden: areas ranked from poor to rich."""

from __future__ import annotations

import numpy as np

NAN = float("nan")


def fractional_rank(population) -> np.ndarray:
    """Mid-point rank in (0, 1) of areas given in order from poor to rich, weighted by population."""
    w = np.asarray(population, float)
    w = w / w.sum()
    return np.cumsum(w) - w / 2


def concentration_index(benefit, population=None) -> float:
    """Concentration index C = 2 cov(h, R) / mean(h) of a benefit over areas ordered from poor to rich.

    Negative favours poorer areas (Wagstaff, Paci and van Doorslaer 1991). NaN when the mean benefit is zero; near
    zero it is unstable: use :func:`absolute_concentration`.

    Parameters
    ----------
    benefit : array of float, shape (areas,)
        Benefit per resident (or per 1,000) in each area.
    population : array of float, optional
        Residents of each area; equal when left out.
    """
    mean = _mean(benefit, population)
    return absolute_concentration(benefit, population) / mean if mean else NAN


def absolute_concentration(benefit, population=None) -> float:
    """Absolute concentration index 2 cov(h, R): in the units of the benefit and defined when its mean is zero."""
    h = np.asarray(benefit, float)
    w = np.ones(h.size) if population is None else np.asarray(population, float)
    rank, w = fractional_rank(w), w / w.sum()
    return float(2 * (w * (h - (w * h).sum()) * (rank - (w * rank).sum())).sum())


def slope_index(benefit, population=None) -> float:
    """Slope of the population-weighted regression of benefit on rank: richest minus poorest end of the line."""
    h = np.asarray(benefit, float)
    w = np.ones(h.size) if population is None else np.asarray(population, float)
    rank, w = fractional_rank(w), w / w.sum()
    spread = rank - (w * rank).sum()
    variance = (w * spread**2).sum()
    return float((w * (h - (w * h).sum()) * spread).sum() / variance) if variance > 0 else NAN


def _mean(values, population) -> float:
    h = np.asarray(values, float)
    return float(h.mean() if population is None else np.average(h, weights=population))


def fifths(deprivation, population) -> np.ndarray:
    """Assign areas to population-weighted fifths: 0 the most deprived, 4 the least.

    Parameters
    ----------
    deprivation : array of float, shape (areas,)
        Higher is more deprived (poverty rate, hardship index). NaN gives -1.
    population : array of float, shape (areas,)
    """
    d, w = np.asarray(deprivation, float), np.asarray(population, float)
    out = np.full(d.size, -1)
    known = np.flatnonzero(np.isfinite(d) & (w > 0))
    if not known.size:
        return out
    order = known[np.argsort(-d[known], kind="stable")]
    out[order] = np.minimum((fractional_rank(w[order]) * 5).astype(int), 4)
    return out


def by_group(values, population, group, groups: int = 5, per: float = 1000.0) -> np.ndarray:
    """Sum of area totals by group per `per` residents of the group; NaN for groups without residents."""
    group = np.asarray(group)
    inside = group >= 0
    total = np.bincount(group[inside], np.asarray(values, float)[inside], groups)
    people = np.bincount(group[inside], np.asarray(population, float)[inside], groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(people > 0, per * total / people, NAN)


def gap(by_fifth) -> float:
    """Poorest minus richest fifth."""
    values = np.asarray(by_fifth, float)
    return float(values[0] - values[-1])


def benefit_to_burden(averted, contacts) -> np.ndarray:
    """Crimes averted per added contact (stop, arrest) of each group; NaN where no contact was added."""
    averted, contacts = np.asarray(averted, float), np.asarray(contacts, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(contacts > 0, averted / contacts, NAN)


def equity_weights(consumption, elasticity: float = 1.3) -> np.ndarray:
    """Welfare weights (mean consumption / consumption of the group) ** elasticity (HM Treasury 2022)."""
    c = np.asarray(consumption, float)
    return (c.mean() / c) ** elasticity


def recorded_bias(true_percent: float, recorded_percent: float) -> float:
    """Change of recorded crime minus change of true crime, in percentage points: 0 when the record tells the truth."""
    return recorded_percent - true_percent
