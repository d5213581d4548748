"""One flow from beyond the city is cut."""

from __future__ import annotations

from dataclasses import dataclass

from sim.parameters import param
from sim.registry import shock
from sim.shocks.contract import Shock, ShockParams


@dataclass(frozen=True)
class FlowCutParams(ShockParams):
    """Which flow, and by how much."""

    flow: str = param("drugs", unit="-", choices=("drugs", "firearms", "people", "money"), source="-",
                      doc="flow that is cut")
    share: float = param(0.6, unit="share", low=0, high=1, source="Dobkin and Nicosia (2009): order of size",
                         doc="share of the usual arrivals that is missing")


@shock
class FlowCut(Shock):
    """Less of one flow arrives than before, whatever is ordered.

    The general form of a cut; `supply_shock` is one of drugs with the size and length of a known event.
    """

    name = "flow_cut"
    target = "a flow from beyond the city"
    levers = ("inflow",)
    Params = FlowCutParams

    def apply(self, model, dose):
        self.put(model, "inflow", None, dict(flow=self.params.flow, share=-dose * self.params.share))
