"""What public institutions do in an area: money diverted by offices, services, and what residents make of it."""

from __future__ import annotations

import numpy as np

from sim.draws import normals
from sim.guardianship.neighbourhood import disadvantage

WINDOW = 182  # days of crime and police work that residents judge by


def diverted(model, p) -> np.ndarray:
    """Share of its budget that the office of each area would divert now (float64[areas]).

    It maximises ``x - c x^2 - audit * sanction * x``: what is taken, less the growing cost of hiding it, less the
    sanction that an audit brings. Hiding is dearer where the state is present, and offices differ in honesty.
    """
    own = normals(model.spec.city.seed, "governance.office", 0, np.arange(len(model.city.areas)))
    cost = p.hiding * np.exp(p.hiding_spread * own) * max(0.1, model.spec.city.state_presence)
    looked = min(1.0, p.audited + model.levers["audits"]) + p.open_books * model.levers["transparency"]
    return np.clip((1 - p.sanction * looked) / (2 * cost), 0.0, 0.6)


def presence(model) -> np.ndarray:
    """How well the state serves each area relative to well-off ones (float64[areas])."""
    columns = model.city.areas.columns
    poor = np.clip(0.5 + 0.25 * disadvantage(model), 0, 1)
    if "informal" in columns:
        poor = np.maximum(poor, np.clip(columns["informal"], 0, 1))
    return max(model.spec.city.state_presence, 0.02) ** poor


def experience(model, p) -> dict[str, np.ndarray]:
    """Of each area, from the last half year: crime, reports ignored, cases cleared, encounters, bad contacts.

    Rates are per 100 residents and year; shares are drawn towards the usual where there is little to go by.
    """
    r, log, areas = model.residents, model.log, len(model.city.areas)
    people = np.maximum(np.bincount(r["area"], r["alive"], areas), 1.0)
    first = int(np.searchsorted(log["tick"], model.tick - WINDOW * model.calendar.ticks_per_day))
    which = slice(first, len(log))
    rows = r.find(log["victim_id"][which])
    known = rows >= 0
    area = r["area"][rows[known]]
    reported, recorded, cleared = (log[name][which][known] for name in ("reported", "recorded", "cleared"))

    def count(mask):
        return np.bincount(area[mask], minlength=areas).astype(float)

    passed = min(WINDOW, model.day + model.calendar.burn_in_days + 1)
    unknown = p.little * (1 - passed / WINDOW)  # the city's first half year is read as usual in part
    crime = (count(np.ones(len(area), bool)) + unknown * p.usual_crime / 100) / (people * passed / 365 + unknown) * 100
    bribery = model.mechanisms.get("bribery")
    contacts = bribery.state.get("experience") if bribery is not None and bribery.params.enabled else None
    if contacts is None:
        contacts = np.zeros((areas, 4))
    memory = 180 / np.log(2) / 365  # years that the fading counts amount to
    bad = contacts[:, 1] + contacts[:, 2] + count(reported & ~recorded)
    return dict(
        crime=crime,
        cleared=(count(cleared) + p.little * p.usual_cleared) / (count(recorded) + p.little),
        bad=(bad + p.little * p.usual_bad) / (contacts[:, 0] + count(reported) + p.little),
        encounters=contacts[:, 3] / memory / (people + p.little * 5) * 100,
    )


def judged(model, p, service: np.ndarray) -> np.ndarray:
    """Legitimacy that the present state of things would lead to in each area (float64[areas])."""
    value = p.neutral + p.by_service * (service - p.usual_service) + p.by_openness * model.levers["transparency"]
    if model.spec.interactions:
        seen = experience(model, p)
        value = (value - p.by_procedure * (seen["bad"] - p.usual_bad)
                 + p.by_clearance * (seen["cleared"] - p.usual_cleared)
                 - p.by_crime * np.log((seen["crime"] + 5) / (p.usual_crime + 5))
                 - p.by_encounters * np.log((seen["encounters"] + 2) / (p.usual_encounters + 2)))
    return np.clip(value, 0.0, 1.0)
