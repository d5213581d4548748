"""A common budget for all interventions of a run: money comes in evenly, and doses follow the money.

Every intervention's cost is proportional to its dose. The doses of a day are multiplied by one common factor, so that
what has been spent never exceeds what has come in. What is not spent is kept.
"""

from __future__ import annotations

from typing import Any

YEAR = 365
MOST = 10.0  # times the planned dose
SAVINGS_DAYS = 90  # over which savings are used up when everything is to be spent


class Purse:
    """Money that has come in and gone out since the first scored day.

    Parameters
    ----------
    budget : float
        Money a year; 0 is no budget at all.
    spend_all : bool
        Raise doses too, up to `MOST` times, when the money allows it: options then cost the same.
    """

    def __init__(self, budget: float, spend_all: bool):
        self.budget, self.spend_all = budget, spend_all
        self.state: dict[str, Any] = dict(day=-1, spent=0.0, today=0.0)

    def factor(self, day: int, wanted: float) -> float:
        """Common factor on the doses of a day that would cost `wanted`; asking twice for a day asks anew."""
        if not self.budget or day < 0:
            return 1.0
        s = self.state
        if s["day"] != day:
            s.update(day=day, spent=s["spent"] + s["today"], today=0.0)
        income = self.budget / YEAR
        savings = max(0.0, income * day - s["spent"])
        if wanted <= 0:
            return 1.0
        if self.spend_all:
            factor = min(MOST, (income + savings / SAVINGS_DAYS) / wanted)
        else:
            factor = min(1.0, (income + savings) / wanted)
        s["today"] = factor * wanted
        return factor
