"""Policing beyond the hot-spots plan: how many officers, what they do on the street, and how they treat people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.interventions import selection
from sim.interventions.contract import InterventionParams
from sim.interventions.hot_spots import HotSpotsParams, PlacePatrol, visits_cost
from sim.interventions.kinds import YEAR, Measure, PlaceParams, Works, redeclare
from sim.parameters import param
from sim.records import CODE
from sim.registry import intervention

VIOLENT = tuple(CODE[name] for name in ("robbery", "assault", "homicide"))
STREET_VIOLENCE_DAYS = 365
OFFICER = "WSIPP programme 236 (2022): 113,796 an officer-year"


@dataclass(frozen=True)
class FootPatrolParams(HotSpotsParams):
    """Beats on foot."""

    share: float = redeclare(HotSpotsParams, "share", 0.015, "Ratcliffe et al. (2011): 60 of the worst corners")
    visits_per_day: float = redeclare(HotSpotsParams, "visits_per_day", 16.0,
                                      "Ratcliffe et al. (2011): 16 hours a day in beats of some dozen corners")
    minutes: float = redeclare(HotSpotsParams, "minutes", 20.0, "modelling choice")
    extra: bool = redeclare(HotSpotsParams, "extra", True, "Ratcliffe et al. (2011): officers fresh from the academy")


@intervention
class FootPatrol(PlacePatrol):
    """Pairs of officers on foot, sixteen hours a day, where the police recorded the most street violence."""

    name = "foot_patrol"
    target = "places by recorded violence in the open of the last year"
    evidence = ("I03",)
    side_effects = "displacement to nearby streets while it lasts; more stops and less trust where officers walk"
    Params = FootPatrolParams

    def score(self, model, cells):
        log, events = model.log, selection.events_since(model, STREET_VIOLENCE_DAYS)
        known = log["recorded"][events] & log["outdoors"][events] & np.isin(log["type"][events], VIOLENT)
        believed = model.layers["believed"][cells].astype(float)
        return selection.count_by_cell(model, events, known)[cells] + believed / (1 + believed)

    def apply(self, model, dose):
        p = self.params
        self.put(model, "visits", None, dict(cells=self.state["treated_cells"], minutes=p.minutes, hours=(8, 24),
                                             per_day=p.visits_per_day * dose, extra=p.extra))


@dataclass(frozen=True)
class CityScaleParams(HotSpotsParams):
    """Visits and municipal services at every hot street of the city at once."""

    visits_per_day: float = redeclare(HotSpotsParams, "visits_per_day", 6.0,
                                      "Blattman et al. (2021): from 92 to 169 minutes a day")
    cleaned: float = param(0.7, unit="0-1", low=0, high=1, source="Blattman et al. (2021): clean-up; size by judgement",
                           doc="share of physical disorder that is put in order")
    light: float = param(0.3, unit="0-1", low=0, high=1, source="Blattman et al. (2021): lamps repaired; size by "
                         "judgement", doc="light gained at night")
    cost_per_cell: float = param(600.0, unit="USD of 2022 per place and year", low=0, high=1e6, source="judgement",
                                 doc="cleaning and repairs")


@intervention
class CityScaleHotSpots(PlacePatrol):
    """All hot streets at the same total force, with clean-up and repaired lamps (Blattman et al., 2021)."""

    name = "city_scale_hot_spots"
    target = "all places by believed crime down to the share, at the same force"
    levers = ("visits", "cleaned", "light")
    evidence = ("I02",)
    side_effects = "property crime moves to nearby streets; less presence elsewhere"
    Params = CityScaleParams

    def score(self, model, cells):
        return model.layers["believed"][cells]

    def apply(self, model, dose):
        super().apply(model, dose)
        p, cells = self.params, self.state["treated_cells"]
        self.put(model, "cleaned", cells, min(1.0, dose * p.cleaned))
        self.put(model, "light", cells, np.minimum(dose * p.light, 1 - model.layers["light"][cells]))

    def cost(self, model, dose):
        places = len(self.state["treated_cells"])
        return dose * (visits_cost(model, self.params, places) + places * self.params.cost_per_cell / YEAR)


@dataclass(frozen=True)
class StopAndSearchParams(HotSpotsParams):
    """Visits with many stops."""

    stops: float = param(0.5, unit="stops per visit", low=0, high=5, source="modelling choice: fifty times the usual",
                         doc="persons stopped during a visit, at every dose")


@intervention
class StopAndSearch(PlacePatrol):
    """Visits to hot spots whose purpose is to stop people: seen by offenders, felt by everybody."""

    name = "stop_and_search"
    target = "places by believed crime"
    evidence = ("I40",)
    side_effects = "those stopped trust less, report less and may offend more; the burden falls on few areas"
    Params = StopAndSearchParams

    def score(self, model, cells):
        return model.layers["believed"][cells]

    def apply(self, model, dose):
        p = self.params
        self.put(model, "visits", None, dict(cells=self.state["treated_cells"], minutes=p.minutes, extra=p.extra,
                                             per_day=p.visits_per_day * dose, stops=p.stops))


@dataclass(frozen=True)
class MorePoliceParams(InterventionParams):
    """A larger force."""

    force: float = param(0.10, unit="ratio", low=0, high=3, source="Chalfin & McCrary (2018): +10 %",
                         doc="police hours added, relative to those there are")
    officers_per_100000: float = param(240.0, unit="per 100,000 residents", low=10, high=2_000,
                                       source="order of magnitude of United States cities (Chalfin & McCrary, 2018)",
                                       doc="sworn officers today, for the cost")
    officer_year: float = param(113_796.0, unit="USD of 2022 per officer-year", low=0, high=1e6, source=OFFICER,
                                doc="cost of an officer")


@intervention
class MorePolice(Measure):
    """More officers, used as all the others are."""

    name = "more_police"
    level = "local"
    levers = ("force",)
    evidence = ("I39",)
    side_effects = "more stops and arrests, of minor deeds too"
    Params = MorePoliceParams

    def amounts(self, model):
        return {"force": self.params.force}

    def cost(self, model, dose):
        p = self.params
        officers = self.state["people"] * p.officers_per_100000 / 100_000
        return dose * p.force * officers * p.officer_year / YEAR


@dataclass(frozen=True)
class CommunityPolicingParams(PlaceParams):
    """Officers who get to know a neighbourhood."""

    share: float = redeclare(PlaceParams, "share", 0.2, "modelling choice: a fifth of the city")
    contacts: float = param(2.0, unit="per week and 100 residents", low=0, high=100,
                            source="modelling choice: a residents' meeting a month and door knocking",
                            doc="friendly contacts of officers with residents")
    reporting_ease: float = param(0.1, unit="logit", low=0, high=3, source="modelling choice: direction of Gill et al. "
                                  "(2014)", doc="easier reporting in the whole city: known officers, hotlines")
    cost_per_cell: float = redeclare(PlaceParams, "cost_per_cell", 700.0, "judgement: officers' hours; not found")


@intervention
class CommunityPolicing(Works):
    """Meetings, doors knocked at and officers with names; presence stays as it is (Gill et al., 2014; Blair et al.)."""

    name = "community_policing"
    target = "places where recorded crime is high"
    levers = ("contacts", "reporting_ease")
    evidence = ("I06", "I07")
    side_effects = "recorded crime can rise because more is reported; capture by the better organised"
    Params = CommunityPolicingParams

    def amounts(self, model, cells):
        return {"contacts": self.params.contacts}

    def apply(self, model, dose):
        super().apply(model, dose)
        self.put(model, "reporting_ease", None, dose * self.params.reporting_ease)


@dataclass(frozen=True)
class ProceduralJusticeParams(InterventionParams):
    """Training in fair treatment."""

    fairness: float = param(0.3, unit="0-1", low=0, high=1, source="modelling choice after Weisburd et al. (2022): "
                            "more neutral, respectful conduct observed", doc="fairness added to stops and arrests")
    cost_per_resident: float = param(0.6, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement: five days of an officer's time a year",
                                     doc="training")


@intervention
class ProceduralJustice(Measure):
    """Five days of training: give voice, be neutral, respect, explain (Weisburd et al., 2022)."""

    name = "procedural_justice"
    level = "local"
    target = "all officers"
    levers = ("fairness",)
    evidence = ("I42",)
    Params = ProceduralJusticeParams

    def amounts(self, model):
        return {"fairness": self.params.fairness}


@dataclass(frozen=True)
class BodyCamerasParams(InterventionParams):
    """Cameras worn by officers."""

    accountability: float = param(0.9, unit="0-1", low=0, high=1, source="modelling choice: worn by all, sometimes off",
                                  doc="share of contacts that can be looked at later")
    cost_per_resident: float = param(1.5, unit="USD of 2022 per resident and year", low=0, high=1_000,
                                     source="judgement: about 1,000 a camera and year", doc="cameras and storage")


@intervention
class BodyCameras(Measure):
    """Officers wear cameras (Lum et al., 2020): complaints fall, crime does not."""

    name = "body_cameras"
    target = "all officers"
    levers = ("accountability",)
    evidence = ("I41",)
    side_effects = "fewer contacts of the officers' own initiative are possible"
    Params = BodyCamerasParams

    def amounts(self, model):
        return {"accountability": self.params.accountability}
