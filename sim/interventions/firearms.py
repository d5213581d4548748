"""Firearms inside the city: buyback, licences, carrying bans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.draws import uniforms
from sim.interventions.contract import Intervention, InterventionParams
from sim.interventions.kinds import YEAR, Measure
from sim.parameters import param
from sim.registry import intervention


@dataclass(frozen=True)
class BuybackParams(InterventionParams):
    """A buyback."""

    share: float = param(0.015, unit="share of firearms", low=0, high=1, source="evidence row I45 (1-2 %)",
                         doc="firearms handed in a year, by people the police do not know")
    trial: bool = param(False, unit="-", source="modelling choice",
                        doc="twice as many come forward and a random half is turned away as control")
    cost_per_gun: float = param(200.0, unit="USD of 2022 per firearm", low=0, high=1e5,
                                source="evidence row I45: 100-200 USD", doc="price paid")


@intervention
class GunBuyback(Intervention):
    """Residents without arrests hand in firearms once a year (Ferrazares et al., 2025): a negative control."""

    name = "gun_buyback"
    level = "local"
    target = "holders of firearms without arrests who come forward, by lot"
    levers = ("disarmed",)
    evidence = ("I45",)
    side_effects = "the money can buy another"
    waits = True
    Params = BuybackParams

    def begin(self, model):
        self.state.update(treated_ids=np.empty(0, np.int64), control_ids=np.empty(0, np.int64), next_event=model.day,
                          today=0, worked=model.day - 1)

    def _event(self, model) -> None:
        p, r, state = self.params, model.residents, self.state
        guns = int((r["alive"] & (r["gun"] > 0)).sum())
        ok = r["alive"] & (r["gun"] > 0) & (r["arrests"] == 0) & (model.age() >= 18)
        rows = np.flatnonzero(ok)
        rows = rows[~np.isin(r["id"][rows], np.concatenate([state["treated_ids"], state["control_ids"]]))]
        keys = r["key"][rows]
        u = uniforms(model.seed, f"{self.name}.comes", model.tick, keys)
        # rounded up: a town with any firearm gets one back
        count = int(np.ceil(p.share * guns))
        comes = rows[np.lexsort((keys, u))[: count * (2 if p.trial else 1)]]
        new, turned = comes[:count], comes[count:]
        state["treated_ids"] = np.concatenate([state["treated_ids"], r["id"][new]])
        state["control_ids"] = np.concatenate([state["control_ids"], r["id"][turned]])
        state["today"] = len(new)
        state["next_event"] = model.day + YEAR

    def apply(self, model, dose):
        if self.state["worked"] < model.day:
            self.state.update(worked=model.day, today=0)
            if model.day >= self.state["next_event"]:
                self._event(model)
        self.put(model, "disarmed", self.state["treated_ids"], min(1.0, dose))

    def cost(self, model, dose):
        return dose * self.state["today"] * self.params.cost_per_gun


@dataclass(frozen=True)
class LicensingParams(InterventionParams):
    """A licence to buy."""

    gun_licence: float = param(0.3, unit="0-1", low=0, high=1, source="evidence row I46 (acquisition cut by 30 %)",
                               doc="attempts to get a firearm that fail")
    cost_per_resident: float = param(0.5, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement (not found)", doc="office, checks")


@intervention
class GunLicensing(Measure):
    """A permit before a purchase (Rudolph et al., 2015; McCourt et al., 2020)."""

    name = "gun_licensing"
    target = "those who want a firearm"
    levers = ("gun_licence",)
    evidence = ("I46",)
    side_effects = "theft of firearms and purchases elsewhere"
    Params = LicensingParams

    def amounts(self, model):
        return {"gun_licence": self.params.gun_licence}


@dataclass(frozen=True)
class CarryingBanParams(InterventionParams):
    """A ban on some days."""

    gun_ban: float = param(0.5, unit="0-1", low=0, high=1, source="modelling choice: part of the holders obey",
                           doc="holders who leave the firearm at home on a day of the ban")
    every_day: bool = param(False, unit="-", source="Villaveces et al. (2000): weekends and pay-days",
                            doc="true: the ban holds all week")
    cost_per_resident: float = param(2.0, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement: police checks", doc="enforcement, all week")


@intervention
class CarryingBan(Measure):
    """No firearms in public on weekends and pay-days (Villaveces et al., 2000)."""

    name = "carrying_ban"
    level = "local"
    target = "holders of firearms in public"
    levers = ("gun_ban",)
    evidence = ("I47",)
    side_effects = "searches of young men; residents without firearms before armed offenders"
    Params = CarryingBanParams

    def in_force(self, model) -> bool:
        """Fridays to Sundays, the last day of a month and the fifteenth, or every day."""
        today = model.calendar.date(model.day)
        payday = today.day == 15 or (today.day >= 28 and model.calendar.date(model.day + 1).day == 1)
        return self.params.every_day or today.weekday() >= 4 or payday

    def amounts(self, model):
        return {"gun_ban": self.params.gun_ban * self.in_force(model)}

    def cost(self, model, dose):
        return super().cost(model, dose) * self.in_force(model)
