"""What there is to gain at places: the turnover of drug sales and businesses that can be extorted."""

from __future__ import annotations

import numpy as np

ESTABLISHED = 45  # days at which a seller counts as established


def market(model) -> dict[str, np.ndarray]:
    """Places of sale: cells (ascending), weekly turnover in weekly median wages, established sellers."""
    drugs = model.mechanisms.get("drugs")
    sellers = drugs.state.get("sellers") if drugs is not None and drugs.params.enabled else None
    if sellers is None or not len(sellers["id"]):
        return dict(cell=np.empty(0, np.int64), turnover=np.empty(0), established=np.empty(0))
    stands = sellers["place"] >= 0
    cell, at = np.unique(sellers["place"][stands].astype(np.int64), return_inverse=True)
    weekly = 7.0 * sellers["sold"][stands] * sellers["price"][stands] / wage(model)
    old = (model.day - sellers["since"][stands] >= ESTABLISHED).astype(float)
    # Sellers stand in the order of their ids, so that sums do not depend on the order of residents.
    return dict(cell=cell, turnover=np.bincount(at, weekly, len(cell)), established=np.bincount(at, old, len(cell)))


def wage(model) -> float:
    """Median weekly income, the unit of money here."""
    median = float(model.mechanisms["economy"].state.get("median", 0.0))
    return median if median > 0 else 400.0


def willing(model, cells: np.ndarray, strength, p) -> np.ndarray:
    """Share of the businesses of a cell that pay when a group asks: more to strong ones, fewer where people trust one
    another.

    strength : fighting strength of the group, about the number of its members.
    """
    efficacy = model.layers["efficacy"][cells].astype(float)
    fear = np.log(np.maximum(strength, 0.1) / 10.0)
    return 1.0 / (1.0 + np.exp(p.courage + p.refusal * efficacy - fear))


def weeks_between(table: dict, p) -> np.ndarray:
    """Weeks from one collection of each group to the next (uint64, at least 1).

    Who is sure of a place takes a little for long; who may lose it soon takes what there is (Olson 1993; Magaloni et
    al. 2020: more extortion where groups contest a territory). A group is unsure after the loss of a leader and while
    attacks between it and others are unanswered.
    """
    unsettled = table["debt"].sum(axis=0) + table["debt"].sum(axis=1)
    weeks = p.visit * table["cohesion"] / (1.0 + p.haste * unsettled)
    return np.maximum(np.rint(weeks), 1.0).astype(np.uint64)


def prizes(model, p) -> dict[str, np.ndarray]:
    """All places worth holding: cells, weekly rent of drug sales and of extortion, established sellers."""
    m = market(model)
    count = (model.layers["shops"] + model.layers["bars"]).astype(np.int64)
    shops = np.flatnonzero(count > 0)
    cell = np.union1d(m["cell"], shops)
    rent, fees, established = np.zeros(len(cell)), np.zeros(len(cell)), np.zeros(len(cell))
    at = np.searchsorted(cell, m["cell"])
    rent[at], established[at] = p.rent * m["turnover"], m["established"]
    at = np.searchsorted(cell, shops)
    fees[at] = p.fee * count[shops] * willing(model, shops, 10.0, p)
    return dict(cell=cell, rent=rent, fees=fees, established=established)
