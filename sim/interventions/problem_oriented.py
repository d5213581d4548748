"""Problem-oriented treatment of places: analyse, change what makes crime easy there, leave.

Goldstein (1990), Eck and Spelman (1987): scanning, analysis, response. The response changes the opportunity structure
and stays when the officers have gone, which is what separates it from presence alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.interventions import selection
from sim.interventions.contract import Intervention
from sim.interventions.hot_spots import HotSpotsParams, visits_cost
from sim.parameters import param
from sim.records import CODE
from sim.registry import intervention

THEFTS = tuple(CODE[name] for name in ("burglary", "theft", "vehicle"))
YEAR = 365


@dataclass(frozen=True)
class ProblemOrientedParams(HotSpotsParams):
    """A plan of works and visits at places."""

    analysis_days: int = param(28, unit="days", low=0, high=365, source="modelling choice",
                               doc="days of analysis before anything is done")
    presence_days: int = param(91, unit="days", low=0, high=3_650, source="evidence row I04 (three months)",
                               doc="days of visits after the analysis; the works stay")
    management: float = param(0.3, unit="0-1", low=0, high=1, source="modelling choice",
                              doc="management gained at every treated place (owners and staff engaged)")
    security: float = param(0.75, unit="sd", low=0, high=5, source="modelling choice",
                            doc="security gained where most recorded crime is taking things")
    light: float = param(0.4, unit="0-1", low=0, high=1, source="modelling choice",
                         doc="light gained where most recorded crime out of doors is at night")
    works: float = param(5_000.0, unit="USD of 2022 per place", low=0, high=1e7,
                         source="judgement (costs are seldom reported)",
                         doc="analysis and works at a place, paid over the days of presence")


@intervention
class ProblemOrientedPlaces(Intervention):
    """The list of a hot-spots plan, answered by what its recorded crime calls for."""

    name = "problem_oriented_places"
    level = "local"
    target = "places by believed crime; the response by recorded crime of the last year"
    levers = ("visits", "management", "security", "light")
    evidence = ("I04",)
    side_effects = "displacement; more stops while officers are there"
    Params = ProblemOrientedParams

    def begin(self, model):
        p, cells = self.params, selection.street_cells(model)
        listed = selection.top(model, self.name, cells, model.layers["believed"][cells],
                               selection.share_of(cells, p.share))
        treated = selection.halve(model, self.name, listed) if p.trial else np.ones(len(listed), bool)
        self.state.update(treated_cells=listed[treated], control_cells=listed[~treated], since=model.day)

    def _analyse(self, model) -> None:
        """What each place is treated for: security where things are taken, light where nights are the trouble."""
        cells, log = self.state["treated_cells"], model.log
        events = selection.events_since(model, YEAR)
        recorded = log["recorded"][events] & (log["type"][events] != CODE["drugs"])
        taking = recorded & np.isin(log["type"][events], THEFTS)
        outdoors = recorded & log["outdoors"][events]
        night = outdoors & selection.at_night(log["minute"][events])
        masks = (recorded, taking, outdoors, night)
        every, taken, out, dark = (selection.count_by_cell(model, events, mask)[cells] for mask in masks)
        self.state.update(secured=cells[2 * taken > every], lit=cells[2 * dark > out])

    def apply(self, model, dose):
        p, state = self.params, self.state
        phase = self._phase(model)
        if phase == "analysis":
            return
        if "secured" not in state:
            self._analyse(model)
        layers, cells, lit = model.layers, state["treated_cells"], state["lit"]
        self.put(model, "management", cells, np.minimum(dose * p.management, 1 - layers["management"][cells]))
        self.put(model, "security", state["secured"], dose * p.security)
        self.put(model, "light", lit, np.minimum(dose * p.light, 1 - layers["light"][lit]))
        per_day = p.visits_per_day * dose if phase == "presence" else 0.0
        self.put(model, "visits", None, dict(cells=cells, minutes=p.minutes, per_day=per_day, extra=p.extra))

    def _phase(self, model) -> str:
        days = model.day - self.state["since"] - self.params.analysis_days
        return "analysis" if days < 0 else "presence" if days < self.params.presence_days else "after"

    def cost(self, model, dose):
        p, places = self.params, len(self.state["treated_cells"])
        if self._phase(model) != "presence":
            return 0.0
        return dose * (visits_cost(model, p, places) + places * p.works / p.presence_days)
