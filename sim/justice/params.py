"""Settings of police work and courts."""

from __future__ import annotations

from dataclasses import dataclass

from sim.errors import SpecError
from sim.justice.response_params import ResponseParams, by_type
from sim.parameters import param
from sim.records import TYPES

BY_TYPE = ", ".join(TYPES)


@dataclass(frozen=True)
class JusticeParams(ResponseParams):
    """Settings of police work and courts."""

    seen: tuple[float, ...] = by_type(
        (0.15, 0.60, 0.15, 0.25, 0.60, 0.60, 0.20, 0.10, 0.05),
        "probability that a unit at the place discovers the act",
        unit="share",
        low=0, high=1, source="modelling choice")
    seen_on_arrival: float = param(0.3, unit="ratio", low=0, high=1, source="modelling choice",
                                   doc="the same for a unit that arrives shortly after, relative to one that is there")
    arrival_minutes: int = param(10, unit="minutes", low=0, high=120, source="modelling choice",
                                 doc="what shortly after means")
    logged: tuple[float, ...] = by_type(
        (0.95, 0.92, 0.92, 0.98, 0.85, 1.0, 0.0, 0.6, 0.85),
        "share of reported events that the police record", unit="share", low=0, high=1,
        source="HMIC (2014), Crime-recording: making the victim count")
    service: float = param(1.0, unit="ratio", low=0, high=1, source="modelling choice",
                           doc="quality of the service in recording what is reported, relative to the reference")
    caught: float = param(0.75, unit="share", low=0, high=1, source="modelling choice",
                          doc="discovered acts whose offender is arrested at once")
    named: float = param(0.60, unit="share", low=0, high=1, calibrated=True,
                         source="calibrated to clearance rates (FBI, 2019)",
                         doc="recorded acts cleared because the victim knows the offender")
    description: float = param(0.14, unit="share", low=0, high=1, calibrated=True,
                               source="calibrated to clearance rates (FBI, 2019)",
                               doc="robberies and assaults cleared by the victim's description of a stranger, by day")
    witness: tuple[float, ...] = by_type(
        (0.010, 0.035, 0.015, 0.010, 0.070, 0.15, 0.0, 0.01, 0.02),
        "hazard of identification per log witness of average efficacy",
        unit="-", low=0, high=5, calibrated=True, source="calibrated to clearance rates (FBI, 2019)")
    witness_efficacy: float = param(0.25, unit="per sd", low=0, high=2,
                                    source="Sampson, Raudenbush & Earls (1997): direction",
                                    doc="log rise of witnesses' help with collective efficacy")
    footage: float = param(0.20, unit="share", low=0, high=1,
                           source="Ashby (2017): footage useful in 29 % of railway investigations; modelling choice",
                           doc="identification by footage of an offence out of doors in full view of cameras")
    traces: tuple[float, ...] = by_type(
        (0.13, 0.10, 0.12, 0.12, 0.14, 0.42, 0.0, 0.03, 0.15),
        "identification by traces and enquiries with full investigation time",
        unit="share", low=0, high=1, calibrated=True, source="calibrated to clearance rates (FBI, 2019)")
    case_hours: tuple[float, ...] = by_type(
        (3.0, 8.0, 1.0, 2.0, 5.0, 250.0, 1.0, 1.0, 12.0),
        "investigators' time wanted by a case", unit="hours", low=0, high=5_000,
        source="modelling choice")
    investigators: float = param(0.15, unit="share", low=0, high=1, source="modelling choice",
                                 doc="share of officers who investigate")
    named_days: float = param(3.0, unit="days", low=0, high=100, source="modelling choice",
                              doc="mean time to the arrest of somebody named by the victim")
    other_days: float = param(20.0, unit="days", low=0, high=100, source="modelling choice",
                              doc="mean time to other arrests after investigation")
    accomplice: float = param(0.6, unit="share", low=0, high=1, source="modelling choice",
                              doc="accomplices arrested with the main offender")
    hold_hours: float = param(12.0, unit="hours", low=0, high=96, source="modelling choice",
                              doc="time that an arrested person is held before release or diversion")
    custody_share: tuple[float, ...] = by_type(
        (0.35, 0.50, 0.12, 0.20, 0.15, 0.90, 0.15, 0.02, 0.5),
        "convicted adults without record who go to jail or prison",
        unit="share",
        low=0, high=1, source="Reaves (2013), felony defendants; misdemeanours: modelling choice")
    custody_days: tuple[float, ...] = by_type(
        (450.0, 1200.0, 90.0, 240.0, 300.0, 5500.0, 240.0, 20.0, 900.0),
        "mean length of custody in the United States, jail and prison together; times city.custody_terms",
        unit="days",
        low=0, high=30_000, source="Kaeble (2021), time served, shortened for jail terms: modelling choice")
    record: float = param(0.35, unit="logit per log arrest", low=0, high=3, source="modelling choice",
                          doc="rise of the odds of custody with earlier arrests")
    youth: float = param(1.0, unit="logit", low=0, high=5, source="modelling choice",
                         doc="fall of the odds of custody for minors, whose terms are also halved")
    stop_age: int = param(12, unit="years", low=0, high=30, source="modelling choice", doc="nobody younger is stopped")
    stop_check: float = param(0.7, unit="share", low=0, high=1, source="modelling choice",
                              doc="stops in which a person already wanted is recognised")

    cautioned: tuple[float, ...] = by_type(
        (0.10, 0.0, 0.35, 0.10, 0.25, 0.0, 0.35, 0.6, 0.0),
        "first cases that end with a caution, out of court; 0: the type is too serious for any diversion",
        unit="share", low=0, high=1, source="modelling choice; Reaves (2013) for the order of felonies dropped")
    dismissed: float = param(0.2, unit="share", low=0, high=1, source="Reaves (2013): a quarter of felony defendants",
                             doc="cases in court that end without a conviction")
    remand: tuple[float, ...] = by_type(
        (0.20, 0.35, 0.06, 0.10, 0.12, 0.95, 0.10, 0.02, 0.35),
        "charged adults without record who await the sentence in detention",
        unit="share", low=0, high=1, source="Reaves (2013), felony defendants; misdemeanours: modelling choice")
    court_days: float = param(90.0, unit="days", low=1, high=2_000, source="Reaves (2013): median 111 days, all",
                              doc="mean time to the sentence of those detained, in a court that is not overloaded")
    bail_wait: float = param(2.0, unit="ratio", low=1, high=20, source="Reaves (2013); modelling choice",
                             doc="the same for those who await it in liberty, relative to those detained")
    court_cases: float = param(12.0, unit="per 1,000 residents", low=0.01, high=100, source="modelling choice",
                               doc="pending cases up to which courts keep their pace; with more it falls with the root")
    breach: float = param(0.7, unit="logit", low=0, high=3, source="modelling choice",
                          doc="rise of the odds of remand and custody for those arrested under supervision")
    drug_court_barred: tuple[str, ...] = param(("homicide", "robbery", "extortion"), unit="types",
                                               source="Mitchell et al. (2012): most admit no violent offenders",
                                               doc="types of cases that a drug court does not take")
    stop_known: float = param(1.0, unit="ratio", low=0, high=20, source="modelling choice",
                              doc="how much likelier officers stop somebody with a conviction or a label than another "
                                  "person there, besides")
    stop_suspicion: float = param(0.5, unit="share", low=0, high=1, source="modelling choice",
                                  doc="share of stops that follow what police believe about crime at the place; the "
                                      "rest follow the visits alone")

    def check(self, where: str) -> None:
        for name in ("seen", "logged", "witness", "traces", "case_hours", "custody_share", "custody_days",
                     "cautioned", "remand", "at_once", "on_scene"):
            found = len(getattr(self, name))
            if found != len(TYPES):
                raise SpecError(f"{where}.{name}: expected {len(TYPES)} values ({BY_TYPE}), found {found}")
        for kind in self.drug_court_barred:
            if kind not in TYPES:
                raise SpecError(f"{where}.drug_court_barred: expected names of types ({BY_TYPE}), found {kind!r}")
