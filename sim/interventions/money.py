"""Money for households: conditional transfers, help in an emergency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.draws import uniforms
from sim.interventions import selection
from sim.interventions.contract import Intervention, InterventionParams
from sim.interventions.kinds import YEAR
from sim.parameters import param
from sim.registry import intervention

ADULT, PUPIL = 18, 1


def median_wage(model) -> float:
    """Median wage a week; 1 before anybody's is known."""
    return float(model.mechanisms["economy"].state["median"]) or 1.0


@dataclass(frozen=True)
class TransferParams(InterventionParams):
    """Transfers to poor families whose children are at school."""

    min_age: int = param(6, unit="years", low=0, high=30, source="Chioda et al. (2016): up to 15, then to 17",
                         doc="youngest child that counts")
    max_age: int = param(17, unit="years", low=0, high=30, source="Chioda et al. (2016)",
                         doc="oldest child that counts")
    coverage: float = param(0.5, unit="share of poor families", low=0, high=1, source="modelling choice",
                            doc="poor families with a child of that age that are enrolled")
    transfer: float = param(0.10, unit="share of the median wage", low=0, high=2,
                            source="order of the transfer (Chioda et al., 2016: 13-19 USD a month and child, to wages "
                                   "of the poor)", doc="money a week for a family")
    errors: float = param(0.1, unit="share", low=0, high=1, source="modelling choice: targeting errors",
                          doc="chance that a family that is not poor is taken for poor by the register")
    review_days: int = param(365, unit="days", low=30, high=3_650, source="modelling choice",
                             doc="days after which the register is looked through")
    trial: bool = param(False, unit="-", source="modelling choice",
                        doc="enrol a random half of the families and keep the other half as control")
    weekly_unit: float = param(0.0, unit="USD of 2022 per unit of the city's money", low=0, high=1e4,
                               source="judgement", doc="price of the city's money; 0 takes 600 USD a median wage")
    overhead: float = param(0.1, unit="share", low=0, high=2, source="judgement", doc="cost of running it")


@intervention
class CashTransfers(Intervention):
    """A part of a wage for poor families with children at school (Bolsa Familia); paid to an adult."""

    name = "cash_transfers"
    level = "national"
    target = "poor families with children at school (register of incomes, with errors)"
    levers = ("earnings",)
    evidence = ("I23", "I24")
    side_effects = "targeting errors; extortion of recipients is possible"
    Params = TransferParams

    def begin(self, model):
        self.state.update(treated_ids=np.empty(0, np.int64), control_ids=np.empty(0, np.int64), next_review=model.day,
                          paid=0.0)

    def _register(self, model) -> None:
        p, r, state = self.params, model.residents, self.state
        age = model.age()
        child = r["alive"] & (age >= p.min_age) & (age <= p.max_age) & (r["routine"] == PUPIL)
        adult = np.flatnonzero(r["alive"] & (age >= ADULT) & (r["custody_until"] <= model.tick))
        with_child = np.isin(r["dwelling"][adult], r["dwelling"][child])
        adult = adult[with_child]
        # One adult of each home gets it: the one with the lowest income, then the lower id.
        order = np.lexsort((r["id"][adult], r["income"][adult], r["dwelling"][adult]))
        adult = adult[order]
        first = np.ones(len(adult), bool)
        first[1:] = r["dwelling"][adult][1:] != r["dwelling"][adult][:-1]
        adult = adult[first]
        homes = r["dwelling"][adult].astype(np.int64)
        # The lots of a home stay the same from year to year.
        poor = (r["hardship"][adult] > 0.5) | (uniforms(model.seed, f"{self.name}.error", 0, homes) < p.errors / 10)
        poor &= ~((r["hardship"][adult] > 0.5) & (uniforms(model.seed, f"{self.name}.missed", 0, homes) < p.errors))
        enrolled = poor & (uniforms(model.seed, f"{self.name}.enrolled", 0, homes) < p.coverage)
        treated = enrolled.copy()
        if p.trial:
            treated &= uniforms(model.seed, f"{self.name}.lottery", 0, homes) < 0.5
        state["treated_ids"] = np.sort(r["id"][adult[treated]])
        state["control_ids"] = np.sort(r["id"][adult[enrolled & ~treated]])
        state["next_review"] = model.day + p.review_days

    def apply(self, model, dose):
        if model.day >= self.state["next_review"]:
            self._register(model)
        ids = self.state["treated_ids"]
        ids = ids[model.residents.find(ids) >= 0]
        each = self.params.transfer * median_wage(model)
        self.put(model, "earnings", ids, dose * each)
        self.state["paid"] = len(ids) * each / 7

    def cost(self, model, dose):
        p = self.params
        price = p.weekly_unit or 600.0 / median_wage(model)
        return dose * self.state["paid"] * price * (1 + p.overhead)


@dataclass(frozen=True)
class EmergencyParams(InterventionParams):
    """Help for those who just lost their income."""

    grant: float = param(600.0, unit="USD of 2022 per case", low=0, high=1e5, source="evidence row I25: 300-900 USD",
                         doc="one-off grant")
    weeks: int = param(8, unit="weeks", low=1, high=104, source="modelling choice", doc="weeks over which it lasts")
    wage_share: float = param(1.0, unit="weeks of a median wage", low=0, high=20,
                              source="modelling choice: 600 USD of 2022 are about one such week",
                              doc="the grant in the city's money")
    cases_per_1000: float = param(5.0, unit="per 1,000 residents and year", low=0, high=500, source="modelling choice",
                                  doc="grants that the fund can pay")
    trial: bool = param(False, unit="-", source="Palmer et al. (2019): on days without funds nobody is helped",
                        doc="help a random half of the callers and keep the other half as control")


@intervention
class EmergencyAssistance(Intervention):
    """A grant at the moment of an income shock, as far as the fund reaches (Palmer et al., 2019)."""

    name = "emergency_assistance"
    level = "local"
    target = "adults in hardship who have lost their job"
    levers = ("earnings",)
    evidence = ("I25",)
    side_effects = "violence falls, shoplifting may rise (Palmer et al., 2019)"
    waits = True
    Params = EmergencyParams

    def begin(self, model):
        r = model.residents
        self.state.update(treated_ids=np.empty(0, np.int64), control_ids=np.empty(0, np.int64),
                          given=np.empty(0, np.int32), since=model.day, people=int(r["alive"].sum()), today=0,
                          worked=model.day - 1)

    def _help(self, model) -> None:
        p, r, state = self.params, model.residents, self.state
        recent = np.concatenate([state["treated_ids"][state["given"] > model.day - YEAR], state["control_ids"]])
        ok = selection.reachable(model) & (r["routine"] == 5) & (r["hardship"] > 0.5) & (model.age() >= ADULT)
        rows = np.flatnonzero(ok)
        rows = rows[~np.isin(r["id"][rows], recent)]
        # Those whose income fell most below the usual call first.
        gap = r["usual"][rows].astype(float) - r["income"][rows]
        keys = r["key"][rows]
        order = np.lexsort((keys, uniforms(model.seed, f"{self.name}.call", model.tick, keys), -np.round(gap)))
        days = model.day - state["since"] + 1
        fund = int(np.floor(p.cases_per_1000 * state["people"] / 1000 * days / YEAR))
        room = max(0, fund - len(state["treated_ids"]))
        called = rows[order[: 2 * room if p.trial else room]]
        won = np.ones(len(called), bool)
        if p.trial and len(called):
            won = selection.halve(model, self.name, r["key"][called])
        state["treated_ids"] = np.concatenate([state["treated_ids"], r["id"][called[won]]])
        state["control_ids"] = np.concatenate([state["control_ids"], r["id"][called[~won]]])
        state["given"] = np.concatenate([state["given"], np.full(int(won.sum()), model.day, np.int32)])
        state["today"] = int(won.sum())

    def apply(self, model, dose):
        p, state = self.params, self.state
        if state["worked"] < model.day:
            state["worked"] = model.day
            self._help(model)
        now = (model.day - state["given"] < 7 * p.weeks) & selection.present(model, state["treated_ids"])
        self.put(model, "earnings", state["treated_ids"][now], dose * p.wage_share * median_wage(model) / p.weeks)

    def cost(self, model, dose):
        return dose * self.state["today"] * self.params.grant
