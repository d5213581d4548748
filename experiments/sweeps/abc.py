"""Approximate Bayesian computation on a table of runs: which parameters could have made the observed outcomes.

Rejection on scaled summary statistics, then regression adjustment with correction for uneven spread (Beaumont, Zhang
and Balding 2002; Blum and Francois 2010), ridge-regularised, on a scale that keeps every value inside its prior range.
A second round may draw from what the first one found; rows of all rounds are then weighed by the mixture of their
proposals (Owen and Zhou 2000), so none is lost. Everything here is a function of arrays; nothing runs a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from experiments.sweeps.priors import Prior, to_units, to_values

LEVELS = (0.5, 0.9)
_RIDGES = np.logspace(-4, 3, 22)


@dataclass(frozen=True)
class Table:
    """A reference table: what came out of which parameters.

    Attributes
    ----------
    points : float64[n, k]
        Values of the parameters.
    summaries : float64[n, s]
        Statistics of each run on their transformed scale, the error of observation included.
    noise : float64[s]
        Standard deviation between runs with the same parameters, error included.
    weights : float64[n]
        Prior over proposal density; ones for a sample of the prior.
    """

    points: np.ndarray
    summaries: np.ndarray
    noise: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Posterior:
    """A weighted sample of the posterior."""

    priors: tuple[Prior, ...]
    sample: np.ndarray  # float64[m, k]
    weights: np.ndarray  # float64[m], adding up to 1
    distance: np.ndarray  # float64[m]
    accepted: np.ndarray  # int64[m], rows of the table

    @property
    def size(self) -> float:
        """Effective size of the sample."""
        return float(1 / np.sum(self.weights**2))

    def quantile(self, q: float | Sequence[float]) -> np.ndarray:
        """Weighted quantiles of every parameter: float64[k], or [q, k]."""
        q = np.asarray(q, float)
        columns = [weighted_quantile(self.sample[:, j], q, self.weights) for j in range(self.sample.shape[1])]
        return np.stack(columns, axis=-1)

    def interval(self, level: float = 0.9) -> np.ndarray:
        """Central interval of every parameter: float64[k, 2]."""
        return self.quantile([(1 - level) / 2, (1 + level) / 2]).T

    def units(self) -> np.ndarray:
        """The sample on the scale on which the prior is uniform."""
        return to_units(self.priors, self.sample)

    def contraction(self) -> np.ndarray:
        """One minus the variance of the posterior over that of the prior: 0 nothing learned, 1 all."""
        u = self.units()
        mean = self.weights @ u
        return 1 - (self.weights @ (u - mean) ** 2) * 12

    def correlation(self) -> np.ndarray:
        """Correlations between parameters, float64[k, k], on the unit scale."""
        u = self.units()
        centred = u - self.weights @ u
        cov = (centred * self.weights[:, None]).T @ centred
        sd = np.sqrt(np.maximum(np.diag(cov), 1e-300))
        return cov / np.outer(sd, sd)

    def draw(self, n: int, seed: int) -> np.ndarray:
        """Draw `n` members by their weights (systematic resampling): float64[n, k]."""
        start = np.random.default_rng([seed, 77]).uniform()
        order = np.argsort(self.sample[:, 0])
        at = np.searchsorted(np.cumsum(self.weights[order]), (np.arange(n) + start) / n)
        return self.sample[order[np.minimum(at, len(order) - 1)]]


def weighted_quantile(x: np.ndarray, q: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Quantiles of a weighted sample, by the middle of each weight."""
    order = np.argsort(x)
    w = weights[order]
    return np.interp(q, (np.cumsum(w) - w / 2) / w.sum(), x[order])


def mad(x: np.ndarray) -> np.ndarray:
    """Median absolute deviation of every column, scaled to a standard deviation; the latter where it is zero."""
    spread = 1.4826 * np.median(np.abs(x - np.median(x, axis=0)), axis=0)
    return np.where(spread > 0, spread, x.std(axis=0))


def between_runs(values: np.ndarray) -> np.ndarray:
    """Standard deviation between runs with the same parameters, from float64[n, r, s] with NaN for missing runs."""
    values = np.asarray(values, float)
    count = np.isfinite(values).sum(axis=1)
    mean = np.nansum(values, axis=1) / np.maximum(count, 1)
    squares = np.nansum((values - mean[:, None]) ** 2, axis=(0, 1))
    freedom = np.maximum(count - 1, 0).sum(axis=0)
    return np.where(freedom > 0, np.sqrt(squares / np.maximum(freedom, 1)), np.nan)


def distances(table: Table, observed: np.ndarray) -> np.ndarray:
    """Distance of every row to the observed summaries.

    Each summary is scaled by its spread over the prior (median absolute deviation) and weighed by the part of that
    spread which is not chance between runs: a summary that only chance moves says nothing.
    """
    spread = mad(table.summaries)
    informative = spread > 0
    spread = np.where(informative, spread, 1.0)
    unsure = 2 / np.sqrt(len(table.summaries))  # sampling error of the ratio
    reliable = np.clip(1 - (table.noise / spread) ** 2 - unsure, 0.02, 1.0) * informative
    return np.sqrt((reliable * ((table.summaries - observed) / spread) ** 2).sum(axis=1))


def posterior(table: Table, observed: np.ndarray, priors: Sequence[Prior], accept: float = 0.4,
              adjust: bool = True) -> Posterior:
    """Posterior given the observed summaries.

    Parameters
    ----------
    table : Table
    observed : float64[s]
        On the same scale as the table's summaries.
    priors : sequence of Prior
    accept : float
        Share of the rows that are kept. Regression adjustment lets it be large.
    adjust : bool
        False leaves the kept rows as they are.

    Notes
    -----
    Kept rows are weighed by an Epanechnikov kernel of their distance. Parameters are regressed, as normal quantiles of
    the prior's distribution function, on linear and squared summaries; the ridge is chosen by generalised
    cross-validation. Residuals are those of rows left out, so that few rows do not make the posterior too narrow; they
    are scaled by the ratio of the spread expected at the observed summaries to that at their own.
    """
    priors = tuple(priors)
    d = distances(table, observed)
    n = len(d)
    keep = min(n, max(int(np.ceil(accept * n)), min(n, 40)))
    rows = np.argsort(d, kind="stable")[:keep]
    reach = max(d[rows[-1]] * (1 + 1e-9), 1e-12)
    weights = (1 - (d[rows] / reach) ** 2 + 1e-6) * table.weights[rows]
    weights = weights / weights.sum()
    points = table.points[rows]
    if adjust:
        points = _adjusted(table, observed, priors, rows, weights)
    return Posterior(priors, points, weights, d[rows], rows)


def _adjusted(table: Table, observed: np.ndarray, priors: tuple[Prior, ...], rows: np.ndarray,
              weights: np.ndarray) -> np.ndarray:
    spread = mad(table.summaries)
    use = spread > 0
    x = (table.summaries[rows][:, use] - observed[use]) / spread[use]
    y = ndtri(to_units(priors, table.points[rows]))
    effective = 1 / np.sum(weights**2)
    full = _features(x)
    features = full if full.shape[1] * 4 <= effective else x
    out = np.empty_like(y)
    for j in range(y.shape[1]):
        at, left_out, leverage = _ridge(features, y[:, j], weights)
        # spread that changes with the summaries: regression of the logarithm of squared residuals
        log_at, log_left, _ = _ridge(x, np.log(left_out**2 + 1e-12), weights)
        fitted = np.log(left_out**2 + 1e-12) - log_left
        ratio = np.exp(np.clip((log_at - fitted) / 2, -1.5, 1.5))
        centred = left_out - weights @ left_out
        out[:, j] = at + centred * ratio * np.sqrt(1 + leverage)
    return to_values(priors, ndtr(out))


def _features(x: np.ndarray) -> np.ndarray:
    k = x.shape[1]
    return np.column_stack([x, *(x[:, i] * x[:, j] for i in range(k) for j in range(i, k))])


def _ridge(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[float, np.ndarray, float]:
    """Weighted ridge regression; the observed point has all features zero.

    Returns the prediction there, the residual of each row when it is left out, and the leverage of the observed point
    (variance of the prediction over that of a residual).
    """
    n = len(y)
    w = weights * n
    middle, level = weights @ x, weights @ y
    scale = np.sqrt(weights @ (x - middle) ** 2)
    scale[scale == 0] = 1.0
    z = (x - middle) / scale
    root = np.sqrt(w)[:, None]
    u, s, vt = np.linalg.svd(root * z, full_matrices=False)
    target = root[:, 0] * (y - level)
    projected = u.T @ target
    best, chosen = np.inf, _RIDGES[-1]
    for ridge in _RIDGES:
        shrink = s**2 / (s**2 + ridge * n / 100)
        residual = target - u @ (shrink * projected)
        freedom = n - 1 - shrink.sum()
        score = np.inf if freedom <= 1 else (residual @ residual) / freedom**2
        if score < best:
            best, chosen = score, ridge
    shrink = s**2 / (s**2 + chosen * n / 100)
    coefficients = vt.T @ (shrink / np.maximum(s, 1e-12) * projected)
    hat = np.minimum((u**2) @ shrink + weights, 0.9)
    left_out = (y - level - z @ coefficients) / (1 - hat)
    at_zero = -middle / scale
    across = vt @ at_zero
    leverage = float(np.sum((across * shrink / np.maximum(s, 1e-12)) ** 2 * (s > 1e-9)) + 1 / n)
    return float(level + at_zero @ coefficients), left_out, min(leverage, 3.0)


def propose(found: Posterior, n: int, seed: int, wide: float = 2.0) -> np.ndarray:
    """Draw points for another round near a posterior: members moved by a normal kernel, on the scale on which
    the prior is standard normal.

    The kernel has `wide` times the covariance of the sample (Beaumont et al. 2009).
    """
    rng = np.random.default_rng([seed, 505])
    z = ndtri(to_units(found.priors, found.sample))
    start = z[rng.choice(len(z), n, p=found.weights)]
    return to_values(found.priors, ndtr(start + rng.standard_normal(start.shape) @ _kernel(found, z, wide).T))


def _kernel(found: Posterior, z: np.ndarray, wide: float) -> np.ndarray:
    centred = z - found.weights @ z
    cov = wide * (centred * found.weights[:, None]).T @ centred + 1e-6 * np.eye(z.shape[1])
    return np.linalg.cholesky(cov)


def mixture_weights(points: np.ndarray, priors: Sequence[Prior], first: int, found: Posterior,
                    wide: float = 2.0) -> np.ndarray:
    """Weights (prior over proposals) of rows of which `first` came from the prior and the others from :func:`propose`.

    The prior is one of the components, so no weight is above the number of rows over `first`.
    """
    n, k = points.shape
    z, members = ndtri(to_units(priors, points)), ndtri(to_units(priors, found.sample))
    root = _kernel(found, members, wide)
    apart = np.linalg.solve(root, (z[:, None] - members[None]).reshape(-1, k).T).T.reshape(n, len(members), k)
    density = np.exp(-0.5 * (apart**2).sum(-1)) @ found.weights
    density /= (2 * np.pi) ** (k / 2) * np.prod(np.diag(root))
    # the prior's density on that scale: the standard normal one
    base = np.exp(-0.5 * (z**2).sum(axis=1)) / (2 * np.pi) ** (k / 2)
    return n * base / (first * base + (n - first) * density)


def self_check(table: Table, priors: Sequence[Prior], tries: int, seed: int, level: float = 0.9, accept: float = 0.4,
               groups: np.ndarray | None = None) -> np.ndarray:
    """Take rows of the table for observed ones in turn: how often does the posterior made without them cover them?

    Rows are drawn by their weights, that is from the prior. Rows of one group (replications of one point) are left
    out together.

    Returns
    -------
    bool[tries, k]
    """
    rng = np.random.default_rng([seed, 31])
    n = len(table.points)
    groups = np.arange(n) if groups is None else groups
    out = []
    for row in rng.choice(n, min(tries, n), replace=False, p=table.weights / table.weights.sum()):
        rest = groups != groups[row]
        reduced = Table(table.points[rest], table.summaries[rest], table.noise, table.weights[rest])
        low, high = posterior(reduced, table.summaries[row], priors, accept).interval(level).T
        out.append((table.points[row] >= low) & (table.points[row] <= high))
    return np.array(out)
