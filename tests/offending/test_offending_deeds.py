"""The act: accomplices, weapons, minutes, who comes first, and what is remembered, against oracles."""

import numpy as np
import offending_oracles as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from offending_world import make_world, plain, worlds
from oracle_tools import call, draw4, log_odds, logistic, mix, unit

from sim.offending import memory
from sim.offending.deeds import earliest, find_accomplices, keyed_minutes, strike
from sim.people import schedules
from sim.records import CO_SLOTS


@settings(max_examples=40, deadline=None)
@given(worlds, st.floats(-3, 12))
def test_accomplices_agree_with_an_oracle(w, joint):
    w.rows, w.code, w.ready, w.joint = np.arange(w.n), 31, w.ready_property, joint
    w.out = np.full((w.n, CO_SLOTS), -9, np.int64)
    call(find_accomplices, vars(w))
    v = plain(w)
    for i in range(w.n):
        expect = oracle.accomplices(v, 31, i, v.ready_property, joint)
        close = False
        for friend in v.ties[i]:
            row = v.row_of[friend] if friend >= 0 else -1
            if row >= 0 and v.ready_property[row] > 0:
                u = unit(draw4(v.seed, 31, v.tick, mix(v.key[i], v.key[row]))[0])
                close |= abs(u - logistic(log_odds(min(v.ready_property[row], 0.999)) + joint)) < oracle.CLOSE
        assert close or v.out[i] == expect + [-1] * (CO_SLOTS - len(expect))


def test_friends_who_are_not_out_do_not_join():
    w = make_world(seed=3, residents=200, gone=0.0)
    w.rows, w.code, w.ready, w.joint = np.arange(w.n), 31, np.full(w.n, 0.9, np.float32), 50.0
    w.out = np.full((w.n, CO_SLOTS), -9, np.int64)
    call(find_accomplices, vars(w))
    joined = w.row_of[w.out[w.out >= 0]]
    assert len(joined) and ((w.activity[joined] >= 2) & (w.activity[joined] <= 5)).all()
    for row, friends in enumerate(w.out):
        friends = friends[friends >= 0].tolist()
        assert len(set(friends)) == len(friends) and w.id[row] not in friends
    call(find_accomplices, vars(w), interactions=False)
    assert (w.out == -1).all(), "nobody joins when channels between residents are cut"


@settings(max_examples=40, deadline=None)
@given(worlds, st.floats(0.01, 0.9), st.floats(0, 1), st.floats(0, 1))
def test_blows_agree_with_an_oracle(w, weapon, lethal_weapon, lethal_unarmed):
    w.rows, w.code, w.capital = np.arange(w.n), 12, w.capital_violence
    w.against = w.rng.random(w.n) < 0.5
    w.weapon, w.lethal_weapon, w.lethal_unarmed = weapon, lethal_weapon, lethal_unarmed
    w.out_weapon, w.out_lethal = np.zeros(w.n, bool), np.zeros(w.n, bool)
    call(strike, vars(w))
    v = plain(w)
    for i in range(w.n):
        expect = oracle.blow(v, 12, i, v.against[i], weapon, lethal_weapon, lethal_unarmed)
        assert (v.out_weapon[i], v.out_lethal[i]) == expect


@settings(max_examples=40, deadline=None)
@given(worlds)
def test_minutes_agree_with_an_oracle(w):
    h, v = w.tick_hours, plain(w)
    shares = schedules.hourly()[:, w.tick % 4, :h].transpose(0, 2, 1) + 1e-9
    table = np.cumsum(shares, axis=2)
    w.rows, w.code, w.weights = np.arange(w.n), 8, np.ascontiguousarray(table / table[..., -1:])
    w.out = np.full(w.n, -1, np.int16)
    call(keyed_minutes, vars(w))
    assert w.out.tolist() == [oracle.minute_of(v, 8, i, w.weights.tolist()) for i in range(w.n)]
    assert (w.out >= 0).all() and (w.out < 60 * h).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(-2, 5), st.integers(0, 4)), max_size=30), st.randoms(use_true_random=False))
def test_the_earliest_claim_on_a_target_is_kept_in_any_order(claims, random):
    keys = random.sample(range(1000), len(claims))
    target, minute = (np.array([c[i] for c in claims], np.int64) for i in (0, 1))
    key = np.array(keys, np.uint64)
    keep = earliest(target, minute, key)
    assert keep.tolist() == oracle.first_claims(target.tolist(), minute.tolist(), keys)
    order = np.array(random.sample(range(len(claims)), len(claims)), np.int64)
    np.testing.assert_array_equal(earliest(target[order], minute[order], key[order]), keep[order])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 9)), max_size=30))
def test_good_places_take_their_slots(visits):
    t = memory.empty(4)
    cells, homes, ticks = [-1] * memory.SLOTS, [-1] * 2, [memory.LONG_AGO] * memory.SLOTS
    for tick, (burglary, where, home) in enumerate(visits):
        memory.remember_place(2, burglary, where, home, tick, t["cell"], t["dwelling"], t["tick"])
        slot = oracle.slot_for(burglary, where, cells, ticks)
        cells[slot], ticks[slot] = where, tick
        if burglary:
            homes[slot] = home
    assert t["cell"][2].tolist() == cells and t["tick"][2].tolist() == ticks and t["dwelling"][2].tolist() == homes
    assert (t["cell"][[0, 1, 3]] == -1).all(), "nobody else's memory is touched"
    burglaries = [where for burglary, where, _ in visits if burglary]
    others = [where for burglary, where, _ in visits if not burglary]
    for seen, slots in ((burglaries, cells[:2]), (others, cells[2:])):
        assert {c for c in slots if c >= 0} == set(list(dict.fromkeys(reversed(seen)))[:2]), "the two latest are kept"


@pytest.mark.parametrize("need", [1, 4, 5, 100])
def test_a_grown_memory_keeps_its_rows(need):
    t = memory.empty(4)
    t["owner"][:], t["skill"][:] = np.arange(4), 2
    bigger = memory.grow(t, need)
    assert len(bigger["owner"]) >= need and bigger["owner"][:4].tolist() == [0, 1, 2, 3]
    for name, array in bigger.items():
        np.testing.assert_array_equal(array[:4], t[name])
        np.testing.assert_array_equal(array[4:], memory.empty(len(bigger["owner"]) - 4)[name])
