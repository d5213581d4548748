"""Collective efficacy and disorder of the places where people live.

Neighbours who trust each other and are willing to step in keep a place safe (Sampson, Raudenbush & Earls, 1997). That
willingness is lower where disadvantage is concentrated and people come and go; crime, neglect and fear wear it down
(Hipp, 2016; Markowitz et al., 2001), ties among neighbours feed it, and it can be built by organising. Nothing here
touches a crime: others read the layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.columns import Column
from sim.guardianship import cohesion
from sim.guardianship.neighbourhood import block_mean, disadvantage, initial_efficacy
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param
from sim.records import CODE, TYPES
from sim.registry import mechanism

# How much of a sign of disorder an event is to neighbours, relative to a street robbery; what leaves broken doors and
# glass behind can be cleared away. Violence at home and extortion are not seen by neighbours.
SEEN = {"robbery": 1.0, "assault": 1.0, "homicide": 2.0, "theft": 0.25, "harassment": 0.25, "drugs": 0.02}
BROKEN = {"burglary": 1.0, "vehicle": 1.0}
WEEK, MONTH, YEAR = 7, 30, 365
RUN_IN = 3 * YEAR  # days until moves are as many as later: a city starts without a vacant home


@dataclass(frozen=True)
class CommunityParams(MechanismParams):
    """Settings of collective efficacy and disorder."""

    efficacy_disadvantage: float = param(0.6, unit="sd per sd", low=0, high=0.9,
                                         source="Sampson, Raudenbush & Earls (1997)",
                                         doc="how much concentrated disadvantage lowers collective efficacy")
    efficacy_stability: float = param(0.25, unit="sd per sd", low=0, high=0.7,
                                      source="Sampson, Raudenbush & Earls (1997)",
                                      doc="how much residential stability raises it")
    efficacy_area: float = param(0.35, unit="sd", low=0, high=0.7, source="modelling choice",
                                 doc="differences between areas of the same composition")
    usual_hardship: float = param(0.25, unit="share", low=0, high=1, source="modelling choice: that of the preset "
                                  "compact_european", doc="mean hardship of a city whose mean efficacy is 0")
    hardship_spread: float = param(0.09, unit="share", low=0.01, high=1, source="modelling choice: as above",
                                   doc="one sd of the hardship of places")
    turnover_spread: float = param(0.06, unit="share a year", low=0.005, high=1,
                                   source="order of size between tracts, US Census",
                                   doc="one sd of the share of residents who moved in within a year")
    neighbour_ties: float = param(1.0, unit="sd per share", low=0, high=5,
                                  source="Sampson, Morenoff & Earls (1999): direction",
                                  doc="rise of efficacy with the share of residents' ties that live near")
    pace: float = param(540.0, unit="days", low=7, high=10_000, source="modelling choice",
                        doc="half-life with which efficacy follows who lives there")
    erosion: float = param(0.20, unit="sd per log sign", low=0, high=1, source="Hipp (2016): direction",
                           doc="loss of efficacy with signs of disorder around the place")
    withdrawal: float = param(1.0, unit="sd per unit", low=0, high=10, source="Markowitz et al. (2001): direction",
                              doc="loss of efficacy with the fear of those who live there: they take no part")
    usual_fear: float = param(0.27, unit="0-1", low=0, high=1, source="modelling choice: as above",
                              doc="mean fear of a city whose mean efficacy is 0")
    usual_signs: float = param(3.5, unit="signs", low=0, high=100, source="modelling choice: as above",
                               doc="signs around a home in such a city; every home starts with them")
    usual_density: float = param(65.0, unit="residents", low=0, high=10_000, source="modelling choice: as above",
                                 doc="residents of an inhabited cell in such a city: in a sparser one people get about "
                                     "further and come across as many signs on more cells; 0 counts by cell everywhere")
    signs_half_life: float = param(180.0, unit="days", low=7, high=3_650, source="modelling choice",
                                   doc="half-life of crime as a sign of disorder")
    lot: float = param(4.0, unit="signs", low=0, high=50,
                       source="Branas et al. (2018): direction; modelling choice",
                       doc="signs that a vacant lot stands for: everybody sees it every day")
    empty_home: float = param(0.5, unit="signs", low=0, high=10, source="modelling choice",
                              doc="the same for a home that stands empty, beyond those empty at the start")
    near: float = param(600.0, unit="m", low=50, high=10_000, source="modelling choice",
                        doc="distance within which friends are neighbours")
    built_most: float = param(1.0, unit="sd", low=0, high=5, source="modelling choice",
                              doc="efficacy that organising can build at most")
    built_half_life: float = param(900.0, unit="days", low=30, high=10_000, source="modelling choice",
                                   doc="half-life of what was built, without further effort")


@mechanism
class Community(Mechanism):
    """Collective efficacy and disorder of the places where people live."""

    name = "community"
    cadence = "day"
    Params = CommunityParams
    layers = {
        "efficacy": Column("f4", 0.0, "sd", "collective efficacy; a standard score over the homes of an ordinary city",
                           low=-6, high=6),
        "disorder": Column("f4", 0.0, "signs", "fading signs of crime and neglect", low=0),
    }

    def setup(self, model) -> None:
        p, cells, inhabited = self.params, model.city.grid.cells, model.city.area >= 0
        nothing = np.zeros(cells)
        self.state.update(next=0, root=nothing.copy(), drift=nothing.copy(), built=nothing.copy(), seen=nothing.copy(),
                          broken=nothing.copy(), empty=nothing.copy(), empty_usual=nothing.copy(),
                          hardship=nothing.copy(), near=nothing.copy(), turnover=None, scale=1.0)
        if not p.enabled:
            return
        s, r = self.state, model.residents
        people = cohesion.residents_by_cell(model).astype(float)
        if p.usual_density > 0:
            s["scale"] = float(np.clip(p.usual_density * (people > 0).sum() / max(people.sum(), 1.0), 0.2, 5.0))
        poor = disadvantage(model)[np.maximum(model.city.area, 0)]
        shift = 0.0
        if "hardship" in r and r["hardship"].any():
            s["hardship"] = cohesion.around(model, r["hardship"])
            mean = float((people * s["hardship"]).sum() / people.sum())
            poor = (poor + (s["hardship"] - mean) / p.hardship_spread) / 2
            shift = (p.usual_hardship - mean) / p.hardship_spread * p.efficacy_disadvantage
        s["root"] = initial_efficacy(model, poor, p.efficacy_disadvantage, p.efficacy_stability, p.efficacy_area)
        s["root"] = np.where(inhabited, s["root"] + shift, 0.0)
        s["near"] = cohesion.neighbour_ties(model, p.near)
        s["empty_usual"] = s["empty"] = cohesion.empty_homes(model)
        s["seen"] = np.where(inhabited, p.usual_signs / s["scale"], 0.0)
        model.layers["efficacy"][:] = np.clip(s["root"], -6, 6)
        self._show(model)

    def step(self, model) -> None:
        s, days = self.state, model.tick // model.calendar.ticks_per_day + 1
        self._notice(model)
        if days % MONTH == 0:
            s["empty"] = cohesion.empty_homes(model)
            if model.spec.interactions:
                self._follow(model, days)
        self._show(model)
        if days % WEEK == 0:
            self._build(model)
            self._settle(model)

    def record(self, model) -> dict[str, float]:
        homes = model.city.layers["dwellings"].astype(float)
        return {f"community.{name}": float((homes * model.layers[name]).sum() / max(homes.sum(), 1.0))
                for name in ("efficacy", "disorder")}

    # -- disorder -----------------------------------------------------------------------------------------------------

    def _notice(self, model) -> None:
        """Signs of yesterday fade, those of today are added."""
        s, log = self.state, model.log
        new = slice(s["next"], len(log))
        s["next"] = len(log)
        if not model.spec.interactions:
            return
        public = ~log["domestic"][new]
        kind, cell = log["type"][new][public], log["cell"][new][public]
        keep = 0.5 ** (1 / self.params.signs_half_life)
        for name, weights in (("seen", SEEN), ("broken", BROKEN)):
            s[name] *= keep
            if len(kind):
                counted = np.zeros(len(TYPES))
                counted[[CODE[t] for t in weights]] = list(weights.values())
                s[name] += np.bincount(cell, counted[kind], len(s[name]))

    def _show(self, model) -> None:
        s = self.state
        neglect = self.params.lot * model.city.layers.get("vacant_lots", 0.0)
        neglect = neglect + self.params.empty_home * np.maximum(s["empty"] - s["empty_usual"], 0.0)
        left = 1.0 - np.clip(model.levers["cleaned"], 0, 1)
        model.layers["disorder"][:] = s["scale"] * (s["seen"] + (s["broken"] + neglect) * left)

    # -- collective efficacy ------------------------------------------------------------------------------------------

    def _follow(self, model, days: int) -> None:
        """Once a month: move towards what those who live there now would give."""
        p, s, r = self.params, self.state, model.residents
        aim = (cohesion.neighbour_ties(model, p.near) - s["near"]) * p.neighbour_ties
        if "hardship" in r and s["hardship"].any():
            change = (cohesion.around(model, r["hardship"]) - s["hardship"]) / p.hardship_spread
            aim -= p.efficacy_disadvantage * change
        if days > YEAR and "moved" in r:  # the mean turnover of the first years is what is usual there
            recent = cohesion.around(model, r["moved"] > model.day - YEAR)
            if s["turnover"] is None:
                s["turnover"] = recent
            elif days <= RUN_IN:
                s["turnover"] = s["turnover"] + (recent - s["turnover"]) / ((days - YEAR) // MONTH + 1)
            aim -= p.efficacy_stability * (recent - s["turnover"]) / p.turnover_spread
        s["drift"] += (np.clip(aim, -2, 2) - s["drift"]) * (1 - 0.5 ** (MONTH / p.pace))

    def _build(self, model) -> None:
        """A week's organising: it grows with those who take part, less the nearer it comes to what can be built."""
        p, s, effort = self.params, self.state, model.levers["organising"]
        s["built"] *= 0.5 ** (WEEK / p.built_half_life)
        if not model.levers.idle("organising"):
            part = 1.0 - cohesion.around(model, model.residents["fear"])
            s["built"] += effort * (WEEK / YEAR) * part * np.maximum(1.0 - s["built"] / max(p.built_most, 1e-9), 0.0)

    def _settle(self, model) -> None:
        p, s = self.params, self.state
        value = s["root"] + s["drift"] + s["built"]
        if model.spec.interactions:
            signs = block_mean(model.layers["disorder"], model.city.grid.width)
            value -= p.erosion * (np.log1p(signs) - np.log1p(p.usual_signs))
            value -= p.withdrawal * (cohesion.around(model, model.residents["fear"]) - p.usual_fear)
        model.layers["efficacy"][:] = np.where(model.city.area >= 0, np.clip(value, -6, 6), 0.0)
