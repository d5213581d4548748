"""Jobs, incomes and hardship."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.economy.kernels import JOBLESS, SHIFT, WORKER, choose_site, households
from sim.model import CityModel

OTHERS = ("deterrence", "drugs", "justice", "lifecourse", "offending", "patrol", "reactions", "routines")
ALONE = {name: {"enabled": False} for name in OTHERS}


@pytest.fixture(scope="module")
def people():
    model = CityModel(city={"residents": 6_000}, burn_in_years=0, mechanism=ALONE)
    return model.city, model.snapshot()


def town(people, shock=None, **economy):
    _, snapshot = people
    return CityModel.restore(snapshot, snapshot["spec"].with_(mechanism={"economy": economy}, shock=shock or {}))


def rate(model):
    return model.mechanisms["economy"].record(model)["unemployment"]


def test_unemployment_stays_where_it_starts(people):
    model = town(people)
    start = rate(model)
    seen = []
    for _ in range(24):
        model.run_days(30)
        seen.append(rate(model))
    assert abs(np.mean(seen) - start) < 0.015
    assert np.ptp(seen) > 0  # people do change jobs


def test_a_recession_takes_jobs_and_passes(people):
    model = town(people, shock={"unemployment": {"share": 0.2, "start": 60, "half_life_days": 83.0}})
    calm = town(people)
    for m in (model, calm):
        m.run_days(60)
    assert rate(model) == rate(calm)
    for m in (model, calm):
        m.run_days(30)
    assert rate(model) > rate(calm) + 0.12
    assert model.residents["hardship"].mean() > calm.residents["hardship"].mean()
    for m in (model, calm):
        m.run_days(720)
    assert rate(model) < rate(calm) + 0.04


def test_a_new_job_has_a_place_and_the_jobless_have_none(people):
    model = town(people, job_finding=0.6)
    before = model.residents["routine"].copy()
    model.run_days(30)
    r = model.residents
    hired = (before == JOBLESS) & ((r["routine"] == WORKER) | (r["routine"] == SHIFT))
    assert hired.sum() > 20
    assert (r["anchor"][hired] >= 0).all() and (model.layers["jobs"][r["anchor"][hired]] > 0).all()
    assert (r["anchor"][r["routine"] == JOBLESS] == -1).all()


def test_a_transfer_relieves_the_poor_only(people):
    model, plain = town(people, transfer=60.0), town(people)
    for m in (model, plain):
        m.run_days(30)
    poor = plain.residents["hardship"] > 0.6
    rich = plain.residents["hardship"] < 0.3
    assert model.residents["hardship"][poor].mean() < plain.residents["hardship"][poor].mean() - 0.05
    assert (model.residents["hardship"][rich] == plain.residents["hardship"][rich]).all()


def test_storage_order_does_not_matter(people):
    a, b = town(people), town(people)
    b.rearrange(np.random.default_rng(1).permutation(len(b.residents)))
    for m in (a, b):
        m.run_days(90)
    order = np.argsort(b.residents["id"])
    for column in ("routine", "anchor", "income", "usual", "hardship"):
        assert np.array_equal(a.residents[column], b.residents[column][order]), column


@pytest.mark.parametrize("together", [True, False])
def test_custody_costs_the_job_and_with_interactions_off_changes_nothing(together):
    model = CityModel(city={"residents": 2_000}, burn_in_years=0, interactions=together, mechanism=ALONE)
    r = model.residents
    held = np.flatnonzero(r["routine"] == WORKER)[:40]
    r["custody_until"][held] = 10**6
    model.run_days(30)
    lost = (r["routine"][held] == JOBLESS).mean()
    assert lost == 1.0 if together else lost < 0.3
    assert (r["income"][held] == 0).all() == together


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.floats(0, 2_000, width=32), max_size=5), min_size=1, max_size=8),
       st.floats(1, 900), st.sampled_from([0.0, 50.0]), st.floats(0.5, 8))
def test_households_agree_with_their_statement(homes, line, transfer, slope):
    n = sum(map(len, homes))
    income = np.array([x for home in homes for x in home], np.float32)
    first, after = np.full(len(homes), -1, np.int64), np.full(n, -1, np.int64)
    i = 0
    for h, home in enumerate(homes):
        first[h] = i if home else -1
        for j in range(i, i + len(home) - 1):
            after[j] = j + 1
        i += len(home)
    means, hardship, paid = np.empty(len(homes), np.float32), np.zeros(n, np.float32), income.copy()
    households(0, len(homes), first, after, np.arange(n, dtype=np.int32), line, transfer, slope, means, paid, hardship)
    i = 0
    for h, home in enumerate(homes):
        if not home:
            assert means[h] == -1
            continue
        total, head = float(sum(income[i:i + len(home)].astype(float))), math.sqrt(len(home))
        assert means[h] == pytest.approx(total / head, rel=1e-5)
        if transfer and total < line * head:
            total += transfer * len(home)
        assert hardship[i:i + len(home)] == pytest.approx([1 / (1 + (total / head / line) ** slope)] * len(home),
                                                          rel=1e-4)
        assert float(paid[i:i + len(home)].astype(float).sum()) == pytest.approx(total, rel=1e-4, abs=1e-2)
        i += len(home)


def test_places_are_chosen_by_what_is_there_and_by_nearness():
    width = 60
    jobs = np.zeros(width, np.int64)
    jobs[[5, 50]] = 10
    total = np.cumsum(jobs)
    chosen = [choose_site(np.uint64(1), 7, 0, np.uint64(key), 0, total, width, 10.0) for key in range(400)]
    assert set(chosen) == {5, 50}
    assert chosen.count(5) > 350
    assert choose_site(np.uint64(1), 7, 0, np.uint64(1), 3, np.zeros(width, np.int64), width, 10.0) == 3
