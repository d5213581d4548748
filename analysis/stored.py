"""Read stored runs and comparisons and sum them up; the files are documented in ``docs/records.md``.

What a run does not have is missing in its sums too, and never zero.
"""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from analysis.outcomes import AGE_BANDS, Arm, Comparison, Frame, Run
from sim.errors import DataError
from sim.records import APART, TYPES

NAN = float("nan")


def load(folder: str | os.PathLike) -> Comparison:
    """Read a comparison folder.

    Raises
    ------
    DataError
        When there is no manifest, no arm, or not one run of the baseline that can be read.
    """
    folder = Path(folder)
    manifest = _json(folder / "manifest.json")
    arms = _arms(manifest, folder)
    replications = _replications(manifest, folder, arms)
    paths = {a.name: [folder / "runs" / a.name / str(r) for r in range(replications)] for a in arms}
    frame = None
    unreadable: list[str] = []
    for path in (p for a in arms for p in paths[a.name] if (p / "manifest.json").exists()):
        try:
            frame = _frame(path)
            break
        except (DataError, KeyError, ValueError, OSError) as error:
            unreadable.append(f"{path.relative_to(folder)}: {error}")
    if frame is None:
        raise DataError(f"{folder}: holds no finished run to report on")
    runs: dict[str, list[Run | None]] = {}
    for arm in arms:
        runs[arm.name] = []
        for path in paths[arm.name]:
            run = None
            if (path / "manifest.json").exists():
                try:
                    run = read_run(path, frame, ages=arm is arms[0])
                except (DataError, KeyError, ValueError, OSError) as error:
                    unreadable.append(f"{path.relative_to(folder)}: {type(error).__name__}: {error}")
            runs[arm.name].append(run)
    if not any(r is not None for r in runs[arms[0].name]):
        raise DataError(
            f"{folder}: no run of the baseline {arms[0].name!r} is finished; there is nothing to compare with"
        )
    return Comparison(folder, manifest, arms, frame, runs, unreadable)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: the file is missing") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not a readable manifest ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: expected an object, found {type(found).__name__}")
    return found


def _arms(manifest: dict, folder: Path) -> list[Arm]:
    given = manifest.get("arms") or {}
    if isinstance(given, list):
        given = {a.get("name", f"arm {i}"): a for i, a in enumerate(given) if isinstance(a, dict)}
    if not given and (folder / "runs").is_dir():
        given = {p.name: {} for p in sorted((folder / "runs").iterdir()) if p.is_dir()}
    first = manifest.get("baseline", "baseline")
    arms = []
    for name, a in given.items():
        a = a or {}
        interventions = a.get("interventions") or (a.get("spec") or {}).get("intervention") or {}
        if isinstance(interventions, (list, tuple)):
            settings = (a.get("spec") or {}).get("intervention") or {}
            interventions = {n: settings.get(n, {}) for n in interventions}
        role = a.get("role") or ("baseline" if name == first else _role(interventions))
        arms.append(
            Arm(
                name,
                role,
                dict(interventions),
                tuple(map(str, a.get("overrides") or ())),
                str(a.get("spec_hash") or ""),
            )
        )
    if not arms:
        raise DataError(f"{folder}/manifest.json: expected at least one arm, found none")
    order = {"baseline": 0, "option": 1}
    arms.sort(key=lambda a: 0 if a.name == first else order.get(a.role, 2))
    return arms


def _role(interventions: dict) -> str:
    if set(interventions) in ({"placebo"}, {"same_cost_random"}):
        return next(iter(interventions))
    doses = [p.get("strength", 1.0) for p in interventions.values() if isinstance(p, dict)]
    return "placebo" if interventions and doses and not any(doses) else "option"


def _replications(manifest: dict, folder: Path, arms: list[Arm]) -> int:
    given = manifest.get("replications")
    found = [
        int(p.name) + 1
        for a in arms
        if (folder / "runs" / a.name).is_dir()
        for p in (folder / "runs" / a.name).iterdir()
        if p.name.isdigit()
    ]
    return max([given if isinstance(given, int) else 0, 1, *found])


def read_columns(path: Path, columns: list[str] | None = None) -> dict[str, Any]:
    """Columns of a Parquet file that exist, as Arrow arrays."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = [n for n in file.schema_arrow.names if columns is None or n in columns]
            table = file.read(columns=names)
    except FileNotFoundError:
        raise DataError(f"{path}: the file is missing") from None
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: not a readable Parquet file ({type(error).__name__})") from None
    return {n: table.column(n).combine_chunks() for n in names}


def codes_of(column, names: tuple[str, ...]) -> np.ndarray:
    """Codes of a column of names: index into `names`, -1 for null or unknown."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_integer(column.type) and not names:
        return column.to_numpy(zero_copy_only=False)
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column.cast(pa.string()))
    there = {name: i for i, name in enumerate(names)}
    lookup = np.array([there.get(str(v), -1) for v in column.dictionary.to_pylist()] + [-1])
    return lookup[pc.fill_null(column.indices, len(lookup) - 1).to_numpy(zero_copy_only=False)]


def numpy_of(column) -> np.ndarray:
    return column.to_numpy(zero_copy_only=False)


def read_frame(folder: str | os.PathLike) -> Frame:
    """Grid, places and areas of one stored run."""
    return _frame(Path(folder))


def _frame(folder: Path) -> Frame:
    manifest = _json(folder / "manifest.json")
    city = manifest.get("city") or {}
    grid = {**city, **(city.get("grid") or {})}
    rows = city.get("areas") or []
    places = read_columns(folder / "places.parquet", ["cell", "x_m", "y_m", "area", "land_use"])
    cell = numpy_of(places["cell"])
    order = np.argsort(cell)
    ids = tuple(str(r.get("id")) for r in rows) if rows and isinstance(rows[0], dict) else ()
    if not ids and "area" in places:
        ids = tuple(sorted({str(v) for v in places["area"].unique().to_pylist() if v is not None}))
        rows = [{"id": i, "name": i} for i in ids]
    columns = {}
    for key in {k for r in rows for k in r} - {"id", "name"}:
        values = [r.get(key) for r in rows]
        if all(v is None or isinstance(v, (int, float)) for v in values):
            columns[key] = np.array([NAN if v is None else float(v) for v in values])
    days = manifest.get("days") or round(365 * ((manifest.get("spec") or {}).get("years") or 1))
    width = int(grid.get("width") or cell.max() + 1)
    land = None
    if "land_use" in places:
        from sim.city.grid import LAND_USE

        land = codes_of(places["land_use"], LAND_USE)[order]
    start = str((manifest.get("spec") or {}).get("start_date") or "2024-01-01")
    return Frame(
        width,
        int(grid.get("height") or cell.max() // width + 1),
        float(grid.get("cell_m") or 100),
        cell[order],
        codes_of(places["area"], ids)[order] if "area" in places else np.full(len(cell), -1),
        ids,
        tuple(str(r.get("name", r.get("id"))) for r in rows),
        columns,
        land,
        int(days),
        datetime.date.fromisoformat(start),
    )


def read_run(folder: Path, frame: Frame, ages: bool = False) -> Run:
    """Sum up one stored run.

    Parameters
    ----------
    folder : Path
    frame : Frame
        From a run of the same comparison.
    ages : bool
        Also sum residents, offences and victimisations by age.
    """
    manifest = _json(folder / "manifest.json")
    run = Run(
        **_events(folder, frame), **_people(folder, frame, ages), series=_series(folder, frame), manifest=manifest
    )
    run.treated = _treated(folder, frame)
    return run


def _events(folder: Path, frame: Frame) -> dict[str, Any]:
    e = read_columns(
        folder / "events.parquet",
        ["day", "minute", "cell", "area", "type", "reported", "recorded", "cleared"],
    )
    day = numpy_of(e["day"]).astype(np.int64)
    scored = (day >= 0) & (day < frame.days)
    kind = codes_of(e["type"], TYPES)
    scored &= kind >= 0
    before_after = _before_after(e, day, kind, frame)
    day, kind = day[scored], kind[scored]
    month, areas = frame.month_of(day), len(frame.area_ids) + 1
    area = codes_of(e["area"], frame.area_ids)[scored]
    area = np.where(area < 0, areas - 1, area)
    place = frame.place_of(numpy_of(e["cell"])[scored])
    hour = np.clip(numpy_of(e["minute"])[scored] // 60, 0, 23).astype(np.int64)
    layer = [
        np.ones(len(day), bool),
        numpy_of(e["reported"])[scored].astype(bool),
        numpy_of(e["recorded"])[scored].astype(bool),
    ]
    shape = (len(TYPES), frame.months, areas)
    at = np.ravel_multi_index((kind, month, area), shape)
    clock = kind * 24 + hour
    with_victim = (~np.isin(kind, [TYPES.index(t) for t in APART])) & (place >= 0)
    counts = np.stack([np.bincount(at[m], minlength=np.prod(shape)).reshape(shape) for m in layer], axis=1)
    hours = np.stack([np.bincount(clock[m], minlength=24 * len(TYPES)).reshape(-1, 24) for m in layer], axis=1)
    places = np.stack([np.bincount(place[m & with_victim], minlength=len(frame.cells)) for m in layer])
    return dict(
        counts=counts,
        hours=hours,
        places=places,
        before_after=before_after,
        cleared=int(numpy_of(e["cleared"])[scored].sum()) if "cleared" in e else 0,
    )


def _before_after(e: dict, day: np.ndarray, kind: np.ndarray, frame: Frame) -> np.ndarray | None:
    """Recorded crimes with a victim by place, before and after day 0: what an evaluator would count."""
    span = min(-int(day.min()) if len(day) else 0, frame.days)
    if span < 90:
        return None
    place = frame.place_of(numpy_of(e["cell"]))
    apart = np.isin(kind, [TYPES.index(t) for t in APART])
    mine = numpy_of(e["recorded"]).astype(bool) & (kind >= 0) & ~apart & (place >= 0)
    return np.stack(
        [
            np.bincount(place[mine & (day >= first) & (day < first + span)], minlength=len(frame.cells))
            for first in (-span, 0)
        ]
    )


PEOPLE_COUNTS = ("offences", "arrests", "stops", "victimisations")
PEOPLE_STATES = ("fear", "trust")


def _people(folder: Path, frame: Frame, ages: bool) -> dict[str, Any]:
    p = read_columns(folder / "people.parquet", ["age", "area", *PEOPLE_COUNTS, *PEOPLE_STATES])
    n = len(next(iter(p.values()))) if p else 0
    areas = len(frame.area_ids)
    area = codes_of(p["area"], frame.area_ids) if "area" in p else np.full(n, -1)
    inside = area >= 0
    sums, by_area = {}, {}
    for name in PEOPLE_COUNTS:
        if name in p:
            values = numpy_of(p[name]).astype(float)
            sums[name] = float(values.sum())
            by_area[name] = np.bincount(area[inside], values[inside], areas)
            if name == "victimisations":
                sums["share_victimised"] = float((values > 0).mean()) if n else NAN
    for name in PEOPLE_STATES:
        if name in p:
            sums[name] = float(np.nanmean(numpy_of(p[name]))) if n else NAN
    bands: dict[str, np.ndarray] = {}
    if ages and "age" in p:
        band = np.searchsorted(AGE_BANDS, numpy_of(p["age"]), side="right") - 1
        bands["residents"] = np.bincount(band.clip(0), minlength=len(AGE_BANDS)).astype(float)
        for name in ("offences", "victimisations"):
            if name in p:
                bands[name] = np.bincount(band.clip(0), numpy_of(p[name]).astype(float), len(AGE_BANDS))
    return dict(
        residents=n,
        area_residents=np.bincount(area[inside], minlength=areas),
        area_sums=by_area,
        people=sums,
        ages=bands,
    )


def _series(folder: Path, frame: Frame) -> dict[str, np.ndarray]:
    path = folder / "series.parquet"
    if not path.exists():
        return {}
    s = read_columns(path)
    day = numpy_of(s.pop("day"))
    scored = (day >= 0) & (day < frame.days)
    month = frame.month_of(day[scored])
    out = {}
    for name, column in s.items():
        if name.startswith(("cost.", "deaths.")):
            values = np.nan_to_num(numpy_of(column)[scored].astype(float))
            out[name] = np.bincount(month, values, frame.months)
    return out


def _treated(folder: Path, frame: Frame) -> np.ndarray | None:
    """Places treated by any intervention: columns `treated` or `treated.<intervention>` of the places."""
    import pyarrow.parquet as pq

    path = folder / "places.parquet"
    names = [n for n in pq.read_schema(path).names if n == "treated" or n.startswith("treated.")]
    if not names:
        return None
    table = read_columns(path, ["cell", *names])
    place = frame.place_of(numpy_of(table.pop("cell")))
    out = np.zeros(len(frame.cells), bool)
    for column in table.values():
        marked = np.nan_to_num(numpy_of(column).astype(float)) > 0
        out[place[marked & (place >= 0)]] = True
    return out if out.any() else None
