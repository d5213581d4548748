"""How virtual trials come out: effect, interval, displacement, and whether it lies in the band of the evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from analysis.effects import compare

NAN = float("nan")
INSIDE, OUTSIDE, NOT_SETTLED = "inside", "outside", "not settled"


@dataclass(frozen=True)
class Score:
    """Result of one trial.

    Attributes
    ----------
    effect, low, high : float
        Change of the primary outcome with its 95 % interval over paired seeds, in per cent of the counterfactual or in
        points.
    pairs : int
    events : float
        What the counterfactual counts in all pairs together.
    verdict : {"inside", "outside", "not settled"}
        For an expected effect and for a direction: whether the estimate lies in the band; "not settled" when the
        half-width of its interval exceeds the width of the band and the interval is not wholly beside it. For an
        expected null:
        "inside" when the whole interval does and its half-width is at most a quarter of the band's width (half of the
        band on one side), "outside" when the estimate is not in the band, else "not settled".
    counts : bool
        The placebo, whose effect is exactly zero, lies outside the band: only then does "inside" say something.
    other : mapping of outcome to (effect, low, high)
    study : (float, float, float) or None
        What an evaluator would have found: relative incidence rate ratio of treated against control places, before and
        after, in per cent, with its Poisson interval.
    """

    effect: float
    low: float
    high: float
    pairs: int
    events: float
    verdict: str
    counts: bool
    other: Mapping[str, tuple[float, float, float]]
    study: tuple[float, float, float] | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def score(found: Sequence[Mapping[str, Sequence[float]]], primary: str, band: tuple[float, float], kind: str,
          unit: str = "%") -> Score:
    """Judge one trial.

    Parameters
    ----------
    found : sequence of mappings
        One per pair of runs: outcome -> (with, without).
    primary : str
        The outcome that is judged.
    band : (float, float)
    kind : {"effect", "null", "direction"}
    unit : {"%", "points"}
    """
    shown = {name: _effect(found, name, unit if name == primary else "%") for name in found[0]
             if not name.startswith("study.")}
    effect, low, high = shown.pop(primary)
    inside = band[0] <= effect <= band[1]
    if kind == "null":
        settled = band[0] <= low and high <= band[1] and (high - low) / 2 <= (band[1] - band[0]) / 4
        verdict = INSIDE if settled else NOT_SETTLED if inside or not math.isfinite(effect) else OUTSIDE
    else:
        # An interval wider than twice the band, and not wholly beside it, cannot tell it from its surroundings.
        beside = high < band[0] or low > band[1]
        told = math.isfinite(effect) and (beside or not (high - low) / 2 > band[1] - band[0])
        verdict = NOT_SETTLED if not told else INSIDE if inside else OUTSIDE
    return Score(effect, low, high, len(found), float(sum(f[primary][1] for f in found)), verdict,
                 not band[0] <= 0.0 <= band[1], shown, _study(found))


def _effect(found: Sequence[Mapping[str, Sequence[float]]], name: str, unit: str) -> tuple[float, float, float]:
    e = compare([f[name][0] for f in found], [f[name][1] for f in found])
    if unit == "points":
        return 100 * e.difference, 100 * e.low, 100 * e.high
    return e.percent, e.percent_low, e.percent_high


def _study(found: Sequence[Mapping[str, Sequence[float]]]) -> tuple[float, float, float] | None:
    if "study.treated" not in found[0]:
        return None
    (t1, t0), (c1, c0) = (np.sum([f[name] for f in found], axis=0) for name in ("study.treated", "study.control"))
    if min(t0, t1, c0, c1) <= 0:
        return NAN, NAN, NAN
    log, half = math.log(t1 * c0 / (t0 * c1)), 1.96 * math.sqrt(1 / t0 + 1 / t1 + 1 / c0 + 1 / c1)
    return tuple(100 * (math.exp(v) - 1) for v in (log, log - half, log + half))
