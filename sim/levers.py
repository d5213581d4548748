"""Levers: the named values that interventions change and mechanisms read.

An intervention never touches an outcome. It puts a contribution on a lever (more light in these cells, more
treatment slots, a visit plan for these places); the lever's value is its base plus the contributions of all
interventions, added in the order of their names. A contribution of zero changes no bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.columns import near, whole_numbers


@dataclass(frozen=True)
class Lever:
    """Declaration: `scope` is "cells", "residents", "dwellings", "city" (a number) or "orders" (a list of records)."""

    scope: str
    unit: str
    doc: str


LEVERS: dict[str, Lever] = {
    # places
    "light": Lever("cells", "0-1", "added lamp light at night, on the scale of the layer `light`"),
    "management": Lever("cells", "0-1", "added management of places: owners, staff and neighbours who watch and act"),
    "security": Lever("cells", "sd", "added security of dwellings, shops and vehicles"),
    "gated": Lever("cells", "sd", "hidden access to dwellings that is closed, taken off their cover"),
    "cameras": Lever("cells", "0-1", "share of the public space in view of cameras that are watched or recorded"),
    "cleaned": Lever("cells", "0-1", "share of physical disorder, vacant lots and derelict houses put in order"),
    "organising": Lever("cells", "sd a year", "effort put into building collective efficacy"),
    "watch": Lever("cells", "0-1", "residents at home who take part in a neighbourhood watch"),
    "mediation": Lever("cells", "0-1", "retaliation planned there that mediators hear of in time"),
    "services": Lever("cells", "0-1", "added quality of public services"),
    "contacts": Lever("cells", "per week", "friendly contacts of officers with residents, per 100 residents"),
    "sweeps": Lever("cells", "0-1", "share of the sellers standing there who are searched in a day"),
    # patrols and police
    "visits": Lever("orders", "-", "patrol visits wanted: dict(cells, minutes, per_day, extra)"),
    "force": Lever("city", "ratio", "added police hours, relative to those of the baseline"),
    "fairness": Lever("city", "0-1", "added fairness of stops and arrests as those concerned see it"),
    "accountability": Lever("city", "0-1", "share of officers' contacts that can be looked at later (cameras worn)"),
    "arrest_sellers": Lever("city", "share a week", "established sellers who are arrested besides"),
    "arrest_leaders": Lever("city", "leaders", "leaders of groups to be arrested while the contribution lasts, in all"),
    # people
    "restraint": Lever("residents", "sd", "added self-control in disputes and temptation"),
    "occupied": Lever("residents", "share", "share of free waking hours spent in supervised activity"),
    "earnings": Lever("residents", "per week", "added legal income"),
    "bond": Lever("residents", "ties", "added ties to people who would mind: a mentor, a trainer, a caring school"),
    "family": Lever("residents", "0-1", "added family support and supervision of a minor"),
    "labelled": Lever("residents", "0-1", "contact with offenders and the label that a programme brings with it"),
    "certainty": Lever("residents", "0-1", "risk of arrest that the person is credibly told of"),
    "disarmed": Lever("residents", "0-1", "hands in the firearm he holds (1) while the contribution lasts"),
    "drug_education": Lever("residents", "0-1", "share of offers of a first dose that the person turns down more"),
    "hardened": Lever("dwellings", "sd", "added security of a home"),
    "immobilised": Lever("dwellings", "sd", "added security of the household's cars"),
    # city-wide rules and services
    "treatment_slots": Lever("city", "slots", "added places in treatment of drug use disorders"),
    "retention": Lever("city", "0-1", "share of the reasons for leaving treatment early that is taken away"),
    "bars_closed": Lever("city", "0-1", "share of the hours from 23:00 to 06:00 in which bars are closed"),
    "alcohol_price": Lever("city", "share", "rise of the price of alcohol"),
    "curfew": Lever("city", "0-1", "share of outings after dark that are given up"),
    "reporting_ease": Lever("city", "logit", "easier reporting: channels, victim services"),
    "gun_licence": Lever("city", "0-1", "share of attempts to get a firearm that fail"),
    "gun_ban": Lever("city", "0-1", "share of holders who leave the firearm at home that day"),
    "diversion": Lever("city", "0-1", "share of minor first cases kept out of court"),
    "drug_court": Lever("city", "0-1", "share of dependent defendants sent to supervised treatment instead of custody"),
    "swift_sanctions": Lever("city", "0-1", "share of violations under supervision that are answered at once, briefly"),
    "custody_use": Lever("city", "logit", "odds of custody at sentence"),
    "custody_length": Lever("city", "log ratio", "length of custody"),
    "prison_programmes": Lever("city", "0-1", "share of prisoners in cognitive-behavioural programmes"),
    "therapeutic_community": Lever("city", "0-1", "share of dependent prisoners treated inside"),
    "aftercare": Lever("city", "0-1", "share of the released who are followed and helped for half a year"),
    "reentry_jobs": Lever("city", "0-1", "share of the jobless released who are given work for half a year"),
    "court_speed": Lever("city", "log ratio", "how much faster courts sentence those detained"),
    # institutions
    "audits": Lever("city", "0-1", "added probability that an official's or office's conduct is audited in a year"),
    "integrity": Lever("city", "0-1", "added share of bribes that controls find"),
    "police_pay": Lever("city", "log ratio", "rise of officers' pay"),
    "transparency": Lever("city", "0-1", "open budgets and published decisions"),
    "scandal": Lever("city", "0-1", "loss of trust in a police scandal, on the day it breaks"),
    "budget_cut": Lever("city", "share", "share of the city's safety budget that is cut"),
    "jobs_lost": Lever("city", "share", "share of jobs missing"),
    # beyond the city; `interdiction` is that of drugs
    "interdiction": Lever("city", "share", "added share of drug shipments seized on the way to the city"),
    "checks": Lever("orders", "-", "added seizures on one route: dict(flow, route, share)"),
    "inflow": Lever("orders", "-", "what arrives at most or more: dict(flow, share) with -0.6 for a cut by 60 %"),
    "external_price": Lever("orders", "-", "rise of the price beyond the city: dict(flow, share)"),
}

# What an order of each kind must say.
ORDERS: dict[str, tuple[str, ...]] = {
    "visits": ("cells", "minutes", "per_day"),
    "checks": ("flow", "route", "share"),
    "inflow": ("flow", "share"),
    "external_price": ("flow", "share"),
}


class Board:
    """Holds every intervention's contributions and the combined values."""

    def __init__(self, sizes: dict[str, int], rows):
        self._sizes = sizes
        self._rows = rows  # function: (scope, ids) -> rows, -1 for the gone
        self._given: dict[str, dict[str, tuple[Any, Any]]] = {name: {} for name in LEVERS}
        self._value: dict[str, Any] = {}
        self._zeros: dict[str, np.ndarray] = {}
        for name in LEVERS:
            self._combine(name)

    def put(self, source: str, lever: str, where: Any, value: Any) -> None:
        """Set the contribution of `source` to a lever, replacing its earlier one.

        Parameters
        ----------
        source : str
            Name of the intervention.
        lever : str
            A name in :data:`LEVERS`.
        where : array of int or None
            Cells, or ids of residents or dwellings; None for a "city" or "orders" lever.
        value : array, number or dict

        Raises
        ------
        KeyError, TypeError, ValueError, IndexError
            In one line, for what would otherwise reach other places or people than were meant.
        """
        if lever not in LEVERS:
            raise KeyError(f"no lever {lever!r}; levers: {', '.join(sorted(LEVERS))}")
        self._check(f"{source}: lever {lever!r}", lever, where, value)
        self._given[lever][source] = (where, value)
        self._combine(lever)

    def _check(self, what: str, lever: str, where: Any, value: Any) -> None:
        scope = LEVERS[lever].scope
        if scope in ("city", "orders"):
            if where is not None:
                raise TypeError(f"{what} acts on the whole city: expected None as where, found {type(where).__name__}")
            if scope == "orders":
                lacks = [key for key in ORDERS[lever] if not isinstance(value, dict) or key not in value]
                if lacks:
                    raise TypeError(f"{what}: expected a dict with {', '.join(ORDERS[lever])}; "
                                    f"{', '.join(lacks)} missing")
                return
        else:
            rows = whole_numbers(where, f"{what}, where ({'cells' if scope == 'cells' else f'ids of {scope}'})")
            if np.shape(value) not in ((), (1,), rows.shape):
                raise ValueError(f"{what}: expected one value or {rows.size}, as many as {scope} named, found an array "
                                 f"of shape {np.shape(value)}")
            if scope == "cells" and rows.size and not -1 <= rows.min() <= rows.max() < self._sizes[scope]:
                raise IndexError(f"{what}: expected cells below {self._sizes[scope]}, found {rows.min()} to "
                                 f"{rows.max()}")
        number = np.asarray(value)
        if number.dtype.kind not in "biuf" or (scope == "city" and number.ndim) or not np.isfinite(number).all():
            raise ValueError(f"{what}: expected {'a finite number' if scope == 'city' else 'finite numbers'}, "
                             f"found {value!r}")

    def withdraw(self, source: str) -> None:
        """Take back everything `source` has contributed."""
        for lever, given in self._given.items():
            if given.pop(source, None) is not None:
                self._combine(lever)

    def __getitem__(self, lever: str):
        try:
            return self._value[lever]
        except KeyError:
            raise KeyError(f"no lever {lever!r}{near(lever, LEVERS)}") from None

    def _combine(self, name: str) -> None:
        scope, given = LEVERS[name].scope, self._given[name]
        parts = [(source, *given[source]) for source in sorted(given)]
        if scope == "orders":
            self._value[name] = [dict(value, source=source) for source, _, value in parts]
        elif scope == "city":
            self._value[name] = float(sum(value for _, _, value in parts)) if parts else 0.0
        else:
            if not any(np.any(np.asarray(value) != 0) for _, _, value in parts):
                self._value[name] = self._nothing(scope)
                return
            array = np.zeros(self._sizes[scope], np.float32)
            for _, where, value in parts:
                rows = np.asarray(where if scope == "cells" else self._rows(scope, where))
                here = rows >= 0  # whoever is gone since then is left out
                # a row that is named twice gets both contributions
                np.add.at(array, rows[here], np.broadcast_to(np.asarray(value, np.float32), rows.shape)[here])
            self._value[name] = array

    def idle(self, lever: str) -> bool:
        """True when nobody moves the lever of places or people: its value is zero everywhere."""
        return self._value[lever] is self._zeros.get(LEVERS[lever].scope)

    def _nothing(self, scope: str) -> np.ndarray:
        """The zeros shared by all levers of a scope that nobody moves: nobody writes to a lever's value."""
        zeros = self._zeros.get(scope)
        if zeros is None or len(zeros) != self._sizes[scope]:
            zeros = self._zeros[scope] = np.zeros(self._sizes[scope], np.float32)
        return zeros

    def refresh(self, sizes: dict[str, int]) -> None:
        """Rebuild the combined values after rows were added, moved or removed."""
        self._sizes = sizes
        for name, lever in LEVERS.items():
            if lever.scope in ("residents", "dwellings"):
                self._combine(name)

    def snapshot(self) -> dict:
        return {name: dict(given) for name, given in self._given.items()}

    def restore(self, saved: dict) -> None:
        self._given = {name: dict(saved.get(name, {})) for name in LEVERS}
        for name in LEVERS:
            self._combine(name)
