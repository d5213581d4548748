"""Shocks within the city: jobs, budgets, the police, leaders, curfews."""

from __future__ import annotations

from dataclasses import dataclass

from sim.parameters import param
from sim.registry import shock
from sim.shocks.contract import Shock, ShockParams, redeclare


@dataclass(frozen=True)
class UnemploymentParams(ShockParams):
    """A recession."""

    start: int = redeclare(ShockParams, "start", 30, "modelling choice")
    share: float = param(0.08, unit="share of jobs", low=0, high=0.9, source="modelling choice: a deep recession",
                         doc="jobs missing at the worst")
    half_life_days: float = param(360.0, unit="days", low=1, high=36_500, source="modelling choice",
                                  doc="time in which half of what is missing comes back")


@shock
class Unemployment(Shock):
    """Jobs go missing at once and come back slowly."""

    name = "unemployment"
    target = "jobs"
    levers = ("jobs_lost",)
    Params = UnemploymentParams

    def apply(self, model, dose):
        p = self.params
        kept = 0.5 ** (max(0, model.day - p.start) / p.half_life_days)
        self.put(model, "jobs_lost", None, min(0.95, dose * p.share * kept))


@dataclass(frozen=True)
class LeaderParams(ShockParams):
    """Leaders taken."""

    start: int = redeclare(ShockParams, "start", 30, "modelling choice")
    leaders: float = param(1.0, unit="leaders", low=0, high=100, source="modelling choice",
                           doc="leaders of groups who are taken")


@shock
class LeaderRemoved(Shock):
    """The leader of the strongest group is taken by authorities from outside the city."""

    name = "leader_removed"
    target = "leaders of groups"
    levers = ("arrest_leaders",)
    Params = LeaderParams

    def apply(self, model, dose):
        self.put(model, "arrest_leaders", None, dose * self.params.leaders)


@dataclass(frozen=True)
class ScandalParams(ShockParams):
    """A scandal."""

    start: int = redeclare(ShockParams, "start", 30, "modelling choice")
    trust: float = param(0.15, unit="0-1", low=0, high=1, source="modelling choice; direction of Desmond et al. (2016)",
                         doc="trust in the police lost on the day")


@shock
class PoliceScandal(Shock):
    """A case of police violence becomes known: trust falls in a day."""

    name = "police_scandal"
    target = "trust of all residents"
    levers = ("scandal",)
    Params = ScandalParams

    def apply(self, model, dose):
        breaks = model.day == self.params.start
        self.put(model, "scandal", None, min(1.0, dose * self.params.trust) * breaks)


@dataclass(frozen=True)
class BudgetCutParams(ShockParams):
    """Austerity."""

    start: int = redeclare(ShockParams, "start", 30, "modelling choice")
    share: float = param(0.2, unit="share", low=0, high=1, source="modelling choice: police numbers of England and "
                         "Wales fell by a sixth from 2010 to 2018", doc="safety budget that is cut")


@shock
class BudgetCut(Shock):
    """The city's safety budget is cut."""

    name = "budget_cut"
    target = "safety budget"
    levers = ("budget_cut",)
    Params = BudgetCutParams

    def apply(self, model, dose):
        self.put(model, "budget_cut", None, min(1.0, dose * self.params.share))


@dataclass(frozen=True)
class CurfewParams(ShockParams):
    """A curfew."""

    start: int = redeclare(ShockParams, "start", 30, "modelling choice")
    end: int = redeclare(ShockParams, "end", 90, "modelling choice: two months")
    share: float = param(0.7, unit="0-1", low=0, high=1, source="modelling choice: most obey",
                         doc="outings after dark that are given up")


@shock
class Curfew(Shock):
    """People stay at home after dark."""

    name = "curfew"
    target = "outings after dark"
    levers = ("curfew",)
    Params = CurfewParams

    def apply(self, model, dose):
        self.put(model, "curfew", None, min(1.0, dose * self.params.share))
