"""Firearms: a stock that is fed, held, lost, seized and handed in; and extremism."""

import numpy as np

from sim.groups.carrying import carried
from sim.model import CityModel
from sim.records import CODE, MOTIVES


def city(**changes):
    given = {"city": {"residents": 6_000, "firearms": 1.0}, "burn_in_years": 0, "years": 3, "seed": 2, **changes}
    return CityModel(**given)


def held(model):
    return int((model.residents["gun"][model.residents["alive"]] > 0).sum())


def test_holders_at_the_start_are_as_many_as_arrivals_replace():
    for firearms in (0.05, 0.5, 1.0):
        model = city(city={"residents": 6_000, "firearms": firearms})
        weekly = model.spec.mechanism["flows"].volume[1] * 6 * firearms
        replaced = weekly / model.spec.mechanism["firearms"].lost
        assert 0.4 * replaced - 3 <= held(model) <= 1.3 * replaced + 3, firearms
    model = city()
    armed = model.residents["gun"] > 0
    member = model.residents["group"] >= 0
    assert armed[member].mean() > 5 * armed.mean(), "members hold more"


def test_they_are_handed_in_once_and_not_sought_meanwhile():
    model = city()
    ids = model.residents["id"][model.residents["gun"] > 0]
    for _ in range(3):
        model.levers.put("buyback", "disarmed", ids, 1.0)
        model.run_days(1)
    rows = model.residents.find(ids)
    assert (model.residents["gun"][rows[rows >= 0]] == 0).all()


def test_a_licence_nobody_gets_lets_the_stock_fall():
    model, free = city(), city()
    model.levers.put("law", "gun_licence", None, 1.0)
    for m in (model, free):
        m.run_days(90)
    assert held(model) < held(free)
    assert model.mechanisms["firearms"].state["stock"] > free.mechanisms["firearms"].state["stock"]


def test_under_a_ban_some_leave_it_at_home():
    model = city()
    rows = np.flatnonzero(model.residents["gun"] > 0)
    assert carried(model, rows).all()
    model.levers.put("law", "gun_ban", None, 1.0)
    assert not carried(model, rows).any()
    assert not carried(model, np.flatnonzero(model.residents["gun"] == 0)[:50]).any()


def test_the_police_take_the_firearms_of_some_they_arrest():
    model = city(mechanism={"firearms": {"seized": 1.0}})
    ids = model.residents["id"][model.residents["gun"] > 0][:5]
    model.mechanisms["justice"].state["arrested"] = np.sort(ids)
    model.step()
    assert (model.residents["gun"][model.residents.find(ids)] == 0).all()


def test_extremism_is_off_by_default_and_settled_when_on():
    model = city()
    model.run_days(1)
    assert not model.residents["radical"].any() and "extremism.recruits" not in model.series.columns()
    on = city(mechanism={"extremism": {"enabled": True, "commit": 0.05, "act": 0.2}})
    first = int((on.residents["radical"] > 0).sum())
    on.run_days(120)
    late = int((on.residents["radical"][on.residents["alive"]] > 0).sum())
    assert first > 5 and 0.4 * first < late < 2.5 * first
    acts = on.log["motive"] == MOTIVES.index("extremism")
    assert acts.any() and np.isin(on.log["type"][acts], [CODE["assault"], CODE["homicide"]]).all()
    alone = city(interactions=False, mechanism={"extremism": {"enabled": True, "act": 0.2}})
    alone.run_days(30)
    assert not (alone.log["motive"] == MOTIVES.index("extremism")).any()
