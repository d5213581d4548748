"""Designs: bounds, strata, order and reproducibility."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.sweeps.design import (
    Design,
    expanded,
    from_table,
    grid,
    latin_hypercube,
    listed,
    none,
    parameters,
    sobol,
)
from experiments.sweeps.varied import Parameter, dummy
from sim.errors import SpecError

SLOTS, SHAPE = "mechanism.drugs.slots", "city.shape"


@st.composite
def any_parameter(draw, number=0):
    kind = draw(st.sampled_from(["float", "log", "int", "list"]))
    key = f"p{number}"
    if kind == "list":
        values = draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6, unique=True))
        return Parameter(key, 0.0, len(values) - 1.0, tuple(values), kind="str")
    if kind == "int":
        low = draw(st.integers(-50, 50))
        return Parameter(key, float(low), float(low + draw(st.integers(1, 40))), kind="int")
    low = draw(st.floats(0.001, 100))
    return Parameter(key, low, low * draw(st.floats(1.01, 1000)), log=kind == "log")


several = st.integers(1, 5).flatmap(lambda n: st.tuples(*(any_parameter(i) for i in range(n))))


@settings(max_examples=60, deadline=None)
@given(several, st.integers(1, 40), st.integers(0, 10**9), st.sampled_from([latin_hypercube, sobol]))
def test_points_keep_within_bounds_and_follow_from_the_seed(chosen, draws, seed, sample):
    design = sample(chosen, draws, seed)
    assert design.points.shape == (draws, len(chosen)) and len(design) == draws
    for i, p in enumerate(chosen):
        column = design.points[:, i]
        assert column.min() >= p.low and column.max() <= p.high
        values = design.column(i)
        assert all(v in p.values for v in values) if p.values else all(p.low <= v <= p.high for v in values)
        assert p.kind != "int" or all(isinstance(v, int) for v in values)
    assert sample(chosen, draws, seed).digest() == design.digest()
    assert draws < 4 or all(p.values or p.kind == "int" for p in chosen) or (
        sample(chosen, draws, seed + 1).digest() != design.digest())


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(1, 60), st.integers(0, 10**6))
def test_a_latin_hypercube_visits_every_stratum_once(count, draws, seed):
    design = latin_hypercube([Parameter(f"p{i}") for i in range(count)], draws, seed)
    for i in range(count):
        assert sorted(np.floor(design.points[:, i] * draws).astype(int)) == list(range(draws))


def test_a_sobol_sequence_visits_every_stratum_once_at_powers_of_two():
    design = sobol([Parameter("a"), Parameter("b"), Parameter("c")], 64, 5)
    for i in range(3):
        assert sorted(np.floor(design.points[:, i] * 64).astype(int)) == list(range(64))
    assert not design.notes
    assert "power of two" in sobol([Parameter("a")], 60).notes[0]


@settings(max_examples=40, deadline=None)
@given(several, st.integers(1, 20), st.integers(1, 20), st.sampled_from([latin_hypercube, sobol]))
def test_more_draws_leave_the_first_ones_alone(chosen, first, more, sample):
    seed = first * more
    design = sample(chosen, first, seed)
    longer = expanded(design, first + more)
    assert len(longer) == first + more and np.array_equal(longer.points[:first], design.points)
    assert expanded(expanded(design, first + more), first + more + 3).points.shape[0] == first + more + 3


@settings(max_examples=40, deadline=None)
@given(several, st.integers(1, 10))
def test_a_design_comes_back_from_its_table(chosen, draws):
    design = latin_hypercube(chosen, draws, 3)
    again = from_table(design.as_dict(), design.table())
    assert again.digest() == design.digest() and again.as_dict() == design.as_dict()
    assert again.parameters == design.parameters


def test_whole_numbers_and_choices_get_equal_shares():
    whole = Parameter("n", 2.0, 5.0, kind="int")
    names = Parameter("c", 0.0, 2.0, ("x", "y", "z"), kind="str")
    design = latin_hypercube([whole, names], 120, 1)
    assert [design.column(0).count(n) for n in (2, 3, 4, 5)] == [30] * 4
    assert [design.column(1).count(n) for n in "xyz"] == [40] * 3


def test_a_grid_holds_every_combination():
    chosen = parameters({SLOTS: {"low": 1, "high": 3, "steps": 3}, SHAPE: {}, "interactions": {}})
    design = grid(chosen)
    assert len(design) == 3 * 4 * 2
    assert design.values(0) == {SLOTS: 1.0, SHAPE: "round", "interactions": False}
    assert design.values(1)["interactions"] is True and design.values(23)[SLOTS] == 3.0
    assert len({tuple(design.values(d).values()) for d in range(24)}) == 24
    centres = grid(parameters({"city.centres": {"low": 1, "high": 12, "steps": 4}, SLOTS: {"values": [2, 8]}}))
    assert {v for v in centres.column(0)} == {1, 5, 8, 12} and centres.column(1)[:2] == [2.0, 8.0]
    with pytest.raises(SpecError, match="grid: expected 1 to 1,000,000 points"):
        grid([Parameter(f"p{i}", steps=10) for i in range(7)])


def test_a_list_goes_side_by_side():
    design = listed(parameters({SLOTS: {"values": [1, 2, 3]}, SHAPE: {"values": ["round", "coast", "valley"]}}))
    assert [tuple(design.values(d).values()) for d in range(3)] == [(1.0, "round"), (2.0, "coast"), (3.0, "valley")]
    with pytest.raises(SpecError, match="as many values as"):
        listed(parameters({SLOTS: {"values": [1, 2]}, SHAPE: {"values": ["round"]}}))
    with pytest.raises(SpecError, match="needs values"):
        listed(parameters({SLOTS: {}}))


def test_bounds_are_the_declared_ones():
    slots, shape, on = parameters([SLOTS, SHAPE, "mechanism.drugs.enabled"])
    assert (slots.low, slots.high, slots.kind) == (0.0, 50.0, "float") and slots.unit == "per 1,000 residents"
    assert shape.values == ("round", "wide", "valley", "coast") and on.values == (False, True)
    narrow, = parameters({SLOTS: {"low": 2, "high": 10}})
    assert (narrow.low, narrow.high) == (2.0, 10.0)


def test_the_dummy_reaches_no_model():
    design = latin_hypercube([*parameters([SLOTS]), dummy()], 5, 1)
    assert design.keys == (SLOTS, "dummy") and list(design.values(2)) == [SLOTS]
    assert design.table().column_names == ["draw", SLOTS, "dummy"]
    assert parameters(["dummy"]) == (dummy(),)


def test_nothing_varied_is_one_draw():
    assert len(none()) == 1 and none().values(0) == {} and none().table().column_names == ["draw"]
    assert isinstance(none(), Design)


@pytest.mark.parametrize("wrong, line", [
    ({"mechanism.drugs.slot": {}}, "parameters: mechanism.drugs: unknown key 'slot'; did you mean 'slots'"),
    ({"mechanism.drug.slots": {}}, "parameters: mechanism: unknown key 'drug'; did you mean 'drugs'"),
    ({"seed": {}}, "parameters: seed cannot be varied by a design: replications count the seeds"),
    ({"city.path": {}}, "cities are scenarios"),
    ({"banned": {}}, "it is a list"),
    ({"a.b.c.d": {}}, "expected the key of one parameter"),
    ({SLOTS: {"low": 5, "high": 2}}, f"parameters: {SLOTS}: expected low below high, found 5 and 2"),
    ({SLOTS: {"low": -1}}, f"parameters: {SLOTS}: low: expected between 0 and 50 (per 1,000 residents), found -1"),
    ({SLOTS: {"values": []}}, "expected a list of 1 to 10,000 values, found []"),
    ({SLOTS: {"values": [1, 99]}}, "values[1]: expected between 0 and 50"),
    ({SLOTS: {"values": [1], "low": 0}}, "either values or a range"),
    ({SLOTS: {"lwo": 1}}, f"parameters: {SLOTS}: unknown key 'lwo'; did you mean 'low'"),
    ({SLOTS: {"log": True}}, "expected low above 0 for a logarithmic range, found 0"),
    ({SLOTS: 3}, "expected a group of settings"),
    ({SHAPE: {"values": ["square"]}}, "expected one of coast, round, valley, wide, found 'square'"),
    ({"city.centres": {"low": 1.5}}, "expected a whole number, found 1.5"),
    ({}, "expected at least one parameter"),
    ([SLOTS, SLOTS], "expected every parameter once"),
    ("abc", "expected keys of parameters"),
])
def test_mistakes_are_one_clear_line(wrong, line):
    with pytest.raises(SpecError) as caught:
        parameters(wrong)
    assert line in str(caught.value) and "\n" not in str(caught.value)


def test_designs_that_cannot_grow_say_so():
    with pytest.raises(SpecError, match="kind grid cannot be expanded"):
        expanded(grid(parameters([SHAPE])), 10)
    with pytest.raises(SpecError, match="more than the 5"):
        expanded(latin_hypercube([Parameter("a")], 5), 5)
