"""The store of runs: writes a finished model as a folder of Parquet files and reads such folders back.

Every column is declared once in this file; ``docs/records.md`` explains them and a test keeps the two together.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.city.grid import LAND_USE
from sim.errors import DataError
from sim.records import LINKS, MOTIVES, TYPES
from sim.spec import SCHEMA_VERSION

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.model import CityModel

FORMAT = "lamplighter-run"
MANIFEST = "manifest.json"
TABLES = ("events", "people", "places", "series")
FILES = (*(f"{table}.parquet" for table in TABLES), MANIFEST)

# name: (type, unit, meaning). Types are Arrow's; "name" is a dictionary-encoded string, "ids" a list of int64.
EVENTS: dict[str, tuple[str, str, str]] = {
    "event_id": ("int64", "-", "number of the event in its run, from 0 in the order of time"),
    "tick": ("int32", "tick", "tick of the run; 0 is the first tick of the burn-in"),
    "day": ("int32", "day", "day of the scored period; negative during burn-in"),
    "time": ("timestamp[ms]", "local time", "date and minute of the event"),
    "minute": ("int16", "minute", "minute of the day"),
    "cell": ("int32", "cell", "y * width + x on the grid of the manifest"),
    "x_m": ("double", "m", "east coordinate of the place in the city's projection"),
    "y_m": ("double", "m", "north coordinate"),
    "area": ("name", "-", "id of the neighbourhood (names are in the manifest); null outside all of them"),
    "type": ("name", "-",
             "burglary, robbery, theft, vehicle, assault, homicide, drugs (dealing), harassment or extortion"),
    "offender_id": ("int64", "person_id", "who did it"),
    "victim_id": ("int64", "person_id", "whom it was done to; null without a personal victim"),
    "dwelling_id": ("int64", "dwelling", "home that was entered or whose car was taken; null otherwise"),
    "co_offenders": ("ids", "person_id", "who took part besides the offender"),
    "domestic": ("bool", "-", "between members of a household"),
    "weapon": ("bool", "-", "a weapon was used"),
    "firearm": ("bool", "-", "the weapon was a firearm"),
    "outdoors": ("bool", "-", "in a public open place"),
    "loss": ("float", "currency", "value taken"),
    "link": ("name", "-", "Goldstein's link to drugs: none, psychopharmacological, economic-compulsive or systemic"),
    "motive": ("name", "-", "gain, quarrel, grudge, turf, retaliation, discipline, extortion or extremism"),
    "group": ("int64", "group", "group it was done for; null otherwise"),
    "reported": ("bool", "-", "somebody reported it to the police"),
    "discovered": ("bool", "-", "the police found out by themselves"),
    "recorded": ("bool", "-", "it stands in the police's books"),
    "cleared": ("bool", "-", "somebody was arrested for it"),
    "cleared_day": ("int32", "day", "day of that arrest; null if none"),
    "in_burn_in": ("bool", "-", "happened before the scored period"),
}
PEOPLE: dict[str, tuple[str, str, str]] = {
    "person_id": ("int64", "-", "stable number of the person, never reused"),
    "sex": ("name", "-", "female or male"),
    "age": ("int16", "years", "completed years on the last day"),
    "area": ("name", "-", "id of the neighbourhood of the home"),
    "home_cell": ("int32", "cell", "cell of the home"),
    "dwelling_id": ("int64", "-", "the home; members of a household share it"),
    "routine": ("name", "-", "infant, pupil, student, worker, shift_worker, jobless or retired, on the last day"),
    "income": ("float", "currency per week", "legal income"),
    "hardship": ("float", "0-1", "want"),
    "fear": ("float", "0-1", "fear of crime"),
    "trust": ("float", "0-1", "trust in the police"),
    "use": ("name", "-", "use of drugs: none, occasional or dependent"),
    "treatment": ("name", "-", "treatment of dependence: none, waiting or in"),
    "group": ("int64", "group", "group the person belongs to; null without one"),
    "detained": ("name", "-", "free, unsentenced or sentenced, on the last day"),
    "last_contact": ("int32", "day", "last contact with a public official; -32768 or less without any"),
    "last_bribe": ("int32", "day", "last bribe paid or asked for; -32768 or less without any"),
    "offences": ("int32", "count", "offences in the scored period"),
    "arrests": ("int32", "count", "arrests in the scored period"),
    "stops": ("int32", "count", "times stopped by a patrol in the scored period"),
    "victimisations": ("int32", "count", "times a victim in the scored period"),
    "offences_before": ("int32", "count", "offences during burn-in"),
    "arrests_before": ("int32", "count", "arrests during burn-in"),
    "stops_before": ("int32", "count", "stops during burn-in"),
    "victimisations_before": ("int32", "count", "times a victim during burn-in"),
}
PLACES: dict[str, tuple[str, str, str]] = {
    "cell": ("int32", "cell", "y * width + x on the grid of the manifest"),
    "x_m": ("double", "m", "east coordinate of the cell's centre"),
    "y_m": ("double", "m", "north coordinate"),
    "area": ("name", "-", "id of the neighbourhood"),
    "land_use": ("name", "-", "outside, residential, commercial, industry, park, institution or water"),
    "residents": ("int32", "persons", "people who live here on the last day"),
}
SERIES: dict[str, tuple[str, str, str]] = {
    "day": ("int32", "day", "day of the scored period; negative during burn-in"),
    "date": ("date32", "date", "the same day in the calendar"),
}
DECLARED = {"events": EVENTS, "people": PEOPLE, "places": PLACES, "series": SERIES}

ROUTINES = ("infant", "pupil", "student", "worker", "shift_worker", "jobless", "retired")
USE = ("none", "occasional", "dependent")
TREATMENT = ("none", "waiting", "in")
DETAINED = ("free", "unsentenced", "sentenced")
COUNTS = ("offences", "arrests", "stops", "victimisations")


@dataclass(frozen=True)
class Marks:
    """Counts of every person on the first scored day, so that the scored period can be told from the burn-in."""

    ids: np.ndarray
    counts: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, model: CityModel) -> Marks:
        r = model.residents
        return cls(r["id"].copy(), {c: r[c].astype(np.int32) for c in COUNTS if c in r})

    def before(self, name: str, ids: np.ndarray) -> np.ndarray:
        """Count of each of `ids` on the first scored day; 0 for whoever came later."""
        out = np.zeros(len(ids), np.int32)
        if name in self.counts and len(self.ids):
            order = np.argsort(self.ids)
            at = np.minimum(np.searchsorted(self.ids, ids, sorter=order), len(order) - 1)
            rows = order[at]
            known = self.ids[rows] == ids
            out[known] = self.counts[name][rows[known]]
        return out


def write_run(model: CityModel, folder: str | os.PathLike, manifest: Mapping[str, Any],
              marks: Marks | None = None) -> None:
    """Write one finished run.

    Parameters
    ----------
    model : CityModel
    folder : path
        A folder of its own, which exists and is empty.
    manifest : mapping
        From :func:`experiments.provenance.run_manifest`; written last, so a folder with a manifest is complete.
    marks : Marks, optional
        Counts on the first scored day; without them everything counts as scored.
    """
    folder = Path(folder)
    tables = {"events": _events(model), "people": _people(model, marks), "places": _places(model),
              "series": _series(model)}
    for name, columns in tables.items():
        _write(folder / f"{name}.parquet", name, columns, manifest)
    write_json(folder / MANIFEST, manifest)


def _events(model: CityModel) -> dict[str, Any]:
    log, calendar, grid = model.log, model.calendar, model.city.grid
    n, cell, minute = len(log), log["cell"], log["minute"].astype(np.int64)
    day = log["tick"].astype(np.int64) // calendar.ticks_per_day - calendar.burn_in_days
    start = np.datetime64(calendar.start, "s")
    # The lower half of the hash places the event from west to east in its cell, the upper half from south to north.
    east, north = (log["spot"] & 0xFFFF) / 65536.0, (log["spot"] >> 16) / 65536.0
    with_others = log["co_offenders"]
    out = {
        "event_id": np.arange(n), "tick": log["tick"], "day": day,
        "time": start + (day * 1440 + minute).astype("timedelta64[m]"), "minute": minute, "cell": cell,
        "x_m": np.round(grid.x0 + (cell % grid.width + east) * grid.cell_m, 1),
        "y_m": np.round(grid.y0 + (cell // grid.width + north) * grid.cell_m, 1),
        "area": (model.city.area[cell], model.city.areas.ids), "type": (log["type"], TYPES),
        "link": (log["link"], LINKS), "motive": (log["motive"], MOTIVES), "group": _known(log["group"]),
        "offender_id": _known(log["offender_id"]), "victim_id": _known(log["victim_id"]),
        "dwelling_id": _known(log["dwelling_id"]), "co_offenders": with_others,
        "cleared_day": np.ma.masked_array(log["cleared_day"], ~log["cleared"]), "in_burn_in": day < 0,
    }
    return {name: out[name] if name in out else log[name] for name in EVENTS}


def _known(ids: np.ndarray) -> np.ma.MaskedArray:
    return np.ma.masked_array(ids, ids < 0)


def _people(model: CityModel, marks: Marks | None) -> dict[str, Any]:
    r = model.residents
    rows = np.flatnonzero(r["alive"])
    rows = rows[np.argsort(r["id"][rows])]
    ids = r["id"][rows]
    take = {
        "person_id": ids, "sex": (r["sex"][rows], ("female", "male")),
        "age": (model.day - r["birth_day"][rows]) // 365, "area": (r["area"][rows], model.city.areas.ids),
        "home_cell": r["home"][rows], "dwelling_id": r["dwelling"][rows],
    }
    named = (("routine", ROUTINES), ("use", USE), ("treatment", TREATMENT), ("detained", DETAINED))
    for name, names in named:
        if name in r:
            take[name] = (r[name][rows], names)
    for name in ("income", "hardship", "fear", "trust", "last_contact", "last_bribe"):
        if name in r:
            take[name] = r[name][rows]
    if "group" in r:
        take["group"] = _known(r["group"][rows])
    for name in COUNTS:
        before = marks.before(name, ids) if marks is not None else np.zeros(len(ids), np.int32)
        take[name] = (r[name][rows].astype(np.int32) if name in r else 0) - before
        take[f"{name}_before"] = before
    return {name: take[name] for name in PEOPLE if name in take}


def _places(model: CityModel) -> dict[str, Any]:
    city, r = model.city, model.residents
    cells = np.flatnonzero(city.area >= 0)
    x, y = city.grid.centre(cells)
    homes = np.bincount(r["home"][r["alive"]], minlength=city.grid.cells)
    out = {"cell": cells, "x_m": x, "y_m": y, "area": (city.area[cells], city.areas.ids),
           "land_use": (city.layers["land_use"][cells], LAND_USE) if "land_use" in city.layers else None,
           "residents": homes[cells]}
    out = {name: values for name, values in out.items() if values is not None}
    for name, layer in model.layers.items():
        if name not in out:
            out[name] = layer[cells]
    for name, intervention in model.interventions.items():
        if "treated_cells" in intervention.state:
            out[f"treated.{name}"] = np.isin(cells, intervention.state["treated_cells"])
    return out


def _series(model: CityModel) -> dict[str, Any]:
    columns = model.series.columns()
    day = columns.pop("day")
    return {"day": day, "date": np.datetime64(model.calendar.start, "D") + day.astype("timedelta64[D]"), **columns}


def _write(path: Path, table: str, columns: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    write_table(path, _table(table, columns, manifest))


def _table(table: str, columns: Mapping[str, Any], manifest: Mapping[str, Any]) -> pa.Table:
    import pyarrow as pa

    fields, arrays = [], []
    for name, values in columns.items():
        kind, unit, _ = DECLARED[table].get(name, ("", "", ""))
        array = _arrow(values, kind)
        fields.append(pa.field(name, array.type, metadata={"unit": unit} if unit else None))
        arrays.append(array)
    note = {k: manifest.get(k) for k in ("format", "schema_version", "spec_hash", "seed", "arm", "replication")}
    schema = pa.schema(fields, metadata={"lamplighter": json.dumps(note)})
    return pa.Table.from_arrays(arrays, schema=schema)


def _arrow(values: Any, kind: str) -> pa.Array:
    import pyarrow as pa

    if isinstance(values, tuple):  # codes and their names
        codes, names = np.asarray(values[0]).astype(np.int32), list(values[1])
        bad = (codes < 0) | (codes >= len(names))
        indices = pa.array(np.where(bad, 0, codes), pa.int32(), mask=bad)
        return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string()))
    if kind == "ids":
        there = values >= 0
        offsets = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values[there], pa.int64()))
    kinds = {"int64": pa.int64(), "int32": pa.int32(), "int16": pa.int16(), "double": pa.float64(),
             "float": pa.float32(), "bool": pa.bool_(), "timestamp[ms]": pa.timestamp("ms"), "date32": pa.date32()}
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    data = np.ascontiguousarray(np.ma.getdata(values))
    if kind == "timestamp[ms]":
        data = data.astype("datetime64[ms]")
    elif kind and kind != "date32":
        data = data.astype({"double": "f8", "float": "f4", "bool": "?"}.get(kind, kind), copy=False)
    return pa.array(data, kinds.get(kind), mask=mask)


def write_table(path: Path, table: pa.Table) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(json.dumps(content, indent=1, allow_nan=False, default=_plain) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def _plain(value: Any) -> Any:
    if isinstance(value, (np.integer, np.floating, np.bool_)):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"cannot be written as JSON: {type(value).__name__}")


@dataclass(frozen=True)
class LiveRun:
    """A finished model seen as if it had been stored: its tables are made when asked for, nothing is written."""

    model: CityModel
    marks: Marks | None = None

    @property
    def manifest(self) -> dict[str, Any]:
        spec = self.model.spec
        return {"spec": {"start_date": spec.start_date}, "days": spec.days, "seed": spec.seed}

    def table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """Return one of the tables events, people, places, series, or some of its columns."""
        model = self.model
        made = (_events(model) if name == "events" else _people(model, self.marks) if name == "people"
                else _places(model) if name == "places" else _series(model))
        return _table(name, {c: made[c] for c in columns or made}, {})

    @property
    def series(self) -> pa.Table:
        return self.table("series")


@dataclass(frozen=True)
class StoredRun:
    """A run read back: Arrow tables by name, loaded when first asked for, and the manifest."""

    folder: Path
    manifest: dict[str, Any]

    def table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """Return one of the tables events, people, places, series, or some of its columns."""
        import pyarrow.parquet as pq

        path = self.folder / f"{name}.parquet"
        try:
            return pq.ParquetFile(path).read(columns=columns)
        except FileNotFoundError:
            raise DataError(f"{path}: the file is missing") from None
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: not a readable Parquet file ({type(error).__name__})") from None

    @property
    def events(self) -> pa.Table:
        return self.table("events")

    @property
    def people(self) -> pa.Table:
        return self.table("people")

    @property
    def places(self) -> pa.Table:
        return self.table("places")

    @property
    def series(self) -> pa.Table:
        return self.table("series")


def read_run(folder: str | os.PathLike) -> StoredRun:
    """Open a stored run.

    Raises
    ------
    DataError
        When the folder holds no complete run, or one of a newer schema.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if manifest.get("format") != FORMAT:
        raise DataError(f"{folder / MANIFEST}: expected the manifest of a run, found format {manifest.get('format')!r}")
    return StoredRun(folder, manifest)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a manifest and check that this version understands it."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{folder}: holds no finished run ({MANIFEST} is missing)") from None
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: not a readable manifest ({type(error).__name__})") from None
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise DataError(f"{path}: expected schema version {SCHEMA_VERSION} or older, found {version!r}")
    return manifest
