"""Harassment in public space: who, where, by whom, and what keeps it down."""

import numpy as np
import pytest

from sim.draws import uniforms
from sim.model import CityModel
from sim.records import CODE
from sim.spec import build, merge

SPEC = {"city": {"residents": 2_500}, "burn_in_years": 0, "years": 0.2, "seed": 5,
        "mechanism": {"harassment": {"threshold": 2.0}}}
DAYS = 21


def run(days=DAYS, levers=(), **changes):
    model = CityModel(build(merge(SPEC, changes)))
    for name, value in levers:
        cells = np.arange(model.city.grid.cells)
        model.levers.put("test", name, cells, np.full(len(cells), value, np.float32))
    model.run_days(days)
    return model


def harassment(model):
    return model.log["type"] == CODE["harassment"]


@pytest.fixture(scope="module")
def town():
    return run()


def test_women_and_the_young_suffer_most_and_men_do_most(town):
    here, r = harassment(town), town.residents
    assert here.sum() > 150
    victims, doers = r.find(town.log["victim_id"][here]), r.find(town.log["offender_id"][here])
    victims, doers = victims[victims >= 0], doers[doers >= 0]
    assert (r["sex"][victims] == 0).mean() > 0.6 and (r["sex"][doers] == 1).mean() > 0.8
    assert r["self_control"][doers].mean() < r["self_control"].mean() - 0.3
    age = town.age()
    young, old = (age >= 16) & (age < 30), age >= 50
    hits = np.bincount(victims, minlength=len(r))
    assert hits[young].mean() > 1.3 * hits[old].mean()
    assert (age[doers] >= town.mechanisms["harassment"].params.min_age).all()


def test_events_are_between_strangers_in_public_and_seldom_reported(town):
    here, log, r = harassment(town), town.log, town.residents
    a, b = r.find(log["offender_id"][here]), r.find(log["victim_id"][here])
    known = (a >= 0) & (b >= 0)
    assert (r["dwelling"][a[known]] != r["dwelling"][b[known]]).all() and (a[known] != b[known]).all()
    assert (log["co_offenders"][here] == -1).all() and not log["domestic"][here].any() and not log["loss"][here].any()
    assert log["reported"][here].mean() < 0.2
    assert not np.isin(log["offender_id"][here], r["id"][r["custody_until"] > town.tick]).all()


def test_it_counts_apart_from_other_crime(town):
    """No capital, no count of offences, no change of perceived risk; but a little fear."""
    only = run(mechanism={"offending": {"enabled": False}, "drugs": {"enabled": False}, "groups": {"enabled": False}})
    assert harassment(only).sum() > 100
    assert not only.residents["offences"].any() and not only.residents["victimisations"].any()
    calm = run(mechanism={"offending": {"enabled": False}, "drugs": {"enabled": False}, "groups": {"enabled": False},
                          "reactions": {"fear_harassment": 0.0}})
    victims = np.unique(only.log["victim_id"][harassment(only)])
    rows = only.residents.find(victims)
    more = only.residents["fear"][rows] - calm.residents["fear"][calm.residents.find(victims)]
    assert more.mean() > 0.005


@pytest.mark.parametrize("lever, most", [("management", 0.85), ("light", 0.98)])
def test_management_and_light_keep_it_down(town, lever, most):
    assert harassment(run(levers=[(lever, 1.0)])).sum() < most * harassment(town).sum()


def test_nothing_comes_of_a_lever_of_nought(town):
    assert run(levers=[("management", 0.0), ("light", 0.0)]).log.equals(town.log)


def test_the_banned_do_not_harass_and_nobody_does_without_interactions(town):
    ids, counts = np.unique(town.log["offender_id"][harassment(town)], return_counts=True)
    banned = ids[np.lexsort((ids, -counts))[:20]].tolist()
    other = run(days=8, banned=banned)
    assert harassment(other).any() and not np.isin(other.log["offender_id"][harassment(other)], banned).any()
    assert not harassment(run(days=5, interactions=False)).any()
    assert not harassment(run(days=5, mechanism={"harassment": {"enabled": False}})).any()


def test_looks_are_drawn_by_readiness(town):
    """A day's looks are two chances of half the day each: checked against uniforms of the same keys."""
    model = CityModel(build(SPEC))
    h, r = model.mechanisms["harassment"], model.residents
    h._who_is_ready(model)
    expect = 2 * np.minimum(3 * r["ready_harass"], 1).sum(dtype=float)
    assert abs(len(h.state["id"]) - expect) < 5 * np.sqrt(expect)
    u = uniforms(model.seed, "harassment.ready", model.tick, r["key"])
    once = r["id"][u < 3 * r["ready_harass"]]
    assert np.isin(once, h.state["id"]).all()


def test_a_run_continues_from_a_snapshot(town):
    model = run(days=5)
    again = CityModel.restore(model.snapshot())
    for m in (model, again):
        m.run_days(3)
    assert again.log.equals(model.log)
