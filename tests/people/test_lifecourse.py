"""The life course: births, deaths, partners, moves, newcomers, friends; households stay whole whatever happens."""

import numpy as np
import pytest

from sim import registry
from sim.draws import mix_arrays
from sim.invariants import check
from sim.model import CityModel
from sim.people.homes import relink
from sim.people.housing import best_pairs
from sim.people.vital import mortality
from sim.spec import build, merge

registry.load()
ALONE = {name: {"enabled": False} for name in registry.MECHANISMS if name not in ("economy", "lifecourse")}
SPEC = {"city": {"residents": 2_500}, "burn_in_years": 0, "years": 20, "tick_hours": 24, "mechanism": ALONE}
COLUMNS = ("dwelling", "mother", "spouse", "partner", "children", "moved", "ties", "shop_nodes", "bar_node", "routine",
           "anchor", "income", "self_control", "birth_day", "sex")


def total(model, kind):
    series = model.series.columns()
    return sum(float(np.nansum(series[name])) for name in series if name.startswith(kind))


@pytest.fixture(scope="module")
def decade():
    """Ten years, with a look at every month's end."""
    model = CityModel(build(SPEC))
    first = model.residents.snapshot()
    for _ in range(122):
        model.run_days(30)
        assert check(model) == []
    return model, first


def test_numbers_of_people_and_homes_stay_near_their_start(decade):
    model, first = decade
    alive = model.residents["alive"]
    assert 0.88 < alive.sum() / len(first["id"]) < 1.1
    empty = (model.dwellings["first_member"] < 0).mean()
    assert 0.002 < empty < 0.05
    age, before = model.age()[alive], -first["birth_day"] // 365
    for low, high in ((0, 18), (18, 35), (35, 65), (65, 120)):
        share, was = ((age >= low) & (age < high)).mean(), ((before >= low) & (before < high)).mean()
        assert abs(share - was) < 0.08, (low, share, was)
    for kind in ("entered.born", "entered.moved_in", "deaths.natural", "left.moved_away"):
        assert 5 < 1000 * total(model, kind) / 10 / alive.sum() < 45, kind
    assert alive.sum() == len(first["id"]) + total(model, "entered.") - total(model, "deaths.") - total(model, "left.")


def test_work_ties_and_self_control_do_not_drift(decade):
    model, first = decade
    r = model.residents
    alive = r["alive"]
    routine, adult = r["routine"][alive], (model.age()[alive] >= 25) & (model.age()[alive] < 60)
    working = np.isin(routine[adult], (3, 4)).mean()
    age = -first["birth_day"] // 365
    assert abs(working - np.isin(first["routine"][(age >= 25) & (age < 60)], (3, 4)).mean()) < 0.07
    assert abs(r["self_control"][alive].mean()) < 0.1 and 0.9 < r["self_control"][alive].std() < 1.1
    grown = alive & (model.age() >= 12)
    assert (r["ties"][grown] >= 0).mean() > 0.8
    friend = r.find(r["ties"][grown].ravel())
    named = r["ties"][grown].ravel() >= 0
    assert (friend[named] >= 0).mean() > 0.97, "friends who are gone are let go"


def test_people_start_with_friends_of_earlier_homes_and_keep_as_many_near(decade):
    model, first = decade
    width, city = model.city.grid.width, CityModel(build(SPEC))
    share = []
    for r in (city.residents, model.residents):
        alive = np.flatnonzero(r["alive"])
        friend, home = r.find(r["ties"][alive]), r["home"].astype(int)
        named = (r["ties"][alive] >= 0) & (friend >= 0)
        there, here = home[np.maximum(friend, 0)], home[alive][:, None]
        near = np.hypot(there % width - here % width, there // width - here // width) <= 2
        share.append((named & near).sum() / named.sum())
    assert 0.2 < share[0] < 0.8 and abs(share[1] - share[0]) < 0.06, share


def test_children_belong_to_a_mother_of_a_mothers_age(decade):
    model, first = decade
    r = model.residents
    born = r["alive"] & (r["birth_day"] > 0) & (r["mother"] >= 0)
    mother = r.find(r["mother"][born])
    gap = (r["birth_day"][born] - r["birth_day"][mother])[mother >= 0] / 365
    assert born.sum() > 100 and gap.min() > 14 and gap.max() < 47
    assert 27 < gap.mean() < 34
    with_her = r["dwelling"][mother] == r["dwelling"][born]
    assert with_her[mother >= 0].mean() > 0.95
    both = np.corrcoef(r["self_control"][born][mother >= 0], r["self_control"][mother[mother >= 0]])[0, 1]
    assert 0.1 < both < 0.5
    adults = np.bincount(model.dwellings.rows(r["dwelling"][r["alive"] & (model.age() >= 18)]),
                         minlength=len(model.dwellings))
    minors = r["alive"] & (model.age() < 17)
    assert (adults[model.dwellings.rows(r["dwelling"][minors])] > 0).mean() > 0.99, "nobody grows up alone"


def test_partners_live_together_and_name_each_other(decade):
    model, _ = decade
    r = model.residents
    bound = np.flatnonzero(r["alive"] & (r["spouse"] >= 0))
    other = r.find(r["spouse"][bound])
    here = (other >= 0) & r["alive"][other]
    assert here.mean() > 0.98
    assert (r["spouse"][other[here]] == r["id"][bound[here]]).all()
    assert (r["dwelling"][other[here]] == r["dwelling"][bound[here]]).mean() > 0.98
    assert (r["partner"][bound] == 1).all() and 0.4 < r["partner"][r["alive"] & (model.age() >= 18)].mean() < 0.7


def test_storage_order_threads_and_restoring_change_nothing():
    one, other = CityModel(build(SPEC)), CityModel(build({**SPEC, "threads": 2}))
    other.rearrange(np.random.default_rng(3).permutation(len(other.residents)))
    for step in range(4):
        one.run_days(45)
        other.run_days(45)
        other = CityModel.restore(other.snapshot())
        other.rearrange(np.random.default_rng(step).permutation(len(other.residents)))
    a, b = np.argsort(one.residents["id"]), np.argsort(other.residents["id"])
    np.testing.assert_array_equal(one.residents["id"][a], other.residents["id"][b])
    np.testing.assert_array_equal(one.residents["key"][a], other.residents["key"][b])
    assert total(one, "entered.") > 10
    for name in COLUMNS:
        np.testing.assert_array_equal(one.residents[name][a], other.residents[name][b], err_msg=name)
    np.testing.assert_array_equal(one.dwellings["first_member"], other.dwellings["first_member"])


def test_a_death_averted_leaves_almost_everybody_elses_life_as_it_was():
    """Keys come from causes: a cohort's later life does not shift when one more person lives."""
    one, other = CityModel(build(SPEC)), CityModel(build(SPEC))
    one.bury([100], "accident")
    for model in (one, other):
        model.run_days(365)
    keys = np.intersect1d(one.residents["key"], other.residents["key"])
    assert len(keys) > 0.97 * max(len(one.residents), len(other.residents))
    at = [np.argsort(m.residents["key"])[np.searchsorted(np.sort(m.residents["key"]), keys)] for m in (one, other)]
    same = [(one.residents[c][at[0]] == other.residents[c][at[1]]).mean() for c in ("dwelling", "routine", "birth_day")]
    assert min(same) > 0.97, same


def test_who_enters_waits_for_the_end_of_the_tick_and_is_welcomed():
    model = CityModel(build({**SPEC, "mechanism": {}}))
    key = np.array([2**60 + 5, 2**60 + 1], np.uint64)
    model.enter(key, "test", dwelling=[7, 7], birth_day=[-9_000, -300], sex=[1, 0], self_control=[0.5, -0.5])
    saved = model.snapshot()
    assert len(model.residents) == 2_500
    again = CityModel.restore(saved)
    for run in (model, again):
        run.step()
        r = run.residents
        rows = np.flatnonzero(np.isin(r["key"], key))
        assert r["key"][rows].tolist() == sorted(key.tolist()), "ids follow keys, not the order of asking"
        assert (r["home"][rows] == run.dwellings["cell"][7]).all() and (r["cell"][rows] == r["home"][rows]).all()
        baby, adult = rows
        assert r["routine"][baby] == 0 and r["routine"][adult] in (2, 3, 4, 5, 6)
        assert (r["bar_node"][rows] >= 0).all() and (r["fear"][rows] != 0.2).all()
        assert (r["risk"][rows] == np.float32(run.mechanisms["deterrence"].params.base)).all()
        assert check(run) == []
        assert len(run.levers["restraint"]) == len(r)
        run.run_days(3)
        assert {int(a.unique_id) for a in run.agents} >= set(r["id"][rows].tolist())
    assert model.log.equals(again.log)
    with pytest.raises(KeyError, match="dwelling"):
        model.enter([1], "test", sex=1)


def test_off_means_that_nobody_is_born_moves_or_dies_of_age():
    model = CityModel(build(merge(SPEC, {"mechanism": {"lifecourse": {"enabled": False}}})))
    before = model.residents.snapshot()
    model.run_days(95)
    for name in ("id", "dwelling", "ties", "partner", "spouse"):
        np.testing.assert_array_equal(model.residents[name], before[name], err_msg=name)


def test_orphans_find_a_home():
    model = CityModel(build(SPEC))
    r, age = model.residents, model.age()
    child = np.flatnonzero(age < 10)[:5]
    for home in np.unique(r["dwelling"][child]):
        model.bury(r["id"][(r["dwelling"] == home) & (age >= 18)], "accident")
    ids = r["id"][child]
    model.run_days(30)
    rows = model.residents.find(ids)
    homes = model.residents["dwelling"][rows[rows >= 0]]
    grown = model.residents["alive"] & (model.age() >= 18)
    assert np.isin(homes, model.residents["dwelling"][grown]).all() and check(model) == []


def test_family_support_raises_the_self_control_of_children_only():
    model, plain = CityModel(build(SPEC)), CityModel(build(SPEC))
    young = model.residents["id"][model.age() < 8]
    model.levers.put("test", "family", young, 1.0)
    for m in (model, plain):
        m.run_days(90)
    common = np.intersect1d(model.residents["id"][model.residents["alive"]],
                            plain.residents["id"][plain.residents["alive"]])
    gain = (model.residents["self_control"][model.residents.find(common)]
            - plain.residents["self_control"][plain.residents.find(common)])
    helped = np.isin(common, young)
    assert gain[helped].mean() > 0.05 and (gain[~helped] == 0).all()


def test_fear_drives_households_away():
    afraid, calm = CityModel(build(SPEC)), CityModel(build(SPEC))
    for m in (afraid, calm):
        m.run_days(30)
    afraid.residents["fear"][:] = 0.9
    for m in (afraid, calm):
        m.run_days(360)
    assert total(afraid, "left.moved_away") > 1.3 * total(calm, "left.moved_away")


def test_mortality_doubles_every_seven_years_and_is_higher_for_men():
    p = CityModel(build(SPEC)).mechanisms["lifecourse"].params
    age = np.array([60.0, 60 + np.log(2) / p.senescence])
    young, old = mortality(p, age, np.array([True, True]))
    assert old == pytest.approx(2 * young)
    assert (mortality(p, age, np.array([True, True])) > mortality(p, age, np.array([False, False]))).all()


def test_best_pairs_agree_with_their_statement():
    rng = np.random.default_rng(5)
    for _ in range(50):
        score = rng.normal(size=(rng.integers(1, 7), rng.integers(1, 7)))
        score[rng.random(score.shape) < 0.3] = -np.inf
        got = best_pairs(score, rounds=2)
        want, free = np.full(len(score), -1), set(range(score.shape[1]))
        for _ in range(2):
            asked = {}
            for i in range(len(score)):
                open_ = [j for j in free if np.isfinite(score[i, j])]
                if want[i] < 0 and open_:
                    asked.setdefault(max(open_, key=lambda j, i=i: score[i, j]), []).append(i)
            for j, who in asked.items():
                want[max(who, key=lambda i, j=j: score[i, j])] = j
                free.discard(j)
        np.testing.assert_array_equal(got, want)


def test_relinking_lists_the_living_of_a_home_oldest_first():
    model = CityModel(build(SPEC))
    r, d = model.residents, model.dwellings
    relink(r, d, d["id"])
    assert check(model) == []
    at, seen = int(d["first_member"][3]), []
    while at >= 0:
        seen.append(int(r["birth_day"][r.find(at)]))
        at = int(r["next_member"][r.find(at)])
    assert seen == sorted(seen) and len(seen) == (r["dwelling"] == d["id"][3]).sum()


def test_keys_of_children_come_from_their_mothers():
    model = CityModel(build(SPEC))
    model.run_days(120)
    r = model.residents
    child = np.flatnonzero(r["alive"] & (r["birth_day"] > 0) & (r["mother"] >= 0) & (r["id"] >= 2_500))
    mother = r.find(r["mother"][child])
    child, mother = child[mother >= 0], mother[mother >= 0]
    keys = np.empty(len(child), np.uint64)
    mix_arrays(r["key"][mother], r["children"][mother].astype(np.uint64), keys)
    assert len(child) >= 3 and (keys == r["key"][child]).mean() > 0.9
