"""Searches, orders into treatment, teaching, purity, substitution and disputes of the market."""

import numpy as np
import pytest

from sim.drugs import tables as t
from sim.drugs.careers import DEPENDENT, IN, fill_slots
from sim.drugs.disputes import places_with_disputes
from sim.drugs.importing import stretch
from sim.drugs.people import substitute
from sim.model import CityModel
from sim.records import CODE, LINKS

OTHERS = ("deterrence", "justice", "offending", "patrol", "reactions", "groups", "firearms", "extremism",
          "harassment", "community", "corrections", "bribery", "lifecourse", "governance")
ALONE = {name: {"enabled": False} for name in OTHERS}


@pytest.fixture(scope="module")
def begun():
    return CityModel(city={"residents": 6_000}, burn_in_years=0, mechanism=ALONE).snapshot()


def market(model):
    return model.mechanisms["drugs"].state


def test_sweeps_list_the_sellers_standing_there_and_take_their_stock(begun):
    model = CityModel.restore(begun)
    state, grid = market(model), model.city.grid
    model.run_days(1)
    place = int(state["sellers"]["place"][0])
    model.levers.put("test", "sweeps", np.array([place]), 1.0)
    before = state["ledger"][t.CONFISCATED]
    model.run_days(1)
    sellers = state["sellers"]
    caught = np.isin(sellers["id"], state["searched"])
    assert caught.any() and (sellers["stock"][caught] == 0).all() and state["ledger"][t.CONFISCATED] >= before
    assert len(np.unique(sellers["place"][caught])) <= 2 < grid.cells  # some have moved since they were searched
    model.levers.withdraw("test")
    model.step()
    assert len(state["searched"]) == 0


def test_arrests_of_sellers_name_the_established_only(begun):
    model = CityModel.restore(begun)
    model.levers.put("test", "arrest_sellers", None, 0.9)
    named = []
    for _ in range(7):
        model.run_days(1)
        sellers = market(model)["sellers"]
        since = dict(zip(sellers["id"].tolist(), sellers["since"].tolist()))
        named += [model.day - 1 - since[i] for i in market(model)["searched"].tolist() if i in since]
    assert len(named) > 3 and min(named) >= 60


def test_who_is_ordered_into_treatment_comes_first(begun):
    model = CityModel.restore(begun)
    state, r = market(model), model.residents
    model.run_days(2)
    users = state["users"]
    free = users["id"][(users["use"] == DEPENDENT) & (users["treat"] == 0)]
    model.levers.put("test", "treatment_slots", None, 3.0)
    r["mandate"][r.rows(free[-2:])] = 1
    model.run_days(1)
    users = state["users"]
    assert (users["treat"][np.isin(users["id"], free[-2:])] == IN).all()
    # Recovery ends the order.
    users["use"][np.isin(users["id"], free[-1:])] = 0
    model.run_days(1)
    assert r["mandate"][r.rows(free[-1:])][0] == 0 and r["mandate"][r.rows(free[-2:-1])][0] == 1
    treat, since = np.array([1, 1, 1], np.uint8), np.array([1, 2, 3], np.int32)
    fill_slots(treat, since, np.zeros(3), 9, 1, np.array([False, False, True]))
    assert treat.tolist() == [1, 1, IN]


def test_who_was_taught_to_turn_it_down_does_not_start(begun):
    counts = []
    for share in (0.0, 1.0):
        model = CityModel.restore(begun)
        model.levers.put("test", "drug_education", model.residents["id"], share)
        first = set(market(model)["users"]["id"].tolist())
        model.run_days(120)
        counts.append(len(set(market(model)["users"]["id"].tolist()) - first))
    assert counts[1] == 0 < counts[0]


def test_stock_is_cut_when_margins_are_high_and_no_dose_comes_from_nowhere():
    im = dict(kind=np.array([0, 0, 0]), belief=np.full(3, 0.1), price=np.array([4.0, 12.0, 400.0]),
              purity=np.array([1.0, 1.0, 1.0]), stock=np.array([100, 100, 100]))
    book, pure = np.zeros(t.LEDGER, np.int64), im["purity"] * im["stock"]
    stretch(im, np.array([3.6]), 0.3, 0.5, book)
    assert im["purity"][0] == 1.0 > im["purity"][1] > im["purity"][2] >= 0.499
    np.testing.assert_allclose(im["purity"] * im["stock"], pure, rtol=1e-9)
    assert book[t.STRETCHED] == im["stock"].sum() - 300


def test_scarcity_weakens_what_is_sold(begun):
    model = CityModel.restore(begun)
    model.levers.put("test", "inflow", None, dict(flow="drugs", share=-0.8))
    model.run_days(60)
    columns = model.series.columns()
    assert columns["drugs.purity"][30:60].mean() < 0.95
    assert (columns["drugs.pure_price"] >= columns["drugs.price"] - 1e-9).all()


def test_users_change_over_and_come_back(begun):
    model = CityModel.restore(begun)
    state, p = market(model), model.spec.mechanism["drugs"]
    users, reference = state["users"], state["reference"]
    everybody = np.ones(len(users["id"]), bool)
    state["fill"][:] = 1.0
    users["kind"][:] = users["prefers"]
    state["price"][:] = reference * np.array([4.0, 1.0])
    for tick in range(12):
        model.tick = tick
        substitute(model, p, state, everybody)
    away = users["kind"] != users["prefers"]
    dear = (users["prefers"] == 0) & (users["use"] > 0)
    assert away.sum() > 0.5 * dear.sum() and not away[users["prefers"] == 1].any()
    state["price"][:] = reference
    for tick in range(12, 60):
        model.tick = tick
        substitute(model, p, state, everybody)
    assert (users["kind"] != users["prefers"]).sum() < 0.1 * away.sum()


def test_disputes_are_one_a_place_between_a_newcomer_and_another(begun):
    model = CityModel.restore(begun)
    sellers = market(model)["sellers"]
    n = len(sellers["id"])
    sellers["place"][:] = np.arange(n) // 4
    sellers["arrived"][:] = model.day - 200
    held = np.zeros(n, bool)
    assert not len(places_with_disputes(model, sellers, held, 50.0)[0]), "old neighbours are at peace"
    sellers["arrived"][::4] = model.day
    sellers["arrived"][1::4] = model.day - 3
    who, whom, cell = places_with_disputes(model, sellers, held, 50.0)
    place = dict(zip(sellers["id"].tolist(), sellers["place"].tolist()))
    assert len(cell) == len(set(cell.tolist())) > 0
    for a, b, c in zip(who.tolist(), whom.tolist(), cell.tolist()):
        assert a != b and place[a] == place[b] == c
    assert not len(places_with_disputes(model, sellers, held, 0.0)[0])
    model.residents["group"][model.residents.rows(sellers["id"])] = 3
    assert not len(places_with_disputes(model, sellers, held, 50.0)[0]), "a group settles its own quarrels"


def test_disputes_are_logged_as_systemic_violence(begun):
    model = CityModel.restore(begun, begun["spec"].with_(mechanism={"drugs": {"dispute": 1.0}}))
    model.run_days(120)
    log = model.log
    violent = np.isin(log["type"], (CODE["assault"], CODE["homicide"]))
    assert violent.sum() > 0 and (log["link"][violent] == LINKS.index("systemic")).all()
    assert (log["victim_id"][violent] >= 0).all() and (log["victim_id"][violent] != log["offender_id"][violent]).all()
