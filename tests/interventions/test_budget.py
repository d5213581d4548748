"""One budget for several interventions: doses follow the money that has come in."""

import numpy as np
import pytest

from experiments.arms import make_arms, warm_up
from sim.errors import SpecError
from sim.interventions.budget import MOST, YEAR, Purse
from sim.model import CityModel

PLAN = {"cctv": {"share": 0.1}, "more_police": {}}


def costs(model) -> np.ndarray:
    columns = model.series.columns()
    parts = [np.nan_to_num(columns[name]) for name in columns if name.startswith("cost.")]
    return np.sum(parts, axis=0)[columns["day"] >= 0]


def with_budget(saved, budget, days=12, spend_all=False, **interventions):
    spec = saved["spec"].with_(intervention=interventions or PLAN, budget=float(budget), spend_all=spend_all)
    model = CityModel.restore(saved, spec)
    model.run_days(days)
    return model


def test_a_purse_never_gives_what_it_does_not_have():
    purse, spent = Purse(365.0, False), 0.0
    for day, wanted in enumerate([3.0, 0.0, 0.0, 2.0, 5.0, 0.5, 9.0]):
        if wanted == 5.0:
            purse.factor(day, 100.0)  # asked twice for the same day: the second counts
        factor = purse.factor(day, wanted)
        assert 0 <= factor <= 1
        spent += factor * wanted
        assert spent <= day + 1 + 1e-9
    assert purse.factor(day + 1, 0.25) == 1.0


def test_no_budget_and_an_ample_one_change_nothing(saved):
    free, ample = with_budget(saved, 0), with_budget(saved, 1e9)
    assert free.log.equals(ample.log)
    np.testing.assert_array_equal(costs(free), costs(ample))


def test_a_package_keeps_within_its_budget(saved):
    wanted = costs(with_budget(saved, 0))[0] * YEAR
    half = with_budget(saved, wanted / 2)
    assert costs(half) == pytest.approx(wanted / 2 / YEAR)
    assert half.levers["force"] == pytest.approx(0.05)  # both doses are halved
    treated = half.interventions["cctv"].state["treated_cells"]
    assert half.levers["cameras"][treated] == pytest.approx(0.35)


def test_options_cost_the_same_when_all_is_spent(saved):
    budget = 3 * costs(with_budget(saved, 0))[0] * YEAR
    for interventions in (PLAN, {"more_police": {}}):
        rich = with_budget(saved, budget, spend_all=True, **interventions)
        assert (costs(rich) <= budget / YEAR * 1.02).all()
        assert rich.levers["force"] > 0.1
    cheap = with_budget(saved, 1e12, spend_all=True, alcohol_tax={})
    assert cheap.levers["alcohol_price"] == pytest.approx(0.15 * MOST)


def test_a_run_with_a_budget_goes_on_as_if_never_interrupted(saved):
    spec = saved["spec"].with_(intervention={**PLAN, "youth_cbt": {"start": 3}}, budget=30_000.0)
    whole, first = CityModel.restore(saved, spec), CityModel.restore(saved, spec)
    whole.run_days(8)
    first.run_days(4)
    second = CityModel.restore(first.snapshot())
    second.run_days(4)
    assert second.log.equals(whole.log)
    np.testing.assert_array_equal(costs(second), costs(whole))


def test_packages_are_arms():
    _, arms = make_arms(["arms=[cctv+street_lighting,cctv]", "budget=100000", "intervention.cctv.share=0.1",
                         "city.residents=2000"])
    arms = {arm.name: arm for arm in arms}
    package = arms["cctv_and_street_lighting"]
    assert package.interventions == ("cctv", "street_lighting") and package.role == "option"
    assert package.spec.intervention["cctv"].share == arms["cctv"].spec.intervention["cctv"].share == 0.1
    assert {arm.spec.budget for arm in arms.values()} == {100_000.0}
    assert warm_up(package.spec) == warm_up(arms["baseline"].spec)


@pytest.mark.parametrize("given", ["cctv+cctv", "cctv+placebo", "cctv+nothing_known", "+".join(["cctv"] * 3),
                                   "participatory_prioritisation+neighbourhood_watch_scheme+problem_oriented_places"])
def test_bad_packages_are_refused(given):
    with pytest.raises(SpecError, match="arms"):
        make_arms([f"arms=[{given}]"])
