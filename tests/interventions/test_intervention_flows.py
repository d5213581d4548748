"""Interventions beyond the city's streets: treatment and supply."""

import pytest


def test_slots_follow_the_population_and_the_dose(town):
    model = town(1, treatment_expansion={"start": 1, "slots_per_1000": 5.0, "strength": 0.5})
    i = model.interventions["treatment_expansion"]
    assert model.levers["treatment_slots"] == pytest.approx(0.5 * 5.0 * len(model.residents) / 1000)
    assert i.cost(model, 1.0) == pytest.approx(5.0 * len(model.residents) / 1000 * 4_000 / 365)


def test_slots_build_up_over_a_ramp(town):
    model = town(0, treatment_expansion={"start": 1, "ramp_days": 4})
    seen = []
    for _ in range(5):
        model.run_days(1)
        seen.append(model.levers["treatment_slots"])
    assert seen == pytest.approx([seen[-1] * x for x in (0.25, 0.5, 0.75, 1, 1)])


def test_nothing_seizes_all_shipments(town):
    assert town(1, supply_interdiction={"start": 1}).levers["interdiction"] == pytest.approx(0.3)
    assert town(1, supply_interdiction={"start": 1, "strength": 10.0}).levers["interdiction"] == pytest.approx(0.95)


def test_arms_combine_on_one_lever(town):
    both = town(1, street_lighting={"start": 1}, problem_oriented_places={"start": 1, "analysis_days": 0})
    one = town(1, street_lighting={"start": 1})
    assert (both.levers["light"] >= one.levers["light"]).all()
