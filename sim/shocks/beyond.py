"""Shocks from beyond the city: drugs, firearms, prices."""

from __future__ import annotations

from dataclasses import dataclass

from sim.parameters import param
from sim.registry import shock
from sim.shocks.contract import Shock, ShockParams, redeclare


@dataclass(frozen=True)
class SupplyShockParams(ShockParams):
    """Shipments lost."""

    start: int = redeclare(ShockParams, "start", 60, "modelling choice")
    end: int = redeclare(ShockParams, "end", 150, "Dobkin & Nicosia (2009): three to four months")
    share: float = param(0.7, unit="share", low=0, high=1, source="Dobkin & Nicosia (2009): price up to threefold",
                         doc="drugs that do not arrive")


@shock
class SupplyShock(Shock):
    """Most of the drugs on their way to the city are lost for some months.

    The size and length are those of an event that has been studied; it moves the same lever as `flow_cut`, which cuts
    any flow for as long as one likes. Where both are on, their shares add up.
    """

    name = "supply_shock"
    target = "flow of drugs"
    levers = ("inflow",)
    Params = SupplyShockParams

    def apply(self, model, dose):
        self.put(model, "inflow", None, dict(flow="drugs", share=-min(1.0, dose * self.params.share)))


@dataclass(frozen=True)
class FirearmsInflowParams(ShockParams):
    """A wave of firearms."""

    share: float = param(1.0, unit="ratio", low=0, high=20, source="Dube et al. (2013): order of magnitude",
                         doc="firearms that arrive besides, relative to the usual")


@shock
class FirearmsInflow(Shock):
    """More firearms arrive, as when a neighbour lifts a ban (Dube, Dube and Garcia-Ponce, 2013)."""

    name = "firearms_inflow"
    target = "flow of firearms"
    levers = ("inflow",)
    evidence = ("I48",)
    Params = FirearmsInflowParams

    def apply(self, model, dose):
        self.put(model, "inflow", None, dict(flow="firearms", share=dose * self.params.share))


@dataclass(frozen=True)
class PriceShockParams(ShockParams):
    """Dearer drugs at the source."""

    share: float = param(0.5, unit="share", low=0, high=20, source="modelling choice",
                         doc="rise of the price beyond the city")


@shock
class PriceShock(Shock):
    """Drugs get dearer beyond the city."""

    name = "price_shock"
    target = "price of drugs beyond the city"
    levers = ("external_price",)
    Params = PriceShockParams

    def apply(self, model, dose):
        self.put(model, "external_price", None, dict(flow="drugs", share=dose * self.params.share))
