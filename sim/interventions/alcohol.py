"""Alcohol: closing hours and price."""

from __future__ import annotations

from dataclasses import dataclass

from sim.interventions.contract import InterventionParams
from sim.interventions.kinds import Measure
from sim.parameters import param
from sim.registry import intervention


@dataclass(frozen=True)
class HoursParams(InterventionParams):
    """Closing hours."""

    bars_closed: float = param(1.0, unit="0-1", low=0, high=1, source="evidence row I50 (closed from 23:00 to 06:00)",
                               doc="hours from 23:00 to 06:00 in which bars are closed")
    cost_per_resident: float = param(0.8, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement: inspectors", doc="enforcement")


@intervention
class AlcoholHours(Measure):
    """Bars close from 23:00 to 06:00 (Diadema; Duailibi et al., 2007)."""

    name = "alcohol_hours"
    level = "local"
    target = "bars"
    levers = ("bars_closed",)
    evidence = ("I50",)
    side_effects = "lost trade and jobs; drinking at home and in the street"
    Params = HoursParams

    def amounts(self, model):
        return {"bars_closed": self.params.bars_closed}


@dataclass(frozen=True)
class TaxParams(InterventionParams):
    """A tax."""

    price: float = param(0.15, unit="share", low=0, high=3, source="evidence row I51 (price +10-20 %)",
                         doc="rise of the price of alcohol")
    cost_per_resident: float = param(0.1, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement", doc="collection; the revenue is not taken off")


@intervention
class AlcoholTax(Measure):
    """A higher price of alcohol (Wagenaar, Tobler and Komro, 2010)."""

    name = "alcohol_tax"
    target = "buyers of alcohol"
    levers = ("alcohol_price",)
    evidence = ("I51",)
    side_effects = "poor drinkers pay most; illegal sale"
    Params = TaxParams

    def amounts(self, model):
        return {"alcohol_price": self.params.price}
