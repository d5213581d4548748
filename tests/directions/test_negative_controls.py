"""Negative controls: null, not merely unproven.

The 95 % interval of the paired difference lies inside the acceptance band and its half-width is at most half the band,
while the arm visibly changes what it works on. Bands are those of the evidence catalogue.
"""

import numpy as np
import pytest

from experiments.paired import run_pairs, totals
from experiments.switches import preset
from sim.records import CODE

pytestmark = pytest.mark.slow

BASE = {
    "city": preset("sprawling_north_american", 20_000),
    "burn_in_years": 1.0,
    "years": 1.0,
}
SEEDS = range(1, 9)
VIOLENT = [CODE[name] for name in ("robbery", "assault", "homicide")]
PROPERTY = [CODE[name] for name in ("burglary", "theft", "vehicle")]
WEAK_STATE = {"city": {"state_presence": 0.5}}


def outcome(model):
    """Totals, and violent and property crime in the cells that an intervention of the run works on."""
    out = totals(model)
    log, calendar = model.log, model.calendar
    scored = log["tick"] >= calendar.burn_in_days * calendar.ticks_per_day
    for intervention in model.interventions.values():
        cells = intervention.state.get("treated_cells")
        if cells is not None and len(cells):
            here = scored & np.isin(log["cell"], cells) & ~log["domestic"]
            out["treated.violence"] = float((here & np.isin(log["type"], VIOLENT)).sum())
            out["treated.property"] = float((here & np.isin(log["type"], PROPERTY)).sum())
    for lever in ("cameras", "contacts", "accountability"):
        out[f"lever.{lever}"] = float(np.sum(model.levers[lever]))
    out["treated.people"] = float(sum(len(i.state.get("treated_ids", ())) for i in model.interventions.values()))
    return out


ARMS = {name: {"intervention": {name: {}}} for name in ("cctv", "gun_buyback", "body_cameras", "community_policing",
                                                       "scared_straight")}
ARMS["cctv_off"] = {"intervention": {"cctv": {"strength": 0.0}}}  # names the same cells and does nothing


@pytest.fixture(scope="module")
def pairs():
    arms = {name: change for name, change in ARMS.items() if name != "gun_buyback"}
    return run_pairs(BASE, arms, SEEDS, outcome=outcome, workers=2)


def assert_null(effect, band: float) -> None:
    """`band` in per cent on either side of zero."""
    text = f"{effect.percent:+.2f} % [{effect.percent_low:+.2f}, {effect.percent_high:+.2f}], band +-{band}"
    assert -band < effect.percent_low and effect.percent_high < band, text
    assert (effect.percent_high - effect.percent_low) / 2 <= band / 2, text


def test_cameras_do_nothing_about_violence_in_their_view(pairs):
    assert_null(pairs.effect("cctv", "treated.violence", "cctv_off"), 8.0)


def test_cameras_are_in_view_and_help_to_find_out(pairs):
    assert pairs.effect("cctv", "lever.cameras").low > 0
    assert pairs.effect("cctv", "sum.cleared").difference > 0


@pytest.fixture(scope="module")
def many_guns():
    """A city large enough for thousands of offences with firearms: the band is narrow and they are rare."""
    base = {"city": preset("sprawling_north_american", 200_000), "burn_in_years": 0.5, "years": 1.0}
    return run_pairs(base, {"gun_buyback": ARMS["gun_buyback"]}, range(1, 13), workers=2)


def test_buying_back_random_guns_does_nothing_about_gun_crime(many_guns):
    assert_null(many_guns.effect("gun_buyback", "true.firearm"), 2.0)
    assert many_guns.effect("gun_buyback", "mean.firearms.held").high < 0


def test_body_worn_cameras_change_complaints_and_not_crime(pairs):
    assert_null(pairs.effect("body_cameras", "true.victimisations"), 4.0)
    assert pairs.effect("body_cameras", "sum.complaints").high < 0


@pytest.fixture(scope="module")
def weak():
    arms = {"community_policing": ARMS["community_policing"]}
    base = {**BASE, "city": {**BASE["city"], **WEAK_STATE["city"]}}
    return run_pairs(base, arms, SEEDS, outcome=outcome, workers=2)


def test_community_policing_without_capacity_does_nothing_about_crime_or_trust(weak):
    assert_null(weak.effect("community_policing", "true.victimisations"), 5.0)
    assert_null(weak.effect("community_policing", "mean.trust"), 5.0)
    assert weak.effect("community_policing", "lever.contacts").low > 0


def test_scared_straight_does_not_help(pairs):
    effect = pairs.effect("scared_straight", "true.victimisations")
    assert pairs.values["scared_straight"]["treated.people"].min() > 0, "nobody was taken along"
    assert not effect.high < 0, pairs.line("scared_straight", "true.victimisations")
