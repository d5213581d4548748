"""Real cities from files: reading, checking, converting.

A city is a folder with ``areas.geojson`` (polygons with ``area_id``) and ``areas.csv`` (``area_id``, ``population`` and
the optional columns of `experiments.city_csv.COLUMNS`). It may hold ``facilities.csv`` or ``points.csv`` (kind, lat,
lon; also .gz), ``beats.geojson`` or ``police_beats.geojson``, and ``events.csv`` (datetime, lat, lon, type, area_id;
also .gz). Recorded events are read for comparison only; nothing of the model is built from them.

Polygons may stand in any coordinate reference system with an authority's code: the ``crs`` argument, else the crs
member of the file, else WGS84. Points in tables are WGS84 degrees. Nothing that a file contains is executed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import DataError
from sim.parameters import show

if TYPE_CHECKING:
    from experiments.city_shapes import Shapes
    from sim.city.grid import City
    from sim.spec import CityParams

# Kinds of facilities: what files call them -> what the model takes them for.
KINDS = {
    "shop": "shops", "shops": "shops", "bar": "bars", "bars": "bars", "pub": "bars", "school": "schools",
    "schools": "schools", "stop": "stops", "stops": "stops", "bus_stop": "stops", "station": "stops",
    "cash_point": "cash_points", "cash_points": "cash_points", "atm": "cash_points", "vacant_lot": "vacant_lots",
    "vacant_lots": "vacant_lots", "abandoned_building": "vacant_lots", "abandoned_building_311": "vacant_lots",
    "street_light_out": "lights_out", "street_light_out_311": "lights_out", "lights_out": "lights_out",
    "alcohol_retail": "alcohol_retail", "liquor_retail": "alcohol_retail",
}
PERIOD, ORDER, PRESENCE, INEQUALITY = 8, 0.6, 1.0, 0.42


@dataclasses.dataclass
class CityTables:
    """What was read besides the city itself.

    Attributes
    ----------
    polygons : list
        Shapely polygons of the kept areas in metres of the grid, in the order of ``city.areas``.
    facilities : dict of str to float[n, 2]
        Points in metres by kind as named in the file.
    files : dict of str to str
        sha256 of each file read.
    notes : list of str
    """

    polygons: list[Any]
    facilities: dict[str, np.ndarray]
    files: dict[str, str]
    notes: list[str]


def city_from_params(params: CityParams) -> City:
    """Generate or read the city that the parameters describe."""
    if params.preset != "from_files":
        from sim.city.synthetic import generate

        return generate(params)
    return load_city(params.path, params.areas, params.residents, params.seed, period=params.street_period,
                     order=params.street_order, state_presence=params.state_presence, inequality=params.inequality)


def load_city(path: str | os.PathLike, areas: tuple[str, ...] = (), residents: int = 0, seed: int = 1,
              **settings: Any) -> City:
    """Read a real city: the first result of :func:`read_city`."""
    return read_city(path, areas, residents, seed, **settings)[0]


def read_city(path: str | os.PathLike, areas: tuple[str, ...] = (), residents: int = 0, seed: int = 1, *,
              crs: str | None = None, period: int = PERIOD, order: float = ORDER, state_presence: float = PRESENCE,
              inequality: float = INEQUALITY) -> tuple[City, CityTables]:
    """Read, check and build a real city.

    Parameters
    ----------
    path : path
        Folder with the files (see the module's docstring).
    areas : tuple of str
        Names or ids of the areas to keep, in any case; empty keeps all.
    residents : int
        0: one person per person of the table.
    seed : int
        Key of what the files do not say (blocks within areas, sites of traders).
    crs : str, optional
        Coordinate reference system of the polygons, if the files do not say or are wrong.
    period, order, state_presence, inequality
        As in ``CityParams``.

    Returns
    -------
    city : City
    tables : CityTables

    Raises
    ------
    DataError
        One line: file, row or feature, column, what was expected and what was found.
    """
    from experiments import city_csv, city_shapes
    from sim.city.grid import AreaTable
    from sim.city.tables import from_tables

    folder = _folder(path)
    files: dict[str, str] = {}
    table_data, shape_data = _take(folder, "areas.csv", files), _take(folder, "areas.geojson", files)
    ids, names, columns, notes = city_csv.read_areas(folder / "areas.csv", data=table_data)
    shapes = city_shapes.read_shapes(shape_data, "areas.geojson", crs)
    city_shapes.check_cover(shapes)
    row_of = _match(ids, shapes)
    _check_size(columns, ids, shapes, row_of)
    names = [n if n != i else (shapes.names[f] or n)
             for n, i, f in zip(names, ids, _order(row_of, len(ids)), strict=True)]
    keep = _chosen(ids, names, areas)
    feature_of = _order(row_of, len(ids))
    features = [feature_of[i] for i in keep]
    columns = {name: values[keep] for name, values in columns.items()}
    if not columns["population"].sum() > 0:
        raise DataError("areas.csv, column population: expected at least one resident in the areas kept, found 0")
    if residents < 0 or residents > city_csv.MAX_POPULATION:
        raise DataError(f"residents: expected 0 to {city_csv.MAX_POPULATION}, found {residents}")
    grid = city_shapes.make_grid(shapes, features, period)
    raster = city_shapes.rasterise(shapes, features, grid)
    facilities = _facilities(folder, shapes, files)
    given = _counts(facilities, raster, grid, notes)
    beat = _beats(folder, shapes, grid, raster, files, notes)
    if len(keep) < len(ids):
        notes.append(f"{len(keep)} of {len(ids)} areas; people live, work and shop within them only")
    table = AreaTable(tuple(ids[i] for i in keep), tuple(names[i] for i in keep), columns)
    city = from_tables(grid, raster, table, name=folder.resolve().name, given=given, beat=beat, residents=residents,
                       seed=seed, period=period, order=order, state_presence=state_presence, inequality=inequality,
                       checksum=_checksum(files), notes=tuple(notes))
    polygons = [shapes.polygons[f] for f in features]
    return city, CityTables(polygons, facilities, files, list(city.notes))


def load_events(path: str | os.PathLike, city: City | None = None) -> dict[str, np.ndarray]:
    """Recorded events of a real city, for comparison with a run.

    Parameters
    ----------
    path : path
        The city's folder.
    city : City, optional
        The built city (all areas or a subset); without it the whole city is read first.

    Returns
    -------
    dict of arrays, one row per event in the areas of `city`
        datetime (datetime64[m]; the first minute where only a day or month is known), precision ("minute", "day",
        "month"), x_m, y_m (metres in the grid's system, NaN without a point), cell (int64, -1 without a point in the
        city), type (text), area (int64 index of ``city.areas``; by area_id, else by the point).
    """
    import pyproj

    from experiments import city_csv, city_shapes

    folder = _folder(path)
    city = load_city(path) if city is None else city
    file = _one_of(folder, ("events.csv", "events.csv.gz"))
    if file is None:
        raise DataError(f"{folder}: expected events.csv or events.csv.gz, found neither")
    rows = city_csv.read_csv(file, ("datetime", "lat", "lon", "type"), wanted=("datetime", "lat", "lon", "type",
                                                                               "area_id"))
    lat, lon = _degrees(rows)
    x, y = pyproj.Transformer.from_crs(city_shapes.WGS84, city.grid.crs, always_xy=True).transform(lon, lat)
    x, y = np.where(np.isfinite(x), x, np.nan), np.where(np.isfinite(y), y, np.nan)
    cell = city_shapes.cells_of(x, y, city.grid)
    at = np.where(cell >= 0, city.area[np.maximum(cell, 0)], -1).astype(np.int64)
    cell = np.where(at >= 0, cell, -1)
    if "area_id" in rows.columns:
        index = {value: i for i, value in enumerate(city.areas.ids)}
        stated = [city_csv.identifier(v) for v in rows.columns["area_id"]]
        area = np.array([index.get(v, -1) if v else int(at[i]) for i, v in enumerate(stated)], np.int64)
    else:
        area = at
    times, precision = _times(rows)
    mine = area >= 0
    return {"datetime": times[mine], "precision": precision[mine], "x_m": x[mine], "y_m": y[mine], "cell": cell[mine],
            "type": city_csv.words(rows, "type")[mine], "area": area[mine]}


def check_city(path: str | os.PathLike, areas: tuple[str, ...] = (), crs: str | None = None) -> list[str]:
    """Read everything a folder has and say in lines what was made of it.

    Raises
    ------
    DataError
        For the first mistake found.
    """
    city, tables = read_city(path, areas, crs=crs)
    columns = city.areas.columns
    inside = city.area >= 0
    people = columns["population"]

    def mean(name: str) -> float:
        return float(np.average(columns[name], weights=people))

    lines = [
        f"city: {city.name}: {len(city.areas)} areas, {int(people.sum()):,} residents, {inside.sum() / 100:,.1f} km2, "
        f"grid {city.grid.width} x {city.grid.height} cells of {city.grid.cell_m:g} m ({city.grid.crs})",
        f"areas: {people.min():,.0f} to {people.max():,.0f} residents; poverty {mean('poverty_rate'):.1%} "
        f"({columns['poverty_rate'].min():.1%} to {columns['poverty_rate'].max():.1%}), unemployment "
        f"{mean('unemployment_rate'):.1%}, under 18 {mean('share_under18'):.1%}, 65 and over "
        f"{mean('share_over65'):.1%}",
    ]
    for kind, points in sorted(tables.facilities.items()):
        taken = KINDS.get(kind.casefold())
        lines.append(f"facilities: {len(points):,} {kind}" + (f" (taken for {taken})" if taken else " (not used)"))
    if _one_of(_folder(path), ("events.csv", "events.csv.gz")):
        events = load_events(path, city)
        kinds, counts = np.unique(events["type"], return_counts=True)
        share = float((events["cell"] >= 0).mean()) if len(events["cell"]) else 0.0
        if len(events["cell"]) >= 100 and 0 < np.isfinite(events["x_m"]).mean() and share < 0.02 and \
                np.isfinite(events["x_m"]).mean() > 0.5:
            raise DataError(f"events: expected points within the areas, found {share:.1%} of them there; wrong crs, or "
                            "latitude and longitude swapped?")
        lines.append(f"events (for comparison only): {len(events['type']):,}, {share:.1%} with a point in the areas: "
                     + ", ".join(f"{k} {c:,}" for k, c in sorted(zip(kinds, counts, strict=True), key=lambda p: -p[1])))
    lines += [f"note: {note}" for note in tables.notes]
    lines.append(f"checksum: {city.checksum}")
    return lines


def convert_city(source: str | os.PathLike, out: str | os.PathLike, areas: tuple[str, ...] = (),
                 crs: str | None = None) -> list[str]:
    """Write a checked city as a clean folder: WGS84 polygons, documented columns, facilities, beats, a manifest.

    The folder appears whole or not at all. Recorded events are not copied.

    Returns
    -------
    list of str
        The lines of :func:`check_city` and where the folder is.

    Raises
    ------
    DataError
        If the files are not valid or `out` exists and is not empty.
    """
    lines = check_city(source, areas, crs)
    city, tables = read_city(source, areas, crs=crs)
    target = Path(out)
    if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        raise DataError(f"{target}: expected a new or empty folder, found something in its place")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise DataError(f"{target}: cannot be written ({error.strerror})") from None
    try:
        _write(city, tables, work, lines)
        work.chmod(0o755)
        if target.exists():
            target.rmdir()
        os.rename(work, target)
    except OSError as error:
        raise DataError(f"{target}: cannot be written ({error.strerror})") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return [*lines, f"written: {target}"]


# -- reading -------------------------------------------------------------------------------------------------------


def _folder(path: str | os.PathLike) -> Path:
    text = os.fspath(path)
    if not text or "\0" in text or len(text) > 4096:
        raise DataError(f"city.path: expected a folder, found {show(text)}")
    folder = Path(text).expanduser()
    try:
        if not folder.is_dir():
            raise DataError("city.path: expected a folder with areas.geojson and areas.csv, found no folder "
                            f"{show(text)}")
    except OSError as error:
        raise DataError(f"city.path: cannot be read ({error.strerror})") from None
    return folder


def _one_of(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / n for n in names if (folder / n).exists()), None)


def _take(folder: Path, name: str, files: dict[str, str]) -> bytes:
    """Content of a required file; its checksum is noted."""
    from experiments.city_csv import read_bytes

    if not (folder / name).exists():
        found = sorted(p.name for p in folder.iterdir())[:12]
        raise DataError(f"{folder}: expected the file {name}, found {show(found)}")
    data = read_bytes(folder / name)
    files[name] = hashlib.sha256(data).hexdigest()
    return data


def _checksum(files: dict[str, str]) -> str:
    text = "\n".join(f"{name} {digest}" for name, digest in sorted(files.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def _match(ids: list[str], shapes: Shapes) -> np.ndarray:
    """Row of the table for every feature; both must have exactly the same identifiers."""
    row = {value: i for i, value in enumerate(ids)}
    for index, value in enumerate(shapes.ids):
        if value not in row:
            raise DataError(f"areas.geojson, feature {index + 1}: expected an area_id of areas.csv, found "
                            f"{show(value)}")
    known = set(shapes.ids)
    for index, value in enumerate(ids):
        if value not in known:
            raise DataError(f"areas.csv, line {index + 2}, column area_id: expected an area of areas.geojson, found "
                            f"{show(value)}")
    return np.array([row[value] for value in shapes.ids], np.int64)


def _order(row_of: np.ndarray, n: int) -> list[int]:
    feature = np.empty(n, np.int64)
    feature[row_of] = np.arange(len(row_of))
    return feature.tolist()


def _check_size(columns: dict[str, np.ndarray], ids: list[str], shapes: Shapes, row_of: np.ndarray) -> None:
    """Polygons must be about as large as the table says, and nobody lives more densely than anywhere on earth."""
    size = np.empty(len(ids))
    size[row_of] = [p.area / 1e6 for p in shapes.polygons]
    stated = columns.get("area_km2")
    if stated is not None and (np.isfinite(stated) & (stated > 0)).any():
        known = np.isfinite(stated) & (stated > 0)
        ratio = float(np.median(size[known] / stated[known]))
        if not 0.77 < ratio < 1.3:
            raise DataError(f"areas.geojson: expected polygons as large as column area_km2 of areas.csv says, found "
                            f"{ratio:.2g} times that; wrong crs, or latitude and longitude swapped?")
    total = columns["population"].sum() / max(size.sum(), 1e-9)
    if total > 150_000:
        raise DataError(f"areas.csv, column population: expected at most 150,000 residents per km2, found "
                        f"{total:,.0f} in {size.sum():.3g} km2; wrong crs or populations?")
    crowded = columns["population"] / np.maximum(size, 0.01)
    if crowded.max() > 500_000:
        index = int(crowded.argmax())
        raise DataError(f"areas.csv, line {index + 2}, column population: expected at most 500,000 residents per km2, "
                        f"found {columns['population'][index]:,.0f} in {size[index]:.3g} km2")


def _chosen(ids: list[str], names: list[str], areas: tuple[str, ...]) -> list[int]:
    """Rows of the areas asked for by id or name, in the order of the table."""
    from experiments.city_shapes import nearest_name

    if not areas:
        return list(range(len(ids)))
    keep = set()
    for wanted in areas:
        text = str(wanted).strip().casefold()
        found = [i for i, value in enumerate(ids) if value.casefold() == text]
        found = found or [i for i, value in enumerate(names) if value.casefold() == text]
        if not found:
            raise DataError(f"city.areas: no area {show(str(wanted))}{nearest_name(str(wanted), names)}")
        if len(found) > 1:
            raise DataError(f"city.areas: {len(found)} areas are called {show(str(wanted))}; give their ids")
        keep.update(found)
    return sorted(keep)


def _degrees(rows) -> tuple[np.ndarray, np.ndarray]:
    """Columns lat and lon; NaN where both are empty."""
    from experiments.city_csv import number

    out = []
    for name, limit in (("lat", 90.0), ("lon", 180.0)):
        text = rows.columns[name]
        try:
            values = np.array([v or "nan" for v in text], dtype=np.float64)
            bad = np.flatnonzero((np.abs(values) > limit) | np.isinf(values))
        except ValueError:
            bad = np.arange(len(text))
        for i in bad:
            number(text[i], f"{rows.file}, line {rows.lines[i]}, column {name}",
                   f"degrees from {-limit:g} to {limit:g}", -limit, limit)
        if bad.size == len(text):
            values = np.array([v.strip() or "nan" for v in text], dtype=np.float64)
        out.append(values)
    half = np.flatnonzero(np.isnan(out[0]) != np.isnan(out[1]))
    if half.size:
        raise DataError(f"{rows.file}, line {rows.lines[half[0]]}: expected both lat and lon or neither, found one")
    return out[0], out[1]


def _times(rows) -> tuple[np.ndarray, np.ndarray]:
    text = [v.strip() for v in rows.columns["datetime"]]
    try:
        if any(len(v) < 7 for v in text):
            raise ValueError
        times = np.array([v[:16] for v in text], dtype="datetime64[m]")
    except ValueError:
        for value, line in zip(text, rows.lines, strict=True):
            try:
                if len(value) < 7:
                    raise ValueError
                np.datetime64(value[:16], "m")
            except ValueError:
                raise DataError(f"{rows.file}, line {line}, column datetime: expected YYYY-MM-DDTHH:MM, a date or a "
                                f"month, found {show(value)}") from None
        raise
    length = np.array([len(v) for v in text])
    return times, np.where(length <= 7, "month", np.where(length <= 10, "day", "minute"))


def _facilities(folder: Path, shapes: Shapes, files: dict[str, str]) -> dict[str, np.ndarray]:
    """Points of facilities in metres, by the kind that the file states."""
    import pyproj

    from experiments import city_csv, city_shapes

    file = _one_of(folder, ("facilities.csv", "facilities.csv.gz", "points.csv", "points.csv.gz"))
    if file is None:
        return {}
    data = city_csv.read_bytes(file)
    files[file.name] = hashlib.sha256(data).hexdigest()
    rows = city_csv.read_csv(file, ("kind", "lat", "lon"), data=data)
    lat, lon = _degrees(rows)
    bounds = np.array([p.bounds for p in shapes.polygons])
    x, y = pyproj.Transformer.from_crs(city_shapes.WGS84, shapes.crs, always_xy=True).transform(lon, lat)
    near = (x > bounds[:, 0].min() - 5e3) & (x < bounds[:, 2].max() + 5e3) & (y > bounds[:, 1].min() - 5e3) & \
           (y < bounds[:, 3].max() + 5e3)
    if len(lat) >= 10 and near.mean() < 0.1:
        raise DataError(f"{file.name}: expected points in or near the areas, found {near.mean():.0%} of them there; "
                        "are latitude and longitude swapped?")
    kinds = city_csv.words(rows, "kind")
    return {str(kind): np.column_stack([x[kinds == kind], y[kinds == kind]]) for kind in np.unique(kinds)}


def _counts(facilities: dict[str, np.ndarray], raster: np.ndarray, grid, notes: list[str]) -> dict[str, np.ndarray]:
    from experiments.city_shapes import cells_of

    given: dict[str, np.ndarray] = {}
    for kind, points in sorted(facilities.items()):
        name = KINDS.get(kind.casefold())
        if name is None:
            continue
        cell = cells_of(points[:, 0], points[:, 1], grid)
        count = np.bincount(cell[cell >= 0], minlength=grid.cells)
        given[name] = given.get(name, 0) + np.where(raster >= 0, count, 0)
    for name, count in given.items():
        if count.any():
            notes.append(f"{int(count.sum()):,} {name} from the facilities file")
    return given


def _beats(folder: Path, shapes: Shapes, grid, raster: np.ndarray, files: dict[str, str], notes) -> np.ndarray | None:
    """Police beat of every cell; cells in none take the nearest one's."""
    from scipy.ndimage import distance_transform_edt

    from experiments import city_shapes

    file = _one_of(folder, ("beats.geojson", "police_beats.geojson"))
    if file is None:
        return None
    data = _take(folder, file.name, files)
    beats = city_shapes.read_shapes(data, file.name, target=shapes.crs,
                                    id_keys=("beat", "beat_id", "Beat", "District", "id", "area_id"))
    if len(beats.ids) > 30_000:
        raise DataError(f"{file.name}: expected at most 30000 beats, found {len(beats.ids)}")
    west, south = grid.x0, grid.y0
    east, north = west + grid.width * grid.cell_m, south + grid.height * grid.cell_m
    keep = [i for i, p in enumerate(beats.polygons)
            if p.bounds[0] < east and p.bounds[2] > west and p.bounds[1] < north and p.bounds[3] > south]
    if not keep:
        raise DataError(f"{file.name}: expected beats that cover the areas, found none near them; wrong crs?")
    out = np.full(grid.cells, -1, np.int64)
    import shapely

    lived = np.flatnonzero(raster >= 0)
    px, py = grid.centre(lived)
    for index, feature in enumerate(keep):
        shapely.prepare(beats.polygons[feature])
        box = beats.polygons[feature].bounds
        near = (px >= box[0]) & (px <= box[2]) & (py >= box[1]) & (py <= box[3]) & (out[lived] < 0)
        rows = np.flatnonzero(near)
        out[lived[rows[shapely.contains_xy(beats.polygons[feature], px[rows], py[rows])]]] = index
    if (out[lived] < 0).all():
        raise DataError(f"{file.name}: expected beats that cover the areas, found none there; wrong crs?")
    _, nearest = distance_transform_edt((out < 0).reshape(grid.height, grid.width), return_indices=True)
    out = out.reshape(grid.height, grid.width)[tuple(nearest)].ravel()
    used, number = np.unique(out[lived], return_inverse=True)
    beat = np.full(grid.cells, -1, np.int64)
    beat[lived] = number
    notes.append(f"{len(used)} police beats from {file.name}")
    return beat


# -- writing -------------------------------------------------------------------------------------------------------


def _write(city: City, tables: CityTables, folder: Path, lines: list[str]) -> None:
    import pyproj
    import shapely

    back = pyproj.Transformer.from_crs(city.grid.crs, "OGC:CRS84", always_xy=True)

    def degrees(points: np.ndarray) -> np.ndarray:
        return np.round(np.column_stack(back.transform(points[:, 0], points[:, 1])), 7)

    features = []
    for value, name, polygon in zip(city.areas.ids, city.areas.names, tables.polygons, strict=True):
        geometry = shapely.geometry.mapping(shapely.transform(polygon, degrees))
        features.append({"type": "Feature", "properties": {"area_id": value, "name": name}, "geometry": geometry})
    _put(folder / "areas.geojson", json.dumps({"type": "FeatureCollection", "features": features}))
    documented = ("population", "poverty_rate", "unemployment_rate", "income", "share_under18", "share_over65", "jobs",
                  "area_km2")
    names = [n for n in documented if n in city.areas.columns and np.isfinite(city.areas.columns[n]).all()]
    out = [",".join(["area_id", "name", *names])]
    for i, value in enumerate(city.areas.ids):
        cells = [_quoted(value), _quoted(city.areas.names[i])]
        for n in names:
            number = float(city.areas.columns[n][i])
            cells.append(f"{number:.0f}" if n == "population" else f"{number:.6g}")
        out.append(",".join(cells))
    _put(folder / "areas.csv", "\n".join(out) + "\n")
    known = {k: p for k, p in tables.facilities.items() if k.casefold() in KINDS}
    if known:
        out = ["kind,lat,lon"]
        for kind, points in sorted(known.items()):
            at = degrees(points)
            out += [f"{_quoted(kind)},{lat:.6f},{lon:.6f}" for lon, lat in at if math.isfinite(lon)]
        _put(folder / "facilities.csv", "\n".join(out) + "\n")
    manifest = {"schema": 1, "city": city.name, "areas": len(city.areas), "residents": city.population,
                "crs_of_the_grid": city.grid.crs, "source_files": dict(sorted(tables.files.items())),
                "source_checksum": city.checksum, "notes": tables.notes, "summary": lines}
    _put(folder / "manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n\r') else text


def _put(path: Path, text: str) -> None:
    with open(path, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
