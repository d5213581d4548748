"""Trials on supply and markets: shipments, routes, sellers, sweeps."""

from __future__ import annotations

import numpy as np

from experiments.trials.contract import Ran, Trial
from experiments.trials.measures import PROPERTY, VIOLENT, at_places, count, events, in_city, mean_of, together
from sim.records import LINKS

YEAR = 365
SYSTEMIC = LINKS.index("systemic")


def _market_violence(days: int):
    def measure(arm: Ran, base: Ran):
        masks = [events(r, VIOLENT, last=days) & (r.model.log["link"] == SYSTEMIC) for r in (arm, base)]
        return {"of the market": tuple(float(m.sum()) for m in masks),
                "city": tuple(count(r, VIOLENT, last=days) for r in (arm, base)),
                "price": tuple(_mean(r, "drugs.pure_price", days) for r in (arm, base))}

    return measure


def _mean(ran: Ran, series: str, days: int) -> float:
    columns = ran.model.series.columns()
    return float(np.nanmean(columns[series][(columns["day"] >= 0) & (columns["day"] < days)]))


TRIALS = (
    Trial("I31", "A shock to precursors", "Dobkin & Nicosia (2009)", "precursor_control",
          together(crime=in_city(548, types=(*PROPERTY, *VIOLENT)), property=in_city(548, types=PROPERTY),
                   price=mean_of("drugs.pure_price", 120)), "crime", (-6, 6), "null",
          "three fifths of the inflow for four months; property and violent crime in 18 months", 548),
    Trial("I32", "Seizures abroad", "Castillo, Mejia & Restrepo (2020)", "upstream_seizures",
          _market_violence(YEAR), "of the market", (0, 40), "direction",
          "dearer drugs at the source for a year, in a transit city; violence of the market must not fall", YEAR,
          world="port"),
    Trial("I33", "Checks on one route", "Magliocca et al. (2019)", "route_checks",
          together(flow=mean_of("flows.drugs", YEAR), routes=mean_of("flows.routes", YEAR)), "flow", (-15, 5), "null",
          "more checks on one way into the city, a year; what arrives in all", YEAR, world="port"),
    Trial("I34", "Problem solving at drug markets", "Weisburd & Green (1995); Mazerolle et al. (2020)",
          "drug_market_problem_solving",
          at_places("drug_market_problem_solving", HALF := 182, types=("drugs",), layer="true"), "at places", (-40, 0),
          "direction", "half of the places with the most recorded dealing, 26 weeks; sales there", HALF,
          settings={"trial": True, "share": 0.02}),
    Trial("I34s", "Sweeps of drug markets at the same hours", "Mazerolle et al. (2020)", "drug_market_crackdown",
          at_places("drug_market_crackdown", HALF, types=("drugs",), layer="true"), "at places", (-40, 0), "direction",
          "the same places and hours as sweeps; sales there must fall less than by problem solving", HALF,
          settings={"trial": True, "share": 0.02}),
    Trial("I35", "Arrests of established sellers", "Werb et al. (2011)", "seller_arrests", _market_violence(97),
          "of the market", (0, 40), "direction",
          "three tenths of the established sellers in the first week; violence of the market in the next three months",
          97, settings={"sellers": 0.3, "end": 7}),
)
