"""Shops and bars of real cities: as many for the thinly settled as for others, and where data show trade."""

import numpy as np
import pytest

from sim.city.grid import AreaTable, Grid
from sim.city.tables import from_tables

SIDE, PART = 49, 12  # cells; 16 square areas of 12 by 12
DENSE, THIN = 60, 6  # residents of a cell


def make(given=None, seed=3):
    """A city of 16 areas, every other one ten times as densely settled."""
    grid = Grid(SIDE, SIDE)
    x, y = np.arange(grid.cells) % SIDE, np.arange(grid.cells) // SIDE
    area = np.where((x < 4 * PART) & (y < 4 * PART), x // PART + 4 * (y // PART), -1)
    density = np.where((np.arange(16) + np.arange(16) // 4) % 2 == 0, DENSE, THIN)
    people = (density * PART * PART).astype(float)
    names = tuple(f"A{k}" for k in range(16))
    city = from_tables(grid, area, AreaTable(names, names, {"population": people}), given=given, seed=seed)
    return city, area, people, density == THIN


def by_area(city, area, layer):
    return np.bincount(area[area >= 0], city.layers[layer][area >= 0], 16)


@pytest.mark.parametrize("layer", ["shops", "bars"])
def test_thinly_settled_areas_have_trade_too(layer):
    city, area, people, thin = make()
    each = by_area(city, area, layer) / people
    assert 0.6 < each[thin].sum() / each[~thin].sum() < 4


def test_trade_follows_what_data_show_and_is_near_it():
    grid = Grid(SIDE, SIDE)
    known = np.zeros(grid.cells, np.int64)
    spots = np.array([5 * SIDE + 5, 6 * SIDE + 30])  # areas 0 and 2
    known[spots] = 40
    city, area, people, _ = make({"alcohol_retail": known})
    plain, _, _, _ = make()
    assert (city.layers["outlets"] == known).all()
    assert (city.layers["shops"] >= known).all(), "sellers of alcohol are some of the shops"
    for layer in ("shops", "bars"):
        here = by_area(city, area, layer)
        assert here[[0, 2]].sum() > 0.6 * here.sum() > by_area(plain, area, layer)[[0, 2]].sum() * 0.6
    bars = city.layers["bars"]
    assert bars[spots].sum() > 10 * bars[(area == 0) | (area == 2)].mean() * len(spots)


def test_sellers_of_alcohol_are_a_twentieth_of_the_shops_where_nothing_is_known():
    city, _, _, _ = make(seed=11)
    shops, outlets = city.layers["shops"], city.layers["outlets"]
    assert (outlets <= shops).all()
    assert 0.01 < outlets.sum() / shops.sum() < 0.12
