"""When a fact counts, and the statistics of experiments on made arms."""

import dataclasses
import json

import numpy as np
import pytest

from analysis.facts import trial_arms, trial_sides, trials
from analysis.facts.base import Unscored, facts
from analysis.facts.scoring import Sample, counted, groups, sample_of, score_all
from analysis.facts.trial_statistics import STATISTICS, size_counts, slopes
from sim.records import CODE
from sim.spec import build, merge


def values(*numbers, holds=True):
    return sample_of([{"value": v, "holds": holds, "note": ""} for v in numbers])


def score(model, null=None, fact="F01c"):
    worlds = {"model": {fact: model}, **({facts()[fact].null: {fact: null}} if null else {})}
    return next(s for s in score_all(worlds) if s.fact.id == fact)


def test_a_fact_counts_only_when_its_null_fails():
    good, bad = values(0.7, 0.75, 0.8, 0.7, 0.7), values(0.3, 0.3)
    assert score(good, bad).state == "passes" and score(good, bad).counts
    assert score(good, values(0.7, 0.7)).state == "passes, null passes too"
    assert score(good).state == "passes, null not tested" and not score(good).counts
    assert score(good, sample_of([{"reason": "no such thing"}])).state == "passes, null not tested"
    assert score(bad, bad).state == "fails"


def test_four_fifths_of_the_seeds_must_lie_in_the_interval_with_their_conditions():
    assert score(values(0.7, 0.7, 0.7, 0.7, 0.1), values(0.1)).state == "passes"
    assert score(values(0.7, 0.7, 0.7, 0.1, 0.1), values(0.1)).state == "fails"
    assert score(values(0.7, 0.7, holds=False), values(0.1)).state == "fails"


def test_equal_is_not_more():
    """A null that makes two shares equal gives a difference of zero, at the end of the interval."""
    from analysis.facts.scoring import within

    assert facts()["F16d"].low == 0 and not within(facts()["F16d"], 0.0) and within(facts()["F16d"], 0.01)
    both = dataclasses.replace(facts()["F16d"], low=-0.1)  # about equal: here zero is what is wanted
    assert within(both, 0.0) and not within(facts()["F16d"], -0.01)
    assert facts()["F16c"].low == 0 and within(facts()["F16c"], 0.0)


def test_what_cannot_be_measured_is_not_scored_and_says_why():
    found = score(sample_of([{"reason": "needs 500 recorded burglaries, the run has 40"}] * 3), fact="F02a")
    assert found.state == "not scored" and "needs 500" in found.reason
    assert next(s for s in score_all({}) if s.fact.id == "F13d").reason == facts()["F13d"].reason


def test_calibrated_facts_are_never_success():
    found = score(values(5.0, 5.0), fact="F11a")
    assert found.fact.tier == "C" and not found.counts
    assert counted([found])["facts"] == 0
    joint = score(values(0.3, 0.3), values(0.01), fact="F07a")  # tier B, but `joint` was calibrated with it in view
    assert joint.state == "passes" and joint.fact.tier == "B" and not joint.counts


def test_every_group_has_its_facts():
    assert len(groups(score_all({}))) == 9 and not any(whole for _, _, whole in groups(score_all({})))


def side(cells, kinds, days=None, rest=None, width=20):
    n = len(cells)
    days = np.zeros(n, int) if days is None else days
    zero = np.zeros(n, int)
    return trial_sides.Side(
        np.asarray(days), zero, np.asarray(cells), np.array([CODE[k] for k in kinds]), zero + 1, zero, zero,
        {"width": np.array([width]), "inside": np.arange(width * width), **(rest or {})})


def seeds(treated_effect, buffer_effect=0.0, n=4, control_effect=0.0):
    """Arms in which a share of events at treated and buffer places is missing."""
    treated, control, near = 205, 390, 206
    base = [treated] * 100 + [near] * 100 + [control] * 100

    def arm(share_t, share_b, share_c):
        return ([treated] * round(100 * (1 - share_t)) + [near] * round(100 * (1 - share_b))
                + [control] * round(100 * (1 - share_c)))

    out = []
    for _ in range(n):
        cells = arm(treated_effect, buffer_effect, control_effect)
        places = {"treated_cells": np.array([treated]), "control_cells": np.array([control])}
        out.append({"baseline": side(base, ["theft"] * len(base)),
                    "hot_spots": side(cells, ["theft"] * len(cells), rest=places)})
    return out


def value(fact, some):
    """Value of a statistic on the pairs of some seeds."""
    statistic = STATISTICS[fact]
    return statistic.value(trials.stack([statistic.counted(c) for c in some]))


def cases(trial, world, sides):
    return [trial_sides.case(trial, world, s, k) for k, s in enumerate(sides)]


def test_displacement_and_diffusion():
    assert value("F16a", cases("hot_spots", "model", seeds(0.5, 0.25))) == pytest.approx(0.5)
    assert value("F16a", cases("hot_spots", "model", seeds(0.5, -0.25))) == pytest.approx(-0.5)
    assert value("F16a", cases("hot_spots", "full_displacement", seeds(0.5))) == pytest.approx(-1.0)
    with pytest.raises(Unscored, match="no fall"):
        value("F16a", cases("hot_spots", "model", seeds(0.0)))
    assert value("F16b", cases("hot_spots", "model", seeds(0.5, 0.1))) == pytest.approx(-10)


def market(price, sales=1.0, days=364):
    price = np.full(days, price) if np.isscalar(price) else np.asarray(price)
    return side([], [], rest={"drugs.price": price, "drugs.sales": np.full(days, sales), "population": price})


def case(base, arm):
    none = np.empty(0, int)
    return trial_sides.Case(base, arm, none, none, none)


def test_weeks_until_prices_recover():
    shock = np.ones(364)
    shock[14:98] = 2.0
    assert value("F15d", [case(market(1.0), market(shock))]) == 14
    assert value("F15d", [case(market(1.0), market(1.05))]) == 0
    assert value("F15d", [case(market(1.0), market(2.0))]) == 100


def test_elasticities_of_the_market():
    assert value("F15f", [case(market(1.0, 100), market(2.0, 100 / np.sqrt(2)))]) == pytest.approx(-0.5)
    fixed = cases("dear_drugs", "fixed_budget", [{"baseline": market(1.0, 100), "dear_drugs": market(2.0, 90)}])
    assert value("F15f", fixed) == pytest.approx(-1.0)


def test_the_half_hour_after_a_visit():
    """Events at other times are as dense as they are after glances; after long stays there are half as many."""
    cell = np.zeros(365, int)
    start = np.arange(365) * 1440 + 600

    def watched(minutes, after):
        when = np.concatenate([start[:after] + minutes + 10, start + minutes + 400])
        rest = {"treated_cells": np.array([0]), "visit_cell": cell, "visit_start": start,
                "visit_minutes": np.full(365, minutes)}
        made = side(np.zeros(len(when), int), ["theft"] * len(when), when // 1440, rest)
        return dataclasses.replace(made, minute=when % 1440)

    found = dataclasses.replace(case(watched(13, 100), watched(13, 100)), glances=watched(1, 200))
    assert value("F17a", [found]) == pytest.approx(0.5, abs=0.02)


def test_exponents_of_cities():
    people = (1000, 4000, 16000)
    made = []
    for n in people:
        kinds = ["robbery"] * round(n**1.2 / 50) + ["theft"] * round(n**1.1 / 10) + ["burglary"] * round(n / 10)
        made.append(size_counts(side(np.zeros(len(kinds), int), kinds, rest={"population": np.full(365, float(n))})))
    serious, theft = slopes({k: np.array([[m[k] for m in made]]) for k in made[0]})
    assert serious == pytest.approx(1.2, abs=0.01) and theft == pytest.approx(0.1, abs=0.01)


def test_the_world_without_effect_sets_half_of_the_baselines_against_the_other_half():
    found = trials.without_effect("F19", {"base.violence": np.arange(5.0), "arm.violence": np.zeros(5)})
    assert found["base.violence"].tolist() == [0, 1] and found["arm.violence"].tolist() == [2, 3]
    with pytest.raises(Unscored, match="two seeds"):
        trials.without_effect("F19", {"base.violence": np.ones(1), "arm.violence": np.ones(1)})
    same = trials.without_effect("F17a", {"base.after": np.ones(2), "arm.after": np.zeros(2)})
    assert same["arm.after"].tolist() == same["base.after"].tolist()


def test_counts_of_seeds_are_kept_and_score_without_the_events(tmp_path):
    for k, made in enumerate(seeds(0.5, 0.25, n=3)):
        place = tmp_path / "trials" / str(k)
        place.mkdir(parents=True)
        kept = {f"{arm}|{name}": values for arm, s in made.items() for name, values in {**vars(s), **s.rest}.items()
                if name != "rest"}
        np.savez(place / trials.OUTCOMES, **kept)
        assert not trials.is_counted(place)
        (place / trials.COUNTED).write_text(json.dumps(trials.count_seed(place)))
        assert trials.is_counted(place)
        (place / trials.OUTCOMES).unlink()
    found = trials.score_trials(tmp_path)
    assert found["model"]["F16a"].centre == pytest.approx(0.5)
    assert found["full_displacement"]["F16a"].centre == pytest.approx(-1.0)
    assert found["model"]["F19"].reasons == ["not counted"]


def test_bootstrap_samples_are_of_seeds():
    found = trials.sample(lambda rows: float(np.mean([[1.0, 2.0, 3.0][i] for i in rows])), 3)
    assert found.centre == 2.0 and 1.0 <= min(found.values) < max(found.values) <= 3.0
    assert isinstance(found, Sample)


def test_every_arm_and_null_world_is_a_valid_specification():
    from analysis.facts.nulls import NULLS, WORLDS

    arms = (*trial_arms.all_arms().values(), *trial_arms.size_arms().values())
    for change in (*arms, *(NULLS[w].change for w in WORLDS)):
        build(merge({"city": {"residents": 2_000}}, change))
    for fact in facts().values():
        assert not fact.trial or fact.trial == "sizes" or fact.trial in trial_arms.ARMS
        assert not fact.trial or fact.trial == "sizes" or fact.id in STATISTICS


def test_an_arm_that_ends_early_is_the_start_of_the_whole_one():
    from experiments.paired import run_pairs
    from experiments.watch import trial_outcome

    base = {"city": {"residents": 3_000}, "years": 0.2, "burn_in_years": 0.1}
    patrol = {"intervention": {"foot_patrol": {"start": 0, "end": 10, "share": 0.03, "trial": True}}}
    arms = {"whole": patrol, "short": {**patrol, "years": 30 / 365}}
    found = run_pairs(base, arms, [3], outcome=trial_outcome).values
    seen = found["whole"]["day"][0] < 30
    for name in ("day", "minute", "cell", "kind", "recorded"):
        assert np.array_equal(found["whole"][name][0][seen], found["short"][name][0]), name
