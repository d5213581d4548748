"""How many replications: until the paired difference of an outcome is known to a stated half-width.

The rule works in looks. The first is at the pilot's end. The pilot's variance is too uncertain to trust it with the
whole way, so the second look is at half the number it asks for, and the variance found there says where the third one
is (three-stage sampling: Hall 1981). Should the interval still be too wide, the latest variance says how many more.
Few looks keep the bias of stopping at a lucky moment small (Singham and Schruben 2012). For normal differences and 15
to 160 pairs the ordinary 95 % t interval covers in 94 to 95 % of cases (93.5 after a pilot of 10), the final interval
of the rule, mean -/+ the stated half-width (Chow and Robbins 1965), in at least 95 %, and n is on average within 20 %
of what a known variance would ask for. Strongly skewed differences cover less, as they do with a fixed number of pairs.

Everything here is a function of arrays; a rule is fixed in the experiment file before the first run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sim.errors import SpecError
from sim.parameters import one_of, show, unknown_key

KEYS = ("outcome", "half_width", "relative", "min", "max")
RELATIVE = ("difference", "baseline")
PILOT, LEAST_PILOT, MOST = 15, 10, 100_000
HALF = 0.5  # share of the way that is gone on the pilot's word


@dataclass(frozen=True)
class Rule:
    """Replications until every option's paired difference has an interval this narrow.

    Attributes
    ----------
    half_width : float
        Half-width to reach: in units of the outcome, or as a share when `relative` is set.
    relative : str
        Empty for an absolute half-width; "difference": a share of the mean difference's size; "baseline": a share of
        the baseline's mean.
    minimum, maximum : int
        Pairs of the pilot, and pairs at which it ends whatever was reached.
    outcome : str
        Empty for the primary outcome of the experiment.
    level : float
        Confidence level of the interval.
    """

    half_width: float
    relative: str = ""
    minimum: int = PILOT
    maximum: int = 200
    outcome: str = ""
    level: float = 0.95

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        share = f"{100 * self.half_width:g} % of the "
        wanted = {"": f"{self.half_width:g}", "difference": share + "difference", "baseline": share + "baseline"}
        return (f"replications until the half-width of every option's {100 * self.level:g} % interval is at most "
                f"{wanted[self.relative]}, between {self.minimum} and {self.maximum} pairs")


def read_rule(given: Any, where: str) -> Rule:
    """Make a rule from the entry ``precision`` of an experiment file.

    Raises
    ------
    SpecError
        One line that names the key.
    """
    if not isinstance(given, Mapping):
        raise SpecError(f"{where}: expected half_width and max, as in {{half_width: 20, max: 200}}, found "
                        f"{show(given)}")
    for key in given:
        if key not in KEYS:
            raise unknown_key(key, KEYS, where)
    width = given.get("half_width")
    if not _is_number(width) or not width > 0:
        raise SpecError(f"{where}.half_width: expected a number above 0, found {show(width)}")
    relative = given.get("relative", False)
    if isinstance(relative, bool):
        relative = RELATIVE[0] if relative else ""
    elif relative not in RELATIVE:
        raise SpecError(f"{where}.relative: expected true, false, {one_of(RELATIVE)}, found {show(relative)}")
    if relative and width >= 1:
        raise SpecError(f"{where}.half_width: expected a share below 1, as in 0.1 for 10 %, found {show(width)}")
    counts = {}
    for key, low, default in (("min", LEAST_PILOT, PILOT), ("max", LEAST_PILOT, None)):
        counts[key] = given.get(key, default)
        if not isinstance(counts[key], int) or isinstance(counts[key], bool) or not low <= counts[key] <= MOST:
            raise SpecError(f"{where}.{key}: expected a whole number of pairs from {low} to {MOST:,}, found "
                            f"{show(counts[key]) if key in given else 'nothing'}")
    if counts["max"] < counts["min"]:
        raise SpecError(f"{where}.max: expected at least the {counts['min']} pairs of min, found {counts['max']}")
    outcome = given.get("outcome", "")
    if not isinstance(outcome, str):
        raise SpecError(f"{where}.outcome: expected the name of an outcome, found {show(outcome)}")
    return Rule(float(width), relative, counts["min"], counts["max"], outcome)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True)
class Look:
    """What is known about one option.

    Attributes
    ----------
    pairs : int
        Replications with both values.
    difference, half_width : float
        Mean difference and half-width of its t interval; NaN and infinite for fewer than two pairs.
    wanted : float
        Half-width to reach, in units of the outcome.
    reached : bool
    needed : float
        Pairs after which to look again, when not reached; infinite when no number will do.
    """

    pairs: int
    difference: float
    half_width: float
    wanted: float
    reached: bool
    needed: float

    @property
    def interval(self) -> tuple[float, float]:
        """The interval that the rule promises: mean -/+ the half-width that was asked for, or the one there is."""
        half = max(self.wanted, self.half_width)
        return self.difference - half, self.difference + half


@dataclass(frozen=True)
class Decision:
    """What to do after a look.

    Attributes
    ----------
    reached : bool
        All options have reached the half-width.
    replications : int
        Replications to have in all; more than there are only if it goes on.
    options : dict of Look
    why : str
        Why it ends without having reached it; empty otherwise.
    """

    reached: bool
    replications: int
    options: Mapping[str, Look]
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values; None where a number is not finite."""
        options = {name: {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in asdict(x).items()}
                   for name, x in self.options.items()}
        return {"reached": self.reached, "replications": self.replications, "why": self.why, "options": options}


def look(arm: Any, baseline: Any, rule: Rule) -> Look:
    """Judge one option.

    Parameters
    ----------
    arm, baseline : array of float, shape (replications,)
        Paired values; NaN where a run is missing.
    """
    from scipy.special import stdtrit

    a, b = np.asarray(arm, float), np.asarray(baseline, float)
    there = np.isfinite(a) & np.isfinite(b)
    a, b = a[there], b[there]
    n = len(a)
    if n < 2:
        return Look(n, float((a - b).mean()) if n else math.nan, math.inf, math.nan, False, rule.minimum)
    d = a - b
    mean, scale = float(d.mean()), {"": 1.0, "difference": abs(float(d.mean())), "baseline": abs(float(b.mean()))}
    wanted = rule.half_width * scale[rule.relative]
    margin = float(stdtrit(n - 1, 0.5 + rule.level / 2)) * float(d.std(ddof=1))  # half-width times sqrt(n)
    half = margin / math.sqrt(n)
    reached = n >= rule.minimum and half <= wanted
    needed = (margin / wanted) ** 2 if wanted > 0 else 0.0 if margin == 0 else math.inf
    if n <= rule.minimum:
        needed = max(HALF * needed, n + 1)
    needed = max(needed, n + math.ceil(n / 20), rule.minimum)  # a look costs something too
    return Look(n, mean, half, wanted, reached, needed)


def enough(arm: Any, baseline: Any, rule: Rule) -> bool:
    """True when the paired difference of one option has reached the half-width; see :func:`look`."""
    return look(arm, baseline, rule).reached


def decide(options: Mapping[str, Any], baseline: Any, rule: Rule, batch: int = 1,
           before: Decision | None = None) -> Decision:
    """Say how many replications to have in all, the same number for every arm.

    Parameters
    ----------
    options : mapping of name to array of float, shape (replications,)
        Values of the options. Controls do not belong here: they need not be precise.
    baseline : array of float, shape (replications,)
    batch : int
        What is run at a time; the number is rounded up to a multiple of it.
    before : Decision, optional
        The one before: when no pair came of it, all new runs failed and it ends.
    """
    base = np.asarray(baseline, float)
    have, looks = len(base), {name: look(values, base, rule) for name, values in options.items()}
    late = {name: x for name, x in looks.items() if not x.reached}
    if not late:
        return Decision(True, have, looks)
    if have >= rule.maximum:
        return Decision(False, have, looks, f"{', '.join(late)}: not reached within {rule.maximum} pairs")
    if before is not None and all(x.pairs <= before.options[name].pairs for name, x in late.items()):
        return Decision(False, have, looks, f"{', '.join(late)}: new runs failed")
    more = max(x.needed - x.pairs for x in late.values())
    target = have + more if math.isfinite(more) else rule.maximum
    target = min(batch * math.ceil(min(target, rule.maximum) / batch), rule.maximum)
    return Decision(False, max(int(target), have + 1), looks)


def next_replications(options: Mapping[str, Any], baseline: Any, rule: Rule, batch: int = 1) -> int:
    """Replications to have in all; as many as there are when it ends. See :func:`decide`."""
    return decide(options, baseline, rule, batch).replications


def mean_over_draws(values: Any) -> np.ndarray:
    """One value a replication from values of shape (draws, replications).

    All draws of a design share the seeds, so what is independent is a replication, and the interval is about the mean
    over the design's draws. Draws that lack a run are left out as long as one draw is complete.
    """
    x = np.atleast_2d(np.asarray(values, float))
    whole = np.isfinite(x).all(axis=1)
    return x[whole].mean(axis=0) if whole.any() else x.mean(axis=0)


def paired_means(tables: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """One value a replication and arm, over the same draws in every arm; see :func:`mean_over_draws`.

    Parameters
    ----------
    tables : mapping of arm to array of float, shape (draws, replications)
        NaN where a run is missing. A draw that lacks a run in one arm is left out of all of them, else a difference of
        means would be one between draws too.
    """
    x = {name: np.atleast_2d(np.asarray(values, float)) for name, values in tables.items()}
    there = np.isfinite(np.stack(list(x.values()))).all(axis=0)
    whole = there.all(axis=1)
    if not whole.any():
        return {name: np.where(there.all(axis=0), v.mean(axis=0), math.nan) for name, v in x.items()}
    return {name: v[whole].mean(axis=0) for name, v in x.items()}
