"""Answers to drug markets and drug use: treatment, courts, street markets, sellers, supply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.interventions import selection
from sim.interventions.contract import Intervention, InterventionParams
from sim.interventions.hot_spots import HotSpotsParams, visits_cost
from sim.interventions.kinds import YEAR, Measure, redeclare
from sim.parameters import param
from sim.records import CODE
from sim.registry import intervention


@dataclass(frozen=True)
class AgonistParams(InterventionParams):
    """Opioid agonist treatment."""

    slots_per_1000: float = param(2.5, unit="per 1,000 residents", low=0, high=50,
                                  source="evidence row I29: 40 % of the dependent; order by judgement",
                                  doc="places added")
    retention: float = param(0.4, unit="0-1", low=0, high=1, source="modelling choice: agonists hold people "
                             "longer than other treatment", doc="reasons for leaving early that are taken away")
    cost_per_slot: float = param(4_500.0, unit="USD of 2022 per place and year", low=0, high=1e5,
                                 source="evidence row I29: 2,000-5,000 GBP or EUR; conversion a judgement",
                                 doc="cost of a place, taken or not")


@intervention
class AgonistTreatment(Intervention):
    """Methadone or buprenorphine, without a wait and for as long as needed (Bukten et al., 2012)."""

    name = "opioid_agonist_treatment"
    level = "national"
    target = "dependent users who wait for a place"
    levers = ("treatment_slots", "retention")
    evidence = ("I29",)
    side_effects = "some diversion of medicines; offending returns after drop-out"
    Params = AgonistParams

    def begin(self, model):
        self.state["slots"] = self.params.slots_per_1000 * int(model.residents["alive"].sum()) / 1000

    def apply(self, model, dose):
        self.put(model, "treatment_slots", None, dose * self.state["slots"])
        self.put(model, "retention", None, min(1.0, dose * self.params.retention))

    def cost(self, model, dose):
        return dose * self.state["slots"] * self.params.cost_per_slot / YEAR


@dataclass(frozen=True)
class DrugCourtParams(InterventionParams):
    """Drug courts."""

    drug_court: float = param(0.5, unit="0-1", low=0, high=1, source="evidence row I30 (half of dependent arrestees)",
                              doc="dependent defendants sent to supervised treatment")
    slots_per_1000: float = param(0.5, unit="per 1,000 residents", low=0, high=50, source="modelling choice",
                                  doc="places in treatment that come with it")
    cost_per_resident: float = param(2.0, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement after WSIPP programme 14 (2016): 4,924 a participant",
                                     doc="courts, supervision and places")


@intervention
class DrugCourts(Measure):
    """Dependent defendants are supervised in treatment by a judge (Mitchell et al., 2012)."""

    name = "drug_courts"
    target = "dependent defendants"
    levers = ("drug_court", "treatment_slots")
    evidence = ("I30",)
    side_effects = "compulsion; the easy cases are chosen"
    Params = DrugCourtParams

    def amounts(self, model):
        return {"drug_court": self.params.drug_court,
                "treatment_slots": self.params.slots_per_1000 * self.state["people"] / 1000}


@dataclass(frozen=True)
class MarketParams(HotSpotsParams):
    """Police work at open drug markets."""

    share: float = redeclare(HotSpotsParams, "share", 0.01, "modelling choice: Weisburd & Green (1995), 56 markets")
    trial: bool = redeclare(HotSpotsParams, "trial", False, "Weisburd & Green (1995)")


class DrugMarkets(Intervention):
    """What is done at the places where the police recorded most dealing; equal hours in both forms."""

    level = "local"
    evidence = ("I34",)
    Params = MarketParams

    def begin(self, model):
        p, cells = self.params, selection.street_cells(model)
        log, events = model.log, selection.events_since(model, YEAR)
        deals = log["recorded"][events] & (log["type"][events] == CODE["drugs"])
        believed = model.layers["believed"][cells].astype(float)
        score = selection.count_by_cell(model, events, deals)[cells] + believed / (1 + believed)
        listed = selection.top(model, self.name, cells, score, selection.share_of(cells, p.share)).astype(np.int32)
        treated = selection.halve(model, self.name, listed) if p.trial else np.ones(len(listed), bool)
        self.state.update(treated_cells=listed[treated], control_cells=listed[~treated], since=model.day)

    def _visits(self, model, per_day: float) -> None:
        p = self.params
        self.put(model, "visits", None, dict(cells=self.state["treated_cells"], minutes=p.minutes, per_day=per_day,
                                             extra=p.extra))

    def cost(self, model, dose):
        return dose * visits_cost(model, self.params, len(self.state["treated_cells"]))


@dataclass(frozen=True)
class CrackdownParams(MarketParams):
    """Sweeps of markets."""

    sweeps: float = param(0.2, unit="0-1", low=0, high=1, source="modelling choice",
                          doc="share of the sellers standing there who are searched in a day")


@intervention
class DrugMarketCrackdown(DrugMarkets):
    """Sweeps: sellers at the open markets are searched and arrested."""

    name = "drug_market_crackdown"
    target = "places with recorded dealing"
    levers = ("visits", "sweeps")
    side_effects = "sellers are replaced and fight over places; stops of bystanders"
    Params = CrackdownParams

    def apply(self, model, dose):
        self._visits(model, dose * self.params.visits_per_day)
        self.put(model, "sweeps", self.state["treated_cells"], min(1.0, dose * self.params.sweeps))


@dataclass(frozen=True)
class MarketProblemParams(MarketParams):
    """Problem solving at markets."""

    management: float = param(0.4, unit="0-1", low=0, high=1, source="Weisburd & Green (1995): owners engaged; size by "
                              "judgement", doc="management gained")
    cleaned: float = param(0.5, unit="0-1", low=0, high=1, source="modelling choice", doc="disorder put in order")
    light: float = param(0.3, unit="0-1", low=0, high=1, source="modelling choice", doc="light gained at night")
    works: float = param(5_000.0, unit="USD of 2022 per place and year", low=0, high=1e7, source="judgement",
                         doc="work with owners and services")


@intervention
class DrugMarketProblemSolving(DrugMarkets):
    """The same hours, spent on closing the market with owners and services (Weisburd and Green, 1995)."""

    name = "drug_market_problem_solving"
    target = "places with recorded dealing"
    levers = ("visits", "management", "cleaned", "light")
    side_effects = "sellers move indoors"
    Params = MarketProblemParams

    def apply(self, model, dose):
        p, cells, layers = self.params, self.state["treated_cells"], model.layers
        self._visits(model, dose * p.visits_per_day)
        self.put(model, "management", cells, np.minimum(dose * p.management, 1 - layers["management"][cells]))
        self.put(model, "cleaned", cells, min(1.0, dose * p.cleaned))
        self.put(model, "light", cells, np.minimum(dose * p.light, 1 - layers["light"][cells]))

    def cost(self, model, dose):
        return super().cost(model, dose) + dose * len(self.state["treated_cells"]) * self.params.works / YEAR


@dataclass(frozen=True)
class SellerArrestParams(InterventionParams):
    """Arrests of sellers."""

    sellers: float = param(0.03, unit="share a week", low=0, high=1, source="modelling choice",
                           doc="established sellers arrested besides")
    cost_per_resident: float = param(2.0, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement", doc="investigation")


@intervention
class SellerArrests(Measure):
    """Investigations take established sellers off the market: a negative control (Werb et al., 2011)."""

    name = "seller_arrests"
    level = "local"
    target = "established sellers"
    levers = ("arrest_sellers",)
    evidence = ("I35",)
    side_effects = "places fall free and are fought over; more violence in 14 of 15 studies"
    Params = SellerArrestParams

    def amounts(self, model):
        return {"arrest_sellers": self.params.sellers}
