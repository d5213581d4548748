"""Flows x vulnerability x local conditions -> violence, held back by resilience: each factor, and all together."""

import pytest

from experiments.paired import run_pairs
from experiments.switches import FACTORS, factor_arms, preset

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pairs():
    base = {"city": preset("latin_american_hillsides", 15_000), "burn_in_years": 1.0, "years": 1.0}
    arms = {name: change for name, change in factor_arms().items() if "+" not in name}
    arms.update({"+".join(FACTORS): factor_arms()["+".join(FACTORS)]})
    return run_pairs(base, arms, range(1, 9), workers=2)


@pytest.mark.parametrize("factor", FACTORS)
def test_each_factor_alone_lowers_violence(pairs, factor):
    assert pairs.effect(factor, "true.violence").high < 0, pairs.line(factor, "true.violence")


def test_all_together_lower_it_more_than_any_alone(pairs):
    together = pairs.effect("+".join(FACTORS), "true.violence").percent
    assert together < min(pairs.effect(factor, "true.violence").percent for factor in FACTORS)


