"""Directions of the life course and the economy, and a city followed for twenty years."""

import numpy as np
import pytest

from analysis.effects import compare
from experiments.paired import run_pairs
from sim import registry
from sim.invariants import check
from sim.model import CityModel
from sim.spec import build

pytestmark = pytest.mark.slow
registry.load()
SEEDS = range(1, 9)
BASE = {"city": {"residents": 6_000}, "burn_in_years": 0.5, "years": 3.0, "tick_hours": 6}
SHOCK = {"unemployment": {"share": 0.25, "start": 0, "half_life_days": 125.0}}
PROPERTY = ("burglary", "theft", "vehicle")


def phases(model) -> dict[str, float]:
    """Unemployment, hardship and property crime of the first and of the last year."""
    series = model.series.columns()
    day = series["day"]
    crime = sum(series[f"true.{name}"] for name in PROPERTY)
    out = {}
    for name, years in (("first", (0, 365)), ("last", (730, 1_095))):
        now = (day >= years[0]) & (day < years[1])
        out[f"{name}.unemployment"] = float(series["unemployment"][now].mean())
        out[f"{name}.property"] = float(np.nansum(crime[now]))
    return out


@pytest.fixture(scope="module")
def recession():
    return run_pairs(BASE, {"recession": {"shock": SHOCK}}, SEEDS, outcome=phases, workers=2)


def test_a_recession_costs_jobs_and_passes(recession):
    assert recession.effect("recession", "first.unemployment").low > 0.05
    assert abs(recession.effect("recession", "last.unemployment").difference) < 0.02


def test_a_recession_brings_property_crime_in_the_order_of_the_evidence(recession):
    """One to two per cent a point of unemployment (Raphael and Winter-Ebmer 2001); few seeds, so wide bounds."""
    effect = recession.effect("recession", "first.property")
    points = 100 * recession.effect("recession", "first.unemployment").difference
    assert effect.high > 0 and 0 < effect.percent / points < 5, recession.line("recession", "first.property")


def _alone(**life):
    off = {n: {"enabled": False} for n in registry.MECHANISMS if n not in ("economy", "lifecourse")}
    return {"city": {"residents": 6_000}, "burn_in_years": 0, "years": 6, "tick_hours": 24,
            "mechanism": {**off, "lifecourse": life}}


def _run(seed: int, fear: float | None = None, **life) -> CityModel:
    model = CityModel(build({**_alone(**life), "seed": seed}))
    model.run_days(30)
    if fear is not None:
        model.residents["fear"][:] = fear
    model.run_days(5 * 365)
    return model


def _rates(model) -> dict[str, float]:
    series, r = model.series.columns(), model.residents
    alive = r["alive"]
    age = model.age()[alive]
    return {"left": float(np.nansum(series["left.moved_away"])), "born": float(np.nansum(series["entered.born"])),
            "children": float((age < 18).mean()), "single": float((r["partner"][alive][age >= 18] == 0).mean()),
            "friends": float((r["ties"][alive] >= 0).mean())}


@pytest.mark.parametrize("change, outcome, sign", [
    (dict(fear=0.8), "left", 1), (dict(fertility=6.0), "born", 1), (dict(fertility=6.0), "children", 1),
    (dict(separation=0.12), "single", 1), (dict(friends_lost=0.4), "friends", -1), (dict(emigration=0.09), "left", 1),
])
def test_what_changes_a_life_changes_the_city(change, outcome, sign):
    pairs = [(_rates(_run(seed, **change))[outcome], _rates(_run(seed))[outcome]) for seed in range(1, 5)]
    effect = compare(*(np.array(side) for side in zip(*pairs)))
    assert (effect.low if sign > 0 else -effect.high) > 0, effect


@pytest.mark.parametrize("seed", [1, 2])
def test_twenty_years_with_everything_on(seed):
    """A cohort followed for twenty years: bands of people, work, homes and custody; nothing impossible."""
    model = CityModel(build({"city": {"residents": 5_000}, "burn_in_years": 0, "years": 20, "tick_hours": 12,
                             "seed": seed}))
    cohort = model.residents["id"][(model.age() >= 8) & (model.age() < 13)]
    for _ in range(20):
        model.run_days(365)
        assert check(model) == []
    r, series = model.residents, model.series.columns()
    alive = r["alive"]
    assert 0.85 < alive.sum() / 5_000 < 1.1
    assert abs(series["unemployment"][-365:].mean() - series["unemployment"][:365].mean()) < 0.03
    assert 0.002 < (model.dwellings["first_member"] < 0).mean() < 0.06
    age = model.age()[alive]
    assert 0.15 < (age < 18).mean() < 0.27 and 0.11 < (age >= 65).mean() < 0.24
    custody = [np.nanmean(series["in_custody"][365 * y:365 * (y + 1)]) / 5 for y in (1, 19)]
    assert custody[1] < 4 * max(custody[0], 0.5)
    crime = [sum(np.nansum(series[f"true.{n}"][365 * y:365 * (y + 1)]) for n in PROPERTY) for y in (1, 2, 18, 19)]
    assert 0.5 < sum(crime[2:]) / sum(crime[:2]) < 2.0
    rows = r.find(cohort)
    rows = rows[(rows >= 0) & r["alive"][rows]]
    assert 0.2 < len(rows) / len(cohort) < 0.9, "many of a cohort are still there, others have left"
    assert 27 <= model.age()[rows].min() and model.age()[rows].max() <= 33
    assert np.isin(r["routine"][rows], (3, 4)).mean() > 0.6 and (r["children"][rows] > 0).mean() > 0.1
