"""Readiness, the pass that finds the few who are ready, and the thinning of lookers, against oracles."""

import numpy as np
import offending_oracles as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from offending_world import make_world, plain, worlds
from oracle_tools import call, draw4, unit

from sim.draws import BLOCK
from sim.offending import motivation
from sim.offending.deeds import still_drawn
from sim.offending.looking import find_people, find_ready

STATE = ("ready_property", "ready_violence", "capital_property", "capital_violence", "drawn_back")


def update(w, slice_, use_ties, fade=0.9):
    w.weights = motivation.weight_vector(w.params)
    w.fade, w.slice_, w.use_ties = np.float32(fade), slice_, use_ties
    half = w.n // 2
    call(motivation.update_readiness, vars(w), lo=0, hi=half)  # in two chunks, as threads would
    call(motivation.update_readiness, vars(w), lo=half, hi=w.n)


@settings(max_examples=40, deadline=None)
@given(worlds, st.integers(-1, 6), st.booleans())
def test_readiness_agrees_with_an_oracle(w, slice_, use_ties):
    v = plain(w)
    update(w, slice_, use_ties)
    for i in range(w.n):
        expect = oracle.readiness(v, i, slice_, float(np.float32(0.9)), use_ties)
        assert [float(getattr(w, name)[i]) for name in STATE] == pytest.approx(expect, rel=1e-5, abs=1e-30), i


@pytest.mark.parametrize(
    "change, sign",
    [
        (dict(self_control=1.0), (-1, -1)),
        (dict(restraint=1.0), (-1, -1)),
        (dict(hold=1.0), (-1, -1)),  # a mentor, a caring school
        (dict(company=1.0), (1, 1)),  # a programme that brings offenders together
        (dict(company=-1.0), (0, 0)),  # and never less than none of them
        (dict(family=1.0), (0, 0)),  # for minors only
        (dict(age=15, family=1.0), (-1, -1)),
        (dict(trust=0.9), (-1, -1)),
        (dict(group=3), (1, 1)),
        (dict(hardship=1.0), (1, 1)),
        (dict(gap=200.0), (1, 0)),
        (dict(capital_property=3.0), (1, 0)),
        (dict(capital_violence=3.0), (0, 1)),
        (dict(partner=1), (-1, -1)),
        (dict(routine=3), (-1, -1)),
        (dict(sex=1), (1, 1)),
        (dict(last_property=899), (1, 0)),
        (dict(age=12), (-1, -1)),
        (dict(age=45), (0, 0)),  # age itself moves nobody
        (dict(age=70), (-1, -1)),  # but strength wanes
        (dict(offences=1, last_offence=899), (1, 1)),
    ],
)
def test_each_motive_works_in_its_direction(change, sign):
    """One column is changed for everybody; readiness to take and to fight must follow theory."""
    calm = dict(
        hold=0, company=0, family=0, trust=0.6, group=-1,
        self_control=0, restraint=0, hardship=0, gap=0, capital_property=0, capital_violence=0, partner=0, routine=5,
        sex=0, last_property=-(2**30), age=22, offences=0, last_offence=-(2**30), alive=True,
    )
    if change.get("age") == 15:
        calm["age"] = 15
    worlds = []
    for changes in (calm, {**calm, **change}):
        w = make_world(seed=4, gone=0.0)
        w.ties[:, 0] = np.where(w.id != w.id[0], w.id[0], w.id[1])
        for name, value in changes.items():
            getattr(w, name)[:] = value
        update(w, -1, True)
        worlds.append(w)
    before, after = worlds
    assert tuple(np.sign(after.ready_property - before.ready_property)) == (sign[0],) * before.n
    assert tuple(np.sign(after.ready_violence - before.ready_violence)) == (sign[1],) * before.n


def test_children_below_the_age_and_the_dead_are_never_ready():
    w = make_world(seed=6, residents=200)
    update(w, -1, True)
    out = ~w.alive | (w.age < w.params.min_age)
    assert out.any() and not w.ready_property[out].any() and not w.ready_violence[out].any()
    assert (w.ready_property[~out] > 0).all()


def test_a_week_updates_everybody_once():
    w = make_world(seed=7, residents=300)
    before = w.capital_property.copy()
    for day in range(7):
        update(w, day, True)
    grown = w.alive & (w.age >= w.params.min_age)
    np.testing.assert_allclose(w.capital_property[grown], before[grown] * np.float32(0.9), rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(worlds)
def test_thinning_agrees_with_an_oracle(w):
    p, v = w.params, plain(w)
    w.rows, w.code, w.keep = np.flatnonzero(w.ready_property > 0), 77, np.zeros(int((w.ready_property > 0).sum()), bool)
    w.satiation, w.satiation_days, w.pull, w.good_days = p.satiation, p.satiation_days, p.memory_pull, p.good_days
    w.scale, w.ready = p.readiness_scale, w.ready_property
    call(still_drawn, vars(w))
    for j, i in enumerate(w.rows.tolist()):
        u, chance = unit(draw4(v.seed, 77, v.tick, v.key[i])[0]), oracle.chance_still_drawn(v, i)
        assert chance <= 1 + 1e-9, "a look can only be given up, not added"
        if abs(u - chance) > oracle.CLOSE:
            assert w.keep[j] == (u < chance)


LOOKS = 6.0  # chances of four hours in a day


def ready(w, bounds, code=5):
    """[(row, tick of the day)] of lookers and of quarrellers, found in chunks with the given bounds."""
    chunks, capacity = len(bounds) - 1, w.n + 1
    w.code, w.looks, w.ticks = code, LOOKS, w.ticks_per_day
    w.lookers, w.quarrellers = (np.full((chunks, 2, capacity), -1, np.int32) for _ in range(2))
    w.counts = np.zeros((chunks, 2), np.int64)
    for chunk, (lo, hi) in enumerate(zip(bounds, bounds[1:])):
        call(find_ready, vars(w), chunk=chunk, lo=lo, hi=hi)
    return [
        [tuple(pair) for c in range(chunks) for pair in found[c, :, : w.counts[c, k]].T.tolist()]
        for k, found in enumerate((w.lookers, w.quarrellers))
    ]


def ready_by_oracle(w, code=5):
    """Readiness times the chances of a day decides who; the halves of a third word say in which tick."""
    scale, found = np.float32(LOOKS * 2.0**24), ([], [])
    for i in range(w.n):
        words = draw4(w.seed, code, w.tick, w.key[i])
        for k, chance in enumerate((w.ready_property[i], w.ready_violence[i])):
            if np.float32(words[k] >> 8) < chance * scale:
                half = words[2] >> 16 if k == 0 else words[2] & 0xFFFF
                found[k].append((i, half * w.ticks_per_day // 2**16))
    return list(found)


@settings(max_examples=30, deadline=None)
@given(worlds, st.lists(st.integers(0, 60), max_size=3))
def test_the_ready_are_found_whatever_the_chunks(w, cuts):
    expect = ready_by_oracle(w)
    assert ready(w, [0, w.n]) == expect
    assert ready(w, sorted([0, w.n, *(min(c, w.n) for c in cuts)])) == expect


def test_the_ready_are_found_across_blocks():
    w = make_world(seed=1, residents=2 * BLOCK + 77, width=30, height=30)
    w.ready_property[:], w.ready_violence[:] = 0.05, 0.1
    found = ready(w, [0, w.n])
    assert found == ready_by_oracle(w)
    for pairs, chance in zip(found, (0.05, 0.1)):
        slots = np.bincount([slot for _, slot in pairs], minlength=6)
        assert len(pairs) / w.n == pytest.approx(LOOKS * chance, rel=0.1)
        assert len(slots) == 6 and slots.min() > 0.6 * slots.mean(), "every tick of the day has its share"
    w.ready_property[:] = w.ready_violence[:] = 0
    assert ready(w, [0, BLOCK, w.n]) == [[], []], "readiness of nought never acts"


@settings(max_examples=30, deadline=None)
@given(worlds, st.floats(0, 1))
def test_people_in_public_in_marked_cells_are_found(w, share):
    w.bitmap = (w.rng.random(w.cells) < share).astype(np.uint8)
    expect = [i for i in range(w.n) if w.activity[i] not in (0, 7) and w.bitmap[w.cell[i]]]
    for bounds in ([0, w.n], [0, w.n // 3, w.n]):
        chunks = len(bounds) - 1
        w.hits, w.counts = np.full((chunks, w.n + 1), -1, np.int32), np.zeros(chunks, np.int64)
        for chunk, (lo, hi) in enumerate(zip(bounds, bounds[1:])):
            call(find_people, vars(w), chunk=chunk, lo=lo, hi=hi)
        assert np.concatenate([w.hits[c, : w.counts[c]] for c in range(chunks)]).tolist() == expect
