"""Interventions for people: who is chosen, what reaches them, who drops out."""

import numpy as np
import pytest

from sim.errors import SpecError
from sim.interventions import selection
from sim.spec import build

CBT = {"start": 1, "coverage": 0.5}
JOBS = {"start": 1, "apply_share": 0.9}  # day 2 is the first of July


def restraint_of(model, ids):
    return model.levers["restraint"][model.residents.rows(ids)]


def test_poor_areas_hold_the_share_asked_for(town):
    model = town()
    area = model.residents["area"]
    poverty = model.city.areas.columns["poverty_rate"]
    poor = selection.poor_areas(model, 0.3)
    assert poor[area].mean() >= 0.3
    assert poverty[poor].min() >= poverty[~poor].max()
    assert selection.poor_areas(model, 1.0)[area].all()


def test_cbt_takes_boys_of_poor_areas_by_what_a_school_sees(town):
    model = town(0, youth_cbt=CBT)
    r = model.residents
    age = model.age()
    boys = (age >= 12) & (age <= 18) & (r["sex"] == 1) & selection.poor_areas(model, 0.3)[r["area"]]
    known = r["id"][boys][:3]
    r["arrests"][r.rows(known)] = 2
    model.run_days(1)
    ids = model.interventions["youth_cbt"].state["treated_ids"]
    assert len(ids) == round(0.5 * boys.sum()) > 3
    assert set(ids) <= set(r["id"][boys]) and set(known) <= set(ids)
    assert (restraint_of(model, ids) == 0.5).all()
    assert np.count_nonzero(model.levers["restraint"]) == len(ids)


def test_nobody_is_chosen_for_a_hidden_propensity(town):
    chosen = []
    for sign in (1, -1):
        model = town(0, youth_cbt=CBT, summer_jobs=JOBS)
        for column in ("self_control", "ready_property", "ready_violence", "capital_property", "capital_violence"):
            model.residents[column][:] *= sign
        for name in ("youth_cbt", "summer_jobs"):
            i = model.interventions[name]
            i.begin(model)
            (i._enrol if name == "youth_cbt" else i._lottery)(model)
            chosen.append(i.state["treated_ids"])
    assert np.array_equal(chosen[0], chosen[2]) and np.array_equal(chosen[1], chosen[3])


def test_cbt_fades_after_the_groups(town):
    model = town(1, youth_cbt={**CBT, "weeks": 1, "half_life_days": 2.0})
    i = model.interventions["youth_cbt"]
    assert i.kept(1).tolist() == i.kept(8).tolist() == [1.0] * len(i.state["treated_ids"])
    assert i.kept(10)[0] == 0.5 and i.kept(12)[0] == 0.25
    assert i.cost(model, 1.0) == pytest.approx(len(i.state["treated_ids"]) * 2_300 / 7)
    model.run_days(9)
    ids = i.state["treated_ids"]
    ids = ids[selection.present(model, ids)]
    assert np.allclose(restraint_of(model, ids), 0.25)
    assert i.cost(model, 1.0) == 0


def test_cbt_trial_and_rounds(town):
    model = town(1, youth_cbt={**CBT, "coverage": 0.2, "trial": True, "round_days": 30})
    state = model.interventions["youth_cbt"].state
    first = set(state["treated_ids"])
    assert abs(len(first) - len(state["control_ids"])) <= 1
    assert not first & set(state["control_ids"])
    model.run_days(30)
    assert len(state["treated_ids"]) > len(first)
    everybody = np.concatenate([state["treated_ids"], state["control_ids"]])
    assert len(np.unique(everybody)) == len(everybody)


def test_the_dead_and_the_jailed_are_skipped(town):
    model = town(1, youth_cbt=CBT)
    ids = model.interventions["youth_cbt"].state["treated_ids"]
    model.bury(ids[:1], "other")
    model.residents["custody_until"][model.residents.rows(ids[1])] = model.tick + 1_000
    model.run_days(1)
    assert restraint_of(model, ids[1]) == 0 and (restraint_of(model, ids[2:]) > 0).all()
    model._compact()
    assert ids[0] not in model.residents["id"]
    model.run_days(1)
    assert np.count_nonzero(model.levers["restraint"]) == len(ids) - 2
    late = town(0, youth_cbt=CBT)
    late.residents["custody_until"][late.residents.rows(ids[1])] = late.tick + 1_000
    late.run_days(1)
    assert ids[1] not in late.interventions["youth_cbt"].state["treated_ids"]


def test_summer_jobs_are_drawn_by_lot_in_summer(town):
    model = town(1, summer_jobs=JOBS)
    i, r = model.interventions["summer_jobs"], model.residents
    assert len(i.state["treated_ids"]) == 0 and model.levers["occupied"].sum() == 0
    model.run_days(1)
    treated, control = i.state["treated_ids"], i.state["control_ids"]
    assert len(treated) > 5 and 0 <= len(treated) - len(control) <= 1
    rows = r.rows(np.concatenate([treated, control]))
    assert model.age()[rows].min() >= 14 and model.age()[rows].max() <= 21
    assert not np.isin(r["routine"][rows], (3, 4)).any()
    now = r.rows(treated)
    assert np.allclose(model.levers["occupied"][now], 0.3) and np.allclose(model.levers["earnings"][now], 175)
    assert np.allclose(model.levers["bond"][now], 0.5)
    assert model.levers["occupied"].sum() == pytest.approx(0.3 * len(treated), rel=1e-5)
    assert model.levers["restraint"].sum() == 0
    assert i.cost(model, 1.0) == pytest.approx(len(treated) * 3_800 / 56)


def test_summer_jobs_leave_restraint_behind(town):
    model = town(2, summer_jobs={**JOBS, "weeks": 1})
    model.run_days(7)
    i = model.interventions["summer_jobs"]
    ids = i.state["treated_ids"]
    here = selection.present(model, ids)
    assert model.levers["occupied"].sum() == 0 and model.levers["earnings"].sum() == 0
    gained = restraint_of(model, ids[here])
    assert gained.mean() == pytest.approx(0.32, abs=0.12) and gained.min() >= 0 and gained.max() <= 0.64
    assert len(np.unique(gained)) > len(gained) // 2


def test_a_programme_that_misses_its_season_waits(town):
    model = town(4, summer_jobs={**JOBS, "start": 3})
    assert len(model.interventions["summer_jobs"].state["treated_ids"]) == 0


@pytest.mark.parametrize("name", ["youth_cbt", "summer_jobs"])
def test_ages_must_be_in_order(name):
    with pytest.raises(SpecError, match=rf"intervention.{name}.max_age: expected at least min_age \(20\), found 16"):
        build({"intervention": {name: {"min_age": 20, "max_age": 16}}})
