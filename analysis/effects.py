"""Effects of arms against a baseline from paired replications: differences, intervals, precision and ranking.

Replication r of every arm shares its random numbers with replication r of the baseline, so the unit of analysis is
the pair. All intervals here describe run noise only; they say nothing about uncertain parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

NAN = float("nan")


@dataclass(frozen=True)
class Effect:
    """A paired comparison of one outcome between an arm and the baseline.

    Attributes
    ----------
    pairs : int
        Replications with both values.
    baseline, arm : float
        Means over the pairs.
    difference, low, high : float
        Mean of arm minus baseline and its t interval; the interval is NaN for fewer than two pairs.
    sd, se : float
        Standard deviation of the differences and Monte Carlo standard error of their mean.
    percent, percent_low, percent_high : float
        Change in per cent of the baseline mean; NaN when that mean is not positive.
    variance_ratio : float
        Var(d) / [Var(a) + Var(b)]: below 1 pairing saves runs; NaN when neither arm varies.
    better : float
        Share of pairs in which the arm is on the good side; an exact tie is on neither.
    level : float
        Confidence level of the intervals.
    """

    pairs: int
    baseline: float
    arm: float
    difference: float
    low: float
    high: float
    sd: float
    se: float
    percent: float
    percent_low: float
    percent_high: float
    variance_ratio: float
    better: float
    level: float = 0.95

    @property
    def spans_zero(self) -> bool:
        """True when the interval does not settle the sign: it contains zero with room on a side, or is unknown.

        A difference of exactly zero in every pair is known to be zero and counts as spanning zero too.
        """
        return not (self.low > 0 or self.high < 0)

    def scaled(self, factor: float) -> Effect:
        """Return the same comparison in other units (per 1,000 residents, a year); ratios stay."""
        names = ("baseline", "arm", "difference", "low", "high", "sd", "se")
        values = {n: getattr(self, n) * factor for n in names}
        if factor < 0:
            values["low"], values["high"], values["sd"], values["se"] = (
                values["high"],
                values["low"],
                -values["sd"],
                -values["se"],
            )
        return Effect(**{**self.__dict__, **values})


def paired_values(arm, baseline) -> tuple[np.ndarray, np.ndarray]:
    """Return both arrays as float64 without the replications in which either is missing (NaN).

    Raises
    ------
    ValueError
        When the arrays are not one-dimensional and equally long.
    """
    a, b = np.asarray(arm, float), np.asarray(baseline, float)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"expected two arrays of one value a replication, found shapes {a.shape} and {b.shape}")
    both = np.isfinite(a) & np.isfinite(b)
    return a[both], b[both]


def t_interval(values, level: float = 0.95) -> tuple[float, float, float]:
    """Mean and t interval: mean -/+ t(R-1) s / sqrt(R).

    Returns
    -------
    mean, low, high : float
        The bounds are NaN for fewer than two values.
    """
    x = np.asarray(values, float)
    if not x.size:
        return NAN, NAN, NAN
    mean = float(x.mean())
    if x.size < 2:
        return mean, NAN, NAN
    half = _t_quantile(0.5 + level / 2, x.size - 1) * float(x.std(ddof=1)) / math.sqrt(x.size)
    return mean, mean - half, mean + half


def _t_quantile(p: float, df: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(df, p))


def bootstrap_interval(
    statistic, *columns, level: float = 0.95, draws: int = 2000, seed: int = 1, name: str = "effect"
) -> tuple[float, float, float]:
    """Percentile bootstrap that resamples *pairs*: the same replications are drawn from every column.

    Parameters
    ----------
    statistic : callable
        Maps arrays of shape (draws, pairs), one for each column, to an array of shape (draws,).
    *columns : array of float, shape (pairs,)
    draws : int
        Resamples.
    seed, name : int, str
        Key of the draws: the same key gives the same interval anywhere.

    Returns
    -------
    estimate, low, high : float
        The bounds are NaN for fewer than two pairs. With under ten pairs this interval is too short
        (Efron and Tibshirani 1993); the report therefore prints t intervals.
    """
    from sim.draws import uniforms

    data = [np.asarray(c, float) for c in columns]
    pairs = data[0].size
    if any(c.shape != (pairs,) for c in data):
        raise ValueError("expected equally long columns, one value a replication")
    if not pairs:
        return NAN, NAN, NAN
    estimate = float(np.asarray(statistic(*(c[None, :] for c in data))).ravel()[0])
    if pairs < 2:
        return estimate, NAN, NAN
    keys = np.arange(draws * pairs).reshape(draws, pairs)
    pick = np.minimum((uniforms(seed, f"analysis.bootstrap.{name}", 0, keys) * pairs).astype(np.int64), pairs - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.asarray(statistic(*(c[pick] for c in data)), float)
    values = values[np.isfinite(values)]
    if values.size < draws / 2:
        return estimate, NAN, NAN
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return estimate, float(low), float(high)


def difference_bootstrap(arm, baseline, level: float = 0.95, draws: int = 2000, seed: int = 1):
    """Mean paired difference with its bootstrap interval; see :func:`bootstrap_interval`."""
    a, b = paired_values(arm, baseline)
    return bootstrap_interval(lambda d: d.mean(axis=1), a - b, level=level, draws=draws, seed=seed, name="difference")


def percent_change(arm, baseline, level: float = 0.95, method: str = "t", draws: int = 2000, seed: int = 1):
    """Change of the mean in per cent of the baseline mean: 100 (mean a - mean b) / mean b.

    Parameters
    ----------
    method : {"t", "bootstrap"}
        "t" linearises the ratio (Taylor) and uses the t quantile: honest with few pairs. "bootstrap" resamples pairs.

    Returns
    -------
    percent, low, high : float
        NaN when the baseline mean is not positive.
    """
    a, b = paired_values(arm, baseline)
    if not a.size or b.mean() <= 0:
        return NAN, NAN, NAN
    if method == "bootstrap":
        return bootstrap_interval(
            lambda x, y: 100 * (x.mean(axis=1) / y.mean(axis=1) - 1),
            a,
            b,
            level=level,
            draws=draws,
            seed=seed,
            name="percent",
        )
    if method != "t":
        raise ValueError(f"method: expected 't' or 'bootstrap', found {method!r}")
    ratio = a.mean() / b.mean()
    _, low, high = t_interval(100 * (a - ratio * b) / b.mean(), level)
    percent = 100 * (ratio - 1)
    return percent, percent + low, percent + high


def variance_ratio(arm, baseline) -> float:
    """Var(a - b) / [Var(a) + Var(b)]: 1 without pairing, 0 when the pairs move as one; NaN when nothing varies.

    One minus the ratio is the share of runs saved by pairing for the same precision.
    """
    a, b = paired_values(arm, baseline)
    if a.size < 2:
        return NAN
    total = a.var(ddof=1) + b.var(ddof=1)
    return float((a - b).var(ddof=1) / total) if total > 0 else NAN


def variance_ratios(arm, baseline) -> np.ndarray:
    """Variance ratio of every column (month) of arrays of shape (pairs, months)."""
    a, b = np.atleast_2d(np.asarray(arm, float)), np.atleast_2d(np.asarray(baseline, float))
    return np.array([variance_ratio(a[:, m], b[:, m]) for m in range(a.shape[1])])


def probability_better(arm, baseline, lower_is_better: bool = True) -> float:
    """Share of pairs with the arm strictly on the good side."""
    a, b = paired_values(arm, baseline)
    if not a.size:
        return NAN
    return float(np.mean(a < b if lower_is_better else a > b))


def compare(arm, baseline, level: float = 0.95, lower_is_better: bool = True) -> Effect:
    """Compare an arm with the baseline over paired replications.

    Parameters
    ----------
    arm, baseline : array of float, shape (replications,)
        One value a replication in the same order; NaN where a run is missing (the pair is then left out).
    """
    a, b = paired_values(arm, baseline)
    if not a.size:
        return Effect(0, *[NAN] * 12, level)
    difference, low, high = t_interval(a - b, level)
    sd = float((a - b).std(ddof=1)) if a.size > 1 else NAN
    percent = percent_change(a, b, level)
    return Effect(
        a.size,
        float(b.mean()),
        float(a.mean()),
        difference,
        low,
        high,
        sd,
        sd / math.sqrt(a.size),
        *percent,
        variance_ratio(a, b),
        probability_better(a, b, lower_is_better),
        level,
    )


def runs_needed(sd: float, half_width: float, level: float = 0.95, most: int = 1_000_000) -> int:
    """Smallest number of pairs R with t(R-1) sd / sqrt(R) <= half_width.

    Parameters
    ----------
    sd : float
        Standard deviation of the paired differences, from a pilot of ten pairs or more.
    half_width : float
        Wanted half-width of the interval, in the units of the outcome.

    Returns
    -------
    int
        At least 2; `most` when even that many do not suffice.
    """
    if not (half_width > 0 and sd >= 0):
        raise ValueError(f"expected half_width > 0 and sd >= 0, found {half_width} and {sd}")

    def enough(n: int) -> bool:
        return _t_quantile(0.5 + level / 2, n - 1) * sd / math.sqrt(n) <= half_width

    low, high = 1, 2
    while not enough(high):
        if high >= most:
            return most
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


@dataclass(frozen=True)
class RateRatio:
    """Relative incident rate ratio with its interval (symmetric on the log scale)."""

    ratio: float
    low: float
    high: float
    se_log: float


def rirr(
    target_before: float, target_after: float, control_before: float, control_after: float, level: float = 0.95
) -> RateRatio:
    """Relative incident rate ratio (T1/T0) / (C1/C0) with a Wald interval on the log scale.

    Below 1 crime fell more (or rose less) in the target than in the control. The interval assumes Poisson counts
    and is NaN, like the ratio, when any count is zero (Wilson, Brooke and Weisburd; Braga and Weisburd 2022).
    """
    from scipy.special import ndtri

    counts = np.array([target_before, target_after, control_before, control_after], float)
    if (counts <= 0).any():
        return RateRatio(NAN, NAN, NAN, NAN)
    log = math.log(target_after / target_before) - math.log(control_after / control_before)
    se = math.sqrt(float((1 / counts).sum()))
    z = float(ndtri(0.5 + level / 2))
    return RateRatio(math.exp(log), math.exp(log - z * se), math.exp(log + z * se), se)


def paired_p(arm, baseline) -> float:
    """Two-sided p value of the paired t test; 1 when every difference is zero, NaN for fewer than two pairs."""
    from scipy.special import stdtr

    a, b = paired_values(arm, baseline)
    d = a - b
    if d.size < 2:
        return NAN
    se = d.std(ddof=1) / math.sqrt(d.size)
    if se == 0:
        return 1.0 if d.mean() == 0 else 0.0
    return float(2 * stdtr(d.size - 1, -abs(d.mean() / se)))


def holm(p_values) -> np.ndarray:
    """Holm's step-down adjusted p values, in the order given (Holm 1979). NaN stays NaN and does not count."""
    p = np.asarray(p_values, float)
    out = np.full(p.shape, NAN)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    running = 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (order.size - rank) * p[i]))
        out[i] = running
    return out


def possible_best(values, level: float = 0.95, lower_is_better: bool = True) -> np.ndarray:
    """Subset selection: which options can still be the best one.

    An option is rejected when some other option beats it by more than run noise explains: a one-sided paired t
    test at (1 - level) / (options - 1), so the set holds the true best option with probability at least `level`
    (Nelson, Swann, Goldsman and Song 2001, with paired differences and Bonferroni).

    Parameters
    ----------
    values : array of float, shape (options, replications)
        Paired: a column is one replication.

    Returns
    -------
    bool array, shape (options,)
    """
    x = np.asarray(values, float)
    if not lower_is_better:
        x = -x
    x = x[:, np.isfinite(x).all(axis=0)]
    options, n = x.shape
    keep = np.ones(options, bool)
    if n < 2 or options < 2:
        return keep
    t = _t_quantile(1 - (1 - level) / (options - 1), n - 1)
    for i in range(options):
        for j in range(options):
            d = x[i] - x[j]
            if i != j and d.mean() > t * d.std(ddof=1) / math.sqrt(n):
                keep[i] = False
                break
    return keep


def two_level_variance(values) -> tuple[float, float]:
    """Split variance into run noise and parameter uncertainty.

    Parameters
    ----------
    values : array of float, shape (parameter draws, replications)

    Returns
    -------
    within, between : float
        Mean variance over replications of one draw, and variance of the draws' true means (never below zero).
        More replications shrink the standard error from `within` only.
    """
    x = np.asarray(values, float)
    within = float(x.var(axis=1, ddof=1).mean())
    return within, max(0.0, float(x.mean(axis=1).var(ddof=1)) - within / x.shape[1])
