"""Real cities from files: what is read, and what every kind of damage says."""

import copy
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from city_folder import LAT, LON, events, features, points, square, table, write_city, write_csv

from experiments.city_files import check_city, city_from_params, convert_city, load_city, load_events, read_city
from sim.errors import DataError
from sim.people.synthesis import populate
from sim.spec import CityParams


@pytest.fixture
def folder(tmp_path):
    return write_city(tmp_path / "town")


def test_a_city_is_read_and_peopled(folder):
    city, tables = read_city(folder)
    assert len(city.areas) == 9 and city.population == sum(900 + 100 * k for k in range(9))
    assert city.areas.names[0] == "Area A" and city.areas.ids == tuple("123456789")
    assert city.grid.crs == "EPSG:32616" and not city.fictional and len(city.checksum) == 64
    cells = np.bincount(city.area[city.area >= 0])
    assert ((cells > 85) & (cells < 115)).all(), "1 km2 is about 100 cells"
    assert np.bincount(city.layers["beat"][city.area >= 0]).max() > 850, "one of the three beats covers the city"
    assert city.layers["vacant_lots"].sum() == 8 and len(tables.polygons) == 9
    people = populate(city)
    assert (np.bincount(people["residents"]["area"]) == city.areas.columns["population"]).all()
    # Areas lie where the polygons are: the first in the south-west, the last in the north-east.
    x, y = city.grid.centre(np.arange(city.grid.cells))
    assert x[city.area == 0].mean() < x[city.area == 8].mean() and y[city.area == 0].mean() < y[city.area == 8].mean()


def test_a_subset_by_name_or_id_in_any_case(folder):
    city = load_city(folder, ("area b", 5, "AREA C"))
    assert city.areas.ids == ("2", "3", "5") and city.population == 1000 + 1100 + 1300
    assert load_city(folder, ("3", "2")).checksum == load_city(folder).checksum
    assert load_city(folder, residents=500).population == 500


def test_the_same_files_give_the_same_city_and_events_do_not_matter(folder):
    first = load_city(folder)
    (folder / "events.csv.gz").unlink()
    second = load_city(folder)
    assert first.checksum == second.checksum
    assert all((first.layers[k] == second.layers[k]).all() for k in first.layers)


def test_other_coordinate_systems_give_the_same_city(folder, tmp_path):
    import pyproj

    there = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:3435", always_xy=True)  # US feet
    shapes = features()
    for f in shapes:
        ring = f["geometry"]["coordinates"][0]
        f["geometry"]["coordinates"] = [[list(there.transform(*p)) for p in ring]]
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3435"}}
    stated = write_city(tmp_path / "stated", shapes=shapes, crs=named)
    silent = write_city(tmp_path / "silent", shapes=shapes)
    base = load_city(folder)
    for city in (load_city(stated), load_city(silent, crs="EPSG:3435")):
        assert city.grid == base.grid and (city.area != base.area).mean() < 0.01
    with pytest.raises(DataError, match="longitude -180 to 180"):
        load_city(silent)


def test_events_come_with_cells_and_areas(folder):
    city = load_city(folder)
    got = load_events(folder, city)
    assert len(got["type"]) == 200 and set(got["type"]) == {"theft", "burglary"}
    assert (got["cell"] >= 0).all() and (city.area[got["cell"]] == got["area"]).all()
    x, y = city.grid.centre(got["cell"])
    assert np.abs(x - got["x_m"]).max() <= 50 and np.abs(y - got["y_m"]).max() <= 50
    assert got["datetime"].dtype == np.dtype("datetime64[m]") and set(got["precision"]) == {"minute"}
    some = load_events(folder, load_city(folder, ("1",)))
    assert 0 < len(some["type"]) < 200


def test_events_without_a_point_or_with_a_month_only_are_kept(folder):
    rows = events()[:3]
    rows[0].update(lat="", lon="", area_id="4", datetime="2022-05")
    rows[1].update(datetime="2022-05-06")
    write_csv(folder / "events.csv.gz", rows)
    got = load_events(folder)
    assert np.isnan(got["x_m"][0]) and got["cell"][0] == -1 and got["area"][0] == 3
    assert got["precision"].tolist() == ["month", "day", "minute"]


def test_missing_columns_are_filled_and_said(tmp_path):
    rows = [{"area_id": r["area_id"], "population": r["population"], "imd_decile_2019": str(1 + int(r["area_id"]))}
            for r in table()]
    city = load_city(write_city(tmp_path / "poor", rows=rows, extras=False))
    poverty = city.areas.columns["poverty_rate"]
    assert (np.diff(poverty) < 0).all() and city.areas.names[1] == "AREA B"
    notes = " ".join(city.notes)
    for word in ("decile", "unemployment_rate", "share_under18", "income"):
        assert word in notes


def test_an_index_of_deprivation_is_kept_and_builds_nothing(tmp_path):
    plain = load_city(write_city(tmp_path / "plain"))
    rows = [{**r, "hardship_index": str(7 * k)} for k, r in enumerate(table())]
    told = load_city(write_city(tmp_path / "told", rows=rows))
    assert told.areas.columns["deprivation"].tolist() == [7.0 * k for k in range(len(rows))]
    assert all(np.array_equal(plain.layers[n], told.layers[n]) for n in plain.layers)
    assert all(np.array_equal(v, told.areas.columns[n]) for n, v in plain.areas.columns.items())


def test_check_says_what_was_found(folder):
    text = "\n".join(check_city(folder))
    assert "9 areas" in text and "liquor_retail (taken for alcohol_retail)" in text and "theft" in text
    assert "per_capita_income" in text


def test_convert_writes_a_folder_that_reads_the_same(folder, tmp_path):
    out = tmp_path / "clean" / "town"
    lines = convert_city(folder, out)
    assert lines[-1].startswith("written")
    assert sorted(p.name for p in out.iterdir()) == ["areas.csv", "areas.geojson", "facilities.csv", "manifest.json"]
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["areas"] == 9 and manifest["source_files"].keys() >= {"areas.csv", "areas.geojson"}
    a, b = load_city(folder), load_city(out)
    assert (a.area == b.area).mean() > 0.99 and a.areas.ids == b.areas.ids
    assert np.allclose(a.areas.columns["poverty_rate"], b.areas.columns["poverty_rate"])
    assert np.allclose(a.areas.columns["income"], b.areas.columns["income"], rtol=1e-3)
    with pytest.raises(DataError, match="new or empty folder"):
        convert_city(folder, out)
    (folder / "areas.csv").write_text("area_id\n1\n")
    with pytest.raises(DataError, match="population"):
        convert_city(folder, tmp_path / "never")
    assert not (tmp_path / "never").exists() and len(list(tmp_path.iterdir())) == 2, "nothing half-written"


def test_city_from_params_reads_files_or_generates(folder):
    city = city_from_params(CityParams(preset="from_files", path=str(folder), areas=("1",), street_period=5))
    assert city.street_period == 5 and len(city.areas) == 1
    assert city_from_params(CityParams(residents=300)).population == 300


# -- damage ---------------------------------------------------------------------------------------------------------


def rows_with(line, **changes):
    rows = table()
    rows[line - 2].update(changes)
    return rows


def without(name):
    return [{k: v for k, v in r.items() if k != name} for r in table()]


def shapes_with(index, **changes):
    shapes = features()
    shapes[index].update(copy.deepcopy(changes))
    return shapes


def polygon(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


def swapped():
    shapes = features()
    for f in shapes:
        f["geometry"]["coordinates"] = [[[y, x] for x, y in f["geometry"]["coordinates"][0]]]
    return shapes


def moved(dx, dy, scale=1.0):
    shapes = features()
    for f in shapes:
        ring = f["geometry"]["coordinates"][0]
        f["geometry"]["coordinates"] = [[[LON + (x - LON) * scale + dx, LAT + (y - LAT) * scale + dy] for x, y in ring]]
    return shapes


BOW = polygon([[LON, LAT], [LON + 0.01, LAT + 0.01], [LON + 0.01, LAT], [LON, LAT + 0.01], [LON, LAT]])
PERCENT = [{**r, "poverty_rate": str(100 * float(r["poverty_rate"]))} for r in table()]
TABLES = {  # name: rows, what the message says
    "no area_id": (without("area_id"), r"areas\.csv: missing column 'area_id'"),
    "no population": (without("population"), r"areas\.csv: missing column 'population'"),
    "NaN population": (rows_with(4, population="nan"), r"line 4, column population: .*'nan'"),
    "empty population": (rows_with(4, population=""), r"line 4, column population: .*found nothing"),
    "negative population": (rows_with(3, population="-5"), r"line 3, column population: .*'-5'"),
    "huge population": (rows_with(3, population="1e30"), r"line 3, column population: .*'1e30'"),
    "crowded population": (rows_with(3, population="9000000"), r"column population: .*per km2"),
    "broken population": (rows_with(3, population="12.5"), r"line 3, column population: .*whole number.*'12.5'"),
    "worded population": (rows_with(3, population="many"), r"line 3, column population: .*'many'"),
    "infinite population": (rows_with(3, population="inf"), r"line 3, column population: .*'inf'"),
    "underscored population": (rows_with(3, population="1_000"), r"line 3, column population: .*'1_000'"),
    "long digits": (rows_with(3, population="9" * 5000), r"line 3, column population"),
    "nobody": ([{**r, "population": "0"} for r in table()], r"column population: expected between 1"),
    "rate above one": (rows_with(5, poverty_rate="1.7"),
                       r"line 5, column poverty_rate: .*0 to 1.*percent\? give 0\.017"),
    "percent": (PERCENT, r"column poverty_rate: .*percent"),
    "negative rate": (rows_with(5, unemployment_rate="-0.1"), r"line 5, column unemployment_rate: .*'-0.1'"),
    "NaN rate": (rows_with(5, unemployment_rate="NaN"), r"line 5, column unemployment_rate"),
    "worded rate": (rows_with(5, share_over65="!!python/object:os.system"), r"line 5, column share_over65"),
    "shares above one": (rows_with(5, share_over65="0.9"), r"line 5: .*share_under18 \+ share_over65"),
    "negative income": (rows_with(5, per_capita_income="-3"), r"column per_capita_income"),
    "duplicate id": (rows_with(5, area_id="1"), r"line 5, column area_id: .*each id once.*line 2"),
    "empty id": (rows_with(5, area_id=" "), r"line 5, column area_id"),
    "unknown id": (rows_with(5, area_id="99"), r"'4'|'99'"),
    "area too many": (table() + [{**table()[0], "area_id": "10"}], r"line 11, column area_id: .*'10'"),
    "area missing": (table()[:-1], r"areas\.geojson, feature 9: .*'9'"),
    "line break in a name": (rows_with(5, name="two\nlines"), r"column name"),
    "wrong size": ([{**r, "area_km2": "40"} for r in table()], r"area_km2"),
}
SHAPES = {
    "self-crossing": (shapes_with(0, geometry=BOW), r"feature 1 \('1'\): .*cross"),
    "empty polygon": (shapes_with(0, geometry=polygon()), r"feature 1 \('1'\): .*empty"),
    "empty ring": (shapes_with(0, geometry=polygon([])), r"feature 1 \('1'\): .*three corners"),
    "two corners": (shapes_with(0, geometry=polygon([[0, 0], [1, 1], [0, 0]])), r"three corners"),
    "no geometry": (shapes_with(0, geometry=None), r"feature 1 .*Polygon"),
    "a point": (shapes_with(2, geometry={"type": "Point", "coordinates": [LON, LAT]}), r"feature 3 .*'Point'"),
    "a collection": (shapes_with(2, geometry={"type": "GeometryCollection", "geometries": []}), r"feature 3"),
    "words as coordinates": (shapes_with(2, geometry=polygon([["a", "b"]] * 4)), r"feature 3 .*numbers"),
    "numbers as words": (shapes_with(2, geometry=polygon([[str(x), str(y)] for x, y in square(0, 0)])), r"numbers"),
    "short pairs": (shapes_with(2, geometry=polygon([[1.0]] * 4)), r"feature 3 .*numbers"),
    "nested nonsense": (shapes_with(2, geometry=polygon([[[1], [2]]] * 4)), r"feature 3 .*numbers"),
    "huge number": (shapes_with(2, geometry=polygon([[10**400, 1], [0, 1], [1, 1]])), r"feature 3|numbers|JSON"),
    "no properties": (shapes_with(1, properties=None), r"feature 2: .*properties"),
    "no id": (shapes_with(1, properties={"name": "x"}), r"feature 2: .*area_id"),
    "id of a wrong type": (shapes_with(1, properties={"area_id": [1]}), r"feature 2: .*identifier"),
    "twice the same id": (shapes_with(1, properties={"area_id": 1}), r"feature 2: .*once"),
    "unknown id": (shapes_with(1, properties={"area_id": "zz"}), r"feature 2: .*'zz'"),
    "overlap": (shapes_with(1, geometry=polygon(square(0.5, 0))), r"feature 2 \('2'\): .*overlap with '1'"),
    "swapped": (swapped(), r"swapped"),
    "metres as degrees": (moved(0, 0, 1e6), r"longitude -180 to 180"),
    "far too wide": (moved(0, 0, 300), r"300 km across"),
    "tiny": (moved(0, 0, 1e-6), r"wrong crs"),
    "stray polygon": (shapes_with(8, geometry=polygon(square(4000, 1))), r"300 km|-180"),
    "at the pole": (moved(0, 45), r"swapped"),
    "not features": (["x"] * 9, r"feature 1"),
    "no features": ([], r"at least one feature"),
}
CRS = {
    "unknown code": ({"type": "name", "properties": {"name": "EPSG:999999"}}, r"unknown coordinate reference system"),
    "nonsense": ({"type": "name", "properties": {"name": "hello"}}, r"crs: expected"),
    "a file": ({"type": "name", "properties": {"name": "+init=/etc/passwd"}}, r"crs: expected"),
    "code": ({"type": "name", "properties": {"name": "${oc.env:HOME}"}}, r"crs: expected"),
    "no name": ({"type": "link"}, r"crs\.properties\.name"),
    "a list": ([1], r"crs\.properties\.name"),
    "other zone": ({"type": "name", "properties": {"name": "EPSG:26916"}}, r"area of use|fit|wrong crs"),
    "mercator": ({"type": "name", "properties": {"name": "EPSG:3857"}}, r"100 m across|wrong crs"),
    "vertical": ({"type": "name", "properties": {"name": "EPSG:5703"}}, r"geographic or projected"),
}


def one_line(call):
    with pytest.raises(DataError) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text and len(text) < 500, text
    return text


@pytest.mark.parametrize("name", TABLES)
def test_damaged_table(name, tmp_path):
    rows, expected = TABLES[name]
    assert re.search(expected, one_line(lambda: load_city(write_city(tmp_path / "t", rows=rows))))


@pytest.mark.parametrize("name", SHAPES)
def test_damaged_polygons(name, tmp_path):
    shapes, expected = SHAPES[name]
    folder = write_city(tmp_path / "t", shapes=shapes)
    text = one_line(lambda: load_city(folder))
    assert re.search(expected, text), text


@pytest.mark.parametrize("name", CRS)
def test_damaged_crs(name, tmp_path):
    crs, expected = CRS[name]
    folder = write_city(tmp_path / "t", crs=crs)
    text = one_line(lambda: load_city(folder))
    assert re.search(expected, text), text


BYTES = {
    "empty": b"", "blank": b"  \n \n", "zero bytes": b"\0" * 64, "binary": bytes(range(256)) * 8,
    "latin 1": b"caf\xe9,1\n", "a pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix",
    "open quote": b'area_id,population\n"1,2\n', "semicolons": b"area_id;population\n1;2\n",
    "header only": b"area_id,population\n", "short row": b"area_id,population\n1\n",
    "twice": b"area_id,population,population\n1,2,3\n", "yaml": b"!!python/object/apply:os.system ['true']\n",
    "half json": b'{"type": "FeatureCollection", "features": [', "a list": b"[1, 2]", "deep": b"[" * 200_000,
    "null": b"null", "NaN": b"NaN", "digits": b"9" * 10_000, "other json": b'{"type": "Feature"}',
}


@pytest.mark.parametrize("file", ["areas.csv", "areas.geojson", "beats.geojson", "points.csv.gz"])
@pytest.mark.parametrize("name", BYTES)
def test_rubbish_in_any_file(name, file, tmp_path):
    folder = write_city(tmp_path / "t")
    (folder / file).write_bytes(BYTES[name])
    text = one_line(lambda: load_city(folder))
    assert file in text, text
    if file.endswith(".gz") and BYTES[name]:
        (folder / file).write_bytes(gzip.compress(BYTES[name]))
        assert file in one_line(lambda: load_city(folder))


@pytest.mark.parametrize("change,expected", [
    ({"lat": "north"}, "line 2, column lat"), ({"lat": "95"}, "line 2, column lat"),
    ({"lon": "inf"}, "line 2, column lon"),
    ({"lat": ""}, "both lat and lon"), ({"datetime": "yesterday"}, "line 2, column datetime"),
    ({"datetime": "2022-13-01"}, "line 2, column datetime"), ({"datetime": ""}, "line 2, column datetime")])
def test_damaged_events(change, expected, folder):
    rows = events()
    rows[0].update(change)
    write_csv(folder / "events.csv.gz", rows)
    assert expected in one_line(lambda: load_events(folder))
    assert expected in one_line(lambda: check_city(folder))


def test_swapped_points_are_found(folder):
    write_csv(folder / "points.csv.gz", [{**p, "lat": str(float(p["lon"]) / 2), "lon": p["lat"]} for p in points()])
    assert "swapped" in one_line(lambda: load_city(folder))


@pytest.mark.parametrize("areas,expected", [(("Area Z",), "did you mean"), (("nowhere at all",), "known:"),
                                            (("1", "77"), "'77'"), (("",), "no area"),
                                            (("${oc.env:HOME}",), "no area")])
def test_unknown_areas(areas, expected, folder):
    assert expected in one_line(lambda: load_city(folder, areas))


def test_a_name_that_two_areas_have(tmp_path):
    folder = write_city(tmp_path / "t", rows=rows_with(3, name="Area A"))
    assert "give their ids" in one_line(lambda: load_city(folder, ("area a",)))
    assert len(load_city(folder).areas) == 9


@pytest.mark.parametrize("path", ["", "/no/such/folder", "x\0y", "a" * 5000, __file__])
def test_paths_that_are_no_city(path):
    assert "city.path" in one_line(lambda: load_city(path))


@pytest.mark.parametrize("file", ["areas.csv", "areas.geojson"])
def test_a_file_that_is_not_there_or_a_folder(file, folder):
    (folder / file).unlink()
    assert file in one_line(lambda: load_city(folder))
    (folder / file).mkdir()
    assert file in one_line(lambda: load_city(folder))


def test_reading_needs_neither_the_model_nor_the_commands():
    """Importing the reader stays cheap: heavy packages come when a city is read."""
    heavy = ("pyproj", "shapely", "numba", "mesa")
    code = f"import sys, experiments.city_files; print([m for m in {heavy} if m in sys.modules])"
    root = Path(__file__).parents[2]
    out = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


# -- cities that were brought along ---------------------------------------------------------------------------------

CITIES = Path(os.environ.get("LAMPLIGHTER_CITIES", "/nonexistent"))


@pytest.mark.parametrize("name,areas,people", [("chicago", 77, 2_733_835), ("vancouver", 22, 633_135),
                                               ("manchester", 282, 503_088)])
@pytest.mark.skipif(not CITIES.is_dir(), reason="LAMPLIGHTER_CITIES does not name a folder with real cities")
def test_real_cities(name, areas, people):
    city = load_city(CITIES / name)
    assert len(city.areas) == areas and city.population == people
    size = city.areas.columns["area_km2"]
    cells = np.bincount(city.area[city.area >= 0], minlength=areas) / 100
    assert np.median(cells / size) == pytest.approx(1, abs=0.03)


@pytest.mark.skipif(not CITIES.is_dir(), reason="LAMPLIGHTER_CITIES does not name a folder with real cities")
def test_four_areas_of_chicago():
    city = load_city(CITIES / "chicago", ("austin", "North Lawndale", "30", "NEAR WEST SIDE"))
    people = populate(city)
    count = np.bincount(people["residents"]["area"])
    assert (count == city.areas.columns["population"]).all() and count.sum() > 200_000
    got = load_events(CITIES / "chicago", city)
    assert (np.bincount(got["area"]) > 1_000).all()
