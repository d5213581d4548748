"""The switch table: arms for everything, interactions worked out by hand."""

import itertools

import numpy as np
import pytest

from experiments.paired import BASELINE, Pairs
from experiments.switches import FACTORS, factor_arms, interactions, mechanism_arms, page
from sim import registry


def test_every_mechanism_and_every_combination_has_an_arm():
    registry.load()
    own = {n for n, c in registry.MECHANISMS.items() if c.__module__.startswith("sim.")}
    assert own - set(mechanism_arms()) == {"routines"}
    assert len(factor_arms()) == 2 ** len(FACTORS) - 1


def made(effects: dict, seeds: int = 5) -> Pairs:
    """Outcomes that are products of given factors, with a level that differs by seed."""
    level = np.exp(np.linspace(5, 6, seeds))
    values = {}
    for size in range(len(FACTORS) + 1):
        for names in itertools.combinations(FACTORS, size):
            share = 1.0
            for part, effect in effects.items():
                if set(part) <= set(names):
                    share *= effect
            y = {o: level * share - 0.5 for o in ("true.violence", "true.homicide", "true.property")}
            values["+".join(names) if names else BASELINE] = y
    return Pairs(values)


def test_interactions_are_those_put_in():
    pairs = made({("flows",): 0.8, ("conditions",): 0.7, ("flows", "conditions"): 1.1})
    found = {name: mean for name, (mean, *_) in interactions(pairs, "true.violence")}
    assert found["flows"] == pytest.approx(np.log(0.8))
    assert found["flows x conditions"] == pytest.approx(np.log(1.1))
    assert found["flows x vulnerability"] == pytest.approx(0, abs=1e-12)
    assert found["flows x vulnerability x conditions"] == pytest.approx(0, abs=1e-12)
    assert "| flows x conditions | +0.095" in page(pairs, pairs, "made up")
