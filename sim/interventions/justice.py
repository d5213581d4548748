"""Courts and corrections: programmes inside, quick answers, custody or not, what comes after release."""

from __future__ import annotations

from dataclasses import dataclass

from sim.interventions.contract import InterventionParams
from sim.interventions.kinds import Measure, redeclare
from sim.parameters import param
from sim.registry import intervention


@dataclass(frozen=True)
class JusticeParams(InterventionParams):
    """A measure of courts or corrections."""

    cost_per_resident: float = param(1.0, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement", doc="cost, spread over all residents")


@dataclass(frozen=True)
class AdultCbtParams(JusticeParams):
    """Groups in prison."""

    prison_programmes: float = param(0.5, unit="0-1", low=0, high=1, source="evidence row I21 (half of the convicted)",
                                     doc="prisoners in cognitive-behavioural programmes")
    cost_per_resident: float = redeclare(JusticeParams, "cost_per_resident", 0.5,
                                         "judgement: a few hundred USD a prisoner, 1-2 prisoners per 1,000 residents")


@intervention
class AdultCbt(Measure):
    """Cognitive-behavioural programmes for prisoners (Landenberger and Lipsey, 2005)."""

    name = "adult_cbt"
    target = "sentenced prisoners"
    levers = ("prison_programmes",)
    evidence = ("I21",)
    Params = AdultCbtParams

    def amounts(self, model):
        return {"prison_programmes": self.params.prison_programmes}


@dataclass(frozen=True)
class SwiftParams(JusticeParams):
    """Swift, certain and fair probation."""

    swift_sanctions: float = param(0.9, unit="0-1", low=0, high=1, source="evidence row I36: certainty x 3",
                                   doc="violations under supervision that are answered at once, briefly")
    cost_per_resident: float = redeclare(JusticeParams, "cost_per_resident", 3.0,
                                         "judgement: evidence row I36, dearer than usual probation")


@intervention
class SwiftSanctions(Measure):
    """Every violation under supervision is answered at once with a few days (HOPE; Lattimore et al., 2016)."""

    name = "swift_sanctions"
    target = "people under supervision"
    levers = ("swift_sanctions",)
    evidence = ("I36",)
    side_effects = "more short stays in jail for violations"
    Params = SwiftParams

    def amounts(self, model):
        return {"swift_sanctions": self.params.swift_sanctions}


@dataclass(frozen=True)
class TherapeuticParams(JusticeParams):
    """Treatment inside and afterwards."""

    therapeutic_community: float = param(0.5, unit="0-1", low=0, high=1, source="modelling choice: half",
                                         doc="dependent prisoners treated inside")
    aftercare: float = param(0.5, unit="0-1", low=0, high=1, source="modelling choice: half",
                             doc="released people followed and helped for half a year")
    cost_per_resident: float = redeclare(JusticeParams, "cost_per_resident", 2.5,
                                         "judgement after WSIPP programme 187 (2015): 5,004 a participant")


@intervention
class TherapeuticCommunity(Measure):
    """Therapeutic communities in prison, with aftercare (Mitchell, Wilson and MacKenzie, 2012)."""

    name = "therapeutic_community"
    target = "dependent prisoners, and the released"
    levers = ("therapeutic_community", "aftercare")
    evidence = ("I37",)
    Params = TherapeuticParams

    def amounts(self, model):
        return {"therapeutic_community": self.params.therapeutic_community, "aftercare": self.params.aftercare}


@dataclass(frozen=True)
class ReentryParams(JusticeParams):
    """Work after release."""

    reentry_jobs: float = param(0.6, unit="0-1", low=0, high=1, source="evidence row I38 (jobs for six months)",
                                doc="jobless released who are given work for half a year")
    cost_per_resident: float = redeclare(JusticeParams, "cost_per_resident", 3.0,
                                         "judgement: several thousand USD a job (evidence row I38)")


@intervention
class ReentryJobs(Measure):
    """Work for half a year after release (Cook et al., 2015; Doleac, 2018)."""

    name = "reentry_jobs"
    target = "released people without work"
    levers = ("reentry_jobs",)
    evidence = ("I38",)
    Params = ReentryParams

    def amounts(self, model):
        return {"reentry_jobs": self.params.reentry_jobs}


@dataclass(frozen=True)
class CustodySurgeParams(JusticeParams):
    """More and longer custody."""

    custody_use: float = param(0.7, unit="logit", low=0, high=5, source="modelling choice: odds doubled",
                               doc="rise of the log odds of custody at sentence")
    custody_length: float = param(0.4, unit="log ratio", low=0, high=3, source="modelling choice: half as long again",
                                  doc="longer custody")
    cost_per_resident: float = redeclare(JusticeParams, "cost_per_resident", 40.0,
                                         "judgement: 30,000-60,000 USD a prison-year (evidence row I55), 1 per 1,000")


@intervention
class CustodySurge(Measure):
    """Custody instead of sanctions in the community, and for longer (Petrich et al., 2021)."""

    name = "custody_surge"
    target = "people sentenced"
    levers = ("custody_use", "custody_length")
    evidence = ("I55",)
    side_effects = "jobs, ties and homes are lost; poor families and areas bear it"
    Params = CustodySurgeParams

    def amounts(self, model):
        p = self.params
        return {"custody_use": p.custody_use, "custody_length": p.custody_length}


@dataclass(frozen=True)
class CommunitySanctionParams(JusticeParams):
    """Less custody."""

    custody_use: float = param(0.7, unit="logit", low=0, high=5, source="modelling choice: odds halved",
                               doc="fall of the log odds of custody at sentence")
    cost_per_resident: float = redeclare(JusticeParams, "cost_per_resident", 1.0,
                                         "judgement: supervision; what custody would have cost is not taken off")


@intervention
class CommunitySanctions(Measure):
    """Sanctions in the community instead of custody: evidence row I55 in the other direction."""

    name = "community_sanctions"
    target = "people sentenced"
    levers = ("custody_use",)
    evidence = ("I55",)
    side_effects = "offences by those who would have been inside"
    Params = CommunitySanctionParams

    def amounts(self, model):
        return {"custody_use": -self.params.custody_use}


@dataclass(frozen=True)
class DiversionParams(JusticeParams):
    """Diversion of minor first cases."""

    diversion: float = param(0.6, unit="0-1", low=0, high=1, source="modelling choice",
                             doc="minor first cases kept out of court")
    cost_per_resident: float = redeclare(JusticeParams, "cost_per_resident", 0.3, "judgement")


@intervention
class Diversion(Measure):
    """Minor first cases end with a talk, an apology or a service instead of a record (ECOSOC 2002/12)."""

    name = "diversion"
    target = "people with a minor first case"
    levers = ("diversion",)
    side_effects = "net widening, if cases that nobody would have taken up are diverted"
    Params = DiversionParams

    def amounts(self, model):
        return {"diversion": self.params.diversion}


@dataclass(frozen=True)
class FasterCourtsParams(JusticeParams):
    """Courts that decide sooner."""

    court_speed: float = param(0.5, unit="log ratio", low=0, high=3, source="modelling choice: 40 % less waiting",
                               doc="how much faster those detained are sentenced")
    cost_per_resident: float = redeclare(JusticeParams, "cost_per_resident", 4.0, "judgement: judges and clerks")


@intervention
class FasterCourts(Measure):
    """Less time unsentenced in detention (SDG 16.3.2)."""

    name = "faster_courts"
    target = "people detained without a sentence"
    levers = ("court_speed",)
    Params = FasterCourtsParams

    def amounts(self, model):
        return {"court_speed": self.params.court_speed}


@dataclass(frozen=True)
class ReportingParams(JusticeParams):
    """Channels and victim services."""

    reporting_ease: float = param(0.4, unit="logit", low=0, high=3, source="modelling choice",
                                  doc="rise of the log odds that a victim reports")
    cost_per_resident: float = redeclare(JusticeParams, "cost_per_resident", 1.5, "judgement")


@intervention
class VictimServices(Measure):
    """Hotlines, desks run by trained women, legal help: reporting gets easier."""

    name = "victim_services"
    level = "local"
    target = "victims"
    levers = ("reporting_ease",)
    side_effects = "recorded crime rises while true crime may not"
    Params = ReportingParams

    def amounts(self, model):
        return {"reporting_ease": self.params.reporting_ease}
