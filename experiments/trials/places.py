"""Trials at places: patrol, problem solving, cameras, light, lots, homes. Bands are those of the evidence catalogue."""

from __future__ import annotations

from experiments.trials.contract import Ran, Trial
from experiments.trials.measures import (
    ALL,
    PROPERTY,
    VIOLENT,
    around,
    at_places,
    count,
    in_city,
    together,
)

HALF, YEAR = 182, 365
HOT = 0.05


def _foot_patrol(arm: Ran, base: Ran):
    """Street violence at the beats while they are walked, and in weeks 5 to 12 after they end (Sorg et al. 2013)."""
    kw = dict(types=VIOLENT, layer="recorded", domestic=False)
    treated = arm.state("foot_patrol")["treated_cells"]
    near = around(arm, treated, 2)
    during, after = dict(first=0, last=84), dict(first=84 + 28, last=84 + 84)
    return {"at places": tuple(count(r, cells=treated, **kw, **during) for r in (arm, base)),
            "buffer": tuple(count(r, cells=near, **kw, **during) for r in (arm, base)),
            "weeks 5-12 after": tuple(count(r, cells=treated, **kw, **after) for r in (arm, base)),
            "weeks 1-6": tuple(count(r, cells=treated, **kw, first=0, last=42) for r in (arm, base)),
            "weeks 7-12": tuple(count(r, cells=treated, **kw, first=42, last=84) for r in (arm, base)),
            "city": tuple(count(r, **kw, **during) for r in (arm, base))}


def _quarter_mile(arm: Ran, base: Ran):
    """All crime, and violence with a weapon, at treated lots and within 400 m of them."""
    name = next(n for n in ("vacant_lot_greening", "abandoned_houses") if n in arm.model.interventions)
    treated = arm.state(name)["treated_cells"]
    reach = max(1, round(400 / arm.model.city.grid.cell_m))
    near = around(arm, treated, reach)
    both = [*treated.tolist(), *near.tolist()]
    kw = dict(layer="recorded", last=YEAR)
    return {"within 400 m": tuple(count(r, cells=both, **kw) for r in (arm, base)),
            "at places": tuple(count(r, cells=treated, **kw) for r in (arm, base)),
            "firearms within 400 m": tuple(count(r, ("assault", "robbery", "homicide"), cells=both, firearm=True, **kw)
                                           for r in (arm, base)),
            "firearms at places": tuple(count(r, ("assault", "robbery", "homicide"), cells=treated, firearm=True, **kw)
                                        for r in (arm, base))}


TRIALS = (
    Trial("I01", "Hot spots policing", "Braga & Weisburd (2022)", "hot_spots_patrol",
          at_places("hot_spots_patrol", HALF, layer="reported"), "at places", (-30, -5), "effect",
          "hottest 5 % of street cells as the police see it, a random half treated, 26 weeks; crimes that people call "
          "the police to (Sherman and Weisburd 1995: officers on the spot record more)", HALF,
          settings={"share": HOT, "trial": True}),
    Trial("I02", "All hot spots of a city at once, at the same force", "Blattman et al. (2021)", "city_scale_hot_spots",
          together(city=in_city(243), property=in_city(243, types=PROPERTY), violence=in_city(243, types=VIOLENT)),
          "city", (-5, 3), "null",
          "every hot street (5 %) with double presence, lamps and clean-up, 8 months; all crime in the whole city", 243,
          settings={"share": HOT}),
    Trial("I03", "Foot patrol at violent hot spots", "Ratcliffe et al. (2011); Sorg et al. (2013)", "foot_patrol",
          _foot_patrol, "at places", (-35, -8), "effect",
          "places with the most recorded street violence, 16 hours a day for 12 weeks, then withdrawn; recorded street "
          "violence", 168, settings={"trial": True, "share": 0.06, "end": 84}),
    Trial("I04", "Problem-oriented policing", "Hinkle et al. (2020)", "problem_oriented_places",
          at_places("problem_oriented_places", YEAR, layer="reported"), "at places", (-45, -12), "effect",
          "the list and hours of the hot-spots trial, answered by the dominant problem, a year; the same calls",
          YEAR, settings={"share": HOT, "trial": True}),
    Trial("I06", "Community policing, high-income countries", "Gill et al. (2014)", "community_policing",
          together(city=in_city(YEAR), recorded=in_city(YEAR, layer="recorded")), "city", (-8, 5), "null",
          "places with much recorded crime, a year; all crime in the city (recorded crime may rise)", YEAR,
          world="european"),
    Trial("I07", "Community policing, Global South", "Blair et al. (2021)", "community_policing",
          in_city(YEAR), "city", (-5, 5), "null",
          "as above in a city with little state capacity; all crime", YEAR, world="weak_state"),
    Trial("I08", "Cameras", "Piza et al. (2019)", "cctv",
          at_places("cctv", YEAR, types=ALL), "at places", (-22, -3), "effect",
          "cameras on half of the 5 % of places with the most recorded crime in the open, a year; recorded crime there",
          YEAR, settings={"share": HOT, "trial": True}),
    Trial("I09", "Cameras and violence", "Piza et al. (2019)", "cctv",
          at_places("cctv", YEAR, types=VIOLENT), "at places", (-8, 8), "null",
          "as above; recorded violence there", YEAR, settings={"share": HOT, "trial": True}),
    Trial("I10", "Street lighting", "Welsh, Farrington & Douglas (2022)", "street_lighting",
          at_places("street_lighting", YEAR, night=True), "at places", (-25, -3), "effect",
          "light at half of the dark places with the most crime recorded at night in the open, a year; recorded crime "
          "at night there", YEAR, settings={"share": HOT, "trial": True}),
    Trial("I11", "Light towers at dense estates", "Chalfin et al. (2022)", "light_towers",
          at_places("light_towers", HALF, night=True, outdoors=True), "at places", (-50, -10), "effect",
          "half of the dense housing with the most crime recorded at night in the open, 6 months; recorded outdoor "
          "crime at night there", HALF, settings={"trial": True, "share": 0.10}),
    Trial("I12", "Neighbourhood watch", "Bennett, Holloway & Farrington (2008)", "neighbourhood_watch_scheme",
          at_places("neighbourhood_watch_scheme", YEAR, types=("burglary",)), "at places", (-28, -3), "effect",
          "half of the places with the most recorded burglary, a year; recorded burglary there", YEAR,
          settings={"trial": True}),
    Trial("I13", "Alley gates", "Bowers et al. (2004); Sidebottom et al. (2018)", "alley_gates",
          at_places("alley_gates", YEAR, types=("burglary",)), "at places", (-100, 0), "direction",
          "half of the places with the most recorded burglary, a year; recorded burglary there (the catalogue has no "
          "band: a fall is expected)", YEAR, settings={"trial": True}),
    Trial("I14", "Place networks", "Casteel & Peek-Asa (2000); Herold et al. (2020)", "place_networks",
          at_places("place_networks", YEAR, types=("robbery",)), "at places", (-60, 0), "direction",
          "venues and empty buildings around the three worst places, a year; recorded robbery there", YEAR),
    Trial("I15", "Greening of vacant lots", "Branas et al. (2018)", "vacant_lot_greening",
          _quarter_mile, "within 400 m", (-25, -4), "effect",
          "half of the vacant lots, a year; recorded crime within a quarter mile of them", YEAR,
          settings={"trial": True, "lots_share": 1.0}),
    Trial("I17", "Empty houses put in order", "South et al. (2023)", "abandoned_houses",
          _quarter_mile, "firearms within 400 m", (-25, 0), "direction",
          "half of the listed empty buildings, a year; recorded firearm violence within a quarter mile", YEAR,
          settings={"trial": True, "lots_share": 0.5}),
    Trial("I22", "Violence interrupters", "Delgado et al. (2017)", "violence_interrupters",
          at_places("violence_interrupters", YEAR, types=VIOLENT, layer="true", domestic=False), "at places", (-35, 5),
          "direction", "a tenth of the places with the most recorded violence, a year; street violence there", YEAR,
          departs="the studies counted shootings, of which a city of this size has too few"),
    Trial("I40", "Stop and search", "Petersen et al. (2023)", "stop_and_search",
          at_places("stop_and_search", HALF), "at places", (-20, -2), "effect",
          "hottest 5 % of places, a random half treated, 26 weeks; recorded crime there", HALF,
          settings={"share": HOT, "trial": True}),
    Trial("I53", "Homes of burglary victims hardened at once", "Grove et al. (2012)", "repeat_victims",
          in_city(YEAR, types=("burglary",)), "city", (-100, 0), "direction",
          "each home with a recorded burglary and two neighbours, within two days, a year; all burglary (the catalogue "
          "has no band: a fall is expected)", YEAR),
)
