import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from sim.guardianship.deterrence import Deterrence, DeterrenceParams
from sim.guardianship.memory import remembered


@njit
def recall(index, cells, ticks, times, cell, width, tick, per_day, strength, days, reach, habit):
    return remembered(index, cells, ticks, times, cell, width, tick, per_day, strength, days, reach, habit)


slot = st.tuples(st.integers(-1, 119), st.integers(0, 300), st.integers(1, 9))


@settings(max_examples=40, deadline=None)
@given(st.lists(slot, min_size=4, max_size=4), st.integers(0, 119))
def test_remembered_agrees_with_plain_python(slots, cell):
    cells, ticks, times = (np.array([[s[i] for s in slots]], t) for i, t in enumerate(("i4", "i4", "u1")))
    best = 0.0
    for where, tick, n in slots:
        if where >= 0:
            d = math.hypot(where % 12 - cell % 12, where // 12 - cell // 12)
            best = max(best, math.exp(-(300 - tick) / 6 / 5) * math.exp(-d / 1.5) / (1 + .15 * (n - 1)))
    assert recall(0, cells, ticks, times, cell, 12, 300, 6, 1.0, 5.0, 1.5, .15) == pytest.approx(best)
    assert recall(-1, cells, ticks, times, cell, 12, 300, 6, 1.0, 5.0, 1.5, .15) == 0


def ask(model, person, cell):
    s = model.mechanisms["deterrence"].state
    index = model.residents["sighted"][model.residents.rows([person])[0]]
    return recall(index, s["cells"], s["ticks"], s["times"], cell, 12, model.tick, 6, 1.0, 5.0, 1.5, .15)


def world(make, **more):
    justice = SimpleNamespace(name="justice", params=SimpleNamespace(enabled=True), columns={}, layers={},
                              state={"arrested": np.empty(0, np.int64)}, setup=lambda m: None, prepare=lambda m: None,
                              step=lambda m: None)
    return make([Deterrence(DeterrenceParams()), justice], **more), justice


def test_sightings_are_remembered_near_the_place_and_fade(make):
    model, _ = world(make)
    model.sightings = [(np.array([4, 9]), np.array([50, 51])), (np.array([4]), np.array([50]))]
    model.advance()
    model.sightings = []
    assert ask(model, 4, 50) > .9 > ask(model, 4, 51) > ask(model, 4, 55)
    assert ask(model, 5, 50) == 0
    assert model.residents["risk"][4] == pytest.approx(.32)
    model.advance(6 * 10)
    assert ask(model, 4, 50) < .2
    model.advance(6 * 70)
    assert model.mechanisms["deterrence"].state["used"] == 0
    assert (model.residents["sighted"] == -1).all()


def test_repeated_sightings_at_one_place_lose_force_and_the_oldest_place_is_forgotten(make):
    model, _ = world(make)
    fresh = []
    for _ in range(6):
        model.sightings = [(np.array([4]), np.array([50]))]
        model.advance()
        fresh.append(ask(model, 4, 50))
    assert all(a > b for a, b in zip(fresh, fresh[1:]))
    for cell in (0, 11, 108, 119):
        model.sightings = [(np.array([4]), np.array([cell]))]
        model.advance()
    assert 50 not in model.mechanisms["deterrence"].state["cells"][0]


def test_arrests_raise_risk_of_self_and_ties_offences_lower_it_and_both_fade(make):
    for interactions in (True, False):
        model, justice = world(make, interactions=interactions)
        friend = next(t for t in model.residents["ties"][7].tolist() if t != 7)
        justice.state["arrested"] = np.array([7])
        model.advance()
        justice.state["arrested"] = np.empty(0, np.int64)
        risk = model.residents["risk"]
        assert risk[7] >= .3 + .6 - 1e-6
        assert (risk[friend] > .3) == interactions
        model.advance(6 * 61)
        assert risk[7] == pytest.approx(.6, abs=.1)
    model.log.append(cell=np.array([3]), offender_id=np.array([8]), minute=np.array([3]), type=np.array([0]))
    model.advance()
    assert model.residents["risk"][8] == pytest.approx(.26)


def test_storage_order_does_not_matter(make):
    out = []
    for order in (None, np.random.default_rng(3).permutation(400)):
        model, justice = world(make, order=order)
        for tick in range(60):
            ids = np.random.default_rng(tick).integers(0, 400, 9)
            model.sightings = [(ids, ids % 120)]
            justice.state["arrested"] = ids[:2]
            model.advance()
        r = model.residents
        out.append((r["risk"][r.rows(np.arange(400))].tobytes(), r["sighted"][r.rows(np.arange(400))].tobytes()))
    assert out[0] == out[1]
