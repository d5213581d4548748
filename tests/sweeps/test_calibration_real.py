"""Calibration of the real model: known parameters are recovered from runs made apart (minutes: slow)."""

import numpy as np
import pytest

from experiments.engines import EngineOptions
from experiments.sweeps import abc
from experiments.sweeps.fit import Problem, make_table, own_seeds
from experiments.sweeps.interval import wilson
from experiments.sweeps.priors import make_prior, sample
from experiments.sweeps.runner import SweepRunner
from experiments.sweeps.targets import Target
from sim.spec import build

TRUTHS, POINTS = 30, 320
SPEC = {"city": {"preset": "compact_european", "residents": 2000}, "years": 0.16, "burn_in_years": 0.02, "seed": 1}
PRIORS = (
    make_prior("mechanism.offending.property_threshold", {"low": 6.2, "high": 8.8}),
    make_prior("mechanism.offending.violence_threshold", {"low": 5.5, "high": 8.0}),
    make_prior("mechanism.reactions.reporting[4]", {"low": 0.05, "high": 0.95}),  # of assaults
)


def target(name, outcomes, form="total", of=()):
    return Target(name, outcomes, form, of, 0.0, 0.0, 0.0)


TARGETS = (
    target("property crime", ("true.burglary", "true.theft", "true.vehicle")), target("assault", ("true.assault",)),
    target("assaults reported", ("reported.assault",), "share", ("true.assault",)),
    target("reported assaults", ("reported.assault",)), target("harassment", ("true.harassment",)),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The table of runs from the prior, and the runs that are taken for observed ones, with seeds of their own."""
    spec = build(SPEC)
    problem = Problem(PRIORS, TARGETS, (), spec.days / 365, POINTS, replications=1)
    run = SweepRunner(spec, PRIORS, problem.needed(), tmp_path_factory.mktemp("reference"), EngineOptions("serial"))

    def values(points, label):
        outcomes = run(points, 0, 1, label, own_seeds(spec.seed, label, len(points)))
        return np.stack([t.value(outcomes, problem.years) for t in TARGETS], axis=-1)

    points, truths = sample(PRIORS, POINTS, 1), sample(PRIORS, TRUTHS, 2)
    table, _ = make_table(problem, points, values(points, "table"))
    observed = values(truths, "truths")[:, 0]
    return table, truths, np.stack([t.transform(observed[:, j]) for j, t in enumerate(TARGETS)], axis=-1)


@pytest.mark.slow
def test_posteriors_of_the_real_model_cover_known_parameters(made):
    table, truths, observed = made
    covered, contraction = [], []
    for truth, seen in zip(truths, observed):
        found = abc.posterior(table, seen, PRIORS)
        low, high = found.interval(0.9).T
        covered.append((low <= truth) & (truth <= high))
        contraction.append(found.contraction())
    share, cases = np.mean(covered), np.size(covered)
    low, high = wilson(np.sum(covered), cases)
    print(f"\n90 % posteriors cover {share:.1%} of {cases} cases (95 % interval {low:.1%} to {high:.1%}); by parameter "
          f"{np.mean(covered, axis=0).round(3).tolist()}; median contraction "
          f"{np.median(contraction, axis=0).round(2).tolist()}")
    assert 0.80 <= share <= 0.98
    assert np.median(contraction, axis=0).min() > 0.5  # the runs do tell: intervals are not the prior's
