"""Corrections: supervision, programmes, re-entry; in the whole model too."""

import numpy as np
import pytest

from sim.columns import Column
from sim.justice import custody, inside, reentry, supervision
from sim.justice.corrections import Corrections, CorrectionsParams
from sim.justice.justice import Justice, JusticeParams
from sim.model import CityModel

LEVERS = {"diversion": 0.5, "drug_court": 0.5, "swift_sanctions": 0.5, "custody_use": 0.5, "custody_length": -0.5,
          "prison_programmes": 0.5, "therapeutic_community": 0.5, "aftercare": 0.5, "reentry_jobs": 0.5,
          "court_speed": 0.5, "force": 0.5}
P = CorrectionsParams()


class Levers(dict):
    def __missing__(self, key):
        return 0.0


def accuse(model, day, share=0.01):
    """Some residents are arrested for something, whoever did it."""
    r, s = model.residents, model.mechanisms["justice"].state
    adult = r["alive"] & (model.day - r["birth_day"] > 15 * 365) & (r["custody_until"] <= model.tick)
    ids = np.sort(r["id"][adult])
    ids = ids[(ids * 7919 + day * 104729) % 1000 < 1000 * share]
    n = len(ids)
    start = len(model.log)
    model.log.append(cell=r["home"][r.rows(ids)], tick=np.full(n, model.tick), minute=np.full(n, 5),
                     type=np.full(n, (0, 2, 4, 6)[day % 4]), offender_id=ids, victim_id=np.full(n, -1),
                     recorded=np.ones(n, bool))
    s["next"] = len(model.log)
    custody.enqueue(s, np.full(n, model.tick), np.arange(start, start + n), model.log["offender_id"][start:])


def run(model, days, check=None):
    for _ in range(days):
        accuse(model, model.day + model.calendar.burn_in_days)
        model.run_days(1)
        if check:
            check(model)
    return model


def city(**more):
    return CityModel(city={"residents": 1_500}, burn_in_years=0, years=2, seed=3, **more)


def put(model, levers):
    for name, value in levers.items():
        model.levers.put("test", name, None, value)
    return model


def consistent(model):
    r = model.residents
    j, c = model.mechanisms["justice"].state, model.mechanisms["corrections"].state
    inside_ = np.isin(r["id"], j["inmates"])
    held = r["alive"] & (r["custody_until"] >= model.tick)
    assert (held <= inside_)[r["alive"]].all()
    assert np.array_equal(np.sort(r["id"][r["alive"] & (r["detained"] > 0)]),
                          c["stays"]["id"][r["alive"][r.find(c["stays"]["id"])]])
    assert ((r["detained"] == 2) == np.isin(r["id"], c["stays"]["id"][c["stays"]["served"]]))[r["alive"]].all()
    assert np.isin(j["docket"]["id"][j["docket"]["remand"]], j["inmates"]).all()
    assert (j["until"][~np.isin(j["inmates"], j["docket"]["id"][j["docket"]["remand"]])] < custody.OPEN).all()
    assert j["entered"] - j["released"] - j["died"] == len(j["inmates"])
    table = c["supervised"]
    assert (np.diff(table["id"]) > 0).all() and (r["supervised_until"][r.rows(table["id"])] == table["until"]).all()
    for name in ("skills", "detained", "mandate", "followed", "placed"):
        assert np.isfinite(r[name]).all()
    assert set(r["id"][r["placed"] == 1]) == set(c["placed"].tolist())


def test_people_under_sentence_are_accounted_for_every_day():
    model = put(city(), LEVERS)
    model.guard = True
    run(model, 8, consistent)
    model.guard = False
    run(model, 120, consistent)
    s, rows = model.mechanisms["justice"].state, model.series.rows
    assert len(s["inmates"]) > 10 and model.residents["convictions"].sum() > 30
    total = {name: sum(row[name] for row in rows) for name in rows[-1] if name.startswith(("courts.", "corrections."))}
    died = 1500 - rows[-1]["population"] + sum(row.get("lifecourse.births", 0) for row in rows)
    gone = total["courts.charged"] - total["courts.decided"] - rows[-1]["courts.pending"]
    assert total["courts.charged"] > 100 and 0 <= gone <= max(3, died)  # the dead are not tried
    assert 0 < total["courts.net_widening"] and 0 < total["courts.diverted"]
    assert 0 < total["corrections.brief"] and 0 < total["corrections.released"]
    r = model.residents
    assert (r["skills"] > 0.05).any() and (r["skills"] < 0).any()


def test_a_restored_model_goes_on_as_if_nothing_had_happened_and_rows_may_stand_anywhere():
    model = run(put(city(), LEVERS), 60)
    twin = put(CityModel.restore(model.snapshot()), LEVERS)
    other = put(CityModel.restore(model.snapshot()), LEVERS)
    other.rearrange(np.random.default_rng(1).permutation(len(other.residents)))
    for m in (model, twin, other):
        run(m, 40)
    assert model.log.equals(twin.log) and model.log.equals(other.log)
    assert model.series.rows[-1] == twin.series.rows[-1]
    ids = np.sort(model.residents["id"])
    for name in ("skills", "custody_until", "supervised_until", "convictions", "detained", "mandate"):
        same = [m.residents[name][m.residents.rows(ids)].tobytes() for m in (model, twin, other)]
        assert same[0] == same[1] == same[2], name


def test_levers_at_zero_change_nothing():
    one, other = run(city(), 60), run(put(city(), dict.fromkeys(LEVERS, 0.0)), 60)
    assert one.log.equals(other.log)
    for name in ("skills", "custody_until", "supervised_until", "risk"):
        assert one.residents[name].tobytes() == other.residents[name].tobytes()


def test_it_runs_with_parts_switched_off_and_holds_nobody_without_interactions():
    off = run(city(mechanism={"corrections": {"enabled": False}}), 40)
    assert len(off.mechanisms["justice"].state["inmates"]) and not off.residents["detained"].any()
    none = run(put(city(interactions=False), LEVERS), 40)
    assert none.residents["arrests"].sum() > 10
    for name in ("detained", "custody_until", "supervised_until", "skills", "mandate", "convictions"):
        assert not none.residents[name].any()
    run(city(mechanism={"justice": {"enabled": False}}), 5)


@pytest.fixture
def small(make):
    model = make([Justice(JusticeParams()), Corrections(P)])
    model.levers = Levers()
    return model


def test_a_programme_teaches_and_outside_it_fades_unless_followed(small):
    n, minds = 100, {k: np.zeros(0, t) for k, t in inside.MIND.items()}
    stays = dict(id=np.arange(n), since=np.zeros(n, np.int32), served=np.arange(n) < 50, treated=np.zeros(n, np.int16))
    small.levers["prison_programmes"] = 1.0
    for _ in range(52):
        inside.learn(small, P, stays, minds, np.ones(n, bool))
    assert minds["gain"][:50] == pytest.approx(P.course_gain) and (minds["gain"][50:] == 0).all()
    assert minds["loss"] == pytest.approx(P.prisonisation, rel=0.02)
    kept = np.arange(n) < 25
    for _ in range(52):
        inside.forget(small, P, minds, np.ones(n, bool), kept)
    assert minds["gain"][:25] == pytest.approx(P.course_gain)
    assert minds["gain"][25:50] == pytest.approx(P.course_gain / 2, rel=0.02)
    assert minds["loss"] == pytest.approx(P.prisonisation / 2, rel=0.04)


def test_prisoners_take_over_the_mean_capital_of_the_others(small):
    for name in ("capital_property", "capital_violence"):
        small.residents.declare(name, Column("f4", 0))
    small.residents["capital_property"][:5] = [0, 1, 2, 3, 4]
    stays = dict(id=np.arange(5))
    turn = np.array([True, False, False, False, True])
    (column, ids, amounts), _ = inside.contacts(small, P, stays, turn)
    assert column == "capital_property" and ids.tolist() == [0, 4]
    assert amounts == pytest.approx([P.contacts * 10 / 4, P.contacts * 6 / 4])


def test_supervision_answers_violations_as_its_levers_say(small):
    n, r = 400, small.residents
    for name, column in (("risk", Column("f4", 0.3)), ("use", Column("u1", 0)), ("treatment", Column("u1", 0))):
        r.declare(name, column)
    r["use"][: n // 2] = 2
    p = CorrectionsParams(violations=2.0, revoked=0.5)
    table = dict(id=np.arange(n), kind=np.full(n, supervision.PROBATION, np.uint8), until=np.full(n, 99, np.int32),
                 found=np.zeros(n, np.int16))
    table["kind"][: n // 2] = supervision.DRUG_COURT
    r["self_control"][:] = np.linspace(-2, 2, n)
    violated = supervision.violations(small, p, np.arange(n))
    assert (np.diff(violated[n // 2:]) < 0).all() and (np.diff(violated[: n // 2]) <= 0).all()
    usual = supervision.check(small, p, table, np.ones(n, bool))
    found = len(usual["warned"]) + len(usual["revoked"])
    expected = violated[n // 2:].sum()
    assert found == pytest.approx(p.found * expected, rel=0.3)
    assert len(usual["revoked"]) == pytest.approx(found / 2, rel=0.5)
    assert (usual["brief"] < n // 2).all() and len(usual["brief"]) and not len(usual["failed"])
    small.levers["swift_sanctions"] = 1.0
    swift = supervision.check(small, p, table, np.ones(n, bool))
    assert not len(swift["warned"]) and not len(swift["revoked"])
    assert len(swift["brief"]) > len(usual["brief"])
    for _ in range(p.court_patience):
        last = supervision.check(small, p, table, np.ones(n, bool))
    assert len(last["failed"]) and (last["failed"] < n // 2).all()
    small.levers["swift_sanctions"] = 0.0
    r["treatment"][:] = 2
    treated = supervision.check(small, p, table, np.ones(n, bool))
    assert not len(treated["brief"]) and not len(treated["failed"]) and (treated["warned"] < n // 2).any()
    r["risk"][:] += 1.0  # whoever expects to be found keeps the conditions
    assert (supervision.violations(small, p, np.arange(n)) < violated).all()


def test_the_year_after_release_is_counted_once_and_in_its_time():
    past = {k: np.zeros(0, t) for k, t in reentry.PAST.items()}
    reentry.follow_up(past, np.array([4, 2]), 0)
    reentry.follow_up(past, np.array([4]), 100)
    reentry.rearrested(past, np.array([4]), 150)
    reentry.rearrested(past, np.array([4, 2]), 390)
    assert past["id"].tolist() == [2, 4, 4] and past["again"].tolist() == [390, 150, 50]
    assert reentry.year_later(past, 364) == {"corrections.year_after_release": 0.0, "corrections.rearrested": 0.0}
    assert reentry.year_later(past, 400) == {"corrections.year_after_release": 2.0, "corrections.rearrested": 1.0}
    reentry.rearrested(past, np.array([], int), 900)
    assert not len(past["id"])
