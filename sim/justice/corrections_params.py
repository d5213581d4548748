"""Settings of supervision, prison and re-entry."""

from __future__ import annotations

from dataclasses import dataclass

from sim.mechanism import MechanismParams
from sim.parameters import param

CHOICE = "modelling choice"


@dataclass(frozen=True)
class CorrectionsParams(MechanismParams):
    """Settings of corrections."""

    # supervision
    probation: float = param(0.5, unit="share", low=0, high=1, source="Reaves (2013): order of size",
                             doc="convictions without custody that bring supervision; the rest are fined")
    probation_days: float = param(365.0, unit="days", low=1, high=3_650, source=CHOICE,
                                  doc="length of supervision instead of custody, in a drug court too")
    parole: float = param(0.6, unit="share", low=0, high=1, source=CHOICE,
                          doc="releases after parole_after days or more that bring supervision")
    parole_days: float = param(365.0, unit="days", low=1, high=3_650, source=CHOICE, doc="its length")
    parole_after: float = param(90.0, unit="days", low=0, high=3_650, source=CHOICE, doc="see parole")
    violations: float = param(0.05, unit="per week", low=0, high=2,
                              source="Hawken & Kleiman (2009), usual probation: order of size",
                              doc="violations of conditions by somebody of average self-control who takes no drugs")
    violation_control: float = param(0.4, unit="log per sd", low=0, high=2, source=CHOICE,
                                     doc="rise of violations with low self-control")
    violation_use: float = param(0.7, unit="log", low=0, high=3, source="Hawken & Kleiman (2009): direction",
                                 doc="rise with the use of drugs outside treatment, twice that in dependence")
    violation_risk: float = param(1.0, unit="log per utility", low=0, high=5, source=CHOICE,
                                  doc="fall with the perceived risk of arrest above what is usual")
    found: float = param(0.3, unit="share", low=0, high=1, source=CHOICE,
                         doc="violations that usual supervision finds")
    revoked: float = param(0.06, unit="share", low=0, high=1, source=CHOICE,
                           doc="violations found that send to custody; the others bring a warning")
    revoked_days: float = param(90.0, unit="days", low=0, high=3_650, source=CHOICE, doc="and for how long")
    brief_days: float = param(3.0, unit="days", low=0, high=60, source="Hawken & Kleiman (2009): a few days",
                              doc="custody for a violation that is answered at once")
    brief_risk: float = param(0.3, unit="utility", low=0, high=3, source=CHOICE,
                              doc="rise of perceived risk at such an answer: half that of an arrest")
    warned_risk: float = param(0.05, unit="utility", low=0, high=3, source=CHOICE,
                               doc="rise of perceived risk at a warning")
    court_found: float = param(0.8, unit="share", low=0, high=1, source="Mitchell et al. (2012): frequent testing",
                               doc="violations that a drug court finds")
    court_patience: int = param(4, unit="count", low=1, high=100, source=CHOICE,
                                doc="times found outside treatment after which a drug court sends to custody; before "
                                    "that the answer is brief, and violations in treatment bring a warning")
    court_failed_days: float = param(180.0, unit="days", low=0, high=3_650, source=CHOICE, doc="and for how long")
    # inside
    programmes: float = param(0.1, unit="share", low=0, high=1, source=CHOICE,
                              doc="sentenced prisoners in cognitive-behavioural programmes as things are")
    course_days: float = param(120.0, unit="days", low=7, high=1_000, source=CHOICE, doc="length of a programme")
    course_gain: float = param(0.3, unit="sd", low=0, high=2,
                               source="Piquero, Jennings & Farrington (2010), programmes for self-control: d of 0.3",
                               doc="self-control gained by a whole programme")
    skills_half_life: float = param(365.0, unit="days", low=7, high=10_000, source=CHOICE,
                                    doc="half-life outside of what was gained or lost inside; kept while followed")
    prisonisation: float = param(0.06, unit="sd per year", low=0, high=1, source="Clemmer (1940): direction",
                                 doc="self-control lost inside, up to three years' worth")
    contacts: float = param(0.02, unit="per week", low=0, high=1,
                            source="Bayer, Hjalmarsson & Pozen (2009): direction; modelling choice",
                            doc="criminal capital taken over from others inside, as a share of their mean")
    community_days: float = param(180.0, unit="days", low=7, high=2_000, source="Mitchell, Wilson & MacKenzie (2007)",
                                  doc="time in a therapeutic community inside until it is completed")
    community_stay: float = param(0.6, unit="share", low=0, high=1, source=CHOICE, doc="those who complete it")
    # re-entry
    reentry_after: float = param(30.0, unit="days", low=0, high=1_000, source=CHOICE,
                                 doc="stay inside from which a release counts as re-entry, with what helps there")
    follow_days: float = param(182.0, unit="days", low=7, high=2_000, source="half a year, as the levers say",
                               doc="length of aftercare and of work given")
    help_job: float = param(0.06, unit="per week", low=0, high=1, source=CHOICE,
                            doc="chance that aftercare finds work for somebody jobless")
