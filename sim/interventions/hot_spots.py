"""Patrol of small places, and its three controls: no dose, other places, and perfect information.

Sherman and Weisburd (1995) and Koper (1995): short visits, often, at the few places where crime concentrates. What
a visit does is left to the mechanisms: it is seen, remembered for a while and forgotten (deterrence), it takes
officers from elsewhere, and it finds people to stop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.interventions import selection
from sim.interventions.contract import Intervention, InterventionParams
from sim.parameters import param
from sim.records import CODE
from sim.registry import intervention


@dataclass(frozen=True)
class HotSpotsParams(InterventionParams):
    """A plan of visits to places."""

    share: float = param(0.025, unit="share of street cells", low=0.0005, high=0.5,
                         source="Weisburd (2015): a quarter of crime on 0.4-1.6 %, half on 2-6 % of streets",
                         doc="places on the list")
    visits_per_day: float = param(5.0, unit="visits per place and day", low=0, high=48,
                                  source="Telep, Mitchell & Weisburd (2014): about one every two hours of a shift",
                                  doc="visits ordered at strength 1")
    minutes: float = param(15.0, unit="minutes", low=1, high=240, source="Koper (1995): 10-16 minutes",
                           doc="length of a visit")
    extra: bool = param(False, unit="-", source="modelling choice",
                        doc="true: officers on top of the force; false: visits replace other patrol time")
    trial: bool = param(False, unit="-", source="Braga & Weisburd (2022)",
                        doc="treat a random half of the list and keep the other half as control")
    review_days: int = param(0, unit="days", low=0, high=3_650, source="modelling choice",
                             doc="days after which the list is drawn up anew; 0 keeps the first list")
    officer_year: float = param(113_796.0, unit="USD of 2022 per officer-year", low=0, high=1e6,
                                source="Washington State Institute for Public Policy, programme 236 (2022)",
                                doc="cost of an officer, also when the time is taken from other patrols")
    officer_hours: float = param(1_700.0, unit="hours per officer-year", low=500, high=3_000, source="modelling choice",
                                 doc="hours on duty in a year, after leave and training")


class PlacePatrol(Intervention):
    """Order visits to a list of places; subclasses say how the list is made."""

    level = "local"
    levers = ("visits",)
    Params = HotSpotsParams
    side_effects = "displacement, more stops and less trust where patrols go, less presence elsewhere"

    def score(self, model, cells: np.ndarray) -> np.ndarray:
        """Value by which places are put on the list, highest first."""
        raise NotImplementedError

    def begin(self, model):
        self._list(model)

    def _list(self, model) -> None:
        cells = selection.street_cells(model)
        listed = selection.top(model, self.name, cells, self.score(model, cells),
                               selection.share_of(cells, self.params.share))
        treated = selection.halve(model, self.name, listed) if self.params.trial else np.ones(len(listed), bool)
        self.state.update(treated_cells=listed[treated], control_cells=listed[~treated], listed=model.day)

    def apply(self, model, dose):
        p = self.params
        if p.review_days and model.day - self.state["listed"] >= p.review_days:
            self._list(model)
        self.put(model, "visits", None, dict(cells=self.state["treated_cells"], minutes=p.minutes,
                                             per_day=p.visits_per_day * dose, extra=p.extra))

    def cost(self, model, dose):
        return dose * visits_cost(model, self.params, len(self.state["treated_cells"]))


def visits_cost(model, p: HotSpotsParams, places: int) -> float:
    """Cost of a day of planned visits to so many places, with the way there."""
    patrol = model.mechanisms["patrol"].params
    hours = places * p.visits_per_day * (p.minutes + patrol.travel_minutes) / 60
    return hours * patrol.crew * p.officer_year / p.officer_hours


@intervention
class HotSpotsPatrol(PlacePatrol):
    """Visits to the places with the most crime in the eyes of the police."""

    name = "hot_spots_patrol"
    target = "places by believed crime (recorded events, fading)"
    evidence = ("I01",)

    def score(self, model, cells):
        return model.layers["believed"][cells]


@intervention
class Placebo(HotSpotsPatrol):
    """The whole machinery of a hot-spots plan at no dose: a list is made, orders are written, nobody comes."""

    name = "placebo"
    level = "-"
    evidence = ()
    side_effects = "none"

    def dose(self, day):
        return 0.0


@intervention
class SameCostRandom(PlacePatrol):
    """As many visits to as many places as a hot-spots plan, at places drawn by lot."""

    name = "same_cost_random"
    target = "random places"

    def score(self, model, cells):
        return np.zeros(len(cells))  # all equal: the order of ties decides, which is drawn


@dataclass(frozen=True)
class PerfectInformationParams(HotSpotsParams):
    """As a hot-spots plan, with what nobody knows."""

    memory_days: int = param(365, unit="days", low=1, high=3_650, source="modelling choice",
                             doc="days of true events that the list is made from")


@intervention
class PerfectInformationPatrol(PlacePatrol):
    """Visits to the places with the most crime that happened, reported or not: an upper bound on information.

    Not an option for a real authority. The difference from hot-spots patrol is what unreported and unrecorded crime
    costs the plan. Drug deals are left out: there are many, and without victims.
    """

    name = "perfect_information_patrol"
    target = "places by true crime (known to nobody)"
    feasible = False
    Params = PerfectInformationParams

    def score(self, model, cells):
        events = selection.events_since(model, self.params.memory_days)
        victims = model.log["type"][events] != CODE["drugs"]
        return selection.count_by_cell(model, events, victims)[cells]
