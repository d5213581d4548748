"""Groups: what is conserved, what levers do, what is saved, and the arithmetic of contests and feuds."""

import numpy as np
import pytest

from sim.errors import SpecError
from sim.groups import feuds, leaders, places, recruits, turf
from sim.groups.people import members, my_turn, ties_within
from sim.model import CityModel
from sim.records import APART, CODE, LINKS, MOTIVES
from sim.spec import build, merge

TOWN = {"city": {"residents": 4_000, "firearms": 1.0}, "burn_in_years": 0, "years": 2, "seed": 3,
        "mechanism": {"groups": {"attack": 0.4, "pay": 0.1, "lethal_other": 0.1, "courage": -1.0, "visit": 1,
                                 "discipline": 0.01}}}
DAYS = 60


@pytest.fixture(scope="module")
def town():
    """A warlike town: its model and, for every day, who was in which group."""
    model, before = CityModel(build(TOWN)), []
    for _ in range(DAYS):
        r = model.residents
        before.append(dict(zip(r["id"].tolist(), r["group"].tolist())))
        model.run_days(1)
    return model, before


def state(model):
    return model.mechanisms["groups"].state


def test_there_are_groups_from_the_first_day():
    model = CityModel(build(TOWN))
    table = state(model)["groups"]
    rows, at = members(model, table)
    assert len(table["id"]) >= 2 and (np.bincount(at, minlength=len(table["id"])) >= 3).all()
    assert (model.layers["turf"] >= 0).any() and (table["pay"] > 0).all()
    assert ((model.age()[rows] >= 12) & (model.age()[rows] < 40)).all()


def test_members_belong_to_groups_that_exist_and_places_too(town):
    model, _ = town
    table, r = state(model)["groups"], model.residents
    mine = r["group"][r["alive"] & (r["group"] >= 0)]
    assert np.isin(mine, table["id"]).all() and np.isin(table["id"], mine).all()
    held = model.layers["turf"][model.layers["turf"] >= 0]
    assert np.isin(held, table["id"]).all()
    assert (np.diff(table["id"]) > 0).all() and len(np.unique(table["key"])) == len(table["id"])
    assert table["belief"].shape == table["debt"].shape == (len(table["id"]),) * 2
    assert (np.diag(table["debt"]) == 0).all() and (table["debt"] >= 0).all()


def test_fights_are_between_members_and_kill_the_living_once(town):
    model, before = town
    log = model.log
    of_group = log["group"] >= 0
    fights = np.flatnonzero(of_group & np.isin(log["type"], [CODE["assault"], CODE["homicide"]]))
    assert len(fights) > 20
    assert set(np.unique(log["motive"][fights])) <= {MOTIVES.index(m) for m in ("turf", "retaliation", "discipline")}
    assert (log["link"][fights] == LINKS.index("systemic")).any()
    for e in fights:
        day = before[int(log["tick"][e]) // model.calendar.ticks_per_day]
        group, discipline = int(log["group"][e]), log["motive"][e] == MOTIVES.index("discipline")
        crew = [int(log["offender_id"][e]), *log["co_offenders"][e][log["co_offenders"][e] >= 0].tolist()]
        assert all(day.get(who) == group for who in crew) and int(log["victim_id"][e]) not in crew
        assert (day.get(int(log["victim_id"][e])) == group) == discipline
    killed = log["victim_id"][log["type"] == CODE["homicide"]]
    assert len(killed) == len(np.unique(killed)) > 0
    blows = np.isin(log["type"], [CODE["assault"], CODE["homicide"]])
    pairs = np.stack([log["tick"][blows], log["victim_id"][blows]], axis=1)
    assert len(np.unique(pairs, axis=0)) == len(pairs), "nobody is hit twice in a tick"


def test_extorted_money_reaches_the_groups(town):
    model, _ = town
    log = model.log
    visits = log["type"] == CODE["extortion"]
    assert visits.sum() > 5 and (log["loss"][visits] > 0).all() and (log["group"][visits] >= 0).all()
    assert (log["motive"][visits] == MOTIVES.index("extortion")).all()


def test_offences_of_members_are_counted(town):
    model, _ = town
    log, r = model.log, model.residents
    crime = ~np.isin(log["type"], [CODE[name] for name in APART])
    done = np.concatenate([log["offender_id"][crime], log["co_offenders"][crime].ravel()])
    count = np.bincount(done[done >= 0], minlength=r.row_of.size)
    np.testing.assert_array_equal(r["offences"], count[r["id"]])


def run(days=20, put=None, **changes):
    model = CityModel(build(merge(TOWN, changes)))
    for _ in range(days):
        if put is not None:
            put(model)
        model.run_days(1)
    return model


def test_idle_levers_change_no_bit():
    plain = run()

    def nothing(model):
        ids = model.residents["id"]
        cells = np.arange(model.city.grid.cells)
        for lever in ("bond", "family", "occupied", "certainty", "disarmed"):
            model.levers.put("idle", lever, ids, 0.0)
        model.levers.put("idle", "mediation", cells, 0.0)
        for lever in ("gun_licence", "gun_ban", "arrest_leaders"):
            model.levers.put("idle", lever, None, 0.0)

    assert run(put=nothing).log.equals(plain.log)


def test_order_of_residents_and_a_restart_change_nothing():
    whole = run(30)
    half = CityModel(build(TOWN))
    half.run_days(11)
    half.rearrange(np.random.default_rng(0).permutation(len(half.residents)))
    again = CityModel.restore(half.snapshot())
    again.run_days(19)
    assert again.log.equals(whole.log)


def test_mediators_who_hear_of_everything_leave_no_revenge():
    def mediate(model):
        model.levers.put("mediators", "mediation", np.arange(model.city.grid.cells), 1.0)

    log = run(60, mediate).log
    assert not (log["motive"] == MOTIVES.index("retaliation"))[log["group"] >= 0].any()
    log = run(60).log
    assert (log["motive"] == MOTIVES.index("retaliation"))[log["group"] >= 0].any()


def test_without_interactions_there_are_no_groups_and_the_banned_never_join():
    alone = run(5, interactions=False)
    assert (alone.residents["group"] == -1).all() and not (alone.log["group"] >= 0).any()
    start = CityModel(build(TOWN))
    first = start.residents["id"][start.residents["group"] >= 0]
    model = run(30, banned=first.tolist())
    banned = model.residents["group"][model.residents.find(first)[model.residents.find(first) >= 0]]
    assert (banned == -1).all() and len(state(model)["groups"]["id"]) > 0


def test_leaders_are_named_until_as_many_as_asked_for_are_in_custody():
    model = CityModel(build(merge(TOWN, {"mechanism": {"justice": {"enabled": False}}})))
    model.levers.put("police", "arrest_leaders", None, 2.0)
    model.run_days(1)
    wanted = state(model)["wanted_leaders"]
    assert len(wanted) == 2 and np.isin(wanted, state(model)["groups"]["leader"]).all()
    model.propose("residents", "custody_until", wanted, 10_000, op="set")
    model.run_days(2)
    assert len(state(model)["wanted_leaders"]) == 0
    np.testing.assert_array_equal(state(model)["taken_leaders"], wanted)
    assert not np.isin(wanted, state(model)["groups"]["leader"]).any(), "somebody else leads"
    model.levers.withdraw("police")
    model.run_days(1)
    assert len(state(model)["taken_leaders"]) == 0


def test_a_split_divides_members_money_and_places():
    model = CityModel(build(TOWN))
    s, r = state(model), model.residents
    table = s["groups"]
    rows, at = members(model, table)
    g = int(np.argmax(np.bincount(at)))
    mine, g_id = rows[at == g], int(table["id"][g])
    second = mine[r["id"][mine] != table["leader"][g]][0]
    table["cash"][g], before = 10.0, len(table["id"])
    held = (model.layers["turf"] == g_id).sum()
    if leaders.divide(model, s, model.mechanisms["groups"].params, g_id, int(r["id"][second])):
        assert len(table["id"]) == before + 1
        assert sorted(np.unique(r["group"][mine])) == sorted([g_id, int(r["id"][second])])
        new = r["id"][second]
        assert np.isclose(table["cash"][np.isin(table["id"], [g_id, new])].sum(), 10.0)
        assert np.isin(model.layers["turf"], [g_id, new]).sum() == held


def test_tullock_and_the_branching_of_feuds():
    p = build(TOWN).mechanism["groups"]
    assert turf.win_chance(4.0, 4.0, 0, p) == 0.5
    assert turf.win_chance(4.0, 4.0, 3, p) < turf.win_chance(4.0, 4.0, 1, p) < 0.5
    assert turf.win_chance(8.0, 4.0, 0, p) > 0.5
    with pytest.raises(SpecError, match="revenges"):
        build({"mechanism": {"groups": {"retaliation": 0.045, "forgetting": 0.01}}})
    assert feuds.LOST + feuds.KILLED < 2.0


def test_ties_are_counted_from_both_ends():
    model = CityModel(city={"residents": 600}, burn_in_years=0)
    r = model.residents
    rows = np.arange(100)
    mine = set(r["id"][rows].tolist())
    expected = np.zeros(100)
    for i in rows:
        for friend in r["ties"][i].tolist():
            if friend in mine and friend != r["id"][i]:
                expected[i] += 1
                expected[int(r.find(np.array([friend]))[0])] += 1
    np.testing.assert_array_equal(ties_within(model, rows, np.zeros(100)), expected)


def test_who_is_readier_to_join():
    model = CityModel(build(TOWN))
    p, r = model.mechanisms["groups"].params, model.residents
    rows = np.flatnonzero((model.age() >= 14) & (model.age() < 17))[:200]
    before = recruits.readiness(model, rows, p)
    for lever, value in (("bond", 1.0), ("occupied", 0.5), ("family", 1.0)):
        model.levers.put("test", lever, r["id"][rows], value)
        assert (recruits.readiness(model, rows, p) < before).all(), lever
        model.levers.withdraw("test")
    np.testing.assert_array_equal(recruits.readiness(model, rows, p), before)


def test_heirs_come_to_blows_and_everybody_hears_that_the_leader_is_gone():
    """Of groups whose leaders are all taken away some split or quarrel; the others take them to be weaker at once."""
    model = CityModel(build(merge(TOWN, {"mechanism": {"groups": {"attack": 0.0, "discipline": 0.0, "split": 1.0}}})))
    model.run_days(3)
    s, r = state(model), model.residents
    table = s["groups"]
    before, belief = set(table["id"].tolist()), dict(zip(table["id"].tolist(), table["belief"].sum(axis=0)))
    rows = r.rows(table["leader"])
    model.propose("residents", "custody_until", r["id"][rows], model.tick + 600, op="set")
    model.run_days(2)
    plan, log = s["plan"], model.log
    quarrels = np.isin(plan["motive"], (feuds.TURF, feuds.DISCIPLINE)).sum()
    quarrels += np.isin(log["motive"], (MOTIVES.index("turf"), MOTIVES.index("discipline")))[log["group"] >= 0].sum()
    assert quarrels > 0
    table = s["groups"]
    shaken = np.flatnonzero(np.isin(table["id"], list(before)) & (table["cohesion"] < 0.9))
    assert len(shaken) and all(table["belief"][:, g].sum() < belief[int(table["id"][g])] * 1.05 for g in shaken)


def test_who_may_lose_a_place_collects_more_often():
    p = CityModel(build(TOWN)).mechanisms["groups"].params.__class__(visit=4, haste=0.3)
    table = dict(cohesion=np.array([1.0, 0.6, 1.0]), debt=np.array([[0, 0, 0], [0, 0, 0], [0, 3.0, 0]]))
    weeks = places.weeks_between(table, p)
    assert weeks[0] == 4 and weeks[1] < 3 and 1 <= weeks[2] < 4
    table["debt"] = np.full((3, 3), 50.0)
    assert (places.weeks_between(table, p) == 1).all()


@pytest.mark.parametrize("turn", [-1, 0, 5])
def test_the_young_near_members_in_plain_python(turn):
    random = np.random.default_rng(4)
    n, first, last = 3_000, -9_000, -4_000
    keys = random.integers(0, 2**64, n, dtype=np.uint64)
    alive, home = random.random(n) < 0.8, random.integers(0, 50, n).astype(np.int32)
    born = random.choice([-12_000, first, first + 1, -6_000, last, last + 1], n).astype(np.int32)
    count, out = np.floor(random.random(50) * 3), np.empty(n + 1, np.int32)
    found = recruits.young_neighbours(keys, alive, born, home, count, first, last, turn, out)
    assert out[:found].tolist() == [
        i for i in range(n) if alive[i] and first < born[i] <= last and count[home[i]] > 0
        and turn in (-1, (int(keys[i]) >> 6) % 2**32 % 7)]
    assert (my_turn(keys, turn)[out[:found]]).all() and found
