"""Settings of institutions."""

from __future__ import annotations

from dataclasses import dataclass

from sim.mechanism import MechanismParams
from sim.parameters import param

CHOICE = "modelling choice"


@dataclass(frozen=True)
class GovernanceParams(MechanismParams):
    """Settings of institutions: budget, services, legitimacy."""

    budget: float = param(0.03, unit="median weekly wages per resident and week", low=0, high=1, source=CHOICE,
                          doc="spending on police, local services, treatment and prevention")
    programmes: float = param(0.10, unit="share", low=0, high=1, source=CHOICE,
                              doc="share of it that is there for prevention programmes")
    hiding: float = param(9.0, unit="ratio", low=0.5, high=1e3, source="modelling choice; 1.9 gives Olken's villages",
                          doc="cost of hiding what is diverted, grows with its square")
    hiding_spread: float = param(0.5, unit="log sd", low=0, high=2, source=CHOICE,
                                 doc="how much offices differ in it")
    audited: float = param(0.04, unit="probability per year", low=0, high=1, source="Olken (2007)",
                           doc="probability that an office is audited in a year")
    sanction: float = param(0.30, unit="share of what is taken", low=0, high=1, calibrated=True,
                            source="Olken (2007): missing expenditures -8 points when every village is audited",
                            doc="expected sanction for a diverting office that is audited")
    open_books: float = param(0.25, unit="audits", low=0, high=1, source="modelling choice; weaker than audits",
                              doc="what fully open budgets are worth in audits")
    budget_days: float = param(90.0, unit="days", low=1, high=3_650, source=CHOICE,
                               doc="mean time in which offices change what they divert")
    reference: float = param(0.75, unit="0-1", low=0, high=1, source=CHOICE,
                             doc="quality of services that are fully paid for")
    by_money: float = param(0.7, unit="elasticity", low=0, high=2, source=CHOICE,
                            doc="elasticity of the quality of services to the money that reaches them")
    neutral: float = param(0.60, unit="0-1", low=0, high=1, source=CHOICE,
                           doc="legitimacy when everything is as usual")
    usual_service: float = param(0.70, unit="0-1", low=0, high=1, source=CHOICE, doc="usual quality of services")
    usual_bad: float = param(0.05, unit="share", low=0, high=1, source=CHOICE,
                             doc="usual share of contacts and reports that go badly: a bribe asked, unfair, ignored")
    usual_cleared: float = param(0.33, unit="share", low=0, high=1, source="FBI (2019), order of size",
                                 doc="usual share of recorded cases that are cleared")
    usual_crime: float = param(20.0, unit="per 100 residents and year", low=0, high=500, source=CHOICE,
                               doc="usual number of victimisations")
    usual_encounters: float = param(4.0, unit="per 100 residents and year", low=0, high=500, source=CHOICE,
                                    doc="usual number of stops and arrests")
    little: float = param(40.0, unit="cases", low=1, high=10_000, source=CHOICE,
                          doc="number of cases at which what was seen weighs as much as what is usual")
    by_service: float = param(0.40, unit="per unit", low=0, high=3, source="OECD (2017): direction",
                              doc="legitimacy gained with the quality of services")
    by_procedure: float = param(0.80, unit="per unit", low=0, high=5, source="Tyler (2006); Jackson et al. (2012)",
                                doc="legitimacy lost with the share of contacts and reports that go badly")
    by_clearance: float = param(0.20, unit="per unit", low=0, high=3, source="Tyler (2006): weaker than procedure",
                                doc="legitimacy gained with the share of cases cleared")
    by_crime: float = param(0.08, unit="per log unit", low=0, high=1, source="Jackson & Bradford (2009): direction",
                            doc="legitimacy lost with crime in the area")
    by_encounters: float = param(0.05, unit="per log unit", low=0, high=1,
                                 source="Tyler, Fagan & Geller (2014): direction",
                                 doc="legitimacy lost with the number of stops and arrests")
    by_openness: float = param(0.03, unit="0-1", low=0, high=0.5, source=CHOICE,
                               doc="legitimacy gained by open budgets and published decisions")
    opinion_days: float = param(180.0, unit="days", low=1, high=3_650, source=CHOICE,
                                doc="mean time in which an area's opinion follows what happens")
    into_trust: float = param(1.0, unit="ratio", low=0, high=3, source=CHOICE,
                              doc="change of the trust to which residents return with legitimacy in their area")
    scandal: float = param(0.20, unit="0-1", low=0, high=1, source="Desmond, Papachristos & Kirk (2016): direction",
                           doc="mean loss of trust in a scandal of full size")
    scandal_half_life: float = param(180.0, unit="days", low=1, high=3_650,
                                     source="Desmond et al. (2016): calls fell for over a year",
                                     doc="half-life of what a scandal leaves behind")
    friendly: float = param(0.04, unit="0-1", low=0, high=0.5, source="Peyton, Sierra-Arevalo & Rand (2019): direction",
                            doc="trust gained in a friendly contact where the state has full capacity")
    capacity: float = param(0.45, unit="0-1", low=0, high=1,
                            source="Blair et al. (2021): no gain where institutions are weak",
                            doc="quality of services below which friendly contacts gain nothing")
