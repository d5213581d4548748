"""Paired experiments in memory: the same seeds with and without a change, for switch tables and direction tests.

Nothing is stored. An arm is a mapping of changes to the specification. Arms share the burn-in of the baseline and
depart from it on the first scored day, unless they are `apart`: then each has a burn-in of its own, as for a mechanism
that never existed. Pairs share all draws either way.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analysis.effects import Effect, compare
from sim.model import CityModel
from sim.records import APART, LINKS, TYPES
from sim.spec import build, merge

BASELINE = "baseline"


def totals(model: CityModel) -> dict[str, float]:
    """Count the scored period of a model that has run.

    Returns
    -------
    dict
        ``<layer>.<type>`` for the layers true, reported and recorded; ``<layer>.victimisations`` (all types but those
        counted apart), ``<layer>.property``, ``<layer>.violence`` (robbery, assault, homicide, extortion),
        ``true.domestic``, ``true.public_violence`` (violence that is not domestic), ``true.firearm``,
        ``link.<name>`` (events by Goldstein's links) and ``mean.<name>``, the mean over scored days of every daily
        series, ``sum.<name>`` its sum.
    """
    log, calendar = model.log, model.calendar
    first = calendar.burn_in_days * calendar.ticks_per_day
    scored = slice(int(np.searchsorted(log["tick"], first)), len(log))
    kind = log["type"][scored]
    out: dict[str, float] = {}
    groups = {
        "victimisations": [t for t in TYPES if t not in APART],
        "property": ["burglary", "theft", "vehicle"],
        "violence": ["robbery", "assault", "homicide", "extortion"],
    }
    for layer in ("true", "reported", "recorded"):
        mask = np.ones(len(kind), bool) if layer == "true" else log[layer][scored]
        counts = np.bincount(kind[mask], minlength=len(TYPES)).astype(float)
        out.update({f"{layer}.{t}": counts[k] for k, t in enumerate(TYPES)})
        out.update({f"{layer}.{g}": sum(counts[TYPES.index(t)] for t in types) for g, types in groups.items()})
    out["true.domestic"] = float(log["domestic"][scored].sum())
    out["true.public_violence"] = out["true.violence"] - out["true.domestic"]
    out["true.firearm"] = float(log["firearm"][scored].sum())
    links = np.bincount(log["link"][scored], minlength=len(LINKS))
    out.update({f"link.{name}": float(links[k]) for k, name in enumerate(LINKS) if k})
    series = model.series.columns()
    days = series.pop("day") >= 0
    for name, values in series.items():
        if days.any():
            out[f"mean.{name}"] = float(np.nanmean(values[days])) if np.isfinite(values[days]).any() else np.nan
            out[f"sum.{name}"] = float(np.nansum(values[days]))
    return out


@dataclass
class Pairs:
    """Outcomes of every arm and seed: ``values[arm][outcome]`` is float64[seeds]."""

    values: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)

    def effect(self, arm: str, outcome: str, base: str = BASELINE, level: float = 0.95) -> Effect:
        """Paired difference of an arm to `base` with its t interval; `percent*` are relative to the base's mean."""
        return compare(self.values[arm][outcome], self.values[base][outcome], level)

    def log_ratio(self, arm: str, outcome: str, base: str = BASELINE) -> Effect:
        """Like :meth:`effect` on the logarithm of the outcome plus a half (counts may be zero)."""
        return compare(np.log(self.values[arm][outcome] + 0.5), np.log(self.values[base][outcome] + 0.5))

    def line(self, arm: str, outcome: str) -> str:
        """One line for a log or a failing test."""
        e = self.effect(arm, outcome)
        return (f"{arm}: {outcome}: {e.baseline:.4g} -> {e.arm:.4g}, {e.percent:+.1f} % "
                f"[{e.percent_low:+.1f}, {e.percent_high:+.1f}], {e.pairs} pairs")


def run_pairs(
    base: Mapping[str, Any],
    arms: Mapping[str, Mapping[str, Any]],
    seeds: Sequence[int],
    *,
    outcome: Callable[[CityModel], dict[str, float]] = totals,
    apart: Collection[str] = (),
    workers: int = 1,
    tell: Callable[[str], None] | None = None,
    watch: Callable[[CityModel], None] | None = None,
) -> Pairs:
    """Run the baseline and every arm with every seed.

    Parameters
    ----------
    base : mapping
        Keys of the specification, as for :func:`sim.spec.build`.
    arms : mapping of name to changes
        For instance ``{"lit": {"intervention": {"street_lighting": {"strength": 1.0}}}}``. A change of ``city``,
        ``burn_in_years`` or ``tick_hours`` makes an arm `apart` by itself.
    seeds : sequence of int
    outcome : function
        From a model at its end to named numbers or arrays of one length (a daily series); a function of a module
        when ``workers`` is above 1.
    apart : collection of str
        Arms with a burn-in of their own.
    workers : int
        Processes; the result does not depend on it.
    tell : function, optional
        Called with a line whenever a seed is done.
    watch : function, optional
        Called with the model after every tick, a shared burn-in included; it may only look, and keep notes for
        `outcome` after a shared burn-in (those made in it are lost).
    """
    specs = {BASELINE: build(base), **{name: build(merge(base, change)) for name, change in arms.items()}}
    own = {name for name, s in specs.items() if name in apart or not _shares_burn_in(s, specs[BASELINE])}
    works = [({n: s.as_dict() for n, s in specs.items()}, own, seed, outcome, watch) for seed in seeds]
    if workers > 1:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            found = []
            for seed, result in zip(seeds, pool.map(_one_seed, works)):
                found.append(result)
                if tell:
                    tell(f"seed {seed} done ({len(found)} of {len(works)})")
    else:
        found = []
        for work in works:
            found.append(_one_seed(work))
            if tell:
                tell(f"seed {work[2]} done ({len(found)} of {len(works)})")
    pairs = Pairs()
    for name in specs:
        outcomes = sorted(set().union(*(result[name] for result in found)))
        pairs.values[name] = {
            o: np.array([result[name].get(o, np.nan) for result in found], float) for o in outcomes
        }
    return pairs


def _shares_burn_in(spec, baseline) -> bool:
    same = all(getattr(spec, key) == getattr(baseline, key)
               for key in ("city", "tick_hours", "burn_in_years", "start_date", "interactions", "banned"))
    return same and all(i.start >= 0 for i in (*spec.intervention.values(), *spec.shock.values()))


def _until(model: CityModel, day: int, watch: Callable[[CityModel], None] | None) -> None:
    if watch is None:
        model.run_days(day - model.day)
        return
    while model.day < day:
        model.step()
        watch(model)


def _one_seed(work) -> dict[str, dict[str, float]]:
    from experiments.cities import build_city

    specs, own, seed, outcome, watch = work
    out, warm, cities = {}, None, {}
    for name, given in specs.items():
        spec = build(merge(given, {"seed": seed}))
        if name in own:
            if spec.city not in cities:
                cities[spec.city] = build_city(spec)
            model = CityModel(spec, city=cities[spec.city])
        else:
            if warm is None:
                warm_up = build(merge(specs[BASELINE], {"seed": seed, "intervention": {}, "shock": {}}))
                start = CityModel(warm_up, city=build_city(warm_up))
                _until(start, 0, watch)
                warm = start.snapshot()
            model = CityModel.restore(warm, spec)
        _until(model, spec.days, watch)
        out[name] = outcome(model)
        model = start = None
        gc.collect()  # models hold references to themselves and would wait for the cycle collector
    return out
