"""Settings of how calls are answered: when somebody calls, when a unit is there, who is still to be found."""

from __future__ import annotations

from dataclasses import dataclass

from sim.mechanism import MechanismParams
from sim.parameters import param
from sim.records import TYPES


def by_type(values: tuple[float, ...], doc: str, **more):
    """Declare a parameter with one value for each crime type."""
    return param(values, doc=f"{doc}; by type: {', '.join(TYPES)}", **more)


@dataclass(frozen=True)
class ResponseParams(MechanismParams):
    """Settings of the answer to calls, used by `sim.justice.response`."""

    answer_calls: bool = param(False, unit="-", source="Spelman & Brown (1981); Blanes i Vidal & Kirchmaier (2018)",
                               doc="units between calls are sent to what is reported at once: who is still there or "
                                   "near may be arrested, and witnesses who are still there are heard")
    at_once: tuple[float, ...] = by_type(
        (0.10, 0.60, 0.08, 0.06, 0.60, 0.80, 0.0, 0.20, 0.05),
        "reported acts that somebody there calls in; the others are found out, or told, when all are gone",
        unit="share", low=0, high=1,
        source="Spelman & Brown (1981): a quarter of serious calls; Coupe & Griffiths (1996) for burglary; modelling "
               "choice by type")
    call_minutes: float = param(6.0, unit="minutes", low=0, high=120,
                                source="Spelman & Brown (1981): median of four to six minutes",
                                doc="mean time from the act to the call of somebody there (exponential)")
    on_scene: tuple[float, ...] = by_type(
        (10.0, 2.5, 2.0, 4.0, 8.0, 12.0, 0.0, 3.0, 3.0),
        "mean time that an offender stays at the scene (exponential)",
        unit="minutes", low=0, high=1_440, source="modelling choice")
    on_scene_home: float = param(40.0, unit="minutes", low=0, high=1_440,
                                 source="modelling choice; half have left when police come (Hirschel et al., 2007)",
                                 doc="the same for violence within the household")
    held: float = param(0.7, unit="share", low=0, high=1,
                        source="Spelman & Brown (1981): 35 % arrests where the call came during the act",
                        doc="offenders arrested by a unit that finds them at the scene")
    near: float = param(0.25, unit="share", low=0, high=1, source="Spelman & Brown (1981): 18 % within a minute",
                        doc="offenders found by a unit that arrives when they have just left")
    search_minutes: float = param(4.0, unit="minutes", low=0.1, high=120,
                                  source="modelling choice; 7-10 % for later calls in Spelman & Brown (1981)",
                                  doc="lead at which half of that is left: the area to search grows with its square")
    spread_minutes: float = param(10.0, unit="minutes", low=0, high=120, source="modelling choice",
                                  doc="units that arrive so long after the first one still search by the description")
    units_sent: int = param(3, unit="units", low=1, high=20, source="modelling choice",
                            doc="units that are sent to a call, the first to arrive; others stay where they are")
    witnesses_leave: float = param(20.0, unit="minutes", low=0.1, high=1_440, source="modelling choice",
                                   doc="mean time after which witnesses have left, and victims thought better of it")
    witnesses_lost: float = param(0.5, unit="share", low=0, high=1, calibrated=True,
                                  source="direction of Blanes i Vidal & Kirchmaier (2018); calibrated to clearance "
                                         "rates (FBI, 2019)",
                                  doc="what victims and witnesses can tell that is lost when nobody comes in time")
    named_work: float = param(0.0, unit="share", low=0, high=1, source="modelling choice after Greenberg et al. (1977)",
                              doc="cases with a named offender that need investigators' time like all others")
