"""Parameters moved from run to run until city-wide totals are met: stochastic approximation (Robbins and Monro 1951).

Each parameter answers to one target. After every point the parameter moves against the logarithm of simulated over
observed, in steps that become shorter, within the range of its prior; the estimate is the mean of the last points
(Polyak and Juditsky 1992). A few long runs do what a search needs hundreds for, because which parameter moves which
total, and about how far, is stated and not looked for. It gives one point that meets the totals, not a posterior.

Nothing is kept between points but the runs: an interrupted match finds its runs done and goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.sweeps.priors import Prior
from experiments.sweeps.profiles import FLAT, IDENTIFIABLE, ONE_SIDED, RISE, Identifiability, Pair, Profile, Surrogate
from experiments.sweeps.targets import Target
from sim.errors import SpecError

POWER = 0.6  # steps fall with the number of the point to this power; averaging needs one between a half and one
LIMIT = math.log(4)  # no point counts as further off than four times or a quarter: the stated sensitivity is local
LEAST = 3  # points
TRUST = 0.5  # how far a stated sensitivity may well be off, as a share of it
UNSEEN = 0.02  # chance of a logarithm that is reckoned with even where replications agree

# (points float64[n, k], first replication, replications, label) -> targets float64[n, r, t] on their natural scale
Run = Callable[[np.ndarray, int, int, str], np.ndarray]


@dataclass(frozen=True)
class Path:
    """Where the parameters went.

    Attributes
    ----------
    points : float64[n + 1, k]
        The points that were run, and the one that the last step led to.
    values : float64[n, r, t]
        Targets and held-out outcomes of each run, NaN where it failed.
    check : float64[c, t]
        The same of fresh runs at the estimate.
    gain : float64[n]
        Length of each step, as a share of the one that the stated sensitivity calls for.
    averaged : int
        Points at the end whose mean is the estimate.
    estimate : float64[k]
    noise : float64[s]
        Standard deviation of the logarithm of each target between runs of one point.
    found : float64[k]
        Sensitivity that the points show, starting from the stated one.
    interval : float64[k, 2]
        90 %: chance between the runs that were averaged, and the error of the observed value.
    """

    points: np.ndarray
    values: np.ndarray
    check: np.ndarray
    gain: np.ndarray
    averaged: int
    estimate: np.ndarray
    noise: np.ndarray
    found: np.ndarray
    interval: np.ndarray


def checks(budget: int) -> int:
    """Runs of a budget that are kept for the estimate."""
    return max(2, budget // 5)


def check(priors: Sequence[Prior], targets: Sequence[Target], budget: int, replications: int) -> None:
    """Refuse what cannot be matched, in one line."""
    for p in priors:
        if not p.answers:
            raise SpecError(f"parameters: {p.key}: method=match needs the target that it answers to, as in {{answers: "
                            f"{targets[0].name}, sensitivity: -1}}")
        if p.whole:
            raise SpecError(f"parameters: {p.key}: method=match moves real numbers, found a whole one")
    for t in targets:
        if t.form not in ("rate", "total"):
            raise SpecError(f"targets: {t.name}: method=match fits rates and totals, found a {t.form}; put it under "
                            "holdout")
        if not t.observed > 0:
            raise SpecError(f"targets: {t.name}: method=match needs an observed value above 0, found {t.observed:g}")
        if t.name not in {p.answers for p in priors}:
            raise SpecError(f"targets: {t.name}: no parameter answers to it; name it in one, or put it under holdout")
    need = LEAST * replications + 2
    while (need - checks(need)) // replications < LEAST:
        need += 1
    if budget < need:
        raise SpecError(f"runs: expected at least {need} runs for {LEAST} points with {replications} replications and "
                        f"a check, found {budget}")


def match(run: Run, priors: Sequence[Prior], targets: Sequence[Target], start: np.ndarray, budget: int,
          replications: int) -> Path:
    """Move the parameters until the targets are met.

    Parameters
    ----------
    run : function
        Runs points, see `Run`; no two calls share a replication, so that chance averages out.
    priors : sequence of Prior
        Ranges, the target each parameter answers to, and the stated sensitivities.
    targets : sequence of Target
        Those that are fitted; `run` may give more behind them.
    start : float64[k]
    budget : int
        Runs in all, those at the estimate included.
    replications : int
        Runs of each point.
    """
    stated = np.array([p.sensitivity for p in priors])
    of = np.array([[t.name for t in targets].index(p.answers) for p in priors])
    # Parameters of one target share its step, the more the more they move it: together they make the whole of it.
    share = stated / np.bincount(of, stated**2, len(targets))[of]
    low, high = np.array([p.low for p in priors]), np.array([p.high for p in priors])
    n = (budget - checks(budget)) // replications
    gain = np.arange(1, n + 1) ** -POWER
    points, values = [np.asarray(start, float)], []
    for k in range(n):
        made = run(points[-1][None], k * replications, replications, f"point-{k + 1:03d}")[0]
        values.append(made)
        off = _off(made, targets)
        off = np.nan_to_num(np.nanmean(off, axis=0)) if np.isfinite(off).any() else np.zeros(len(targets))
        points.append(np.clip(points[-1] - gain[k] * off[of] * share, low, high))
    trail, made = np.array(points), np.array(values)
    if not np.isfinite(made).any():
        raise SpecError("calibration: no run gave values of the targets; see the failures listed with the runs")
    averaged = max(2, (n + 1) // 2)
    estimate = trail[-averaged:].mean(axis=0)
    fresh = run(estimate[None], n * replications, budget - n * replications, "check")[0]
    noise = _noise([_off(v, targets) for v in (*made, fresh)])
    answer = _answers(trail[:n], made, targets, stated, of, noise)
    found = answer[of] * stated
    wide = np.sqrt(noise**2 / (averaged * replications) + np.array([t.error / t.observed for t in targets]) ** 2)
    reach = math.sqrt(RISE) * wide[of] * np.abs(share) / np.maximum(answer[of], 0.1)
    interval = np.clip(np.column_stack([estimate - reach, estimate + reach]), low[:, None], high[:, None])
    return Path(trail, made, fresh, gain, averaged, estimate, noise, found, interval)


def _off(values: np.ndarray, targets: Sequence[Target]) -> np.ndarray:
    """Logarithm of simulated over observed, float64[r, s]; a run without an event is as far off as any can be."""
    observed = np.array([t.observed for t in targets])
    ratio = values[:, : len(targets)] / observed
    return np.clip(np.log(np.maximum(ratio, math.exp(-LIMIT))), -LIMIT, LIMIT)


def _noise(groups: Sequence[np.ndarray]) -> np.ndarray:
    """Standard deviation between runs of one point, pooled over points."""
    apart = [g - g.mean(axis=0) for g in (g[np.isfinite(g).all(axis=1)] for g in groups) if len(g) > 1]
    free = sum(len(a) - 1 for a in apart)
    if not free:
        return np.full(groups[0].shape[1], UNSEEN)
    return np.sqrt(sum((a**2).sum(axis=0) for a in apart) / free)


def _answers(points: np.ndarray, values: np.ndarray, targets: Sequence[Target], stated: np.ndarray, of: np.ndarray,
             noise: np.ndarray) -> np.ndarray:
    """By how much each target moved, relative to what the stated sensitivities say: the prior is 1, with sd `TRUST`."""
    off = np.array([_off(v, targets) for v in values]).transpose(0, 2, 1)
    out = np.ones(len(targets))
    for t in range(len(targets)):
        runs = np.isfinite(off[:, t]).sum(axis=1)
        moved = points[:, of == t] @ stated[of == t]
        mean = np.nansum(off[:, t], axis=1)[runs > 0] / runs[runs > 0]
        x, y = moved[runs > 0] - moved[runs > 0].mean(), mean - mean.mean()
        weight = 1 / (noise[t] ** 2 / values.shape[1] + UNSEEN**2)
        out[t] = (weight * x @ y + TRUST**-2) / (weight * x @ x + TRUST**-2)
    return out


def identified(path: Path, priors: Sequence[Prior], targets: Sequence[Target], grid: int = 25) -> Identifiability:
    """What the runs tell of each parameter while the others stay: a parabola of the sensitivity found.

    Of parameters that answer to the same target only the combination is known that moves it.
    """
    profiles = []
    for j, p in enumerate(priors):
        low, high = path.interval[j]
        half = max(high - path.estimate[j], path.estimate[j] - low, 1e-12)
        values = np.unique([*p.from_unit(np.linspace(0, 1, grid)), path.estimate[j]])
        closed = int(low > p.low) + int(high < p.high)
        best = np.repeat(path.estimate[None], len(values), axis=0)
        best[:, j] = values
        profiles.append(Profile(p.key, values, RISE * ((values - path.estimate[j]) / half) ** 2,
                                (FLAT, ONE_SIDED, IDENTIFIABLE)[closed], (float(low), float(high)), best))
    pairs = tuple(Pair(a.key, b.key, -float(np.sign(a.sensitivity * b.sensitivity)), math.inf)
                  for i, b in enumerate(priors) for a in priors[:i] if a.answers == b.answers)
    nothing = np.zeros((1, len(targets)))
    return Identifiability(tuple(profiles), pairs, Surrogate(np.zeros((1, len(priors)), int), nothing, path.noise,
                                                             nothing[0]))
