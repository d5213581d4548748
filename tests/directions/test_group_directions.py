"""Directions of groups and firearms: paired runs from one burn-in, with an interval over seeds.

Groups fight rarely. The town of these tests is armed and its groups contest more, so that few seeds tell.
"""

import numpy as np
import pytest

from analysis.effects import compare
from sim.model import CityModel
from sim.records import CODE
from sim.spec import build, merge

pytestmark = pytest.mark.slow

TOWN = {"city": {"residents": 20_000, "firearms": 1.0}, "burn_in_years": 0, "years": 10,
        "mechanism": {"groups": {"attack": 0.01}}}
WARM = 120
VIOLENT = [CODE[t] for t in ("assault", "homicide", "robbery", "extortion")]


def outcomes(model, since: int) -> dict[str, float]:
    """Count from a tick on: fights and deaths of groups, homicides; and what there is at the end."""
    log, series = model.log, model.series.columns()
    new = slice(int(np.searchsorted(log["tick"], since)), len(log))
    group = (log["group"][new] >= 0) & (log["type"][new] != CODE["extortion"])
    young = (model.age() < 25) & model.residents["alive"]
    return {"fights": float(group.sum()), "homicides": float((log["type"][new] == CODE["homicide"]).sum()),
            "killed": float((group & (log["type"][new] == CODE["homicide"])).sum()),
            "violence": float(np.isin(log["type"][new], VIOLENT).sum()),
            "young": float((young & (model.residents["group"] >= 0)).sum()),
            "members": float((model.residents["group"] >= 0).sum()), "number": series["groups.number"][-1],
            "guns": float((model.residents["gun"] > 0).sum())}


def paired(arms, seeds, days, town=TOWN, warm=WARM):
    """Run arms of (changes of the specification, function that puts levers) from one warm-up for each seed."""
    values = {name: [] for name in arms}
    for seed in seeds:
        start = CityModel(build(merge(town, {"seed": seed})))
        start.run_days(warm)
        saved = start.snapshot()
        for name, (changes, put) in arms.items():
            model = CityModel.restore(saved, start.spec.with_(**changes))
            for _ in range(days):
                if put is not None:
                    put(model)
                model.run_days(1)
            values[name].append(outcomes(model, start.tick))
    return {name: {o: np.array([v[o] for v in found]) for o in found[0]} for name, found in values.items()}


def effect(values, arm, outcome, base="base"):
    """Paired difference with its 95 % interval."""
    return compare(values[arm][outcome], values[base][outcome])


def remove_leaders(model):
    """All leaders of the first day are in custody for as long as the test lasts."""
    if model.day % 1_000_000 != WARM:
        return
    r = model.residents
    ids = model.mechanisms["groups"].state["groups"]["leader"]
    ids = ids[r.find(ids) >= 0]  # a leader may have died or left today
    model.propose("residents", "custody_until", ids, model.tick + 500 * model.calendar.ticks_per_day, op="set")
    assert len(ids)


def test_removing_leaders_raises_the_violence_of_groups_and_of_the_city():
    """Vacancies bring quarrels among heirs, contests and revenge: more violence in the city in the quarter after."""
    v = paired({"base": ({}, None), "removed": ({}, remove_leaders)}, range(1, 25), 90)
    for outcome in ("fights", "number", "violence"):
        e = effect(v, "removed", outcome)
        print(f"leaders removed: {outcome}: {e.baseline:.1f} -> {e.arm:.1f}, {e.percent:+.1f} % "
              f"[{e.percent_low:+.1f}, {e.percent_high:+.1f}]")
        assert e.low > 0, (outcome, e)


def test_a_richer_market_brings_more_contests_the_more_so_with_more_groups():
    rise = {}
    rich = {"mechanism": {"groups": {"rent": 0.3}}}
    for size in (6.0, 25.0):
        town = merge(TOWN, {"mechanism": {"groups": {"size": size}}})
        v = paired({"base": ({}, None), "rich": (rich, None)}, range(1, 13), 120, town, warm=14)
        rise[size] = v["rich"]["fights"] - v["base"]["fights"]
        if size == 6.0:
            assert compare(v["rich"]["fights"], v["base"]["fights"]).low > 0
    assert rise[6.0].mean() > rise[25.0].mean()


def mentor(model):
    r, age = model.residents, model.age()
    who = r["id"][r["alive"] & (age >= 12) & (age < 25)]
    model.levers.put("mentors", "bond", who, 2.0)


def occupy(model):
    r, age = model.residents, model.age()
    who = r["id"][r["alive"] & (age >= 12) & (age < 25)]
    model.levers.put("clubs", "occupied", who, 0.5)


def test_ties_and_occupation_keep_the_young_out():
    v = paired({"base": ({}, None), "mentors": ({}, mentor), "clubs": ({}, occupy)}, range(1, 9), 365)
    for arm in ("mentors", "clubs"):
        assert effect(v, arm, "young").high < 0, arm


def buy_back(model):
    """Take in the firearms of half of those who have never offended and are in no group."""
    r = model.residents
    rows = np.flatnonzero((r["gun"] > 0) & (r["offences"] == 0) & (r["group"] < 0))
    model.levers.put("buyback", "disarmed", r["id"][rows[r["key"][rows] % 2 == 0]], 1.0)


def test_buying_back_the_firearms_of_the_innocent_changes_little():
    v = paired({"base": ({}, None), "bought": ({}, buy_back)}, range(1, 9), 180)
    assert effect(v, "bought", "guns").high < 0
    e = effect(v, "bought", "fights")
    assert e.low <= 0 <= e.high


def test_more_firearms_more_deaths():
    def more(model):
        model.levers.put("smugglers", "inflow", None, dict(flow="firearms", share=3.0))

    v = paired({"base": ({}, None), "more": ({}, more)}, range(1, 9), 730, warm=30)
    assert effect(v, "more", "guns").low > 0
    assert effect(v, "more", "homicides").difference > 0


def test_without_groups_there_is_less_violence():
    off = {"mechanism": {"groups": {"enabled": False}}}
    v = paired({"base": ({}, None), "none": (off, None)}, range(1, 9), 365)
    assert effect(v, "none", "homicides").difference < 0
    assert effect(v, "none", "fights").high < 0


@pytest.mark.parametrize("residents", [10_000, 20_000])
def test_groups_neither_vanish_nor_take_over_in_twenty_years(residents):
    seeds = range(1, 5)
    number, members = np.zeros((4, 20)), np.zeros((4, 20))
    for i, seed in enumerate(seeds):
        model = CityModel(city={"residents": residents}, seed=seed, burn_in_years=0, years=20)
        model.run_days(20 * 365)
        c = model.series.columns()
        number[i] = c["groups.number"].reshape(20, 365).mean(axis=1)
        members[i] = c["groups.members"].reshape(20, 365).mean(axis=1)
    start, late = members[:, :5].mean(), members[:, -5:].mean()
    assert (number[:, -5:].mean(axis=1) >= 1).all() and number.max() < 12
    assert 0.4 < late / start < 2.5
    assert 0.4 < number[:, -5:].mean() / number[:, :5].mean() < 2.5
