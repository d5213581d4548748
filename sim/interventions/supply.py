"""Supply from beyond the city: precursors, seizures abroad, one route, containers, firearms at the border.

The orders name a flow ("drugs", "firearms") and, for checks, a route by its number in the settings of ``flows``.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.interventions.contract import InterventionParams
from sim.interventions.kinds import Measure, redeclare
from sim.parameters import param
from sim.registry import intervention


@dataclass(frozen=True)
class FlowParams(InterventionParams):
    """Control of a flow."""

    share: float = param(0.3, unit="share", low=0, high=0.95, source="modelling choice", doc="size at strength 1")
    cost_per_resident: float = param(5.0, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement", doc="the city's part of the cost")


class FlowControl(Measure):
    """An order on one of the flows towards the city."""

    level = "international"
    Params = FlowParams


@dataclass(frozen=True)
class PrecursorParams(FlowParams):
    """A ban of precursors."""

    share: float = redeclare(FlowParams, "share", 0.6, "Dobkin & Nicosia (2009): supply cut until makers adapted")
    days: int = param(120, unit="days", low=1, high=3_650, source="Dobkin & Nicosia (2009): recovered in four months",
                      doc="days until makers find other precursors")


@intervention
class PrecursorControl(FlowControl):
    """Chemicals for making drugs are withdrawn; makers adapt within months (Dobkin and Nicosia, 2009)."""

    name = "precursor_control"
    target = "flow of drugs towards the city"
    levers = ("inflow",)
    evidence = ("I31",)
    side_effects = "higher prices for a while; adulterated drugs"
    Params = PrecursorParams

    def begin(self, model):
        super().begin(model)
        self.state["since"] = model.day

    def _works(self, model) -> bool:
        return model.day - self.state["since"] < self.params.days

    def apply(self, model, dose):
        cut = min(0.95, dose * self.params.share) * self._works(model)
        self.put(model, "inflow", None, dict(flow="drugs", share=-cut))

    def cost(self, model, dose):
        return super().cost(model, dose) * self._works(model)


@dataclass(frozen=True)
class UpstreamParams(FlowParams):
    """Seizures abroad."""

    share: float = redeclare(FlowParams, "share", 0.5, "evidence row I32: flow cut by 30 %; a price rise of that order")


@intervention
class UpstreamSeizures(FlowControl):
    """Seizures in producer countries raise the price beyond the city (Castillo, Mejia and Restrepo, 2020)."""

    name = "upstream_seizures"
    target = "flow of drugs far from the city"
    levers = ("external_price",)
    evidence = ("I32",)
    side_effects = "more revenue to fight for: violence can rise in transit cities"
    Params = UpstreamParams

    def apply(self, model, dose):
        self.put(model, "external_price", None, dict(flow="drugs", share=dose * self.params.share))


@dataclass(frozen=True)
class RouteParams(FlowParams):
    """Checks on one route."""

    route: int = param(0, unit="number", low=0, high=100, source="modelling choice", doc="route that is checked")


@intervention
class RouteChecks(FlowControl):
    """More checks on one way into the city: consignments take another (Magliocca et al., 2019)."""

    name = "route_checks"
    target = "one route of drugs into the city"
    levers = ("checks",)
    evidence = ("I33",)
    side_effects = "flow moves to other routes, with markets and violence along them"
    Params = RouteParams

    def apply(self, model, dose):
        p = self.params
        self.put(model, "checks", None, dict(flow="drugs", route=p.route, share=min(0.95, dose * p.share)))


@dataclass(frozen=True)
class ContainerParams(RouteParams):
    """Joint port control units."""

    share: float = redeclare(FlowParams, "share", 0.35, "UNODC, Container Control Programme; size by judgement")
    cost_per_resident: float = redeclare(FlowParams, "cost_per_resident", 2.0, "judgement: a unit and scanners")


@intervention
class ContainerControl(FlowControl):
    """Container Control Programme (UNODC): units that profile containers, by risk and with other ports."""

    name = "container_control"
    target = "containers chosen by risk in the port, else on the route of the settings"
    levers = ("checks", "interdiction")
    evidence = ("I33",)
    side_effects = "flow moves to other routes; higher prices and more revenue to fight for"
    Params = ContainerParams

    def apply(self, model, dose):
        p = self.params
        names = list(model.mechanisms["flows"].state.get("names", ()))
        route = names.index("port") if "port" in names else p.route
        self.put(model, "checks", None, dict(flow="drugs", route=route, share=min(0.95, dose * p.share)))
        self.put(model, "interdiction", None, min(0.5, dose * p.share / 10))  # what other ports are told


@dataclass(frozen=True)
class BorderParams(FlowParams):
    """Control of firearms at the border."""

    share: float = redeclare(FlowParams, "share", 0.3, "modelling choice; evidence row I48 is the reverse, a rise")
    cost_per_resident: float = redeclare(FlowParams, "cost_per_resident", 1.5, "judgement")


@intervention
class FirearmsBorderControl(FlowControl):
    """Fewer firearms arrive (Firearms Protocol); the reverse of Dube, Dube and Garcia-Ponce (2013)."""

    name = "firearms_border_control"
    target = "flow of firearms towards the city"
    levers = ("inflow",)
    evidence = ("I48",)
    side_effects = "the price of firearms rises; other borders are used"
    Params = BorderParams

    def apply(self, model, dose):
        self.put(model, "inflow", None, dict(flow="firearms", share=-min(0.95, dose * self.params.share)))
