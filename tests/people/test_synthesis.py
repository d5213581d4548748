"""Residents and dwellings fit the area tables and hang together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.city.grid import AreaTable, Grid
from sim.city.synthetic import generate
from sim.city.tables import from_tables
from sim.errors import DataError
from sim.people.households import MEMBERS, compose, rake
from sim.people.synthesis import populate
from sim.spec import CityParams


def age_of(residents):
    return -residents["birth_day"] / 365.25


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400), st.floats(0, 1))
def test_households_hold_exactly_the_people_of_the_area(children, adults, elders, poverty):
    members, couple = compose(children, adults, elders, poverty)
    assert members.sum(axis=0).tolist() == [children, adults, elders]
    assert (members.sum(axis=1) > 0).all() and len(couple) == len(members)
    assert (members[couple == 1, 1] >= 2).all() and (members[couple == 2, 2] >= 2).all()
    assert ((members[couple == 3, 1] >= 1) & (members[couple == 3, 2] >= 1)).all()
    if adults + elders:
        assert (members[:, 1] + members[:, 2] > 0).all(), "no household of children alone"


def test_raking_meets_the_margins_and_keeps_the_usual_proportions():
    weights = rake(220, 630, 150, 0.14)
    assert weights @ MEMBERS == pytest.approx([220, 630, 150], rel=1e-6)
    more = rake(300, 600, 100, 0.14)
    families = MEMBERS[:, 0] > 0
    assert more[families].sum() > weights[families].sum()
    assert 1.8 < 1000 / weights.sum() < 2.6


def check(city, people, residents):
    r, d = people["residents"], people["dwellings"]
    n, m = len(r["home"]), len(d["cell"])
    assert n == residents
    for name, values in {**r, **d}.items():
        assert np.isfinite(values).all(), name
    table = city.areas.columns
    count = np.bincount(r["area"], minlength=len(city.areas))
    if residents == city.population:
        assert (count == table["population"]).all()
    else:
        assert np.abs(count - table["population"] * residents / city.population).max() <= 1
    # Dwellings in the order of cells, residents in the order of dwellings.
    assert (np.diff(d["cell"]) >= 0).all() and (np.diff(r["dwelling"]) >= 0).all()
    assert (np.unique(r["dwelling"]) == np.arange(m)).all()
    assert (r["home"] == d["cell"][r["dwelling"]]).all() and (city.area[r["home"]] == r["area"]).all()
    # Walking the list of each household visits every member once.
    seen = np.zeros(n, int)
    at = d["first_member"].copy()
    home = np.arange(m)
    while len(at):
        seen[at] += 1
        assert (r["dwelling"][at] == home).all()
        after = r["next_member"][at]
        at, home = after[after >= 0], home[after >= 0]
    assert (seen == 1).all()
    # Nodes are places of the city; those who work or learn have one.
    for name in ("shop_nodes", "bar_node"):
        assert (city.area[r[name]] >= 0).all()
    goes = np.isin(r["routine"], (1, 2, 3, 4))
    assert (r["anchor"][~goes] == -1).all() and (city.area[r["anchor"][goes]] >= 0).all()
    ties = r["ties"]
    assert ties.min() >= -1 and ties.max() < n and (ties != np.arange(n)[:, None]).all()
    known = ties[:, :3] >= 0
    friends = np.where(known, ties[:, :3], 0)
    assert (r["area"][friends] == r["area"][:, None])[known].all()
    for row in ties[:: max(1, n // 200)]:
        assert len(set(row[row >= 0])) == (row >= 0).sum()
    age = age_of(r)
    assert age.min() >= 0 and age.max() < 101
    assert (r["routine"][age < 4.9] == 0).all() and (r["routine"][age >= 66] == 6).all()
    assert (r["income"][age < 17.9] == 0).all() and (r["income"][age > 18.1] > 0).all()
    for name in ("security", "value", "cover"):
        assert np.abs(d[name]).max() <= 2.5
    assert d["cars"].min() >= 0 and d["cars"].max() <= 2
    partners = np.bincount(r["dwelling"], r["partner"], m)
    assert set(np.unique(partners)) <= {0, 2}
    assert (age[r["partner"] == 1] >= 18).all()


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 4_000), st.integers(0, 2**32), st.sampled_from([0, 1, 7, 500, 3_000]),
       st.sampled_from(["round", "valley"]))
def test_people_hang_together(residents, seed, asked, shape):
    city = generate(CityParams(residents=residents, seed=seed, shape=shape, informality=0.2))
    check(city, populate(city, asked, seed), asked or residents)


@pytest.fixture(scope="module")
def town():
    city = generate(CityParams(residents=60_000, segregation=0.7, inequality=0.4, poverty=0.2, unemployment=0.1))
    return city, populate(city, 0, 1)


def test_columns_have_the_declared_types(town):
    from sim.model import BASE_COLUMNS

    for name, columns in BASE_COLUMNS.items():
        for key, column in columns.items():
            values = town[1][name][key]
            assert values.dtype == np.dtype(column.dtype), (name, key)
            assert values.ndim == (2 if column.width else 1)


def test_ages_jobs_and_poverty_match_the_table(town):
    city, people = town
    r = people["residents"]
    table, area, age = city.areas.columns, r["area"], age_of(r)
    n = np.bincount(area)
    assert np.abs(np.bincount(area, age < 18) / n - table["share_under18"]).max() < 0.002
    assert np.abs(np.bincount(area, age >= 65) / n - table["share_over65"]).max() < 0.002
    force = np.isin(r["routine"], (3, 4, 5))
    rate = np.bincount(area[force], r["routine"][force] == 5) / np.bincount(area[force])
    error = np.sqrt(table["unemployment_rate"] * (1 - table["unemployment_rate"]) / np.bincount(area[force]))
    assert np.abs((rate - table["unemployment_rate"]) / error).max() < 4.5
    young = force & (age < 25)
    assert (r["routine"][young] == 5).mean() > 1.6 * (r["routine"][force & (age >= 25)] == 5).mean()
    adults = np.bincount(r["dwelling"], age >= 18)
    mean = np.bincount(r["dwelling"], r["income"]) / np.maximum(adults, 1)
    poor = mean[r["dwelling"]] < city.poverty_line
    assert np.abs(np.bincount(area, poor) / n - table["poverty_rate"]).max() < 0.005
    for i in range(len(n)):
        assert np.median(mean[r["dwelling"][area == i]]) == pytest.approx(table["income"][i], rel=0.03)


def test_incomes_have_the_gini_of_the_city(town):
    city, people = town
    r = people["residents"]
    adults = np.bincount(r["dwelling"], age_of(r) >= 18)
    mean = np.sort((np.bincount(r["dwelling"], r["income"]) / np.maximum(adults, 1))[r["dwelling"]])
    n = len(mean)
    gini = 2 * (np.arange(1, n + 1) * mean).sum() / (n * mean.sum()) - (n + 1) / n
    assert gini == pytest.approx(0.40, abs=0.03)
    assert np.median(mean) == pytest.approx(400, rel=0.06)


def test_ties_are_near_in_age_and_the_fourth_shares_a_place(town):
    r = town[1]["residents"]
    age, ties = age_of(r), r["ties"]
    known = ties[:, 0] >= 0
    assert known.mean() > 0.99
    assert np.abs(age[known] - age[ties[known, 0]]).mean() < 2
    goes = (r["anchor"] >= 0) & (ties[:, 3] >= 0)
    assert (r["anchor"][ties[goes, 3]] == r["anchor"][goes]).mean() > 0.95


def test_school_is_near_and_schools_work_and_homes_have_plausible_distances(town):
    city, people = town
    r, w = people["residents"], city.grid.width

    def metres(cells, rows):
        return 100 * np.median(np.hypot(cells % w - r["home"][rows] % w, cells // w - r["home"][rows] // w))

    pupil, worker = r["routine"] == 1, np.isin(r["routine"], (3, 4))
    assert metres(r["anchor"][pupil], pupil) < 800 < metres(r["anchor"][worker], worker) < 4_000


def test_the_same_seed_gives_the_same_people(town):
    city, people = town
    again, other = populate(city, 0, 1), populate(city, 0, 2)
    for group in people:
        for name, values in people[group].items():
            assert values.tobytes() == again[group][name].tobytes(), name
    assert (people["residents"]["birth_day"][:100] != other["residents"]["birth_day"][:100]).any()


def test_security_does_not_depend_on_the_area_beyond_value(town):
    _, people = town
    d, r = people["dwellings"], people["residents"]
    area = r["area"][d["first_member"]]
    rest = d["security"] - 0.4 * d["value"]
    means = np.bincount(area, rest) / np.bincount(area)
    assert np.abs(means).max() < 5 * rest.std() / np.sqrt(np.bincount(area).min())


@pytest.mark.parametrize("columns", [
    {"population": [50.0, 0.0]},
    {"population": [50.0, 10.0], "poverty_rate": [1.0, 0.0], "unemployment_rate": [1.0, 0.0],
     "share_under18": [1.0, 0.0], "share_over65": [0.0, 1.0], "income": [0.0, 5.0]},
    {"population": [1.0, 1.0], "poverty_rate": [np.nan, np.nan], "income": [np.nan, 3.0]},
])
def test_extreme_tables_still_give_people(columns):
    grid = Grid(9, 9)
    area = np.where(np.arange(81) % 9 < 4, 0, 1)
    table = AreaTable(("a", "b"), ("A", "B"), {k: np.array(v) for k, v in columns.items()})
    city = from_tables(grid, area, table)
    people = populate(city, 0, 1)
    assert len(people["residents"]["home"]) == sum(columns["population"])
    assert all(np.isfinite(v).all() for v in people["residents"].values())


def test_nobody_is_an_error():
    with pytest.raises(DataError, match="resident"):
        from_tables(Grid(9, 9), np.zeros(81), AreaTable(("a",), ("A",), {"population": np.zeros(1)}))
