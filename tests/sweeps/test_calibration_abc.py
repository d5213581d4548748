"""Approximate Bayesian computation on a stochastic model whose answers are known."""

import numpy as np
import pytest
from made_model import PLAIN, REDUNDANT, exact_interval, outcomes, reference

from experiments.sweeps import abc
from experiments.sweeps.interval import wilson
from experiments.sweeps.priors import Prior, sample, to_units, to_values
from experiments.sweeps.profiles import fit_surrogate, identify

TRUTHS = 30


def truths_of(priors):
    points = sample(priors, TRUTHS, 999)
    return points, np.sqrt(outcomes(points, [5, 77]))


@pytest.mark.parametrize("priors, n", [(PLAIN, 400), (REDUNDANT, 500)], ids=["plain", "with a redundant pair"])
def test_ninety_per_cent_posteriors_cover_the_truth(priors, n):
    """Thirty truths, run apart from the table: 80 to 98 % of parameter-truth cases lie in their intervals."""
    table = reference(priors, n, 3)
    covered, widths = [], []
    for truth, observed in zip(*truths_of(priors)):
        low, high = abc.posterior(table, observed, priors, 0.4).interval(0.9).T
        covered.append((low <= truth) & (truth <= high))
        widths.append(np.diff(to_units(priors, np.array([low, high])), axis=0)[0])
    share = np.mean(covered)
    assert 0.80 <= share <= 0.98, (share, wilson(np.sum(covered), np.size(covered)))
    assert np.median(widths, axis=0)[-2:].max() < 0.5  # and not because intervals hold everything


def test_a_redundant_pair_is_flagged_and_others_are_not():
    table = reference(REDUNDANT, 500, 3)
    surrogate = fit_surrogate(table.points, table.summaries, REDUNDANT)
    points, observations = truths_of(REDUNDANT)
    flagged = []
    for observed in observations[::5]:
        found = abc.posterior(table, observed, REDUNDANT, 0.4)
        flagged.append([(q.first, q.second) for q in identify(surrogate, observed, REDUNDANT, found.draw(64, 1)).pairs])
    assert sum(("model.a", "model.b") in f for f in flagged) >= 5
    assert not any(set(pair) != {"model.a", "model.b"} for f in flagged for pair in f)
    correlations = [abc.posterior(table, o, REDUNDANT, 0.4).correlation()[0, 1] for o in observations]
    assert np.median(correlations) < -0.7


def test_the_profile_of_an_identified_parameter_has_two_sides_and_of_a_silent_one_none():
    priors = (*PLAIN, Prior("model.silent", "uniform", 0.0, 1.0))
    rng = np.random.default_rng(4)
    points = sample(priors, 400, 4)
    summaries = np.sqrt(outcomes(points[:, :2], 4))
    truth = np.array([[0.0, 1.0]])
    observed = np.mean([np.sqrt(outcomes(truth, rng)) for _ in range(200)], axis=0)[0]
    found = identify(fit_surrogate(points, summaries, priors), observed, priors, np.array([[0.0, 1.0, 0.5]]))
    assert [p.kind for p in found.profiles] == ["identifiable", "identifiable", "flat"]
    assert set(found.not_identifiable()) == {"model.silent"}
    low, high = found.profiles[1].interval
    assert low < 1.0 < high and high - low < 1.4
    assert all(p.distance.min() >= 0 for p in found.profiles)


def test_intervals_are_near_those_of_the_exact_posterior():
    """The made model has a likelihood: its 90 % intervals are the oracle; adjusted runs come nearer than kept ones."""
    table = reference(PLAIN, 400, 8)
    points, observations = truths_of(PLAIN)
    exact = np.array([exact_interval(np.rint(o**2)) for o in observations])
    width = exact[:, :, 1] - exact[:, :, 0]
    found = {adjust: np.array([abc.posterior(table, o, PLAIN, 0.4, adjust).interval() for o in observations])
             for adjust in (True, False)}
    error = {adjust: (np.abs(found[adjust] - exact).mean(axis=2) / width).mean() for adjust in found}
    assert error[True] < 0.16 and error[True] < error[False] / 2
    assert 0.95 < ((found[True][:, :, 1] - found[True][:, :, 0]) / width).mean() < 1.35


def test_a_second_round_is_weighed_back_to_the_prior():
    """Rows of both rounds give prior-weighted means: importance weights average one, and moments are the prior's."""
    table = reference(PLAIN, 400, 8)
    found = abc.posterior(table, np.sqrt(outcomes(np.array([[0.5, 1.4]]), 3))[0], PLAIN, 0.4)
    new = abc.propose(found, 400, 2)
    points = np.vstack([table.points, new])
    weights = abc.mixture_weights(points, PLAIN, 400, found)
    assert weights.max() <= 2.0 + 1e-9 and abs(weights.mean() - 1) < 0.05
    u = to_units(PLAIN, points)
    assert np.allclose(np.average(u, axis=0, weights=weights), 0.5, atol=0.03)
    assert np.allclose(np.average((u - 0.5) ** 2, axis=0, weights=weights), 1 / 12, atol=0.01)
    assert (np.abs(new - found.quantile(0.5)) < np.ptp(table.points, axis=0) / 2).all(axis=1).mean() > 0.8


def test_the_self_check_sees_the_coverage():
    table = reference(PLAIN, 300, 8)
    covered = abc.self_check(table, PLAIN, 60, 1, accept=0.4)
    assert covered.shape == (60, 2) and 0.8 <= covered.mean() <= 1.0


def test_a_summary_that_only_chance_moves_does_not_count():
    table = reference(PLAIN, 200, 8)  # the first count has the same mean everywhere
    observed = np.sqrt(outcomes(np.array([[0.0, 1.0]]), 3))[0]
    far = observed + np.array([2.0, 0, 0, 0])
    moved = np.abs(abc.distances(table, far) - abc.distances(table, observed))
    also = np.abs(abc.distances(table, observed + np.array([0, 2.0, 0, 0])) - abc.distances(table, observed))
    assert np.median(moved) < np.median(also) / 2


def test_weighted_quantiles_and_intervals():
    x, w = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 1.0])
    assert abc.weighted_quantile(x, np.array([0.5]), w)[0] == 2.0
    assert abc.weighted_quantile(x, np.array([0.5]), np.array([10.0, 1.0, 1.0]))[0] > 2.5
    low, high = wilson(27, 30)
    assert 0.74 < low < 0.9 < high < 0.97


@pytest.mark.parametrize("prior", [*REDUNDANT, Prior("m.n", "normal", -1, 5, 1.0, 2.0)], ids=lambda p: p.kind)
def test_priors_and_their_unit_scale_are_inverse(prior):
    x = sample((prior,), 256, 3)
    assert x.min() >= prior.low and x.max() <= prior.high
    assert np.allclose(to_values((prior,), to_units((prior,), x)), x)
    assert abs(prior.to_unit(x[:, 0]).mean() - 0.5) < 0.01
    assert np.array_equal(sample((prior,), 100, 3), x[:100])  # more draws leave the first ones in place
    assert np.array_equal(sample((prior,), 156, 3, skip=100), x[100:])


def test_whole_numbers_stay_whole():
    x = sample((Prior("m.k", "uniform", 1, 9, whole=True),), 64, 1)
    assert np.array_equal(x, np.rint(x)) and x.min() >= 1 and x.max() <= 9
