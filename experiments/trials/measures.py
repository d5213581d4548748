"""Counting what studies count: crime at places, by people, in the city, in one of its layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.trials.contract import STEP, Ran
from sim.records import APART, TYPES

ALL = tuple(t for t in TYPES if t not in APART)
VIOLENT = ("robbery", "assault", "homicide", "extortion")
PROPERTY = ("burglary", "theft", "vehicle")
ACQUISITIVE = ("burglary", "theft", "vehicle", "robbery")
NIGHT = (20 * 60, 6 * 60)
SENTENCED = DEPENDENT = 2


def events(ran: Ran, types: Sequence[str] = ALL, layer: str = "true", first: int = 0, last: int | None = None,
           cells: np.ndarray | None = None, ids: np.ndarray | None = None, domestic: bool | None = None,
           outdoors: bool = False, night: bool = False, firearm: bool = False, grouped: bool = False) -> np.ndarray:
    """Mask over the log of the events that count.

    Parameters
    ----------
    ran : Ran
    types : names of crime types
    layer : {"true", "reported", "recorded", "cleared"}
        "cleared" counts offences that led to an arrest.
    first, last : int
        Scored days, the last one not included.
    cells : int array
        Only at these places.
    ids : int array
        Only by these persons, alone or with others.
    domestic : bool, optional
        Only events between members of a household, or only all others.
    outdoors, night, firearm, grouped : bool
        Only in the open, between 20:00 and 06:00, with a firearm, for a group.
    """
    log, day = ran.model.log, ran.day()
    mask = np.isin(log["type"], [TYPES.index(t) for t in types]) & (day >= first)
    if last is not None:
        mask &= day < last
    if layer != "true":
        mask &= log[layer]
    if cells is not None:
        mask &= np.isin(log["cell"], cells)
    if ids is not None:
        mask &= np.isin(log["offender_id"], ids) | np.isin(log["co_offenders"], ids).any(axis=1)
    if domestic is not None:
        mask &= log["domestic"] == domestic
    if outdoors:
        mask &= log["outdoors"]
    if night:
        mask &= (log["minute"] >= NIGHT[0]) | (log["minute"] < NIGHT[1])
    if firearm:
        mask &= log["firearm"]
    if grouped:
        mask &= log["group"] >= 0
    return mask


def count(ran: Ran, *args, **kwargs) -> float:
    """Number of events that :func:`events` selects."""
    return float(events(ran, *args, **kwargs).sum())


def around(ran: Ran, cells: np.ndarray, reach: int) -> np.ndarray:
    """Street cells within `reach` cells (in steps of a king) of `cells`, without these."""
    grid = ran.model.city.grid
    near = np.zeros((grid.height, grid.width), bool)
    y, x = np.divmod(np.asarray(cells, np.int64), grid.width)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            yy, xx = y + dy, x + dx
            ok = (yy >= 0) & (yy < grid.height) & (xx >= 0) & (xx < grid.width)
            near[yy[ok], xx[ok]] = True
    near = near.ravel() & (ran.model.city.area >= 0)
    near[cells] = False
    return np.flatnonzero(near)


def at_places(name: str, days: int, buffer: int = 2, **what):
    """Return a measure: crime at the treated places, in their buffer and in the city, with and without the measure.

    ``study.*`` is what an evaluator has: counts at treated and control places, before and after, in the arm alone.
    """
    layer = what.pop("layer", "recorded")
    types = what.pop("types", ALL)

    def measure(arm: Ran, base: Ran):
        state = arm.state(name)
        treated, control = state["treated_cells"], state["control_cells"]
        near = np.setdiff1d(around(arm, treated, buffer), control)
        kw = dict(what, layer=layer, last=days)
        out = {
            "at places": tuple(count(r, types, cells=treated, **kw) for r in (arm, base)),
            "buffer": tuple(count(r, types, cells=near, **kw) for r in (arm, base)),
            "city": tuple(count(r, types, **kw) for r in (arm, base)),
        }
        if len(control):
            before = dict(kw, first=-days, last=0)
            out["study.treated"] = (count(arm, types, cells=treated, **kw), count(arm, types, cells=treated, **before))
            out["study.control"] = (count(arm, types, cells=control, **kw), count(arm, types, cells=control, **before))
        return out

    return measure


def in_city(days: int, name: str = "city", **what):
    """Return a measure: the city's events with and without the measure."""
    types = what.pop("types", ALL)

    def measure(arm: Ran, base: Ran):
        return {name: tuple(count(r, types, last=days, **what) for r in (arm, base))}

    return measure


def by_people(name: str, last: int, types: Sequence[str], layer: str = "cleared", later: tuple[int, int] | None = None):
    """Return a measure: offences of the treated persons from the first day to `last`, and in a later window."""
    def measure(arm: Ran, base: Ran):
        ids = arm.state(name)["treated_ids"]
        out = {"by people": tuple(count(r, types, layer, last=last, ids=ids) for r in (arm, base)),
               "true": tuple(count(r, types, last=last, ids=ids) for r in (arm, base))}
        if later:
            kw = dict(first=later[0], last=later[1], ids=ids)
            out["later"] = tuple(count(r, types, layer, **kw) for r in (arm, base))
            out["later, true"] = tuple(count(r, types, **kw) for r in (arm, base))
        return out

    return measure


def inside(model) -> tuple[np.ndarray, np.ndarray]:
    """Watch: who serves a sentence, and who of them depends on drugs (ids)."""
    r = model.residents
    here = r["alive"] & (r["detained"] == SENTENCED)
    return np.sort(r["id"][here]), np.sort(r["id"][here & (r["use"] == DEPENDENT)])


def rearrested(days: int, follow: int = 365, dependents: bool = False):
    """Return a measure: share of those released from a sentence who are arrested again within `follow` days.

    Released is who was inside at one look and not at the next (`STEP` days apart); everybody counts once, with his
    first release between half a year after the first day (who comes out before has hardly met the programme) and the
    last day from which he can be followed.

    Parameters
    ----------
    dependents : bool
        Only those who depended on drugs when they were first seen inside: treatment must not choose who counts.
    """
    def share(ran: Ran) -> tuple[float, float]:
        out: dict[int, int] = {}
        known: dict[int, bool] = {}
        for k, (here, dependent) in enumerate(ran.seen):
            day = k * STEP
            if k and 182 <= day <= days - follow:
                for person in np.setdiff1d(ran.seen[k - 1][0], here).tolist():
                    if known[person] or not dependents:
                        out.setdefault(person, day)
            needy = set(dependent.tolist())
            for person in here.tolist():
                known.setdefault(person, person in needy)
        log, day = ran.model.log, ran.day()
        again = set()
        for e in np.flatnonzero(log["cleared"] & (day >= 0)):
            for person in (int(log["offender_id"][e]), *log["co_offenders"][e].tolist()):
                if person in out and out[person] <= log["cleared_day"][e] < out[person] + follow:
                    again.add(person)
        return float(len(again)), float(len(out))

    def measure(arm: Ran, base: Ran):
        a, b = share(arm), share(base)
        return {"rearrested": (a[0] / max(a[1], 1), b[0] / max(b[1], 1)), "released": (a[1], b[1])}

    return measure


def mean_of(series: str, days: int, name: str = "city"):
    """Return a measure: mean of a daily series over the first `days` scored days."""
    def measure(arm: Ran, base: Ran):
        out = []
        for r in (arm, base):
            columns = r.model.series.columns()
            scored = (columns["day"] >= 0) & (columns["day"] < days)
            out.append(float(np.nanmean(columns[series][scored])))
        return {name: tuple(out)}

    return measure


def together(**measures):
    """Return a measure with the outcomes of several; an outcome takes the name of its measure where they share one."""
    def measure(arm: Ran, base: Ran):
        out = {}
        for name, one in measures.items():
            found = one(arm, base)
            out.update(found if len(found) > 1 else {name: next(iter(found.values()))})
        return out

    return measure
