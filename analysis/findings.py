"""What a comparison found: every number that the table on the terminal and the report show, computed once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from analysis import displacement as dp
from analysis import economics, effects, equity, stored, words
from analysis.outcomes import LAYERS, OUTCOMES, Arm, Comparison

NAN = float("nan")
PRIMARY = "victimisations"
BUFFER_M = 300.0
DEPRIVATION = ("hardship_index", "poverty_rate", "poverty", "unemployment_rate", "unemployment")
AFFLUENCE = ("per_capita_income", "income")


@dataclass(frozen=True)
class Spillover:
    """Change in treated places, their buffer and the rest of the city, per pair and summed up (rates per year).

    `share` is the net change in the buffer over the fall in the treated places (negative: benefit spread);
    `gross_share` counts only the buffer's places that rose and the treated ones that fell.
    """

    treated: effects.Effect
    buffer: effects.Effect
    elsewhere: effects.Effect
    total: effects.Effect
    share: float
    gross_share: float
    places: float
    quotient: dp.Quotient


@dataclass(frozen=True)
class Cost:
    """Extra cost of an arm over the baseline."""

    total: float
    per_year: float
    per_1000: float
    averted: effects.Effect
    ratio: economics.CostPerCrime
    ratio_low: economics.CostPerCrime
    ratio_high: economics.CostPerCrime


@dataclass
class Findings:
    """Effects of every arm; rates are per 1,000 residents and year (homicide: 100,000)."""

    comparison: Comparison
    effects: dict[tuple[str, str, str], effects.Effect]
    people: dict[tuple[str, str], effects.Effect]
    digits: dict[str, int]
    conflicts: dict[str, str]
    costs: dict[str, Cost]
    spill: dict[str, Spillover] = field(default_factory=dict)
    possible_best: tuple[str, ...] = ()
    adjusted_p: dict[str, float] = field(default_factory=dict)

    def effect(self, arm: str, outcome: str = PRIMARY, layer: str = "true") -> effects.Effect:
        return self.effects[arm, outcome, layer]

    def baseline_rate(self, outcome: str = PRIMARY, layer: str = "true") -> float:
        c = self.comparison
        return float(np.nanmean(c.values(c.baseline.name, outcome, layer)) * c.rate_factor(outcome))


_last: tuple[tuple, Findings] | None = None


def find_in(folder: str | os.PathLike) -> Findings:
    """Findings of a stored comparison; the last one is kept, so that table and report read the runs once.

    Raises
    ------
    DataError
        See :func:`analysis.stored.load`.
    """
    global _last
    folder = Path(folder).resolve()
    files = [folder / "manifest.json", *sorted(folder.glob("runs/*/*/*"))]
    state = tuple((str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in files if p.exists())
    if _last is None or _last[0] != state:
        _last = (state, find(stored.load(folder)))
    return _last[1]


def find(c: Comparison) -> Findings:
    """Compute everything the tables and the report need."""
    base = c.baseline.name
    found: dict[tuple[str, str, str], effects.Effect] = {}
    for outcome in OUTCOMES:
        factor = c.rate_factor(outcome)
        for layer in LAYERS:
            reference = c.values(base, outcome, layer)
            for arm in c.options:
                found[arm.name, outcome, layer] = effects.compare(c.values(arm.name, outcome, layer), reference).scaled(
                    factor
                )
    people = {}
    for name, per in (("stops", 1000), ("arrests", 1000), ("fear", 0), ("trust", 0), ("share_victimised", 0)):
        factor = c.rate_factor(per=per) if per else 1.0
        for arm in c.options:
            people[arm.name, name] = effects.compare(
                c.people_sum(arm.name, name), c.people_sum(base, name), lower_is_better=name != "trust"
            ).scaled(factor)
    for name in c.series_names("deaths."):
        for arm in c.options:
            people[arm.name, name] = effects.compare(c.series_sum(arm.name, name), c.series_sum(base, name)).scaled(
                c.rate_factor(per=100_000)
            )
    digits = {o: _digits([e for (_, outcome, _), e in found.items() if outcome == o]) for o in OUTCOMES}
    out = Findings(c, found, people, digits, {}, {})
    for arm in c.options:
        warning = conflict(out.effect(arm.name), out.effect(arm.name, layer="recorded"))
        if warning:
            out.conflicts[arm.name] = warning
        out.costs[arm.name] = _cost(c, arm)
        spill = _spillover(c, arm)
        if spill is not None:
            out.spill[arm.name] = spill
    _rank(out)
    return out


def _digits(found: list[effects.Effect]) -> int:
    """Decimals that suit the narrowest interval: none for a half-width of 2 and more, one down to 0.2, else two."""
    halves = [(e.high - e.low) / 2 for e in found if np.isfinite(e.low) and e.high > e.low]
    if not halves:
        sizes = [abs(e.difference) for e in found if np.isfinite(e.difference) and e.difference]
        halves = [min(sizes)] if sizes else []
    return int(np.clip(np.ceil(0.3 - np.log10(min(halves))), 0, 2)) if halves else 1


def conflict(true: effects.Effect, recorded: effects.Effect) -> str:
    """How true and recorded crime disagree about an arm: "opposite", "likely opposite" or "".

    "opposite": both changes are settled and point in different directions. "likely opposite": they point in
    different directions and one of them is settled.
    """
    if not (np.isfinite(true.difference) and np.isfinite(recorded.difference)):
        return ""
    if true.difference * recorded.difference >= 0:
        return ""
    if not true.spans_zero and not recorded.spans_zero:
        return "opposite"
    if true.pairs < 2:
        return "likely opposite"
    return "" if true.spans_zero and recorded.spans_zero else "likely opposite"


def _cost(c: Comparison, arm: Arm) -> Cost:
    extra = c.cost(arm.name) - c.cost(c.baseline.name)
    total = float(np.nanmean(extra)) if np.isfinite(extra).any() else NAN
    # Averted crimes are positive: baseline minus arm.
    e = effects.compare(c.values(c.baseline.name, PRIMARY), c.values(arm.name, PRIMARY))
    ratio, best, worst = (economics.cost_per_crime_averted(total, v) for v in (e.difference, e.high, e.low))
    return Cost(total, total / c.frame.years, total / c.frame.years / c.residents * 1000, e, ratio, best, worst)


def _spillover(c: Comparison, arm: Arm) -> Spillover | None:
    frame, base = c.frame, c.runs[c.baseline.name]
    reach = BUFFER_M / frame.cell_m
    rows, sums = [], []
    counts = np.zeros((3, 2))
    places = []
    fell, rose = [], []
    for run, reference in zip(c.runs[arm.name], base):
        if run is None or reference is None or run.treated is None:
            continue
        treated = frame.grid(run.treated, 0).astype(bool).ravel()
        near = dp.ring(treated, frame.width, frame.height, 0, max(reach, 1))[frame.cells]
        zones = (run.treated, near, ~(run.treated | near))
        rows.append([run.places[0][z].sum() for z in zones])
        sums.append([reference.places[0][z].sum() for z in zones])
        places.append(run.treated.sum())
        d = (run.places[0] - reference.places[0]).astype(float)
        fell.append(d[run.treated])
        rose.append(d[near])
        if run.before_after is not None:
            counts += np.array([[run.before_after[k][z].sum() for k in (0, 1)] for z in zones])
    if not rows:
        return None
    a, b, factor = np.array(rows, float), np.array(sums, float), c.rate_factor(PRIMARY)
    parts = [effects.compare(a[:, i], b[:, i]).scaled(factor) for i in range(3)]
    whole = effects.compare(a.sum(axis=1), b.sum(axis=1)).scaled(factor)
    gone = sum(np.maximum(0, -f).sum() for f in fell)
    gross = sum(np.maximum(0, r).sum() for r in rose) / gone if gone > 0 else NAN
    fall = -parts[0].difference
    # The share is only worth printing when the fall in the treated places is settled.
    share = parts[1].difference / fall if fall > 0 and not parts[0].spans_zero else NAN
    return Spillover(
        *parts, whole, share, gross, float(np.mean(places)), dp.displacement_quotient(counts[0], counts[1], counts[2])
    )


def _rank(out: Findings) -> None:
    """Which arms, the baseline among them, can still be the best on the primary outcome; Holm-adjusted p values."""
    c = out.comparison
    # A placebo is the baseline again, and a bound with perfect information is nobody's option.
    real = [a for a in c.arms if a.role != "placebo" and all(words.feasible(n) for n in a.interventions)]
    values = np.stack([c.values(a.name, PRIMARY) for a in real])
    if np.isfinite(values).all(axis=0).sum() >= 2:
        keep = effects.possible_best(values)
        out.possible_best = tuple(a.name for a, k in zip(real, keep) if k)
    p = effects.holm([effects.paired_p(c.values(a.name, PRIMARY), values[0]) for a in c.options])
    out.adjusted_p = dict(zip([a.name for a in c.options], map(float, p)))


def area_order(c: Comparison) -> tuple[str, np.ndarray] | None:
    """Name of the deprivation column of the area table and its values, higher is poorer; None where there is none."""
    for names, sign in ((DEPRIVATION, 1), (AFFLUENCE, -1)):
        for name in names:
            values = c.frame.area_columns.get(name)
            if values is not None and np.isfinite(values).sum() >= 2 and np.nanstd(values) > 0:
                return name, sign * values
    return None


@dataclass(frozen=True)
class Group:
    """A fifth of residents by deprivation of their area, or one area: rates per 1,000 residents and year."""

    label: str
    residents: float
    victimised: dict[str, effects.Effect]
    stopped: dict[str, effects.Effect]


def groups(c: Comparison) -> tuple[str, list[Group]] | None:
    """Split residents from the poorest to the richest areas.

    Fifths of residents where there are at least ten areas, the areas themselves where there are fewer.

    Returns
    -------
    (column, groups) or None
        None when areas or their deprivation are not known.
    """
    ordered = area_order(c)
    if ordered is None:
        return None
    column, deprivation = ordered
    people = c.area_residents
    if (people > 0).sum() >= 10:
        group = equity.fifths(deprivation, people)
        names = ["Most deprived fifth", "Second fifth", "Middle fifth", "Fourth fifth", "Least deprived fifth"]
    else:
        usable = np.flatnonzero((people > 0) & np.isfinite(deprivation))
        order = usable[np.argsort(-deprivation[usable], kind="stable")]
        group = np.full(len(people), -1)
        group[order] = np.arange(len(order))
        names = [c.frame.area_names[i] for i in order]
    out = []
    for g, label in enumerate(names):
        mine = group == g
        size = float(people[mine].sum())
        if not size:
            continue
        rates: list[dict[str, Any]] = []
        for what in ("victimisations", "stops"):
            base = c.people_by_area(c.baseline.name, what)
            rates.append({})
            for arm in c.options:
                values = c.people_by_area(arm.name, what)
                if base is not None and values is not None:
                    rates[-1][arm.name] = effects.compare(
                        values[:, mine].sum(axis=1), base[:, mine].sum(axis=1)
                    ).scaled(1000 / (size * c.frame.years))
        out.append(Group(label, size, *rates))
    return (column, out) if len(out) >= 2 else None
