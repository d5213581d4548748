"""Snapshots at odd moments, worlds at the edge of the ranges, and what the guard of ownership sees."""

import numpy as np
import pytest
from watched_town import SPEC

from sim import registry
from sim.errors import OwnershipError, SpecError
from sim.mechanism import Mechanism
from sim.model import CityModel
from sim.records import EVENT_COLUMNS
from sim.spec import build, merge

SMALL = merge(SPEC, {"city": {"residents": 600}, "years": 12 / 365, "start_date": "2024-07-01"})


def same(one: CityModel, other: CityModel) -> bool:
    order = [np.argsort(m.residents["id"]) for m in (one, other)]
    return one.log.equals(other.log) and all(
        np.array_equal(one.residents[c][order[0]], other.residents[c][order[1]]) for c in one.residents.names
    )


def test_a_model_restored_before_its_first_tick_is_the_same_model():
    """Motivation is judged once, before the arms' first day: not again with what they have put on the levers."""
    spec = build({**SMALL, "intervention": {"youth_cbt": {"strength": 10.0, "coverage": 1.0, "poor_share": 1.0}}})
    straight = CityModel(spec)
    assert np.any(straight.levers["restraint"])
    again = CityModel.restore(straight.snapshot())
    assert same(straight, again)
    plain = build({**SMALL, "intervention": {}})
    shared = CityModel.restore(CityModel(plain).snapshot(), spec)
    for model in (straight, again, shared):
        model.run()
    assert len(straight.log) > 20 and same(straight, again) and same(straight, shared)


def test_an_arm_may_get_other_settings_where_it_is_restored():
    """An intervention that the snapshot's model had, but not begun, starts on the very day it is restored on."""
    late, now = ({"intervention": {"hot_spots_patrol": {"strength": 5.0, "start": start}}} for start in (9, 4))
    warm = CityModel(build({**SMALL, **late}))
    warm.run_days(4)
    arm, alone = CityModel.restore(warm.snapshot(), build({**SMALL, **now})), CityModel(build({**SMALL, **now}))
    alone.run_days(4)
    assert arm.levers["visits"][0]["per_day"] == alone.levers["visits"][0]["per_day"] > 0
    arm.run()
    alone.run()
    assert same(arm, alone)


def test_what_was_asked_for_between_two_ticks_survives_a_snapshot():
    model = CityModel(build(SMALL))
    model.run_days(1)
    model.propose("residents", "fear", [3], [0.9], op="set")
    model.bury([5], "accident")
    again = CityModel.restore(model.snapshot())
    for m in (model, again):
        m.step()
    assert not again.residents["alive"][again.residents.find([5])[0]] and same(model, again)


@pytest.mark.parametrize("change", [
    {"city": {"residents": 1}},
    {"city": {"residents": 3}, "threads": 8},
    {"city": {"residents": 300}, "mechanism": {"drugs": {"dependent": 0.0, "occasional": 0.0}}},
], ids=["one person", "more threads than persons", "no drugs"])
def test_worlds_at_the_edge_run(change):
    model = CityModel(build({"burn_in_years": 0, "years": 8 / 365, **change}))
    model.run()
    assert model.finished


@pytest.mark.parametrize("date", ["9999-12-31", "0001-01-01", "20240101", "2024-W01-1"])
def test_dates_that_a_run_cannot_start_on(date):
    with pytest.raises(SpecError, match="^start_date: expected"):
        build({"start_date": date})


def test_nobody_has_a_negative_id():
    with pytest.raises(SpecError, match="^banned: expected person ids"):
        build({"banned": [3, -1]})


class Meddler(Mechanism):
    """Writes what no column shows: others' state, earlier events or a lever."""

    name = "meddler"
    after = "deterrence"
    what = ""

    def step(self, model):
        if self.what == "state.drugs":
            model.mechanisms["drugs"].state["slots"] += 1
        elif self.what == "log.reported":
            model.log["reported"][:] = True
        elif self.what == "log.type":
            model.log["type"][:1] += 1
        elif self.what == "levers.interdiction":
            model.levers.put("meddler", "interdiction", None, 0.5)
        elif self.what == "levers.visits":
            model.levers.put("meddler", "visits", None, dict(cells=np.arange(2), minutes=5, per_day=1.0, extra=True))


@pytest.mark.parametrize("what", ["", "state.drugs", "log.reported", "log.type", "levers.interdiction", "levers.visits"])  # noqa: E501
def test_the_guard_sees_more_than_columns(what, monkeypatch):
    monkeypatch.setitem(registry.MECHANISMS, "meddler", type("Meddler", (Meddler,), {"what": what}))
    model = CityModel(build(SMALL))
    del model._story[model._story.index(model.mechanisms["meddler"])]
    model.run_days(2)
    assert len(model.log) > 1 and not model.log["reported"].all()
    model._story.append(model.mechanisms["meddler"])
    model.guard = True
    if not what:
        model.step()
    else:
        with pytest.raises(OwnershipError, match=f"'meddler'.*{what}"):
            model.step()


@pytest.mark.parametrize("seed", [2, 8])
def test_without_interactions_nobody_is_missed_for_being_held_or_sought_for_what_he_did(seed):
    """Neither custody, nor experience, nor the trust that arrests cost may show in the events of others."""
    changes = {"years": 25 / 365, "tick_hours": 6, "seed": seed, "city": {"residents": 800}}
    spec = merge(SPEC, {**changes, "interactions": False})
    whole = CityModel(build(spec))
    whole.run()
    log = whole.log
    arrested = whole.residents["id"][np.argsort(-whole.residents["arrests"], kind="stable")[:4]]
    victims = np.intersect1d(log["victim_id"], log["offender_id"])[:3]
    assert len(victims) == 3 and whole.residents["arrests"].max() > 1
    for person in [*arrested.tolist(), *victims.tolist()]:
        less = CityModel(build({**spec, "banned": [person]}))
        less.run()
        a, b = log["offender_id"] != person, less.log["offender_id"] != person
        assert a.sum() < len(log) and b.sum() == len(less.log)
        for name in EVENT_COLUMNS:
            assert np.array_equal(log[name][a], less.log[name][b]), name
