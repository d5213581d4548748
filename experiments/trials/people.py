"""Trials with people: work, groups, families, transfers, prisoners, groups of offenders."""

from __future__ import annotations

import numpy as np

from experiments.trials.contract import STEP, Ran, Trial
from experiments.trials.measures import (
    ACQUISITIVE,
    ALL,
    PROPERTY,
    VIOLENT,
    by_people,
    count,
    in_city,
    inside,
    rearrested,
    together,
)
from sim.interventions.selection import poor_areas

YEAR = 365
ONCE = {"trial": True, "rounds": 1}
CLINIC = 2  # in treatment


def _in_treatment(model) -> np.ndarray:
    r = model.residents
    return np.sort(r["id"][r["alive"] & (r["treatment"] == CLINIC)])


def _acquisitive_in_treatment(arm: Ran, base: Ran):
    """Acquisitive offences, look by look, of those whom only the arm had in treatment then."""
    found = {"true": [0.0, 0.0], "recorded": [0.0, 0.0], "person-years": [0.0, 0.0]}
    for k in range(len(arm.seen) - 1):
        ids = np.setdiff1d(arm.seen[k], base.seen[k])
        for side, ran in enumerate((arm, base)):
            for layer in ("true", "recorded"):
                found[layer][side] += count(ran, ACQUISITIVE, layer, first=k * STEP, last=(k + 1) * STEP, ids=ids)
            found["person-years"][side] += len(ids) * STEP / YEAR
    return {"in treatment": tuple(found["true"]), "in treatment, recorded": tuple(found["recorded"]),
            "person-years": tuple(found["person-years"])}


def _poor_areas(arm: Ran, base: Ran):
    cells = np.flatnonzero(poor_areas(base.model, 0.3)[np.maximum(base.model.city.area, 0)]
                           & (base.model.city.area >= 0))
    return {"poor areas": tuple(count(r, ALL, "recorded", last=YEAR, cells=cells) for r in (arm, base)),
            "property": tuple(count(r, PROPERTY, last=YEAR, cells=cells) for r in (arm, base)),
            "violence": tuple(count(r, VIOLENT, last=YEAR, cells=cells) for r in (arm, base))}


def _grown_up(arm: Ran, base: Ran):
    """Offences of treated children eight to twelve years later."""
    ids = arm.state("parent_training")["treated_ids"]
    first, last = 8 * YEAR, 12 * YEAR
    return {"as youths": tuple(count(r, ALL, first=first, last=last, ids=ids) for r in (arm, base)),
            "arrests": tuple(count(r, ALL, "cleared", first=first, last=last, ids=ids) for r in (arm, base))}


TRIALS = (
    Trial("I05", "Focused deterrence", "Braga, Weisburd & Turchan (2018)", "focused_deterrence",
          together(**{"by groups": in_city(YEAR, types=VIOLENT, grouped=True),
                      "city": in_city(YEAR, types=VIOLENT)}), "by groups", (-45, -5), "effect",
          "members of groups with arrests, a year; violence for a group", YEAR),
    Trial("I18", "Summer jobs", "Heller (2014)", "summer_jobs",
          by_people("summer_jobs", 669, VIOLENT, later=(182 + 56, 669)), "by people", (-55, -12), "effect",
          "applicants of 14-21 in poor areas, a random half has work for eight weeks of July and August; arrests for "
          "violence in 16 months", 669, departs="offences are dated by the deed, not by the arrest"),
    Trial("I19", "Cognitive-behavioural groups at school", "Heller et al. (2017)", "youth_cbt",
          by_people("youth_cbt", 210, VIOLENT, later=(365, 730)), "by people", (-60, -15), "effect",
          "boys named in poor areas, a random half in groups for a school year; arrests for violence meanwhile (and, "
          "as it must fade, in the year after)", 730, settings={"trial": True, "round_days": 3650}),
    Trial("I21", "Cognitive-behavioural programmes for convicts", "Landenberger & Lipsey (2005)", "adult_cbt",
          rearrested(3 * YEAR), "rearrested", (-35, -8), "effect",
          "all sentenced prisoners; share arrested again within a year of release", 3 * YEAR,
          settings={"prison_programmes": 1.0}, watch=inside,
          departs="everybody rather than half is treated, so that the counterfactual city is the control"),
    Trial("I23", "Conditional cash transfers", "Chioda, De Mello & Soares (2016)", "cash_transfers",
          _poor_areas, "poor areas", (-30, -3), "effect",
          "poor families with children at school, a year; recorded crime in the poorest areas", YEAR, world="large"),
    Trial("I24", "Cash transfers and homicide", "Machado et al. (2018)", "cash_transfers",
          together(homicide=in_city(2 * YEAR, types=("homicide",)), violence=in_city(2 * YEAR, types=VIOLENT)),
          "homicide", (-8, -0.5), "effect", "the same transfers for two years; homicide", 2 * YEAR, world="large",
          departs="coverage is half of the poor families rather than ten points more"),
    Trial("I27", "Early training of parents", "Piquero et al. (2016)", "parent_training", _grown_up, "as youths",
          (-45, -10), "effect", "children of 3-10 in poor areas, a random half; their offences 8 to 12 years later",
          12 * YEAR, settings={**ONCE, "min_age": 3, "max_age": 10}, world="generation"),
    Trial("I29", "Opioid agonist treatment", "Bukten et al. (2012)", "opioid_agonist_treatment",
          _acquisitive_in_treatment, "in treatment", (-70, -20), "effect",
          "places for two fifths of the dependent; acquisitive offences while in treatment, against the same people at "
          "the same time without it", YEAR, watch=_in_treatment,
          departs="the counterfactual takes the place of the time before treatment"),
    Trial("I37", "Therapeutic communities with aftercare", "Mitchell, Wilson & MacKenzie (2012)",
          "therapeutic_community", rearrested(4 * YEAR, 2 * YEAR, dependents=True), "rearrested", (-30, -5), "effect",
          "all dependent prisoners, a third of them with aftercare; share arrested again within two years of release",
          4 * YEAR, settings={"therapeutic_community": 1.0, "aftercare": 0.35}, watch=inside,
          departs="followed for two years instead of three"),
    Trial("I54", "Prison visits (Scared Straight)", "Petrosino et al. (2013)", "scared_straight",
          by_people("scared_straight", YEAR, ALL, layer="true"), "by people", (0, 70), "direction",
          "youths named in poor areas, a random half; their offences in a year: they must not fall", YEAR,
          settings=ONCE),
)
