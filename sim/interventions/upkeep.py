"""Upkeep and upgrading of places: greening, empty houses, public space that women judge, informal hillsides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.interventions import selection, survey
from sim.interventions.contract import Intervention, InterventionParams
from sim.interventions.kinds import YEAR, Measure, PlaceParams, Works, redeclare
from sim.parameters import param
from sim.registry import intervention


def with_vacant_lots(model) -> np.ndarray:
    """Cells with vacant lots or empty buildings; all street cells where no map has any."""
    cells = selection.street_cells(model)
    lots = model.layers.get("vacant_lots")
    empty = cells[lots[cells] > 0] if lots is not None else cells[:0]
    return empty if len(empty) else cells


@dataclass(frozen=True)
class GreeningParams(PlaceParams):
    """Vacant lots put in order."""

    lots_share: float = param(0.5, unit="share of the vacant cells", low=0, high=1, source="evidence row I15 (50 %)",
                              doc="cells with vacant lots that are treated")
    trial: bool = redeclare(PlaceParams, "trial", False, "Branas et al. (2018)")
    cleaned: float = param(0.9, unit="0-1", low=0, high=1, source="modelling choice: cleared, grass, trees, low fence",
                           doc="physical disorder there that is put in order")
    cost_per_cell: float = redeclare(PlaceParams, "cost_per_cell", 500.0,
                                     "evidence row I15: 1,600 a lot over ten years and 180 a year; about 1.5 lots")


@intervention
class VacantLotGreening(Works):
    """Vacant lots are cleared, planted and mown (Branas et al., 2018)."""

    name = "vacant_lot_greening"
    target = "vacant lots (register), first where the police believe crime to be"
    levers = ("cleaned",)
    evidence = ("I15", "I16")
    side_effects = "rents may rise"
    Params = GreeningParams

    def candidates(self, model):
        return with_vacant_lots(model)

    def count(self, model, cells):
        everywhere = len(cells) == len(selection.street_cells(model))  # a city without a register of lots
        return super().count(model, cells) if everywhere else round(self.params.lots_share * len(cells))

    def amounts(self, model, cells):
        return {"cleaned": self.params.cleaned}


@dataclass(frozen=True)
class HousesParams(GreeningParams):
    """Abandoned houses made whole."""

    lots_share: float = redeclare(GreeningParams, "lots_share", 0.25, "modelling choice: vacant cells with a house")
    cleaned: float = redeclare(GreeningParams, "cleaned", 0.7, "South et al. (2023): windows, doors, rubbish; size by "
                               "judgement")
    light: float = param(0.1, unit="0-1", low=0, high=1, source="modelling choice", doc="light gained at night")
    cost_per_cell: float = redeclare(PlaceParams, "cost_per_cell", 1_500.0, "judgement (not found)")


@intervention
class AbandonedHouses(VacantLotGreening):
    """New doors and windows, and the rubbish gone (South et al., 2023)."""

    name = "abandoned_houses"
    target = "empty buildings (register), first where the police believe crime to be"
    levers = ("cleaned", "light")
    evidence = ("I17",)
    Params = HousesParams

    def amounts(self, model, cells):
        return {"cleaned": self.params.cleaned, "light": self.params.light}


@dataclass(frozen=True)
class PublicSpaceParams(PlaceParams):
    """Public space that those who avoid it help to plan."""

    share: float = redeclare(PlaceParams, "share", 0.03, "modelling choice")
    targets: str = redeclare(PlaceParams, "targets", "survey", "UN-Habitat (2019): safety audits by women")
    asked: float = param(0.10, unit="share of women", low=0, high=1, source="modelling choice", doc="share asked")
    response: float = param(0.4, unit="share", low=0.01, high=0.99, source="modelling choice", doc="share who answer")
    light: float = param(0.3, unit="0-1", low=0, high=1, source="modelling choice", doc="light gained at night")
    management: float = param(0.2, unit="0-1", low=0, high=1, source="modelling choice",
                              doc="management gained: kiosks, staff of stops, hosts")
    cleaned: float = param(0.6, unit="0-1", low=0, high=1, source="modelling choice", doc="disorder put in order")
    cost_per_cell: float = redeclare(PlaceParams, "cost_per_cell", 3_000.0, "judgement")


@intervention
class SaferPublicSpace(Works):
    """Light, people in charge and tidy streets where women say they are harassed or afraid."""

    name = "safer_public_space"
    target = "places named in a survey of women on harassment and fear"
    levers = ("light", "management", "cleaned")
    side_effects = "harassment moves on; more of it is spoken about"
    Params = PublicSpaceParams

    def voices(self, model):
        p = self.params
        return survey.named(model, self.name, harassment=True, women=True, asked=p.asked, response=p.response,
                            by_worry=1.0)

    def amounts(self, model, cells):
        p = self.params
        return {"light": p.light, "management": p.management, "cleaned": p.cleaned}


@dataclass(frozen=True)
class ParticipatoryParams(PlaceParams):
    """Residents choose the places, and see what is done with the money."""

    share: float = redeclare(PlaceParams, "share", 0.03, "modelling choice")
    targets: str = redeclare(PlaceParams, "targets", "survey", "modelling choice; the others are its comparisons")
    asked: float = param(0.05, unit="share of adults", low=0, high=1, source="modelling choice", doc="share asked")
    response: float = param(0.3, unit="share", low=0.01, high=0.99, source="modelling choice",
                            doc="share who answer at mean trust and fear")
    by_trust: float = param(2.0, unit="logit per unit", low=-10, high=10, source="modelling choice; direction: those "
                            "who trust answer more", doc="who is heard: rise of answering with trust")
    by_worry: float = param(2.0, unit="logit per unit", low=-10, high=10, source="modelling choice",
                            doc="who is heard: rise of answering with fear")
    light: float = param(0.3, unit="0-1", low=0, high=1, source="modelling choice", doc="light gained at night")
    management: float = param(0.15, unit="0-1", low=0, high=1, source="modelling choice", doc="management gained")
    cleaned: float = param(0.5, unit="0-1", low=0, high=1, source="modelling choice", doc="disorder put in order")
    contacts: float = param(0.5, unit="per week and 100 residents", low=0, high=100, source="modelling choice",
                            doc="meetings of officers with residents")
    transparency: float = param(0.2, unit="0-1", low=0, high=1, source="modelling choice",
                                doc="decisions and spending that are published")
    cost_per_cell: float = redeclare(PlaceParams, "cost_per_cell", 2_500.0, "judgement, assemblies included")


@intervention
class ParticipatoryPrioritisation(Works):
    """A survey of residents decides which places are put right; who answers decides who is heard."""

    name = "participatory_prioritisation"
    target = "places named in a survey of residents"
    levers = ("light", "management", "cleaned", "contacts", "transparency")
    side_effects = "those who trust nobody are not heard; money may go where worry is, not crime"
    Params = ParticipatoryParams

    def voices(self, model):
        p = self.params
        return survey.named(model, self.name, asked=p.asked, response=p.response, by_trust=p.by_trust,
                            by_worry=p.by_worry)

    def amounts(self, model, cells):
        p = self.params
        return {"light": p.light, "management": p.management, "cleaned": p.cleaned, "contacts": p.contacts}

    def apply(self, model, dose):
        super().apply(model, dose)
        self.put(model, "transparency", None, min(1.0, dose * self.params.transparency))


@dataclass(frozen=True)
class UpgradingParams(InterventionParams):
    """Works in informal or poor neighbourhoods over years."""

    poor_share: float = param(0.15, unit="share of residents", low=0.01, high=1, source="modelling choice",
                              doc="poorest areas that are upgraded where the city has no informal settlements")
    ramp_days: int = redeclare(InterventionParams, "ramp_days", 4 * YEAR, "Cerda et al. (2012): four years of works")
    services: float = param(0.4, unit="0-1", low=0, high=1, source="modelling choice", doc="public services gained")
    organising: float = param(0.15, unit="sd a year", low=0, high=5, source="modelling choice",
                              doc="effort put into collective efficacy: local committees plan the works")
    light: float = param(0.3, unit="0-1", low=0, high=1, source="modelling choice", doc="light gained at night")
    cleaned: float = param(0.5, unit="0-1", low=0, high=1, source="modelling choice", doc="disorder put in order")
    earnings: float = param(0.05, unit="share of the median wage", low=0, high=1, source="modelling choice: faster "
                            "ways to jobs by cable car", doc="legal income gained by adults who work or look for work")
    cost_per_resident: float = param(600.0, unit="USD of 2022 per resident upgraded and year", low=0, high=1e5,
                                     source="judgement: tens of millions USD (evidence row I49)",
                                     doc="works and staff")


@intervention
class SlumUpgrading(Intervention):
    """Transport, public space, services and committees for informal hillsides (Cerda et al., 2012)."""

    name = "slum_upgrading"
    level = "local"
    target = "informal settlements (register), else the poorest areas"
    levers = ("services", "organising", "light", "cleaned", "earnings")
    evidence = ("I49",)
    side_effects = "rents rise and poor tenants may move away; groups tax the works"
    Params = UpgradingParams

    def begin(self, model):
        area = model.city.area
        informal = (model.layers["informal"] > 0) & (area >= 0) if "informal" in model.layers else area < -1
        if not informal.any():
            poor = selection.poor_areas(model, self.params.poor_share)
            informal = (area >= 0) & poor[np.maximum(area, 0)]
        self.state.update(treated_cells=np.flatnonzero(informal).astype(np.int32), people=0)

    def apply(self, model, dose):
        p, r, cells = self.params, model.residents, self.state["treated_cells"]
        room = 1 - model.layers["light"][cells]
        self.put(model, "services", cells, min(1.0, dose * p.services))
        self.put(model, "organising", cells, dose * p.organising)
        self.put(model, "light", cells, np.minimum(dose * p.light, room))
        self.put(model, "cleaned", cells, min(1.0, dose * p.cleaned))
        inside = np.zeros(model.city.grid.cells, bool)
        inside[cells] = True
        there = r["alive"] & inside[r["home"]]
        wage = float(model.mechanisms["economy"].state["median"])
        workers = there & (r["routine"] >= 3) & (r["routine"] <= 5)
        self.put(model, "earnings", np.sort(r["id"][workers]), dose * p.earnings * wage)
        self.state["people"] = int(there.sum())

    def cost(self, model, dose):
        return dose * self.state["people"] * self.params.cost_per_resident / YEAR


@dataclass(frozen=True)
class OpenBudgetParams(InterventionParams):
    """Published budgets and decisions."""

    transparency: float = param(0.5, unit="0-1", low=0, high=1, source="modelling choice",
                                doc="spending and decisions that are published")
    cost_per_resident: float = param(0.5, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement", doc="staff and systems")


@intervention
class OpenBudgets(Measure):
    """Spending and decisions are published, so that residents and journalists can look."""

    name = "open_budgets"
    level = "local"
    levers = ("transparency",)
    side_effects = "bad news first: what comes to light lowers trust before it raises it"
    Params = OpenBudgetParams

    def amounts(self, model):
        return {"transparency": self.params.transparency}
