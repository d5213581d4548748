"""Who is chosen by the families of interventions, and what reaches them."""

import numpy as np
import pytest

from sim import registry
from sim.interventions import selection, survey
from sim.levers import LEVERS
from sim.records import CODE

registry.load()


def ids_of(model, name, which="treated_ids"):
    return model.interventions[name].state[which]


def test_a_trial_of_people_compares_the_named_with_the_named(town):
    model = town(1, mentoring={"trial": True, "coverage": 0.2})
    r, treated, control = model.residents, ids_of(model, "mentoring"), ids_of(model, "mentoring", "control_ids")
    assert 0 <= len(treated) - len(control) <= 1 and not np.intersect1d(treated, control).size
    for ids in (treated, control):
        ages = model.age()[r.rows(ids)]
        assert ages.min() >= 10 and ages.max() <= 18
    assert (model.levers["bond"][r.rows(treated)] == 1).all() and model.levers["bond"].sum() == len(treated)


def test_what_was_gained_fades_after_the_programme(town):
    plan = {"weeks": 1, "half_life_days": 7.0, "rounds": 1, "round_days": 7}
    model, seen = town(0, line_up_live_up=plan), []
    for _ in range(22):
        row = model.residents.rows(ids_of(model, "line_up_live_up")[:1])
        seen.append((float(model.levers["restraint"][row][0]), float(model.levers["occupied"][row][0])))
        model.run_days(1)
    gain, busy = np.array(seen).T
    assert gain[:7] == pytest.approx(0.1) and gain[14] == pytest.approx(0.05) and gain[21] == pytest.approx(0.025)
    assert (busy[:7] > 0).all() and (busy[7:] == 0).all()
    assert model.interventions["line_up_live_up"].state["rounds"] == 1


def test_places_are_limited(town):
    model = town(1, drug_use_prevention={"coverage": 1.0, "places_per_1000": 5.0})
    assert len(ids_of(model, "drug_use_prevention")) == round(5 * model.residents["alive"].sum() / 1000)


def test_transfers_reach_one_adult_of_poor_homes_with_pupils(town):
    model = town(1, cash_transfers={"coverage": 1.0, "errors": 0.0})
    r, ids = model.residents, ids_of(model, "cash_transfers")
    rows = r.rows(ids)
    assert len(ids) and (model.age()[rows] >= 18).all() and (r["hardship"][rows] > 0.5).all()
    assert len(np.unique(r["dwelling"][rows])) == len(rows)
    age = model.age()
    pupils = r["dwelling"][(age >= 6) & (age <= 17) & (r["routine"] == 1)]
    assert np.isin(r["dwelling"][rows], pupils).all()


def test_notified_are_members_of_violent_groups_as_officers_know_them_then_the_arrested(town):
    model = town(0)
    model.residents["arrests"][:] = 0
    model.residents["arrests"][3:30] = 1
    model.residents["group"][:5] = 7
    model.residents["group"][40:45] = 8  # a group that no recorded violence is ascribed to
    add = dict(tick=np.full(3, max(model.tick - 1, 0)), cell=np.zeros(3, int), type=np.full(3, CODE["assault"]),
               group=np.full(3, 7), recorded=np.ones(3, bool))
    model.log.append(minute=np.zeros(3), offender_id=np.arange(3), **add)
    cls = registry.INTERVENTIONS["focused_deterrence"]

    def treated(audit):
        plan = cls(cls.Params(members_per_1000=3.0, accept=0.5, audit=audit))
        model.levers._given["certainty"].clear()
        plan.begin(model)
        plan.apply(model, 1.0)
        return plan.state["treated_ids"], model.residents.rows(plan.state["treated_ids"])

    _, unknown = treated(0.0)
    assert not set(range(3)) & set(unknown) and not set(range(40, 45)) & set(unknown)
    assert {3, 4} <= set(unknown), "members who were arrested are known without an audit, and come first"
    ids, rows = treated(1.0)
    assert len(ids) == 9 and set(range(5)) <= set(rows) and not set(range(40, 45)) & set(rows)
    members = np.isin(rows, range(5))
    assert (model.residents["arrests"][rows[~members]] > 0).all()
    told = model.levers["certainty"][rows]  # the whole group is watched after its violence
    assert told[members] == pytest.approx(0.6) and told[~members] == pytest.approx(0.3)


def test_firearms_come_back_from_those_the_police_do_not_know(town):
    model = town(0)
    model.residents["gun"][:] = 0
    model.residents["gun"][::3] = 1
    model.residents["arrests"][::6] = 1
    cls = registry.INTERVENTIONS["gun_buyback"]
    plan = cls(cls.Params())
    plan.begin(model)
    plan.apply(model, 1.0)
    rows = model.residents.rows(plan.state["treated_ids"])
    guns = int((model.residents["gun"] > 0).sum())
    assert 0.01 <= len(rows) / guns <= 0.02 and (model.residents["arrests"][rows] == 0).all()
    assert (model.age()[rows] >= 18).all() and plan.cost(model, 1.0) == 200.0 * len(rows)


def test_cars_become_safe_year_by_year(town):
    model = town(1, immobilisers={"new_cars": 1.0})
    have = [float((model.levers["immobilised"] > 0).sum())]
    model.run_days(10)
    have.append(float((model.levers["immobilised"] > 0).sum()))
    cars = (model.dwellings["cars"] > 0).sum()
    assert have == pytest.approx([2 / 365 * cars, 12 / 365 * cars], abs=1.1)
    assert (model.dwellings["cars"][model.levers["immobilised"] > 0] > 0).all()


def test_burgled_homes_are_hardened_within_days(town):
    model = town(0, repeat_victims={"start": 1, "homes_per_week": 50.0, "delay_days": 2})
    home = int(model.dwellings["id"][40])
    cell = model.dwellings["cell"][40]
    model.log.append(tick=np.array([max(model.tick - 1, 0)]), minute=np.array([600]), cell=np.array([cell]),
                     type=np.array([CODE["burglary"]]), offender_id=np.array([0]), dwelling_id=np.array([home]),
                     recorded=np.array([True]))
    hardened = []
    for _ in range(6):
        hardened.append(float(model.levers["hardened"][40]))
        model.run_days(1)
    assert hardened[1] == 0 and hardened[-1] == 1.0
    state = model.interventions["repeat_victims"].state
    beside = model.dwellings["cell"][model.dwellings.rows(state["homes"])]
    assert (beside == cell).sum() == min(3, (model.dwellings["cell"] == cell).sum())


def test_upgrading_goes_where_the_register_says_informal(town):
    model = town(0)
    model.layers["informal"][:] = 0
    some = selection.street_cells(model)[:6]
    model.layers["informal"][some] = 1
    cls = registry.INTERVENTIONS["slum_upgrading"]
    plan = cls(cls.Params())
    plan.begin(model)
    assert set(plan.state["treated_cells"]) == set(some)
    assert plan.dose(0) < 0.001 and plan.dose(4 * 365) == 1.0


# -- the survey ----------------------------------------------------------------------------------------------------


def test_a_survey_hears_those_who_trust(town):
    model = town(0)
    everybody = survey.respondents(model, "s", asked=1.0, response=0.5, by_trust=0.0)
    trusting = survey.respondents(model, "s", asked=1.0, response=0.5, by_trust=4.0)
    trust = model.residents["trust"]
    adults = (model.age() >= 16) & model.residents["alive"]
    assert abs(len(everybody) / adults.sum() - 0.5) < 0.04
    assert abs(trust[everybody].mean() - trust[adults].mean()) < 0.01 < trust[trusting].mean() - trust[adults].mean()
    women = survey.respondents(model, "s", asked=1.0, women=True)
    assert (model.residents["sex"][women] == 0).all()


def test_people_name_places_they_know_and_suffered_at(town, add_events):
    model = town(0)
    rows = survey.respondents(model, "s", asked=1.0)
    known = survey.known_places(model, rows)
    voices = survey.named(model, "s", asked=1.0)
    assert voices.sum() <= len(rows) and set(np.flatnonzero(voices)) <= set(known.ravel())
    row, place = rows[0], known[0][known[0] >= 0][-1]
    count = 50
    model.log.append(tick=np.full(count, max(model.tick - 1, 0)), minute=np.zeros(count), cell=np.full(count, place),
                     type=np.full(count, CODE["robbery"]), offender_id=np.arange(count),
                     victim_id=np.full(count, model.residents["id"][row]))
    after = survey.named(model, "s", asked=1.0)
    assert after[place] >= voices[place] and np.abs(after - voices).sum() <= 2  # one voice may have moved, no other


def test_residents_can_choose_other_places_than_the_police(town):
    plan = {"share": 0.1}
    model = town(1, participatory_prioritisation=plan, safer_public_space=plan, cctv={**plan, "targets": "survey"})
    police = town(1, participatory_prioritisation={**plan, "targets": "believed"})
    ours = model.interventions["participatory_prioritisation"].state["treated_cells"]
    theirs = police.interventions["participatory_prioritisation"].state["treated_cells"]
    assert len(ours) == len(theirs) and set(ours) != set(theirs)
    assert model.levers["transparency"] == police.levers["transparency"] == pytest.approx(0.2)


# -- limits --------------------------------------------------------------------------------------------------------


def test_no_dose_moves_a_share_beyond_the_whole(town):
    names = [n for n, c in registry.INTERVENTIONS.items() if c.feasible]
    model = town(1, **{name: {"strength": 10.0} for name in names})
    for lever, given in model.levers.snapshot().items():
        for name, (_, value) in given.items():
            if (LEVERS[lever].unit == "0-1" or lever == "occupied") and name in names:
                assert np.max(value, initial=0) <= 1 + 1e-6, (name, lever)
