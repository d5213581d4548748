"""Programmes for children, youths and their families."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.interventions.kinds import PeopleParams, Programme, redeclare
from sim.parameters import param
from sim.registry import intervention

PUPIL = 1


def as_a_school_sees(model, rows: np.ndarray) -> np.ndarray:
    """Concern about youths by what a school and a youth office see: arrests, then being out of school."""
    r = model.residents
    absent = (model.age()[rows] < 16) & (r["routine"][rows] != PUPIL)
    return np.minimum(r["arrests"][rows], 5).astype(float) + 0.5 * absent


@dataclass(frozen=True)
class DetainedCbtParams(PeopleParams):
    """Groups in juvenile detention."""

    min_age: int = redeclare(PeopleParams, "min_age", 12, "Heller et al. (2017)")
    max_age: int = redeclare(PeopleParams, "max_age", 20, "Heller et al. (2017): up to 17; widened with custody here")
    poor_share: float = redeclare(PeopleParams, "poor_share", 1.0, "everybody detained")
    coverage: float = redeclare(PeopleParams, "coverage", 0.5, "Heller et al. (2017): half of the residents by lot")
    weeks: int = redeclare(PeopleParams, "weeks", 4, "Heller et al. (2017): three to four weeks")
    round_days: int = redeclare(PeopleParams, "round_days", 28, "modelling choice")
    half_life_days: float = redeclare(PeopleParams, "half_life_days", 240.0, "modelling choice")
    gain: float = param(0.4, unit="sd of self-control", low=0, high=2, source="between Piquero et al. (2016) and "
                        "Sukhodolsky et al. (2004)", doc="restraint gained")
    cost_per_person: float = redeclare(PeopleParams, "cost_per_person", 300.0, "evidence row I20: low; judgement")


@intervention
class DetainedYouthCbt(Programme):
    """Cognitive-behavioural groups for youths in custody (Heller et al., 2017)."""

    name = "detained_youth_cbt"
    target = "youths in custody, by lot"
    levers = ("restraint",)
    evidence = ("I20",)
    side_effects = "none known"
    waits = True
    Params = DetainedCbtParams

    def eligible(self, model):
        p, r, age = self.params, model.residents, model.age()
        return r["alive"] & (r["custody_until"] > model.tick) & (age >= p.min_age) & (age <= p.max_age)

    def here(self, model, ids):
        return model.residents.find(ids) >= 0

    def lasting(self, model):
        return {"restraint": self.params.gain}


@dataclass(frozen=True)
class MentoringParams(PeopleParams):
    """Mentors."""

    min_age: int = redeclare(PeopleParams, "min_age", 10, "Tolan et al. (2013)")
    coverage: float = redeclare(PeopleParams, "coverage", 0.10, "evidence row I28 (10 % of youths at risk)")
    weeks: int = redeclare(PeopleParams, "weeks", 52, "Tolan et al. (2013): order of a year")
    half_life_days: float = redeclare(PeopleParams, "half_life_days", 180.0, "modelling choice")
    bond: float = param(1.0, unit="ties", low=0, high=5, source="one mentor", doc="tie to somebody who would mind")
    occupied: float = param(0.05, unit="share of free waking hours", low=0, high=1,
                            source="modelling choice: two to four hours a week", doc="time with the mentor")
    cost_per_person: float = redeclare(PeopleParams, "cost_per_person", 2_000.0,
                                       "evidence row I28: 1,000-2,000 USD a youth and year")


@intervention
class Mentoring(Programme):
    """An adult who takes an interest, for a year (Tolan et al., 2013)."""

    name = "mentoring"
    target = "youths in poor areas, by arrests and absence from school"
    levers = ("bond", "occupied")
    evidence = ("I28",)
    Params = MentoringParams

    def concern(self, model, rows):
        return as_a_school_sees(model, rows)

    def during(self, model):
        return {"occupied": self.params.occupied}

    def lasting(self, model):
        return {"bond": self.params.bond}


@dataclass(frozen=True)
class LineUpParams(PeopleParams):
    """Life skills through sport."""

    min_age: int = redeclare(PeopleParams, "min_age", 13, "UNODC, Line Up Live Up: 13-18")
    max_age: int = redeclare(PeopleParams, "max_age", 18, "UNODC, Line Up Live Up: 13-18")
    weeks: int = redeclare(PeopleParams, "weeks", 10, "UNODC, Line Up Live Up: ten sessions")
    half_life_days: float = redeclare(PeopleParams, "half_life_days", 180.0, "modelling choice")
    gain: float = param(0.1, unit="sd of self-control", low=0, high=2, source="modelling choice: a small dose, as no "
                        "effect on crime has been published", doc="restraint gained")
    bond: float = param(0.3, unit="ties", low=0, high=5, source="modelling choice", doc="tie to trainer and team")
    occupied: float = param(0.02, unit="share of free waking hours", low=0, high=1, source="one session a week",
                            doc="time in sessions")
    cost_per_person: float = redeclare(PeopleParams, "cost_per_person", 80.0, "judgement: low")


@intervention
class LineUpLiveUp(Programme):
    """Line Up Live Up (UNODC): ten sessions of life skills in sport for 13-18-year-olds."""

    name = "line_up_live_up"
    target = "youths of 13-18 in poor areas, by lot"
    levers = ("restraint", "bond", "occupied")
    side_effects = "girls can be left out; strangers meet"
    Params = LineUpParams

    def during(self, model):
        return {"occupied": self.params.occupied}

    def lasting(self, model):
        return {"restraint": self.params.gain, "bond": self.params.bond}


@dataclass(frozen=True)
class ScaredStraightParams(PeopleParams):
    """Visits to a prison."""

    min_age: int = redeclare(PeopleParams, "min_age", 12, "Petrosino et al. (2013)")
    max_age: int = redeclare(PeopleParams, "max_age", 17, "Petrosino et al. (2013)")
    trial: bool = redeclare(PeopleParams, "trial", False, "Petrosino et al. (2013)")
    weeks: int = redeclare(PeopleParams, "weeks", 1, "Petrosino et al. (2013): a visit")
    half_life_days: float = redeclare(PeopleParams, "half_life_days", 365.0, "modelling choice")
    labelled: float = param(0.5, unit="0-1", low=0, high=1, source="modelling choice",
                            doc="label and contact with offenders that it brings")
    cost_per_person: float = redeclare(PeopleParams, "cost_per_person", 100.0, "evidence row I54: low")


@intervention
class ScaredStraight(Programme):
    """Youths are taken to a prison to be frightened (Petrosino et al., 2013): a negative control."""

    name = "scared_straight"
    target = "youths in poor areas, by arrests and absence from school"
    levers = ("labelled",)
    evidence = ("I54",)
    side_effects = "more offending by those treated"
    Params = ScaredStraightParams

    def concern(self, model, rows):
        return as_a_school_sees(model, rows)

    def lasting(self, model):
        return {"labelled": self.params.labelled}


@dataclass(frozen=True)
class DrugEducationParams(PeopleParams):
    """Drug use prevention at school."""

    min_age: int = redeclare(PeopleParams, "min_age", 11, "UNODC & WHO (2018): early adolescence")
    max_age: int = redeclare(PeopleParams, "max_age", 16, "UNODC & WHO (2018)")
    poor_share: float = redeclare(PeopleParams, "poor_share", 1.0, "UNODC & WHO (2018): universal")
    coverage: float = redeclare(PeopleParams, "coverage", 0.5, "modelling choice")
    places_per_1000: float = redeclare(PeopleParams, "places_per_1000", 200.0, "modelling choice")
    weeks: int = redeclare(PeopleParams, "weeks", 12, "modelling choice: a dozen interactive lessons")
    half_life_days: float = redeclare(PeopleParams, "half_life_days", 730.0, "modelling choice")
    refused: float = param(0.15, unit="0-1", low=0, high=1, source="modelling choice; small: UNODC & WHO (2018)",
                           doc="offers of a first dose turned down more")
    cost_per_person: float = redeclare(PeopleParams, "cost_per_person", 120.0, "judgement: low per head")


@intervention
class DrugUsePrevention(Programme):
    """Interactive lessons on skills and norms at school (International Standards, UNODC & WHO, 2018)."""

    name = "drug_use_prevention"
    level = "national"
    target = "pupils of 11-16, by lot"
    levers = ("drug_education",)
    side_effects = "lessons that only frighten do harm"
    Params = DrugEducationParams

    def eligible(self, model):
        return super().eligible(model) & (model.residents["routine"] == PUPIL)

    def lasting(self, model):
        return {"drug_education": self.params.refused}


