"""The answer to calls: kernels against plain Python, and what more or nearer units do."""

import math
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from sim.draws import draw4, unit
from sim.guardianship import calls
from sim.guardianship.events import event_key
from sim.justice.justice import INVESTIGATE
from sim.justice.params import JusticeParams
from sim.justice.response import chance_near, respond
from sim.records import CODE, TYPES

WIDTH, TICK = 8, 240


@njit
def nearby(lead, near, search):
    return chance_near(lead, near, search)


def found(lead, held, near, search):
    return held if lead <= 0 else nearby(lead, near, search)


@njit
def drawn(seed, tick, offender, victim, minute, kind, row_of, keys, code):
    a, b, c, d = draw4(seed, code, tick, event_key(offender, victim, minute, kind, row_of, keys), 2)
    return unit(a), unit(b), unit(c), unit(d)


def plain_arrival(cell, called, visit, way, dispatch, per_cell):
    """Minute at which the unit of a visit (cell, start, minutes) is there, None for one that cannot be sent."""
    where, start, stay = visit
    ready = start - way
    if called >= start + stay:
        if start < 0:
            return None
        ready += TICK
    away = abs(where % WIDTH - cell % WIDTH) + abs(where // WIDTH - cell // WIDTH)
    return max(called, ready) + dispatch + per_cell * away


visit = st.tuples(st.integers(0, 63), st.integers(-60, 230), st.integers(1, 40))
act = st.tuples(st.integers(0, 63), st.integers(0, 239), st.integers(0, 8), st.booleans(), st.booleans())


@settings(max_examples=60, deadline=None)
@given(st.lists(visit, max_size=7), st.integers(0, 63), st.floats(-30, 260))
def test_first_arrival_agrees_with_plain_python(visits, cell, called):
    where, start, minutes = (np.array([v[k] for v in visits], t) for k, t in ((0, "i4"), (1, "i2"), (2, "i2")))
    expected = [plain_arrival(cell, called, v, 5.0, 2.5, .24) for v in visits]
    found = calls.first_two(cell, called, where, start, minutes, TICK, 5.0, 2.5, .24, WIDTH)
    assert found == pytest.approx(tuple(sorted([e for e in expected if e is not None] + [calls.LONG] * 2)[:2]))


@settings(max_examples=60, deadline=None)
@given(st.lists(visit, max_size=6), st.lists(act, min_size=1, max_size=6), st.integers(0, 1000))
def test_the_answer_agrees_with_plain_python(visits, acts, seed):
    p, n = JusticeParams(), len(acts)
    cell, minute, kind, domestic, reported = (np.array([a[k] for a in acts]) for k in range(5))
    minute = minute + 2 * TICK
    where, start, minutes = (np.array([v[k] for v in visits], t) for k, t in ((0, "i4"), (1, "i2"), (2, "i2")))
    offender, victim = np.arange(n), np.arange(n) + 50
    row_of, keys = np.arange(100), np.arange(100).astype(np.uint64) * 77
    wait, caught, heard = np.empty(n), np.empty(n), np.empty(n)
    weights = (5.0, 2.5, .24, p.call_minutes, p.on_scene_home, p.held, p.near, p.search_minutes, p.spread_minutes,
               p.witnesses_leave, p.witnesses_lost, .6)
    respond(0, n, np.uint64(seed), INVESTIGATE, 9, 2 * TICK, TICK, np.full(n, 9), cell, minute, kind, offender, victim,
            domestic, reported, row_of, keys, where, start, minutes, WIDTH, np.array(p.at_once), np.array(p.on_scene),
            p.units_sent, weights, wait, caught, heard)
    for i in range(n):
        a, b, c, d = drawn(np.uint64(seed), 9, offender[i], victim[i], minute[i], kind[i], row_of, keys, INVESTIGATE)
        at = minute[i] - 2 * TICK
        called = at - math.log(b) * p.call_minutes
        there = [plain_arrival(cell[i], called, v, 5.0, 2.5, .24) for v in visits]
        there = sorted(t for t in there if t is not None)[:p.units_sent]
        if not reported[i] or a >= p.at_once[kind[i]] or not there:
            assert (wait[i], caught[i], heard[i]) == (calls.LONG, 0, 1 - p.witnesses_lost)
            continue
        gone = at - math.log(c) * (p.on_scene_home if domestic[i] else p.on_scene[kind[i]])
        escapes = 1.0
        for t in there:
            if t <= there[0] + p.spread_minutes:
                escapes *= 1 - p.near / (1 + (max(t - gone, 0) / p.search_minutes) ** 2)
        waits = TYPES[kind[i]] in ("robbery", "assault", "homicide") and d < .6
        acts = there[0] if not waits else there[1] if len(there) > 1 else math.inf
        assert wait[i] == pytest.approx(there[0] - at)
        assert caught[i] == pytest.approx(p.held if acts <= gone else 1 - escapes)
        assert heard[i] == pytest.approx(1 - p.witnesses_lost * (1 - math.exp(-wait[i] / p.witnesses_leave)))


def answered(cells, kind="robbery", n=4000, alone=0.0):
    """Mean chance of an arrest when a unit stands at each of the cells all the time."""
    p = JusticeParams()
    where = np.array(cells, np.int32)
    wait, caught, heard = np.empty(n), np.empty(n), np.empty(n)
    keys = np.arange(n).astype(np.uint64)
    respond(0, n, np.uint64(1), INVESTIGATE, 1, 0, TICK, np.ones(n), np.full(n, 9), np.full(n, 60),
            np.full(n, CODE[kind]), np.arange(n), np.full(n, -1), np.zeros(n, bool), np.ones(n, bool), np.arange(n),
            keys, where, np.zeros(len(where), np.int16), np.full(len(where), TICK, np.int16), WIDTH,
            np.array(p.at_once), np.array(p.on_scene), p.units_sent,
            (5.0, 2.5, .24, p.call_minutes, p.on_scene_home, p.held, p.near, p.search_minutes, p.spread_minutes,
             p.witnesses_leave, p.witnesses_lost, alone), wait, caught, heard)
    return types.SimpleNamespace(wait=np.median(wait), caught=caught.mean(), heard=heard.mean(),
                                 called=np.mean(wait < calls.LONG))


def test_nearer_and_more_units_clear_more_and_the_type_decides_who_is_still_there():
    far, near, three, none = answered([63]), answered([9]), answered([9, 10, 17]), answered([])
    assert near.wait < far.wait and near.caught > far.caught > 0 and near.heard > far.heard
    assert three.caught > near.caught and three.wait == near.wait
    assert none.caught == 0 and none.called == 0
    assert answered([9], alone=1.0).caught < answered([9, 10], alone=1.0).caught < answered([9, 10]).caught
    assert near.called == pytest.approx(.6, abs=.03)
    assert answered([9], "assault").caught > near.caught > answered([9], "theft").caught > 0
    assert answered([9], "drugs").caught == 0


def test_arrests_of_calls_within_minutes_are_those_of_spelman_and_brown():
    """35 % when the call comes during the act, about a fifth within a minute, 7 to 10 % later; held, near by source."""
    p, wait = JusticeParams(), 6.0
    rng = np.random.default_rng(1)
    stay = -np.log(rng.random(20_000)) * p.on_scene[CODE["assault"]]
    for delay, low, high in ((0, .28, .45), (6, .10, .24), (15, .02, .10)):
        lead = delay + wait - stay
        chance = np.mean([found(x, p.held, p.near, p.search_minutes) for x in lead])
        assert low < chance < high, delay


def test_search_is_worth_less_the_longer_the_lead():
    leads = [nearby(x, .25, 4.0) for x in (.01, 4.0, 20.0)]
    assert leads[0] == pytest.approx(.25, abs=1e-4)
    assert leads[1] == pytest.approx(.125) and leads[2] < .01


def test_types_are_all_there():
    assert len(JusticeParams().at_once) == len(JusticeParams().on_scene) == len(TYPES)
