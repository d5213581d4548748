"""A stochastic model in a few lines whose answers are known: counts of four kinds from two to four parameters."""

import numpy as np
from scipy import stats

from experiments.sweeps.abc import Table
from experiments.sweeps.priors import Prior, sample

PLAIN = (Prior("model.c", "uniform", -1.0, 1.0), Prior("model.d", "uniform", 0.0, 2.0))
# of a and b only the product leaves a trace
REDUNDANT = (Prior("model.a", "uniform", 0.4, 2.0), Prior("model.b", "loguniform", 0.4, 2.0), *PLAIN)


def outcomes(points, seed):
    """Counts float64[n, 4] of one run for each point; the last two columns of a point are c and d."""
    rng = np.random.default_rng(seed)
    c, d = points[:, -2], points[:, -1]
    product = points[:, 0] * points[:, 1] if points.shape[1] == 4 else np.ones(len(points))
    size = 20  # of the negative binomial: more uneven than Poisson
    second = 40 * np.exp(c)
    return np.column_stack([
        rng.poisson(150 * product), rng.negative_binomial(size, size / (size + second)),
        rng.poisson(30 * np.exp(0.4 * c + 0.6 * d)), rng.poisson(25 * (0.5 + d)),
    ]).astype(float)


def exact_interval(counts, points=121):
    """90 % intervals of c and d for one run of the plain model, from its likelihood on a grid: float64[2, 2]."""
    share = np.linspace(0, 1, points)
    c, d = np.meshgrid(2 * share - 1, 2 * share, indexing="ij")
    size, second = 20, 40 * np.exp(c)
    log = (stats.nbinom.logpmf(counts[1], size, size / (size + second))
           + stats.poisson.logpmf(counts[2], 30 * np.exp(0.4 * c + 0.6 * d))
           + stats.poisson.logpmf(counts[3], 25 * (0.5 + d)))
    weights = np.exp(log - log.max())
    weights /= weights.sum()
    return np.array([np.interp([0.05, 0.95], np.cumsum(weights.sum(axis=axis)), values)
                     for axis, values in ((1, c[:, 0]), (0, d[0]))])


def reference(priors, n, seed):
    """A reference table of `n` runs from the prior."""
    points = sample(priors, n, seed)
    summaries = np.sqrt(outcomes(points, [seed, 1]))
    again = np.sqrt(outcomes(points, [seed, 2]))
    noise = np.sqrt(((summaries - again) ** 2).mean(axis=0) / 2)
    return Table(points, summaries, noise, np.ones(n))
