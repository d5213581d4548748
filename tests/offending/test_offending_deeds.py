"""The act: accomplices, weapons, minutes, who comes first, and what is remembered, against oracles."""

import numpy as np
import offending_oracles as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from offending_world import make_world, plain, worlds
from oracle_tools import call, log_odds, logistic

from sim.offending import memory, thefts
from sim.offending.aftermath import SKILL_OF
from sim.offending.deeds import earliest, find_accomplices, furnish, keyed_minutes, learn, strike, strike_back
from sim.offending.fights import FIGHT
from sim.people import schedules
from sim.records import CO_SLOTS


@settings(max_examples=40, deadline=None)
@given(worlds, st.floats(-3, 12), st.floats(0, 5))
def test_accomplices_agree_with_an_oracle(w, joint, mates):
    w.rows, w.violent, w.code, w.joint = np.arange(w.n), w.rng.random(w.n) < 0.5, 31, joint
    w.mates = mates
    w.out = np.full((w.n, CO_SLOTS), -9, np.int64)
    call(find_accomplices, vars(w))
    v = plain(w)
    for i in range(w.n):
        expect, slack = oracle.accomplices(v, 31, i, v.violent[i], joint, mates)
        assert slack < oracle.CLOSE or v.out[i] == expect + [-1] * (CO_SLOTS - len(expect))


def test_friends_who_are_not_out_do_not_join():
    w = make_world(seed=3, residents=200, gone=0.0)
    w.rows, w.violent, w.code, w.joint = np.arange(w.n), np.zeros(w.n, bool), 31, 50.0
    w.mates = 1.0
    w.ready_property[:], w.ready_violence[:] = 0.9, 0.0
    w.out = np.full((w.n, CO_SLOTS), -9, np.int64)
    call(find_accomplices, vars(w))
    joined = w.row_of[w.out[w.out >= 0]]
    assert len(joined) and ((w.activity[joined] >= 2) & (w.activity[joined] <= 5)).all()
    for row, friends in enumerate(w.out):
        friends = friends[friends >= 0].tolist()
        assert len(set(friends)) == len(friends) and w.id[row] not in friends
    call(find_accomplices, vars(w), violent=np.ones(w.n, bool))
    assert (w.out == -1).all(), "who would steal but not fight joins no fight"
    call(find_accomplices, vars(w), interactions=False)
    assert (w.out == -1).all(), "nobody joins when channels between residents are cut"


@settings(max_examples=40, deadline=None)
@given(worlds)
def test_targets_and_losses_agree_with_an_oracle(w):
    n, rng = 50, w.rng
    kind = rng.integers(0, 6, n).astype(np.int8)
    dwelling = np.where(np.isin(kind, (0, 3)), rng.integers(0, len(w.d_id), n), -1)
    cell = np.where(dwelling >= 0, w.d_cell[dwelling], rng.integers(0, w.cells, n)).astype(np.int32)
    key = rng.integers(0, 2**64, n, np.uint64)
    victim, home, thing = np.full(n, -1, np.int64), np.full(n, -1, np.int64), np.empty(n, np.int64)
    loss = np.empty(n, np.float32)
    call(furnish, vars(w), kind=kind, cell=cell, dwelling=dwelling, key=key, code=44, loss_of=thefts.LOSS,
         victim=victim, home=home, thing=thing, loss=loss)
    v = plain(w)
    for j in range(n):
        *expect, cost = oracle.target_and_loss(
            v, 44, v.tick, int(kind[j]), int(cell[j]), int(dwelling[j]), int(key[j]), thefts.LOSS.tolist()
        )
        assert [victim[j], home[j], thing[j]] == expect
        assert loss[j] == pytest.approx(cost, rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(worlds)
def test_learning_agrees_with_an_oracle(w):
    """Offenders and accomplices in order: counts, capital, skill, readiness and the memory of the place."""
    rng, m, n = w.rng, 25, w.n
    kind = rng.choice([*range(6), FIGHT], m).astype(np.int8)
    rows, cell = rng.integers(0, n, m), rng.integers(0, w.cells, m).astype(np.int32)
    co = np.where(rng.random((m, CO_SLOTS)) < 0.3, w.id[rng.integers(0, n, (m, CO_SLOTS))], -1)
    home = np.where(kind == 0, rng.integers(0, len(w.d_id), m), -1)
    w.places, t, used = np.full(n, -1, np.int32), memory.empty(m * (CO_SLOTS + 1)), 0
    v, pull, step, most = plain(w), 1.4, 0.25, float(rng.uniform(0.5, 6))
    got = call(
        learn, vars(w), rows=rows, co=co, kind=kind, cell=cell, home=home, ids=w.id, capital_step=step,
        capital_most=most, pull=pull, skill_of=SKILL_OF, skill_step=memory.skill_steps(w.params), owner=t["owner"],
        m_cell=t["cell"], m_dwelling=t["dwelling"], m_tick=t["tick"], m_skill=t["skill"], used=used,
    )
    people = {}  # what everybody is left with, by row
    for j in range(m):
        for i in [int(rows[j]), *(v.row_of[c] for c in co[j].tolist() if c >= 0)]:
            me = people.setdefault(i, dict(
                offences=v.offences[i], fights=v.capital_violence[i], takes=v.capital_property[i],
                drawn=v.drawn_back[i], ready=v.ready_property[i], last=v.last_property[i], places=None, skill=[0] * 3))
            me["offences"] += 1
            if kind[j] == FIGHT:
                me["fights"] = max(me["fights"], min(most, me["fights"] + step))
                continue
            me["takes"], me["last"] = max(me["takes"], min(most, me["takes"] + step)), v.tick
            if not me["drawn"]:
                me["drawn"] = 1
                if me["ready"] > 0:
                    me["ready"] = logistic(log_odds(min(me["ready"], 1 - 1e-9)) + pull)
            me["places"] = me["places"] or ([-1] * 4, [memory.LONG_AGO] * 4, [-1, -1])
            cells, ticks, homes = me["places"]
            slot = oracle.slot_for(kind[j] == 0, int(cell[j]), cells, ticks)
            cells[slot], ticks[slot] = int(cell[j]), v.tick
            if kind[j] == 0:
                homes[slot] = int(home[j])
            what = {0: 0, 1: 1, 2: 1, 3: 1, 4: 2, 5: 2}[int(kind[j])]
            me["skill"][what] = min(3, me["skill"][what] + (0.3, 0.08, 0.2)[what])
    assert got == sum(me["places"] is not None for me in people.values())
    for i, me in people.items():
        assert w.offences[i] == me["offences"] and w.last_offence[i] == v.tick
        assert w.last_property[i] == me["last"] and w.drawn_back[i] == me["drawn"]
        numbers = [w.capital_violence[i], w.capital_property[i], w.ready_property[i]]
        assert numbers == pytest.approx([me["fights"], me["takes"], me["ready"]], rel=1e-5)
        index = w.places[i]
        assert (index >= 0) == (me["places"] is not None)
        if index >= 0:
            assert t["owner"][index] == w.id[i] and t["skill"][index].tolist() == pytest.approx(me["skill"], rel=1e-5)
            assert (t["cell"][index].tolist(), t["tick"][index].tolist(), t["dwelling"][index].tolist()) == me["places"]
    idle = np.setdiff1d(np.arange(n), list(people))
    assert (w.offences[idle] == np.array(v.offences)[idle]).all() and (w.places[idle] == -1).all()


@settings(max_examples=40, deadline=None)
@given(worlds, st.floats(0.01, 0.9), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_blows_agree_with_an_oracle(w, weapon, shares):
    w.rows, w.code, w.capital = np.arange(w.n), 12, w.capital_violence
    w.against, w.gun = w.rng.random(w.n) < 0.5, w.rng.random(w.n) < 0.3
    w.weapon = weapon
    w.gun_used, w.lethal_weapon, w.lethal_firearm, w.lethal_unarmed = shares
    w.out_weapon, w.out_firearm, w.out_lethal = (np.zeros(w.n, bool) for _ in range(3))
    call(strike, vars(w))
    v = plain(w)
    for i in range(w.n):
        expect = oracle.blow(v, 12, i, v.against[i], v.gun[i], weapon, *shares)
        assert (v.out_weapon[i], v.out_firearm[i], v.out_lethal[i]) == expect


@settings(max_examples=40, deadline=None)
@given(worlds, st.floats(0.001, 1), st.floats(1e-4, 0.5))
def test_striking_back_agrees_with_an_oracle(w, chance, base):
    m = 60
    who, at = (w.rng.integers(0, len(w.row_of), m) for _ in range(2))
    ok = np.zeros(m, bool)
    call(strike_back, vars(w), who=who, at=at, code=66, chance=chance, base=base, ok=ok)
    v = plain(w)
    for j in range(m):
        draw = oracle.strikes_back(v, 66, int(who[j]), int(at[j]), chance, base)
        if draw is None:
            assert not ok[j]
        elif abs(draw[0] - draw[1]) > oracle.CLOSE:
            assert ok[j] == (draw[1] < draw[0])


def test_only_foes_near_by_are_struck_back():
    w = make_world(seed=4, residents=2_000, width=20, height=20, gone=0.0)
    w.ready_violence[:] = 0.9
    who, at, ok = w.id, w.rng.permutation(w.id), np.zeros(w.n, bool)
    call(strike_back, vars(w), who=who, at=at, code=66, chance=1.0, base=0.01, ok=ok)
    a, b = w.row_of[who], w.row_of[at]
    about = np.isin(w.activity[a], (2, 3, 4, 5)) & np.isin(w.activity[b], (2, 3, 4, 5))
    far = np.maximum(abs(w.cell[a] % 20 - w.cell[b] % 20), abs(w.cell[a] // 20 - w.cell[b] // 20))
    assert set(far[ok].tolist()) == set(range(7)) and ok[about & (far <= 6)].all() and not ok[~about].any()


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
