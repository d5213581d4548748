"""Programmes for families and small children; what they do to crime takes years to show."""

from __future__ import annotations

from dataclasses import dataclass

from sim.interventions.kinds import PeopleParams, Programme, redeclare
from sim.parameters import param
from sim.registry import intervention


@dataclass(frozen=True)
class PreschoolParams(PeopleParams):
    """Two years of preschool with home visits."""

    min_age: int = redeclare(PeopleParams, "min_age", 3, "Schweinhart (2007)")
    max_age: int = redeclare(PeopleParams, "max_age", 4, "Schweinhart (2007)")
    coverage: float = redeclare(PeopleParams, "coverage", 0.20, "evidence row I26 (20 % of poor children)")
    trial: bool = redeclare(PeopleParams, "trial", False, "Schweinhart (2007)")
    weeks: int = redeclare(PeopleParams, "weeks", 60, "Schweinhart (2007): two school years")
    half_life_days: float = redeclare(PeopleParams, "half_life_days", 36_500.0, "Schweinhart (2007): seen at 40")
    gain: float = param(0.4, unit="sd of self-control", low=0, high=2, source="modelling choice, near Piquero et al. "
                        "(2016), 0.32", doc="restraint gained for life")
    family: float = param(0.2, unit="0-1", low=0, high=1, source="modelling choice: weekly home visits",
                          doc="family support gained")
    cost_per_person: float = redeclare(PeopleParams, "cost_per_person", 20_000.0,
                                       "evidence row I26: 15,000-20,000 USD a child")


@intervention
class Preschool(Programme):
    """High-quality preschool for poor children (Perry): what it does to crime shows 15 to 25 years later."""

    name = "preschool"
    level = "national"
    target = "children of three and four in poor areas, by lot"
    levers = ("restraint", "family")
    evidence = ("I26",)
    side_effects = "none known"
    Params = PreschoolParams

    def lasting(self, model):
        return {"restraint": self.params.gain, "family": self.params.family}


@dataclass(frozen=True)
class ParentTrainingParams(PeopleParams):
    """Training of parents."""

    min_age: int = redeclare(PeopleParams, "min_age", 3, "Piquero et al. (2016): up to 5 years old, mostly")
    max_age: int = redeclare(PeopleParams, "max_age", 10, "Piquero et al. (2016)")
    weeks: int = redeclare(PeopleParams, "weeks", 16, "modelling choice")
    half_life_days: float = redeclare(PeopleParams, "half_life_days", 3_650.0, "modelling choice: ten years")
    gain: float = param(0.32, unit="sd of self-control", low=0, high=2, source="Piquero et al. (2016): self-control",
                        doc="restraint gained by the child")
    family: float = param(0.3, unit="0-1", low=0, high=1, source="modelling choice", doc="family support gained")
    cost_per_person: float = redeclare(PeopleParams, "cost_per_person", 1_500.0, "judgement (not found)")


@intervention
class ParentTraining(Programme):
    """Early training of parents in warm and firm upbringing (Piquero et al., 2016)."""

    name = "parent_training"
    level = "national"
    target = "families with young children in poor areas, by lot"
    levers = ("restraint", "family")
    evidence = ("I27",)
    side_effects = "families may feel judged"
    Params = ParentTrainingParams

    def lasting(self, model):
        return {"restraint": self.params.gain, "family": self.params.family}


@dataclass(frozen=True)
class StrongFamiliesParams(PeopleParams):
    """Three weeks of family skills."""

    min_age: int = redeclare(PeopleParams, "min_age", 8, "UNODC, Strong Families: carers with a child of 8-15")
    max_age: int = redeclare(PeopleParams, "max_age", 15, "UNODC, Strong Families")
    weeks: int = redeclare(PeopleParams, "weeks", 3, "UNODC, Strong Families: five hours in three weeks")
    half_life_days: float = redeclare(PeopleParams, "half_life_days", 365.0,
                                      "modelling choice: no outcome later than weeks is known")
    family: float = param(0.2, unit="0-1", low=0, high=1, source="modelling choice (single-arm studies, scales better)",
                          doc="family support gained")
    cost_per_person: float = redeclare(PeopleParams, "cost_per_person", 60.0, "judgement: low, open material")


@intervention
class StrongFamilies(Programme):
    """Strong Families (UNODC): carers and children in hard circumstances, five hours in three weeks."""

    name = "strong_families"
    target = "carers with a child of 8-15 in poor areas, by lot"
    levers = ("family",)
    side_effects = "none known; evidence on crime is missing"
    Params = StrongFamiliesParams

    def lasting(self, model):
        return {"family": self.params.family}


@dataclass(frozen=True)
class FamilyUnitedParams(StrongFamiliesParams):
    """Four sessions of family skills for everybody."""

    poor_share: float = redeclare(PeopleParams, "poor_share", 1.0, "UNODC, Family UNited: for all families")
    weeks: int = redeclare(PeopleParams, "weeks", 4, "UNODC, Family UNited: four sessions")
    family: float = redeclare(StrongFamiliesParams, "family", 0.15, "modelling choice")


@intervention
class FamilyUnited(StrongFamilies):
    """Family UNited (UNODC): four sessions for any family with a child of 8-15."""

    name = "family_united"
    target = "carers with a child of 8-15, by lot"
    Params = FamilyUnitedParams
