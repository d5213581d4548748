"""Parameters: one declaration gives types, ranges and one clear line for each mistake."""

import dataclasses
import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import SpecError
from sim.parameters import convert, defaults, param, rows, show, unknown_key, validate


@dataclass(frozen=True)
class Params:
    share: float = param(0.5, unit="share", source="modelling choice", doc="a share", low=0, high=1)
    count: int = param(3, unit="count", source="modelling choice", doc="a count", low=0, high=10)
    on: bool = param(True, unit="-", source="modelling choice", doc="a switch")
    shape: str = param("round", unit="-", source="modelling choice", doc="a name", choices=("round", "wide"))
    weights: tuple[float, ...] = param((0.1, 0.2), unit="-", source="modelling choice", doc="a list", low=0, high=1)
    limit: int | None = param(None, unit="-", source="modelling choice", doc="maybe a number", low=0)

    def check(self, where):
        if self.on and self.count == 7:
            raise SpecError(f"{where}.count: expected anything but 7, found 7")


def test_defaults_are_valid_and_given_values_take_their_type():
    assert validate(Params, {}, "x") == Params()
    made = validate(Params, {"share": 1, "count": 4.0, "weights": [0, 1], "limit": None}, "x")
    assert made == Params(share=1.0, count=4, weights=(0.0, 1.0))
    assert type(made.share) is float and type(made.count) is int and type(made.weights[0]) is float
    assert validate(Params, made, "x") == made


@pytest.mark.parametrize(
    "given_, text",
    [
        ({"share": 1.5}, "x.share: expected between 0 and 1 (share), found 1.5"),
        ({"share": -1e-9}, "between 0 and 1"),
        ({"share": math.nan}, "finite number"),
        ({"share": math.inf}, "finite number"),
        ({"share": True}, "expected a number, found True"),
        ({"share": "0.5"}, "expected a number, found '0.5'"),
        ({"share": None}, "expected a number, found None"),
        ({"share": 10**400}, "number below 2^63"),
        ({"count": 2.5}, "expected a whole number, found 2.5"),
        ({"count": True}, "expected a whole number, found True"),
        ({"count": 10**30}, "whole number below 2^63"),
        ({"count": 11}, "between 0 and 10"),
        ({"count": 7}, "x.count: expected anything but 7"),
        ({"on": 1}, "expected true or false, found 1"),
        ({"on": "true"}, "expected true or false"),
        ({"shape": "flat"}, "expected one of round, wide, found 'flat'"),
        ({"shape": 1.5}, "expected text"),
        ({"shape": "a\nb"}, "round, wide"),
        ({"weights": 0.5}, "expected a list, found 0.5"),
        ({"weights": "0.5"}, "expected a list"),
        ({"weights": [0.5, 2]}, "x.weights[1]: expected between 0 and 1"),
        ({"limit": -1}, "expected at least 0"),
        ({"shares": 1}, "did you mean 'share'?"),
        ({3: 1}, "x: unknown key 3"),
        (5, "x: expected a group of settings, found 5"),
    ],
)
def test_each_mistake_gives_one_clear_line(given_, text):
    with pytest.raises(SpecError) as error:
        validate(Params, given_, "x")
    assert text in str(error.value) and "\n" not in str(error.value) and len(str(error.value)) < 300


anything = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()),
                     st.dictionaries(st.text(), st.integers()))


@given(anything, st.sampled_from([f.name for f in dataclasses.fields(Params)]))
def test_any_value_is_either_taken_in_range_or_refused_in_one_line(value, name):
    try:
        made = validate(Params, {name: value}, "x")
    except SpecError as error:
        assert "\n" not in str(error) and f"x.{name}" in str(error)
    else:
        assert 0 <= made.share <= 1 and 0 <= made.count <= 10 and made.shape in ("round", "wide")
        assert isinstance(made.on, bool) and all(0 <= w <= 1 for w in made.weights)


def test_long_text_is_refused_and_shown_short():
    with pytest.raises(SpecError, match="one short line"):
        convert("a" * 5000, str, {}, "x")
    assert len(show("a" * 5000)) <= 80 and "\n" not in show("a\nb")
    assert "known keys: a, b" in str(unknown_key("zzz", ["b", "a"], "x"))


def test_declarations_give_plain_defaults_and_a_row_for_each_table():
    plain = defaults(Params)
    assert plain["weights"] == [0.1, 0.2] and plain["share"] == 0.5
    assert validate(Params, plain, "x") == Params()
    table = {row["name"]: row for row in rows(Params, "group")}
    assert set(table) == {f"group.{f.name}" for f in dataclasses.fields(Params)}
    assert table["group.share"] | {"low": 0, "high": 1, "unit": "share", "calibrated": False} == table["group.share"]
