"""A small invented city as files: nine square areas near 41.9 N, 87.7 W."""

import csv
import gzip
import json
from pathlib import Path

LON, LAT, DX, DY = -87.70, 41.90, 0.012, 0.009  # about 1 km


def square(i, j, dx=DX, dy=DY):
    west, south = LON + i * dx, LAT + j * dy
    return [[west, south], [west + dx, south], [west + dx, south + dy], [west, south + dy], [west, south]]


def table():
    rows = []
    for k in range(9):
        rows.append({"area_id": str(k + 1), "name": f"Area {'ABCDEFGHI'[k]}", "population": str(900 + 100 * k),
                     "poverty_rate": f"{0.05 + 0.04 * k:.2f}", "unemployment_rate": f"{0.04 + 0.01 * k:.2f}",
                     "per_capita_income": str(40_000 - 3_000 * k), "share_under18": "0.22", "share_over65": "0.13",
                     "area_km2": "1.0"})
    return rows


def features():
    return [{"type": "Feature", "properties": {"area_id": k + 1, "name": f"AREA {'ABCDEFGHI'[k]}"},
             "geometry": {"type": "Polygon", "coordinates": [square(k % 3, k // 3)]}} for k in range(9)]


def points():
    return [{"kind": kind, "lat": str(LAT + 0.0031 * k), "lon": str(LON + 0.0042 * k)}
            for k in range(8) for kind in ("liquor_retail", "abandoned_building", "street_light_out")]


def events():
    return [{"id": str(k), "datetime": f"2022-03-{k % 28 + 1:02d}T{k % 24:02d}:15",
             "lat": f"{LAT + 0.0005 * (k % 50):.6f}", "lon": f"{LON + 0.0007 * (k % 50):.6f}",
             "type": "theft" if k % 3 else "burglary", "area_id": ""}
            for k in range(200)]


def write_csv(path, rows):
    opened = gzip.open(path, "wt", encoding="utf-8", newline="") if path.name.endswith(".gz") else open(
        path, "w", encoding="utf-8", newline="")
    with opened as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_city(folder, rows=None, shapes=None, crs=None, extras=True):
    """Write the city; every part can be replaced."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "areas.csv", rows if rows is not None else table())
    tree = {"type": "FeatureCollection", "features": shapes if shapes is not None else features()}
    if crs is not None:
        tree["crs"] = crs
    (folder / "areas.geojson").write_text(json.dumps(tree), encoding="utf-8")
    if extras:
        write_csv(folder / "points.csv.gz", points())
        write_csv(folder / "events.csv.gz", events())
        beats = []
        for b in range(3):
            west, east, south, north = LON + (b - 1) * 0.05, LON + b * 0.05, LAT - 1, LAT + 1
            ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
            beats.append({"type": "Feature", "properties": {"beat": str(b)},
                          "geometry": {"type": "Polygon", "coordinates": [ring]}})
        (folder / "beats.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": beats}))
    return folder
