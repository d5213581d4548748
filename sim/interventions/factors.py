"""Bounds: one factor of UNODC's causal product taken away or its counterforce added, as far as levers go.

Illicit flows x vulnerability x local conditions -> violence, held back by resilience. No authority can do these things
to everybody at once; the arms say what each factor carries and how they work together. Flows are removed by switching
the mechanism `flows` off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.interventions.contract import Intervention, InterventionParams
from sim.parameters import param
from sim.registry import intervention

SPREAD = 30  # days between two looks at who is concerned


class Bound(Intervention):
    """What these arms share: no cost, no real option, everybody concerned."""

    feasible = False
    currency = "-"
    side_effects = "a bound, not a programme"


@dataclass(frozen=True)
class VulnerabilityRemovedParams(InterventionParams):
    """How much support everybody gets."""

    restraint: float = param(1.0, unit="share", low=0, high=1, source="modelling choice",
                             doc="share of what is missing to average self-control that is made up for")
    bond: float = param(1.0, unit="ties", low=0, high=3, source="modelling choice",
                        doc="ties to somebody who would mind, for those without partner, job or school")
    family: float = param(1.0, unit="0-1", low=0, high=1, source="modelling choice",
                          doc="family support and supervision of minors")
    slots_per_1000: float = param(30.0, unit="per 1,000 residents", low=0, high=50, source="modelling choice",
                                  doc="places in treatment of drug use disorders")


@intervention
class VulnerabilityRemoved(Bound):
    """Nobody is left with less than average self-control, without a tie, or waiting for treatment."""

    name = "vulnerability_removed"
    level = "national"
    target = "everybody with low self-control or without ties (hidden traits: a bound)"
    levers = ("restraint", "bond", "family", "treatment_slots")
    Params = VulnerabilityRemovedParams

    def begin(self, model):
        self.state["people"] = int(model.residents["alive"].sum())
        self._look(model)

    def _look(self, model):
        r = model.residents
        low = np.flatnonzero(r["self_control"] < 0)
        alone = np.flatnonzero((model.age() >= 12) & (r["partner"] == 0) & np.isin(r["routine"], (0, 5, 6)))
        minor = np.flatnonzero(model.age() < 18)
        low, alone, minor = (rows[np.argsort(r["id"][rows])] for rows in (low, alone, minor))
        self.state.update(low=r["id"][low], missing=-r["self_control"][low].astype(float), alone=r["id"][alone],
                          minor=r["id"][minor], looked=model.day)

    def apply(self, model, dose):
        p, s = self.params, self.state
        if model.day - s["looked"] >= SPREAD:
            self._look(model)
        self.put(model, "restraint", s["low"], dose * p.restraint * s["missing"])
        self.put(model, "bond", s["alone"], dose * p.bond)
        self.put(model, "family", s["minor"], dose * p.family)
        self.put(model, "treatment_slots", None, dose * p.slots_per_1000 * s["people"] / 1000)


@dataclass(frozen=True)
class ConditionsImprovedParams(InterventionParams):
    """How far conditions are lifted."""

    income: float = param(1.2, unit="ratio", low=0, high=3, source="modelling choice",
                          doc="income per adult, relative to the poverty line, that everybody is lifted to")
    management: float = param(0.5, unit="0-1", low=0, high=1, source="modelling choice",
                              doc="share of what is missing to well-managed places that is made up for")


@intervention
class ConditionsImproved(Bound):
    """Nobody is poor, no street is dark, derelict or left alone."""

    name = "conditions_improved"
    level = "national"
    target = "all adults below the line and all places"
    levers = ("earnings", "light", "management", "cleaned")
    Params = ConditionsImprovedParams

    def begin(self, model):
        inside = np.flatnonzero(model.city.area >= 0).astype(np.int32)
        self.state.update(cells=inside)
        self._look(model)

    def _look(self, model):
        r = model.residents
        line = float(model.mechanisms["economy"].state.get("line", 0.0))
        adult = np.flatnonzero(model.age() >= 18)
        # What was given before is part of the income that was paid out.
        own = r["income"][adult].astype(float) - model.levers["earnings"][adult]
        short = np.maximum(self.params.income * line - own, 0.0)
        poor = adult[short > 0]
        order = np.argsort(r["id"][poor])
        self.state.update(poor=r["id"][poor][order], sums=short[short > 0][order], looked=model.day)

    def apply(self, model, dose):
        s, layers = self.state, model.layers
        if model.day - s["looked"] >= SPREAD:
            self._look(model)
        self.put(model, "earnings", s["poor"], dose * s["sums"])
        cells = s["cells"]
        self.put(model, "light", cells, dose * np.maximum(0.9 - layers["light"][cells], 0))
        self.put(model, "management", cells,
                 dose * self.params.management * np.maximum(1 - layers["management"][cells], 0))
        self.put(model, "cleaned", cells, dose * 1.0)


@dataclass(frozen=True)
class ResilienceAddedParams(InterventionParams):
    """How strong communities and institutions become."""

    organising: float = param(1.0, unit="sd a year", low=0, high=3, source="modelling choice",
                              doc="effort put into collective efficacy everywhere")
    mediation: float = param(0.5, unit="0-1", low=0, high=1, source="modelling choice",
                             doc="retaliation that mediators hear of in time")
    services: float = param(0.3, unit="0-1", low=0, high=1, source="modelling choice", doc="added quality of services")
    integrity: float = param(0.3, unit="0-1", low=0, high=1, source="modelling choice",
                             doc="bribes that controls find besides")
    fairness: float = param(0.5, unit="0-1", low=0, high=1, source="modelling choice",
                            doc="fairness of stops and arrests")


@intervention
class ResilienceAdded(Bound):
    """Neighbours who step in, mediators, services that work, officers who are fair and cannot be bought."""

    name = "resilience_added"
    level = "national"
    target = "all places and institutions"
    levers = ("organising", "mediation", "services", "integrity", "fairness", "audits", "transparency")
    Params = ResilienceAddedParams

    def begin(self, model):
        self.state["cells"] = np.flatnonzero(model.city.area >= 0).astype(np.int32)

    def apply(self, model, dose):
        p, cells = self.params, self.state["cells"]
        for lever, value in (("organising", p.organising), ("mediation", p.mediation), ("services", p.services)):
            self.put(model, lever, cells, dose * value)
        for lever, value in (("integrity", p.integrity), ("fairness", p.fairness), ("audits", 0.5 * p.integrity),
                             ("transparency", p.integrity)):
            self.put(model, lever, None, dose * value)
