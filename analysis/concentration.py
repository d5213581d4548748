"""Concentration of crime at places, accuracy of predictions, and how patrol compares with crime."""

from __future__ import annotations

import math

import numpy as np

NAN = float("nan")


def share_of_places(counts, share: float = 0.5) -> float:
    """Smallest share of places that holds the given share of crime (s50; Weisburd 2015).

    Parameters
    ----------
    counts : array of float, shape (places,)
        Crimes by place, places without crime included. NaN when there is no crime.
    """
    y = np.sort(np.asarray(counts, float).ravel())[::-1]
    total = y.sum()
    if total <= 0:
        return NAN
    needed = int(np.searchsorted(np.cumsum(y), share * total * (1 - 1e-12))) + 1
    return needed / y.size


def gini(counts) -> float:
    """Gini coefficient over places: (2 sum i y_i / sum y - n - 1) / n with y ascending; NaN without crime."""
    y = np.sort(np.asarray(counts, float).ravel())
    n, total = y.size, y.sum()
    if total <= 0:
        return NAN
    return float((2 * (np.arange(1, n + 1) * y).sum() / total - n - 1) / n)


def generalised_gini(counts) -> float:
    """Gini coefficient that is fair when there are fewer crimes than places (Bernasco and Steenbeek 2017).

    G' = max(1/c, 1/n) (2 sum i y_i - n - 1) - max(n/c, 1) + 1 with c crimes, n places and ascending shares y:
    0 when crimes are spread as evenly as whole crimes allow.
    """
    y = np.sort(np.asarray(counts, float).ravel())
    n, c = y.size, y.sum()
    if c <= 0:
        return NAN
    weighted = 2 * (np.arange(1, n + 1) * (y / c)).sum() - n - 1
    return float(max(1 / c, 1 / n) * weighted - max(n / c, 1) + 1)


def lorenz(counts) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative share of places (hottest first) and of crime, both starting at 0."""
    y = np.sort(np.asarray(counts, float).ravel())[::-1]
    return np.arange(y.size + 1) / max(y.size, 1), np.concatenate([[0.0], np.cumsum(y)]) / max(y.sum(), 1e-300)


def pai(caught: float, crimes: float, area_named: float, area: float) -> float:
    """Prediction accuracy index: share of crime caught over share of area named (Chainey, Tompson and Uhlig 2008)."""
    if crimes <= 0 or area_named <= 0:
        return NAN
    return (caught / crimes) / (area_named / area)


def pei(counts, named) -> float:
    """Prediction efficiency index: the achieved PAI over the best possible with as many places (Hunt 2016)."""
    y, named = np.asarray(counts, float), np.asarray(named, bool)
    k = int(named.sum())
    best = np.sort(y)[::-1][:k].sum()
    return float(y[named].sum() / best) if best > 0 else NAN


def repeat_share(ids) -> float:
    """Share of victimisations that are not the first of their victim or place; -1 (nobody) does not count."""
    ids = np.asarray(ids)
    ids = ids[ids >= 0]
    return 1 - np.unique(ids).size / ids.size if ids.size else NAN


def policing_index(patrol, crime) -> np.ndarray:
    """Over- or under-policing of each area: its share of patrol over its share of true crime (1 is proportional)."""
    patrol, crime = np.asarray(patrol, float), np.asarray(crime, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (patrol / patrol.sum()) / (crime / crime.sum())


def feedback_gap(patrol, crime) -> float:
    """Half the summed absolute difference of patrol and true-crime shares: 0 proportional, 1 nowhere right."""
    patrol, crime = np.asarray(patrol, float), np.asarray(crime, float)
    if patrol.sum() <= 0 or crime.sum() <= 0:
        return NAN
    return float(0.5 * np.abs(patrol / patrol.sum() - crime / crime.sum()).sum())


def rank_correlation(x, y) -> float:
    """Spearman's rank correlation over areas; NaN for fewer than three areas or without variation."""
    from scipy.stats import rankdata

    x, y = np.asarray(x, float), np.asarray(y, float)
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < 3:
        return NAN
    rx, ry = rankdata(x[both]), rankdata(y[both])
    if rx.std() == 0 or ry.std() == 0:
        return NAN
    value = float(np.corrcoef(rx, ry)[0, 1])
    return math.copysign(min(abs(value), 1.0), value)
