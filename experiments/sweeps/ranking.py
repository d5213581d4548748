"""Ranking of arms by one outcome: which can still be the best, which are rejected, what each changes.

Everything is paired by replication and judged against chance between runs. The true best arm is among the possible best
ones in at least 95 % of cases (subset selection: Nelson, Swann, Goldsman and Song 2001); comparisons with the baseline
are adjusted for their number (Holm 1979).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from analysis import effects
from experiments.outcomes import FEWER, good_direction
from experiments.sweeps.precision import mean_over_draws
from experiments.sweeps.uncertainty import TwoParts, two_parts
from sim.errors import DataError, SpecError

BASELINE, PLACEBO, RANDOM, OPTION = "baseline", "placebo", "same_cost_random", "option"


def direction(outcome: str, said: str = "") -> str:
    """Return which direction of an outcome is good: "fewer" or "more".

    Parameters
    ----------
    outcome : str
    said : str
        What the user says, which counts for outcomes that have no declared direction.

    Raises
    ------
    SpecError
        When there is none, or when what is said contradicts the declaration.
    """
    declared = good_direction(outcome)
    if declared and said and said != declared:
        raise SpecError(f"better: {outcome} is declared to be better with {declared}, found {said}")
    if not declared and not said:
        raise SpecError(f"better: whether more or less of {outcome} is good is not declared; say better=fewer or "
                        "better=more")
    return declared or said


@dataclass(frozen=True)
class Rank:
    """One arm of a ranking.

    Attributes
    ----------
    rank : int
        By the mean, 1 is the best; 0 for what is shown for comparison only (placebo, bounds nobody can choose).
    arm, role : str
    pairs, draws : int
        Replications and parameter draws.
    mean : float
    difference, low, high : float
        From the baseline, with the interval of run noise.
    percent : float
        Difference in per cent of the baseline's mean.
    p, p_holm : float
        Of the difference being zero; adjusted for the number of arms compared. NaN for the baseline.
    better : float
        Share of pairs (draw and replication) on the good side of the baseline.
    possible_best : bool
    beaten_by : str
        The arm that shows it cannot be the best; empty for the possible best ones.
    random_difference, random_low, random_high : float
        From the same effort at random places; NaN for itself and the baseline.
    parts : TwoParts
        Both uncertainties of the difference.
    """

    rank: int
    arm: str
    role: str
    pairs: int
    draws: int
    mean: float
    difference: float
    low: float
    high: float
    percent: float
    p: float
    p_holm: float
    better: float
    possible_best: bool
    beaten_by: str
    random_difference: float
    random_low: float
    random_high: float
    parts: TwoParts | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, NaN as None; the two uncertainties under their own names."""
        own = {k: v for k, v in asdict(self).items() if k != "parts"}
        if self.parts is not None:
            p = self.parts
            own.update(within=p.within, between=p.between, se_runs=p.se_runs, spread_parameters=p.spread,
                       parameters_low=p.range_low, parameters_high=p.range_high)
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in own.items()}


def check_controls(values: Mapping[str, Any], roles: Mapping[str, str]) -> None:
    """Refuse to rank without baseline, placebo and the same effort at random places, or when the placebo does anything.

    Raises
    ------
    DataError
    """
    present = {roles[name]: name for name, x in values.items() if np.isfinite(np.asarray(x, float)).any()}
    for role, why in ((BASELINE, "nothing to compare with"), (PLACEBO, "no check that doing nothing does nothing"),
                      (RANDOM, "no check that aiming beats the same effort at random places")):
        if role not in present:
            raise DataError(f"ranking refused: no finished run of {role} with this outcome, so there is {why}; run the "
                            "arms with their controls (every comparison and sweep that has arms gets them)")
    if OPTION not in present:
        raise DataError("ranking refused: no finished run of an option, so there is nothing to rank")
    d = np.asarray(values[present[PLACEBO]], float) - np.asarray(values[present[BASELINE]], float)
    off = int((np.abs(d[np.isfinite(d)]) > 0).sum())
    if off:
        raise DataError(f"ranking refused: the placebo differs from the baseline in {off} of "
                        f"{int(np.isfinite(d).sum())} pairs and must in none; the runs are not paired")


def rank(values: Mapping[str, Any], roles: Mapping[str, str], good: str = FEWER, level: float = 0.95,
         bounds: Sequence[str] = ()) -> list[Rank]:
    """Rank arms by one outcome.

    Parameters
    ----------
    values : mapping of arm to array of float, shape (draws, replications) or (replications,)
        Paired: the same cell is the same draw and seed in every arm. NaN where a run is missing.
    roles : mapping of arm to role
        baseline, placebo, same_cost_random or option.
    good : {"fewer", "more"}
    bounds : sequence of str
        Arms that nobody can choose (perfect information): shown, not ranked.

    Returns
    -------
    list of Rank
        The ranked arms, the best mean first, then the others.

    Raises
    ------
    DataError
        When a control is missing, the placebo does something, or there are fewer than two pairs.
    """
    x = {name: np.atleast_2d(np.asarray(v, float)) for name, v in values.items()}
    check_controls(x, roles)
    x = {name: v for name, v in x.items() if np.isfinite(v).any()}
    base = next(n for n in x if roles[n] == BASELINE)
    random = next(n for n in x if roles[n] == RANDOM)
    together = _complete(np.stack(list(x.values())))
    x = {name: v[together[0]][:, together[1]] for name, v in x.items()}
    if x[base].shape[1] < 2 or not x[base].size:
        raise DataError("ranking refused: expected at least two replications that every arm has finished, found "
                        f"{x[base].shape[1] if x[base].size else 0}")
    runs = {name: mean_over_draws(v) for name, v in x.items()}
    ranked = [n for n in x if roles[n] != PLACEBO and n not in bounds]
    keep = dict(zip(ranked, effects.possible_best(np.stack([runs[n] for n in ranked]), level, good == FEWER)))
    order = sorted(ranked, key=lambda n: (float(runs[n].mean()) if good == FEWER else -float(runs[n].mean()),
                                          roles[n] != BASELINE, ranked.index(n)))
    compared = [n for n in ranked if n != base]
    p = {n: effects.paired_p(runs[n], runs[base]) for n in compared}
    holm = dict(zip(compared, effects.holm([p[n] for n in compared])))
    out = []
    for name in [*order, *(n for n in x if n not in order)]:
        e = effects.compare(runs[name], runs[base], level, good == FEWER)
        r = effects.compare(runs[name], runs[random], level, good == FEWER) if roles[name] == OPTION else None
        d = x[name] - x[base]
        better = float(np.mean(d < 0 if good == FEWER else d > 0)) if name != base else math.nan
        out.append(Rank(
            order.index(name) + 1 if name in order else 0, name, roles[name], e.pairs, len(x[name]), e.arm,
            e.difference, e.low, e.high, e.percent, float(p.get(name, math.nan)), float(holm.get(name, math.nan)),
            better, bool(keep.get(name, False)), "" if keep.get(name, True) else _beaten_by(name, ranked, runs, good),
            *((r.difference, r.low, r.high) if r else (math.nan,) * 3),
            two_parts(d, level=level) if name != base else None))
    return out


def _complete(stack: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draws and replications to use, so that every arm has every one of them: shape (arms, draws, replications)."""
    there = np.isfinite(stack).all(axis=0)
    runs = there.any(axis=0)
    draws = there[:, runs].all(axis=1)
    if not draws.any() and there.any():  # no draw is whole: the most complete one, and the replications it has
        draws = np.arange(len(there)) == int(there.sum(axis=1).argmax())
        runs = there[draws][0]
    return draws, runs


def _beaten_by(name: str, ranked: Sequence[str], runs: Mapping[str, np.ndarray], good: str) -> str:
    """The arm that most clearly beats this one."""
    sign = 1 if good == FEWER else -1

    def clearness(other: str) -> float:
        d = sign * (runs[name] - runs[other])
        se = d.std(ddof=1) / math.sqrt(len(d))
        return float(d.mean() / se) if se > 0 else math.inf * np.sign(d.mean()) if d.mean() else 0.0

    return max((n for n in ranked if n != name), key=clearness)
