"""Facts that need experiments: their arms, declared here as plain changes to a specification, and their statistics.

:mod:`experiments.validate` runs the arms from one shared burn-in per seed; this module reads what they left and never
runs a model. A statistic is of all seeds together, and its spread that of bootstrap samples of the seeds.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.facts.base import Unscored, facts
from analysis.facts.records import PROPERTY, VIOLENT
from analysis.facts.scoring import Sample
from sim.records import CODE, LINKS

BASE = "baseline"
FADES = {"mechanism": {"deterrence": {"half_life_days": 3650.0, "memory_days": 100.0}}}
ENTRY = {"mechanism": {"drugs": {"entry": 0.0, "orders_follow": 0.0}, "flows": {"finance": 0.0}}}
HOT = {"share": 0.05, "trial": True}
PATROLLED, LEFT = 154, (28, 84)  # days of foot patrol; days after it that are looked at
STAY, GLANCE, AFTER = 13.0, 1.0, 30  # minutes
SEIZED = (0.12, 0.30)  # share of drugs seized on the way: usual and raised
POINTS, DEARER, FORCE = 0.05, 0.5, 0.5
ARMS: dict[str, Mapping[str, Any]] = {
    "recession": {"shock": {"unemployment": {"start": 0, "share": POINTS, "half_life_days": 36_500.0}}},
    "shortage": {"shock": {"supply_shock": {"start": 0, "end": 30, "share": 0.6}}},
    "interdiction": {"intervention": {"supply_interdiction": {"share": 1 - (1 - SEIZED[1]) / (1 - SEIZED[0])}}},
    "dear_drugs": {"shock": {"price_shock": {"start": 0, "share": DEARER}}},
    "seller_arrests": {"intervention": {"seller_arrests": {"start": 0, "end": 7, "sellers": 0.3}}},
    "hot_spots": {"intervention": {"hot_spots_patrol": HOT}},
    "foot_patrol": {"intervention": {"foot_patrol": {"start": 0, "end": PATROLLED, "share": 0.03, "trial": True}}},
    "city_scale": {"intervention": {"city_scale_hot_spots": {"share": 0.10}}},
    "stays": {"intervention": {"hot_spots_patrol": {"share": 0.05, "visits_per_day": 8.0, "minutes": STAY,
                                                    "extra": True}}},
    "glances": {"intervention": {"hot_spots_patrol": {"share": 0.05, "visits_per_day": 8.0, "minutes": GLANCE,
                                                      "extra": True}}},
    "more_police": {"intervention": {"more_police": {"force": FORCE}}},
}
# Arms of null worlds: (null, name of the arm in it, "" for its baseline).
NULL_ARMS = {"no_fading": (FADES, ("", "foot_patrol")), "no_entry": (ENTRY, ("", "shortage", "seller_arrests"))}
SIZES = tuple(round(4_000 * 2 ** (4 * k / 7)) for k in range(8))  # residents; 16-fold from first to last
SERIES = ("drugs.price", "drugs.sales", "drugs.sellers", "population")


def all_arms() -> dict[str, Mapping[str, Any]]:
    """Every arm of the experiments, null worlds included."""
    out = dict(ARMS)
    for null, (change, arms) in NULL_ARMS.items():
        for arm in arms:
            out[f"{null}/{arm}" if arm else null] = {**change, **(ARMS[arm] if arm else {})}
    return out


def size_arms() -> dict[str, Mapping[str, Any]]:
    """Cities of the same rules, from small to large."""
    return {f"{n} residents": {"city": {"residents": n}} for n in SIZES}


@dataclass(frozen=True)
class Side:
    """One arm of one seed: events of the scored year, and what else was kept."""

    day: np.ndarray
    minute: np.ndarray
    cell: np.ndarray
    kind: np.ndarray
    recorded: np.ndarray
    weapon: np.ndarray
    link: np.ndarray
    rest: Mapping[str, np.ndarray]

    def count(self, types, cells: np.ndarray | None = None, days=(0, 10_000), layer: str = "true") -> float:
        """Events of some types, at some cells, from the first day up to the last (excluded)."""
        which = np.isin(self.kind, [CODE[t] for t in types]) & (self.day >= days[0]) & (self.day < days[1])
        if cells is not None:
            which &= np.isin(self.cell, cells)
        if layer == "recorded":
            which &= self.recorded > 0
        return float(which.sum())


@dataclass(frozen=True)
class Case:
    """A pair of arms of one seed with its treated, control and buffer cells."""

    base: Side
    arm: Side
    treated: np.ndarray
    control: np.ndarray
    buffer: np.ndarray
    glances: Side | None = None


def read_seed(path: str | os.PathLike) -> dict[str, Side]:
    """Read the outcomes of one seed, by arm."""
    arms: dict[str, dict[str, np.ndarray]] = {}
    with np.load(path, allow_pickle=False) as kept:
        for key in kept.files:
            arm, _, name = key.rpartition("|")
            arms.setdefault(arm, {})[name] = kept[key]
    columns = [f.name for f in dataclasses.fields(Side) if f.name != "rest"]
    return {arm: Side(*(v[c] for c in columns), {k: a for k, a in v.items() if k not in columns})
            for arm, v in arms.items()}


def cases(trial: str, world: str, seeds: Sequence[Mapping[str, Side]]) -> list[Case]:
    """The pairs of a trial in the model or a null world."""
    out = []
    for k, sides in enumerate(seeds):
        base = sides[world] if world in NULL_ARMS else sides[BASE]
        arm = sides[f"{world}/{trial}"] if world in NULL_ARMS else sides[trial]
        treated, control = (arm.rest.get(f"{name}_cells", np.empty(0)) for name in ("treated", "control"))
        buffer = _ring(treated, control, base.rest)
        if world == "no_effect":
            if len(seeds) < 2:
                raise Unscored("needs two seeds to compare chance with chance")
            arm = dataclasses.replace(seeds[(k + 1) % len(seeds)][BASE])
        elif world == "fixed_budget":
            paid = base.rest["drugs.price"] / np.maximum(arm.rest["drugs.price"], 1e-9)
            arm = dataclasses.replace(arm, rest={**arm.rest, "drugs.sales": base.rest["drugs.sales"] * paid})
        elif world == "full_displacement":
            arm = _moved(base, arm, treated, buffer, k)
        out.append(Case(base, arm, treated, control, buffer, sides.get("glances")))
    return out


def _ring(treated: np.ndarray, control: np.ndarray, rest: Mapping[str, np.ndarray]) -> np.ndarray:
    """Cells of the city within two of a treated one, without treated and control cells."""
    from analysis.displacement import ring

    width, inside = int(rest["width"][0]), rest["inside"].astype(int)
    if not len(treated):
        return np.empty(0, int)
    height = int(inside.max()) // width + 3
    mask = np.zeros(width * height, bool)
    mask[treated.astype(int)] = True
    near = np.flatnonzero(ring(mask, width, height, 0.0, 2.0))
    return np.setdiff1d(np.intersect1d(near, inside), control)


def _moved(base: Side, arm: Side, treated: np.ndarray, buffer: np.ndarray, key: int) -> Side:
    """What would be seen if every offence prevented at treated places had been committed in the buffer."""
    rng = np.random.default_rng([key, 611])
    cell = base.cell.copy()
    for types in (VIOLENT, PROPERTY):
        lost = int(base.count(types, treated) - arm.count(types, treated))
        rows = np.flatnonzero(np.isin(base.kind, [CODE[t] for t in types]) & np.isin(base.cell, treated))
        if lost > 0 and len(buffer):
            cell[rng.choice(rows, lost, replace=False)] = rng.choice(buffer, lost)
    return dataclasses.replace(base, cell=cell)


# -- statistics ------------------------------------------------------------------------------------------------------

Statistic = Callable[[Sequence[Case]], float]
STATISTICS: dict[str, Statistic] = {}
CRIMES = VIOLENT + PROPERTY
RECORDED = "recorded"


def statistic(name: str) -> Callable[[Statistic], Statistic]:
    def register(function: Statistic) -> Statistic:
        STATISTICS[name] = function
        return function

    return register


def _sum(some: Sequence[Case], value: Callable[[Case], float]) -> float:
    return float(sum(value(c) for c in some))


def _ratio(some: Sequence[Case], types, where: str = "", days=(0, 10_000), layer: str = "true") -> float:
    """Events of the arm over those of the baseline, all seeds together."""
    cells = (lambda c: getattr(c, where)) if where else (lambda c: None)
    base = _sum(some, lambda c: c.base.count(types, cells(c), days, layer))
    if base <= 0:
        raise Unscored(f"no events at {where or 'all'} places")
    return _sum(some, lambda c: c.arm.count(types, cells(c), days, layer)) / base


@statistic("F13c")
def unemployment(some: Sequence[Case]) -> float:
    """Per cent change of property crime per point of unemployment."""
    return 100 * (_ratio(some, PROPERTY) - 1) / (100 * POINTS)


def _mean_series(some: Sequence[Case], side: str, name: str, days: tuple[int, int]) -> float:
    return float(np.mean([np.nanmean(getattr(c, side).rest[name][days[0]:days[1]]) for c in some]))


def _log_change(some: Sequence[Case], name: str, days: tuple[int, int]) -> float:
    return float(np.log(_mean_series(some, "arm", name, days) / _mean_series(some, "base", name, days)))


@statistic("F15d")
def weeks_to_recover(some: Sequence[Case]) -> float:
    """Weeks until the price stays within a tenth of the baseline's; 0 if it never left, 100 if it stays out.

    Weekly means over seeds, so that the swings of single markets do not count as shortage.
    """
    days = len(some[0].base.rest["drugs.price"]) // 7 * 7
    weekly = [np.mean([getattr(c, side).rest["drugs.price"][:days] for c in some], axis=0).reshape(-1, 7).mean(axis=1)
              for side in ("arm", "base")]
    ratio = weekly[0] / weekly[1]
    out = np.flatnonzero(ratio > 1.10)
    if not len(out) or out[0] > 12:
        return 0.0
    for week in range(int(out[0]), len(ratio) - 3):
        if (ratio[week:week + 4] <= 1.10).all():
            return float(week)
    return 100.0


HALF_YEAR = (182, 365)


@statistic("F15e")
def enforcement_on_price(some: Sequence[Case]) -> float:
    """Elasticity of the retail price with respect to the share seized, in the second half of a year."""
    return _log_change(some, "drugs.price", HALF_YEAR) / float(np.log(SEIZED[1] / SEIZED[0]))


@statistic("F15f")
def demand(some: Sequence[Case]) -> float:
    """Elasticity of sales with respect to the retail price, in the second half of a year."""
    price = _log_change(some, "drugs.price", HALF_YEAR)
    if abs(price) < 0.05:
        raise Unscored(f"the retail price changed by {100 * price:.1f} % only")
    return _log_change(some, "drugs.sales", HALF_YEAR) / price


def _market(side: Side) -> float:
    return float(((side.link == LINKS.index("systemic")) & (side.day < 90)).sum())


@statistic("F15g")
def market_violence(some: Sequence[Case]) -> float:
    """Per cent change of the market's violence in the 90 days after the arrests."""
    base = _sum(some, lambda c: _market(c.base))
    if base < 20:
        raise Unscored(f"needs 20 events of market violence, the baselines have {base:.0f}")
    return 100 * (_sum(some, lambda c: _market(c.arm)) / base - 1)


@statistic("F16a")
def displacement_quotient(some: Sequence[Case]) -> float:
    """Weighted displacement quotient, with the baseline of the same months as the time before."""
    treated, buffer, control = (_parts(some, w) for w in ("treated", "buffer", "control"))
    success = treated[1] / control[1] - treated[0] / control[0]
    if success >= 0:
        raise Unscored("no fall at the treated places against their controls")
    return (buffer[1] / control[1] - buffer[0] / control[0]) / success


def _parts(some: Sequence[Case], where: str) -> tuple[float, float]:
    out = tuple(_sum(some, lambda c, s=s: getattr(c, s).count(CRIMES, getattr(c, where), layer=RECORDED))
                for s in ("base", "arm"))
    if min(out) <= 0:
        raise Unscored(f"no recorded crime at {where} places")
    return out


@statistic("F16b")
def buffer_change(some: Sequence[Case]) -> float:
    """Per cent change in the buffer against that at the control places."""
    buffer, control = _parts(some, "buffer"), _parts(some, "control")
    return 100 * (buffer[1] / buffer[0] / (control[1] / control[0]) - 1)


def _share_lost(some: Sequence[Case], types, layer: str, days=(0, 10_000)) -> float:
    """Share of what was prevented at the treated places that appeared in the buffer."""

    def prevented(where: str) -> float:
        return _sum(some, lambda c: c.base.count(types, getattr(c, where), days, layer)
                    - c.arm.count(types, getattr(c, where), days, layer))

    gross, near = prevented("treated"), prevented("buffer")
    if gross <= 0:
        raise Unscored("nothing was prevented at the treated places")
    return -near / gross


@statistic("F16c")
def violence_lost(some: Sequence[Case]) -> float:
    """Share of the recorded violence prevented by foot patrols that moved within two cells."""
    return _share_lost(some, VIOLENT, RECORDED, (0, PATROLLED))


@statistic("F16d")
def property_against_violence(some: Sequence[Case]) -> float:
    """Share of prevented property crime that moved, less that of violence."""
    return _share_lost(some, PROPERTY, "true") - _share_lost(some, VIOLENT, "true")


def after_visits(side: Side) -> tuple[float, float]:
    """Events at treated places in the half hour after a visit, and at other times without police: rates a minute."""
    cell, start, length = (side.rest[f"visit_{n}"] for n in ("cell", "start", "minutes"))
    treated = side.rest["treated_cells"]
    mine = np.isin(side.cell, treated) & np.isin(side.kind, [CODE[t] for t in CRIMES])
    when = side.day[mine] * 1440 + side.minute[mine]
    end = start + length
    after = rest = free = watched = 0.0
    for c in treated:
        visits = np.flatnonzero(cell == c)
        order = visits[np.argsort(start[visits])]
        begins, ends = start[order], end[order]
        t = when[side.cell[mine] == c]
        at = np.searchsorted(begins, t, side="right") - 1
        since = np.where(at >= 0, t - ends[np.maximum(at, 0)], 1e9) if len(order) else np.full(len(t), 1e9)
        after += ((since > 0) & (since <= AFTER)).sum()
        rest += (since > 120).sum()
        gap = np.diff(np.concatenate([ends, [1440.0 * 365]]) if len(order) else np.array([0, 1440.0 * 365]))
        gap = np.maximum(gap - (length[order] if len(order) else 0), 0)
        watched += np.minimum(gap, AFTER).sum()
        free += np.maximum(gap - 120, 0).sum()
    return (after + 0.5) / max(watched, 1.0), (rest + 0.5) / max(free, 1.0)


@statistic("F17a")
def residual(some: Sequence[Case]) -> float:
    """Chance of an event in the half hour after a long stay over that after a glance, each against quiet hours."""
    sides = []
    for pick in (lambda c: c.arm, lambda c: c.glances):
        rates = [after_visits(pick(c)) for c in some]
        sides.append(np.mean([r[0] for r in rates]) / np.mean([r[1] for r in rates]))
    return float(sides[0] / sides[1])


def _street_effect(some: Sequence[Case], days: tuple[int, int]) -> float:
    """Relative change of recorded crime at treated places against their controls."""
    return _ratio(some, CRIMES, "treated", days, RECORDED) / _ratio(some, CRIMES, "control", days, RECORDED) - 1


@statistic("F18a")
def wearing_off(some: Sequence[Case]) -> float:
    """Effect in weeks 12 to 22 of constant patrol over that in weeks 1 to 11."""
    first = _street_effect(some, (0, PATROLLED // 2))
    if first >= 0:
        raise Unscored("no fall in the first half of the patrols")
    return _street_effect(some, (PATROLLED // 2, PATROLLED)) / first


@statistic("F18b")
def after_withdrawal(some: Sequence[Case]) -> float:
    """Per cent change against controls in weeks 5 to 12 after the patrols left."""
    return 100 * _street_effect(some, (PATROLLED + LEFT[0], PATROLLED + LEFT[1]))


@statistic("F19")
def police_elasticity(some: Sequence[Case]) -> float:
    """Elasticity of violence with respect to police hours."""
    return float(np.log(_ratio(some, VIOLENT)) / np.log(1 + FORCE))


def slopes(seeds: Sequence[Mapping[str, Side]]) -> tuple[float, float]:
    """Exponents of serious crime, and of theft less that of burglary, with the size of cities."""
    arms = [a for a in seeds[0] if a.endswith(" residents")]
    people = np.log([np.mean([s[a].rest["population"].mean() for s in seeds]) for a in arms])

    def slope(count: Callable[[Side], float]) -> float:
        many = np.array([sum(count(s[a]) for s in seeds) for a in arms])
        if (many <= 0).any():
            raise Unscored("a city without such crimes")
        return float(np.polyfit(people, np.log(many), 1)[0])

    def serious(side: Side) -> float:
        kinds = [CODE[t] for t in ("robbery", "homicide")]
        armed = (side.kind == CODE["assault"]) & (side.weapon > 0)
        return float(((np.isin(side.kind, kinds) | armed) & (side.recorded > 0)).sum())

    recorded = lambda t: lambda s: s.count((t,), layer=RECORDED)  # noqa: E731
    return slope(serious), slope(recorded("theft")) - slope(recorded("burglary"))


# -- scoring ---------------------------------------------------------------------------------------------------------

SAMPLES = 200


def sample(value: Callable[[Sequence[int]], float], n: int) -> Sample:
    """Pooled value of `n` seeds and its bootstrap samples."""
    try:
        centre = value(range(n))
    except Unscored as reason:
        return Sample([], [], [], [str(reason)])
    rng = np.random.default_rng(n)
    drawn = []
    for _ in range(SAMPLES if n > 1 else 0):
        try:
            drawn.append(value(rng.integers(0, n, n)))
        except Unscored:
            drawn.append(float("nan"))
    drawn = [v for v in drawn if np.isfinite(v)] or [centre]
    note = f"{n} seed{'s together' if n > 1 else ' only'}"
    return Sample(drawn, [True] * len(drawn), [note] * len(drawn), [], centre)


def score_trials(folder: str | os.PathLike) -> dict[str, dict[str, Sample]]:
    """Samples of every fact that needs an experiment, in the model and in its null world.

    Parameters
    ----------
    folder : path
        Where the outcomes lie, ``trials/<seed>/outcomes.npz`` and ``sizes/<seed>/outcomes.npz``.
    """
    found: dict[str, dict[str, Sample]] = {"model": {}}
    seeds = [read_seed(p) for p in sorted(Path(folder).glob("trials/*/outcomes.npz"))]
    sizes = [read_seed(p) for p in sorted(Path(folder).glob("sizes/*/outcomes.npz"))]
    for fact in facts().values():
        if not fact.trial or fact.reason:
            continue
        if fact.trial == "sizes":
            if sizes:
                k = 0 if fact.id == "F21a" else 1
                found["model"][fact.id] = sample(lambda rows, k=k: slopes([sizes[i] for i in rows])[k], len(sizes))
            continue
        for world in ("model", fact.null) if seeds else ():
            found.setdefault(world, {})[fact.id] = _of_world(fact.id, fact.trial, world, seeds)
    return found


def _of_world(name: str, trial: str, world: str, seeds: Sequence[Mapping[str, Side]]) -> Sample:
    try:
        made = cases(trial, world, seeds)
    except Unscored as reason:
        return Sample([], [], [], [str(reason)])
    if name == "F17a" and world == "no_effect":  # a stay that leaves nothing behind is a glance
        made = [dataclasses.replace(c, arm=c.glances) for c in made]
    return sample(lambda rows: STATISTICS[name]([made[i] for i in rows]), len(made))
