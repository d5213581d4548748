"""More places in treatment of drug use disorders (Bukten et al., 2012; Egli et al., 2009)."""

from __future__ import annotations

from dataclasses import dataclass

from sim.interventions.contract import Intervention, InterventionParams
from sim.parameters import param
from sim.registry import intervention


@dataclass(frozen=True)
class TreatmentExpansionParams(InterventionParams):
    """Added places."""

    slots_per_1000: float = param(2.0, unit="per 1,000 residents", low=0, high=50,
                                  source="modelling choice: order of the places of a high-coverage European country",
                                  doc="places added")
    cost_per_slot: float = param(4_000.0, unit="USD of 2022 per place and year", low=0, high=1e5,
                                 source="evidence row I29: 2,000-5,000 GBP or EUR; conversion a judgement",
                                 doc="cost of a place, taken or not")


@intervention
class TreatmentExpansion(Intervention):
    """Places are added; who comes, stays and drops out is the drug mechanism's business."""

    name = "treatment_expansion"
    level = "national"
    target = "dependent users who wait for a place"
    levers = ("treatment_slots",)
    evidence = ("I29",)
    side_effects = "drop-out; less custom for dealers, who may fight over the rest"
    Params = TreatmentExpansionParams

    def begin(self, model):
        people = int(model.residents["alive"].sum())
        self.state["slots"] = self.params.slots_per_1000 * people / 1000

    def apply(self, model, dose):
        self.put(model, "treatment_slots", None, dose * self.state["slots"])

    def cost(self, model, dose):
        return dose * self.state["slots"] * self.params.cost_per_slot / 365
