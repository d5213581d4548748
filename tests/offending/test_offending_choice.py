"""The choice of a property offence against an oracle that lists every option, and what the choice is to answer to."""

import dataclasses

import numpy as np
import offending_oracles as oracle
import pytest
from hypothesis import given, settings
from offending_world import make_world, plain, worlds
from oracle_tools import call

from sim.offending import choice

CODES = np.array([101, 202, 0, 0])


def choose(w, rows=None):
    """Run the kernel for those who are out; adds results to the world and returns the rows."""
    rows = np.flatnonzero((w.activity >= 2) & (w.activity <= 5)) if rows is None else rows
    n, rng = len(rows), np.random.default_rng(int(w.seed) % 2**32)
    w.rows = rows.astype(np.int64)
    w.codes = CODES
    w.minutes = rng.integers(0, 60 * w.tick_hours, n).astype(np.int16)
    w.dark = rng.random(n) < 0.5
    w.dark_hours = rng.choice([0.006, 0.03, 0.06], n)
    w.open_share = rng.choice([0.0, 0.5, 1.0], n)
    w.weights, w.theta = choice.weight_vector(w.params, w.learned), choice.theta_vector(w.params)
    w.out_kind, w.out_cell = np.empty(n, np.int8), np.full(n, -7, np.int32)
    w.out_dwelling, w.seen_place = np.full(n, -1, np.int64), np.full((n, choice.PLACES), -9, np.int32)
    call(choice.choose_property, vars(w))
    return w.rows


def check(w):
    rows, v = choose(w), plain(w)
    v.area_array = w.area
    for j, i in enumerate(rows.tolist()):
        listed, seen, u = oracle.options(
            v, CODES.tolist(), i, v.minutes[j], float(v.dark[j]), v.dark_hours[j], v.open_share[j]
        )
        got = (v.out_kind[j], v.out_cell[j], v.out_dwelling[j])
        if got[0] < 0:
            got = (-1, None, None)
        assert got in oracle.choices(listed, u, v.params.choice_scale), (j, i)
        assert v.seen_place[j] == [seen.get(q, -1) for q in range(choice.PLACES)]
    return w


@settings(max_examples=30, deadline=None)
@given(worlds)
def test_choices_agree_with_an_oracle_that_lists_all_options(w):
    check(w)


def test_every_kind_of_offence_is_chosen_by_somebody_and_agrees():
    w = make_world(seed=3, residents=2_500, width=9, height=8, eager=2.4, outside=0.1, first_keys=True)
    w.in_public //= 8
    check(w)
    assert set(w.out_kind.tolist()) == {-1, *range(choice.KINDS)}
    assert (w.seen_place >= 0).any()
    burgled = w.out_kind == choice.BURGLARY
    assert (w.d_cell[w.out_dwelling[burgled]] == w.out_cell[burgled]).all()
    driven = (w.out_kind == choice.VEHICLE) & (w.out_dwelling >= 0)
    assert driven.any() and (w.d_cell[w.out_dwelling[driven]] == w.out_cell[driven]).all()
    assert (w.out_dwelling[~burgled & (w.out_kind != choice.VEHICLE)] == -1).all()
    assert (w.area[w.out_cell[w.out_kind >= 0]] >= 0).all()


def test_the_order_of_lookers_does_not_matter():
    w = make_world(seed=8, residents=200)
    rows = choose(w)
    once = {i: (k, c, d) for i, k, c, d in zip(rows, w.out_kind, w.out_cell, w.out_dwelling)}
    alone = make_world(seed=8, residents=200)
    for j, i in enumerate(rows):
        alone.rng = None
        for name in ("minutes", "dark", "dark_hours", "open_share"):
            setattr(alone, name, getattr(w, name)[j : j + 1])
        alone.rows, alone.codes, alone.weights, alone.theta = rows[j : j + 1], CODES, w.weights, w.theta
        alone.out_kind, alone.out_cell = np.empty(1, np.int8), np.full(1, -7, np.int32)
        alone.out_dwelling, alone.seen_place = np.full(1, -1, np.int64), np.empty((1, choice.PLACES), np.int32)
        call(choice.choose_property, vars(alone))
        assert (alone.out_kind[0], alone.out_cell[0], alone.out_dwelling[0]) == once[i]


THETAS = [f"theta_{kind}" for kind in ("burglary", "shop", "person", "vehicle", "robbery", "till")]


def town(kinds, **changes):
    """How often each of some kinds is chosen when nothing else can be, in a larger town with something changed."""
    w = make_world(seed=21, residents=2_000, width=12, height=12, outside=0.0, police=0.0, remembering=0.0, eager=2.0)
    never = {name: 15.0 for kind, name in enumerate(THETAS) if kind not in kinds}
    w.params = dataclasses.replace(w.params, choice_scale=0.55, **never)
    w.in_public //= 8
    for name, value in changes.items():
        getattr(w, name)[:] = value
    choose(w)
    return np.bincount(w.out_kind[w.out_kind >= 0], minlength=choice.KINDS)


@pytest.mark.parametrize(
    "change, fewer",
    [
        ({"lever_security": 1.0}, (choice.BURGLARY, choice.VEHICLE)),
        ({"lever_management": 1.0}, range(choice.KINDS)),
        ({"lever_light": 1.0}, (choice.VEHICLE, choice.ROBBERY)),
        ({"lever_gated": 2.0}, (choice.BURGLARY,)),
        ({"lever_watch": 1.0}, (choice.BURGLARY, choice.VEHICLE)),
        ({"lever_cameras": 1.0}, (choice.BURGLARY, choice.PERSON, choice.VEHICLE, choice.ROBBERY)),
        ({"d_cars_secured": 2.0}, (choice.VEHICLE,)),
        ({"alert": 2.0}, (choice.BURGLARY,)),
        ({"risk": 3.0}, range(choice.KINDS)),
        ({"shops": 0}, (choice.SHOP, choice.TILL)),
        ({"in_public": 0}, (choice.PERSON, choice.ROBBERY)),
        ({"d_value": -1.0}, (choice.BURGLARY,)),
    ],
)
def test_what_protects_makes_offences_rarer(change, fewer):
    neutral = {name: 0 for name in change if name.startswith(("lever", "alert", "risk", "d_cars"))}
    for kind in fewer:
        before, after = town([kind], **neutral), town([kind], **change)
        assert before[kind] == before.sum() > 0 and after[kind] < 0.97 * before[kind], kind


def test_police_at_a_place_keep_those_away_who_notice_them():
    w = make_world(seed=5, residents=2_000, width=4, height=4, outside=0.0, police=0.0, remembering=0.0, eager=1.0)
    free = (choose(w), w.out_kind.copy())[1]
    table = dict(cell=np.arange(16, dtype="i4"), start=np.zeros(16, "i2"), minutes=np.full(16, 240, "i2"),
                 unit=np.zeros(16, "i8"), ordered=np.zeros(16, bool), key=np.arange(16).astype("u8"),
                 stop_rate=np.zeros(16, "f4"))
    w.visits.replace(table)
    w.v_first, w.v_count, w.v_start, w.v_minutes = w.visits.first, w.visits.count, w.visits.start, w.visits.minutes
    choose(w)
    noticed = (w.seen_place >= 0).any(axis=1)
    assert 0.3 < noticed.mean() <= 1
    assert (w.out_kind[noticed] >= 0).sum() < 0.75 * (free[noticed] >= 0).sum()
    assert (w.out_kind[~noticed] == free[~noticed]).all(), "police that nobody notices change nothing"


def test_without_interactions_others_do_not_matter():
    """Who is where, at home or alerted changes no choice when channels between residents are cut."""
    w = make_world(seed=13, residents=600, interactions=False, first_keys=True)
    choose(w)
    other = make_world(seed=13, residents=600, interactions=False, first_keys=True)
    rows = w.rows
    at_home = (other.activity == 0) & ~np.isin(np.arange(other.n), rows)
    other.activity[at_home] = 1
    for name in ("at_home", "in_public"):
        getattr(other, name)[:] = 0
    other.alert[:] = 2
    choose(other, rows)
    for name in ("out_kind", "out_cell", "out_dwelling", "seen_place"):
        np.testing.assert_array_equal(getattr(w, name), getattr(other, name))


def test_a_place_next_to_a_good_one_is_tried_while_the_memory_is_fresh():
    """Near repeats: with a fresh memory burglars go to the remembered cell or a neighbour far more often."""
    w = make_world(seed=2, residents=3_000, width=20, height=20, outside=0.0, police=0.0, remembering=1.0, eager=2.0)
    w.params = dataclasses.replace(w.params, choice_scale=0.55)
    w.m_cell[:, 1:], w.m_cell[:, 0] = -1, 210
    shares = []
    for days in (1, 50):
        w.m_tick[:] = w.tick - days * w.ticks_per_day
        choose(w)
        there = w.out_cell[w.out_kind == choice.BURGLARY]
        near = np.maximum(abs(there % 20 - 10), abs(there // 20 - 10)) <= 1
        shares.append(near.mean())
    assert shares[0] > 2 * shares[1]
