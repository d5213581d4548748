"""Routines: everybody's activity and place against an oracle, schedules that add up, and what keeps people in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_tools import call, draw4

from sim.draws import BLOCK
from sim.model import BASE_COLUMNS, CityModel
from sim.people import schedules
from sim.people.routines import Routines, RoutinesParams, place_people
from sim.registry import MECHANISMS, load

load()
TYPES = {name: c.dtype for m in MECHANISMS.values() for name, c in m.columns.get("residents", {}).items()}
TYPES.update({name: c.dtype for name, c in BASE_COLUMNS["residents"].items()})


def crowd(seed, people, cells, tick=500):
    rng = np.random.default_rng(seed)

    def some(name, values):
        return np.ascontiguousarray(values, dtype=TYPES[name])

    limits = np.sort(rng.random((7, 5)), axis=1)
    return dict(
        seed=np.uint64(rng.integers(0, 2**62)), code=4711, tick=np.int32(tick), people=people, cells=cells,
        keys=rng.integers(0, 2**64, people, np.uint64), alive=rng.random(people) < 0.9,
        custody=some("custody_until", np.where(rng.random(people) < 0.3, tick + rng.integers(-2, 3, people), 0)),
        routine=some("routine", rng.integers(0, 7, people)), home=some("home", rng.integers(0, cells, people)),
        anchor=some("anchor", rng.integers(-1, cells, people)),
        shops=some("shop_nodes", rng.integers(0, cells, (people, 2))).reshape(-1),
        bar=some("bar_node", rng.integers(0, cells, people)),
        visit=some("visit_node", rng.integers(0, cells, people)), fear=some("fear", rng.random(people)),
        occupied=np.where(rng.random(people) < 0.3, rng.random(people), 0).astype(np.float32),
        checked=True, stay_in=np.float32(rng.random()), given_up=np.empty(0, np.float32),
        hanging=np.uint32(rng.choice([0, 100, 256])), corner=rng.integers(0, cells, cells).astype(np.int32),
        cut=np.round(limits * 2**24).astype(np.int32),
    )


def place(c, bounds):
    """Activity, cell and counts of the kernel, run in chunks with the given bounds."""
    activity = np.full(c["people"], 99, TYPES["activity"])
    cell = np.full(c["people"], -9, TYPES["cell"])
    counts = np.zeros((len(bounds) - 1, 3, c["cells"]), np.int32)
    for chunk, (lo, hi) in enumerate(zip(bounds, bounds[1:])):
        call(place_people, c, chunk=chunk, lo=lo, hi=hi, activity=activity, cell=cell, counts=counts)
    return activity, cell, counts


def whereabouts(c, i):
    """Where one person is, in plain Python: (activity, cell)."""
    what, held_back, way, _ = draw4(c["seed"], c["code"], int(c["tick"]), c["keys"][i])
    if not c["alive"][i] or c["custody"][i] > c["tick"]:
        return 7, -1
    activity = sum((what >> 8) >= limit for limit in c["cut"][c["routine"][i]].tolist())
    if activity >= 3:  # evenings out, visits and the street are what fear and supervised hours take away
        stays = max(c["stay_in"] * c["fear"][i], c["occupied"][i])
        if np.float32(held_back >> 8) * np.float32(2**-24) < stays:
            activity = 0
    if c["given_up"].size and np.float32(way >> 8) * np.float32(2**-24) < c["given_up"][6 * c["routine"][i] + activity]:
        activity = 0
    home, shops, visit = c["home"][i], c["shops"][2 * i : 2 * i + 2], c["visit"][i]
    anchor = c["anchor"][i] if c["anchor"][i] >= 0 else home
    quarter = way & 3
    shop = shops[1] if quarter >= 2 else shops[0]
    idle = schedules.ROUTINES[c["routine"][i]] in ("pupil", "student", "jobless")
    near = c["corner"][home] if idle and held_back % 256 < c["hanging"] else home
    street = (shops[0], visit, near, near)[quarter]
    return activity, (home, anchor, shop, c["bar"][i], visit, street)[activity]


def check(c, cuts=()):
    n = c["people"]
    activity, cell, counts = place(c, [0, n])
    assert [*zip(activity.tolist(), cell.tolist())] == [whereabouts(c, i) for i in range(n)]
    at_home, away = activity == 0, activity == 7
    for layer, who in enumerate((at_home, ~at_home & ~away)):
        np.testing.assert_array_equal(counts[0, layer], np.bincount(cell[who], minlength=c["cells"]))
    assert counts[0, 2].sum() == away.sum() and counts.sum() == n
    again = place(c, sorted([0, n, *(min(x, n) for x in cuts)]))
    np.testing.assert_array_equal(again[0], activity)
    np.testing.assert_array_equal(again[1], cell)
    np.testing.assert_array_equal(again[2].sum(axis=0), counts[0])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 80), st.integers(1, 30), st.lists(st.integers(0, 80), max_size=4))
def test_everybody_is_where_an_oracle_says_whatever_the_chunks(seed, people, cells, cuts):
    check(crowd(seed, people, cells), cuts)


def test_everybody_is_where_an_oracle_says_across_blocks():
    check(crowd(5, 2 * BLOCK + 31, 50), [7, BLOCK, BLOCK + 1])


def test_outings_given_up_agree_with_the_oracle():
    c = crowd(6, 3_000, 40)
    c["given_up"] = np.random.default_rng(6).random(42).astype(np.float32)
    check(c, [11, BLOCK])
    nothing, free = place({**c, "given_up": np.zeros(42, np.float32)}, [0, 3_000]), crowd(6, 3_000, 40)
    for a, b in zip(nothing, place(free, [0, 3_000])):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("hours", [1, 4, 6, 24])
def test_curfew_bars_and_prices_take_away_hours_whatever_the_tick(hours):
    """Over a week the time given up is that of the hours concerned."""
    model = CityModel(city={"residents": 1_000}, burn_in_years=0, years=1, tick_hours=hours)
    routines, table = model.mechanisms["routines"], schedules.hourly()
    night = (np.arange(24) >= 23) | (np.arange(24) < 6)
    dark = (np.arange(24) >= 20) | (np.arange(24) < 6)

    def lost():
        """Hours a day given up by routine and activity on the first day, from the shares of each tick."""
        out = np.zeros((7, 6))
        for slot in range(24 // hours):
            model.tick = slot
            whole = table[:, schedules.day_kind(model.calendar.weekday(model.day)), slot * hours : (slot + 1) * hours]
            out += whole.sum(axis=1) * routines.given_up(model)
        return out

    day = table[:, schedules.day_kind(model.calendar.weekday(0))]
    assert not lost().any()
    model.levers.put("test", "bars_closed", None, 0.5)
    expected = np.zeros((7, 6))
    expected[:, schedules.BAR] = 0.5 * day[:, night, schedules.BAR].sum(axis=1)
    np.testing.assert_allclose(lost(), expected, atol=1e-9)
    model.levers.put("test", "bars_closed", None, 0.0)
    model.levers.put("test", "curfew", None, 0.8)
    expected = 0.8 * day[:, dark].sum(axis=1)
    expected[:, : schedules.BAR] = 0
    np.testing.assert_allclose(lost(), expected, atol=1e-9)
    model.levers.put("test", "curfew", None, 0.0)
    model.levers.put("test", "alcohol_price", None, 0.10)
    share = lost()[:, schedules.BAR].sum() / day[..., schedules.BAR].sum()
    assert share == pytest.approx(1 - 1.1**-0.5, abs=1e-9) and not lost()[:, schedules.VISIT :].any()


def test_nobody_needs_checking_when_nothing_keeps_people_in():
    c = crowd(9, 500, 20)
    c["occupied"][:], c["stay_in"] = 0, np.float32(0)
    careful, quick = place(c, [0, 500]), place({**c, "checked": False}, [0, 500])
    for a, b in zip(careful, quick):
        np.testing.assert_array_equal(a, b)


def test_fear_and_supervision_keep_people_in():
    c = crowd(1, 4_000, 20)
    c["alive"][:], c["custody"][:], c["occupied"][:] = True, 0, 0
    out = {}
    for name, fear, stay_in, occupied in (
        ("free", 1, 0, 0), ("night", 1, 0.5, 0), ("brave", 0, 1, 0), ("busy", 0, 0, 0.5)
    ):
        c["fear"][:], c["stay_in"], c["occupied"][:] = fear, np.float32(stay_in), occupied
        out[name] = place(c, [0, 4_000])[0]
    np.testing.assert_array_equal(out["free"], out["brave"])
    np.testing.assert_array_equal(out["night"], out["busy"])
    going = out["free"] >= 3
    assert 0.4 < (out["night"][going] == 0).mean() < 0.6
    np.testing.assert_array_equal(out["night"][~going], out["free"][~going])


def test_schedules_add_up():
    table = schedules.hourly()
    assert table.shape == (len(schedules.ROUTINES), len(schedules.DAY_KINDS), 24, 6)
    assert (table >= 0).all()
    np.testing.assert_allclose(table.sum(axis=-1), 1)
    assert [schedules.day_kind(d) for d in range(7)] == [0, 0, 0, 0, 1, 2, 3]
    assert schedules.AWAKE.shape == (24,) and ((schedules.AWAKE > 0) & (schedules.AWAKE <= 1)).all()
    worker = table[schedules.ROUTINES.index("worker")]
    assert worker[0, 10, schedules.ANCHOR] > 0.5 > worker[3, 10, schedules.ANCHOR]
    assert worker[1, 22, schedules.BAR] > worker[0, 22, schedules.BAR]
    assert (table[:, :, 3, schedules.HOME] > 0.5).all()


@pytest.fixture(scope="module")
def town():
    model = CityModel(city={"residents": 3_000}, burn_in_years=0, years=1, start_date="2024-07-01")
    model.days = []
    for _ in range(7 * 6):
        model.step()
        r = model.residents
        model.days.append((r["activity"].copy(), r["cell"].copy(), r["routine"].copy()))
    return model


@pytest.mark.parametrize("hour", [None, 0, 12, 23])
def test_shares_of_a_tick_are_shares(town, hour):
    shares = town.mechanisms["routines"].shares(town, hour)
    assert shares.shape == (7, 6) and (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_summer_brings_people_out():
    class Day:
        slot, day = 4, 0

        class calendar:  # noqa: N801
            tick_hours = 4
            weekday = staticmethod(lambda day: 0)

    warm, cold = Routines(RoutinesParams()), Routines(RoutinesParams())
    tables = []
    for mechanism, season in ((warm, 1.0), (cold, -1.0)):
        mechanism.hourly = schedules.hourly()
        Day.calendar.season = staticmethod(lambda day, season=season: season)
        tables.append(mechanism.shares(Day))
    out = [t[:, 4:].sum(axis=1) for t in tables]
    assert (out[0] >= out[1]).all() and out[0].sum() > 1.3 * out[1].sum()


def test_people_keep_to_their_schedules(town):
    """Over a week the time of workers and retired people divides as the tables say (nobody is afraid by day)."""
    for name in ("worker", "retired", "pupil"):
        code = schedules.ROUTINES.index(name)
        for slot in (2, 3):  # 8 to 16
            ticks = [day * 6 + slot for day in range(4)]  # Monday to Thursday
            activity = np.concatenate([a[r == code] for a, _, r in (town.days[t] for t in ticks)])
            seen = np.bincount(activity[activity < 7], minlength=6)[:6] / (activity < 7).sum()
            table = schedules.hourly()[code, 0, slot * 4 : slot * 4 + 4].mean(axis=0)
            assert seen[schedules.ANCHOR] == pytest.approx(table[schedules.ANCHOR], abs=0.05)
            assert seen[schedules.SHOP] == pytest.approx(table[schedules.SHOP], abs=0.05)


def test_places_fit_activities(town):
    r = town.residents
    activity, cell, _ = town.days[-1]
    np.testing.assert_array_equal(cell[activity == 0], r["home"][activity == 0])
    np.testing.assert_array_equal(cell[activity == 7], -1)
    work = (activity == 1) & (r["anchor"] >= 0)
    np.testing.assert_array_equal(cell[work], r["anchor"][work])
    assert (town.city.area[cell[cell >= 0]] >= 0).all()


def test_the_idle_meet_at_the_busiest_spot_near_their_home():
    usual, hanging = (
        CityModel(city={"residents": 8_000}, burn_in_years=0, years=0.1, mechanism={"routines": {"hangout": share}})
        for share in (0.0, 1.0)
    )
    flow, width = hanging.city.layers["flow"], hanging.city.grid.width
    for model in (usual, hanging):
        model.tick = 4  # a weekday from 16 to 20
        model.mechanisms["routines"].step(model)
    r, was = hanging.residents, usual.residents["cell"]
    assert (r["activity"] == usual.residents["activity"]).all()
    moved = r["cell"] != was
    assert moved.sum() > 20 and (was[moved] == r["home"][moved]).all() and (r["activity"][moved] == 5).all()
    assert np.isin(r["routine"][moved], [1, 2, 5]).all()
    far = np.abs(r["cell"][moved] % width - was[moved] % width), np.abs(r["cell"][moved] // width - was[moved] // width)
    assert max(x.max() for x in far) <= 3 and (flow[r["cell"][moved]] > flow[was[moved]]).all()
    assert len(np.unique(r["cell"][moved])) < len(np.unique(was[moved]))
    assert hanging.layers["in_public"].sum() == usual.layers["in_public"].sum()
