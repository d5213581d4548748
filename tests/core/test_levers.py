"""Levers: contributions add up by the names of who makes them, and nought changes nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.columns import Population
from sim.levers import LEVERS, Board

SIZES = {"cells": 6, "residents": 5, "dwellings": 3}
ARRAYS = [name for name, lever in LEVERS.items() if lever.scope in SIZES]


def board(residents=None):
    pops = {
        "residents": residents or Population("residents", np.arange(5)),
        "dwellings": Population("dwellings", np.arange(3)),
    }
    return Board(SIZES, lambda scope, ids: pops[scope].find(ids))


shares = st.integers(-8, 8).map(lambda x: x / 8)  # sums of these are exact, so that an oracle need not care about order
steps = st.lists(
    st.tuples(
        st.sampled_from(["arm", "beat", "care"]),
        st.sampled_from([*ARRAYS, "withdraw"]),
        st.lists(st.integers(0, 7), unique=True, max_size=5),
        shares,
    ),
    max_size=20,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_values_are_sums_of_the_latest_contributions(done):
    levers, given_ = board(), {}
    for source, lever, where, value in done:
        if lever == "withdraw":
            levers.withdraw(source)
            given_ = {k: v for k, v in given_.items() if k[0] != source}
        else:
            where = [w for w in where if LEVERS[lever].scope != "cells" or w < 6]
            levers.put(source, lever, np.array(where, np.int64), value)
            given_[source, lever] = where, value
        for name in ARRAYS:
            size = SIZES[LEVERS[name].scope]
            expect = [
                sum(v for (_, lever), (where, v) in given_.items() if lever == name and row in where)
                for row in range(size)
            ]
            assert levers[name].tolist() == expect and levers[name].dtype == np.float32


@settings(max_examples=30, deadline=None)
@given(st.permutations(["a", "b", "c", "d"]), st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=4))
def test_the_order_of_calls_changes_no_bit(order, values):
    first, other = board(), board()
    amount = dict(zip("abcd", values))
    for levers, names in ((first, "abcd"), (other, order)):
        for name in names:
            levers.put(name, "light", np.arange(6), np.full(6, amount[name]))
    assert first["light"].tobytes() == other["light"].tobytes()


@pytest.mark.parametrize("lever", ARRAYS)
def test_nought_changes_no_bit(lever):
    levers, n = board(), SIZES[LEVERS[lever].scope]
    levers.put("some", lever, np.arange(n), np.linspace(0.1, 0.9, n))
    before = levers[lever].tobytes()
    levers.put("none", lever, np.arange(n), 0.0)
    assert levers[lever].tobytes() == before
    levers.withdraw("some")
    assert not levers[lever].any()


def test_a_place_named_twice_gets_both_shares():
    levers = board()
    levers.put("some", "light", np.array([2, 2, 3]), np.array([0.25, 0.5, 0.125]))
    assert levers["light"].tolist() == [0, 0, 0.75, 0.125, 0, 0]


def test_contributions_follow_people_when_rows_move_and_leave():
    people = Population("residents", np.arange(5))
    levers = board(people)
    levers.put("care", "restraint", np.array([1, 4, 99]), np.array([0.5, 0.25, 1.0]))
    assert levers["restraint"].tolist() == [0, 0.5, 0, 0, 0.25]
    people.permute([4, 3, 2, 1, 0])
    levers.refresh({**SIZES})
    assert levers["restraint"].tolist() == [0.25, 0, 0, 0.5, 0]
    people.remove(people.rows([4]))
    people.compact()
    levers.refresh({**SIZES, "residents": 4})
    assert levers["restraint"].tolist() == [0, 0, 0.5, 0]


def test_idle_levers_are_those_nobody_moves():
    people = Population("residents", np.arange(5))
    levers = board(people)
    assert all(levers.idle(name) for name in ARRAYS)
    levers.put("none", "restraint", np.array([1]), 0.0)
    levers.put("some", "occupied", np.array([1]), 0.5)
    assert levers.idle("restraint") and not levers.idle("occupied") and levers.idle("earnings")
    people.remove([3])
    people.compact()
    levers.refresh({**SIZES, "residents": 4})
    assert levers.idle("restraint") and not levers.idle("occupied") and len(levers["earnings"]) == 4
    levers.withdraw("some")
    assert levers.idle("occupied") and not levers["occupied"].any()


def test_city_levers_add_up_and_orders_are_listed_by_name():
    levers = board()
    assert levers["treatment_slots"] == 0 and levers["visits"] == []
    levers.put("b", "treatment_slots", None, 5)
    levers.put("a", "treatment_slots", None, 2.5)
    assert levers["treatment_slots"] == 7.5
    levers.put("b", "visits", None, dict(cells=[1], minutes=15, per_day=1))
    levers.put("a", "visits", None, dict(cells=[2], minutes=15, per_day=1))
    assert [order["source"] for order in levers["visits"]] == ["a", "b"]
    levers.withdraw("b")
    assert levers["treatment_slots"] == 2.5 and len(levers["visits"]) == 1


def test_snapshots_are_not_touched_by_what_follows():
    levers = board()
    levers.put("a", "light", np.array([0]), 0.5)
    saved = levers.snapshot()
    levers.put("a", "light", np.array([0]), 1.0)
    levers.put("b", "security", np.array([0]), 1.0)
    levers.restore(saved)
    assert levers["light"][0] == 0.5 and not levers["security"].any()


def test_unknown_levers_are_refused():
    with pytest.raises(KeyError, match="no lever 'lights'"):
        board().put("a", "lights", None, 1)
    assert all(lever.unit and lever.doc for lever in LEVERS.values())


@pytest.mark.parametrize("lever, where, value, message", [
    ("earnings", np.array([False, True, True, False, False]), 1.0, r"found truth values \(a mask\)"),
    ("light", np.ones(6, bool), 0.5, r"found truth values \(a mask\)"),
    ("earnings", None, 1.0, "ids of residents.*found None"),
    ("earnings", np.array([0.5]), 1.0, "expected whole numbers, found float64"),
    ("earnings", np.arange(3), np.ones(2), r"one value or 3.*shape \(2,\)"),
    ("earnings", np.arange(3), np.array([1, np.nan, 1]), "expected finite numbers"),
    ("light", np.array([6]), 0.5, "expected cells below 6, found 6 to 6"),
    ("fairness", np.arange(3), 0.5, "whole city: expected None as where, found ndarray"),
    ("fairness", None, np.ones(3), "expected a finite number"),
    ("fairness", None, "much", "expected a finite number, found 'much'"),
    ("visits", None, 3.0, "expected a dict with cells, minutes, per_day"),
    ("visits", None, dict(cells=[1], minutes=15), "per_day missing"),
])
def test_what_would_reach_others_than_were_meant_is_refused(lever, where, value, message):
    levers = board()
    before = levers[lever]
    with pytest.raises((TypeError, ValueError, IndexError), match=f"arm: lever '{lever}'.*{message}"):
        levers.put("arm", lever, where, value)
    assert levers[lever] is before or levers[lever] == before
    assert not levers.snapshot()[lever]


def test_people_who_are_gone_and_nobody_at_all_are_no_mistake():
    levers = board()
    levers.put("arm", "earnings", np.array([2, 99]), np.array([1.0, 5.0]))
    assert levers["earnings"].tolist() == [0, 0, 1, 0, 0]
    levers.put("arm", "earnings", [], 1.0)
    assert not levers["earnings"].any()


def test_a_lever_that_is_read_by_a_wrong_name_says_so():
    with pytest.raises(KeyError, match="no lever 'lite'; did you mean 'light'?"):
        board()["lite"]
