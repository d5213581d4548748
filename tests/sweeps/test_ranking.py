"""Ranking: who can still be the best, and when no ranking is given."""

import math

import numpy as np
import pytest

from experiments.sweeps.ranking import direction, rank
from sim.errors import DataError, SpecError

ROLES = {"baseline": "baseline", "placebo": "placebo", "same_cost_random": "same_cost_random"}


def arms(rng, effects, runs=12, draws=1, noise=4.0, random=0.0, spread=0.0):
    """Values of a comparison with known effects."""
    base = 100 + 10 * rng.standard_normal((1, runs)) + 3 * rng.standard_normal((draws, runs))
    values = {"baseline": base, "placebo": base.copy(),
              "same_cost_random": base + random + noise * rng.standard_normal(base.shape)}
    for name, effect in effects.items():
        theta = effect + spread * rng.standard_normal((draws, 1))
        values[name] = base + theta + noise * rng.standard_normal(base.shape)
    return values, {**ROLES, **dict.fromkeys(effects, "option")}


@pytest.mark.parametrize("effects", ({"a": -5.0, "b": -4.0, "c": -3.0, "d": 1.0}, {"a": -0.5, "b": 0.0, "c": 0.0}))
def test_the_true_best_is_among_the_possible_best(effects):
    rng = np.random.default_rng(10)
    kept, sizes = [], []
    for _ in range(1000):
        found = rank(*arms(rng, effects))
        best = {r.arm for r in found if r.possible_best}
        kept.append("a" in best)
        sizes.append(len(best))
    assert np.mean(kept) >= 0.95
    assert np.mean(sizes) < 6  # it also rejects


def test_what_is_clear_is_said():
    found = rank(*arms(np.random.default_rng(1), {"a": -30.0, "b": -10.0, "worse": 20.0}, runs=20))
    listed = [(r.rank, r.arm) for r in found]
    assert listed[:2] == [(1, "a"), (2, "b")] and listed[4:] == [(5, "worse"), (0, "placebo")]
    first = found[0]
    assert [r.arm for r in found if r.possible_best] == ["a"] and found[1].beaten_by == "a"
    assert first.low < -30 < first.high and first.percent == pytest.approx(-30, abs=4) and first.better == 1
    assert first.random_low < -30 < first.random_high and first.p_holm >= first.p
    assert first.parts.draws == 1 and math.isnan(first.parts.between)
    assert found[0].as_dict()["between"] is None


def test_more_can_be_better():
    values, roles = arms(np.random.default_rng(2), {"a": 30.0, "b": -30.0}, runs=20)
    assert [r.arm for r in rank(values, roles, "more") if r.possible_best] == ["a"]


def test_holm_keeps_false_alarms_rare():
    rng = np.random.default_rng(3)
    alarms = [min(r.p_holm for r in rank(*arms(rng, dict.fromkeys("abcdefg", 0.0))) if r.arm != "baseline"
                  and r.rank) < 0.05 for _ in range(500)]
    assert np.mean(alarms) < 0.08


def test_draws_count_as_parameters_and_replications_as_chance():
    values, roles = arms(np.random.default_rng(4), {"a": -10.0}, runs=10, draws=40, spread=4.0)
    a = next(r for r in rank(values, roles) if r.arm == "a")
    assert a.pairs == 10 and a.draws == 40
    assert a.parts.between == pytest.approx(16, rel=0.6) and a.parts.range_low < -13 and a.parts.range_high > -7
    assert (a.low, a.high) == pytest.approx((a.parts.low, a.parts.high))


@pytest.mark.parametrize("role", ("baseline", "placebo", "same_cost_random", "option"))
def test_no_ranking_without_controls(role):
    values, roles = arms(np.random.default_rng(5), {"a": -1.0})
    name = {"option": "a"}.get(role, role)
    with pytest.raises(DataError, match=f"ranking refused: no finished run of .*{role}"):
        rank({k: v for k, v in values.items() if k != name}, roles)
    with pytest.raises(DataError, match="ranking refused"):
        rank({**values, name: np.full_like(values[name], np.nan)}, roles)


def test_no_ranking_when_the_placebo_does_something_or_runs_are_few():
    values, roles = arms(np.random.default_rng(6), {"a": -1.0})
    values["placebo"][0, 3] += 1e-9
    with pytest.raises(DataError, match="differs from the baseline in 1 of 12 pairs"):
        rank(values, roles)
    values, roles = arms(np.random.default_rng(6), {"a": -1.0}, runs=1)
    with pytest.raises(DataError, match="two replications"):
        rank(values, roles)


def test_failed_runs_take_their_replication_with_them():
    values, roles = arms(np.random.default_rng(7), {"a": -1.0, "b": 0.0}, runs=10)
    values["b"][0, 4] = np.nan
    assert {r.pairs for r in rank(values, roles)} == {9}
    values, roles = arms(np.random.default_rng(7), {"a": -1.0, "b": 0.0}, runs=10, draws=5)
    values["b"][2, 4] = np.nan
    assert {(r.draws, r.pairs) for r in rank(values, roles)} == {(4, 10)}


def test_bounds_are_shown_and_not_ranked():
    values, roles = arms(np.random.default_rng(8), {"a": -5.0, "oracle": -50.0})
    found = {r.arm: r for r in rank(values, roles, bounds=("oracle",))}
    assert found["oracle"].rank == 0 and not found["oracle"].possible_best and found["a"].possible_best


def test_direction_is_declared_once():
    assert direction("true.victimisations") == "fewer" and direction("trust") == "more"
    assert direction("stops", "fewer") == "fewer"
    with pytest.raises(SpecError, match="not declared"):
        direction("stops")
    with pytest.raises(SpecError, match="declared to be better with fewer"):
        direction("true.theft", "more")
