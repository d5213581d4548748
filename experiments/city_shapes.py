"""Polygons of a real city: reading GeoJSON strictly, projecting it and laying it on the grid."""

from __future__ import annotations

import difflib
import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.city_csv import decode, identifier
from sim.city.grid import Grid
from sim.city.tables import padded
from sim.errors import DataError
from sim.parameters import show

if TYPE_CHECKING:
    import pyproj

MAX_CELLS = 4_000_000
MAX_WIDTH_KM = 300.0
MAX_POINTS = 5_000_000
MAX_OVERLAP = 0.05
WGS84 = "OGC:CRS84"
_CRS_NAME = re.compile(r"(?:urn:ogc:def:crs:)?(EPSG|OGC|ESRI|IGNF):{1,2}(?:[\d.]*:)?(\w{1,20})", re.IGNORECASE)


@dataclass
class Shapes:
    """Polygons in metres of a projected coordinate system, by identifier, in the order of the file."""

    file: str
    ids: list[str]
    names: list[str]
    polygons: list[Any]  # shapely geometries
    crs: str = ""
    crs_source: str = ""
    notes: list[str] = field(default_factory=list)


def parse_crs(text: object, where: str) -> pyproj.CRS:
    """A coordinate reference system from an authority's code ("EPSG:26916", "urn:ogc:def:crs:OGC:1.3:CRS84")."""
    import pyproj

    name = str(text).strip()
    if name.upper() in ("WGS84", "CRS84"):
        name = WGS84
    if re.fullmatch(r"\d{4,6}", name):
        name = f"EPSG:{name}"
    found = _CRS_NAME.fullmatch(name) if isinstance(text, (str, int)) and not isinstance(text, bool) else None
    if not found:
        raise DataError(f"{where}: expected a coordinate reference system such as EPSG:4326, found {show(text)}")
    try:
        crs = pyproj.CRS.from_authority(found[1].upper(), found[2])
    except Exception:  # pyproj raises several kinds
        raise DataError(f"{where}: unknown coordinate reference system {show(text)}") from None
    if not (crs.is_geographic or crs.is_projected):
        raise DataError(f"{where}: expected geographic or projected coordinates, found {show(crs.name)}")
    return crs


def read_geojson(data: bytes, name: str) -> tuple[list[dict], Any]:
    """Features of a GeoJSON file and its crs member (None where there is none)."""
    try:
        tree = json.loads(decode(data, name))
    except RecursionError:
        raise DataError(f"{name}: expected GeoJSON, found values nested too deeply") from None
    except ValueError as error:
        place = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(f"{name}: expected GeoJSON, found text that is no JSON{place}") from None
    kind = tree.get("type") if isinstance(tree, dict) else type(tree).__name__
    if not isinstance(tree, dict) or kind != "FeatureCollection" or not isinstance(tree.get("features"), list):
        raise DataError(f"{name}: expected a FeatureCollection with a list of features, found {show(kind)}")
    if not tree["features"]:
        raise DataError(f"{name}: expected at least one feature, found none")
    crs = tree.get("crs")
    if crs is not None:
        try:
            crs = crs["properties"]["name"]
        except (TypeError, KeyError, IndexError):
            raise DataError(f"{name}: expected crs.properties.name, found {show(crs)}") from None
    return tree["features"], crs


def _rings(geometry: Any, where: str) -> list[list[np.ndarray]]:
    """Coordinates of a Polygon or MultiPolygon as lists of rings (float[n, 2])."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise DataError(f"{where}: expected a Polygon or MultiPolygon, found {show(kind)}")
    parts = geometry.get("coordinates")
    parts = [parts] if kind == "Polygon" else parts
    if not isinstance(parts, list) or not parts or not all(isinstance(p, list) and p for p in parts):
        raise DataError(f"{where}: expected rings of coordinates, found an empty polygon")
    out = []
    for part in parts:
        rings = []
        for ring in part:
            try:
                points = np.array([(p[0], p[1]) for p in ring], dtype=np.float64)
                if any(isinstance(v, (str, bool)) for p in ring for v in p[:2]):
                    raise TypeError
                if len(points) and points.ndim != 2:
                    raise ValueError
            except (TypeError, ValueError, IndexError, KeyError, OverflowError):
                raise DataError(f"{where}: expected pairs of numbers as coordinates, found something else") from None
            if len(points) and not np.isfinite(points).all():
                raise DataError(f"{where}: expected finite coordinates, found NaN or infinity")
            if len(points) < 3 or len(np.unique(points, axis=0)) < 3:
                raise DataError(f"{where}: expected at least three corners, found {len(points)} points")
            rings.append(points)
        out.append(rings)
    return out


def _check_degrees(points: np.ndarray, name: str, stated: str) -> None:
    west, south = points.min(axis=0)
    east, north = points.max(axis=0)
    box = f"x {west:g} to {east:g}, y {south:g} to {north:g}"
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        swapped = max(abs(west), abs(east)) <= 90
        hint = "are latitude and longitude swapped?" if swapped else "is the crs member missing?"
        raise DataError(f"{name}: expected longitude -180 to 180 and latitude -90 to 90 ({stated}), found {box}; "
                        f"{hint}")
    if max(abs(south), abs(north)) > 78:
        raise DataError(f"{name}: expected latitudes where cities are ({stated}), found {box}; are latitude and "
                        "longitude swapped?")


def local_crs(lon: float, lat: float) -> str:
    """EPSG code of the UTM zone (WGS84) of a place."""
    zone = min(int((lon + 180) // 6) + 1, 60)
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def read_shapes(data: bytes, name: str, crs: str | None = None, target: str | None = None,
                id_keys: tuple[str, ...] = ("area_id", "id")) -> Shapes:
    """Read polygons, check them and project them to metres.

    Parameters
    ----------
    data : bytes
    name : str
        The file's name, for messages.
    crs : str, optional
        Coordinate reference system of the file; without it the file's crs member counts, then WGS84.
    target : str, optional
        Projected system to use; without it the UTM zone of the middle.
    id_keys : tuple of str
        Properties that may hold the identifier.
    """
    import pyproj
    import shapely

    features, member = read_geojson(data, name)
    stated = crs or member or WGS84
    source = parse_crs(stated, f"{name}: crs")
    ids, names, parts, total = [], [], [], 0
    for index, feature in enumerate(features):
        where = f"{name}, feature {index + 1}"
        if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
            raise DataError(f"{where}: expected a feature with properties, found {show(type(feature).__name__)}")
        properties = feature["properties"]
        key = next((k for k in id_keys if properties.get(k) is not None), None)
        if key is None:
            found = sorted(map(str, properties))
            raise DataError(f"{where}: expected the property {id_keys[0]!r}, found {show(found)}")
        if isinstance(properties[key], (dict, list, bool)):
            raise DataError(f"{where}: expected an identifier as {key}, found {show(properties[key])}")
        ids.append(identifier(properties[key]))
        label = properties.get("name")
        label = label.strip() if isinstance(label, str) else ""
        if len(label) > 120 or not label.isprintable():
            raise DataError(f"{where}: expected a short name, found {show(label)}")
        names.append(label)
        parts.append(_rings(feature.get("geometry"), f"{where} ({show(ids[-1])})"))
        total += sum(len(r) for p in parts[-1] for r in p)
        if total > MAX_POINTS:
            raise DataError(f"{name}: expected at most {MAX_POINTS} points, found more; simplify the polygons")
    points = np.concatenate([r for p in parts for rings in p for r in rings])
    # Plain lists of coordinates stand as x, y (longitude first) whatever the order of the authority's axes.
    if source.is_geographic:
        _check_degrees(points, name, str(stated))
    degrees = pyproj.Transformer.from_crs(source, WGS84, always_xy=True)
    lon, lat = degrees.transform(points[:, 0], points[:, 1])
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise DataError(f"{name}: coordinates do not fit the coordinate reference system {show(str(stated))}; found x "
                        f"{points[:, 0].min():g} to {points[:, 0].max():g}")
    _check_in_use(source, lon, lat, name, str(stated))
    target = target or local_crs(float((lon.min() + lon.max()) / 2), float((lat.min() + lat.max()) / 2))
    to_metres = pyproj.Transformer.from_crs(source, target, always_xy=True)
    polygons = []
    for index, rings_of in enumerate(parts):
        flat = []
        for rings in rings_of:
            moved = [np.column_stack(to_metres.transform(r[:, 0], r[:, 1])) for r in rings]
            if not all(np.isfinite(m).all() for m in moved):
                raise DataError(f"{name}, feature {index + 1}: cannot be projected to {target}; wrong crs?")
            flat.append(shapely.Polygon(moved[0], moved[1:]))
        polygon = flat[0] if len(flat) == 1 else shapely.MultiPolygon(flat)
        if not polygon.is_valid:
            reason = shapely.is_valid_reason(polygon).split("[")[0].strip().lower()
            raise DataError(f"{name}, feature {index + 1} ({show(ids[index])}): expected a polygon that does not cross "
                            f"itself, found {reason}")
        if polygon.area < 1.0:
            raise DataError(f"{name}, feature {index + 1} ({show(ids[index])}): expected an area in square metres, "
                            f"found {polygon.area:.3g} m2; wrong crs?")
        polygons.append(polygon)
    return Shapes(name, ids, names, polygons, target, str(stated))


def _check_in_use(source, lon: np.ndarray, lat: np.ndarray, name: str, stated: str) -> None:
    """Projected coordinates must lie where their system is meant to be used (with some margin)."""
    use = source.area_of_use
    if source.is_geographic or use is None:
        return
    margin = 4.0
    inside = (lat > use.south - margin) & (lat < use.north + margin)
    if use.west <= use.east:
        inside &= (lon > use.west - margin) & (lon < use.east + margin)
    if not inside.all():
        raise DataError(f"{name}: coordinates lie outside the area of use of {show(stated)} ({show(use.name)}): found "
                        f"longitude {lon.min():.2f} to {lon.max():.2f}, latitude {lat.min():.2f} to {lat.max():.2f}")


def check_cover(shapes: Shapes) -> None:
    """Duplicate identifiers, size of the city and overlaps between polygons."""
    import shapely

    seen: dict[str, int] = {}
    for index, value in enumerate(shapes.ids):
        if value in seen:
            raise DataError(f"{shapes.file}, feature {index + 1}: expected each area_id once, found {show(value)} "
                            f"also in feature {seen[value] + 1}")
        seen[value] = index
    bounds = np.array([p.bounds for p in shapes.polygons])
    wide, high = bounds[:, 2].max() - bounds[:, 0].min(), bounds[:, 3].max() - bounds[:, 1].min()
    if max(wide, high) > MAX_WIDTH_KM * 1000:
        raise DataError(f"{shapes.file}: expected a city of at most {MAX_WIDTH_KM:g} km across, found "
                        f"{max(wide, high) / 1000:.0f} km; wrong crs or a stray polygon?")
    if max(wide, high) < 100:
        raise DataError(f"{shapes.file}: expected a city of at least 100 m across, found {max(wide, high):.3g} m; "
                        "wrong crs?")
    tree = shapely.STRtree(shapes.polygons)
    first, second = tree.query(shapes.polygons, predicate="intersects")
    polygons = np.array(shapes.polygons, dtype=object)
    pairs = first < second
    first, second = first[pairs], second[pairs]
    if first.size > 2_000_000:
        raise DataError(f"{shapes.file}: expected areas side by side, found {first.size} pairs that touch or overlap")
    for a, b in zip(first, second, strict=True):
        common = shapely.intersection(polygons[a], polygons[b]).area
        share = common / min(polygons[a].area, polygons[b].area)
        if share > MAX_OVERLAP:
            raise DataError(f"{shapes.file}, feature {b + 1} ({show(shapes.ids[b])}): expected areas side by side, "
                            f"found {100 * share:.0f} % overlap with {show(shapes.ids[a])}")


def make_grid(shapes: Shapes, keep: list[int], period: int, cell_m: float = 100.0) -> Grid:
    """The grid around the kept polygons, its rows and columns ending with an arterial."""
    bounds = np.array([shapes.polygons[i].bounds for i in keep])
    x0 = math.floor(bounds[:, 0].min() / cell_m) * cell_m
    y0 = math.floor(bounds[:, 1].min() / cell_m) * cell_m
    width = padded(int(math.ceil((bounds[:, 2].max() - x0) / cell_m)) + 1, period)
    height = padded(int(math.ceil((bounds[:, 3].max() - y0) / cell_m)) + 1, period)
    if width * height > MAX_CELLS:
        raise DataError(f"{shapes.file}: expected at most {MAX_CELLS} cells of {cell_m:g} m, found {width} x {height}")
    return Grid(width, height, cell_m, x0, y0, shapes.crs)


def rasterise(shapes: Shapes, keep: list[int], grid: Grid) -> np.ndarray:
    """Index (in `keep`) of the polygon that holds the centre of each cell, -1 outside; each polygon gets a cell."""
    import shapely

    out = np.full(grid.cells, -1, np.int64)
    for index in range(len(keep) - 1, -1, -1):  # where polygons overlap a little, the first one wins
        polygon = shapes.polygons[keep[index]]
        shapely.prepare(polygon)
        west, south, east, north = polygon.bounds
        xs = np.arange(max(0, int((west - grid.x0) // grid.cell_m)),
                       min(grid.width, int((east - grid.x0) // grid.cell_m) + 1))
        ys = np.arange(max(0, int((south - grid.y0) // grid.cell_m)),
                       min(grid.height, int((north - grid.y0) // grid.cell_m) + 1))
        cells = (ys[:, None] * grid.width + xs[None, :]).ravel()
        px, py = grid.centre(cells)
        out[cells[shapely.contains_xy(polygon, px, py)]] = index
    count = np.bincount(out[out >= 0], minlength=len(keep))
    for index in np.flatnonzero(count == 0):
        point = shapes.polygons[keep[index]].representative_point()
        column, row = int((point.x - grid.x0) // grid.cell_m), int((point.y - grid.y0) // grid.cell_m)
        for reach in range(4):
            near = [(abs(dx) + abs(dy), (row + dy) * grid.width + column + dx)
                    for dy in range(-reach, reach + 1) for dx in range(-reach, reach + 1)
                    if 0 <= row + dy < grid.height and 0 <= column + dx < grid.width]
            free = [cell for _, cell in sorted(near) if out[cell] < 0 or count[out[cell]] > 1]
            if free:
                if out[free[0]] >= 0:
                    count[out[free[0]]] -= 1
                out[free[0]], count[index] = index, 1
                break
        else:
            raise DataError(f"{shapes.file}: area {show(shapes.ids[keep[index]])} is too small for cells of "
                            f"{grid.cell_m:g} m among its neighbours")
    return out


def cells_of(x: np.ndarray, y: np.ndarray, grid: Grid) -> np.ndarray:
    """Cells of points in metres; -1 for NaN and points outside the grid."""
    with np.errstate(invalid="ignore"):
        column, row = np.floor((x - grid.x0) / grid.cell_m), np.floor((y - grid.y0) / grid.cell_m)
        inside = (column >= 0) & (column < grid.width) & (row >= 0) & (row < grid.height)
    cell = np.where(inside, row, 0).astype(np.int64) * grid.width + np.where(inside, column, 0).astype(np.int64)
    return np.where(inside, cell, -1)


def nearest_name(name: str, known: list[str]) -> str:
    """A hint for a name that nobody has."""
    near = difflib.get_close_matches(name.casefold(), [k.casefold() for k in known], n=1)
    if near:
        return f"; did you mean {next(k for k in known if k.casefold() == near[0])!r}?"
    return f"; known: {', '.join(sorted(known)[:8])}{' ...' if len(known) > 8 else ''}"
