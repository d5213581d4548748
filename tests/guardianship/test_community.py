"""Collective efficacy: where it starts, what wears it down, what builds it, and that nothing else moves it."""

import numpy as np
import pytest

from sim.guardianship import cohesion
from sim.guardianship.community import Community, CommunityParams
from sim.guardianship.neighbourhood import block_mean
from sim.guardianship.reactions import Reactions, ReactionsParams
from sim.model import CityModel
from sim.records import CODE


def town(make, interactions=True, **settings):
    settings = {"efficacy_area": 0.0, "usual_density": 0.0, **settings}
    mechanisms = [Community(CommunityParams(**settings)), Reactions(ReactionsParams())]
    return make(mechanisms, width=24, height=20, interactions=interactions, tick_hours=24)


def act(model, n, kind, cell=50, **more):
    model.log.append(cell=np.full(n, cell), tick=np.full(n, model.tick), minute=np.arange(n) % 240,
                     type=np.full(n, CODE[kind]), offender_id=np.zeros(n), victim_id=np.full(n, -1), **more)


def test_efficacy_starts_as_a_score_and_lower_in_disadvantage(make):
    model = town(make)
    efficacy, area = model.layers["efficacy"], model.city.area
    assert efficacy.mean() == pytest.approx(0, abs=.02) and efficacy.std() == pytest.approx(1, abs=.05)
    assert efficacy[area == 0].mean() > .3 > efficacy[area == 1].mean()


def test_violence_wears_it_down_where_it_happens_and_it_recovers(make):
    model, twin = town(make), town(make)
    act(model, 200, "robbery")
    lost = []
    for _ in range(2):
        for m in (model, twin):
            m.advance(7 if not lost else 3 * 360)
        lost.append(twin.layers["efficacy"] - model.layers["efficacy"])
    p = model.mechanisms["community"].params
    signs = 200 * .5 ** (6 / p.signs_half_life) / 9
    usual = p.usual_signs * .5 ** (7 / p.signs_half_life)
    assert lost[0][50] > .3 and abs(lost[0][400]) < .01
    assert lost[0][50] == pytest.approx(.2 * np.log1p(signs / (1 + usual)), abs=.02)
    assert lost[1][50] < .5 * lost[0][50]


def test_what_neighbours_do_not_see_is_no_disorder(make):
    model = town(make)
    before = model.layers["disorder"].copy()
    act(model, 50, "assault", domestic=np.ones(50, bool))
    act(model, 50, "extortion")
    model.advance()
    assert (model.layers["disorder"] < before).all()


def test_organising_builds_up_to_a_ceiling_and_fades_afterwards(make):
    model, twin = town(make), town(make)
    cells = np.arange(100)
    model.levers.put("test", "organising", cells, 0.6)

    def gain(days):
        for m in (model, twin):
            m.advance(days)
        change = model.layers["efficacy"] - twin.layers["efficacy"]
        assert abs(change[240:]).max() < .01
        return change[:100].mean()

    first, many = gain(364), gain(7 * 364)
    assert .25 < first < .6 and first < many < 1.05
    model.levers.put("test", "organising", cells, 0.0)
    after = gain(910)
    assert .4 * many < after < .65 * many


def test_cleaning_takes_away_lots_and_broken_glass(make):
    model = town(make)
    model.city.layers["vacant_lots"] = np.full(480, 2)
    act(model, 9, "burglary")
    model.advance(7)
    dirty = model.layers["disorder"].copy()
    model.levers.put("test", "cleaned", np.arange(480), 1.0)
    model.advance(7)
    assert (dirty - model.layers["disorder"] > 7.9).all() and dirty[50] - model.layers["disorder"][50] > 10


def test_fear_keeps_neighbours_from_taking_part(make):
    model, twin = town(make), town(make)
    model.residents["fear"][:] = np.minimum(model.residents["fear"] + .3, 1)
    for m in (model, twin):
        m.advance(7)
    assert (twin.layers["efficacy"] - model.layers["efficacy"]).mean() == pytest.approx(.29, abs=.04)


def test_without_interactions_nothing_that_residents_do_moves_it(make):
    model = town(make, interactions=False)
    before = {n: model.layers[n].copy() for n in ("efficacy", "disorder")}
    act(model, 300, "robbery")
    model.residents["fear"][:] = 1
    model.advance(60)
    for name, values in before.items():
        np.testing.assert_allclose(model.layers[name], values, atol=1e-5)


def test_disabled_it_leaves_the_defaults(make):
    model = town(make, enabled=False)
    assert not model.layers["efficacy"].any() and not model.layers["disorder"].any()


def test_shares_of_ties_that_live_near_agree_with_plain_python(make):
    model = town(make)
    r = model.residents
    r["ties"][::7, 0] = -1
    found, home = cohesion.neighbour_ties(model, 600.0), r["home"]
    near, known = np.zeros(480), np.zeros(480)
    for i in range(len(r)):
        for t in r["ties"][i]:
            if t >= 0:
                a, b = home[i], home[t]
                known[a] += 1
                near[a] += ((a % 24 - b % 24) ** 2 + (a // 24 - b // 24) ** 2) ** .5 * model.city.grid.cell_m <= 600
    near, known = (block_mean(block_mean(x, 24), 24) for x in (near, known))
    np.testing.assert_allclose(found, near / known, atol=1e-4)


@pytest.fixture(scope="module")
def places():
    model = CityModel(city={"residents": 3_000}, burn_in_years=0, years=1)
    model.run_days(7)
    return model


def poorer(model, cells):
    r = model.residents
    there = np.isin(r["home"], cells)
    r["hardship"][there] = np.minimum(r["hardship"][there] + .3, 1)


def test_it_follows_hardship_and_turnover_slowly(places):
    saved = places.snapshot()
    base, poor, mobile = (CityModel.restore(saved) for _ in range(3))
    half = np.flatnonzero(np.arange(base.city.grid.cells) % base.city.grid.width < base.city.grid.width // 2)
    lived = np.isin(half, base.residents["home"])
    for model in (base, poor, mobile):
        s, m = model.mechanisms["community"].state, model.mechanisms["community"]
        s["turnover"] = cohesion.around(model, model.residents["moved"] > model.day - 365)
        if model is poor:
            poorer(model, half)
        if model is mobile:
            r = model.residents
            r["moved"][np.isin(r["home"], half) & (r["key"] % 5 == 0)] = model.day
        for _ in range(6):
            m._follow(model, 1_200)
        m._settle(model)
    for model in (poor, mobile):
        fall = (base.layers["efficacy"] - model.layers["efficacy"])[half][lived]
        assert .1 < fall.mean() < .8 and (fall > -1e-6).all()


def test_the_turnover_of_the_first_years_is_what_is_usual(places):
    """A city starts without vacant homes, so its first year has fewer moves than later ones."""
    model = CityModel.restore(places.snapshot())
    m, r = model.mechanisms["community"], model.residents
    seen = []
    for days, moving in ((390, 20), (420, 10), (1_110, 5)):
        r["moved"][r["key"] % moving == 0] = model.day
        m._follow(model, days)
        seen.append(m.state["turnover"].copy())
    assert seen[0].mean() < seen[1].mean() and (seen[2] == seen[1]).all()


def test_a_lever_of_zero_and_storage_order_change_nothing(places):
    saved = places.snapshot()
    logs = []
    for change in ("none", "zero", "shuffled"):
        model = CityModel.restore(saved)
        if change == "zero":
            for lever in ("organising", "cleaned"):
                model.levers.put("test", lever, np.arange(50), 0.0)
            for lever in ("curfew", "bars_closed", "alcohol_price", "reporting_ease"):
                model.levers.put("test", lever, None, 0.0)
        if change == "shuffled":
            model.rearrange(np.random.default_rng(1).permutation(len(model.residents)))
        model.run_days(35)
        logs.append((model.layers["efficacy"].tobytes(), model.layers["disorder"].tobytes(), model.log))
    for other in logs[1:]:
        assert other[:2] == logs[0][:2] and other[2].equals(logs[0][2])
