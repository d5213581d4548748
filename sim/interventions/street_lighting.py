"""Street lighting of dark places with night-time crime (Welsh, Farrington and Douglas, 2022; Chalfin et al., 2022)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.interventions import selection
from sim.interventions.contract import Intervention, InterventionParams
from sim.parameters import param
from sim.records import CODE
from sim.registry import intervention


@dataclass(frozen=True)
class StreetLightingParams(InterventionParams):
    """A programme of lamps."""

    share: float = param(0.05, unit="share of street cells", low=0.0005, high=1,
                         source="evidence row I10 (5 % of segments)",
                         doc="places that are lit at most")
    dark_below: float = param(0.6, unit="0-1", low=0, high=1, source="modelling choice",
                              doc="light at night below which a place counts as dark")
    target_light: float = param(0.9, unit="0-1", low=0, high=1, source="modelling choice",
                                doc="light at night after the works, at strength 1")
    memory_days: int = param(365, unit="days", low=1, high=3_650, source="modelling choice",
                             doc="days of recorded night-time crime that places are chosen by")
    trial: bool = param(False, unit="-", source="Chalfin et al. (2022)",
                        doc="light a random half of the list and keep the other half as control")
    cost_per_cell: float = param(1_000.0, unit="USD of 2022 per cell and year", low=0, high=1e5,
                                 source="judgement: three lamps of 4,000 over 20 years at 3.5 %, upkeep 50 a lamp",
                                 doc="lamps, energy and upkeep")


@intervention
class StreetLighting(Intervention):
    """More light in dark cells, first where the police recorded crime at night in the open."""

    name = "street_lighting"
    level = "local"
    target = "dark places (register of lamps) by crime recorded at night"
    levers = ("light",)
    evidence = ("I10",)
    side_effects = "displacement in place and time; glare"
    Params = StreetLightingParams

    def begin(self, model):
        p, log, light = self.params, model.log, model.layers["light"]
        streets = selection.street_cells(model)
        dark = streets[light[streets] < min(p.dark_below, p.target_light)]
        events = selection.events_since(model, p.memory_days)
        night = (log["recorded"][events] & log["outdoors"][events] & selection.at_night(log["minute"][events])
                 & (log["type"][events] != CODE["drugs"]))
        count = min(selection.share_of(streets, p.share), len(dark))
        # Most cells have no crime recorded at night: among these, those that the police believe to be worse.
        believed = model.layers["believed"][dark].astype(float)
        score = selection.count_by_cell(model, events, night)[dark] + believed / (1 + believed)
        listed = selection.top(model, self.name, dark, score, count)
        treated = selection.halve(model, self.name, listed) if p.trial else np.ones(len(listed), bool)
        self.state.update(treated_cells=listed[treated], control_cells=listed[~treated])

    def apply(self, model, dose):
        cells, light = self.state["treated_cells"], model.layers["light"]
        gain = dose * (self.params.target_light - light[cells])
        self.put(model, "light", cells, np.minimum(gain, 1 - light[cells]))

    def cost(self, model, dose):
        return dose * len(self.state["treated_cells"]) * self.params.cost_per_cell / 365
