"""Concentration of crime at places, and how stable it is (F01)."""

from __future__ import annotations

import numpy as np

from analysis.concentration import generalised_gini, rank_correlation, share_of_places
from analysis.facts.base import Found, Unscored, measure
from analysis.facts.records import PROPERTY, VICTIM, VIOLENT, Records
from sim.records import CODE

DRAWS, THINNINGS = 100, 50
LEAST_PER_PLACE = 1.0  # recorded crimes a place and year below which chance alone looks concentrated
LEAST_VIOLENT = 100


def _years(run: Records, types=VICTIM) -> list[np.ndarray]:
    run.need_years(1)
    years = run.yearly(run.mask(types, "recorded"))
    if min(y.sum() for y in years) == 0:
        raise Unscored("a year without recorded crime")
    return years


def _dense(run: Records) -> list[np.ndarray]:
    years = _years(run)
    each = float(np.mean([y.mean() for y in years]))
    if each < LEAST_PER_PLACE:
        raise Unscored(f"needs {LEAST_PER_PLACE:g} recorded crime a place and year, the run has {each:.2f}")
    return years


@measure("F01a")
def half(run: Records) -> float:
    """Per cent of places with half of a year's recorded crime, mean over years."""
    return 100 * float(np.mean([share_of_places(y) for y in _dense(run)]))


@measure("F01b")
def quarter(run: Records) -> float:
    """Per cent of places with a quarter of it."""
    return 100 * float(np.mean([share_of_places(y, 0.25) for y in _dense(run)]))


@measure("F01c")
def generalised(run: Records) -> float:
    """Generalised Gini coefficient over places, mean over years."""
    return float(np.mean([generalised_gini(y) for y in _years(run)]))


@measure("F01d")
def beyond_chance(run: Records) -> float:
    """Share of places with half of crime over the same under equal chances of all places."""
    rng = np.random.default_rng([run.seed, 101])
    ratios = []
    for y in _years(run):
        chance = rng.multinomial(int(y.sum()), np.full(len(y), 1 / len(y)), DRAWS)
        ratios.append(share_of_places(y) / np.mean([share_of_places(c) for c in chance]))
    return float(np.mean(ratios))


@measure("F01e")
def level_stability(run: Records) -> float:
    """Range of the yearly share of places with half of crime over its mean."""
    run.need_years(5)
    shares = [share_of_places(y) for y in _years(run)]
    return float((max(shares) - min(shares)) / np.mean(shares))


@measure("F01f")
def persistence(run: Records) -> Found:
    """Rank correlation of places' counts in successive years, among those with crime in either.

    Besides, half of a year's hottest twentieth of places must be in the hottest tenth of the next.
    """
    run.need_years(2)
    years = _dense(run)  # with fewer events even risks that never change are too noisy to correlate
    rho, kept = [], []
    for a, b in zip(years, years[1:]):
        either = (a + b) > 0
        rho.append(rank_correlation(a[either], b[either]))
        n = len(a)
        top = np.argsort(-a, kind="stable")[: max(1, round(0.05 * n))]
        next_top = np.argsort(-b, kind="stable")[: max(1, round(0.10 * n))]
        kept.append(np.isin(top, next_top).mean())
    share = float(np.mean(kept))
    return Found(float(np.mean(rho)), share >= 0.5, f"{share:.0%} of the hottest twentieth stay in the hottest tenth")


def variance_shares(counts: np.ndarray, group: np.ndarray) -> tuple[float, float]:
    """Variance of log risk within and between groups of places, from counts, by moments.

    Counts are taken as Poisson with a risk that is the product of a group's and a place's own, both lognormal. Beyond
    Poisson noise the squared coefficient of variation of all places is (1 + w)(1 + b) - 1, that of group means b.

    Returns
    -------
    within, between : float
        Log variances, at least 0.
    """
    mean = counts.mean()
    total = (counts.var(ddof=1) - mean) / mean**2
    codes, of = np.unique(group, return_inverse=True)
    size = np.bincount(of)
    if len(codes) < 2 or (size < 2).all():
        raise Unscored("needs at least two areas with several places")
    means = np.bincount(of, counts) / size
    inside = np.bincount(of, (counts - means[of]) ** 2) / np.maximum(size - 1, 1)
    weight = size / size.sum()
    spread = (weight * (means - mean) ** 2).sum() / (1 - (weight**2).sum())
    noise = (weight * (1 - weight) * inside / size).sum() / (1 - (weight**2).sum())
    between = max(spread - noise, 0.0) / mean**2
    log_between = float(np.log1p(between))
    return max(float(np.log1p(max(total, 0.0))) - log_between, 0.0), log_between


@measure("F01g")
def street_share(run: Records) -> float:
    """Share of the variance of violence between places that lies within areas."""
    counts = run.counts(run.mask(VIOLENT, "recorded"))
    area = run.places["area"]
    inside = area >= 0
    if counts.sum() < LEAST_VIOLENT:
        raise Unscored(f"needs {LEAST_VIOLENT} recorded violent crimes, the run has {counts.sum()}")
    if len(np.unique(area[inside])) < 5:
        raise Unscored(f"needs 5 areas, the city has {len(np.unique(area[inside]))}")
    within, between = variance_shares(counts[inside].astype(float), area[inside])
    if within + between <= 0:
        return float("nan")
    return within / (within + between)


@measure("F01h")
def violence_against_property(run: Records) -> float:
    """Generalised Gini of violence over that of property crime thinned to the same number."""
    rng = np.random.default_rng([run.seed, 108])
    ratios = []
    for v, p in zip(_years(run, VIOLENT), _years(run, PROPERTY)):
        if v.sum() < LEAST_VIOLENT:
            raise Unscored(f"needs {LEAST_VIOLENT} recorded violent crimes a year, the run has {v.sum()}")
        if v.sum() > p.sum():
            raise Unscored("more violence than property crime is recorded")
        thinned = [rng.multivariate_hypergeometric(p, int(v.sum())) for _ in range(THINNINGS)]
        ratios.append(generalised_gini(v) / np.mean([generalised_gini(t) for t in thinned]))
    return float(np.mean(ratios))


@measure("F01i")
def risky_facilities(run: Records) -> float:
    """Share of the violence at places with bars that falls on the worst fifth of them."""
    if "bars" not in run.places:
        raise Unscored("the city has no bars")
    here = np.flatnonzero(run.places["bars"] > 0)
    which = np.isin(run.events["kind"], [CODE["assault"], CODE["robbery"]]) & run.mask(VIOLENT, domestic=False)
    counts = np.sort(run.counts(which)[here])[::-1]
    if len(here) < 10 or counts.sum() < 30:
        raise Unscored(f"needs 10 places with bars and 30 events there, found {len(here)} and {counts.sum()}")
    return float(counts[: max(1, round(0.2 * len(here)))].sum() / counts.sum())
