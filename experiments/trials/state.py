"""Trials of rules and institutions: police numbers, courts, audits, firearms, alcohol, cars, whole quarters."""

from __future__ import annotations

import numpy as np

from experiments.trials.contract import STEP, Ran, Trial
from experiments.trials.measures import ALL, PROPERTY, VIOLENT, count, in_city, mean_of, together

YEAR = 365
OUT = 180  # days after which those sent to prison are out again


def _supervised(model) -> np.ndarray:
    r = model.residents
    return np.sort(r["id"][r["alive"] & (r["supervised_until"] > model.tick)])


def _arrests_of_supervised(arm: Ran, base: Ran):
    """Arrests in two years of those whom the baseline supervised at its first look."""
    ids = base.seen[0]
    return {"arrests": tuple(count(r, ALL, "cleared", last=2 * YEAR, ids=ids) for r in (arm, base)),
            "true": tuple(count(r, ALL, last=2 * YEAR, ids=ids) for r in (arm, base))}


def _night_violence(arm: Ran, base: Ran):
    def late(r: Ran, types) -> float:
        from experiments.trials.measures import events

        minute = r.model.log["minute"]
        return float((events(r, types, last=YEAR) & ((minute >= 23 * 60) | (minute < 6 * 60))).sum())

    kinds = ("homicide", "assault")
    return {"night": tuple(late(r, kinds) for r in (arm, base)),
            "homicide at night": tuple(late(r, ("homicide",)) for r in (arm, base)),
            "all hours": tuple(count(r, kinds, last=YEAR) for r in (arm, base))}


def _upgraded(arm: Ran, base: Ran):
    cells = arm.state("slum_upgrading")["treated_cells"]
    kw = dict(first=YEAR, last=4 * YEAR, cells=cells)
    return {"homicide": tuple(count(r, ("homicide",), **kw) for r in (arm, base)),
            "violence": tuple(count(r, VIOLENT, **kw) for r in (arm, base)),
            "street violence": tuple(count(r, VIOLENT, domestic=False, **kw) for r in (arm, base))}


def _cars(arm: Ran, base: Ran):
    kw = dict(first=7 * YEAR, last=10 * YEAR)
    return {"years 8-10": tuple(count(r, ("vehicle",), "recorded", **kw) for r in (arm, base)),
            "years 1-3": tuple(count(r, ("vehicle",), "recorded", last=3 * YEAR) for r in (arm, base)),
            "other theft": tuple(count(r, ("theft", "burglary"), **kw) for r in (arm, base))}


def _recent_offenders(model) -> np.ndarray:
    """Adults at large who offended in the last year: every other one, by key."""
    r = model.residents
    who = r["alive"] & (r["custody_until"] <= model.tick) & (model.day - r["birth_day"] > 18 * YEAR)
    who &= model.is_offender(slice(None)) & (r["key"] >> np.uint64(9)) % np.uint64(2) == 1
    return np.sort(r["id"][who])


def _sanction(prison: bool):
    def hook(model) -> np.ndarray:
        from sim.justice import custody, supervision

        ids, r = _recent_offenders(model), model.residents
        r["convictions"][r.rows(ids)] += 1
        if prison:
            until = np.full(len(ids), model.tick + OUT * model.calendar.ticks_per_day)
            custody.commit_to_custody(model.mechanisms["justice"].state, ids, until, r, served=True)
        else:
            model.mechanisms["corrections"]._place(model, ids, supervision.PROBATION, 365.0)
        return ids

    return hook


def _at_large(model) -> np.ndarray:
    r = model.residents
    return np.sort(r["id"][r["alive"] & (r["custody_until"] <= model.tick)])


def _per_free_year(arm: Ran, base: Ran):
    """Offences a year at large of the sanctioned, from the day on which those in prison are out."""
    last = 2 * YEAR + OUT

    def rate(r: Ran) -> float:
        free = sum(len(np.intersect1d(seen, r.marked)) for k, seen in enumerate(r.seen) if k * STEP >= OUT)
        return count(r, ALL, first=OUT, last=last, ids=r.marked) / max(free * STEP / YEAR, 1e-9)

    return {"per free year": (rate(arm), rate(base)), "sanctioned": (len(arm.marked), len(base.marked))}


TRIALS = (
    Trial("I36", "Swift, certain and fair sanctions", "Lattimore et al. (2016)", "swift_sanctions",
          _arrests_of_supervised, "arrests", (-20, 8), "null",
          "all violations under supervision answered at once; arrests in two years of those supervised at the start",
          2 * YEAR, watch=_supervised),
    Trial("I39", "A tenth more police", "Chalfin & McCrary (2018)", "more_police",
          together(violence=in_city(2 * YEAR, types=VIOLENT), property=in_city(2 * YEAR, types=PROPERTY),
                   recorded=in_city(2 * YEAR, types=VIOLENT, layer="recorded")), "violence", (-6.5, -1), "effect",
          "a tenth more hours, two years; violent crime", 2 * YEAR),
    Trial("I41", "Cameras worn by officers", "Lum et al. (2020)", "body_cameras",
          together(city=in_city(YEAR), complaints=mean_of("complaints", YEAR)), "city", (-4, 4), "null",
          "all officers, a year; all crime", YEAR),
    Trial("I43", "Anti-corruption audits", "Olken (2007)", "anti_corruption_audits",
          together(diverted=mean_of("governance.diverted", 2 * YEAR), bribes=mean_of("bribery.total", 2 * YEAR)),
          "diverted", (-12, -4), "effect", "all offices instead of a few, two years; share of the budget diverted",
          2 * YEAR, unit="points", world="weak_state"),
    Trial("I45", "Buying back firearms", "Ferrazares et al. (2025)", "gun_buyback",
          together(**{"with firearms": in_city(YEAR, firearm=True), "held": mean_of("firearms.held", YEAR)}),
          "with firearms", (-2, 2), "null", "1-2 % of firearms, from holders without arrests; crime with them", YEAR),
    Trial("I46", "Permits to purchase", "Rudolph et al. (2015)", "gun_licensing",
          together(**{"firearm homicide": in_city(10 * YEAR, types=("homicide",), firearm=True),
                      "with firearms": in_city(10 * YEAR, firearm=True)}), "firearm homicide", (-45, -5), "effect",
          "three tenths of attempts to get one fail, ten years; homicide with firearms", 10 * YEAR, world="generation"),
    Trial("I47", "Bans on carrying firearms", "Villaveces et al. (2000)", "carrying_ban",
          together(homicide=in_city(2 * YEAR, types=("homicide",)),
                   **{"with firearms": in_city(2 * YEAR, firearm=True)}), "homicide", (-25, -2), "effect",
          "weekends and pay-days for two years; homicide", 2 * YEAR, world="large"),
    Trial("I48", "More firearms across the border", "Dube, Dube & Garcia-Ponce (2013)", "firearms_inflow",
          together(homicide=in_city(2 * YEAR, types=("homicide",)),
                   **{"with firearms": in_city(2 * YEAR, firearm=True)}), "homicide", (3, 40), "effect",
          "the inflow doubles; homicide in two years", 2 * YEAR, world="large", shock=True,
          settings={"start": 0, "end": 36500}),
    Trial("I49", "Upgrading of hillside quarters", "Cerda et al. (2012)", "slum_upgrading", _upgraded, "homicide",
          (-75, -10), "effect", "informal quarters for four years; homicide there from the second year on", 4 * YEAR,
          world="large"),
    Trial("I50", "Bars closed from 23:00 to 06:00", "Duailibi et al. (2007)", "alcohol_hours", _night_violence, "night",
          (-55, -8), "effect", "all bars, a year; assault and homicide from 23:00 to 06:00", YEAR, world="large"),
    Trial("I51", "Dearer alcohol", "Wagenaar, Tobler & Komro (2010)", "alcohol_tax",
          together(violence=in_city(YEAR, types=VIOLENT), city=in_city(YEAR)), "violence", (-6, -0.3), "effect",
          "15 % dearer, a year; violence", YEAR),
    Trial("I52", "Immobilisers in new cars", "van Ours & Vollaard (2016)", "immobilisers", _cars, "years 8-10",
          (-60, -10), "effect", "a tenth of cars a year for ten years; recorded thefts of vehicles in the last three",
          10 * YEAR, world="generation"),
    Trial("I55", "Custody instead of a community sanction", "Petrich et al. (2021)", "", _per_free_year,
          "per free year", (-5, 20), "null", "half of the recent adult offenders get half a year of prison or a year "
          "of probation; offences a year at large afterwards", 2 * YEAR + OUT, watch=_at_large, hook=_sanction(True),
          base_hook=_sanction(False)),
)
