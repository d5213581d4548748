"""The statistics of facts that need experiments.

Each has two halves: what is counted on the pair of one seed (:class:`Case`), small enough to be kept, and the value of
all seeds together. Counted are named numbers or series; names begin with the side, ``base.`` or ``arm.``, so that a
world without effect can be made of two baselines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from analysis.facts.base import Unscored
from analysis.facts.records import PROPERTY, VIOLENT
from analysis.facts.trial_arms import FORCE, LEFT, MARKET_DAYS, PATROLLED, POINTS, SEIZED
from analysis.facts.trial_sides import Case, Side
from sim.records import CODE, LINKS

CRIMES = VIOLENT + PROPERTY
RECORDED = "recorded"
AFTER = 30  # minutes
HALF_YEAR = (182, 365)
WHOLE = (0, 10_000)
SIDES = ("base", "arm")

Counted = Mapping[str, float | list[float]]
Stacked = Mapping[str, np.ndarray]  # of the counted things of all seeds: float64[seeds, ...]


@dataclass(frozen=True)
class Statistic:
    """What is counted on a pair, and the value of all pairs."""

    counted: Callable[[Case], Counted]
    value: Callable[[Stacked], float]


STATISTICS: dict[str, Statistic] = {}


def statistic(name: str, counted: Callable[[Case], Counted]) -> Callable:
    """Register the value of a fact together with what it is counted on."""

    def register(value: Callable[[Stacked], float]) -> Callable[[Stacked], float]:
        STATISTICS[name] = Statistic(counted, value)
        return value

    return register


def counts(**what) -> Callable[[Case], Counted]:
    """Count events of both sides: name = (types, where, days, layer), where "" for the whole city."""

    def counted(c: Case) -> Counted:
        return {f"{s}.{name}": getattr(c, s).count(types, getattr(c, where) if where else None, days, layer)
                for name, (types, where, days, layer) in what.items() for s in SIDES}

    return counted


def at(types, layer: str, days: tuple[int, int] = WHOLE) -> Callable[[Case], Counted]:
    """Count events of both sides at treated, buffer and control places."""
    return counts(**{where: (types, where, days, layer) for where in ("treated", "buffer", "control")})


def _ratio(s: Stacked, name: str) -> float:
    """Events of the arm over those of the baseline, all seeds together."""
    base = s[f"base.{name}"].sum()
    if base <= 0:
        raise Unscored(f"no events: {name}")
    return float(s[f"arm.{name}"].sum() / base)


# -- the whole city --------------------------------------------------------------------------------------------------


@statistic("F13c", counts(property=(PROPERTY, "", WHOLE, "true")))
def unemployment(s: Stacked) -> float:
    """Per cent change of property crime per point of unemployment."""
    return 100 * (_ratio(s, "property") - 1) / (100 * POINTS)


@statistic("F19", counts(violence=(VIOLENT, "", WHOLE, "true")))
def police_elasticity(s: Stacked) -> float:
    """Elasticity of violence with respect to police hours."""
    return float(np.log(_ratio(s, "violence")) / np.log(1 + FORCE))


# -- markets ---------------------------------------------------------------------------------------------------------


def _weekly_price(c: Case) -> Counted:
    def weeks(side: Side) -> list[float]:
        price = np.asarray(side.rest["drugs.price"], float)
        return price[:len(price) // 7 * 7].reshape(-1, 7).mean(axis=1).tolist()

    return {f"{s}.price": weeks(getattr(c, s)) for s in SIDES}


@statistic("F15d", _weekly_price)
def weeks_to_recover(s: Stacked) -> float:
    """Weeks until the price stays within a tenth of the baseline's; 0 if it never left, 100 if it stays out.

    Weekly means over seeds, so that the swings of single markets do not count as shortage.
    """
    ratio = s["arm.price"].mean(axis=0) / s["base.price"].mean(axis=0)
    out = np.flatnonzero(ratio > 1.10)
    if not len(out) or out[0] > 12:
        return 0.0
    for week in range(int(out[0]), len(ratio) - 3):
        if (ratio[week:week + 4] <= 1.10).all():
            return float(week)
    return 100.0


def _half_year(*names: str) -> Callable[[Case], Counted]:
    def counted(c: Case) -> Counted:
        return {f"{s}.{name}": float(np.nanmean(getattr(c, s).rest[f"drugs.{name}"][slice(*HALF_YEAR)]))
                for name in names for s in SIDES}

    return counted


def _log_change(s: Stacked, name: str) -> float:
    return float(np.log(s[f"arm.{name}"].mean() / s[f"base.{name}"].mean()))


@statistic("F15e", _half_year("price"))
def enforcement_on_price(s: Stacked) -> float:
    """Elasticity of the retail price with respect to the share seized, in the second half of a year."""
    return _log_change(s, "price") / float(np.log(SEIZED[1] / SEIZED[0]))


@statistic("F15f", _half_year("price", "sales"))
def demand(s: Stacked) -> float:
    """Elasticity of sales with respect to the retail price, in the second half of a year."""
    price = _log_change(s, "price")
    if abs(price) < 0.05:
        raise Unscored(f"the retail price changed by {100 * price:.1f} % only")
    return _log_change(s, "sales") / price


def _market(c: Case) -> Counted:
    def count(side: Side) -> float:
        return float(((side.link == LINKS.index("systemic")) & (side.day < MARKET_DAYS)).sum())

    return {f"{s}.market": count(getattr(c, s)) for s in SIDES}


@statistic("F15g", _market)
def market_violence(s: Stacked) -> float:
    """Per cent change of the market's violence in the 90 days after the arrests."""
    base = s["base.market"].sum()
    if base < 20:
        raise Unscored(f"needs 20 events of market violence, the baselines have {base:.0f}")
    return 100 * (_ratio(s, "market") - 1)


# -- places ----------------------------------------------------------------------------------------------------------


def _parts(s: Stacked, *places: str) -> list[tuple[float, float]]:
    out = []
    for where in places:
        pair = float(s[f"base.{where}"].sum()), float(s[f"arm.{where}"].sum())
        if min(pair) <= 0:
            raise Unscored(f"no recorded crime at {where} places")
        out.append(pair)
    return out


@statistic("F16a", at(CRIMES, RECORDED))
def displacement_quotient(s: Stacked) -> float:
    """Weighted displacement quotient, with the baseline of the same months as the time before."""
    treated, buffer, control = _parts(s, "treated", "buffer", "control")
    success = treated[1] / control[1] - treated[0] / control[0]
    if success >= 0:
        raise Unscored("no fall at the treated places against their controls")
    return (buffer[1] / control[1] - buffer[0] / control[0]) / success


@statistic("F16b", at(CRIMES, RECORDED))
def buffer_change(s: Stacked) -> float:
    """Per cent change in the buffer against that at the control places."""
    buffer, control = _parts(s, "buffer", "control")
    return 100 * (buffer[1] / buffer[0] / (control[1] / control[0]) - 1)


def _share_lost(s: Stacked, treated: str = "treated", buffer: str = "buffer") -> float:
    """Share of what was prevented at the treated places that appeared in the buffer."""
    gross, near = (float((s[f"base.{n}"] - s[f"arm.{n}"]).sum()) for n in (treated, buffer))
    if gross <= 0:
        raise Unscored("nothing was prevented at the treated places")
    return -near / gross


@statistic("F16c", at(VIOLENT, RECORDED, (0, PATROLLED)))
def violence_lost(s: Stacked) -> float:
    """Share of the recorded violence prevented by foot patrols that moved within two cells."""
    return _share_lost(s)


@statistic("F16d", counts(**{f"{name}_{where}": (types, where, WHOLE, "true") for where in ("treated", "buffer")
                             for name, types in (("property", PROPERTY), ("violence", VIOLENT))}))
def property_against_violence(s: Stacked) -> float:
    """Share of prevented property crime that moved, less that of violence."""
    return (_share_lost(s, "property_treated", "property_buffer")
            - _share_lost(s, "violence_treated", "violence_buffer"))


# -- deterrence ------------------------------------------------------------------------------------------------------


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


def _visits(c: Case) -> Counted:
    arm, glance = after_visits(c.arm), after_visits(c.glances)
    return {"arm.after": arm[0], "arm.quiet": arm[1], "base.after": glance[0], "base.quiet": glance[1]}


@statistic("F17a", _visits)
def residual(s: Stacked) -> float:
    """Chance of an event in the half hour after a long stay over that after a glance, each against quiet hours."""
    stay, glance = (s[f"{side}.after"].mean() / s[f"{side}.quiet"].mean() for side in ("arm", "base"))
    return float(stay / glance)


FIRST, SECOND, GONE = ((0, PATROLLED // 2), (PATROLLED // 2, PATROLLED),
                       (PATROLLED + LEFT[0], PATROLLED + LEFT[1]))


def _street(**windows: tuple[int, int]) -> Callable[[Case], Counted]:
    return counts(**{f"{name}_{where}": (CRIMES, where, days, RECORDED) for name, days in windows.items()
                     for where in ("treated", "control")})


def _street_effect(s: Stacked, window: str) -> float:
    """Relative change of recorded crime at treated places against their controls."""
    return _ratio(s, f"{window}_treated") / _ratio(s, f"{window}_control") - 1


@statistic("F18a", _street(first=FIRST, second=SECOND))
def wearing_off(s: Stacked) -> float:
    """Effect in weeks 12 to 22 of constant patrol over that in weeks 1 to 11."""
    first = _street_effect(s, "first")
    if first >= 0:
        raise Unscored("no fall in the first half of the patrols")
    return _street_effect(s, "second") / first


@statistic("F18b", _street(gone=GONE))
def after_withdrawal(s: Stacked) -> float:
    """Per cent change against controls in weeks 5 to 12 after the patrols left."""
    return 100 * _street_effect(s, "gone")


# -- sizes of cities -------------------------------------------------------------------------------------------------


def size_counts(side: Side) -> dict[str, float]:
    """Residents and crimes of one city."""
    armed = (side.kind == CODE["assault"]) & (side.weapon > 0)
    serious = np.isin(side.kind, [CODE["robbery"], CODE["homicide"]]) | armed
    return {"residents": float(side.rest["population"].mean()), "serious": float((serious & (side.recorded > 0)).sum()),
            "theft": side.count(("theft",), layer=RECORDED), "burglary": side.count(("burglary",), layer=RECORDED)}


def slopes(s: Stacked) -> tuple[float, float]:
    """Exponents of serious crime, and of theft less that of burglary, with the size of cities.

    Parameters
    ----------
    s : mapping
        What :func:`size_counts` gives, each float64[seeds, cities].
    """
    people = np.log(s["residents"].mean(axis=0))

    def slope(name: str) -> float:
        many = s[name].sum(axis=0)
        if (many <= 0).any():
            raise Unscored("a city without such crimes")
        return float(np.polyfit(people, np.log(many), 1)[0])

    return slope("serious"), slope("theft") - slope("burglary")
