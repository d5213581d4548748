"""Directions of offending and harassment: paired arms that share a burn-in and differ by one lever."""

import numpy as np
import pytest

from analysis.effects import compare
from sim.model import CityModel
from sim.records import CODE, LINKS

pytestmark = pytest.mark.slow
SEEDS = range(8)
BASE = dict(city={"residents": 6_000}, burn_in_years=1, years=1)
PROPERTY = [CODE[t] for t in ("burglary", "robbery", "theft", "vehicle")]


def western_half(model) -> np.ndarray:
    width = model.city.grid.width
    return np.flatnonzero(np.arange(model.city.grid.cells) % width < width // 2)


def everywhere(model) -> np.ndarray:
    return np.arange(model.city.grid.cells)


def every_other_home(model) -> np.ndarray:
    ids = model.dwellings["id"]
    return ids[ids % 2 == 0]


def young(model) -> np.ndarray:
    r = model.residents
    born = r["birth_day"] / 365
    return r["id"][r["alive"] & (born > -22) & (born < -12)]


def active(model) -> np.ndarray:
    r = model.residents
    return r["id"][r["alive"] & (r["offences"] > 0)]


ARMS = {  # lever, whom or where, value
    "cameras": ("cameras", western_half, 1.0),
    "gates": ("gated", western_half, 2.0),
    "watch": ("watch", western_half, 1.0),
    "immobilisers": ("immobilised", every_other_home, 2.0),
    "mentors": ("bond", young, 1.0),
    "bad_company": ("labelled", young, 1.0),
    "warned": ("certainty", active, 1.0),
    "managed": ("management", everywhere, 0.5),
    "lit": ("light", everywhere, 0.5),
}


def outcome(model) -> dict[str, float]:
    log, r = model.log, model.residents
    scored = log["tick"] >= model.calendar.burn_in_days * model.calendar.ticks_per_day
    kind, half = log["type"], np.isin(log["cell"], western_half(model))
    taken = scored & np.isin(kind, PROPERTY)
    cars, own = scored & (kind == CODE["vehicle"]), log["link"] != LINKS.index("systemic")
    treated_car = np.isin(log["dwelling_id"], every_other_home(model))
    blows = scored & (kind == CODE["assault"]) & ~log["domestic"] & own
    rows = r.find(log["offender_id"])
    born = r["birth_day"][np.maximum(rows, 0)] / 365
    by_young = (rows >= 0) & (born > -22) & (born < -12)
    short = log["link"] == LINKS.index("economic-compulsive")
    return dict(
        planned_outdoors=(taken & log["outdoors"] & half).sum(), blows=(blows & half).sum(),
        burglary=(scored & (kind == CODE["burglary"]) & half).sum(),
        cars=(cars & treated_car).sum(), other_cars=(cars & ~treated_car).sum(),
        by_young=(by_young & (taken | blows)).sum(), crime=(taken | blows).sum(),
        harassment=(scored & (kind == CODE["harassment"])).sum(),
        dependent=(taken & (rows >= 0) & (r["use"][np.maximum(rows, 0)] == 2)).sum(), taken=taken.sum(),
        short=(taken & short).sum(),
    )


@pytest.fixture(scope="module")
def found():
    """Outcomes by arm: lists of mappings, one for each seed."""
    out = {name: [] for name in ("base", *ARMS)}
    for seed in SEEDS:
        model = CityModel(**BASE, seed=seed)
        model.run_days(model.calendar.burn_in_days)
        start = model.snapshot()
        for name in out:
            arm = CityModel.restore(start)
            if name in ARMS:
                lever, where, value = ARMS[name]
                places = where(arm)
                arm.levers.put("test", lever, places, np.full(len(places), value, np.float32))
            arm.run()
            out[name].append(outcome(arm))
    return out


def effect(found, arm, what):
    """Change in percent of the baseline with its 95 % interval over seeds."""
    after, before = (np.array([float(o[what]) for o in found[a]]) for a in (arm, "base"))
    e = compare(after, before)
    print(f"{arm}: {what}: {e.baseline:.1f} -> {e.arm:.1f}, {e.percent:+.1f} % [{e.percent_low:+.1f}, "
          f"{e.percent_high:+.1f}]")
    return e


@pytest.mark.parametrize("arm, what", [
    ("cameras", "planned_outdoors"), ("gates", "burglary"), ("watch", "burglary"), ("immobilisers", "cars"),
    ("mentors", "by_young"), ("warned", "crime"), ("managed", "harassment"), ("lit", "harassment"),
])
def test_it_falls(found, arm, what):
    assert effect(found, arm, what).percent_high < 0


def test_cameras_leave_blows_alone(found):
    """Whoever comes to blows has not looked up: public violence under cameras is unchanged within the noise."""
    e = effect(found, "cameras", "blows")
    assert e.percent_low < 0 < e.percent_high or abs(e.percent) < 8


def test_not_all_car_theft_moves_to_other_cars(found):
    assert effect(found, "immobilisers", "other_cars").high < -effect(found, "immobilisers", "cars").low


def test_mentors_prevent_some_but_not_most(found):
    assert -60 < effect(found, "mentors", "by_young").percent < -5


def test_bringing_offenders_together_lowers_nothing(found):
    assert effect(found, "bad_company", "by_young").percent_low > 0


def test_a_third_to_a_half_of_property_crime_is_by_dependent_users(found):
    taken = sum(o["taken"] for o in found["base"])
    share = sum(o["dependent"] for o in found["base"]) / taken
    print(f"property crime by dependent users: {share:.3f}; short of drug money then: "
          f"{sum(o['short'] for o in found['base']) / taken:.3f}")
    assert 0.30 < share < 0.53
