"""What the runs can and cannot tell about each parameter: calibration profiles and redundant pairs.

A profile gives, for every value of one parameter, the smallest distance to the observed outcomes that the other
parameters can still reach (Reuillon et al. 2015; for likelihoods Raue et al. 2009). It is computed on a surrogate: a
polynomial of the parameters fitted to the runs, whose degree is chosen by cross-validation. Distances are in units of
what chance and the error of observation explain, so a rise of 2.7 is worth a 90 % interval.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import optimize, special, stats

from experiments.sweeps.priors import Prior, to_units, to_values

IDENTIFIABLE, ONE_SIDED, FLAT = "identifiable", "one-sided", "flat"
RISE = 2.706  # 90 % quantile of the chi-squared distribution with one degree of freedom
LEARNED = 0.5  # a parameter whose posterior keeps more than this part of the prior's variance is not identified
TANGLED = 4.0  # variance of a parameter over its variance were the other one known, from which a pair counts


@dataclass(frozen=True)
class Surrogate:
    """Mean of every summary as a polynomial of the parameters on [-1, 1] (their prior's distribution function)."""

    powers: np.ndarray  # int[f, k]
    coefficients: np.ndarray  # float64[f, s]
    residual: np.ndarray  # float64[s], standard deviation of what it does not explain, of rows left out
    explained: np.ndarray  # float64[s], share of variance explained, of rows left out

    def __call__(self, t: np.ndarray) -> np.ndarray:
        return _terms(t, self.powers) @ self.coefficients

    def gradient(self, t: np.ndarray) -> np.ndarray:
        """Derivatives float64[n, s, k] at points t[n, k]."""
        out = np.zeros((len(t), self.coefficients.shape[1], t.shape[1]))
        for j in range(t.shape[1]):
            lower = self.powers.copy()
            lower[:, j] = np.maximum(lower[:, j] - 1, 0)
            out[:, :, j] = (_terms(t, lower) * self.powers[:, j]) @ self.coefficients
        return out


@dataclass(frozen=True)
class Profile:
    """The profile of one parameter."""

    key: str
    values: np.ndarray
    distance: np.ndarray  # above the smallest of all
    kind: str
    interval: tuple[float, float]  # values whose distance is below RISE; ends of the range where it is open
    best: np.ndarray  # float64[g, k]: the point that reaches the distance


@dataclass(frozen=True)
class Pair:
    """Two parameters of which only a combination can be told."""

    first: str
    second: str
    correlation: float
    inflation: float


@dataclass(frozen=True)
class Identifiability:
    """Profiles and pairs, and the parameters that cannot be told from these targets."""

    profiles: tuple[Profile, ...]
    pairs: tuple[Pair, ...]
    surrogate: Surrogate
    correlation: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    def not_identifiable(self) -> dict[str, str]:
        """Names of the parameters that are not identified, with the reason."""
        out = {p.key: p.kind for p in self.profiles if p.kind != IDENTIFIABLE}
        for pair in self.pairs:
            for name, other in ((pair.first, pair.second), (pair.second, pair.first)):
                out[name] = f"only a combination with {other} is identified"
        return out


def _terms(t: np.ndarray, powers: np.ndarray) -> np.ndarray:
    out = np.ones((len(t), len(powers)))
    for j in range(t.shape[1]):
        out *= t[:, j : j + 1] ** powers[:, j]
    return out


def _powers(k: int, degree: int) -> np.ndarray:
    listed = [p for p in itertools.product(range(degree + 1), repeat=k) if sum(p) <= degree] if k <= 6 else \
        _sparse_powers(k, degree)
    return np.array(sorted(listed, key=sum), int)


def _sparse_powers(k: int, degree: int) -> list[tuple[int, ...]]:
    """With many parameters: each alone up to the degree, and products of two."""
    unit = np.eye(k, dtype=int)
    out = [tuple(np.zeros(k, int))] + [tuple(unit[j] * d) for j in range(k) for d in range(1, degree + 1)]
    return out + ([tuple(unit[i] + unit[j]) for i in range(k) for j in range(i)] if degree > 1 else [])


def fit_surrogate(points: np.ndarray, summaries: np.ndarray, priors: Sequence[Prior],
                  weights: np.ndarray | None = None) -> Surrogate:
    """Fit polynomials of degree 1 to 3 to the rows and take the degree that predicts left-out rows best.

    Parameters
    ----------
    points : float64[n, k]
    summaries : float64[n, s]
    priors : sequence of Prior
    weights : float64[n], optional
    """
    t = 2 * to_units(priors, points) - 1
    w = np.ones(len(t)) if weights is None else weights / weights.mean()
    best = None
    for degree in (1, 2, 3):
        powers = _powers(t.shape[1], degree)
        if len(powers) * 2.5 > len(t) and degree > 1:
            break
        x = _terms(t, powers)
        root = np.sqrt(w)[:, None]
        ridge = 1e-3 * np.eye(len(powers))
        ridge[0, 0] = 0.0
        inverse = np.linalg.pinv((root * x).T @ (root * x) + ridge)
        coefficients = inverse @ (x * w[:, None]).T @ summaries
        hat = np.einsum("ij,jk,ik->i", x, inverse, x) * w
        left_out = (summaries - x @ coefficients) / np.maximum(1 - hat, 0.1)[:, None]
        residual = np.sqrt((w[:, None] * left_out**2).mean(axis=0))
        spread = np.maximum(summaries.std(axis=0), 1e-12)
        score = float(np.sum((residual / spread) ** 2))
        if best is None or score < best[0]:
            best = score, Surrogate(powers, coefficients, np.maximum(residual, 1e-9 * spread),
                                    1 - (residual / spread) ** 2)
    return best[1]


def identify(surrogate: Surrogate, observed: np.ndarray, priors: Sequence[Prior], near: np.ndarray,
             grid: int = 25, seed: int = 1) -> Identifiability:
    """Profile every parameter and look for redundant pairs.

    Parameters
    ----------
    surrogate : Surrogate
        Of the same summaries as `observed`.
    observed : float64[s]
    priors : sequence of Prior
    near : float64[m, k]
        Points at which pairs are judged: members of the posterior, or the best points found.
    grid : int
        Values of each parameter.
    """
    k = len(priors)
    scale = surrogate.residual

    def cost(t: np.ndarray) -> np.ndarray:
        return (((surrogate(t) - observed) / scale) ** 2).sum(axis=1)

    def slope(t: np.ndarray) -> np.ndarray:
        apart = (surrogate(t[None])[0] - observed) / scale**2
        return 2 * apart @ surrogate.gradient(t[None])[0]

    starts = 2 * stats.qmc.Sobol(k, rng=np.random.default_rng([seed, 9])).random(512) - 1
    starts = np.vstack([starts, 2 * to_units(priors, near) - 1])
    levels = np.linspace(-1, 1, grid)
    found = []
    for j in range(k):
        reached, best = np.empty(grid), np.empty((grid, k))
        for g, level in enumerate(levels):
            at = starts.copy()
            at[:, j] = level
            order = np.argsort(cost(at))[:2]
            reached[g], best[g] = min((_polish(at[i], j, cost, slope) for i in order), key=lambda pair: pair[0])
        found.append((reached, best))
    lowest = min(reached.min() for reached, _ in found)
    profiles = tuple(_classify(prior, levels, reached - lowest, to_values(priors, (best + 1) / 2))
                     for prior, (reached, best) in zip(priors, found))
    return Identifiability(profiles, _pairs(surrogate, priors, near), surrogate)


def centre(surrogate: Surrogate, observed: np.ndarray, priors: Sequence[Prior], sample: np.ndarray,
           weights: np.ndarray) -> np.ndarray:
    """The point that stands for a posterior: near its mean, and where mean outcomes are near the observed ones.

    The mean alone would leave a bent posterior, and vary with the few members of the sample.

    Parameters
    ----------
    sample : float64[m, k]
    weights : float64[m]
        Adding up to 1.
    """
    z = special.ndtri(to_units(priors, sample))
    mean = weights @ z
    cov = ((z - mean) * weights[:, None]).T @ (z - mean) + 1e-6 * np.eye(len(priors))
    inverse = np.linalg.inv(cov)

    def cost(at: np.ndarray) -> float:
        apart = (surrogate(2 * special.ndtr(at[None]) - 1)[0] - observed) / surrogate.residual
        return float(apart @ apart + (at - mean) @ inverse @ (at - mean))

    done = optimize.minimize(cost, mean, method="L-BFGS-B", bounds=[(-4.0, 4.0)] * len(priors))
    return to_values(priors, special.ndtr(done.x)[None])[0]


def _polish(start: np.ndarray, fixed: int, cost, slope) -> tuple[float, np.ndarray]:
    bounds = [(-1.0, 1.0)] * len(start)
    bounds[fixed] = (start[fixed], start[fixed])
    if len(start) == 1:
        return float(cost(start[None])[0]), start
    done = optimize.minimize(lambda t: float(cost(t[None])[0]), start, jac=slope, bounds=bounds, method="L-BFGS-B",
                             options={"maxiter": 60})
    return float(done.fun), done.x


def _classify(prior: Prior, levels: np.ndarray, distance: np.ndarray, best: np.ndarray) -> Profile:
    values = prior.from_unit((levels + 1) / 2)
    inside = np.flatnonzero(distance <= RISE)
    low, high = inside[0], inside[-1]
    closed_below, closed_above = low > 0, high < len(levels) - 1
    kind = IDENTIFIABLE if closed_below and closed_above else ONE_SIDED if closed_below or closed_above else FLAT
    ends = [_crossing(levels, distance, low, -1), _crossing(levels, distance, high, +1)]
    # an interval at the edge of the prior that is narrow says much, one that is wide says little
    width = (ends[1] - ends[0]) / 2
    if kind == ONE_SIDED and width < 0.15:
        kind = IDENTIFIABLE
    ends = prior.from_unit((np.array(ends) + 1) / 2)
    return Profile(prior.key, values, distance, kind, (float(ends[0]), float(ends[1])), best)


def _crossing(levels: np.ndarray, distance: np.ndarray, at: int, step: int) -> float:
    after = at + step
    if not 0 <= after < len(levels):
        return float(levels[at])
    share = (RISE - distance[at]) / max(distance[after] - distance[at], 1e-12)
    return float(levels[at] + share * (levels[after] - levels[at]))


def _pairs(surrogate: Surrogate, priors: Sequence[Prior], near: np.ndarray) -> tuple[Pair, ...]:
    """Pairs that stay unknown together though each would be known if the other were.

    The information of the targets about the parameters (Fisher), in units of the prior's spread and with the prior
    added, is inverted at each point; medians over the points are judged.
    """
    k = len(priors)
    if k < 2:
        return ()
    gradient = surrogate.gradient(2 * to_units(priors, near) - 1) / surrogate.residual[:, None]
    information = np.einsum("nsi,nsj->nij", gradient, gradient) / 3  # the prior's variance on [-1, 1] is a third
    covariance = np.linalg.inv(information + np.eye(k))
    out = []
    for i in range(k):
        for j in range(i):
            a, b, c = covariance[:, i, i], covariance[:, j, j], covariance[:, i, j]
            correlation = float(np.median(c / np.sqrt(a * b)))
            inflation = float(np.median(1 / np.maximum(1 - c**2 / (a * b), 1e-9)))
            unknown = min(np.median(a), np.median(b))
            if inflation >= TANGLED and unknown >= 1 - LEARNED - 0.3:
                out.append(Pair(priors[j].key, priors[i].key, correlation, inflation))
    return tuple(out)
