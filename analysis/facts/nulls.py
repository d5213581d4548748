"""Null worlds. A fact counts only if the world that lacks its mechanism fails it.

Two sorts. *Record* nulls are made here from a stored run: events are dealt anew, so that they have the same numbers
and nothing else. *Model* nulls are runs of their own with a mechanism switched off (:data:`WORLDS`), which
:mod:`experiments.validate` makes. What a null world cannot measure at all does not count as its failure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.facts.records import VICTIM, Records
from sim.records import APART, CODE

LOGNORMAL_SD = 1.75


@dataclass(frozen=True)
class Null:
    """A null world: what it is called on the page, and what it lacks."""

    title: str
    text: str
    deal: Callable[[Records, np.random.Generator], Records] | None = None  # record nulls
    change: Mapping[str, Any] | None = None  # model nulls: changes to the specification


def _scatter(run: Records, place: np.ndarray, rng: np.random.Generator) -> Records:
    """Put the events at places, at a random point of the cell, and on random days."""
    x, y = run.centre(place)
    jitter = rng.uniform(-0.5, 0.5, (2, len(place))) * run.cell_m
    day = rng.integers(-run.burn_in_days, max(run.days, 1), len(place))
    scored = run.events["day"] >= 0  # as many in the scored period as there were
    day[scored] = rng.integers(0, max(run.days, 1), scored.sum())
    day[~scored] = rng.integers(-run.burn_in_days, 0, (~scored).sum()) if run.burn_in_days else -1
    return run.with_events(place=place, x=x + jitter[0], y=y + jitter[1], day=day,
                           dwelling=np.full(len(place), -1))


def poisson_cells(run: Records, rng: np.random.Generator) -> Records:
    """Events fall on places and days alike."""
    return _scatter(run, rng.integers(0, run.n_places, len(run.events["day"])), rng)


def lognormal_surface(run: Records, rng: np.random.Generator) -> Records:
    """Every place has a fixed risk from a lognormal distribution; nobody acts."""
    risk = np.exp(LOGNORMAL_SD * rng.standard_normal(run.n_places))
    return _scatter(run, rng.choice(run.n_places, len(run.events["day"]), p=risk / risk.sum()), rng)


def wandering(run: Records, rng: np.random.Generator) -> Records:
    """As concentrated as the run in every year, but the hot places are others each year."""
    place, year = run.events["place"].copy(), run.events["day"] // 365
    for k in np.unique(year):
        mine = (year == k) & (place >= 0)
        place[mine] = rng.permutation(run.n_places)[place[mine]]
    return run.with_events(place=place)


def shuffled_types(run: Records, rng: np.random.Generator) -> Records:
    """Types are dealt anew among recorded crimes with a victim: every type as concentrated as the next."""
    kind = run.events["kind"].copy()
    mine = np.flatnonzero(run.mask(VICTIM, "recorded"))
    kind[mine] = rng.permutation(kind[mine])
    return run.with_events(kind=kind)


def homogeneous_targets(run: Records, rng: np.random.Generator) -> Records:
    """Every adult, and every home, is as likely a victim as any other."""
    e, p = run.events, run.people
    adults = p["id"][p["age"] >= 16]
    victim, dwelling = e["victim"].copy(), e["dwelling"].copy()
    some = victim >= 0
    victim[some] = rng.choice(adults, some.sum())
    homes = np.unique(p["dwelling"][p["dwelling"] >= 0])
    some = dwelling >= 0
    dwelling[some] = rng.choice(homes, some.sum())
    at_home = np.isin(e["kind"], [CODE["burglary"], CODE["vehicle"]])
    return run.with_events(victim=np.where(at_home & some, -1, victim), dwelling=dwelling)


def _offenders(run: Records, pool: Callable[[np.ndarray], np.ndarray], rng: np.random.Generator) -> Records:
    """Deal the offenders of all events anew among a pool of people, alike."""
    e = run.events
    out, partners = e["offender"].copy(), e["partners"].copy()
    mine = ~np.isin(e["kind"], [CODE[t] for t in APART])
    drawn = pool(np.unique(np.concatenate([out[mine], partners[mine].ravel()])))
    if not len(drawn):
        return run
    some = mine & (out >= 0)
    out[some] = rng.choice(drawn, some.sum())
    there = mine[:, None] & (partners >= 0)
    partners[there] = rng.choice(drawn, there.sum())
    return run.with_events(offender=out, partners=partners)


def anybody(run: Records, rng: np.random.Generator) -> Records:
    """Everybody aged 10 or over offends alike."""
    return _offenders(run, lambda _: run.people["id"][run.people["age"] >= 10], rng)


def equal_offenders(run: Records, rng: np.random.Generator) -> Records:
    """Those who ever offended offend alike."""
    return _offenders(run, lambda ids: ids[(ids >= 0) & (run.row_of(ids) >= 0)], rng)


def uniform_hours(run: Records, rng: np.random.Generator) -> Records:
    """Events fall on minutes and days alike."""
    n = len(run.events["day"])
    day = np.where(run.events["day"] >= 0, rng.integers(0, max(run.days, 1), n), run.events["day"])
    return run.with_events(minute=rng.integers(0, 1440, n), day=day)


def shuffled_areas(run: Records, rng: np.random.Generator) -> Records:
    """Rates are dealt anew among neighbourhoods."""
    from dataclasses import replace

    return replace(run, shuffle=rng.permutation(run.n_areas))


def constant_hazard(run: Records, rng: np.random.Generator) -> Records:
    """The released are arrested as often as other residents of their age and sex."""
    from dataclasses import replace

    if "released_id" not in run.watched:
        return run
    p = run.people
    band = np.clip(p["age"] // 5, 0, 15) * 2 + p["male"]
    released = run.row_of(run.watched["released_id"])
    gone, chosen = released < 0, released.copy()
    for k in np.unique(band[released[~gone]]):
        mine = np.flatnonzero(~gone & (band[released] == k))
        chosen[mine] = rng.choice(np.flatnonzero(band == k), len(mine))
    ids = np.where(gone, -1, p["id"][np.maximum(chosen, 0)])
    return replace(run, watched={**run.watched, "released_id": ids})


NO_LEARNING = {
    "mechanism": {
        "offending": {"good_place": 0.0, "memory_pull": 0.0, "skill": 0.0, "capital": 0.0, "capital_step": 0.0,
                      "grudge": 0.0, "home_conflict": 0.0, "alert": 0.0},
        "deterrence": {"own_arrest": 0.0, "tie_arrest": 0.0, "sighting": 0.0, "impunity": 0.0, "memory_strength": 0.0},
    }
}
NULLS: dict[str, Null] = {
    "N0": Null("Poisson on cells", "Events fall on places and days alike.", poisson_cells),
    "N1": Null("fixed risk surface", f"A lognormal risk of places (sd {LOGNORMAL_SD:g}) that never changes; nobody "
               "acts.", lognormal_surface),
    "N2": Null("no learning", "Nobody remembers places, police, arrests, quarrels or skill.", change=NO_LEARNING),
    "N3": Null("random movement", "Every outing goes to any place of the city, each alike.",
               change={"mechanism": {"routines": {"aimless": True}}}),
    "no_ties": Null("no ties", "Nobody joins a friend's offence.",
                    change={"mechanism": {"offending": {"joint": 0.0}}}),
    "wandering": Null("wandering hot spots", "As concentrated, at other places each year.", wandering),
    "same_types": Null("types alike", "Types dealt anew among crimes.", shuffled_types),
    "same_targets": Null("homogeneous targets", "Every adult and home is as likely a victim.", homogeneous_targets),
    "anybody": Null("anybody offends", "Everybody aged 10 or over offends alike.", anybody),
    "equal_offenders": Null("equal offenders", "Those who ever offended offend alike.", equal_offenders),
    "no_schedules": Null("no schedules", "Events fall on all hours and days alike.", uniform_hours),
    "same_areas": Null("random neighbourhoods", "Rates dealt anew among neighbourhoods.", shuffled_areas),
    "constant_hazard": Null("constant hazard", "The released are arrested as others of their age and sex are.",
                            constant_hazard),
    "no_fading": Null("deterrence does not fade", "Patrols that left are felt as if they were there."),
    "no_entry": Null("no entry", "Nobody starts to sell or to import, and orders do not follow margins."),
    "no_effect": Null("no reaction", "Two arms that differ by chance alone."),
    "fixed_budget": Null("fixed budgets", "Users spend the same, whatever the price."),
    "full_displacement": Null("fixed motivation", "Every offence prevented is committed next door."),
}
RECORD = tuple(name for name, null in NULLS.items() if null.deal)
WORLDS = tuple(name for name, null in NULLS.items() if null.change)


def deal(name: str, run: Records) -> Records:
    """The record null `name` of a run, the same every time."""
    return NULLS[name].deal(run, np.random.default_rng([run.seed, RECORD.index(name), 900]))
