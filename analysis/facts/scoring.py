"""When a fact counts as shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from analysis.facts.base import Fact, explanations, facts
from analysis.facts.nulls import NULLS

SHARE = 0.8  # of the seeds that must lie in the interval
ENOUGH_SEEDS = 20
NONE = 1e-9  # a difference that is none, but for rounding


@dataclass
class Score:
    """A fact's result.

    Attributes
    ----------
    state : str
        ``passes`` (with its null failing), ``passes, null not tested``, ``passes, null passes too``, ``fails`` or
        ``not scored``.
    median, low, high : float or None
        Median, tenth and ninetieth percentile over seeds; for pooled facts the pooled value and the same percentiles
        of its bootstrap samples.
    inside : float or None
        Share of seeds (or samples) in the interval with their conditions.
    null_value, null_state : value of the killing null and whether it ``fails``, ``passes`` or was ``not tested``.
    """

    fact: Fact
    state: str
    seeds: int = 0
    median: float | None = None
    low: float | None = None
    high: float | None = None
    inside: float | None = None
    null_value: float | None = None
    null_state: str = "not tested"
    others: dict[str, float] = field(default_factory=dict)
    note: str = ""
    reason: str = ""
    explanation: str = ""

    @property
    def counts(self) -> bool:
        """True for a fact of tier A or B that is shown, with its null failing, and that nothing was calibrated to."""
        return self.state == "passes" and self.fact.tier != "C" and self.fact.label != "calibrated"

    def as_dict(self) -> dict[str, Any]:
        out = asdict(self)
        out.pop("fact")
        return {"id": self.fact.id, **asdict(self.fact), **out, "counts": self.counts}


@dataclass
class Sample:
    """Values of one fact in one world: over seeds, or pooled with bootstrap samples."""

    values: list[float]
    holds: list[bool]
    notes: list[str]
    reasons: list[str]
    centre: float | None = None  # of pooled facts

    @property
    def middle(self) -> float:
        return float(np.median(self.values)) if self.centre is None else self.centre

    def inside(self, fact: Fact) -> float:
        return float(np.mean([within(fact, v) and h for v, h in zip(self.values, self.holds)]))

    def passes(self, fact: Fact) -> bool:
        return within(fact, self.middle) and self.inside(fact) >= SHARE


def within(fact: Fact, value: float) -> bool:
    """True in the interval, ends included, but for the end of :func:`more_than_none`."""
    return fact.inside(value) and not (more_than_none(fact) and abs(value) < NONE)


def more_than_none(fact: Fact) -> bool:
    """True of a difference whose interval begins at zero: one thing is more than another, and equal is not more."""
    return fact.unit == "difference" and fact.low == 0


def sample_of(measured: Sequence[Mapping[str, Any]]) -> Sample:
    """Gather what was measured of one fact in the runs of a world."""
    there = [m for m in measured if "value" in m]
    return Sample([m["value"] for m in there], [m["holds"] for m in there], [m.get("note", "") for m in there],
                  [m["reason"] for m in measured if "reason" in m], None)


def score_all(worlds: Mapping[str, Mapping[str, Sample]], trials: Mapping[str, Mapping[str, Sample]] | None = None
              ) -> list[Score]:
    """Score every fact.

    Parameters
    ----------
    worlds : mapping of world to fact to sample
        ``model`` and the names of null worlds.
    trials : the same for facts that need experiments
    """
    trials = trials or {}
    return [_score(f, {w: s[f.id] for w, s in (trials if f.trial else worlds).items() if f.id in s})
            for f in facts().values()]


def _score(fact: Fact, found: Mapping[str, Sample]) -> Score:
    mine = found.get("model")
    if fact.reason:
        return Score(fact, "not scored", reason=fact.reason)
    if mine is None:
        return Score(fact, "not scored", reason="its experiment was not run" if fact.trial else "not measured")
    if not mine.values or len(mine.reasons) > len(mine.values):
        return Score(fact, "not scored", reason=mine.reasons[0] if mine.reasons else "not measured")
    low, high = np.quantile(mine.values, [0.1, 0.9])
    out = Score(fact, "fails", len(mine.values), mine.middle, float(low), float(high), mine.inside(fact))
    out.note = mine.notes[int(np.argmin(np.abs(np.array(mine.values) - mine.middle)))]
    out.others = {w: s.middle for w, s in found.items() if w not in ("model", fact.null) and s.values}
    null = found.get(fact.null)
    if null is not None and null.values:
        out.null_value, out.null_state = null.middle, "passes" if null.passes(fact) else "fails"
    if mine.passes(fact):
        out.state = {"fails": "passes", "passes": "passes, null passes too",
                     "not tested": "passes, null not tested"}[out.null_state]
    else:
        out.explanation = explanations().get(fact.id, "")
    return out


def counted(scores: Sequence[Score]) -> dict[str, int]:
    """How many facts of tiers A and B were scored, and what became of them."""
    mine = [s for s in scores if s.fact.tier != "C"]
    scored = [s for s in mine if s.state != "not scored"]
    return {
        "facts": len(mine), "scored": len(scored), "shown": sum(s.counts for s in scored),
        "predicted and shown": sum(s.counts and s.fact.label == "predicted" for s in scored),
        "in the interval without a null that fails": sum(s.state.startswith("passes,") for s in scored),
        "failed": sum(s.state == "fails" for s in scored), "not scored": len(mine) - len(scored),
    }


GROUPS = {
    "concentration that persists": ("F01a", "F01f"), "variance inside neighbourhoods": ("F01g",),
    "near repeats": ("F02a",), "repeat victims": ("F03a",), "journeys shorter than opportunity": ("F04b",),
    "few chronic offenders": ("F06a",), "diffusion near, displacement of property city-wide": ("F16b", "F16d"),
    "short deterrence without residue": ("F17a", "F18b"),
    "prices recover, enforcement does not calm the market": ("F15d", "F15g"),
}


def groups(scores: Sequence[Score]) -> list[tuple[str, list[Score], bool]]:
    """The groups of facts that tell models apart best, with their facts and whether they are whole."""
    by = {s.fact.id: s for s in scores}
    return [(name, [by[i] for i in ids], all(by[i].counts for i in ids)) for name, ids in GROUPS.items()]


def null_text(fact: Fact) -> str:
    return NULLS[fact.null].title if fact.null else "none known"
