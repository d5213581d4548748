"""The statistics of the facts against libraries of the field, worked examples and worlds whose answer is known."""

import numpy as np
import pytest
from made_records import made

from analysis.facts import ages, areas, chronic, hours, journeys, near_repeat, nulls, recidivism, repeats, together
from analysis.facts.base import MEASURES, Unscored, facts, load
from analysis.facts.concentration import variance_shares


def test_every_fact_is_measured_or_says_why_not():
    load()
    for fact in facts().values():
        assert bool(fact.reason) + bool(fact.trial) + (fact.id in MEASURES) == 1, fact.id
        assert not fact.null or fact.null in nulls.NULLS, fact.id
        assert (fact.label == "calibrated") >= (fact.tier == "C"), fact.id


def test_tables_of_concentration_by_chance():
    """Poisson counts of one event a place: half of them on 19.9 % of places, generalised Gini 0.52."""
    run = made(n=100_000, width=500, height=200, days=365)
    load()
    assert MEASURES["F01a"](run) == pytest.approx(19.9, abs=0.4)
    assert MEASURES["F01b"](run) == pytest.approx(7.6, abs=0.3)
    assert MEASURES["F01c"](run) == pytest.approx(0.52, abs=0.01)
    assert MEASURES["F01d"](run) == pytest.approx(1.0, abs=0.02)


def test_a_lognormal_surface_is_as_concentrated_as_published_and_stays_where_it_is():
    run = nulls.deal("N1", made(n=400_000, width=500, height=200))
    load()
    assert 2.5 < MEASURES["F01a"](run) < 6.0  # between the spreads of 1.5 and 2.0 that bracket it
    assert MEASURES["F01f"](run).value > 0.3
    assert MEASURES["F01f"](nulls.deal("wandering", run)).value < 0.1


def test_variance_is_divided_between_streets_and_neighbourhoods():
    rng = np.random.default_rng(1)
    group = np.repeat(np.arange(400), 50)
    risk = np.exp(rng.normal(0, 0.6, 400)[group] + rng.normal(0, 0.9, len(group)))
    within, between = variance_shares(rng.poisson(2 * risk).astype(float), group)
    assert between == pytest.approx(0.36, abs=0.1) and within == pytest.approx(0.81, abs=0.15)
    within, between = variance_shares(rng.poisson(2.0 * np.exp(rng.normal(0, 0.9, len(group)))).astype(float), group)
    assert between < 0.02


def test_variance_shares_agree_with_a_mixed_model():
    """With many events a place Poisson noise is small, and a linear mixed model of log counts sees the same."""
    mixed = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(2)
    group = np.repeat(np.arange(60), 30)
    counts = rng.poisson(400 * np.exp(rng.normal(0, 0.4, 60)[group] + rng.normal(0, 0.5, len(group)))).astype(float)
    fit = mixed.MixedLM(np.log(counts), np.ones((len(counts), 1)), group).fit()
    theirs = fit.scale / (fit.scale + fit.cov_re[0, 0])
    within, between = variance_shares(counts, group)
    assert within / (within + between) == pytest.approx(theirs, abs=0.06)


def test_knox_agrees_with_pointpats():
    pointpats = pytest.importorskip("pointpats")
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 3000, (2, 400))
    day = rng.integers(0, 200, 400)
    ours = near_repeat.knox(x, y, day, [(-1, 200)], [(0, 14)], permutations=199)
    theirs = pointpats.Knox(np.column_stack([x, y]), day[:, None].astype(float), 200, 14, permutations=199)
    assert ours.observed[0, 0] == theirs.statistic_
    assert ours.p[0, 0] == pytest.approx(theirs.p_sim, abs=0.12)


def test_knox_sees_contagion_and_no_fixed_surface():
    fixed = nulls.deal("N1", made(n=3_000, width=100, height=100, types=("burglary",)))
    assert near_repeat.burglary(fixed).value == pytest.approx(1.0, abs=0.05)
    e = fixed.events
    again = np.random.default_rng(4).random(len(e["day"])) < 0.3
    shift = lambda name, by: np.concatenate([e[name], e[name][again] + by])  # noqa: E731
    more = {name: np.concatenate([v, v[again]]) for name, v in e.items()}
    more.update(x=shift("x", 80.0), day=np.clip(shift("day", 3), 0, 729))
    found = near_repeat.burglary(fixed.with_events(**more))
    assert found.value > 1.2 and found.holds


def test_poisson_share_of_the_most_victimised():
    for mean, share in ((1.09, 0.147), (0.5, 0.204), (0.2, 0.309), (0.1, 0.48)):
        assert repeats.poisson_share_of_top(mean, 0.043) == pytest.approx(share, abs=0.005)
    counts = np.random.default_rng(5).poisson(1.09, 200_000)
    assert repeats.share_of_top(counts, 0.043) == pytest.approx(0.147, abs=0.002)


def test_repeats_are_what_random_targets_would_give():
    run = nulls.deal("same_targets", made(n=5_000, days=365))
    assert repeats.concentration(run) == pytest.approx(1.0, abs=0.1)


def test_journeys_to_random_targets_are_as_long_as_opportunity():
    run = made(n=4_000, types=("robbery", "burglary"))
    assert journeys.against_opportunity(run) == pytest.approx(1.0, abs=0.03)
    home = run.people["place"][run.row_of(run.events["offender"])]
    assert journeys.against_opportunity(run.with_events(place=home)) == 0.0
    assert journeys.median_distance(run.with_events(place=home)) == 0.0


def test_rates_by_age_are_level_when_anybody_offends():
    run = nulls.deal("anybody", made(n=20_000, people=5_000))
    rates = ages.smooth(ages.rates_by_age(run))
    assert rates[2:60].std() / rates.mean() < 0.2
    assert ages.decline(run) < 3


def test_equal_offenders_are_not_chronic():
    run = made(n=6_000, people=3_000)
    assert chronic.of_offenders(nulls.deal("equal_offenders", run)) < 0.25
    few = run.with_events(offender=np.where(np.arange(6_000) % 2, run.events["offender"], 7))
    assert chronic.of_offenders(few) > 0.5


def test_offending_together_is_counted():
    run = made(n=1_000, types=("theft", "robbery"))
    partners = run.events["partners"].copy()
    partners[:300, 0] = 5
    partners[:100, 1] = 6
    run = run.with_events(partners=partners)
    assert together.share_of_offences(run) == pytest.approx(0.3)
    assert together.group_size(run).value == pytest.approx((200 * 2 + 100 * 3) / 300)


def test_survival_agrees_with_statsmodels():
    survival = pytest.importorskip("statsmodels.duration.survfunc")
    rng = np.random.default_rng(6)
    days, happened = rng.integers(1, 900, 300), rng.random(300) < 0.6
    theirs = survival.SurvfuncRight(days.astype(float), happened.astype(float))
    at = np.searchsorted(theirs.surv_times, 365, side="right") - 1
    assert recidivism.survival(days, happened, 365) == pytest.approx(theirs.surv_prob[at])


def test_weekdays_and_seasons():
    run = made(n=20_000, types=("burglary", "robbery"))
    assert hours.daytime_burglary(run) == pytest.approx(1.0, abs=0.1)
    assert hours.robbery_season(run) == pytest.approx(1.0, abs=0.1)
    monday = run.with_events(day=np.zeros(20_000, int), minute=np.full(20_000, 10 * 60))  # 1 January 2024 was a Monday
    assert hours.daytime_burglary(monday) > 1e6
    sunday = run.with_events(day=np.full(20_000, 6), minute=np.full(20_000, 10 * 60))
    assert hours.daytime_burglary(sunday) == 0


def test_areas_follow_disadvantage_and_neighbours():
    pytest.importorskip("esda")
    run = made(n=20_000, types=("robbery",))
    weight = np.exp(3 * run.areas["poverty_rate"][run.places["area"]])
    place = np.random.default_rng(7).choice(400, 20_000, p=weight / weight.sum())
    run = run.with_events(place=place)
    assert areas.disadvantage(run) > 0.9
    assert areas.autocorrelation(run).value > 0.4
    assert areas.neighbours(run, np.arange(10)) == {i: [j for j in (i - 1, i + 1) if 0 <= j < 10] for i in range(10)}
    assert abs(np.mean([areas.disadvantage(nulls.deal("same_areas", made(n=20_000, types=("robbery",), seed=s,
                                                                          place=place))) for s in range(12)])) < 0.4


def test_too_few_events_are_not_scored():
    with pytest.raises(Unscored, match="needs 500 recorded burglaries, the run has 40"):
        near_repeat.burglary(made(n=40, types=("burglary",)))
