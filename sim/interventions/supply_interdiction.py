"""Seizing shipments on their way to the city (Dobkin and Nicosia, 2009; Castillo, Mejia and Restrepo, 2020)."""

from __future__ import annotations

from dataclasses import dataclass

from sim.interventions.contract import Intervention, InterventionParams
from sim.parameters import param
from sim.registry import intervention


@dataclass(frozen=True)
class SupplyInterdictionParams(InterventionParams):
    """Added seizures."""

    share: float = param(0.3, unit="share of shipments", low=0, high=0.95, source="evidence row I32 (flow cut by 30 %)",
                         doc="share of shipments seized in addition")
    cost_per_resident: float = param(5.0, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement",
                                     doc="the city's part of controlling containers, borders and routes")


@intervention
class SupplyInterdiction(Intervention):
    """Less arrives; prices, use, need and violence answer as the market does."""

    name = "supply_interdiction"
    level = "international"
    target = "flows of drugs towards the city"
    levers = ("interdiction",)
    evidence = ("I33",)
    side_effects = "higher prices: more need for money among the dependent, more revenue to fight for"
    Params = SupplyInterdictionParams

    def begin(self, model):
        self.state["people"] = int(model.residents["alive"].sum())

    def apply(self, model, dose):
        self.put(model, "interdiction", None, min(0.95, dose * self.params.share))

    def cost(self, model, dose):
        return dose * self.state["people"] * self.params.cost_per_resident / 365
