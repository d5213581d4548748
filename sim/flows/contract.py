"""The contract of a flow from beyond the city: what comes, how much, at what price, and where it enters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Flow:
    """Declaration of one flow.

    Attributes
    ----------
    name : str
    unit : str
        What one unit is.
    doc : str
    volume : float
        Units offered a week per 1,000 residents; 0 for a flow whose orders another mechanism gives.
    price : float
        Price of a unit beyond the city, in weekly median wages; 0 where another mechanism names it.
    seizure : float
        True share lost on the way where controls are spread evenly.
    carriage : float
        Cost of the way as a share of the price, in the mean over the entry points.
    """

    name: str
    unit: str
    doc: str
    volume: float
    price: float
    seizure: float
    carriage: float


NAMES = ("drugs", "firearms", "people", "money")
UNITS = ("doses", "firearms", "persons", "weekly median wages")
DOCS = (
    "drugs ordered by the city's importers",
    "firearms for those who look for one",
    "recruits from outside and persons who are trafficked into exploitation",
    "illicit money: proceeds that leave, capital that comes in when the market's own is short",
)


def declared(p) -> dict[str, Flow]:
    """Flows with the values of the parameters `p` (:class:`sim.flows.flows.FlowsParams`)."""
    return {name: Flow(name, UNITS[i], DOCS[i], p.volume[i], p.price[i], p.seizure[i], p.carriage[i])
            for i, name in enumerate(NAMES)}


def begin(flow: Flow, keys: np.ndarray, size: np.ndarray, waiting: np.ndarray) -> dict:
    """State of a flow on its first day: one value per entry point.

    cost : share of the price that the way costs; the busiest entry is the cheapest, because goods hide in traffic.
    belief : share that senders expect to lose; risk : the true one of today; watch : share of the controls there.
    """
    n = len(size)
    rank = np.argsort(np.argsort(-size, kind="stable"), kind="stable")
    cost = flow.carriage * (0.6 + 0.8 * rank / max(n - 1, 1)) if n > 1 else np.full(n, flow.carriage)
    zeros = {name: np.zeros(n) for name in ("sent_today", "seized_today", "landed_today", "landed_total",
                                            "seized_total", "sent_memory", "seized_memory")}
    return dict(key=keys, cost=cost, belief=np.full(n, flow.seizure), risk=np.full(n, flow.seizure),
                watch=np.full(n, 1.0 / n), share=np.full(n, 1.0 / n), waiting=waiting, usual=0.0, **zeros)
