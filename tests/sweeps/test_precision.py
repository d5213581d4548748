"""The rule that decides how many replications a comparison gets."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from analysis.effects import runs_needed
from experiments.sweeps.precision import (
    Rule,
    decide,
    enough,
    look,
    mean_over_draws,
    next_replications,
    paired_means,
    read_rule,
)
from sim.errors import SpecError

sys.path[:0] = [str(Path(__file__).parents[1] / "experiments"), str(Path(__file__).parent)]
from command import call, folder_of_work, is_one_clear_line  # noqa: E402
from made_sweep import made_sweep  # noqa: E402


def carry_out(values, baseline, rule, batch=1):
    """Give the rule as many replications as it asks for."""
    n, decision = rule.minimum, None
    while True:
        decision = decide({k: v[:n] for k, v in values.items()}, baseline[:n], rule, batch, decision)
        if decision.replications <= n:
            return n, decision
        n = decision.replications


@pytest.mark.parametrize("wanted", (20, 40, 100))
def test_n_is_near_theory_and_the_interval_covers(wanted):
    """Known variance: n within 20 % of what it asks for, and at least 93 % coverage over 1,000 repeats."""
    sd, effect = 7.0, -3.0
    half = next(h for h in np.geomspace(20, 0.2, 4000) if runs_needed(sd, h) >= wanted)
    rule = Rule(half, maximum=2000)
    rng = np.random.default_rng(20 + wanted)
    used, covers, promised, inside = [], [], [], []
    for _ in range(1000):
        baseline = rng.normal(100, 30, 400)
        arm = baseline + effect + sd * rng.standard_normal(400)
        n, decision = carry_out({"a": arm}, baseline, rule)
        x = decision.options["a"]
        used.append(n)
        covers.append(abs(x.difference - effect) <= x.half_width)
        low, high = x.interval
        promised.append(low <= effect <= high)
        inside.append(decision.reached and x.half_width <= half)
    assert all(inside)
    assert abs(np.mean(used) / wanted - 1) < 0.2 and abs(np.median(used) / wanted - 1) < 0.2
    assert np.mean(covers) >= 0.93
    assert np.mean(promised) >= 0.94


def test_a_share_of_the_difference_or_of_the_baseline():
    rng = np.random.default_rng(3)
    covers = []
    for _ in range(300):
        baseline = rng.normal(200, 20, 1000)
        arm = baseline - 20 + 5 * rng.standard_normal(1000)
        n, decision = carry_out({"a": arm}, baseline, Rule(0.1, "difference", maximum=1000))
        x = decision.options["a"]
        assert decision.reached and x.half_width <= 0.1 * abs(x.difference)
        covers.append(abs(x.difference + 20) <= x.half_width)
    assert np.mean(covers) > 0.9
    x = look(arm, baseline, Rule(0.05, "baseline"))
    assert x.wanted == pytest.approx(0.05 * baseline.mean())


def test_all_options_must_reach_it_and_share_the_number():
    rng = np.random.default_rng(4)
    base = rng.normal(size=400)
    quiet, noisy = base + 0.1 * rng.normal(size=400), base + 2 * rng.normal(size=400)
    n, decision = carry_out({"quiet": quiet, "noisy": noisy}, base, Rule(0.5, maximum=400))
    assert decision.reached and decision.options["quiet"].reached
    assert 0.5 * runs_needed(2, 0.5) < n < 2 * runs_needed(2, 0.5)
    alone, _ = carry_out({"quiet": quiet}, base, Rule(0.5, maximum=400))
    assert alone == Rule(0.5).minimum


def test_it_never_stops_before_the_pilot_nor_goes_beyond_the_maximum():
    base = np.zeros(30)
    assert not enough(base[:9], base[:9], Rule(1.0, minimum=10))
    assert next_replications({"a": base[:3]}, base[:3], Rule(1.0, minimum=12)) == 12
    noise = 100 * np.random.default_rng(5).normal(size=30)
    n, decision = carry_out({"a": noise}, base, Rule(0.01, maximum=30))
    assert n == 30 and not decision.reached and "30 pairs" in decision.why


def test_no_effect_at_all_is_precise_at_once():
    base = np.arange(15.0)
    assert decide({"a": base}, base, Rule(0.1, "difference")).reached


def test_batches_are_rounded_up():
    rng = np.random.default_rng(6)
    base, arm = np.zeros(15), rng.normal(size=15)
    assert next_replications({"a": arm}, base, Rule(0.1, maximum=1000), batch=8) % 8 == 0
    assert next_replications({"a": arm}, base, Rule(0.1, maximum=17), batch=8) == 17


def test_missing_pairs_are_made_up_for_but_not_for_ever():
    rng = np.random.default_rng(7)
    base, arm = np.zeros(20), rng.normal(size=20)
    arm[[3, 7]] = np.nan
    rule = Rule(0.2, maximum=500)
    first = decide({"a": arm}, base, rule)
    assert first.options["a"].pairs == 18 and first.replications > 20
    longer = np.concatenate([arm, np.full(30, np.nan)])
    second = decide({"a": longer}, np.zeros(50), rule, before=first)
    assert second.replications == 50 and not second.reached and "failed" in second.why


def test_what_is_not_known_can_be_stored():
    said = decide({"a": np.full(15, math.nan)}, np.zeros(15), Rule(0.1)).as_dict()
    assert json.loads(json.dumps(said, allow_nan=False))["options"]["a"]["half_width"] is None


def test_draws_of_a_design_are_averaged_within_a_replication():
    x = np.array([[1.0, 2, 3], [3, 4, 5], [9, math.nan, 9]])
    assert mean_over_draws(x).tolist() == [2, 3, 4]


def test_arms_are_averaged_over_the_same_draws():
    """Draws differ by hundreds: a mean over other draws in one arm would be taken for an effect."""
    base = np.array([[100.0, 101, 102], [500, 501, 502], [900, 901, 902]])
    arm = base - 5
    arm[2, 1] = math.nan
    means = paired_means({"baseline": base, "a": arm})
    assert (means["a"] - means["baseline"]).tolist() == [-5, -5, -5]
    alone = paired_means({"baseline": base[2:], "a": arm[2:]})
    assert math.isnan(alone["a"][1]) and (alone["a"] - alone["baseline"])[[0, 2]].tolist() == [-5, -5]


def test_the_rule_is_read_from_the_experiment_file():
    assert read_rule({"half_width": 20, "max": 60}, "x") == Rule(20.0, maximum=60)
    assert read_rule({"half_width": 0.1, "relative": True, "min": 20, "max": 60, "outcome": "true.theft"}, "x") == Rule(
        0.1, "difference", 20, 60, "true.theft")
    assert "10 % of the baseline" in str(read_rule({"half_width": 0.1, "relative": "baseline", "max": 60}, "x"))


@pytest.mark.parametrize("given, key", [
    ({}, "half_width"), ({"half_width": 0}, "half_width"), ({"half_width": True, "max": 20}, "half_width"),
    ({"half_width": math.nan, "max": 20}, "half_width"), ({"half_width": 2, "relative": True, "max": 20}, "half_width"),
    ({"half_width": 1}, "max"), ({"half_width": 1, "max": 10}, "max"), ({"half_width": 1, "min": 9, "max": 20}, "min"),
    ({"half_width": 1, "max": 2.5}, "max"), ({"half_width": 1, "relative": "mean", "max": 20}, "relative"),
    ({"half_width": 1, "max": 20, "maximum": 2}, "maximum"), ([1], "precision"),
    ({"half_width": 1, "max": 20, "outcome": 3}, "outcome"),
])
def test_a_mistake_in_the_rule_is_one_line_with_its_key(given, key):
    with pytest.raises(SpecError) as caught:
        read_rule(given, "my.yaml: precision")
    assert str(caught.value).startswith("my.yaml: precision") and key in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_failed_run_of_a_sweep_is_no_effect(tmp_path):
    """Draws differ far more than arms do; a look at a sweep in which one arm lacks a run must not see that."""
    from experiments.sweeps.looking import look as look_at

    folder = made_sweep(tmp_path, draws=4, replications=12, leave_out={("light", 0, 5)}, effect=lambda *_: 0.0)
    found = look_at(folder, Rule(100.0, minimum=10, maximum=12))
    assert found.reached and abs(found.options["light"].difference) < 2 and found.options["light"].half_width < 2
    assert found.options["light"].pairs == 12


def test_compare_goes_on_until_the_rule_ends_it(tmp_path):
    (tmp_path / "q.yaml").write_text(
        "question: x\nprecision: {half_width: 0.01, min: 10, max: 12}\n"
        "arms:\n  alone: ['interactions=false']\n", encoding="utf-8")
    small = ["city.residents=2000", "years=0.03", "burn_in_years=0.02", "engine=serial", "seed=3"]
    with folder_of_work(tmp_path):
        done = call("compare", "experiment=q.yaml", *small, "out=long")
        assert done.status == 0, done.err
        short = call("compare", "experiment=q.yaml", *small, "replications=2", "out=short")
        assert short.status == 0 and "takes the place" in short.out
    manifest = json.loads((tmp_path / "long" / "manifest.json").read_text())
    said = manifest["precision"]
    assert [x["replications"] for x in said["looks"]] == [12, 12] and not said["reached"] and "12 pairs" in said["why"]
    assert manifest["replications"] == said["replications"] == 12 and manifest["runs"]["done"] == 48
    assert manifest["experiment"]["precision"]["half_width"] == 0.01
    assert "not reached" in done.out
    report = (tmp_path / "long" / "report.html").read_text(encoding="utf-8")
    assert "Replications until the half-width" in report and "not reached" in report
    assert json.loads((tmp_path / "short" / "manifest.json").read_text())["precision"] is None


def test_a_file_says_either_how_many_or_how_precise(tmp_path):
    (tmp_path / "q.yaml").write_text("replications: 3\nprecision: {half_width: 1, max: 12}\narms:\n  a: []\n")
    with folder_of_work(tmp_path):
        done = call("compare", "experiment=q.yaml")
    assert not is_one_clear_line(done) and "found both" in done.err
