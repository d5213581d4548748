"""The drug market: conservation, independence of order, and the direction of its responses."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.draws import decision, draw4, unit
from sim.drugs import tables as t
from sim.drugs.careers import IN, WAITING, fill_slots
from sim.drugs.demand import needs, wanted
from sim.drugs.places import open_sites, site_codes
from sim.errors import SpecError
from sim.model import CityModel
from sim.records import CODE
from sim.spec import build

OTHERS = ("deterrence", "justice", "offending", "patrol", "reactions", "routines")
ALONE = {name: {"enabled": False} for name in OTHERS}


@pytest.fixture(scope="module")
def begun():
    return CityModel(city={"residents": 8_000}, burn_in_years=0, mechanism=ALONE).snapshot()


def town(begun, drugs=None, **changes):
    return CityModel.restore(begun, begun["spec"].with_(mechanism={"drugs": drugs or {}}, **changes))


def market(model):
    return model.mechanisms["drugs"].state


def series(model, name):
    return model.series.columns()[f"drugs.{name}"]


def books_balance(model):
    state = market(model)
    book = [int(x) for x in state["ledger"]]
    sellers, importers = state["sellers"], state["importers"]
    stock = int(sellers["stock"].sum() + importers["stock"].sum())
    assert min(sellers["stock"].min(initial=0), importers["stock"].min(), importers["pipe"].min()) >= 0
    came = book[t.OPENING] + book[t.LANDED] + book[t.STRETCHED]
    assert came == book[t.RETAIL] + book[t.CONFISCATED] + book[t.DISCARDED] + stock
    assert book[t.SHIPPED] == book[t.LANDED] + book[t.SEIZED] + book[t.BLOCKED] + int(importers["pipe"].sum())
    assert book[t.RETAIL] == book[t.BOUGHT] > 0
    assert book[t.SPENT] == book[t.REVENUE] > 0
    assert book[t.PAID_SUPPLIERS] == book[t.IMPORT_REVENUE] > 0
    each = np.floor(100 * np.array(model.spec.mechanism["drugs"].external_price) * state["unit"] + 0.5)
    moved = book[t.LANDED] + book[t.SEIZED]
    assert each.min() * moved <= book[t.PAID_BEYOND] <= each.max() * moved
    way = model.mechanisms["flows"].state["drugs"]
    today = state["ways"]
    assert (today["sent"] >= today["seized"] + today["landed"]).all()
    assert way["landed_total"].sum() + today["landed"].sum() <= book[t.LANDED]


def people_add_up(model):
    users, r = market(model)["users"], model.residents
    assert (np.diff(users["id"]) > 0).all() and (np.diff(market(model)["sellers"]["id"]) > 0).all()
    living = users["id"][np.isin(users["id"], r["id"][r["alive"]])]
    users = {name: column[np.isin(users["id"], living)] for name, column in users.items()}
    for code in (1, 2):
        assert (users["use"] == code).sum() == (r["alive"] & (r["use"] == code)).sum()
    assert (users["treat"] == IN).sum() == (r["alive"] & (r["treatment"] == 2)).sum()
    assert (users["treat"][users["use"] != 2] == 0).all()
    assert len(market(model)["sellers"]["id"]) == (r["alive"] & (r["selling"] == 1)).sum()


def test_doses_money_and_people_are_conserved(begun):
    model = town(begun, shock={"supply_shock": {"share": 0.8, "start": 10, "end": 30}})
    model.levers.put("test", "interdiction", None, 0.2)
    for _ in range(12):
        r, held = model.residents, market(model)["sellers"]["id"][::4]
        r["custody_until"][r.rows(held)] = model.tick + 30
        model.run_days(10)
        books_balance(model)
        people_add_up(model)
    assert market(model)["ledger"][t.SEIZED] > 0 and market(model)["ledger"][t.BLOCKED] > 0
    assert market(model)["ledger"][t.CONFISCATED] > 0


def test_storage_order_does_not_matter(begun):
    a, b = town(begun), town(begun)
    b.rearrange(np.random.default_rng(5).permutation(len(b.residents)))
    for m in (a, b):
        m.run_days(45)
    assert a.log.equals(b.log) and len(a.log) > 300
    assert np.array_equal(market(a)["ledger"], market(b)["ledger"])
    order = np.argsort(b.residents["id"])
    for column in ("use", "gap", "selling", "treatment", "cash"):
        assert np.array_equal(a.residents[column], b.residents[column][order]), column


def test_a_restored_market_goes_on_to_the_bit(begun):
    a = town(begun)
    a.run_days(20)
    b = CityModel.restore(copy.deepcopy(a.snapshot()))
    for m in (a, b):
        m.run_days(20)
    assert a.log.equals(b.log)
    assert np.array_equal(market(a)["ledger"], market(b)["ledger"])


def test_zero_on_the_levers_changes_no_bit(begun):
    a, b = town(begun), town(begun)
    b.levers.put("test", "interdiction", None, 0.0)
    b.levers.put("test", "treatment_slots", None, 0.0)
    for m in (a, b):
        m.run_days(30)
    assert a.log.equals(b.log) and np.array_equal(market(a)["ledger"], market(b)["ledger"])


def test_the_market_stays_near_its_start(begun):
    model = town(begun)
    model.run_days(730)
    price, users, dependents = (series(model, name) for name in ("price", "users", "dependents"))
    assert 5.0 < price[365:].mean() < 15.0
    assert 0.75 < users[-1] / users[0] < 1.3
    assert 0.75 < dependents[-1] / dependents[0] < 1.3
    sellers = series(model, "sellers")
    assert 0.5 < sellers[365:].mean() / sellers[0] < 2.0
    assert series(model, "overdoses").sum() > 0


def test_scarcity_raises_the_price_and_entry_brings_it_back(begun):
    """Prices of single towns swing, so that recovery is that of three."""
    cut = {"supply_shock": {"share": 0.8, "start": 20, "end": 65}}
    later = []
    others = (CityModel(city={"residents": 8_000}, burn_in_years=0, mechanism=ALONE, seed=s).snapshot() for s in (1, 2))
    for start in (begun, *others):
        shock, calm = town(start, shock=cut), town(start)
        for m in (shock, calm):
            m.run_days(330)
        a, b = series(shock, "price"), series(calm, "price")
        assert np.array_equal(a[:20], b[:20])
        assert a[50:80].mean() > 1.15 * b[50:80].mean()
        assert series(shock, "sales")[50:80].sum() < series(calm, "sales")[50:80].sum()
        later.append(a[250:].mean() / b[250:].mean())
    assert np.mean(later) < 1.25, later


def test_dearer_imports_lower_sales_less_than_they_raise_prices(begun):
    dear, calm = town(begun, dict(external_price=[6.0, 8.0])), town(begun)
    for m in (dear, calm):
        m.run_days(400)
    rise = math.log(series(dear, "price")[150:].mean() / series(calm, "price")[150:].mean())
    fall = math.log(series(dear, "sales")[150:].mean() / series(calm, "sales")[150:].mean())
    assert rise > 0.1
    assert -1.1 < fall / rise < -0.1


def test_more_places_in_treatment_are_filled_and_shorten_the_list(begun):
    more, calm = town(begun), town(begun)
    more.levers.put("test", "treatment_slots", None, 12)
    for m in (more, calm):
        m.run_days(120)
    assert series(more, "in_treatment")[60:].mean() > series(calm, "in_treatment")[60:].mean() + 4
    assert series(more, "waiting")[60:].mean() <= series(calm, "waiting")[60:].mean()
    state = market(more)
    assert (state["users"]["treat"] == IN).sum() <= state["slots"] + 12


def test_who_is_in_custody_neither_sells_nor_buys(begun):
    model = town(begun)
    state, r = market(model), model.residents
    seller = state["sellers"]["id"][0]
    user = state["users"]["id"][np.flatnonzero(state["users"]["use"] == 2)[0]]
    r["custody_until"][r.rows([seller, user])] = 10**6
    cash = r["cash"][r.rows([user])].copy()
    model.run_days(30)
    assert seller not in model.log["offender_id"]
    assert r["cash"][r.rows([user])] == cash and r["gap"][r.rows([user])] == 0


def test_one_event_a_seller_and_day_at_an_hour_of_his_own(begun):
    model = town(begun)
    model.run_days(10)
    log = model.log
    assert (log["type"] == CODE["drugs"]).all() and log["outdoors"].all()
    pairs = np.stack([log["tick"] // 6, log["offender_id"]])
    assert np.unique(pairs, axis=1).shape[1] == len(log)
    assert (log["minute"] // 240 == log["tick"] % 6).all()
    assert len(np.unique(log["tick"] % 6)) >= 3
    assert (model.layers["street"][log["cell"]] > 0).all()


def test_alone_nobody_matters_to_anybody():
    base = dict(city={"residents": 8_000}, burn_in_years=0, interactions=False, mechanism=ALONE)
    a = CityModel(**base)
    seller = int(market(a)["sellers"]["id"][2])
    b = CityModel(**base, banned=[seller])
    for m in (a, b):
        m.run_days(40)
    mine = a.log["offender_id"] == seller
    assert mine.sum() > 10 and (b.log["offender_id"] != seller).all()
    for column in ("tick", "minute", "cell", "offender_id"):
        assert np.array_equal(a.log[column][~mine], b.log[column])
    assert np.ptp(series(a, "price")) == 0.0


def test_who_may_never_offend_leaves_before_his_first_event(begun):
    a = town(begun)
    a.run_days(15)
    seller = int(a.log["offender_id"][a.log["tick"] > a.log["tick"].min() + 20][0])
    first = a.log["tick"][a.log["offender_id"] == seller].min()
    b = town(begun, banned=[seller])
    b.run_days(15)
    same = a.log["tick"] <= first
    keep = same & (a.log["offender_id"] != seller)
    assert np.array_equal(a.log["offender_id"][keep], b.log["offender_id"][b.log["tick"] <= first])
    assert seller not in b.log["offender_id"]


def test_switched_off_there_is_no_market():
    model = CityModel(city={"residents": 1_000}, burn_in_years=0, mechanism={**ALONE, "drugs": {"enabled": False}})
    model.run_days(8)
    assert len(model.log) == 0 and model.residents["use"].max() == 0


def test_two_substances_have_their_own_markets():
    drugs = dict(substances=["opiates", "cocaine"], shares=[0.6, 0.4], dependence=[1.0, 1.0],
                 external_price=[3.0, 5.0], reference_price=[10.0, 16.0])
    model = CityModel(city={"residents": 20_000}, burn_in_years=0, mechanism={**ALONE, "drugs": drugs})
    state = market(model)
    prices = []
    for _ in range(6):
        model.run_days(10)
        prices.append(state["price"].copy())
    assert set(state["sellers"]["kind"]) == {0, 1}
    assert np.mean(prices, axis=0)[1] > np.mean(prices, axis=0)[0]
    book = state["ledger"]
    assert book[t.RETAIL] == book[t.BOUGHT] and book[t.SPENT] == book[t.REVENUE]


@pytest.mark.parametrize("drugs, said", [
    (dict(shares=[0.5]), "shares"), (dict(substances=[]), "substances"), (dict(shares=[0.4, 0.4]), "add up to 1")])
def test_bad_settings_are_told_in_one_line(drugs, said):
    with pytest.raises(SpecError, match=said):
        build({"mechanism": {"drugs": drugs}})


@settings(max_examples=200, deadline=None)
@given(st.booleans(), st.floats(0.1, 10), st.floats(0.05, 20), st.floats(0.3, 3))
def test_demand_falls_with_price_and_is_never_elastic(dependent, dose, price, patience):
    q, more = wanted(dependent, dose, price, patience), wanted(dependent, dose, price * 1.01, patience)
    elasticity = math.log(more / q) / math.log(1.01)
    assert 0 < more <= q <= dose
    assert -2.0 / math.e - 0.01 < elasticity <= 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 10_000), st.integers(1, 30))
def test_needs_agree_with_their_statement(seed, tick, n):
    g = np.random.default_rng(seed)
    key, kind = g.integers(0, 2**60, n).astype(np.uint64), g.integers(0, 2, n).astype(np.uint8)
    use, treat = g.integers(0, 3, n).astype(np.uint8), g.choice([0, 2], n).astype(np.uint8)
    appetite, patience, tolerance = (g.uniform(0.3, 3, n).astype(np.float32) for _ in range(3))
    row, free = g.permutation(n).astype(np.int32), g.random(n) < 0.8
    income, cash = g.uniform(0, 800, n).astype(np.float32), g.uniform(0, 400, n).astype(np.float32)
    gap, want = np.zeros(n, np.float32), np.zeros(n, np.int64)
    price, reference = np.array([9.0, 14.0]), np.array([10.0, 12.0])
    doses, purse, strength = np.array([0.3, 4.0]), cash.astype(float), np.array([1.0, 0.6])
    needs(np.uint64(seed), tick, price, reference, strength, doses, 0.4, 0.25, 0.55, key, kind, use, treat, appetite,
          patience, tolerance, row, free, income, cash, gap, want)
    for u in range(n):
        i = row[u]
        if use[u] == 0 or not free[u]:
            assert want[u] == 0 and gap[i] == 0 and cash[i] == np.float32(purse[i])
            continue
        hooked = use[u] == 2
        p, dose = price[kind[u]], appetite[u] * doses[int(hooked)]
        k, v = (1.3, 3.8) if hooked else (2.0, 1.2)
        s = strength[kind[u]]
        q = dose * math.exp(-k * (1 - math.exp(-p / s / reference[kind[u]] / (v * patience[u])))) / math.sqrt(s)
        q *= 0.45 if treat[u] == 2 else 1
        legal, other = (0.4, 0.25) if hooked else (0.08, 0.0)
        if purse[i] > 7 * p * dose:
            purse[i] -= 0.1 * (purse[i] - 7 * p * dose)
        else:
            purse[i] += legal * income[i] / 7 + other * p * q
        assert cash[i] == pytest.approx(purse[i], rel=1e-5)
        assert gap[i] == pytest.approx(max(7 * p * q * (1 - other) - legal * income[i] - purse[i], 0), rel=1e-4,
                                       abs=1e-2)
        word = draw4(np.uint64(seed), decision("drugs.want"), tick, key[u], 0)[0]
        assert want[u] == math.floor(q + unit(word))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.integers(0, 5)), max_size=20), st.integers(0, 12))
def test_the_list_is_first_come_first_served(people, slots):
    treat = np.array([p[0] for p in people], np.uint8)
    since = np.array([p[1] for p in people], np.int32)
    draw = np.linspace(0.9, 0.1, len(people))
    before, asked = treat.copy(), since.copy()
    chosen = fill_slots(treat, since, draw, 99, slots)
    waiting = sorted(np.flatnonzero(before == WAITING), key=lambda i: (asked[i], draw[i]))
    assert list(chosen) == waiting[: max(slots - int((before == IN).sum()), 0)]
    assert (treat == IN).sum() == (before == IN).sum() + len(chosen)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 899)), min_size=1, max_size=40))
def test_site_codes_name_places_and_keep_substances_apart(sellers):
    kind, cell = np.array([s[0] for s in sellers], np.uint8), np.array([s[1] for s in sellers], np.int32)
    codes = site_codes(kind, cell, 30)
    assert len(set(codes.tolist())) == len(set(sellers))
    assert (codes >> 40 == kind).all()
    listed, seats = open_sites(kind, cell, np.ones(len(kind), bool), 30)
    assert (np.diff(listed) >= 0).all() and sorted(seats) == list(range(len(kind)))
