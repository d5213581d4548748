"""Situational prevention in public space: cameras, light towers, watch schemes, gates, redesign of places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.interventions import selection
from sim.interventions.kinds import YEAR, PlaceParams, Works, redeclare
from sim.parameters import param
from sim.records import APART, CODE
from sim.registry import intervention

NO_VICTIM = tuple(CODE[name] for name in APART)


def recorded_events(model, days: int = YEAR, kinds: tuple[str, ...] = (), night: bool = False,
                    outdoors: bool = False) -> np.ndarray:
    """Recorded events with a victim by cell in the last `days`, with a little of what the police believe.

    Most cells have none: among these the second part puts those first that the police believe to be worse.
    """
    log, events = model.log, selection.events_since(model, days)
    which = log["recorded"][events] & ~np.isin(log["type"][events], NO_VICTIM)
    if kinds:
        which &= np.isin(log["type"][events], [CODE[kind] for kind in kinds])
    if night:
        which &= selection.at_night(log["minute"][events])
    if outdoors:
        which &= log["outdoors"][events]
    believed = model.layers["believed"].astype(float)
    return selection.count_by_cell(model, events, which) + believed / (1 + believed)


@dataclass(frozen=True)
class CctvParams(PlaceParams):
    """Cameras in public space."""

    share: float = redeclare(PlaceParams, "share", 0.05, "evidence row I08 (5 % of segments)")
    cameras: float = param(0.7, unit="0-1", low=0, high=1, source="modelling choice: corners are out of view",
                           doc="share of the public space in view")
    cost_per_cell: float = redeclare(PlaceParams, "cost_per_cell", 6_000.0,
                                     "judgement: cameras over ten years and those who watch them")


@intervention
class Cctv(Works):
    """Cameras that are watched or recorded (Piza et al., 2019): what they see is found out more often."""

    name = "cctv"
    target = "places by recorded crime in the open of the last year"
    levers = ("cameras",)
    evidence = ("I08", "I09")
    side_effects = "displacement out of view; loss of privacy for all who pass"
    Params = CctvParams

    def score(self, model, cells):
        return recorded_events(model, outdoors=True)[cells]

    def amounts(self, model, cells):
        return {"cameras": self.params.cameras}


@dataclass(frozen=True)
class LightTowerParams(PlaceParams):
    """Towers of light at estates."""

    share: float = redeclare(PlaceParams, "share", 0.02, "modelling choice: Chalfin et al. (2022), 39 estates")
    dense_share: float = param(0.25, unit="share of street cells", low=0.01, high=1, source="modelling choice",
                               doc="the cells with the most homes count as estates")
    trial: bool = redeclare(PlaceParams, "trial", False, "Chalfin et al. (2022)")
    target_light: float = param(1.0, unit="0-1", low=0, high=1, source="Chalfin et al. (2022): very bright",
                                doc="light at night at strength 1")
    days: int = param(182, unit="days", low=1, high=36_500, source="Chalfin et al. (2022): six months",
                      doc="days for which the towers stand")
    cost_per_cell: float = redeclare(PlaceParams, "cost_per_cell", 24_000.0,
                                     "judgement: two hired towers with fuel; upper end")


@intervention
class LightTowers(Works):
    """Temporary towers of light at dense estates with recorded crime at night (Chalfin et al., 2022)."""

    name = "light_towers"
    target = "dense housing by crime recorded at night in the open"
    levers = ("light",)
    evidence = ("I11",)
    side_effects = "glare and noise; displacement in place and time"
    Params = LightTowerParams

    def begin(self, model):
        super().begin(model)
        self.state["since"] = model.day

    def candidates(self, model):
        cells = selection.street_cells(model)
        count = selection.share_of(cells, self.params.dense_share)
        return selection.top(model, f"{self.name}.estates", cells, model.layers["dwellings"][cells], count)

    def score(self, model, cells):
        return recorded_events(model, night=True, outdoors=True)[cells]

    def _standing(self, model) -> bool:
        return model.day - self.state["since"] < self.params.days

    def amounts(self, model, cells):
        return {"light": np.maximum(self.params.target_light - model.layers["light"][cells], 0) * self._standing(model)}

    def cost(self, model, dose):
        return super().cost(model, dose) * self._standing(model)


@dataclass(frozen=True)
class WatchParams(PlaceParams):
    """Neighbourhood watch."""

    share: float = redeclare(PlaceParams, "share", 0.15, "modelling choice")
    watch: float = param(0.5, unit="0-1", low=0, high=1, source="evidence row I12 (resident guardianship +50 %)",
                         doc="residents at home who take part, where efficacy is average")
    cost_per_cell: float = redeclare(PlaceParams, "cost_per_cell", 150.0, "judgement: a coordinator, signs")


@intervention
class NeighbourhoodWatchScheme(Works):
    """Neighbours watch homes and call the police; schemes live where people already do things together."""

    name = "neighbourhood_watch_scheme"
    target = "homes by recorded burglary of the last year"
    levers = ("watch",)
    evidence = ("I12",)
    side_effects = "stronger where it is least needed; suspicion of outsiders"
    Params = WatchParams

    def candidates(self, model):
        cells = selection.street_cells(model)
        return cells[model.layers["dwellings"][cells] > 0]

    def score(self, model, cells):
        return recorded_events(model, kinds=("burglary",))[cells]

    def amounts(self, model, cells):
        efficacy = model.layers["efficacy"][cells].astype(float)
        return {"watch": self.params.watch * 2 / (1 + np.exp(-efficacy))}


@dataclass(frozen=True)
class GatesParams(PlaceParams):
    """Gates at the rear of homes."""

    share: float = redeclare(PlaceParams, "share", 0.05, "modelling choice")
    gated: float = param(1.0, unit="sd", low=0, high=5, source="modelling choice",
                         doc="hidden access that is closed, taken off the cover of the homes there")
    cost_per_cell: float = redeclare(PlaceParams, "cost_per_cell", 900.0,
                                     "judgement after Bowers et al. (2004): gates of some 700 GBP over ten years")


@intervention
class AlleyGates(Works):
    """Lockable gates at the rear of rows of homes (Bowers et al., 2004; Sidebottom et al., 2018)."""

    name = "alley_gates"
    target = "homes by recorded burglary of the last year"
    levers = ("gated",)
    evidence = ("I13",)
    side_effects = "less access for all; displacement to rows without gates"
    Params = GatesParams

    def candidates(self, model):
        cells = selection.street_cells(model)
        return cells[model.layers["dwellings"][cells] > 0]

    def score(self, model, cells):
        return recorded_events(model, kinds=("burglary",))[cells]

    def amounts(self, model, cells):
        return {"gated": self.params.gated}


@dataclass(frozen=True)
class PlaceNetworkParams(PlaceParams):
    """A few networks of places that make crime easy."""

    networks: int = param(3, unit="networks", low=1, high=1_000, source="evidence row I14 (3 micro-locations)",
                          doc="worst places, each with the places around it")
    reach: int = param(2, unit="cells", low=0, high=20, source="modelling choice: two blocks",
                       doc="distance within which venues and empty buildings belong to the network")
    management: float = param(0.5, unit="0-1", low=0, high=1, source="modelling choice",
                              doc="management gained (owners held to account, staff trained)")
    security: float = param(0.75, unit="sd", low=0, high=5, source="modelling choice", doc="security gained")
    cleaned: float = param(0.8, unit="0-1", low=0, high=1, source="modelling choice",
                           doc="empty lots and buildings put in order")
    cost_per_cell: float = redeclare(PlaceParams, "cost_per_cell", 8_000.0, "judgement (not found)")


@intervention
class PlaceNetworks(Works):
    """Venues, meeting points and empty buildings around the worst places are redesigned together (CPTED, PNI)."""

    name = "place_networks"
    target = "venues and empty buildings around the worst places in the eyes of the police"
    levers = ("management", "security", "cleaned")
    evidence = ("I14",)
    side_effects = "closed venues; gentrification"
    Params = PlaceNetworkParams

    def candidates(self, model):
        p, grid, streets = self.params, model.city.grid, selection.street_cells(model)
        believed = model.layers["believed"]
        count = min(p.networks, len(streets))
        centres = selection.top(model, f"{self.name}.centres", streets, believed[streets], count)
        x, y = streets % grid.width, streets // grid.width
        cx, cy = centres % grid.width, centres // grid.width
        apart = np.maximum(np.abs(x[:, None] - cx), np.abs(y[:, None] - cy))
        near = (apart <= p.reach).any(axis=1)
        part = sum(model.layers[layer][streets] for layer in ("bars", "shops", "cash_points", "stops", "vacant_lots")
                   if layer in model.layers)
        return streets[(near & (part > 0)) | np.isin(streets, centres)]

    def count(self, model, cells):
        return len(cells)

    def amounts(self, model, cells):
        p = self.params
        return {"management": p.management, "security": p.security, "cleaned": p.cleaned}
