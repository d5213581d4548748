"""The same functions on recorded crime of real cities, against numbers that others published or computed."""

import csv
import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from analysis.concentration import gini, share_of_places
from analysis.facts import areas, near_repeat

CITIES = os.environ.get("LAMPLIGHTER_CITIES", "")
pytestmark = pytest.mark.skipif(not CITIES, reason="LAMPLIGHTER_CITIES is not set: no data of real cities")
CRS = {"chicago": 26916, "vancouver": 26910, "manchester": 27700}


def rows_of(path):
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as stream:
        return list(csv.DictReader(stream))


def expected(city):
    return json.loads(Path(CITIES, city, "facts.json").read_text())


def metres(city, rows):
    import pyproj

    point = pyproj.Transformer.from_crs(4326, CRS[city], always_xy=True)
    return point.transform([float(r["lon"]) for r in rows], [float(r["lat"]) for r in rows])


@pytest.fixture(scope="module")
def outlines():
    import pyproj
    import shapely

    made = {}

    def outline(city):
        if city not in made:
            project = pyproj.Transformer.from_crs(4326, CRS[city], always_xy=True)
            shapes = json.loads(Path(CITIES, city, "areas.geojson").read_text())["features"]
            made[city] = {str(f["properties"]["area_id"]): shapely.transform(
                shapely.geometry.shape(f["geometry"]), lambda a: np.column_stack(project.transform(*a.T)))
                for f in shapes}
        return made[city]

    return outline


def test_knox_gives_the_table_of_the_near_repeat_calculator():
    rows = rows_of(Path(CITIES, "near_repeat_benchmark", "chicago_be_2016_01_nrc_benchmark.csv"))
    x, y = np.array([[float(r["x_epsg26971"]), float(r["y_epsg26971"])] for r in rows]).T
    day = np.array([np.datetime64(r["date"], "D") for r in rows]).view("int64")
    found = near_repeat.knox(x, y, day, [(-1, 0.1), (0.1, 100), (100, 200), (200, 300)], [(0, 7), (8, 14), (15, 21)],
                             metric="manhattan", permutations=399)
    published = np.array([[1.65, 0.43, 0.63], [1.69, 0.60, 0.57], [1.32, 0.94, 0.51], [0.94, 1.03, 1.07]])
    assert found.observed.tolist() == [[29, 4, 5], [45, 15, 7], [106, 48, 21], [87, 63, 44]]
    # Twenty iterations give the published ratios, 399 ours: ratios of few pairs differ by as much as their noise.
    assert np.abs(found.ratio - published).max() < 0.25
    assert np.abs(found.ratio - published)[found.observed > 40].max() < 0.25
    assert (found.p[:3, 0] < 0.05).all() and (found.p[:, 1:] > 0.05).all()


def test_knox_of_a_year_of_burglaries():
    rows = rows_of(Path(CITIES, "chicago", "burglary_residential_2016.csv.gz"))
    x, y = metres("chicago", rows)
    day = np.array([np.datetime64(r["date"], "D") for r in rows]).view("int64")
    found = near_repeat.knox(x, y, day, [(-1, 200), (0.999, 200)], [(0, 14)], permutations=49)
    known = expected("chicago")["burglary_residential_2016_exact"]["knox_200m_14d"]
    # A few pairs lie within rounding of the bounds of a band.
    assert found.observed[0, 0] == pytest.approx(known["all"]["observed"], abs=5)
    assert found.observed[1, 0] == pytest.approx(known["different_location"]["observed"], abs=5)
    assert found.ratio[0, 0] == pytest.approx(known["all"]["ratio"], abs=0.03)
    assert found.ratio[1, 0] == pytest.approx(known["different_location"]["ratio"], abs=0.03)


@pytest.mark.parametrize("city, kinds", [("vancouver", ("burglary", "theft", "vehicle", "other")),
                                         ("chicago", ("burglary", "robbery", "drugs")), ("manchester", ("burglary",))])
def test_concentration_on_cells(city, kinds, outlines):
    import shapely

    whole = shapely.union_all(list(outlines(city).values()))
    shapely.prepare(whole)
    left, bottom, right, top = (np.array(whole.bounds) // 200).astype(int)
    columns, rows = np.meshgrid(np.arange(left, right + 1), np.arange(bottom, top + 1))
    inside = shapely.contains_xy(whole, columns * 200 + 100, rows * 200 + 100)
    events = [r for r in rows_of(Path(CITIES, city, "events.csv.gz")) if r["lat"]]
    for kind in kinds:
        x, y = metres(city, [r for r in events if r["type"] == kind])
        counts = np.zeros(inside.shape)
        at_y, at_x = np.array(y) // 200 - bottom, np.array(x) // 200 - left
        ok = (at_y >= 0) & (at_y < inside.shape[0]) & (at_x >= 0) & (at_x < inside.shape[1])
        np.add.at(counts, (at_y[ok].astype(int), at_x[ok].astype(int)), 1)
        known = expected(city)["concentration_200m"][kind]
        assert inside.sum() == known["cells_total"] and counts[inside].sum() == known["n_in_grid"]
        assert gini(counts[inside]) == pytest.approx(known["gini_all_cells"], abs=1e-4)
        assert share_of_places(counts[inside]) == pytest.approx(known["share_cells_50pct"], abs=1e-4)
        assert share_of_places(counts[inside], 0.25) == pytest.approx(known["share_cells_25pct"], abs=1e-4)


@pytest.mark.parametrize("city", ["chicago", "vancouver", "manchester"])
def test_area_rates_correlations_and_moran(city, outlines):
    libpysal = pytest.importorskip("libpysal")
    known = expected(city)
    table = {r["area_id"]: r for r in rows_of(Path(CITIES, city, "areas.csv"))}
    ids = list(outlines(city))
    counts = dict.fromkeys(ids, 0)
    for r in rows_of(Path(CITIES, city, "events.csv.gz")):
        if r["type"] == "burglary" and r["area_id"] in counts:
            counts[r["area_id"]] += 1
    years = known["events"]["burglary"] / known["events_per_year"]["burglary"]
    rate = np.array([1000 * counts[i] / float(table[i]["population"]) / years for i in ids])
    mine = known["area"]["burglary"]
    assert np.median(rate) == pytest.approx(mine["rate_per_1000"]["median"], rel=0.01)
    for name, found in mine["correlation"].items():
        if name in table[ids[0]] and all(table[i][name] for i in ids):
            column = np.array([float(table[i][name]) for i in ids])
            assert np.corrcoef(rate, column)[0, 1] == pytest.approx(found["pearson"], abs=0.01), name
    near = libpysal.weights.Queen.from_iterable(list(outlines(city).values()), silence_warnings=True)
    value, p = areas.moran(rate, dict(near.neighbors))
    assert value == pytest.approx(mine["moran"]["I"], abs=0.01) and p <= 0.01
