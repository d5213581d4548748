"""Interventions at places: who is on the list, what is done there, what it costs."""

import numpy as np
import pytest

from sim.interventions import selection
from sim.interventions.hot_spots import visits_cost
from sim.records import CODE

PLAN = {"start": 1, "share": 0.1}


def visited(model, days: int = 1) -> np.ndarray:
    """Visits begun in each cell over some days."""
    count = np.zeros(model.city.grid.cells, int)
    for _ in range(days * model.calendar.ticks_per_day):
        model.step()
        v = model.visits
        count += np.bincount(v.cell[v.start >= 0], minlength=len(count))
    return count


def test_hot_spots_are_the_places_the_police_believe_in(town):
    model = town(1, hot_spots_patrol=PLAN)
    cells = model.interventions["hot_spots_patrol"].state["treated_cells"]
    streets = selection.street_cells(model)
    believed = model.layers["believed"]
    assert len(cells) == selection.share_of(streets, 0.1)
    assert believed[cells].min() >= np.sort(believed[streets])[-len(cells)]
    assert set(cells) <= set(streets)


def test_what_nobody_recorded_moves_only_the_perfect_informed(town, add_events):
    arms = {"hot_spots_patrol": PLAN, "problem_oriented_places": PLAN, "street_lighting": PLAN,
            "perfect_information_patrol": PLAN}
    plain, model = town(0, **arms), town(0, **arms)
    quiet = selection.street_cells(model)[-3:]
    add_events(model, np.repeat(quiet, 30), minute=60, recorded=False, kind=CODE["robbery"])
    for name in arms:
        one, other = (_chosen(m, name) for m in (plain, model))
        assert np.array_equal(one, other) == (name != "perfect_information_patrol"), name
    assert set(quiet) <= set(model.interventions["perfect_information_patrol"].state["treated_cells"])


def _chosen(model, name):
    model.interventions[name].begin(model)
    return model.interventions[name].state["treated_cells"]


def test_a_trial_treats_half_of_the_list(town):
    whole = town(1, hot_spots_patrol=PLAN).interventions["hot_spots_patrol"].state
    trial = town(1, hot_spots_patrol={**PLAN, "trial": True}).interventions["hot_spots_patrol"].state
    treated, control = set(trial["treated_cells"]), set(trial["control_cells"])
    assert treated | control == set(whole["treated_cells"]) and not treated & control
    assert 0 <= len(treated) - len(control) <= 1


def test_random_placement_costs_the_same_elsewhere(town):
    model = town(2, hot_spots_patrol=PLAN, same_cost_random=PLAN)
    hot, random = (model.interventions[n] for n in ("hot_spots_patrol", "same_cost_random"))
    assert hot.cost(model, 1.0) == random.cost(model, 1.0) > 0
    assert hot.cost(model, 0.5) == pytest.approx(hot.cost(model, 1.0) / 2)
    assert len(np.intersect1d(hot.state["treated_cells"], random.state["treated_cells"])) < len(hot.state["treated_cells"])  # noqa: E501
    costs = model.series.columns()
    assert costs["cost.hot_spots_patrol"][-1] == hot.cost(model, 1.0)


def test_cost_of_visits():
    class Patrol:
        params = type("P", (), {"travel_minutes": 5.0, "crew": 2.0})

    model = type("M", (), {"mechanisms": {"patrol": Patrol}})
    plan = type("P", (), {"visits_per_day": 6.0, "minutes": 15.0, "officer_year": 100_000.0, "officer_hours": 1_600.0})
    assert visits_cost(model, plan, 10) == pytest.approx(10 * 6 * 20 / 60 * 2 * 100_000 / 1_600)


@pytest.mark.parametrize("name", ["hot_spots_patrol", "same_cost_random", "perfect_information_patrol"])
def test_officers_come_to_the_treated_places(town, name):
    plan = {**PLAN, "visits_per_day": 4.0, "extra": True}
    base, model, double = town(1), town(1, **{name: plan}), town(1, **{name: {**plan, "strength": 2.0}})
    cells = model.interventions[name].state["treated_cells"]
    before, after, twice = visited(base, 4), visited(model, 4), visited(double, 4)
    assert after[cells].sum() - before[cells].sum() == pytest.approx(4 * 4 * len(cells), abs=len(cells))
    assert twice[cells].sum() - before[cells].sum() == pytest.approx(2 * 4 * 4 * len(cells), abs=len(cells))
    assert after.sum() > before.sum()


def test_without_extra_officers_other_places_pay(town):
    base, model = town(1), town(1, hot_spots_patrol=PLAN)
    before, after = visited(base, 4), visited(model, 4)
    cells = model.interventions["hot_spots_patrol"].state["treated_cells"]
    elsewhere = np.setdiff1d(np.arange(len(before)), cells)
    assert after[cells].sum() > before[cells].sum()
    assert after[elsewhere].sum() < before[elsewhere].sum()


def test_the_list_is_reviewed_when_asked(town):
    model = town(1, hot_spots_patrol={**PLAN, "review_days": 2})
    first = model.interventions["hot_spots_patrol"].state["treated_cells"]
    model.layers["believed"][:] = 0
    late = selection.street_cells(model)[-2:]
    model.layers["believed"][late] = 100
    model.run_days(3)
    now = model.interventions["hot_spots_patrol"].state["treated_cells"]
    assert set(late) <= set(now) and not np.array_equal(first, now)


def test_lamps_stand_where_it_is_dark(town, add_events):
    model = town(0, street_lighting={"start": 1})
    streets, light = selection.street_cells(model), model.layers["light"]
    dark = streets[light[streets] < 0.6]
    assert len(dark) > 1
    worst = dark[-1:]
    add_events(model, np.repeat(worst, 3), minute=60, recorded=True, kind=CODE["robbery"])
    add_events(model, np.repeat(dark[:1], 3), minute=720, recorded=True, kind=CODE["robbery"])
    model.run_days(1)
    cells = model.interventions["street_lighting"].state["treated_cells"]
    added = model.levers["light"]
    assert worst[0] in cells and set(cells) <= set(dark)
    assert np.allclose((light + added)[cells], 0.9) and (np.delete(added, cells) == 0).all()
    strong = town(1, street_lighting={"start": 1, "strength": 10.0})
    assert (strong.layers["light"] + strong.levers["light"]).max() <= 1.0 + 1e-6


def test_problem_solving_outlasts_the_officers(town, add_events):
    plan = {**PLAN, "analysis_days": 2, "presence_days": 2}
    model = town(0, problem_oriented_places=plan)
    top = np.argsort(-model.layers["believed"], kind="stable")[:2]
    add_events(model, np.repeat(top[:1], 5), minute=720, recorded=True, kind=CODE["burglary"], outdoors=False)
    add_events(model, np.repeat(top[1:], 5), minute=60, recorded=True, kind=CODE["robbery"])
    seen = []
    for _ in range(6):
        model.run_days(1)
        orders = model.levers["visits"]
        seen.append((sum(o["per_day"] for o in orders), float(model.levers["management"].sum())))
    visits, managed = np.array(seen).T
    assert (visits > 0).tolist() == [False, False, True, True, False, False]  # planned for days 1 ... 6
    assert (managed > 0).tolist() == [False, False, True, True, True, True]
    state = model.interventions["problem_oriented_places"].state
    assert top[0] in state["secured"] and top[1] in state["lit"]
    assert top[0] not in state["lit"] and top[1] not in state["secured"]
    assert model.levers["security"][top[0]] > 0 and model.levers["light"][top[1]] > 0
    cost = model.series.columns()["cost.problem_oriented_places"]
    assert (np.nan_to_num(cost) > 0).tolist() == [False, False, False, True, True, False]
