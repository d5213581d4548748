"""The contract: a few rules that every registered mechanism and every registered intervention obeys."""

import ast
import copy
import dataclasses
import inspect
import math
import pickle
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
import yaml

from sim import registry
from sim.columns import Column
from sim.errors import OwnershipError
from sim.interventions.contract import Intervention, InterventionParams
from sim.levers import LEVERS
from sim.mechanism import Mechanism, MechanismParams
from sim.model import BASE_COLUMNS, STORY, CityModel
from sim.parameters import validate
from sim.spec import build

registry.load()
MECHANISMS = sorted(registry.MECHANISMS)
INTERVENTIONS = sorted(registry.INTERVENTIONS)
PLANS = {**registry.INTERVENTIONS, **registry.SHOCKS}  # both move levers under the same rules
ROOT = Path(__file__).resolve().parents[1]
START, END, DAYS = 2, 5, 7  # an arm is in force on days 2, 3 and 4; day 2 is the first of July
BURN_IN = 27  # days; three days later mechanisms with a monthly cadence step
# Settings that bring an arm into full swing within days.
ARMS = {"problem_oriented_places": {"analysis_days": 0}, "carrying_ban": {"every_day": True},
        "focused_deterrence": {"members_per_1000": 20.0}, "repeat_victims": {"homes_per_week": 100.0, "delay_days": 0},
        "emergency_assistance": {"cases_per_1000": 400.0}}


@pytest.fixture(scope="module")
def start():
    """State at the end of a short warm-up of a tiny city."""
    model = CityModel(city={"residents": 2_000}, seed=5, years=1, burn_in_years=BURN_IN / 365, start_date="2024-06-29")
    model.run_days(BURN_IN)
    assert model.day == 0
    return model.snapshot()


@pytest.fixture(scope="module")
def baseline(start):
    """Prints of the baseline at the start of each day."""
    model, prints = CityModel.restore(start), []
    for _ in range(DAYS):
        prints.append(fingerprint(model))
        model.run_days(1)
    return [*prints, fingerprint(model)]


def fingerprint(model) -> dict:
    """Checksums of all that happened and of everybody's state."""
    out = {("log", name): zlib.crc32(array) for name, array in model.log.snapshot().items()}
    for name in BASE_COLUMNS:
        out.update({(name, c): zlib.crc32(array) for c, array in getattr(model, name).snapshot().items()})
    out.update({("layers", name): zlib.crc32(np.ascontiguousarray(array)) for name, array in model.layers.items()})
    out.update({("state", name): zlib.crc32(pickle.dumps(plain(m.state))) for name, m in model.mechanisms.items()})
    return out


def plain(value):
    """A state as nested tuples of bytes and numbers: equal states give equal pickles."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, np.ascontiguousarray(value).tobytes()
    if isinstance(value, dict):
        return tuple((key, plain(value[key])) for key in sorted(value, key=repr))
    if isinstance(value, (list, tuple)):
        return tuple(map(plain, value))
    return repr(value)


def differences(one: dict, other: dict) -> list:
    return sorted(".".join(key) for key in one if one[key] != other[key])


def arm(warm, name: str, **settings) -> CityModel:
    """A model that continues from the warm-up with one intervention."""
    chosen = {"start": START, "end": END, **ARMS.get(name, {}), **settings}
    return CityModel.restore(warm, warm["spec"].with_(**{kind(name): {name: chosen}}))


def kind(name: str) -> str:
    return "intervention" if name in INTERVENTIONS else "shock"


def everything(**settings) -> dict:
    """Settings that put every intervention and every shock into one run."""
    out = {"intervention": {}, "shock": {}}
    for name in PLANS:
        out[kind(name)][name] = {**ARMS.get(name, {}), **settings}
    return out


# -- parameters of both ----------------------------------------------------------------------------------------------


def check_params(cls: type, base: type) -> None:
    assert dataclasses.is_dataclass(cls) and cls.__dataclass_params__.frozen and issubclass(cls, base)
    validate(cls, {}, "defaults")
    for field in dataclasses.fields(cls):
        for key in ("unit", "source", "doc"):
            assert field.metadata.get(key), f"{cls.__name__}.{field.name} has no {key}"
        low, high = field.metadata["low"], field.metadata["high"]
        if isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
            assert low is not None and high is not None and low < high, f"{cls.__name__}.{field.name} has no range"


# -- mechanisms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MECHANISMS)
def test_mechanism_declares_itself(name):
    cls = registry.MECHANISMS[name]
    assert cls.name == name and cls.cadence in ("tick", "day", "week", "month")
    assert name in STORY or cls.after in STORY
    assert (cls.__doc__ or cls.__init_subclass__.__doc__ or "").strip()
    check_params(cls.Params, MechanismParams)
    assert set(cls.columns) <= set(BASE_COLUMNS)
    for owned in (*cls.columns.values(), cls.layers):
        for column, declared in owned.items():
            assert isinstance(declared, Column) and declared.doc and declared.unit, f"{name}: {column}"


def test_no_two_mechanisms_own_the_same():
    owned = [(population, column) for cls in registry.MECHANISMS.values()
             for population, columns in (*cls.columns.items(), ("layers", cls.layers)) for column in columns]
    owned += [(population, column) for population, columns in BASE_COLUMNS.items() for column in columns]
    assert len(owned) == len(set(owned))


def test_mechanisms_write_only_what_they_own(start):
    everything = {name: {"enabled": True} for name in MECHANISMS}  # some are switched off unless asked for
    model = CityModel.restore(start, start["spec"].with_(mechanism=everything))
    stepped = set()
    for mechanism in model._story:
        mechanism.step = lambda m, step=mechanism.step, name=mechanism.name: (stepped.add(name), step(m))
    model.guard = True
    model.run_days(4)
    assert stepped == set(MECHANISMS)  # the four days hold a week's and a month's end


def test_the_guard_changes_nothing(start, baseline):
    model = CityModel.restore(start)
    model.guard = True
    model.run_days(2)
    assert not differences(fingerprint(model), baseline[2])


class Meddler(Mechanism):
    """A bad mechanism: it writes a column, a layer and a static column that belong to others."""

    name = "meddler"
    after = "reactions"
    columns = {"residents": {"mood": Column("f4", 0, "-", "its own")}}
    what = "trust"

    def step(self, model):
        model.residents["mood"][:] = 1
        if self.what == "believed":
            model.layers["believed"][0] += 1
        else:
            model.residents[self.what][0] += 1


@pytest.mark.parametrize("what", ["trust", "self_control", "believed", "mood"])
def test_a_bad_mechanism_is_caught(what, monkeypatch):
    monkeypatch.setitem(registry.MECHANISMS, "meddler", type("Meddler", (Meddler,), {"what": what}))
    model = CityModel(city={"residents": 500}, burn_in_years=0)
    model.guard = True
    if what == "mood":
        model.step()
    else:
        with pytest.raises(OwnershipError, match=f"'meddler'.*{what}"):
            model.step()


@pytest.mark.parametrize("name", MECHANISMS)
def test_mechanism_can_be_switched_off(name):
    model = CityModel(city={"residents": 1_000}, burn_in_years=0, mechanism={name: {"enabled": False}})
    model.guard = True
    model.run_days(3)
    assert model.day == 3 and all(m.name != name for m in model._story)
    for population, columns in registry.MECHANISMS[name].columns.items():
        assert all(column in getattr(model, population) for column in columns)


def test_state_is_made_of_arrays_and_plain_values(start):
    def walk(value):
        if isinstance(value, dict):
            return all(isinstance(k, (str, int, tuple)) and walk(v) for k, v in value.items())
        if isinstance(value, (list, tuple)):
            return all(map(walk, value))
        return value is None or isinstance(value, (np.ndarray, np.generic, bool, int, float, str))

    model = CityModel.restore(start, start["spec"].with_(**everything(start=0, end=END)))
    model.run_days(1)
    for owner in (*model.mechanisms.values(), *model._plans.values()):
        assert walk(owner.state), owner.name
        assert plain(copy.deepcopy(owner.state)) == plain(owner.state), owner.name


@pytest.mark.parametrize("active", [False, True], ids=["baseline", "all at once"])
def test_a_restored_run_goes_on_as_if_never_interrupted(start, active):
    spec = start["spec"].with_(**everything(start=START, end=END) if active else {})
    whole, first = CityModel.restore(start, spec), CityModel.restore(start, spec)
    first.run_days(3)
    saved = first.snapshot()
    whole.run_days(DAYS)
    first.run_days(2)  # goes on after the snapshot was taken, which must not notice
    second = CityModel.restore(saved)
    second.run_days(DAYS - 3)
    assert second.log.equals(whole.log)
    assert not differences(fingerprint(second), fingerprint(whole))
    for name, values in whole.series.columns().items():
        np.testing.assert_array_equal(second.series.columns()[name], values, err_msg=name)


def test_sharing_the_warm_up_changes_no_bit(start):
    """An arm that continues from the shared warm-up equals one that ran it by itself."""
    spec = start["spec"].with_(**everything(start=0, end=END))
    shared, alone = CityModel.restore(start, spec), CityModel(spec)
    shared.run_days(2)
    alone.run_days(BURN_IN + 2)
    assert not differences(fingerprint(shared), fingerprint(alone))
    for name in PLANS:
        assert plain(shared._plans[name].state) == plain(alone._plans[name].state), name


# -- interventions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLANS)
def test_intervention_declares_itself(name):
    cls = PLANS[name]
    assert cls.name == name and issubclass(cls, Intervention)
    assert cls.level in ("local", "national", "international", "-")
    assert set(cls.levers) <= set(LEVERS)
    assert cls.target.strip("-") and cls.side_effects and cls.currency and (cls.__doc__ or "").strip()
    assert isinstance(cls.evidence, tuple) and all(row[0] == "I" and row[1:].isdigit() for row in cls.evidence)
    check_params(cls.Params, InterventionParams)
    assert cls.Params().strength == 1.0


def ours(names) -> list[str]:
    """Those whose module stands in a room of the model: what an installed package brings needs no file."""
    return [name for name in names if PLANS[name].__module__.startswith("sim.")]


@pytest.mark.parametrize("name", ours(PLANS))
def test_intervention_has_its_file(name):
    path = ROOT / "configs" / f"{kind(name)}s" / f"{name}.yaml"
    assert path.is_file(), f"{name} has no file {path.relative_to(ROOT)}: see docs/extending.md"
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0] == f"# @package {kind(name)}.{name}"
    assert lines[1].startswith("# ") and len(lines[1]) > 10
    given = yaml.safe_load(text)
    given.pop("defaults", None)  # where the composition finds what the file does not say
    assert given["strength"] == 1.0
    assert name in getattr(build({kind(name): {name: given}}), kind(name))


def test_every_file_of_an_intervention_has_its_class():
    for group, known in (("interventions", INTERVENTIONS), ("shocks", registry.SHOCKS)):
        assert {path.stem for path in (ROOT / "configs" / group).glob("*.yaml")} == set(ours(known))


def test_zero_strength_changes_nothing(start, baseline):
    """All at once: none of them may move a lever, and the run must stay the baseline's to the bit."""
    model = CityModel.restore(start, start["spec"].with_(**everything(strength=0.0, start=1, end=DAYS - 1)))
    for _ in range(DAYS):
        model.run_days(1)
        assert not any(moved(model, name) for name in PLANS)
    assert not differences(fingerprint(model), baseline[DAYS])
    cost = model.series.columns()
    assert not any(np.nansum(np.abs(cost[f"cost.{name}"])) for name in PLANS)


def moved(model, name: str) -> set[str]:
    """Levers on which an intervention or shock has put something else than nought."""
    out = set()
    for lever, given in model.levers.snapshot().items():
        if name in given:
            value = given[name][1]
            if LEVERS[lever].scope == "orders":
                value = value.get("per_day", value.get("share"))
            if np.any(np.asarray(value) != 0):
                out.add(lever)
    return out


@pytest.mark.parametrize("name", PLANS)
def test_intervention_from_its_first_to_its_last_day(start, baseline, name):
    cls, model = PLANS[name], arm(start, name)
    idle = cls.waits or name == "placebo"  # may have nothing to do on three days in a tiny town

    def touched():
        return {lever for lever, given in model.levers.snapshot().items() if name in given}

    model.run_days(START)  # the plan for the first day is made at the end of the day before
    assert not differences(fingerprint(model), baseline[START])
    assert touched() <= set(cls.levers)
    for _ in range(START, END):
        assert "begun" in model._plans[name].state
        assert touched() <= set(cls.levers)
        if cls.levers and not idle and not (name == "police_scandal" and model.day > START):
            assert moved(model, name)
        model.run_days(1)
    assert touched() == set()
    model.run_days(1)
    cost = model.series.columns()[f"cost.{name}"]
    scored = model.series.columns()["day"]
    assert np.isnan(cost[scored < START]).all()
    inside = cost[(scored >= START) & (scored < END)]
    assert len(inside) == END - START and np.isfinite(inside).all() and (inside >= 0).all()
    assert (cost[scored >= END] == 0).all()
    if cls.levers and not idle and cls.currency != "-":  # bounds and shocks have no price
        assert inside.sum() > 0


@pytest.mark.parametrize("name", PLANS)
def test_cost_is_proportional_to_the_dose(start, name):
    model = arm(start, name, start=0)
    plan = model._plans[name]
    full = plan.cost(model, 1.0)
    assert math.isclose(plan.cost(model, 0.25), full / 4) and plan.cost(model, 0.0) == 0


@pytest.mark.parametrize("name", PLANS)
def test_planning_a_day_twice_is_planning_it_once(start, name):
    """A budget may lower a dose after the first plan of the day: targets stay, the contribution is replaced."""
    once, twice = arm(start, name, start=0), arm(start, name, start=0)
    plan = twice._plans[name]
    plan.apply(twice, 0.5)
    plan.apply(twice, plan.dose(0))
    assert plain(plan.state) == plain(once._plans[name].state)
    assert plain(twice.levers.snapshot()) == plain(once.levers.snapshot())


@pytest.mark.parametrize("name", [n for n in PLANS if PLANS[n].levers])
def test_undeclared_levers_are_refused(name):
    cls = PLANS[name]
    other = next(lever for lever in LEVERS if lever not in cls.levers)
    with pytest.raises(KeyError, match="does not declare"):
        cls(cls.Params()).put(None, other, None, 0.0)


@pytest.mark.parametrize("name", PLANS)
def test_dose_follows_window_strength_and_ramp(name):
    cls = PLANS[name]
    doses = [cls(cls.Params(strength=2.0, start=2, end=6, ramp_days=2)).dose(day) for day in range(8)]
    assert doses in ([0, 0, 1.0, 2.0, 2.0, 2.0, 0, 0], [0.0] * 8)
    assert math.isclose(sum(doses), 7.0) or name == "placebo"


def test_interventions_do_not_depend_on_the_order_of_rows(start):
    """Targets are chosen by keys: storing residents in another order changes neither targets nor events."""
    spec = start["spec"].with_(**everything(start=START, end=END))
    one, other = CityModel.restore(start, spec), CityModel.restore(start, spec)
    other.rearrange(np.random.default_rng(0).permutation(len(other.residents)))
    one.run_days(END + 1)
    other.run_days(END + 1)
    assert one.log.equals(other.log)
    for name in PLANS:
        assert plain(one._plans[name].state) == plain(other._plans[name].state), name


# -- levers ----------------------------------------------------------------------------------------------------------


def test_every_lever_is_moved_by_somebody():
    assert set(LEVERS) == {lever for cls in PLANS.values() for lever in cls.levers}


def test_every_lever_is_read_by_a_mechanism():
    owners = {Path(inspect.getfile(cls)).parent for cls in registry.MECHANISMS.values()}
    read = "".join(path.read_text(encoding="utf-8") for room in owners for path in room.glob("*.py"))
    assert not [lever for lever in LEVERS if not re.search(rf'levers(\[|\.idle\()"{lever}"', read)
                and not re.search(rf'for name in \([^)]*"{lever}"', read)]


# -- imports ---------------------------------------------------------------------------------------------------------


def test_the_model_imports_nothing_of_its_users():
    """`sim` knows neither experiments nor analysis, nor Hydra, nor plots."""
    forbidden = {"experiments", "analysis", "lamplighter", "hydra", "omegaconf", "matplotlib", "tests", "random"}
    for path in sorted((ROOT / "sim").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else (
                [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else [])
            bad = {n.split(".")[0] for n in names} & forbidden
            assert not bad, f"{path.relative_to(ROOT)}:{node.lineno} imports {', '.join(sorted(bad))}"
