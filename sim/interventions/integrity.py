"""Integrity of institutions: audits, plans of prevention, pay."""

from __future__ import annotations

from dataclasses import dataclass

from sim.interventions.contract import InterventionParams
from sim.interventions.kinds import Measure
from sim.parameters import param
from sim.registry import intervention


@dataclass(frozen=True)
class AuditParams(InterventionParams):
    """Random audits."""

    audits: float = param(0.96, unit="0-1", low=0, high=1, source="Olken (2007): from 4 % to 100 %",
                          doc="added probability that an office is audited in a year")
    cost_per_resident: float = param(1.0, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement", doc="auditors")


@intervention
class AntiCorruptionAudits(Measure):
    """Audits announced to all offices, with results published (Olken, 2007; Avis, Ferraz and Finan, 2018)."""

    name = "anti_corruption_audits"
    target = "offices and officials, by lot"
    levers = ("audits",)
    evidence = ("I43", "I44")
    side_effects = "diversion shifts to what audits do not see, such as hiring relatives"
    Params = AuditParams

    def amounts(self, model):
        return {"audits": self.params.audits}


@dataclass(frozen=True)
class PlanParams(InterventionParams):
    """An integrity plan."""

    audits: float = param(0.2, unit="0-1", low=0, high=1, source="modelling choice", doc="added audits")
    integrity: float = param(0.15, unit="0-1", low=0, high=1, source="modelling choice",
                             doc="bribes that controls find: rotation, two pairs of eyes, channels for complaints")
    transparency: float = param(0.3, unit="0-1", low=0, high=1, source="modelling choice",
                                doc="e-procurement and licences online")
    cost_per_resident: float = param(1.5, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement", doc="unit, systems")


@intervention
class IntegrityPlan(Measure):
    """Analysis of corruption risks, controls, digital procurement (UNCAC, articles 5-9)."""

    name = "integrity_plan"
    target = "police and municipal offices"
    levers = ("audits", "integrity", "transparency")
    side_effects = "bribes can get dearer instead of fewer"
    Params = PlanParams

    def amounts(self, model):
        p = self.params
        return {"audits": p.audits, "integrity": p.integrity, "transparency": p.transparency}


@dataclass(frozen=True)
class PayParams(InterventionParams):
    """Better pay."""

    police_pay: float = param(0.4, unit="log ratio", low=0, high=2, source="modelling choice: half as much again",
                              doc="rise of officers' pay")
    cost_per_resident: float = param(70.0, unit="USD of 2022 per resident and year", low=0, high=10_000,
                                     source="judgement: half of the pay of 2.4 officers per 1,000 residents",
                                     doc="payroll")


@intervention
class PolicePay(Measure):
    """Higher pay for officers; alone it has failed (Foltz and Opoku-Agyemang, 2015)."""

    name = "police_pay"
    target = "all officers"
    levers = ("police_pay",)
    side_effects = "bribes can get dearer instead of fewer"
    Params = PayParams

    def amounts(self, model):
        return {"police_pay": self.params.police_pay}
