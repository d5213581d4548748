import math
import zlib

import numpy as np
import pytest
from scipy import stats

from analysis import effects as ef


def noise(name, *shape):
    # Not a decision of the model: hundreds of names would take the numbers of real ones.
    return np.random.default_rng([zlib.crc32(name.encode()), 7]).standard_normal(shape)


def pairs(n=30, shift=-5.0, shared=10.0, own=2.0):
    common = noise("common", n)
    return 100 + shift + shared * common + own * noise("arm", n), 100 + shared * common + own * noise("base", n)


def test_t_interval_is_the_closed_form():
    x = np.array([3.0, 5.0, 8.0, 4.0])
    mean, low, high = ef.t_interval(x)
    expected = stats.t.interval(0.95, 3, x.mean(), stats.sem(x))
    assert mean == 5.0
    assert (low, high) == pytest.approx(expected, rel=1e-9)


def test_compare_agrees_with_scipy_and_with_the_definition_of_the_variance_ratio():
    a, b = pairs()
    e = ef.compare(a, b)
    low, high = stats.ttest_rel(a, b).confidence_interval()
    assert (e.low, e.high) == pytest.approx((low, high))
    assert e.se == pytest.approx(stats.sem(a - b))
    assert e.variance_ratio == pytest.approx(np.var(a - b, ddof=1) / (np.var(a, ddof=1) + np.var(b, ddof=1)))
    assert e.variance_ratio < 0.2
    assert not e.spans_zero
    assert ef.paired_p(a, b) == pytest.approx(stats.ttest_rel(a, b).pvalue)


def test_variance_ratio_knows_its_ends():
    a, b = pairs()
    assert ef.variance_ratio(b, b) == 0
    assert ef.variance_ratio(b + 3, b) == 0
    assert math.isnan(ef.variance_ratio(np.ones(4), np.ones(4)))
    independent = ef.variance_ratio(noise("one", 4000), noise("two", 4000))
    assert independent == pytest.approx(1.0, abs=0.1)
    monthly = ef.variance_ratios(np.stack([a, b], 1), np.stack([b, b], 1))
    assert monthly == pytest.approx([ef.variance_ratio(a, b), 0.0])


def test_zero_strength_gives_exactly_no_difference():
    _, b = pairs()
    e = ef.compare(b, b)
    assert (e.difference, e.low, e.high, e.percent, e.percent_low, e.percent_high) == (0,) * 6
    assert e.spans_zero and e.better == 0 and ef.paired_p(b, b) == 1


def test_missing_runs_leave_the_pair_out_and_one_pair_has_no_interval():
    e = ef.compare([1.0, np.nan, 3.0], [2.0, 2.0, np.nan])
    assert (e.pairs, e.difference) == (1, -1.0)
    assert math.isnan(e.low) and e.spans_zero
    assert ef.compare([np.nan], [1.0]).pairs == 0
    with pytest.raises(ValueError, match="shapes"):
        ef.compare([1.0, 2.0], [1.0])


def test_bootstrap_is_keyed_resamples_pairs_and_agrees_with_t():
    a, b = pairs(60)
    first, again = ef.difference_bootstrap(a, b), ef.difference_bootstrap(a, b)
    assert first == again
    assert ef.difference_bootstrap(a, b, seed=2) != first
    e = ef.compare(a, b)
    assert first[1:] == pytest.approx((e.low, e.high), abs=0.2 * (e.high - e.low))
    percent, low, high = ef.percent_change(a, b, method="bootstrap")
    assert percent == pytest.approx(e.percent)
    assert (low, high) == pytest.approx((e.percent_low, e.percent_high), abs=0.2 * (e.percent_high - e.percent_low))


def test_percent_change_needs_a_baseline():
    assert math.isnan(ef.percent_change([1.0, 2.0], [0.0, 0.0])[0])
    with pytest.raises(ValueError, match="method"):
        ef.percent_change([1.0, 2.0], [1.0, 2.0], method="guess")


def test_t_intervals_cover():
    samples = noise("coverage", 1000, 8)
    covered = [low <= 0 <= high for _, low, high in map(ef.t_interval, samples)]
    assert 0.93 <= np.mean(covered) <= 0.97


def test_runs_needed_is_the_smallest_number_that_suffices():
    n = ef.runs_needed(10.0, 2.0)
    half = lambda r: stats.t.ppf(0.975, r - 1) * 10 / math.sqrt(r)  # noqa: E731
    assert half(n) <= 2.0 < half(n - 1)
    assert ef.runs_needed(0.0, 1.0) == 2
    assert ef.runs_needed(1.0, 1e-9, most=5000) == 5000
    with pytest.raises(ValueError):
        ef.runs_needed(1.0, 0.0)


def test_rirr():
    r = ef.rirr(100, 80, 100, 100)
    assert r.ratio == pytest.approx(0.8)
    assert r.se_log == pytest.approx(math.sqrt(1 / 100 + 1 / 80 + 2 / 100))
    assert math.log(r.high / r.ratio) == pytest.approx(math.log(r.ratio / r.low))
    assert math.isnan(ef.rirr(0, 5, 5, 5).ratio)


def test_holm():
    assert ef.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert ef.holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    adjusted = ef.holm([0.01, np.nan, 0.02])
    assert adjusted[0] == pytest.approx(0.02) and math.isnan(adjusted[1])


def test_probability_better_counts_ties_for_nobody():
    assert ef.probability_better([1, 2, 3, 4], [2, 2, 2, 5]) == 0.5
    assert ef.probability_better([1, 2, 3, 4], [2, 2, 2, 5], lower_is_better=False) == 0.25


def test_the_possible_best_set_holds_the_best_and_drops_the_clearly_worse():
    hits = 0
    for trial in range(200):
        common = noise(f"pool{trial}", 10)
        values = np.stack([m + common + noise(f"option{trial}.{i}", 10) for i, m in enumerate([0, 0.3, 5])])
        keep = ef.possible_best(values)
        hits += keep[0]
        assert not keep[2]
    assert hits >= 0.95 * 200
    assert ef.possible_best(np.ones((2, 1))).all()


def test_two_level_variance_recovers_both_parts():
    theta, eps = 3 * noise("theta", 400), 5 * noise("eps", 400, 20)
    within, between = ef.two_level_variance(theta[:, None] + eps)
    assert within == pytest.approx(25, rel=0.1)
    assert between == pytest.approx(9, rel=0.25)
