"""Run noise and parameter uncertainty are told apart, and more runs shrink only one of them."""

import math

import numpy as np
import pytest

from analysis.effects import t_interval, two_level_variance
from experiments.sweeps.uncertainty import price_of_halving, sentence, two_parts


def crossed(rng, draws, runs, between, shared, own):
    """Draws that share seeds: theta_m + rho_r + eps_mr."""
    return (between * rng.standard_normal((draws, 1)) + shared * rng.standard_normal((1, runs))
            + own * rng.standard_normal((draws, runs)))


def test_golden_case():
    """Parameters with sd 3, noise with sd 5, 400 draws of 20 replications: W near 25, B near 9."""
    rng = np.random.default_rng(0)
    x = rng.normal(0, 3, (400, 1)) + rng.normal(0, 5, (400, 20))
    plain = two_parts(x, shared_seeds=False)
    assert (plain.within, plain.between) == pytest.approx((24.95, 9.03), abs=0.01)
    for shared in (False, True):
        parts = two_parts(x, shared_seeds=shared)
        assert parts.within == pytest.approx(25, rel=0.05)
        assert parts.between == pytest.approx(9, rel=0.2)
        assert parts.within_low < 25 < parts.within_high and parts.between_low < 9 < parts.between_high
    assert two_level_variance(x) == pytest.approx((two_parts(x, False).within, two_parts(x, False).between))


def test_twice_the_runs_shrink_one_part_only():
    rng = np.random.default_rng(1)
    ratios, spreads = [], []
    for _ in range(200):
        x = crossed(rng, 60, 40, between=3, shared=2, own=4)
        few, many = two_parts(x[:, :20]), two_parts(x)
        ratios.append(many.se_runs / few.se_runs)
        spreads.append(many.spread / few.spread)
    assert np.median(ratios) == pytest.approx(math.sqrt(0.5), abs=0.04)
    assert np.median(spreads) == pytest.approx(1, abs=0.02)


def test_shared_seeds_do_not_hide_what_parameters_do():
    """With common noise, the plain formula loses the part of W that draws share; the crossed one does not."""
    rng = np.random.default_rng(2)
    plain, right, widths = [], [], []
    for _ in range(300):
        x = crossed(rng, 40, 4, between=2, shared=6, own=1)
        plain.append(np.var(x.mean(axis=1), ddof=1) - x.var(axis=1, ddof=1).mean() / 4)
        parts = two_parts(x)
        right.append(parts.between)
        widths.append(parts.low <= 0 <= parts.high)
    assert np.mean(right) == pytest.approx(4, rel=0.1)
    assert np.mean(plain) < 0  # what would be claimed without


@pytest.mark.parametrize("between, shared, own", ((3.0, 0.0, 5.0), (3.0, 4.0, 2.0), (0.0, 1.0, 1.0)))
def test_intervals_cover(between, shared, own):
    rng = np.random.default_rng(3)
    mean, b, w = [], [], []
    for _ in range(500):
        theta = between * rng.standard_normal((25, 1))
        x = theta + shared * rng.standard_normal((1, 10)) + own * rng.standard_normal((25, 10))
        parts = two_parts(x)
        mean.append(parts.low <= theta.mean() <= parts.high)
        b.append(parts.between_low <= between**2 <= parts.between_high)
        w.append(parts.within_low <= shared**2 + own**2 <= parts.within_high)
    assert np.mean(mean) > 0.92 and np.mean(b) > 0.92 and np.mean(w) > 0.9


def test_the_range_is_that_of_true_means_not_of_noisy_ones():
    rng = np.random.default_rng(4)
    x = crossed(rng, 500, 3, between=2, shared=0, own=10)
    parts = two_parts(x)
    assert parts.range_high - parts.range_low < 0.6 * np.subtract(*np.quantile(x.mean(axis=1), [0.975, 0.025]))


def test_without_draws_it_is_the_paired_interval():
    d = np.random.default_rng(5).normal(size=12)
    parts = two_parts(d)
    assert (parts.mean, parts.low, parts.high) == pytest.approx(t_interval(d))
    assert math.isnan(parts.between) and "not varied" in sentence(parts)
    assert two_parts([[1.0]]).replications == 1 and "one replication" in sentence(two_parts([[1.0]]))


def test_incomplete_draws_are_left_out():
    x = np.arange(12.0).reshape(3, 4)
    x[1, 2] = np.nan
    assert two_parts(x).draws == 2
    with pytest.raises(ValueError, match="found none"):
        two_parts([[np.nan, 1.0], [1.0, np.nan]])


def test_the_price_and_the_sentence():
    x = crossed(np.random.default_rng(6), 30, 10, 1, 1, 1)
    assert price_of_halving(7200) == 6
    text = sentence(two_parts(x), cpu_seconds=7200)
    assert "more runs shrink only this part" in text and "30 more replications" in text and "about 6 CPU hours" in text
    assert "30 draws" in text


def test_no_difference_at_all_is_not_called_precise():
    text = sentence(two_parts(np.zeros((3, 10))))
    assert "no difference in any of 10 replications" in text and "no evidence of no effect" in text
    assert "run noise: none, +2.00 in each of 10" in sentence(two_parts(np.full((3, 10), 2.0)))
