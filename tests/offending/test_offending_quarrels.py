"""Quarrels and the choice of victims against oracles."""

import dataclasses

import numpy as np
import offending_oracles as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from offending_world import make_world, plain, worlds
from oracle_tools import call

from sim.offending import quarrels

CODES = np.array([303, 404, 0, 0])


def quarrel(w):
    rows = np.flatnonzero(w.activity <= 5)
    n, rng = len(rows), np.random.default_rng(int(w.seed) % 2**32)
    w.rows, w.codes, w.min_age = rows.astype(np.int64), CODES, 16
    w.minutes, w.dark = rng.integers(0, 60 * w.tick_hours, n).astype(np.int16), rng.random(n) < 0.5
    w.awake, w.first_member = rng.random(n), w.d_first_member[w.lives[rows]]
    w.under, w.strain = np.where(rng.random(n) < 0.3, rng.random(n), 0.0), rng.random(n)
    w.out_under = np.zeros(n, bool)
    w.weights = quarrels.weight_vector(w.params, w.learned)
    w.out_kind, w.out_cell = np.full(n, -1, np.int8), np.zeros(n, np.int32)
    w.out_victim, w.seen = np.full(n, -1, np.int64), np.full(n, -1, np.int32)
    call(quarrels.choose_quarrel, vars(w))
    return w


def check_quarrels(w):
    v = plain(quarrel(w))
    for j, i in enumerate(v.rows):
        kind, cell, who, seen, chance, u = oracle.quarrel(
            v, CODES.tolist(), i, v.first_member[j], v.minutes[j], float(v.dark[j]), v.awake[j], v.under[j],
            v.strain[j], 16
        )
        assert v.out_under[j] == oracle.under_influence(v, CODES.tolist(), i, v.under[j])
        assert v.seen[j] == seen
        if abs(u - chance) > oracle.CLOSE:
            assert (v.out_kind[j], v.out_victim[j]) == (kind, who)
            assert kind < 0 or v.out_cell[j] == cell


@settings(max_examples=40, deadline=None)
@given(worlds)
def test_quarrels_agree_with_an_oracle(w):
    check_quarrels(w)


def test_quarrels_agree_where_many_decisions_are_close():
    """Thousands of evenings out in busy places: a slightly wrong weight would tip some of them."""
    w = make_world(seed=12, residents=6_000, width=12, height=12, eager=1.0, police=0.5)
    w.params = dataclasses.replace(w.params, choice_scale=0.2)
    w.activity[w.activity == 0] = 3
    w.cell[:] = np.where(w.activity == 3, w.home, w.cell)
    w.in_public[:] = w.rng.integers(2, 90, w.cells)
    check_quarrels(w)
    assert 0.1 < (w.out_kind == quarrels.STRANGER).mean() < 0.9


def test_quarrels_at_home_are_with_partners_first_and_never_with_oneself_or_children():
    w = make_world(seed=11, residents=800, width=8, height=8, eager=3.0, gone=0.0)
    check_quarrels(w)
    assert set(w.out_kind.tolist()) == {-1, 0, 1} and (w.seen >= 0).any()
    at_home = w.out_kind == quarrels.HOUSEHOLD
    me, other = w.rows[at_home], w.row_of[w.out_victim[at_home]]
    assert (me != other).all() and (w.lives[me] == w.lives[other]).all()
    assert (w.activity[other] == 0).all() and (w.age[other] >= 16).all()
    assert (w.activity[w.rows[w.out_kind == quarrels.STRANGER]] > 0).all()


def victims(w, cells, rows, taste, hits, code=9):
    w.code = code
    out = np.full(len(cells), -5, np.int64)
    call(quarrels.choose_victims, vars(w), cells=cells, offender_rows=rows, taste=taste, hits=hits, out_row=out)
    return out


@settings(max_examples=40, deadline=None)
@given(worlds, st.integers(0, 2**32))
def test_victims_agree_with_an_oracle_in_any_order_of_the_people(w, seed):
    rng = np.random.default_rng(seed)
    m = int(rng.integers(1, 40))
    cells = rng.integers(0, w.cells, m).astype(np.int32)
    rows, taste = rng.integers(0, w.n, m), rng.integers(0, 2, m).astype(np.int8)
    public = np.flatnonzero((w.activity > 0) & (w.activity < 7)).astype(np.int32)
    hits = public[np.isin(w.cell[public], cells)]
    out = victims(w, cells, rows, taste, hits)
    v = plain(w)
    for j in range(m):
        expect = oracle.victim(v, 9, int(rows[j]), int(cells[j]), int(taste[j]), hits.tolist())
        assert out[j] == expect
        assert out[j] != rows[j] and (out[j] < 0 or w.cell[out[j]] == cells[j])
    mixed = rng.permutation(hits)
    np.testing.assert_array_equal(victims(w, cells, rows, taste, mixed), out)


def test_nobody_is_met_in_an_empty_place():
    w = make_world(seed=1)
    empty = np.empty(0, np.int32)
    assert victims(w, np.array([0], np.int32), np.array([0]), np.zeros(1, np.int8), empty).tolist() == [-1]
