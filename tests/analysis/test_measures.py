"""Concentration, economics and equity."""

import math

import numpy as np
import pytest

from analysis import concentration as cn
from analysis import economics as ec
from analysis import equity as eq


def test_generalised_gini():
    place = lambda *counts: list(counts) + [0] * (10 - len(counts))  # noqa: E731
    assert cn.generalised_gini(place(1, 1, 1)) == pytest.approx(0)
    assert cn.generalised_gini([1] * 10) == pytest.approx(0)
    assert cn.generalised_gini(place(3)) == pytest.approx(0.667, abs=5e-4)
    assert cn.generalised_gini(place(100)) == pytest.approx(0.9)
    assert math.isnan(cn.generalised_gini([0, 0]))


def test_concentration_shares():
    assert cn.share_of_places([5, 3, 1, 1, 0, 0, 0, 0, 0, 0]) == 0.1
    assert cn.share_of_places([1] * 10) == 0.5
    assert math.isnan(cn.share_of_places([0, 0]))
    assert cn.gini([1, 1, 1]) == pytest.approx(0)
    assert cn.gini([0, 0, 0, 4]) == pytest.approx(0.75)
    x, y = cn.lorenz([3, 1])
    assert list(x) == [0, 0.5, 1] and list(y) == [0, 0.75, 1]


def test_prediction_and_repeats():
    assert cn.pai(25, 100, 5, 100) == 5
    assert cn.pei([5, 3, 2, 0], [True, False, True, False]) == pytest.approx(7 / 8)
    assert cn.repeat_share([1, 1, 2, -1, 3]) == 0.25


def test_patrol_against_crime():
    assert cn.policing_index([2, 2], [1, 3]) == pytest.approx([2, 2 / 3])
    assert cn.feedback_gap([1, 0], [0, 1]) == 1 and cn.feedback_gap([2, 6], [1, 3]) == 0


def test_rank_correlation():
    assert cn.rank_correlation([1, 2, 3, 4], [10, 20, 30, 45]) == 1
    assert cn.rank_correlation([1, 2, 3, 4], [4, 3, 2, 1]) == -1
    assert math.isnan(cn.rank_correlation([1, 1, 1], [1, 2, 3]))


def test_present_values():
    a = ec.appraise([0, 90, 90], [100, 20, 20])
    assert a.benefits == pytest.approx(170.972, abs=5e-4)
    assert a.costs == pytest.approx(137.994, abs=5e-4)
    assert a.net == pytest.approx(32.979, abs=5e-4)
    assert a.ratio == pytest.approx(1.2390, abs=5e-5)
    assert ec.present_value([0, 90, 90]) == pytest.approx(90 / 1.035 + 90 / 1.035**2, rel=1e-12)


def test_perfect_information_and_regret():
    d = ec.decide([[10, 0], [-4, 6], [3, 3]])
    assert list(d.mean) == [5, 1, 3]
    assert list(d.expected_loss) == [3, 7, 5]
    assert d.evpi == 3 and d.best == 0
    assert list(d.max_regret) == [6, 14, 7]
    assert list(d.p_best) == [0.5, 0.5, 0]


def test_no_effect_or_harm_never_looks_cheap():
    assert ec.cost_per_crime_averted(100, 4) == ec.CostPerCrime("ratio", 25)
    assert ec.cost_per_crime_averted(100, 0).verdict == "dominated"
    assert ec.cost_per_crime_averted(100, -4).verdict == "dominated"
    assert ec.cost_per_crime_averted(0, 4).verdict == "dominant"
    assert ec.cost_per_crime_averted(-10, 4).verdict == "dominant"
    assert ec.cost_per_crime_averted(-10, -4).verdict == "saves money, averts less"
    assert ec.cost_per_crime_averted(0, -4).verdict == "dominated"
    assert ec.cost_per_crime_averted(0, 0).verdict == "no difference"
    assert ec.cost_per_crime_averted(float("nan"), 1).verdict == "not known"


def test_a_missing_price_is_not_zero():
    assert ec.monetise({"theft": 2, "drugs": 0}, {"theft": 10}) == 20
    with pytest.raises(KeyError, match="homicide"):
        ec.monetise({"theft": 2, "homicide": 1}, {"theft": 10})


def test_decisions():
    assert ec.net_benefit([2.0], [5.0], 10) == pytest.approx([15])
    curve = ec.acceptability([[1, 1], [0, 0]], [[5, 5], [0, 0]], [1, 10])
    assert curve.tolist() == [[0, 1], [1, 0]]
    assert ec.satisficing([[[True, True], [True, False]]]).tolist() == [0.5]
    assert ec.switching_value(lambda x: 3 * x - 6, 0, 10) == pytest.approx(2)
    assert math.isnan(ec.switching_value(lambda x: x + 1, 0, 10))


def test_concentration_index():
    h = [10, 8, 6, 4, 2]
    assert eq.concentration_index(h) == pytest.approx(-0.2667, abs=5e-5)
    assert eq.absolute_concentration(h) == pytest.approx(-0.2667 * 6, abs=5e-4)
    assert eq.slope_index(h) == pytest.approx(-10)
    assert eq.gap(h) == 8
    assert math.isnan(eq.concentration_index([1, -1]))
    assert eq.concentration_index([1, 1, 1], [5, 1, 9]) == pytest.approx(0)


def test_fifths_are_of_residents_and_sums_over_groups_are_the_total():
    poverty, people = np.array([0.1, 0.5, 0.3, np.nan, 0.2]), np.array([100, 20, 80, 50, 100.0])
    group = eq.fifths(poverty, people)
    assert group[3] == -1 and group[1] == 0 and group[0] == 4
    values = np.array([5, 4, 3, 0, 1.0])
    rates = eq.by_group(values, people, group)
    inside = group >= 0
    by = np.bincount(group[inside], people[inside], 5)
    assert np.nansum(rates * by / 1000) == pytest.approx(values[inside].sum())


def test_burden_and_weights():
    assert eq.benefit_to_burden([4, 1], [2, 0])[0] == 2
    assert math.isnan(eq.benefit_to_burden([4, 1], [2, 0])[1])
    assert eq.equity_weights([10, 10]) == pytest.approx([1, 1])
    assert eq.recorded_bias(-10, 5) == 15
