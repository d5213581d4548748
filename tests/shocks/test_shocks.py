"""Shocks: what befalls a city moves levers between two days, for nothing, and is the same for every arm."""

import numpy as np
import pytest

from experiments.arms import make_arms
from experiments.compose import compose, split
from experiments.options import RunOptions
from sim.errors import SpecError
from sim.model import CityModel


@pytest.fixture(scope="module")
def town():
    return CityModel(city={"residents": 1_500}, burn_in_years=0, seed=3).snapshot()


def days(town, read, count, **shock):
    model, seen = CityModel.restore(town, town["spec"].with_(shock=shock)), []
    for _ in range(count):
        seen.append(read(model.levers))
        model.run_days(1)
    return model, seen


def test_a_scandal_breaks_on_one_day(town):
    model, seen = days(town, lambda b: b["scandal"], 5, police_scandal={"start": 2})
    assert seen == [0, 0, 0.15, 0, 0]
    assert not any(name.startswith("cost.") and np.nansum(v) for name, v in model.series.columns().items())


def test_jobs_come_back(town):
    _, seen = days(town, lambda b: b["jobs_lost"], 6, unemployment={"start": 1, "half_life_days": 2.0})
    assert seen == pytest.approx([0, 0.08, 0.08 * 0.5**0.5, 0.04, 0.04 * 0.5**0.5, 0.02])


def test_shipments_are_lost_for_a_while(town):
    _, seen = days(town, lambda b: [o["share"] for o in b["inflow"]], 5, supply_shock={"start": 1, "end": 3},
                   firearms_inflow={"start": 2})
    assert seen == [[], [-0.7], [1.0, -0.7], [1.0], [1.0]]


def chosen(*overrides):
    return split(compose("run", list(overrides), RunOptions), "run", RunOptions)[0].shock


def test_shocks_are_chosen_in_a_list_and_set_by_name():
    shock = chosen("shocks=[police_scandal,curfew]", "shock.curfew.start=10")
    assert set(shock) == {"police_scandal", "curfew"} and shock["curfew"].start == 10
    assert chosen() == {}


@pytest.mark.parametrize("override, wanted", [
    ("shocks=[curfeu]", "did you mean 'curfew'"), ("shock.curfew.start=1", r"add it with shocks=\[curfew\]"),
    ("shocks=curfew", "expected a list"), ("shocks=[curfew,curfew]", "once")])
def test_mistakes_are_explained(override, wanted):
    with pytest.raises(SpecError, match=wanted):
        chosen(override)


def test_every_arm_meets_the_same_shock():
    _, arms = make_arms(["arms=[cctv]", "shocks=[budget_cut]", "shock.budget_cut.share=0.4"])
    assert {arm.spec.shock["budget_cut"].share for arm in arms} == {0.4}
    with pytest.raises(SpecError, match="an arm may change"):
        from experiments.arms import Arm, _check_arm

        _check_arm(Arm("x", "option", (), ("shocks=[curfew]",), arms[0].spec), arms[0])
