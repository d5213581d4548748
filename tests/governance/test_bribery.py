"""Officers and residents choose; what they choose follows from the state alone and is booked once."""

import math

import numpy as np
import pytest

from sim.draws import normals, uniforms
from sim.governance import officers
from sim.governance.bribe import active, bargain, offer, refresh, risk, wages
from sim.governance.bribery import SLICE, turn_of_day
from sim.model import CityModel

TOWN = dict(city={"residents": 1500}, burn_in_years=0, years=2)
EASY = {"bribery": {"moral": 3.0, "qualms": 0.1, "contacts": 12.0}}


def town(mechanism=None, **more):
    return CityModel(**{**TOWN, **more}, mechanism=mechanism or {})


@pytest.fixture(scope="module")
def lived():
    model = town(EASY)
    model.guard = True
    model.run_days(20)
    return model


@pytest.mark.parametrize("kind, days", [("arrest", 20.0), ("stop", 0.0), ("service", 0.0)])
def test_a_bargain_in_plain_python(lived, kind, days):
    m, r = lived, lived.residents
    b = m.mechanisms["bribery"]
    p, s = b.params, b.state
    ids = np.sort(r["id"])[::7]
    deal = bargain(m, kind, ids, days)
    for j, i in enumerate(ids):
        row = r.row_of[i]
        key = r["key"][row : row + 1]

        def u(what, key=key):
            return uniforms(m.seed, f"bribery.{kind}.{what}", m.tick, key)[0]

        here = m.city.area[r["cell"][row]] if r["cell"][row] >= 0 else -1
        area = r["area"][row] if kind == "service" or here < 0 else here
        first, count = (s["police"], len(s["moral"]) - s["police"]) if kind == "service" else (0, s["police"])
        post = min(int((s["span"][area] + u("officer") * (s["span"][area + 1] - s["span"][area])) * count), count - 1)
        if kind != "service" and count >= 3:
            on = post // 3 * 3 + int(m.slot * m.calendar.tick_hours) // 8
            post = on if on < count else post
        o = first + post
        takers = [c for c in s["colleagues"][o] if c >= 0]
        company = sum(s["takes"][c] > 0.5 for c in takers) / max(len(takers), 1)
        loss = s["belief"][o] * (p.wage - p.outside) * p.horizon
        hidden = p.hidden * loss + p.hidden_cost
        want = s["moral"][o] * (1 - p.company * s["company"][o]) * (1 + days / p.gravity_days) + min(loss, hidden)
        refreshed = dict(s)
        refresh(refreshed)
        assert refreshed["company"][o] == pytest.approx(company)
        income, median = float(r["income"][row]), wages(m)
        spread = math.exp(p.value_spread * normals(m.seed, f"bribery.{kind}.value", m.tick, key)[0])
        if kind == "arrest":
            lost = 1 + p.stake_horizon * (1 - math.exp(-days / p.stake_horizon))
            worth = lost * max(income / median, p.means_floor) / 7
        elif kind == "stop":
            worth = p.stop_value * spread if u("grounds") < p.stop_grounds else 0.0
        else:
            worth = p.service_value * (1 - float(m.layers["service"][r["home"][row]])) * spread
        means = max(income / median, p.means_floor) * p.means + float(r["cash"][row]) / median
        conscience = math.exp(p.qualms_spread * normals(m.seed, "bribery.qualms", 0, key)[0])
        pay = min(worth, means) - p.qualms * conscience * float(r["trust"][row])
        assert deal.officer[j] == o
        assert deal.paid[j] == (pay > want)
        assert deal.amount[j] == pytest.approx((pay + want) / 2 if pay > want else 0.0)
        assert deal.hidden[j] == (hidden < loss)


def test_asking_changes_nothing_and_depends_on_nobody_else(lived):
    before = lived.snapshot()["state"]["bribery"]
    ids = np.sort(lived.residents["id"])
    paid = offer(lived, ids, 10.0)
    assert 0 < paid.sum() < len(ids)
    assert (offer(lived, ids[::3], 10.0) == paid[::3]).all()
    after = lived.snapshot()["state"]["bribery"]
    assert all(np.array_equal(before[k], after[k]) for k in before)
    assert len(offer(lived, [], 10.0)) == 0


def test_a_bribe_lies_between_what_both_would_accept_and_grave_cases_are_harder(lived):
    ids = np.sort(lived.residents["id"])
    deal = bargain(lived, "service", ids)
    assert (deal.amount[deal.paid] > 0).all() and (deal.amount[~deal.paid] == 0).all()
    assert (deal.asked | ~deal.paid).all()
    p, worth_more = lived.mechanisms["bribery"].params, offer(lived, ids, 5.0).mean()
    assert worth_more > offer(lived, ids, 20 * 365.0).mean() and p.gravity_days > 0


def test_contacts_are_the_denominator(lived):
    r = lived.residents
    bribed = r["last_bribe"] > -(2**30)
    assert bribed.any() and (r["last_contact"][bribed] > -(2**30)).all()
    assert (r["last_bribe"] <= lived.day).all()
    series = lived.series.columns()
    assert series["bribery.bribes"].sum() > 0
    assert (series["bribery.bribes"] <= series["bribery.asked"]).all()
    assert (series["bribery.asked"] <= series["bribery.contacts"]).all()


def test_adults_meet_officials_about_as_often_as_declared():
    model = town({"bribery": {"contacts": 6.0}})
    model.run_days(56)
    adults = int((model.age() >= 16).sum())
    expected = adults * -np.expm1(-6.0 * 28 / 365) * 2
    ordinary = model.series.columns()["bribery.contacts"].sum()
    assert abs(ordinary - expected) < 4 * math.sqrt(expected) + 30


def test_officers_have_colleagues_in_their_office_and_successors_of_their_own():
    beside = officers.colleagues(40, 30)
    for i, row in enumerate(beside):
        known = row[row >= 0]
        assert ((known - 40) // officers.OFFICE == i // officers.OFFICE).all() and (known != 40 + i).all()
    p = town().mechanisms["bribery"].params
    posts = np.arange(500)
    first, second = (officers.hire(3, posts, np.full(500, k), p)[0] for k in (0, 1))
    assert abs(np.corrcoef(np.log(first), np.log(second))[0, 1]) < 0.2
    assert np.array_equal(officers.hire(3, posts[::5], np.zeros(100, int), p)[0], first[::5])


def test_police_on_shift_serve_the_area():
    state = officers.found(3000, 12, 6, 1, town().mechanisms["bribery"].params)
    state["span"] = officers.spans(np.array([100.0, 300.0]))
    u = np.linspace(0.001, 0.999, 400)
    for hour in (0, 8, 16, 20):
        met = officers.met(state, np.ones(400, int), u, True, hour)
        assert set(met % 3) == {hour // 8} and met.min() >= 3 and met.max() < 12
    assert set(officers.met(state, np.zeros(400, int), u, False, 3)) == {12, 13}


def test_controls_find_bribes_and_posts_are_filled_anew():
    model = town(EASY)
    model.levers.put("x", "integrity", None, 0.5)
    model.run_days(40)
    s = model.mechanisms["bribery"].state
    assert model.series.columns()["bribery.found"].sum() > 0 and s["successor"].sum() > 0
    assert risk(model, model.mechanisms["bribery"].params, True) > 0.5


def test_nothing_is_paid_without_interactions_or_when_switched_off():
    alone = town(EASY, interactions=False)
    off = town({"bribery": {"enabled": False}})
    for model in (alone, off):
        model.run_days(10)
        assert not active(model) and not offer(model, [1, 2, 3], 5.0).any()
        assert (model.residents["last_bribe"] == -(2**30)).all()


def test_a_bribe_costs_trust_and_is_told():
    honest, corrupt = town({"bribery": {"moral": 1e5, "moral_spread": 0.0}}), town(EASY)
    for model in (honest, corrupt):
        model.run_days(60)
    assert honest.series.columns()["bribery.bribes"].sum() == 0
    assert corrupt.residents["trust"].mean() < honest.residents["trust"].mean() - 0.005


def test_order_of_rows_and_restoring_change_nothing():
    model = town(EASY)
    model.run_days(12)
    again, mixed = CityModel.restore(model.snapshot()), CityModel.restore(model.snapshot())
    mixed.rearrange(np.random.default_rng(3).permutation(len(mixed.residents)))
    for m in (model, again, mixed):
        m.run_days(12)
    for other in (again, mixed):
        assert other.log.equals(model.log)
        for name in ("takes", "belief", "experience", "moral"):
            assert np.array_equal(other.mechanisms["bribery"].state[name], model.mechanisms["bribery"].state[name])
    assert mixed.mechanisms["governance"].state["legitimacy"].tobytes() == (
        model.mechanisms["governance"].state["legitimacy"].tobytes())


def test_cameras_and_fairness_lower_complaints():
    counts = []
    for levers in ({}, {"accountability": 1.0}, {"fairness": 1.0}):
        model = town({"patrol": {"officers_per_1000": 18.0, "stops_per_visit": 2.0}, "bribery": {"looked_at": 1.0}})
        for lever, value in levers.items():
            model.levers.put("x", lever, None, value)
        model.run_days(40)
        counts.append(model.series.columns()["bribery.unfair"].sum())
    assert counts[0] > counts[1] > counts[2] == 0


def test_what_justice_was_told_is_what_is_booked():
    """Everybody whom justice let go for money is booked as a payer, also on the first tick of a day."""
    model = CityModel(city={"residents": 4000}, burn_in_years=0, years=1,
                      mechanism={"bribery": {"moral": 0.5, "moral_spread": 1.0, "qualms": 0.05, "gravity_days": 200.0}})
    model.levers.put("x", "integrity", None, 0.2)
    bribed = 0
    for _ in range(80):
        model.run_days(1)
        bribed += len(model.mechanisms["justice"].state["bribed"])
        row = model.series.rows[-1]
        stops = row["stops"] + row["bribery.let_go"]
        assert row["bribery.let_go"] <= row["bribery.police_bribes"] <= stops
    series = model.series.columns()
    assert bribed > 0 and series["bribery.let_go"].sum() >= bribed
    tick = model.tick  # and each of them has the day of the bribe in memory
    last = model.mechanisms["justice"].state["bribed"]
    assert (model.residents["last_bribe"][model.residents.rows(last)] == model.calendar.day(tick - 1)).all()


def test_a_raise_makes_the_deals_of_given_officers_fewer_and_dearer_but_not_the_sum_less():
    """Foltz & Opoku-Agyemang (2015)."""
    model = town({"bribery": {"moral": 6.0}}, city={"residents": 4000, "state_presence": 0.55})
    ids, paid, money = np.sort(model.residents["id"]), {}, {}
    for pay in (0.0, math.log(2)):
        model.levers.put("x", "police_pay", None, pay)
        deals = []
        for model.tick in range(30):
            deals.append(bargain(model, "stop", ids))
        paid[pay] = sum(int(d.paid.sum()) for d in deals)
        money[pay] = sum(float(d.amount.sum()) for d in deals)
    after, before = math.log(2), 0.0
    assert 0.85 * paid[before] < paid[after] < paid[before]
    assert money[after] / paid[after] > money[before] / paid[before]
    assert money[after] == pytest.approx(money[before], rel=0.05)


def test_whose_day_it_is_in_plain_python():
    random = np.random.default_rng(4)
    keys, alive = random.integers(0, 2**64, 2_000, dtype=np.uint64), random.random(2_000) < 0.8
    born, out = random.integers(-20, 20, 2_000).astype(np.int32), np.empty(2_001, np.int32)
    seen = []
    for day in range(SLICE):
        seen.append(out[:turn_of_day(keys, alive, born, 3, day, out)].tolist())
        assert seen[-1] == [i for i in range(2_000) if alive[i] and born[i] <= 3 and (int(keys[i]) >> 6) % SLICE == day]
    assert sum(len(rows) for rows in seen) == (alive & (born <= 3)).sum(), "everybody's turn comes once"
