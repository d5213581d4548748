"""The bargain: does an officer take a bribe, does the resident pay it, how much, in which form.

Both choose. The officer wants at least a moral cost, less where close colleagues take bribes, and the perceived risk
of losing a wage above the outside option (Becker & Stigler, 1974); a hidden form costs a little and is found less
often. The resident pays at most what the sanction or the delay is worth, within his means and his conscience. The
bribe is midway. A raise lifts what officers want: fewer deals and dearer ones (Foltz & Opoku-Agyemang, 2015).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.draws import normals, uniforms
from sim.governance.officers import SHIFTS, corrupt, met


@dataclass(frozen=True)
class Bargain:
    """Outcome of contacts, one element each; money in median weekly wages."""

    officer: np.ndarray
    paid: np.ndarray
    asked: np.ndarray
    amount: np.ndarray
    hidden: np.ndarray


def active(model) -> bool:
    """True when there are officers to bribe; without interactions between residents there is no bribery."""
    bribery = model.mechanisms.get("bribery")
    return bribery is not None and bribery.params.enabled and bool(model.spec.interactions)


def wages(model) -> float:
    """Median weekly wage in the city's currency."""
    economy = model.mechanisms.get("economy")
    median = float(economy.state.get("median", 0.0)) if economy is not None else 0.0
    return median if median > 0 else 500.0


def offer(model, ids, sanction_days) -> np.ndarray:
    """Do those about to be arrested pay the officer to let them go?

    The answer depends on the state at the time of asking and changes nothing; whoever asks keeps those who paid
    (with the days they faced) for the mechanism ``bribery``, which books the bribes later in the same tick.

    Parameters
    ----------
    model : CityModel
    ids : array of int
        Residents about to be arrested, each once.
    sanction_days : array or number
        Time in custody that each can expect.

    Returns
    -------
    bool array
        True for those who paid: no arrest is made.
    """
    ids = np.asarray(ids, np.int64)
    if not active(model) or not len(ids):
        return np.zeros(len(ids), bool)
    return bargain(model, "arrest", ids, sanction_days).paid


def bargain(model, kind: str, ids: np.ndarray, sanction_days=0.0) -> Bargain:
    """Bargain at contacts of the kind "arrest", "stop" or "service"."""
    mechanism = model.mechanisms["bribery"]
    p, s, r = mechanism.params, mechanism.state, model.residents
    rows = r.rows(ids)
    key = r["key"][rows]
    hours = model.calendar.tick_hours
    hour = int(model.slot * hours) if hours * SHIFTS <= 24 else None  # a longer tick sees every shift
    officer = met(s, where(model, rows, kind), draw(model, kind, "officer", key), kind != "service", hour)
    open_, hidden = reservation(model, p, s, officer, kind)
    days = np.broadcast_to(np.asarray(sanction_days, float), ids.shape)
    moral = s["moral"][officer] * (1 - p.company * s["company"][officer]) * (1 + days / p.gravity_days)
    want = moral + np.minimum(open_, hidden)
    worth, usual = stake(model, p, kind, rows, key, days)
    pay = willing(model, p, rows, key, worth)
    paid = pay > want
    return Bargain(officer, paid, paid | (want < usual), np.where(paid, (pay + want) / 2, 0.0), hidden < open_)


def draw(model, kind: str, what: str, key: np.ndarray) -> np.ndarray:
    return uniforms(model.seed, f"bribery.{kind}.{what}", model.tick, key)


def where(model, rows: np.ndarray, kind: str) -> np.ndarray:
    """Area of the contact: of the place for police contacts, of the home otherwise."""
    r = model.residents
    home = r["area"][rows].astype(np.int64)
    if kind == "service" or "cell" not in r:
        return home
    cell = r["cell"][rows]
    here = np.where(cell >= 0, model.city.area[np.maximum(cell, 0)], -1)
    return np.where(here >= 0, here, home)


def risk(model, p, police: bool) -> float:
    """Probability that an open bribe is found and sanctioned, as controls are today."""
    levers = model.levers
    audited = min(1.0, p.audited + levers["audits"])
    control = p.found * min(1.0, model.spec.city.state_presence) + audited * p.found_by_audit + levers["integrity"]
    return min(1.0, max(0.0, control))


def reservation(model, p, s, officer: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """What the risk of an open and of a hidden bribe is worth to each officer."""
    raised = np.exp(model.levers["police_pay"]) if kind != "service" else 1.0
    rent = max(0.0, p.wage * raised - p.outside) * p.horizon
    perceived = np.minimum(s["belief"][officer], 1.0)
    return perceived * rent, p.hidden * perceived * rent + p.hidden_cost


def stake(model, p, kind: str, rows, key, days) -> tuple[np.ndarray, np.ndarray]:
    """What the favour is worth to each resident, and what an officer expects it to be worth."""
    r = model.residents
    spread = np.exp(p.value_spread * normals(model.seed, f"bribery.{kind}.value", model.tick, key))
    if kind == "arrest":
        income = np.maximum(r["income"][rows] / wages(model), p.means_floor) / 7
        usual = (1 + p.stake_horizon * -np.expm1(-days / p.stake_horizon)) / 7 * p.means_floor
        return (1 + p.stake_horizon * -np.expm1(-days / p.stake_horizon)) * income, usual
    if kind == "stop":
        grounds = draw(model, kind, "grounds", key) < p.stop_grounds
        return np.where(grounds, p.stop_value * spread, 0.0), np.where(grounds, p.stop_value, 0.0)
    service = model.layers["service"][r["home"][rows]] if "service" in model.layers else np.full(len(rows), 0.5)
    usual = p.service_value * (1 - service.astype(float))
    return usual * spread, usual


def willing(model, p, rows, key, worth) -> np.ndarray:
    """The most each resident would pay."""
    r = model.residents
    median = wages(model)
    means = np.maximum(r["income"][rows] / median, p.means_floor) * p.means
    if "cash" in r:
        means = means + r["cash"][rows] / median
    qualms = p.qualms * np.exp(p.qualms_spread * normals(model.seed, "bribery.qualms", 0, key))
    if "trust" in r:
        qualms = qualms * r["trust"][rows]
    return np.minimum(worth, means) - qualms


def refresh(state: dict) -> None:
    """Recompute what follows from the officers' state."""
    state["company"] = corrupt(state)
