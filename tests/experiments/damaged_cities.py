"""A small valid city, and copies of it that are damaged in one way each. Seeded."""

import csv
import gzip
import io
import json
import random
from pathlib import Path

SIDE = 0.012  # degrees
WEST, SOUTH = -87.66, 41.86
COLUMNS = [
    "area_id",
    "name",
    "population",
    "poverty_rate",
    "unemployment_rate",
    "share_under18",
    "share_over65",
    "income",
]
LETTERS = "ABCDEFGHI"


def square(i: int, j: int) -> list[list[float]]:
    x, y = WEST + i * SIDE, SOUTH + j * SIDE
    return [[x, y], [x + SIDE, y], [x + SIDE, y + SIDE], [x, y + SIDE], [x, y]]


class CityFiles:
    """The files of a city as values that can be changed before they are written."""

    def __init__(self):
        self.rows = [
            {
                "area_id": str(k + 1),
                "name": f"Area {LETTERS[k]}",
                "population": str(900 + 70 * k),
                "poverty_rate": f"{0.1 + 0.02 * k:.2f}",
                "unemployment_rate": f"{0.05 + 0.01 * k:.2f}",
                "share_under18": "0.22",
                "share_over65": "0.14",
                "income": str(30_000 + 1000 * k),
            }
            for k in range(9)
        ]
        self.columns = list(COLUMNS)
        self.features = [
            {
                "type": "Feature",
                "properties": {"area_id": str(k + 1), "name": f"Area {LETTERS[k]}"},
                "geometry": {"type": "Polygon", "coordinates": [square(k % 3, k // 3)]},
            }
            for k in range(9)
        ]
        self.collection = {"type": "FeatureCollection", "features": self.features}
        self.facilities = [
            ["kind", "lat", "lon"],
            ["bar", str(SOUTH + SIDE), str(WEST + SIDE)],
            ["school", str(SOUTH + 2 * SIDE), str(WEST + SIDE)],
        ]
        self.events = [
            ["datetime", "lat", "lon", "type", "area_id"],
            *[
                [f"2022-03-{d:02d}T21:15", str(SOUTH + SIDE * 1.5), str(WEST + SIDE * 1.5), "robbery", "5"]
                for d in range(1, 21)
            ],
        ]
        self.raw: dict[str, bytes | None] = {}  # what a file holds instead

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        table = io.StringIO()
        writer = csv.DictWriter(table, self.columns, extrasaction="ignore", restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        files = {"areas.csv": table.getvalue().encode(), "areas.geojson": json.dumps(self.collection).encode()}
        for name, lines in (("facilities.csv", self.facilities), ("events.csv", self.events)):
            if lines:
                text = io.StringIO()
                csv.writer(text, lineterminator="\n").writerows(lines)
                files[name] = text.getvalue().encode()
        files.update(self.raw)
        for name, data in files.items():
            if data is not None:
                (folder / name).write_bytes(data)
        return folder


def damaged_cities(count: int, folder: Path, seed: int = 7):
    """Yield (kind, folder of a damaged city, overrides that go with it)."""
    rng = random.Random(seed)
    kinds = sorted(name for name in globals() if name.startswith("damage_"))
    for i in range(count):
        kind = kinds[i % len(kinds)]
        city = CityFiles()
        extra = globals()[kind](city, rng) or []
        yield kind, city.write(folder / f"city{i}"), extra


# -- kinds of damage: each changes the city in place and may return overrides


def damage_missing_column(city, rng):
    city.columns.remove(rng.choice(["area_id", "population"]))


def damage_header(city, rng):
    text = ",".join(COLUMNS)
    head = rng.choice(
        [
            text.replace("population", "Population "),
            text.replace(",", ";"),
            text.replace("population", "popn"),
            text + ",population",
            "",
            text.replace("area_id", "id"),
            text.replace(",", "\t"),
        ]
    )
    body = "\n".join(",".join(r[c] for c in COLUMNS) for r in city.rows)
    city.raw["areas.csv"] = f"{head}\n{body}\n".encode()


def damage_population(city, rng):
    rng.choice(city.rows)["population"] = rng.choice(
        [
            "NaN",
            "nan",
            "",
            "-5",
            "1e18",
            "inf",
            "-inf",
            "many",
            "12,5",
            "0x10",
            "None",
            "1_000",
            "999999999999",
            "1000.5",
            "[1]",
            "=1+1",
            "TRUE",
        ]
    )


def damage_rate(city, rng):
    column = rng.choice(["poverty_rate", "unemployment_rate", "share_under18", "share_over65"])
    rng.choice(city.rows)[column] = rng.choice(
        ["-0.1", "1.5", "35", "nan", "inf", "high", "12%", "1e9", "-1e-3", "{}", "0.1 0.2"]
    )


def damage_income(city, rng):
    rng.choice(city.rows)["income"] = rng.choice(["-1", "inf", "rich", "1e400", "-inf", "$30000", "nan"])


def damage_nobody(city, rng):
    for row in city.rows:
        row["population"] = "0"


def damage_too_many(city, rng):
    rng.choice(city.rows)["population"] = rng.choice(["60000000", "49999999", "9999999999"])


def damage_identifiers(city, rng):
    row = rng.choice(city.rows)
    row["area_id"] = rng.choice(
        ["", "77", "1.5", "x" * 200, "area\x07", city.rows[0]["area_id"] if row is not city.rows[0] else "2"]
    )


def damage_names(city, rng):
    rng.choice(city.rows)["name"] = rng.choice(["x" * 500, "a\x1b[31mb", "tab\there", "bell\x07"])


def damage_rows(city, rng):
    text = [",".join(COLUMNS)] + [",".join(r[c] for c in COLUMNS) for r in city.rows]
    k = rng.randrange(1, 10)
    change = rng.choice(["short", "long", "quote", "none"])
    if change == "short":
        text[k] = text[k].rpartition(",")[0]
    elif change == "long":
        text[k] += ",7"
    elif change == "quote":
        text[k] = '"' + text[k]
    else:
        text = text[:1]
    city.raw["areas.csv"] = "\n".join(text).encode() + b"\n"


def damage_empty_file(city, rng):
    city.raw[rng.choice(["areas.csv", "areas.geojson", "facilities.csv"])] = rng.choice([b"", b" \n", b"\n\n\n"])


def damage_missing_file(city, rng):
    city.raw[rng.choice(["areas.csv", "areas.geojson"])] = None


def damage_bytes(city, rng):
    name = rng.choice(["areas.csv", "areas.geojson"])
    city.raw[name] = rng.choice(
        [
            b"\xff\xfe\x00\x01" * 50,
            bytes(range(256)),
            b"PK\x03\x04" + b"\x00" * 100,
            gzip.compress(b"a,b\n"),
            "area_id,population\nä,1\n".encode("utf-16"),
            b"\x00" * 300,
        ]
    )


def damage_json(city, rng):
    text = json.dumps(city.collection)
    city.raw["areas.geojson"] = rng.choice(
        [
            text[:-20],
            text[: len(text) // 2],
            "[]",
            "{}",
            "null",
            "42",
            '"areas"',
            text + "}",
            text.replace("FeatureCollection", "Features"),
            "[" * 100_000,
            '{"a":' * 50_000,
            text.replace('"features"', '"feature"'),
            "NaN",
        ]
    ).encode()


def damage_features(city, rng):
    value = rng.choice([[], None, {}, "x", [1], [None], [{"type": "Feature"}], [{"geometry": None}]])
    city.collection["features"] = value


def damage_self_crossing(city, rng):
    ring = rng.choice(city.features)["geometry"]["coordinates"][0]
    x, y = ring[0]
    a, b, c, d = [x, y], [x + SIDE, y], [x + SIDE, y + SIDE], [x, y + SIDE]
    ring[:] = rng.choice([[a, c, b, d, a], [a, b, d, c, a], [b, d, a, c, b]])


def damage_ring(city, rng):
    feature = rng.choice(city.features)
    ring = feature["geometry"]["coordinates"][0]
    x, y = ring[0]
    feature["geometry"]["coordinates"][0] = rng.choice(
        [
            [],
            [[x, y]],
            [[x, y], [x, y]],
            [[x, y]] * 5,
            [1, 2, 3],
            "ring",
            None,
            [[x, y], [x + SIDE, y], [x, y]],
            [["a", "b"], ["c", "d"], ["e", "f"]],
            [[x, None], [None, y], [x, y], [x, y]],
            [[], [], [], []],
            {},
        ]
    )


def damage_geometry(city, rng):
    feature = rng.choice(city.features)
    feature["geometry"] = rng.choice(
        [
            None,
            {},
            [],
            "POLYGON((0 0, 1 1, 1 0, 0 0))",
            {"type": "Point", "coordinates": [WEST, SOUTH]},
            {"type": "LineString", "coordinates": square(0, 0)},
            {"type": "Polygon"},
            {"type": "Polygon", "coordinates": None},
            {"type": "Polygon", "coordinates": 5},
            {"type": "Circle", "coordinates": [square(0, 0)]},
            {"type": "Polygon", "coordinates": []},
            {"type": "MultiPolygon", "coordinates": []},
            {"type": ["Polygon"], "coordinates": []},
        ]
    )


def damage_coordinates(city, rng):
    ring = rng.choice(city.features)["geometry"]["coordinates"][0]
    ring[rng.choice([1, 2])] = rng.choice(
        [
            [1e308, 1e308],
            [500.0, 41.9],
            [-87.6, 95.0],
            [True, False],
            ["-87.6", "x"],
            [-87.6],
            [float("nan"), 41.9],
            [float("inf"), 41.9],
            None,
            [],
            7,
            [[1, 2]],
        ]
    )


def damage_swapped_or_projected(city, rng):
    change = rng.choice(["swap", "metres", "web", "origin"])
    for feature in city.features:
        for point in feature["geometry"]["coordinates"][0]:
            x, y = point
            if change == "swap":
                point[:] = [y * 1.0, x * 1.2]  # beyond the poles
            elif change == "metres":
                point[:] = [(x - WEST) * 83_000 + 445_000, (y - SOUTH) * 111_000 + 4_634_000]
            elif change == "web":
                point[:] = [x * 111_320, y * 140_000]
            else:
                point[:] = [(x - WEST) * 1e-9, (y - SOUTH) * 1e-9]


def damage_crs(city, rng):
    city.collection["crs"] = rng.choice(
        [
            {"type": "name", "properties": {"name": name}}
            for name in (
                "EPSG:99999",
                "urn:ogc:def:crs:EPSG::26916",
                "nonsense",
                "EPSG:27700",
                "EPSG:3857",
                "EPSG:-1",
                "!!python/object/apply:os.system ['touch canary']",
                "file:///etc/passwd",
                "+proj=utm +zone=16",
                'GEOGCS["WGS 84"]',
                "http://example.org/crs",
                "EPSG:5703",
                "EPSG:4978",
            )
        ]
        + [{"type": "link", "properties": {"href": "http://example.org/x"}}, {"type": "name"}, 4326, ["EPSG:4326"]]
    )


def damage_far_apart(city, rng):
    far = rng.choice([1.0, 8.0, 60.0])
    for point in rng.choice(city.features)["geometry"]["coordinates"][0]:
        point[0] += far * 5


def damage_overlap(city, rng):
    a, b = rng.sample(range(9), 2)
    city.features[a]["geometry"]["coordinates"] = [square(b % 3, b // 3)]


def damage_shape_identifiers(city, rng):
    properties = rng.choice(city.features)["properties"]
    change = rng.choice(["none", "unknown", "twice", "list", "null"])
    if change == "none":
        del properties["area_id"]
    else:
        other = next(f["properties"]["area_id"] for f in city.features if f["properties"] is not properties)
        properties["area_id"] = {"unknown": "nowhere", "twice": other, "list": [1], "null": None}[change]


def damage_properties(city, rng):
    rng.choice(city.features)["properties"] = rng.choice([None, [], "x", 1, {}, {"id": 1}])


def damage_missing_polygon(city, rng):
    city.features.remove(rng.choice(city.features))


def damage_tags(city, rng):
    payload = rng.choice(
        [
            "!!python/object/apply:os.system ['touch canary']",
            "!!python/name:os.system",
            "${oc.env:HOME}",
            "{_target_: os.system}",
            "__import__('os').system('touch canary')",
            "hydra:",
        ]
    )
    where = rng.choice(["population", "poverty_rate", "geojson", "csv"])
    if where in ("population", "poverty_rate"):
        rng.choice(city.rows)[where] = payload
    elif where == "geojson":
        city.raw["areas.geojson"] = payload.encode()
    else:
        city.raw["areas.csv"] = f"{payload}\n".encode()


def damage_areas_asked_for(city, rng):
    return [
        rng.choice(
            [
                "city.areas=[Atlantis]",
                "city.areas=[1,Nowhere]",
                "city.areas=[Area Z]",
                "city.areas=[99]",
                "city.areas=['']",
                "city.areas=[1,1,1,99]",
                'city.areas=["O\'Hare"]',
                "city.areas=[null]",
            ]
        )
    ]


def damage_facilities(city, rng):
    k = rng.randrange(1, 3)
    change = rng.choice(["lat", "lon", "column", "row"])
    if change == "lat":
        city.facilities[k][1] = rng.choice(["nan", "north", "95", "-91", "1e9"])
    elif change == "lon":
        city.facilities[k][2] = rng.choice(["inf", "west", "200", "-181"])
    elif change == "column":
        city.facilities[0] = rng.choice(
            [["kind", "lat"], ["kind", "x", "y"], ["type", "lat", "lon"], ["kind", "lat", "lat"]]
        )
    else:
        city.facilities[k] = city.facilities[k][:2]


def damage_events(city, rng):
    """Recorded events are read by import_city; run leaves them alone."""
    k = rng.randrange(1, 21)
    change = rng.choice(["time", "lat", "column", "row"])
    if change == "time":
        city.events[k][0] = rng.choice(["yesterday", "2022-13-01T10:00", "2022-02-30", "x" * 30, "20", "2022/03/01"])
    elif change == "lat":
        city.events[k][1] = rng.choice(["north", "95", "inf", "1e9"])
    elif change == "column":
        city.events[0] = rng.choice(
            [
                ["datetime", "lat", "lon", "kind", "area_id"],
                ["when", "lat", "lon", "type", "area_id"],
                ["datetime", "type", "area_id", "x", "y"],
            ]
        )
    else:
        city.events[k] = city.events[k][:3]


def damage_beats(city, rng):
    city.raw["beats.geojson"] = rng.choice(
        [
            b"",
            b"{",
            b"[]",
            b'{"type": "FeatureCollection", "features": 5}',
            b"\xff" * 20,
            b'{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": '
            b'"Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]}}]}',
        ]
    )
