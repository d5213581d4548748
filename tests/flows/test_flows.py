"""Flows from beyond the city: books, routes that answer to risk, levers, and a city without flows."""

import copy

import numpy as np
import pytest

from sim.drugs import tables as t
from sim.errors import SpecError
from sim.flows import contract, routes
from sim.flows.entries import entry_points
from sim.flows.flows import FlowsParams
from sim.model import CityModel
from sim.spec import build

OTHERS = ("deterrence", "justice", "offending", "patrol", "reactions", "routines", "groups", "firearms", "extremism",
          "harassment", "community", "corrections", "bribery", "lifecourse", "governance")
ALONE = {name: {"enabled": False} for name in OTHERS}
MANY = dict(volume=[0.0, 5.0, 5.0, 0.0])


@pytest.fixture(scope="module")
def begun():
    spec = dict(city={"residents": 4_000, "firearms": 1.0}, burn_in_years=0, mechanism={**ALONE, "flows": MANY})
    return CityModel(**spec).snapshot()


def flows(model):
    return model.mechanisms["flows"]


def landed(model, name):
    return flows(model).state[name]["landed_total"].sum()


def test_entry_points_lie_in_the_city_and_apart(begun):
    model = CityModel.restore(begun)
    state = flows(model).state
    assert len(set(state["cells"].tolist())) == len(state["cells"]) == len(state["names"]) >= 2
    assert (model.city.area[state["cells"]] >= 0).all()
    cells, size, names = entry_points(model.city, 1)
    assert len(cells) == len(size) == len(names) == 1


def test_a_port_takes_the_place_of_the_least_road():
    model = CityModel(city={"residents": 4_000, "shape": "coast"}, burn_in_years=0, mechanism=ALONE)
    state = flows(model).state
    if "port" in state["names"]:
        at = state["names"].index("port")
        assert state["drugs"]["cost"][at] == state["drugs"]["cost"].min()
    assert len(state["names"]) <= 6


def test_whole_units_are_sent_and_each_lands_or_is_seized(begun):
    model = CityModel.restore(begun)
    sent = {name: 0.0 for name in ("firearms", "people")}
    for _ in range(60):
        model.run_days(1)
        for name in sent:
            st = flows(model).state[name]
            assert np.array_equal(st["sent_today"], st["seized_today"] + st["landed_today"])
            assert (st["sent_today"] % 1 == 0).all() and (st["waiting"] >= 0).all() and (st["waiting"] < 1).all()
            assert st["share"].sum() == pytest.approx(1.0) and (st["risk"] <= 0.98).all()
            sent[name] += st["sent_today"].sum()
    for name in sent:
        st = flows(model).state[name]
        assert st["landed_total"].sum() + st["seized_total"].sum() == sent[name] > 100
    people = flows(model).state["people"]
    assert people["held"] > 0


def test_senders_leave_a_route_where_they_lose():
    p = FlowsParams()
    flow = contract.declared(p)["firearms"]
    st = contract.begin(flow, np.arange(4, dtype=np.uint64), np.array([4.0, 3.0, 2.0, 1.0]), np.zeros(4))
    st["usual_loss"] = flow.seizure
    for _ in range(80):
        routes.plan(st, flow, p, np.zeros(4))
    before, added = st["share"].copy(), np.array([0.6, 0.0, 0.0, 0.0])
    assert (np.diff(before) < 0).all(), "the cheapest way is the most used"
    for day in range(120):
        routes.learn(st, p)
        routes.plan(st, flow, p, added)
        routes.ship(7, day, "firearms", st, 30.0)
    assert st["share"][0] < 0.5 * before[0] and (st["share"][1:] > before[1:]).all()
    assert st["belief"][0] > 0.3 > st["belief"][1:].max()
    assert st["watch"].sum() == pytest.approx(1.0) and st["watch"][0] > 0.25
    lost = st["seized_total"].sum() / (st["seized_total"].sum() + st["landed_total"].sum())
    assert lost < 0.6 * before[0] + flow.seizure, "moving away saves a part of the loads"


@pytest.mark.parametrize("name", ["firearms", "people"])
@pytest.mark.parametrize("share", [-1.0, -0.5, 0.5])
def test_the_inflow_lever_moves_arrivals(begun, name, share):
    a, b = CityModel.restore(begun), CityModel.restore(begun)
    b.levers.put("test", "inflow", None, dict(flow=name, share=share))
    for m in (a, b):
        m.run_days(40)
    assert landed(b, name) == pytest.approx((1 + share) * landed(a, name), abs=0.12 * landed(a, name))


def test_checks_on_a_route_seize_there(begun):
    model = CityModel.restore(begun)
    route = flows(model).state["names"][0]
    model.levers.put("test", "checks", None, dict(flow="people", route=route, share=0.9))
    model.run_days(30)
    st = flows(model).state["people"]
    assert st["seized_total"][0] > 0.6 * (st["seized_total"][0] + st["landed_total"][0])
    assert st["seized_total"][1:].sum() < 0.3 * st["landed_total"][1:].sum()


def test_zero_on_the_levers_changes_no_bit(begun):
    a, b = CityModel.restore(begun), CityModel.restore(begun)
    for name in contract.NAMES:
        for lever, order in (("inflow", dict(flow=name, share=0.0)), ("external_price", dict(flow=name, share=0.0)),
                             ("checks", dict(flow=name, route=0, share=0.0))):
            b.levers.put(f"test {name}", lever, None, order)
    b.levers.put("test", "sweeps", np.arange(50), 0.0)
    for lever in ("arrest_sellers", "retention", "interdiction"):
        b.levers.put("test", lever, None, 0.0)
    b.levers.put("test", "drug_education", b.residents["id"][:50], 0.0)
    for m in (a, b):
        m.run_days(30)
    assert a.log.equals(b.log) and len(a.log) > 0
    assert np.array_equal(a.mechanisms["drugs"].state["ledger"], b.mechanisms["drugs"].state["ledger"])
    for name in contract.NAMES:
        assert np.array_equal(flows(a).state[name]["landed_total"], flows(b).state[name]["landed_total"])


def test_a_restored_model_goes_on_to_the_bit(begun):
    a = CityModel.restore(begun)
    a.run_days(12)
    b = CityModel.restore(copy.deepcopy(a.snapshot()))
    for m in (a, b):
        m.run_days(12)
    for name in contract.NAMES:
        for key, value in flows(a).state[name].items():
            assert np.array_equal(value, flows(b).state[name][key]), (name, key)


def test_dearer_beyond_the_city_is_dearer_here(begun):
    model = CityModel.restore(begun)
    usual = flows(model).price(model, "firearms")
    model.levers.put("test", "external_price", None, dict(flow="firearms", share=0.5))
    assert flows(model).price(model, "firearms") == pytest.approx(1.5 * usual)


def test_without_flows_the_market_runs_dry_and_nothing_breaks():
    changes = {**ALONE, "flows": {"enabled": False}}
    model = CityModel(city={"residents": 4_000, "firearms": 1.0}, burn_in_years=0, mechanism=changes)
    start = len(model.mechanisms["drugs"].state["sellers"]["id"])
    model.run_days(150)
    assert flows(model).price(model, "firearms") == float("inf") and not flows(model).landed("firearms").any()
    assert not any(landed(model, name) for name in contract.NAMES)
    state, sales = model.mechanisms["drugs"].state, model.series.columns()["drugs.sales"]
    assert sales[60:].sum() == 0 < sales[:10].sum()
    assert len(state["sellers"]["id"]) < 0.3 * start
    book = state["ledger"]
    assert book[t.SEIZED] >= 0 and book[t.SHIPPED] == (book[t.LANDED] + book[t.SEIZED] + book[t.BLOCKED]
                                                       + state["importers"]["pipe"].sum())


def test_a_market_that_ran_dry_opens_again():
    off = {**ALONE, "flows": {"enabled": False}}
    model = CityModel(city={"residents": 4_000}, burn_in_years=0, mechanism=off)
    model.run_days(200)
    again = CityModel.restore(model.snapshot(), model.spec.with_(mechanism={"flows": {"enabled": True}}))
    again.run_days(200)
    assert again.series.columns()["drugs.sales"][-30:].sum() > 0


def test_values_are_asked_for_by_flow():
    with pytest.raises(SpecError, match="expected 4 values"):
        build({"mechanism": {"flows": {"seizure": [0.1]}}})
