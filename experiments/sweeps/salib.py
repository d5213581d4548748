"""Sensitivity analysis of a model with chance: designs and indices by SALib, with run noise kept apart.

Every design has a *dummy*: a parameter that the model never sees. All draws share their seeds, so a step of the dummy
alone repeats the same runs; what its index would be if those runs were others is drawn from the replications
themselves (see :func:`analyse`). That is the noise floor: an index below it says nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from experiments.sweeps.design import Design, Parameter, check_draws, dummy, generator, problem, scaled
from experiments.sweeps.varied import DUMMY_KEY
from sim.errors import SpecError

METHODS = ("morris", "sobol", "pawn")
# Kind of a design: the method it is for. PAWN takes any plain sample.
KINDS = {"morris": "morris", "saltelli": "sobol", "pawn": "pawn", "lhs": "pawn", "sobol": "pawn", "file": "pawn"}
# What each method computes; the first decides the order and is drawn.
MEASURES = {"morris": ("mu_star", "mu", "sigma"), "sobol": ("ST", "S1"), "pawn": ("median", "maximum")}
JUDGED = ("mu_star", "ST", "S1", "median", "maximum")
NOISE, UNCLEAR, CLEAR = "indistinguishable from noise", "not clearly above noise", "above noise"
POOL, MOST_POOLED = 8, 100  # candidate trajectories for each that is kept, and in all
MOST_CHOSEN = 30  # choosing more takes long, and so many cover the space anyway
SLOW = 100  # resamples for PAWN, whose many comparisons of distributions take long
LOST = 0.25  # share of a design that may be lost to failed runs


# -- designs -------------------------------------------------------------------------------------------------------


def sample(method: str, given: Sequence[Parameter], samples: int, seed: int = 1, *,
           groups: Mapping[str, str] | None = None, levels: int = 4, optimal: bool = True,
           second_order: bool = False) -> Design:
    """Make the design of a sensitivity analysis; the dummy is added.

    Parameters
    ----------
    method : str
        morris, sobol or pawn.
    given : sequence of Parameter
    samples : int
        Trajectories (Morris), base points of Saltelli's scheme (Sobol'; a power of two is best), or points (PAWN).
    seed : int
    groups : mapping of key to group name, optional
        Parameters that move together; the others are groups of their own. Morris and Sobol' only. Without it, the
        parameters say what group they are in.
    levels : int
        Levels of Morris's grid, even.
    optimal : bool
        Choose the Morris trajectories that lie furthest apart from a larger pool (Campolongo, Cariboni and Saltelli
        2007; Ruano et al. 2012); not done for more than 30.
    second_order : bool
        Allow Sobol' indices of pairs, for twice the runs.

    Returns
    -------
    Design
        Of kind morris, saltelli or pawn.
    """
    if method not in METHODS:
        raise SpecError(f"method: expected one of {', '.join(METHODS)}, found {method!r}")
    given = (*(p for p in given if not p.is_dummy), dummy())
    if len(given) < 2:
        raise SpecError("parameters: expected at least one parameter, found none")
    for p in given:
        if p.low == p.high:
            raise SpecError(f"parameters: {p.key}: expected at least two values, found one")
    least = {"morris": 2, "sobol": 8, "pawn": 20}[method]
    if samples < least:
        raise SpecError(f"samples: expected at least {least} for {method}, found {samples}")
    names = _groups(method, given, {p.key: p.group for p in given if p.group} if groups is None else groups)
    check_draws(samples * (2 * len(given) + 2 if method == "sobol" else len(given) + 1 if method == "morris" else 1),
                "samples")
    return {"morris": _morris, "sobol": _saltelli, "pawn": _pawn}[method](
        given, samples, seed, names, levels=levels, optimal=optimal, second_order=second_order)


def _groups(method: str, given: Sequence[Parameter], groups: Mapping[str, str]) -> tuple[str, ...]:
    if not groups:
        return ()
    keys = [p.key for p in given]
    for key, name in groups.items():
        if key not in keys or key == DUMMY_KEY:
            raise SpecError(f"groups: expected parameters of the analysis, found {key!r}")
        if not isinstance(name, str) or not name or name == DUMMY_KEY or name in keys:
            raise SpecError(f"groups: {key}: expected the name of a group, found {name!r}")
    if method == "pawn":
        raise SpecError("groups: method=pawn has no groups; choose morris or sobol")
    return tuple(groups.get(key, key) for key in keys)


def _morris(given: tuple, samples: int, seed: int, groups: tuple, *, levels: int, optimal: bool, **_: Any) -> Design:
    from SALib.sample import morris

    if levels < 2 or levels % 2:
        raise SpecError(f"levels: expected an even number of 2 or more, found {levels}")
    optimal = optimal and samples <= MOST_CHOSEN
    pool, chosen = (min(POOL * samples, MOST_POOLED), samples) if optimal else (samples, None)
    unit = morris.sample(problem(given, groups), pool, num_levels=levels, optimal_trajectories=chosen,
                         seed=generator(seed, "morris"))
    how = f"chosen from {pool} for distance" if chosen else "as drawn"
    return Design("morris", given, scaled(given, unit), groups, (f"{samples} trajectories, {how}",), seed,
                  {"levels": levels, "unit": _size(given, groups) + 1})


def _saltelli(given: tuple, samples: int, seed: int, groups: tuple, *, second_order: bool, **_: Any) -> Design:
    from SALib.sample import sobol

    with warnings.catch_warnings():  # said in a note instead
        warnings.simplefilter("ignore", UserWarning)
        unit = sobol.sample(problem(given, groups), samples, calc_second_order=second_order,
                            seed=generator(seed, "saltelli"))
    notes = () if samples & (samples - 1) == 0 else (f"samples={samples}: a power of two spreads more evenly",)
    size = _size(given, groups)
    return Design("saltelli", given, scaled(given, unit), groups, notes, seed,
                  {"second_order": second_order, "unit": 2 * size + 2 if second_order else size + 2})


def _pawn(given: tuple, samples: int, seed: int, groups: tuple, **_: Any) -> Design:
    from SALib.sample import latin

    unit = latin.sample(problem(given), samples, seed=generator(seed, "pawn"))
    return Design("pawn", given, scaled(given, unit), groups, (), seed, {"unit": 1})


def _size(given: Sequence[Parameter], groups: Sequence[str]) -> int:
    return len(set(groups)) if groups else len(given)


# -- indices -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Noise:
    """How much of the outcome's variance is chance between runs.

    Attributes
    ----------
    replications : int
    within : float
        Variance between the replications of a draw, W.
    own : float
        The part of W that differs from draw to draw; the rest is common to all draws, because they share their seeds,
        and cancels in comparisons.
    total : float
        Variance between the draws' means over replications: parameters and run noise together.
    """

    replications: int
    within: float
    own: float
    total: float

    @property
    def share(self) -> float:
        """Share of run noise in the variance between the draws' means: own / R / total."""
        return min(1.0, self.own / self.replications / self.total) if self.total > 0 else float("nan")

    def as_dict(self) -> dict[str, Any]:
        return {"replications": self.replications, "within_variance": self.within,
                "within_variance_of_mean": self.within / self.replications, "own_variance": self.own,
                "own_variance_of_mean": self.own / self.replications, "total_variance": self.total,
                "noise_share": None if self.share != self.share else self.share}


@dataclass(frozen=True)
class Index:
    """One index of one parameter or group (of two, for second order).

    Attributes
    ----------
    name, measure : str
    value, low, high : float
        Estimate and interval: chance of the design and of the runs together. For the dummy the estimate is what noise
        is expected to give.
    floor : float
        Upper bound of the dummy's index; nan where none applies.
    verdict : str
        Empty where an index is not judged.
    """

    name: str
    measure: str
    value: float
    low: float
    high: float
    floor: float
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        return {k: None if isinstance(v, float) and v != v else v for k, v in self.__dict__.items()}


@dataclass(frozen=True)
class Indices:
    """What :func:`analyse` found.

    Attributes
    ----------
    method : str
    rows : tuple of Index
        The main measure first, and in it the largest index first, the dummy last.
    noise : Noise
    kept, dropped : int
        Units of the design (trajectories, blocks of Saltelli's scheme, points) that were used and left out.
    unit : str
        What these units are.
    notes : tuple of str
    """

    method: str
    rows: tuple[Index, ...]
    noise: Noise
    kept: int
    dropped: int
    unit: str
    notes: tuple[str, ...] = field(default=())

    @property
    def main(self) -> tuple[Index, ...]:
        """Rows of the main measure."""
        return tuple(r for r in self.rows if r.measure == MEASURES[self.method][0])

    def get(self, name: str, measure: str) -> Index:
        """Return one index."""
        return next(r for r in self.rows if r.name == name and r.measure == measure)

    def as_dict(self) -> dict[str, Any]:
        return {"method": self.method, "indices": [r.as_dict() for r in self.rows], "noise": self.noise.as_dict(),
                "kept": self.kept, "dropped": self.dropped, "unit": self.unit, "notes": list(self.notes)}


def analyse(design: Design, values: np.ndarray, *, resamples: int = 300, confidence: float = 0.95) -> Indices:
    """Compute the indices of an outcome, with intervals that hold the chance of the design and of the runs.

    Each resample draws the units of the design (trajectories, blocks, points) with replacement and gives every row new
    run noise: the mean of as many residuals of its replications, drawn with replacement. Residuals are taken after the
    means of draws and of replications, because what a seed does to all draws alike cancels in comparisons. Rows that
    differ in the dummy alone thus differ by run noise alone.

    Parameters
    ----------
    design : Design
        Of kind morris, saltelli or pawn, or a plain sample (lhs, sobol, file), which PAWN can use.
    values : array of float, shape (draws, replications)
        Outcome of every run, nan where it failed or is missing.
    resamples : int
        At most 100 are drawn for PAWN.
    confidence : float
        Level of the intervals.

    Returns
    -------
    Indices

    Raises
    ------
    SpecError
        When the design is of another kind, when there are fewer than two replications, or when too much is missing.
    """
    method = KINDS.get(design.kind)
    if method is None:
        raise SpecError(f"sensitivity: expected a design for morris, sobol or pawn, found kind {design.kind}")
    design = _with_dummy(design) if method == "pawn" else design
    values = np.asarray(values, float)
    if values.ndim != 2 or len(values) != len(design):
        raise ValueError(f"values: expected shape ({len(design)}, replications), found {values.shape}")
    if values.shape[1] < 2:
        raise SpecError("replications: expected at least 2, so that run noise can be told apart, found "
                        f"{values.shape[1]}")
    keep, dropped, notes = _complete(design, values, method)
    size = design.settings["unit"]
    rows = (keep[:, None] * size + np.arange(size)).ravel()
    used, points = values[rows], design.points[rows]
    noise = _noise(used)
    names = list(dict.fromkeys(design.groups or design.keys))
    estimate = _estimator(design, method)
    if noise.total <= 0:
        notes = (*notes, "the outcome is the same in every draw: nothing to explain")
        made = tuple(Index(n, m, 0.0, 0.0, 0.0, 0.0, NOISE if m in JUDGED else "") for m in MEASURES[method]
                     for n in names)
        return Indices(method, made, noise, len(keep), dropped, UNITS[method], notes)
    mean = used.mean(axis=1)
    resamples = min(resamples, SLOW) if method == "pawn" else resamples
    best = estimate(points, mean)
    spread = _resample(estimate, points, mean, _residuals(used), size, resamples, generator(design.seed, "resample"),
                       names.index(DUMMY_KEY))
    return Indices(method, _judge(method, names, best, spread, confidence), noise, len(keep), dropped, UNITS[method],
                   notes)


def _with_dummy(design: Design) -> Design:
    """A plain sample with a dummy: any column of numbers will do that no run has seen."""
    if DUMMY_KEY not in design.keys:
        column = generator(design.seed, "dummy").permutation(np.linspace(0, 1, len(design)))
        design = replace(design, parameters=(*design.parameters, dummy()),
                         points=np.column_stack([design.points, column]))
    return replace(design, groups=(), settings={**design.settings, "unit": 1})


UNITS = {"morris": "trajectories", "sobol": "blocks of Saltelli's scheme", "pawn": "points"}


def _complete(design: Design, values: np.ndarray, method: str) -> tuple[np.ndarray, int, tuple[str, ...]]:
    """Units of which every run is there. A mean over fewer seeds could not be compared with the others."""
    whole = np.isfinite(values).all(axis=1).reshape(-1, design.settings["unit"]).all(axis=1)
    keep = np.flatnonzero(whole)
    lost = len(whole) - len(keep)
    missing = int((~np.isfinite(values)).sum())
    if lost > LOST * len(whole) or len(keep) < 2:
        raise SpecError(f"sensitivity: {missing:,} of {values.size:,} runs are missing or failed, so that {lost:,} of "
                        f"{len(whole):,} {UNITS[method]} are incomplete; expected at most {LOST:.0%}: resume the "
                        "sweep, or look at its failures")
    if not lost:
        return keep, 0, ()
    return keep, lost, (f"{missing:,} of {values.size:,} runs are missing or failed: {lost:,} of {len(whole):,} "
                        f"{UNITS[method]} were left out whole",)


def _residuals(values: np.ndarray) -> np.ndarray:
    """Run noise of each run that differs between draws, made as large as it is in the population."""
    d, r = values.shape
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    return rest * np.sqrt(r / (r - 1) * d / max(d - 1, 1))


def _noise(values: np.ndarray) -> Noise:
    d, r = values.shape
    own = float((_residuals(values) ** 2).sum() / (d * r))
    return Noise(r, float(values.var(axis=1, ddof=1).mean()), own, float(values.mean(axis=1).var(ddof=1)))


def _estimator(design: Design, method: str) -> Any:
    """Return a function of points and outcomes that gives {measure: index of every name}, by SALib."""
    what = problem(design.parameters, design.groups)
    if method == "morris":
        return lambda x, y: _by_morris(what, x, y, design.settings["levels"])
    if method == "sobol":
        return lambda x, y: _by_sobol(what, y, design.settings["second_order"])
    return lambda x, y: _by_pawn(what, x, y)


def _by_morris(what: dict, x: np.ndarray, y: np.ndarray, levels: int) -> dict[str, np.ndarray]:
    from SALib.analyze import morris

    found = morris.analyze(dict(what), x, y, num_levels=levels, num_resamples=2, seed=1)
    order = [list(found["names"]).index(n) for n in dict.fromkeys(what.get("groups") or what["names"])]
    return {m: np.array(found[m], float)[order] for m in ("mu_star", "mu", "sigma")}


def _by_sobol(what: dict, y: np.ndarray, second_order: bool) -> dict[str, np.ndarray]:
    from SALib.analyze import sobol

    found = sobol.analyze(dict(what), y, calc_second_order=second_order, num_resamples=2, seed=1)
    out = {m: np.asarray(found[m], float) for m in ("ST", "S1")}
    if second_order:
        out["S2"] = np.asarray(found["S2"], float)[np.triu_indices(len(out["S1"]), 1)]
    return out


def _by_pawn(what: dict, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    from SALib.analyze import pawn

    found = pawn.analyze(what, x, y, S=int(np.clip(len(y) // 20, 2, 10)))
    return {m: np.asarray(found[m], float) for m in ("median", "maximum")}


def _resample(estimate: Any, x: np.ndarray, y: np.ndarray, rest: np.ndarray, size: int, resamples: int,
              rng: np.random.Generator, dummy_at: int) -> dict[str, np.ndarray]:
    """Return {measure: array (resamples, names)}."""
    rows, r = rest.shape
    count, found = rows // size, []
    for _ in range(resamples):
        units = rng.integers(count, size=count)
        picked = (units[:, None] * size + np.arange(size)).ravel()
        fresh = rest[picked[:, None], rng.integers(r, size=(rows, r))].mean(axis=1)
        points = x[picked]
        if size == 1:  # in a plain sample, any order of the dummy is as good as any other
            points[:, dummy_at] = rng.permutation(points[:, dummy_at])
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found.append(estimate(points, y[picked] + fresh))
    return {m: np.array([f[m] for f in found]) for m in found[0]}


def _judge(method: str, names: list[str], best: dict, spread: dict, confidence: float) -> tuple[Index, ...]:
    from scipy.stats import norm

    z, tail = norm.ppf(0.5 + confidence / 2), 0.5 - confidence / 2
    dummy_at, main, made = names.index(DUMMY_KEY), MEASURES[method][0], []
    order = sorted(range(len(names)), key=lambda i: (i == dummy_at, -best[main][i]))
    for measure in MEASURES[method]:
        floor = float(np.nanquantile(spread[measure][:, dummy_at], 1 - tail)) if measure in JUDGED else float("nan")
        for i in order:
            draws = spread[measure][:, i]
            if np.isnan(best[measure][i]):
                continue  # what has no meaning for a group
            if i == dummy_at:
                value, low, high = np.nanmean(draws), *np.nanquantile(draws, (tail, 1 - tail))
            else:
                value, half = best[measure][i], z * np.nanstd(draws, ddof=1)
                low, high = value - half, value + half
                low = max(low, 0.0) if measure not in ("mu", "S1") else low
            verdict = _verdict(value, low, floor) if measure in JUDGED and i != dummy_at else ""
            made.append(Index(names[i], measure, float(value), float(low), float(high), floor, verdict))
    if "S2" in best:
        made += _pairs(names, best["S2"], spread["S2"], z, tail, dummy_at)
    return tuple(made)


def _verdict(value: float, low: float, floor: float) -> str:
    return NOISE if not value > floor else CLEAR if low > floor else UNCLEAR


def _pairs(names: list[str], best: np.ndarray, spread: np.ndarray, z: float, tail: float, dummy_at: int) -> list[Index]:
    """Second order: the floor is the highest that a pair with the dummy reaches."""
    first, second = np.triu_indices(len(names), 1)
    with_dummy = (first == dummy_at) | (second == dummy_at)
    floor = float(np.nanmax(np.nanquantile(spread[:, with_dummy], 1 - tail, axis=0)))
    made = []
    for k in np.flatnonzero(~with_dummy):
        half = z * np.nanstd(spread[:, k], ddof=1)
        value, low, high = float(best[k]), float(best[k] - half), float(best[k] + half)
        made.append(Index(f"{names[first[k]]} x {names[second[k]]}", "S2", value, low, high, floor,
                          _verdict(value, low, floor)))
    return sorted(made, key=lambda r: -r.value)
