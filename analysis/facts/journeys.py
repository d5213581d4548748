"""Journeys to crime (F04). Homes are those of the last day, so the last scored year is used."""

from __future__ import annotations

import numpy as np

from analysis.facts.base import Unscored, measure
from analysis.facts.records import PROPERTY, VIOLENT, Records
from sim.records import CODE

LEAST, SAMPLED = 100, 30


def trips(run: Records, types) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Events of the last year away from a household's own home: (rows, place of the offender's home, distance in m)."""
    e = run.events
    which = run.mask(types, domestic=False) & (e["day"] >= run.days - 365) & (e["offender"] >= 0) & (e["place"] >= 0)
    rows = np.flatnonzero(which)
    person = run.row_of(e["offender"][rows])
    home = np.where(person >= 0, run.people["place"][np.maximum(person, 0)], -1)
    rows, home = rows[home >= 0], home[home >= 0]
    x, y = run.centre(home)
    to_x, to_y = run.centre(e["place"][rows])
    return rows, home, np.hypot(to_x - x, to_y - y)


def _enough(found: tuple) -> tuple:
    if len(found[0]) < LEAST:
        raise Unscored(f"needs {LEAST} events with a known offender, the run has {len(found[0])}")
    return found


@measure("F04a")
def median_distance(run: Records) -> float:
    """Median distance in km from the offender's home."""
    return float(np.median(_enough(trips(run, PROPERTY + VIOLENT))[2])) / 1000


def supply(run: Records, kind: int) -> np.ndarray:
    """Targets of a type by place: homes, shops and passers-by."""
    p = run.places
    homes = p["dwellings"].astype(float)
    if kind in (CODE["burglary"], CODE["vehicle"]):
        weight = homes
    elif kind == CODE["theft"]:
        shops, flow = p["shops"].astype(float), p["flow"].astype(float)
        weight = shops / max(shops.sum(), 1e-9) + flow / max(flow.sum(), 1e-9)
    else:
        weight = p["flow"].astype(float)
    return weight / weight.sum() if weight.sum() > 0 else np.full(len(weight), 1 / len(weight))


@measure("F04b")
def against_opportunity(run: Records) -> float:
    """Mean distance over the mean distance from the same homes to a target drawn by supply."""
    rows, home, far = _enough(trips(run, PROPERTY + VIOLENT))
    rng = np.random.default_rng([run.seed, 402])
    expected = np.empty(len(rows))
    kinds = run.events["kind"][rows]
    for kind in np.unique(kinds):
        mine = np.flatnonzero(kinds == kind)
        drawn = rng.choice(run.n_places, (len(mine), SAMPLED), p=supply(run, kind))
        x, y = run.centre(home[mine])
        to_x, to_y = run.centre(drawn)
        expected[mine] = np.hypot(to_x - x[:, None], to_y - y[:, None]).mean(axis=1)
    return float(far.mean() / expected.mean())


@measure("F04c")
def violence_nearer(run: Records) -> float:
    """Median distance of violence over that of property crime."""
    return float(np.median(_enough(trips(run, VIOLENT))[2]) / max(np.median(_enough(trips(run, PROPERTY))[2]), 1.0))
