"""What is conserved and what is impossible: people, households, places, ranges, and who can have done what to whom."""

import numpy as np
import pytest
from watched_town import DAYS, LIVELY, SPEC, row_of, watched

from sim.model import BASE_COLUMNS, CityModel
from sim.offending.params import OffendingParams
from sim.records import CODE, LINKS
from sim.spec import build, merge


@pytest.fixture(scope="module")
def town():
    model, history = watched()
    counts = np.bincount(model.log["type"], minlength=len(CODE))
    lively = np.arange(len(CODE)) != CODE["extortion"]  # by groups, which have tests of their own
    assert (counts[lively] > 5).all(), f"the town is not lively enough to prove anything: {counts}"
    assert model.residents.epoch > 0, "nobody has died and been tidied away"
    return model, history


# -- people ----------------------------------------------------------------------------------------------------------


def test_population_is_the_start_and_who_has_entered_less_who_has_died_or_left(town):
    model, history = town
    series = model.series.columns()

    def total(kind):
        return sum((np.nan_to_num(series[name]) for name in series if name.startswith(kind)), np.zeros(DAYS))

    deaths = total("deaths.")
    assert deaths.sum() > 20 and series["deaths.homicide"][~np.isnan(series["deaths.homicide"])].sum() > 5
    change = total("entered.") - deaths - total("left.")
    assert total("entered.").sum() > 0
    np.testing.assert_array_equal(series["population"], 1_500 + np.cumsum(change))
    each_day = slice(model.calendar.ticks_per_day - 1, None, model.calendar.ticks_per_day)
    at_end = [now.after.alive.sum() for now in history[each_day]]
    np.testing.assert_array_equal(series["population"], at_end)
    entered = 0
    for now in history:
        alive = set(now.before.id[now.before.alive].tolist())
        new = set(now.after.id[now.after.alive].tolist()) - alive
        entered += len(new)
        assert not new or min(new) > now.before.id.max(), "an id is given once"
        assert len(set(now.after.id.tolist())) == len(now.after.id), "an id names one person"
    assert entered == total("entered.").sum(), "nobody comes from nowhere"


def test_every_homicide_is_a_death(town):
    model, history = town
    killed = model.log["victim_id"][model.log["type"] == CODE["homicide"]]
    assert not np.isin(killed, model.residents["id"][model.residents["alive"]]).any()
    series = model.series.columns()
    assert len(np.unique(killed)) == np.nansum(series["deaths.homicide"])
    assert len(killed) == len(np.unique(killed)), "nobody is killed twice"


def households(state, d_id):
    """[(dwelling's id, ids of the members)] by following the linked lists."""
    rows = np.full(state.id.max() + 1, -1)
    rows[state.id] = np.arange(len(state.id))
    for home, member in zip(d_id, state.first_member.tolist()):
        members = []
        while member >= 0:
            assert len(members) <= 1_500, "a household goes round in a circle"
            assert rows[member] >= 0, "a household holds somebody who is gone"
            members.append(member)
            member = int(state.next_member[rows[member]])
        yield int(home), members


def test_everybody_alive_is_in_his_own_household_and_in_no_other(town):
    model, history = town
    d_id = model.dwellings["id"]
    for now in history[:: model.calendar.ticks_per_day] + history[-1:]:
        for state in (now.before, now.after):
            found = list(households(state, d_id))
            members = [m for _, each in found for m in each]
            assert len(members) == len(set(members)), "somebody is in two households"
            assert set(members) == set(state.id[state.alive].tolist())
            homes = np.array([home for home, each in found for _ in each])
            np.testing.assert_array_equal(state.dwelling[row_of(state, np.array(members))], homes)


def test_everybody_is_at_home_in_public_or_away(town):
    model, history = town
    cells = model.city.grid.cells
    for now in history:
        p = now.placed
        home, away = p.activity == 0, p.activity == 7
        public = ~home & ~away
        np.testing.assert_array_equal(p.at_home, np.bincount(p.cell[home], minlength=cells))
        np.testing.assert_array_equal(p.in_public, np.bincount(p.cell[public], minlength=cells))
        assert p.at_home.sum() + p.in_public.sum() + (away & p.alive).sum() == p.alive.sum()
        assert (p.cell[away] == -1).all() and (p.activity[~p.alive] == 7).all()
        np.testing.assert_array_equal(away, ~p.alive | (p.custody_until > now.before.tick))
        np.testing.assert_array_equal(p.cell[home], p.home[home])
        inside = p.cell >= 0
        assert (model.city.area[p.cell[inside]] >= 0).all(), "somebody is outside the city"


def test_the_dead_are_nowhere(town):
    _, history = town
    for now in history:
        dead = ~now.after.alive
        assert (now.after.cell[dead] == -1).all() and (now.after.activity[dead] == 7).all()


def test_life_goes_on_when_those_with_the_highest_ids_have_died():
    """Friends, memories and events name the dead; that must lead to nobody, not beyond the end of an array."""
    model = CityModel(build(merge(SPEC, {"mechanism": {"lifecourse": {"enabled": False}}})))  # nobody gets a higher id
    model.run_days(25)
    dead = np.sort(model.residents["id"][model.residents["alive"]])[-300:]
    model.bury(dead, "test")
    model.run_days(1)
    named = np.concatenate([model.log["offender_id"], model.residents["ties"].ravel()])
    assert np.isin(named, dead).any()
    model.run_days(8)  # the dead are tidied away on the thirtieth day
    assert model.residents["id"].max() < dead[0] <= dead[-1] < model.residents.row_of.size
    again = CityModel.restore(model.snapshot())
    for run in (model, again):
        run.run_days(10)
        assert out_of_range(run) == []
    assert model.log.equals(again.log)


# -- ranges ----------------------------------------------------------------------------------------------------------


def out_of_range(model):
    """Names of columns, layers and levers that are not numbers or lie outside what is declared."""
    bad = []
    for name in BASE_COLUMNS:
        population = getattr(model, name)
        for column, declared in population.declared.items():
            bad += _faults(f"{name}.{column}", population[column][population["alive"]], declared.low, declared.high)
    for mechanism in model.mechanisms.values():
        for layer, declared in mechanism.layers.items():
            bad += _faults(f"layers.{layer}", model.layers[layer], declared.low, declared.high)
    r = model.residents
    for column in ("ready_property", "ready_violence"):
        bad += _faults(column, r[column], 0, 1)
    for column in ("use", "treatment"):
        bad += _faults(column, r[column], 0, 2)
    for column in ("selling", "drawn_back", "sex", "partner"):
        bad += _faults(column, r[column], 0, 1)
    bad += _faults("routine", r["routine"], 0, 6)
    bad += [f"series.{n}" for n, v in model.series.columns().items() if np.isinf(v.astype(float)).any()]
    return bad


def _faults(name, values, low, high):
    values = np.asarray(values)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return [f"{name} is not finite"]
    bad = (low is not None and (values < low).any()) or (high is not None and (values > high).any())
    return [f"{name}: {values.min()} to {values.max()} outside {low} to {high}"] if bad else []


def test_state_stays_in_its_range_for_sixty_days():
    arms = {"hot_spots_patrol": {"strength": 3.0}, "youth_cbt": {"strength": 3.0}, "street_lighting": {"strength": 3.0}}
    model = CityModel(build({**SPEC, "intervention": arms}))
    for _ in range(DAYS):
        model.run_days(1)
        assert out_of_range(model) == []


# -- events ----------------------------------------------------------------------------------------------------------


def each_event(model, history):
    """(event's number, its row of the log as a dict, the tick's history)."""
    log = {name: model.log[name] for name in ("tick", "minute", "cell", "type", "offender_id", "victim_id", "domestic",
                                              "co_offenders", "dwelling_id", "loss", "weapon", "outdoors",
                                              "link")}
    first = history[0].before.tick
    for e in range(len(model.log)):
        yield e, {name: column[e] for name, column in log.items()}, history[int(log["tick"][e]) - first]


def test_events_lie_in_their_tick_and_in_the_city(town):
    model, history = town
    log, c = model.log, model.calendar
    slot = log["tick"] % c.ticks_per_day
    assert (log["minute"] >= slot * c.tick_minutes).all() and (log["minute"] < (slot + 1) * c.tick_minutes).all()
    assert ((log["cell"] >= 0) & (log["cell"] < model.city.grid.cells)).all()
    assert (model.city.area[log["cell"]] >= 0).all()
    assert (np.diff(log["tick"]) >= 0).all()
    assert (log["loss"] >= 0).all() and np.isfinite(log["loss"]).all()
    for now in history:
        new = slice(now.before.events, now.after.events)
        assert (log["tick"][new] == now.before.tick).all(), "a tick logs events of its own only"


def test_offenders_are_there_free_and_old_enough(town):
    model, history = town
    least = OffendingParams().min_age
    for e, event, now in each_event(model, history):
        p = now.placed
        everybody = np.array([event["offender_id"], *event["co_offenders"][event["co_offenders"] >= 0]])
        rows = row_of(p, everybody)
        assert (rows >= 0).all(), (e, "offender is gone")
        assert p.alive[rows].all() and (p.custody_until[rows] <= now.before.tick).all(), e
        assert (p.age[rows] >= least).all(), (e, "offender is a child")
        assert len(set(everybody.tolist())) == len(everybody), (e, "somebody joins twice")
        if event["type"] != CODE["drugs"]:
            assert (p.activity[rows] != 7).all(), e
            assert (np.isin(p.activity[rows[1:]], (2, 3, 4, 5))).all(), (e, "an accomplice who is not out")
        if event["type"] in (CODE["burglary"], CODE["robbery"], CODE["theft"], CODE["vehicle"]):
            assert 2 <= p.activity[rows[0]] <= 5, (e, "property crime from home or work")


def test_victims_are_others_alive_and_where_it_happens(town):
    model, history = town
    seen = {"robbed": 0, "domestic": 0, "street": 0}
    for e, event, now in each_event(model, history):
        victim, p = int(event["victim_id"]), now.placed
        if victim < 0:
            assert event["type"] not in (CODE["assault"], CODE["homicide"]), (e, "a blow without a victim")
            continue
        assert victim != event["offender_id"] and victim not in event["co_offenders"], (e, "own victim")
        row = row_of(p, [victim])[0]
        assert row >= 0 and p.alive[row], (e, "victim is gone")
        me = row_of(p, [event["offender_id"]])[0]
        if event["domestic"]:
            seen["domestic"] += 1
            assert p.dwelling[row] == p.dwelling[me] and p.activity[row] == p.activity[me] == 0
            assert p.cell[row] == event["cell"]
        elif event["type"] in (CODE["robbery"], CODE["assault"], CODE["homicide"]):
            seen["robbed" if event["type"] == CODE["robbery"] else "street"] += 1
            # Sellers and members of groups stand at their places, whichever part of town their errands take them to.
            there = event["link"] == LINKS.index("systemic") or p.cell[row] == event["cell"]
            assert there and 1 <= p.activity[row] <= 5, (e, "victim is elsewhere")
        elif event["type"] == CODE["theft"]:
            assert p.cell[row] == event["cell"] and 1 <= p.activity[row] <= 5
        elif event["dwelling_id"] >= 0:
            assert p.dwelling[row] == event["dwelling_id"], (e, "the victim does not live there")
    assert min(seen.values()) > 5, seen


def test_dwellings_of_events_stand_in_their_cell(town):
    model, _ = town
    log, d = model.log, model.dwellings
    homes = log["dwelling_id"] >= 0
    assert homes.sum() > 20
    np.testing.assert_array_equal(d["cell"][d.rows(log["dwelling_id"][homes])], log["cell"][homes])
    burgled = log["type"] == CODE["burglary"]
    assert (log["dwelling_id"][burgled] >= 0).all()


def test_in_a_tick_nobody_is_robbed_twice_and_no_home_burgled_twice(town):
    model, _ = town
    log = model.log
    for kinds, who in ((("burglary",), "dwelling_id"), (("assault", "homicide"), "victim_id")):
        chosen = np.isin(log["type"], [CODE[k] for k in kinds]) & (log[who] >= 0)
        if kinds[0] == "assault":  # robberies that kill are homicides too, in a conflict of their own
            chosen &= log["loss"] == 0
        pairs = np.stack([log["tick"][chosen], log[who][chosen]], axis=1)
        assert len(np.unique(pairs, axis=0)) == len(pairs)


def test_counts_of_offences_and_victimisations_are_those_of_the_log(town):
    model, _ = town
    log, r = model.log, model.residents
    crime = ~np.isin(log["type"], [CODE["drugs"], CODE["harassment"], CODE["extortion"]])
    done = np.concatenate([log["offender_id"][crime], log["co_offenders"][crime].ravel()])
    count = np.bincount(done[done >= 0], minlength=r.row_of.size)
    np.testing.assert_array_equal(r["offences"], count[r["id"]])


def test_custody_adds_up(town):
    model, _ = town
    s = model.mechanisms["justice"].state
    assert s["entered"] == s["released"] + s["died"] + len(s["inmates"])
    assert s["entered"] > 10
    r = model.residents
    rows = r.find(s["inmates"])
    np.testing.assert_array_equal(r["custody_until"][rows[rows >= 0]], s["until"][rows >= 0])
    inside = r["alive"] & (r["custody_until"] > model.tick)
    assert set(r["id"][inside].tolist()) <= set(s["inmates"].tolist())


def test_nobody_steals_from_his_own_home():
    """Even where being known near home holds nobody back."""
    bold = dict(property_threshold=1.5, violence_threshold=15.0, home_recognition=0.0, theta_burglary=-1.0,
                theta_vehicle=0.0)
    model, history = watched(days=12, mechanism={"offending": {**LIVELY, **bold}})
    log = model.log
    assert (log["dwelling_id"] >= 0).sum() > 300 and (log["victim_id"] != log["offender_id"]).all()
    for e, event, now in each_event(model, history):
        if event["dwelling_id"] >= 0:
            me = row_of(now.placed, [event["offender_id"]])[0]
            assert now.placed.dwelling[me] != event["dwelling_id"], e


def test_without_interactions_nobody_dies_and_offenders_are_there_all_the_same():
    apart, history = watched(days=20, interactions=False)
    assert len(apart.log) > 100 and apart.residents["alive"].all() and len(apart.residents) == 1_500
    assert (apart.log["co_offenders"] == -1).all(), "nobody joins"
    test_offenders_are_there_free_and_old_enough((apart, history))
    test_everybody_is_at_home_in_public_or_away((apart, history))
    test_events_lie_in_their_tick_and_in_the_city((apart, history))


def test_the_dead_neither_act_nor_suffer_later_in_the_tick():
    """With every blow lethal, whoever is killed has no later event in the same tick, on either side."""
    deadly = dict(lethal_weapon=1.0, lethal_unarmed=1.0, violence_threshold=2.0)
    model, _ = watched(days=4, mechanism={"offending": {**LIVELY, **deadly}})
    log = model.log
    killed = np.flatnonzero(log["type"] == CODE["homicide"])
    assert len(killed) > 40
    for e in killed:
        later = (log["tick"] == log["tick"][e]) & (np.arange(len(log)) > e) & (log["type"] != CODE["drugs"])
        later |= log["tick"] > log["tick"][e]
        assert not (later & (log["victim_id"] == log["victim_id"][e])).any(), e
        assert not (later & (log["offender_id"] == log["victim_id"][e])).any(), e


# -- the banned ------------------------------------------------------------------------------------------------------


def test_the_banned_never_offend(town):
    model, _ = town
    log = model.log
    ids, counts = np.unique(log["offender_id"], return_counts=True)
    busiest = ids[np.lexsort((ids, -counts))[:40]]
    friends = np.unique(log["co_offenders"][log["co_offenders"] >= 0])[:10]
    banned = sorted({*busiest.tolist(), *friends.tolist()})
    other, _ = watched(banned=banned, days=25)
    assert len(other.log) > 50
    assert not np.isin(other.log["offender_id"], banned).any()
    assert not np.isin(other.log["co_offenders"], banned).any()
    assert not other.residents["offences"][other.residents.find(banned)].any()


def test_settings_of_the_town_are_settings():
    assert set(LIVELY) <= {f for f in vars(OffendingParams()) if not f.startswith("_")}
