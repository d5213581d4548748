"""Fictional cities: contents, dials, presets."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from sim.city.furnish import open_sites
from sim.city.grid import LAYERS
from sim.city.synthetic import generate
from sim.draws import decision, draw4, unit
from sim.errors import SpecError
from sim.parameters import validate
from sim.spec import CityParams

PRESETS = sorted(Path(__file__).parents[2].joinpath("configs", "city").glob("*.yaml"))


def preset(name, **changes):
    text = next(p for p in PRESETS if p.stem == name).read_text()
    return validate(CityParams, {**yaml.safe_load(text), **changes}, "city")


def check(city, residents):
    cells = city.grid.cells
    assert set(city.layers) == set(LAYERS)
    for name, (dtype, _, _) in LAYERS.items():
        assert city.layers[name].dtype == np.dtype(dtype) and city.layers[name].shape == (cells,), name
        assert np.isfinite(city.layers[name]).all() and city.layers[name].min() >= (-1 if name == "beat" else 0), name
    inside = city.area >= 0
    for name in ("dwellings", "jobs", "shops", "bars", "schools", "stops", "cash_points", "vacant_lots", "street",
                 "flow"):
        assert not city.layers[name][~inside].any(), name
    for name in ("dwellings", "jobs", "shops", "bars", "schools", "stops", "cash_points"):
        assert city.layers[name].any(), name
    assert (city.layers["beat"][inside] >= 0).all()
    n = len(city.areas)
    assert city.area.max() == n - 1 and len(set(city.areas.ids)) == n == len(set(city.areas.names))
    columns = city.areas.columns
    assert columns["population"].sum() == residents == city.population
    for name in ("poverty_rate", "unemployment_rate", "share_under18", "share_over65"):
        assert ((columns[name] >= 0) & (columns[name] <= 1)).all(), name
    assert (columns["income"] > 0).all() and city.poverty_line > 0
    assert (city.grid.width - 1) % city.street_period == 0 == (city.grid.height - 1) % city.street_period


@settings(max_examples=25, deadline=None)
@given(st.builds(CityParams, residents=st.integers(1, 6_000), seed=st.integers(0, 2**40),
                 shape=st.sampled_from(["round", "wide", "valley", "coast"]), density=st.floats(500, 60_000),
                 centres=st.integers(1, 12), segregation=st.floats(0, 1), inequality=st.floats(0.15, 0.7),
                 poverty=st.floats(0, 0.8), unemployment=st.floats(0, 0.6), informality=st.floats(0, 0.8),
                 street_period=st.integers(3, 40), street_order=st.floats(0, 1), state_presence=st.floats(0, 3)))
def test_any_dials_give_a_whole_city(params):
    check(generate(params), params.residents)


@pytest.mark.parametrize("path", [p for p in PRESETS if p.stem != "from_files"], ids=lambda p: p.stem)
def test_presets_name_themselves_depart_from_defaults_and_build(path):
    text = path.read_text()
    assert text.startswith("# @package city\n")
    given_dials = yaml.safe_load(text)
    assert given_dials["preset"] == path.stem
    defaults = dataclasses.asdict(CityParams())
    assert all(defaults[k] != v for k, v in given_dials.items() if k != "preset"), "only dials that depart"
    city = generate(validate(CityParams, given_dials, "city"))
    check(city, 20_000)
    assert city.name == path.stem and city.fictional


@pytest.mark.parametrize("name", [p.stem for p in PRESETS if p.stem != "from_files"])
def test_areas_are_contiguous_and_of_neighbourhood_size(name):
    city = generate(preset(name, residents=120_000))
    label = city.area.reshape(city.grid.height, city.grid.width)
    population = city.areas.columns["population"]
    formal = city.areas.columns["informal"] == 0
    assert ((population[formal] > 1_500) & (population[formal] < 6_500)).all()
    assert np.mean((population > 2_500) & (population < 5_000)) > 0.8
    pieces = [ndimage.label(label == i, structure=np.ones((3, 3)))[1] for i in range(len(city.areas))]
    assert np.mean(np.array(pieces) == 1) > 0.9, "banks of a river may part a few"


def test_same_seed_same_city_and_another_seed_another():
    a, b, c = (generate(CityParams(residents=5_000, seed=s)) for s in (3, 3, 4))
    assert all((a.layers[n] == b.layers[n]).all() for n in LAYERS) and (a.area == b.area).all()
    assert a.grid != c.grid or (a.layers["flow"] != c.layers["flow"]).any()


def test_dials_do_what_they_say():
    def spread(**dials):
        city = generate(CityParams(residents=60_000, **dials))
        return city, city.areas.columns

    _, mixed = spread(segregation=0.0)
    _, apart = spread(segregation=0.9)
    assert mixed["poverty_rate"].std() < 0.01 < 0.08 < apart["poverty_rate"].std()
    weights = apart["population"] / apart["population"].sum()
    assert (weights * apart["poverty_rate"]).sum() == pytest.approx(0.14, abs=0.01)
    sparse, dense = generate(CityParams(residents=60_000, density=2_000)), generate(CityParams(residents=60_000))
    assert (sparse.layers["dwellings"] > 0).sum() > 2.3 * (dense.layers["dwellings"] > 0).sum()
    hills = generate(preset("latin_american_hillsides", residents=60_000))
    columns = hills.areas.columns
    share = (columns["population"] * columns["informal"]).sum() / 60_000
    assert 0.2 < share < 0.45
    inside = hills.area >= 0
    informal = hills.layers["informal"] == 1
    assert hills.layers["light"][informal].mean() < 0.75 * hills.layers["light"][inside & ~informal].mean()
    weights = columns["population"] / columns["population"].sum()
    formal = columns["informal"] == 0
    assert columns["poverty_rate"][~formal].mean() > columns["poverty_rate"][formal].mean()


def test_cells_per_resident_do_not_depend_on_size():
    ratio = [(generate(CityParams(residents=n)).layers["dwellings"] > 0).sum() / n for n in (10_000, 50_000, 200_000)]
    assert max(ratio) < 1.2 * min(ratio)


def test_trade_follows_flow():
    city = generate(CityParams(residents=50_000))
    flow, shops = city.layers["flow"], city.layers["shops"]
    assert shops.sum() == 330 and city.layers["bars"].sum() == 90
    busy = np.argsort(-flow)[: int(0.2 * (city.area >= 0).sum())]
    assert shops[busy].sum() > 0.5 * shops.sum()


def test_open_sites_agrees_with_the_rule_in_plain_python():
    flow = np.array([0.0, 5.0, 1.0, 9.0, 2.0, 2.0])
    allowed = [i for i, f in enumerate(flow) if f > 0]
    cumulated = np.cumsum(flow[allowed])
    here = dict.fromkeys(allowed, 0)
    code = decision("test.sites")
    for trader in range(40):
        best = None
        for j in range(12):
            a, b, _, _ = draw4(np.uint64(5), code, 0, trader, j)
            site = allowed[int(np.searchsorted(cumulated, unit(a) * cumulated[-1]))]
            value = np.log(flow[site]) + 0.9 * np.log(1 + here[site]) - np.log(-np.log(unit(b)))
            if best is None or value > best[0]:
                best = value, site
        here[best[1]] += 1
    got = open_sites(40, flow, 0.9, 5, "test.sites")
    assert got.tolist() == [here.get(i, 0) for i in range(6)]


def test_a_real_city_is_not_generated():
    with pytest.raises(SpecError, match="from_files"):
        generate(CityParams(preset="from_files"))
