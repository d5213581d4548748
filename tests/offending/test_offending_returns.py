"""Who comes back: what skill, capital and the memory of places do to the next offence of the same person."""

import dataclasses
import math

import numpy as np
from offending_world import make_world
from test_offending_choice import choose

from sim.model import CityModel
from sim.offending import choice, memory
from sim.offending.params import OffendingParams
from sim.records import CODE
from sim.spec import build


def test_skills_fade_with_days_and_are_kept_for_life_by_default():
    table = memory.empty(4)
    table["skill"][:] = np.arange(12).reshape(4, 3) / 4
    before = table["skill"].copy()
    memory.unlearn(table, 3, OffendingParams().skill_days)
    np.testing.assert_array_equal(table["skill"], before)
    for _ in range(50):
        memory.unlearn(table, 3, 100.0)
    np.testing.assert_allclose(table["skill"][:3], before[:3] * math.exp(-0.5), rtol=1e-4)
    np.testing.assert_array_equal(table["skill"][3], before[3], err_msg="rows of nobody are left alone")


def test_steps_of_skill_are_those_declared():
    p = dataclasses.replace(OffendingParams(), skill_burglary=1.0, skill_theft=0.05, skill_robbery=0.5)
    np.testing.assert_allclose(memory.skill_steps(p), [1.0, 0.05, 0.5])


def taken_again(**changes):
    """Burglaries in a remembered cell, and how many of them are of the remembered home."""
    w = make_world(seed=6, residents=1_500, width=6, height=6, outside=0.0, police=0.0, remembering=1.0, eager=2.0)
    w.params = dataclasses.replace(w.params, choice_scale=0.55, next_door=0.0, **changes)
    cell = int(np.bincount(w.d_cell).argmax())
    home = int(w.d_id[w.dwelling_first[cell]])
    w.m_cell[:, 1:], w.m_cell[:, 0], w.m_dwelling[:, 0] = -1, cell, home
    w.m_tick[:] = w.tick
    choose(w)
    there = (w.out_kind == choice.BURGLARY) & (w.out_cell == cell)
    return int(there.sum()), int((w.d_id[w.out_dwelling[there]] == home).sum())


def test_more_returns_are_to_the_very_home():
    (some, never), (many, often) = taken_again(same_home=0.0), taken_again(same_home=1.0)
    assert min(some, many) > 60
    assert often > 0.8 * many and never < 0.3 * some


def tills(**changes):
    w = make_world(seed=6, residents=2_000, width=6, height=6, outside=0.0, police=0.0, remembering=1.0, eager=2.0)
    w.params = dataclasses.replace(w.params, choice_scale=0.55, **changes)
    w.m_tick[:] = w.tick
    choose(w)
    return np.bincount(w.out_kind[w.out_kind >= 0], minlength=choice.KINDS)


def test_places_of_other_offences_call_robbers_and_thieves_apart():
    neither, robbers = tills(good_other=0.0, good_robbery=0.0), tills(good_other=0.0, good_robbery=1.0)
    thieves = tills(good_other=1.0, good_robbery=0.0)
    robbed, stolen = [choice.ROBBERY, choice.TILL], [choice.SHOP, choice.PERSON, choice.VEHICLE]
    assert robbers[robbed].sum() > 1.5 * neither[robbed].sum() and robbers[stolen].sum() < neither[stolen].sum()
    assert thieves[stolen].sum() > 1.1 * neither[stolen].sum() and thieves[robbed].sum() < neither[robbed].sum()


LIVELY = {"city": {"residents": 6_000}, "burn_in_years": 0, "years": 1, "seed": 5}
RETURNS = dict(
    skill=1.0, skill_burglary=1.0, skill_robbery=0.5, skill_theft=0.05, skill_days=200.0, capital=0.85,
    capital_step=0.7, capital_most=2.0, memory_pull=2.0, satiation=1.0, satiation_days=1.0,
)


def burglars(**changes):
    """Burglaries of a lively town in half a year, and the people who committed them."""
    spec = {**LIVELY, "mechanism": {"offending": {"property_threshold": 5.5, **changes}}}
    model = CityModel(build(spec))
    model.run_days(180)
    log = model.log
    who = log["offender_id"][log["type"] == CODE["burglary"]]
    assert model.residents["capital_property"].max() <= changes.get("capital_most", 6.0) + 1e-6
    return len(who), len(np.unique(who))


def test_learning_makes_burglars_of_few():
    """Where success teaches a kind of offence and calls back, the same burglaries are the work of fewer people."""
    deeds, people = burglars(theta_burglary=0.3)
    more, few = burglars(**RETURNS, theta_burglary=1.0)
    assert min(deeds, more) > 30
    assert more / few > 1.3 * deeds / people


