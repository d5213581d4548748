"""Facts that need experiments: their arms, plain changes to a specification.

:mod:`experiments.validate` runs the arms from one shared burn-in per seed; :mod:`analysis.facts.trials` counts and
scores what they left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BASE = "baseline"
ENTRY = {"mechanism": {"drugs": {"entry": 0.0, "orders_follow": 0.0}, "flows": {"finance": 0.0}}}
# Officers on top of the force, three hours a day at a place, as was meant in Minneapolis (Sherman and Weisburd 1995).
HOT = {"share": 0.05, "trial": True, "visits_per_day": 12.0, "minutes": 15.0, "extra": True}
WALKED = {"start": 0, "share": 0.03, "trial": True}
PATROLLED, LEFT = 154, (28, 84)  # days of foot patrol; days after it that are looked at
MARKET_DAYS = 90  # in which arrests of sellers are looked at
SEIZED = (0.12, 0.30)  # share of drugs seized on the way: usual and raised
POINTS, DEARER, FORCE = 0.05, 0.5, 0.5


def _days(days: int) -> dict[str, float]:
    """An arm that nobody looks at after so many days ends there."""
    return {"years": days / 365}


WALK, RAID = _days(PATROLLED + LEFT[1]), _days(MARKET_DAYS)
ARMS: dict[str, Mapping[str, Any]] = {
    "recession": {"shock": {"unemployment": {"start": 0, "share": POINTS, "half_life_days": 36_500.0}}},
    "shortage": {"shock": {"supply_shock": {"start": 0, "end": 30, "share": 0.6}}},
    "interdiction": {"intervention": {"supply_interdiction": {"share": 1 - (1 - SEIZED[1]) / (1 - SEIZED[0])}}},
    "dear_drugs": {"shock": {"price_shock": {"start": 0, "share": DEARER}}},
    "seller_arrests": {"intervention": {"seller_arrests": {"start": 0, "end": 7, "sellers": 0.3}}, **RAID},
    "hot_spots": {"intervention": {"hot_spots_patrol": HOT}},
    "foot_patrol": {"intervention": {"foot_patrol": {**WALKED, "end": PATROLLED}}, **WALK},
    "stays": {"intervention": {"hot_spots_patrol": {"share": 0.05, "visits_per_day": 8.0, "minutes": 13.0,
                                                    "extra": True}}},
    "glances": {"intervention": {"hot_spots_patrol": {"share": 0.05, "visits_per_day": 8.0, "minutes": 1.0,
                                                      "extra": True}}},
    "more_police": {"intervention": {"more_police": {"force": FORCE}}},
}
# Arms of null worlds: (null, its change, the arms in it, "" for a baseline of its own). Deterrence that does not fade
# is that of patrols that have not left.
NULL_ARMS: dict[str, tuple[Mapping[str, Any], Mapping[str, Mapping[str, Any]]]] = {
    "no_fading": ({}, {"foot_patrol": {"intervention": {"foot_patrol": {**WALKED, "end": PATROLLED + LEFT[1]}},
                                       **WALK}}),
    "no_entry": (ENTRY, {"": {}, "shortage": ARMS["shortage"], "seller_arrests": ARMS["seller_arrests"]}),
}
SIZES = tuple(round(4_000 * 2 ** (4 * k / 7)) for k in range(8))  # residents; 16-fold from first to last


def all_arms() -> dict[str, Mapping[str, Any]]:
    """Every arm of the experiments, null worlds included."""
    out = dict(ARMS)
    for null, (change, arms) in NULL_ARMS.items():
        out.update({f"{null}/{arm}" if arm else null: {**change, **more} for arm, more in arms.items()})
    return out


def size_arms() -> dict[str, Mapping[str, Any]]:
    """Cities of the same rules, from small to large."""
    return {f"{n} residents": {"city": {"residents": n}} for n in SIZES}
