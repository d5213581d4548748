"""Paired experiments: arms share what they should share."""

import numpy as np

from experiments.paired import BASELINE, run_pairs

SMALL = {"city": {"residents": 1_500}, "burn_in_years": 20 / 365, "years": 20 / 365}


def test_arms_equal_the_baseline_where_nothing_differs_and_differ_where_something_does():
    pairs = run_pairs(
        SMALL,
        {
            "nothing": {"intervention": {"placebo": {}}},
            "twin": {},
            "no_patrol": {"mechanism": {"patrol": {"enabled": False}}},
        },
        seeds=[1, 2],
        apart=["twin"],
    )
    for name in ("true.victimisations", "recorded.theft", "mean.fear", "sum.arrests"):
        for arm in ("nothing", "twin"):
            assert np.array_equal(pairs.values[arm][name], pairs.values[BASELINE][name])
    assert pairs.values[BASELINE]["true.victimisations"].min() > 0
    assert pairs.values["no_patrol"]["sum.stops"].max() <= pairs.values[BASELINE]["sum.stops"].min()
    assert pairs.effect("nothing", "true.theft").difference == 0
    assert "2 pairs" in pairs.line("no_patrol", "true.theft")
