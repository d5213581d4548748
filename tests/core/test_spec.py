"""The specification of a run: its identity, its defaults, and that nothing is lost between text and value."""

import copy
import dataclasses
import datetime
import hashlib
import json
import pickle
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import registry
from sim.errors import SpecError
from sim.spec import CityParams, RunSpec, build, default_tree, merge, plan_defaults

registry.load()
ROOT = Path(__file__).parents[2]
GOLDEN = RunSpec(
    city=CityParams(
        preset="a", path="somewhere", areas=("x", "y"), residents=10, seed=3, shape="wide", density=5000.0, centres=2,
        segregation=0.25, inequality=0.5, poverty=0.125, unemployment=0.0625, informality=0.0, street_period=5,
        street_order=0.5, state_presence=1.0,
    ),
    seed=7, years=0.5, burn_in_years=0.25, tick_hours=6, start_date="2020-02-29", threads=2, interactions=True,
    banned=(1, 2), mechanism=MappingProxyType({}), intervention=MappingProxyType({}),
)

# Two substances: their shares add up to 1, so one alone could not be changed.
DRUGS = dict(substances=["a", "b"], shares=[0.75, 0.25], dependence=[1.0, 1.0], external_price=[3.0, 4.0],
             reference_price=[10.0, 20.0])
WHOLE = {"mechanism": {"drugs": DRUGS}, "intervention": {name: {} for name in sorted(registry.INTERVENTIONS)}}


@pytest.fixture(scope="module")
def whole():
    """A specification that holds every mechanism and every intervention."""
    return build(WHOLE)


def test_hash_is_stable():
    """Stored results are found by this hash: it may change only with a new schema. No default has a part in it."""
    assert GOLDEN.hash() == "6bd7a649fbc2164a"


def test_hash_is_that_of_another_process(whole):
    code = f"from sim.spec import build; print(build({WHOLE!r}).hash())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT,
                         env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "5", "PATH": "/usr/bin:/bin"})
    assert out.stdout.strip() == whole.hash(), out.stderr[-500:]


def leaves(tree, path=()):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def declaration(path):
    """The dataclass field that a path of keys leads to."""
    cls = RunSpec
    if path[0] == "city":
        cls = CityParams
    elif path[0] in ("mechanism", "intervention"):
        cls = getattr(registry, f"{path[0].upper()}S")[path[1]].Params
    return next(f for f in dataclasses.fields(cls) if f.name == path[-1])


def others(path, value):
    """Some other valid values of a field."""
    meta = declaration(path).metadata
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        if path == ("tick_hours",):
            yield 6
        low, high = meta["low"], meta["high"]
        for x in (value + 1, value - 1, (value + high) / 2, (value + low) / 2, low, high):
            x = int(x) if isinstance(value, int) else float(x)
            if low <= x <= high and x != value:
                yield x
    elif isinstance(value, list):
        if value:
            for x in others(path, value[0]):
                yield [x, *value[1:]]
        if value[::-1] != value:
            yield value[::-1]
        yield [*value, "x" if "str" in str(declaration(path).type) else 1]
    elif path == ("start_date",):
        yield "2001-02-03"
    else:
        yield from (c for c in meta.get("choices") or (value + "x",) if c != value)


def nested(path, value):
    for key in reversed(path):
        value = {key: value}
    return value


def changed(spec, path, value):
    for other in others(path, value):
        try:
            return spec.with_(**nested(path, other))
        except SpecError:
            continue
    raise AssertionError(f"no other valid value of {'.'.join(path)}")


def test_hash_changes_with_every_field_but_threads_and_path(whole):
    base, seen = whole.hash(), {}
    for path, value in leaves(whole.as_dict()):
        digest = changed(whole, path, value).hash()
        if path in (("threads",), ("city", "path")):
            assert digest == base, path
        else:
            assert digest != base, path
            assert digest not in seen, (path, seen.get(digest))
            seen[digest] = path
    assert len(seen) > 100
    for name in registry.INTERVENTIONS:  # that an intervention is there counts, even with defaults
        less = whole.as_dict()
        del less["intervention"][name]
        assert build(less).hash() not in (base, *seen)


def test_a_changed_specification_is_the_one_built_anew(whole):
    """Only what changes is validated; nothing of what came before may linger, in the values or in the hash."""
    whole.hash()
    for path, value in leaves(whole.as_dict()):
        quick = changed(whole, path, value)
        there = quick.as_dict()
        assert same(quick, build(there)), path
        for key in path:
            there = there[key]
        assert there != value, path
        assert same(quick.with_(**nested(path, value)), whole), path


@pytest.mark.parametrize("changes", [
    {"mechanism": {"patrol": {"crew": 0}}}, {"mechanism": {"patrol": {"crews": 1}}}, {"mechanism": {"patrols": {}}},
    {"mechanism": 3}, {"mechanism": {"patrol": 3}}, {"city": 3}, {"city": {"residents": -1}}, {"seeds": 2},
    {"seed": -2}, {"intervention": {"nothing": {}}}, {"start_date": "2024-1-1"}, {"banned": [-1]}, {"tick_hours": 5},
    {"mechanism": {"drugs": {"shares": [0.5, 0.25]}}}, {"seed": -1, "mechanism": {"patrol": {"crew": 0}}},
])
def test_a_change_is_refused_in_the_words_of_the_whole(whole, changes):
    with pytest.raises(SpecError) as quick:
        whole.with_(**changes)
    with pytest.raises(SpecError) as slow:
        build(merge(whole.as_dict(), changes))
    assert str(quick.value) == str(slow.value)


def test_hash_is_that_of_the_plain_values(whole):
    for spec in (whole, build(), GOLDEN, whole.with_(seed=3, banned=[4, 5])):
        content = spec.as_dict()
        del content["threads"], content["city"]["path"]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        assert spec.hash() == spec.hash() == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_order_of_keys_does_not_matter(whole):
    given_ = whole.as_dict()
    mixed = {k: dict(reversed(v.items())) if isinstance(v, dict) else v for k, v in reversed(given_.items())}
    assert build(mixed) == whole and build(mixed).hash() == whole.hash()


def same(a, b):
    return a == b and a.hash() == b.hash() and a.as_dict() == b.as_dict()


def test_nothing_is_lost_on_the_way(whole):
    for spec in (whole, build(), build({"mechanism": {"patrol": {"enabled": False}}, "banned": [3, 1]})):
        assert same(build(spec.as_dict()), spec)
        assert same(pickle.loads(pickle.dumps(spec)), spec)
        assert same(copy.deepcopy(spec), spec)
        assert same(spec.with_(), spec)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_changed_specifications_come_back_equal(data):
    spec = build({"mechanism": {"drugs": DRUGS}})
    paths = [p for p in leaves(spec.as_dict()) if p[0] != ("start_date",)]
    for path, value in data.draw(st.lists(st.sampled_from(paths), max_size=6)):
        spec = changed(spec, path, value)
    assert same(build(spec.as_dict()), spec)


def test_the_default_tree_is_the_default_specification():
    assert build(default_tree()) == build() == build({}) == build(None)
    for name in registry.INTERVENTIONS:
        given = plan_defaults("intervention", name)
        assert build({"intervention": {name: given}}) == build({"intervention": {name: {}}})


def test_a_specification_cannot_be_changed():
    spec = build()
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.seed = 2
    with pytest.raises(TypeError):
        spec.mechanism["patrol"] = None
    given_ = spec.as_dict()
    given_["city"]["seed"] = 99
    assert spec.city.seed == 1, "the plain values are a copy"


def test_with_merges_nested_keys():
    spec = build({"mechanism": {"patrol": {"enabled": False}}, "city": {"residents": 500}})
    other = spec.with_(city={"seed": 4}, mechanism={"drugs": {"enabled": False}})
    assert not other.mechanism["patrol"].enabled and not other.mechanism["drugs"].enabled
    assert (other.city.residents, other.city.seed) == (500, 4)
    assert merge({"a": {"b": 1, "c": [1, 2]}}, {"a": {"c": [3]}}) == {"a": {"b": 1, "c": [3]}}


@given(st.floats(0, 100), st.floats(0, 50))
def test_years_become_whole_days(years, burn_in):
    spec = dataclasses.replace(GOLDEN, years=years, burn_in_years=burn_in)
    assert spec.days == round(years * 365) and spec.burn_in_days == round(burn_in * 365)


@pytest.mark.parametrize(
    "given_, text",
    [
        ({"sed": 1}, "run: unknown key 'sed'; did you mean 'seed'?"),
        ({3: 1}, "run: unknown key 3"),
        ({"city": 5}, "city: expected a group of settings, found 5"),
        ({"city": {"dens": 1}}, "city: unknown key 'dens'"),
        ({"mechanism": []}, "mechanism: expected a group of settings, found []"),
        ({"mechanism": {"patrols": {}}}, "mechanism: unknown key 'patrols'; did you mean 'patrol'?"),
        ({"mechanism": {"patrol": {"enabled": 1}}}, "mechanism.patrol.enabled: expected true or false, found 1"),
        ({"intervention": {"lights": {}}}, "intervention: unknown key 'lights'"),
        ({"intervention": {"street_lighting": {"start": 5, "end": 5}}}, "expected a day after start (5), found 5"),
        ({"start_date": "2024-02-30"}, "start_date: expected a date as YYYY-MM-DD, found '2024-02-30'"),
        ({"tick_hours": 5}, "tick_hours: expected one of 1, 2, 3, 4, 6, 8, 12, 24, found 5"),
        ({"seed": -1}, "run.seed: expected between 0"),
        ({"banned": [1, "x"]}, "run.banned[1]: expected a whole number"),
        ({"years": "one"}, "run.years: expected a number"),
    ],
)
def test_each_mistake_gives_one_clear_line(given_, text):
    with pytest.raises(SpecError) as error:
        build(given_)
    assert text in str(error.value) and "\n" not in str(error.value)


def test_dates_are_dates():
    assert datetime.date.fromisoformat(build().start_date)
