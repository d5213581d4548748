"""Fits: from a calibration's priors and targets, and a function that runs points, to what was learned."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.sweeps import abc, asktell, match, profiles
from experiments.sweeps.priors import Prior, sample
from experiments.sweeps.targets import Target
from sim.errors import SpecError

# (points float64[n, k], first replication, replications, label, seeds int64[n] or None) -> outcome: float64[n, r].
# Replication r of a point has the seed `seeds[i] + r`, or without `seeds` that of the specification plus r.
Runner = Callable[[np.ndarray, int, int, str, "np.ndarray | None"], Mapping[str, np.ndarray]]
LEAST_POINTS = 30
CHECKS = 60  # rows that the self-check takes for observed ones
NEAR = 64


@dataclass(frozen=True)
class Problem:
    """What is to be fitted, and how.

    Attributes
    ----------
    rounds : int
        1, or 2: the second draws its points from the posterior of the first.
    average : bool
        The observed values have the chance of the mean over all replications (a much larger city), not of one run.
    accept : float
        Share of the runs that approximate Bayesian computation keeps.
    """

    priors: tuple[Prior, ...]
    targets: tuple[Target, ...]
    holdout: tuple[Target, ...]
    years: float
    budget: int
    replications: int = 2
    rounds: int = 1
    average: bool = False
    accept: float = 0.4
    batch: int = 8
    seed: int = 1

    @property
    def all_targets(self) -> tuple[Target, ...]:
        return (*self.targets, *self.holdout)

    @property
    def observed(self) -> np.ndarray:
        """Observed values of the targets on the scale of the summaries."""
        return np.array([float(t.transform(t.observed)) for t in self.targets])

    @property
    def error(self) -> np.ndarray:
        """Standard deviation of their errors on that scale."""
        out = []
        for t in self.targets:
            low, high = t.transform(np.array([t.observed - t.error, t.observed + t.error]))
            out.append((high - low) / 2)
        return np.array(out)

    def needed(self) -> tuple[str, ...]:
        """Outcomes that the runs must give."""
        return tuple(dict.fromkeys(name for t in self.all_targets for name in t.needed))

    def checks(self) -> tuple[int, int]:
        """Runs kept for the check: at the centre of the posterior, and at draws of it."""
        kept = min(60, max(6, self.budget // 8))
        return kept // 2, kept - kept // 2

    def points_per_round(self) -> int:
        return (self.budget - sum(self.checks())) // (self.replications * self.rounds)

    def check(self, method: str) -> None:
        """Refuse budgets from which nothing can be learned, and what a method cannot fit."""
        if method == "match":
            match.check(self.priors, self.targets, self.budget, self.replications)
        if method == "abc" and self.points_per_round() < LEAST_POINTS:
            need = next(b for b in range(self.budget, 10**7, 10)
                        if dataclasses.replace(self, budget=b).points_per_round() >= LEAST_POINTS)
            raise SpecError(f"runs: expected at least {need} runs for {self.rounds} rounds of {LEAST_POINTS} points "
                            f"with {self.replications} replications, found {self.budget}")
        if method == "optuna" and self.budget < 10 * self.replications:
            raise SpecError(f"runs: expected at least {10 * self.replications} runs (ten trials), found "
                            f"{self.budget}")


@dataclass(frozen=True)
class Fit:
    """What was learned.

    Attributes
    ----------
    estimate : float64[k]
        The centre of the posterior, the best point found, or the mean of the last points of a match.
    intervals : mapping of level to float64[k, 2]
    contraction : float64[k] or None
    correlation : float64[k, k] or None
    identifiability : profiles.Identifiability
    simulated : float64[m, t]
        Targets and held-out outcomes of runs at the estimate with fresh seeds.
    predictive : float64[p, t]
        The same at draws of the posterior; no rows with other methods.
    coverage : mapping
        Of the self-check: tries, and by parameter how many were covered by a 90 % interval; empty with other methods.
    runs, failed : int
    explained : float64[s]
        Share of each target's variance that the parameters explain; NaN with a match, which follows one line.
    """

    method: str
    estimate: np.ndarray
    intervals: Mapping[float, np.ndarray]
    contraction: np.ndarray | None
    correlation: np.ndarray | None
    identifiability: profiles.Identifiability
    simulated: np.ndarray
    predictive: np.ndarray
    coverage: Mapping[str, Any]
    runs: int
    failed: int
    explained: np.ndarray
    posterior: abc.Posterior | None = None
    search: asktell.Search | None = None
    path: match.Path | None = None


def own_seeds(seed: int, label: str, n: int) -> np.ndarray:
    """Seeds of `n` points that share no chance with each other: int64[n].

    A posterior must know how large chance is. Were all points run with the same seeds, chance would look like an effect
    that all of them share.
    """
    return np.random.default_rng([seed, zlib.crc32(label.encode())]).integers(2**40, 2**52, n)


def _values(targets: Sequence[Target], outcomes: Mapping[str, np.ndarray], years: float) -> np.ndarray:
    """Targets of runs, float64[n, r, t]."""
    return np.stack([t.value(outcomes, years) for t in targets], axis=-1)


def fit_abc(problem: Problem, run: Runner) -> Fit:
    """Fit by approximate Bayesian computation.

    The last runs of the budget are made at the posterior: do they give the observed values, held-out ones included?
    """
    priors, n, reps = problem.priors, problem.points_per_round(), problem.replications
    points = np.zeros((0, len(priors)))
    values = np.zeros((0, reps, len(problem.all_targets)))
    found = None
    for number in range(problem.rounds):
        label = f"round-{number + 1}"
        new = sample(priors, n, problem.seed) if found is None else abc.propose(found, n, problem.seed)
        made = run(new, 0, reps, label, own_seeds(problem.seed, label, n))
        points, values = np.vstack([points, new]), np.concatenate([values, _values(problem.all_targets, made,
                                                                                   problem.years)])
        weights = np.ones(n) if found is None else abc.mixture_weights(points, priors, n, found)
        table, groups = make_table(problem, points, values, weights)
        found = abc.posterior(table, problem.observed, priors, problem.accept)
    centre, drawn = problem.checks()
    surrogate = profiles.fit_surrogate(table.points, table.summaries, priors, table.weights)
    estimate = profiles.centre(surrogate, problem.observed, priors, found.sample, found.weights)
    at = np.vstack([np.repeat(estimate[None], centre, axis=0), found.draw(drawn, problem.seed)])
    outcomes = _values(problem.all_targets, run(at, 0, 1, "check", own_seeds(problem.seed, "check", len(at))),
                       problem.years)[:, 0]
    covered = abc.self_check(table, priors, CHECKS, problem.seed, accept=problem.accept, groups=groups)
    identified = profiles.identify(surrogate, problem.observed, priors, found.draw(NEAR, problem.seed),
                                   seed=problem.seed)
    return Fit("abc", estimate, {level: found.interval(level) for level in abc.LEVELS}, found.contraction(),
               found.correlation(), identified, _finite(outcomes[:centre]), _finite(outcomes[centre:]),
               {"tries": len(covered), "covered": covered.sum(axis=0).tolist()},
               values.shape[0] * reps + len(at), int((~np.isfinite(values).all(axis=2)).sum()
                                                     + (~np.isfinite(outcomes).all(axis=1)).sum()),
               surrogate.explained, posterior=found)


def make_table(problem: Problem, points: np.ndarray, values: np.ndarray,
               weights: np.ndarray | None = None) -> tuple[abc.Table, np.ndarray]:
    """Make the reference table from runs, and the point that each row belongs to.

    Parameters
    ----------
    problem : Problem
    points : float64[n, k]
    values : float64[n, r, t]
        Targets of each run on their natural scale, NaN for failed ones; held-out ones behind the others are left out.
    weights : float64[n], optional
    """
    targets, reps = problem.targets, values.shape[1]
    values = values[:, :, : len(targets)]
    weights = np.ones(len(points)) if weights is None else weights
    plain = np.stack([t.transform(values[:, :, j]) for j, t in enumerate(targets)], axis=-1)
    noise = abc.between_runs(plain)
    group = np.arange(len(points))
    with np.errstate(invalid="ignore"):
        values = values.mean(axis=1, keepdims=True) if problem.average else values
    noise = noise / np.sqrt(reps) if problem.average else noise
    rng = np.random.default_rng([problem.seed, 404])
    summaries = np.stack([t.transform(t.with_error(values[:, :, j], rng)) for j, t in enumerate(targets)], axis=-1)
    group = np.repeat(group, values.shape[1])
    rows = summaries.reshape(-1, len(targets))
    good = np.isfinite(rows).all(axis=1)
    if good.sum() < LEAST_POINTS:
        raise SpecError(f"calibration: {int((~good).sum())} of {len(good)} runs gave no values of the targets; see the "
                        "failures listed with the runs")
    points, rows, group = points[group[good]], rows[good], group[good]
    if not np.isfinite(noise).all():
        noise = profiles.fit_surrogate(points, rows, problem.priors).residual
    else:
        noise = np.sqrt(noise**2 + problem.error**2)
    return abc.Table(points, rows, noise, weights[group]), group


def _finite(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values).all(axis=1)]


def fit_search(problem: Problem, run: Runner, study: Path | None = None, title: str = "calibration") -> Fit:
    """Fit by a search with Optuna: the best point, with its uncertainty and the profiles of all that was tried."""
    kept: dict[bytes, list[np.ndarray]] = {}

    def summaries(points: np.ndarray, first: int, reps: int, label: str) -> np.ndarray:
        values = _values(problem.all_targets, run(points, first, reps, label, None), problem.years)
        for point, made in zip(points, values):
            kept.setdefault(point.tobytes(), []).append(made)
        fitted = values[:, :, : len(problem.targets)]
        return np.stack([t.transform(fitted[:, :, j]) for j, t in enumerate(problem.targets)], axis=-1)

    found = asktell.search(summaries, problem.priors, problem.observed, problem.error, budget=problem.budget,
                           replications=problem.replications, batch=problem.batch, seed=problem.seed, study=study,
                           title=title)
    runs = np.isfinite(found.summaries).all(axis=2)
    if not runs.any():
        raise SpecError("calibration: no run gave values of the targets; see the failures listed with the runs")
    rows, at = found.summaries[runs], np.nonzero(runs)[0]
    surrogate = profiles.fit_surrogate(found.points[at], rows, problem.priors)
    scale = np.maximum(surrogate.residual, found.scale)
    surrogate = dataclasses.replace(surrogate, residual=scale)
    near = found.points[found.candidates[np.argsort(found.distance[found.candidates])][:NEAR]]
    identified = profiles.identify(surrogate, problem.observed, problem.priors, near, seed=problem.seed)
    best = found.points[found.best]
    return Fit("optuna", best, {0.9: np.array([p.interval for p in identified.profiles])}, None, None, identified,
               _finite(np.vstack(kept[best.tobytes()])), np.zeros((0, len(problem.all_targets))), {}, found.runs,
               found.runs - int(runs.sum()), surrogate.explained, search=found)


def fit_match(problem: Problem, run: Runner, start: np.ndarray) -> Fit:
    """Fit by stochastic approximation: every parameter follows the one target it answers to.

    Parameters
    ----------
    start : float64[k]
        Values of the parameters in the specification.
    """
    def values(points: np.ndarray, first: int, reps: int, label: str) -> np.ndarray:
        return _values(problem.all_targets, run(points, first, reps, label, None), problem.years)

    path = match.match(values, problem.priors, problem.targets, start, problem.budget, problem.replications)
    made = np.concatenate([path.values.reshape(-1, path.values.shape[2]), path.check])
    return Fit("match", path.estimate, {0.9: path.interval}, None, None,
               match.identified(path, problem.priors, problem.targets), _finite(path.check),
               np.zeros((0, len(problem.all_targets))), {}, len(made), len(made) - len(_finite(made)),
               np.full(len(problem.targets), np.nan), path=path)
