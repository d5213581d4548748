"""A small stored comparison with known effects, written in the documented schema."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim.records import TYPES

WIDTH, HEIGHT, AREAS, DAYS, BURN_IN = 36, 24, 6, 365, 365
RESIDENTS = 12_000
SHARES = (0.13, 0.05, 0.42, 0.08, 0.28, 0.004, 0.036)
NAMES = [f"Ward {c}" for c in "ABCDEF"]
COLUMNS = dict(population=[RESIDENTS / AREAS] * AREAS, poverty_rate=[0.42, 0.31, 0.24, 0.18, 0.11, 0.06])

ARMS = {
    "baseline": dict(role="baseline", interventions={}),
    "placebo": dict(
        role="placebo", interventions={"placebo": {"strength": 0.0, "start": 0, "end": 36500, "ramp_days": 0}}
    ),
    "street_lighting": dict(
        role="option",
        fall=0.12,
        cost=400.0,
        interventions={"street_lighting": {"strength": 1.0, "start": 0, "end": 36500, "ramp_days": 0}},
    ),
    "hot_spots_patrol": dict(
        role="option",
        fall=0.10,
        more_recorded=0.17,
        stops=1.6,
        cost=900.0,
        interventions={"hot_spots_patrol": {"strength": 1.0, "start": 0, "end": 365, "ramp_days": 30}},
    ),
}


def u(name, seed, n):
    # Not a decision of the model: hundreds of names would take the numbers of real ones.
    return np.random.default_rng([zlib.crc32(name.encode()), int(seed)]).random(n)


def names(codes, labels):
    codes = np.asarray(codes)
    return pa.DictionaryArray.from_arrays(
        pa.array(np.maximum(codes, 0), pa.int32(), mask=codes < 0), pa.array(list(labels))
    )


def area_of(cell):
    return ((cell % WIDTH) * AREAS // WIDTH).astype(int)


def treated_cells():
    cells = np.arange(WIDTH * HEIGHT)
    x, y = cells % WIDTH, cells // WIDTH
    return (x >= 3) & (x < 11) & (y >= 8) & (y < 16)


def write_run(folder: Path, arm: str, settings: dict, seed: int, crimes: int, marks: bool) -> None:
    folder.mkdir(parents=True)
    n = crimes + int(0.05 * crimes * (u("size", seed, 1)[0] - 0.5))
    n *= 2  # burn-in and scored period
    day = (u("day", seed, n) * (DAYS + BURN_IN)).astype(int) - BURN_IN
    # Crime crowds to the west and to the evening.
    x = (WIDTH * u("x", seed, n) ** 1.8).astype(int)
    y = (HEIGHT * (0.5 + (u("y", seed, n) - 0.5) * 0.95)).astype(int)
    cell = y * WIDTH + x
    minute = (1440 * u("minute", seed, n) ** 0.6).astype(int)
    kind = np.searchsorted(np.cumsum(SHARES), u("type", seed, n)).clip(0, len(TYPES) - 1)
    hit = (day >= 0) & treated_cells()[cell]
    share = hit.sum() / max((day >= 0).sum(), 1) or 1
    kept = ~(hit & (u("thin", seed, n) < settings.get("fall", 0) / share))
    reported = u("report", seed, n) < 0.45
    found = u("discover", seed, n) < np.where(day >= 0, settings.get("more_recorded", 0), 0)
    recorded = (reported & (u("record", seed, n) < 0.9)) | found
    order = np.flatnonzero(kept)[np.argsort(day[kept] * 1440 + minute[kept], kind="stable")]
    table = {
        "event_id": np.arange(len(order)),
        "day": day[order].astype("i4"),
        "minute": minute[order].astype("i2"),
        "cell": cell[order].astype("i4"),
        "area": names(area_of(cell[order]), "abcdef"),
        "type": names(kind[order], TYPES),
        "victim_id": (u("victim", seed, n) * RESIDENTS).astype(int)[order],
        "reported": reported[order],
        "discovered": found[order],
        "recorded": recorded[order],
        "cleared": (u("clear", seed, n) < 0.1)[order],
        "in_burn_in": day[order] < 0,
    }
    pq.write_table(pa.table(table), folder / "events.parquet")
    people = np.arange(RESIDENTS)
    home_area = people % AREAS
    base_stops = u("stops", seed, RESIDENTS) < np.array(COLUMNS["poverty_rate"])[home_area] * 0.1
    extra = u("stops more", seed, RESIDENTS) < np.array(COLUMNS["poverty_rate"])[home_area] * 0.1 * (
        settings.get("stops", 1) - 1
    )
    victim = table["victim_id"][table["day"] >= 0]
    pq.write_table(
        pa.table(
            {
                "person_id": people,
                "age": (u("age", 1, RESIDENTS) * 90).astype("i2"),
                "area": names(home_area, "abcdef"),
                "home_cell": (people % (WIDTH * HEIGHT)).astype("i4"),
                "offences": (u("off", seed, RESIDENTS) < 0.05).astype("i4"),
                "arrests": (u("arr", seed, RESIDENTS) < 0.01).astype("i4"),
                "stops": (base_stops.astype("i4") + extra),
                "victimisations": np.bincount(victim, minlength=RESIDENTS).astype("i4"),
                "fear": u("fear", seed, RESIDENTS),
                "trust": u("trust", seed, RESIDENTS),
            }
        ),
        folder / "people.parquet",
    )
    cells = np.arange(WIDTH * HEIGHT)
    places = {
        "cell": cells.astype("i4"),
        "x_m": (cells % WIDTH + 0.5) * 100,
        "y_m": (cells // WIDTH + 0.5) * 100,
        "area": names(area_of(cells), "abcdef"),
        "residents": np.full(len(cells), RESIDENTS // len(cells), "i4"),
    }
    if marks and settings.get("fall"):
        places[f"treated.{arm}"] = treated_cells()
    pq.write_table(pa.table(places), folder / "places.parquet")
    days = np.arange(-BURN_IN, DAYS)
    series = {"day": days.astype("i4"), "population": np.full(len(days), float(RESIDENTS))}
    if settings.get("cost"):
        series[f"cost.{arm}"] = np.where(days >= 0, settings["cost"], np.nan)
    pq.write_table(pa.table(series), folder / "series.parquet")
    (folder / "manifest.json").write_text(
        json.dumps(
            dict(
                format="lamplighter-run",
                schema_version=1,
                seed=seed,
                arm=arm,
                days=DAYS,
                burn_in_days=BURN_IN,
                residents=RESIDENTS,
                city=city(),
                wall_seconds=12.5,
            )
        )
    )


def city() -> dict:
    rows = [{"id": i, "name": NAMES[k], **{c: v[k] for c, v in COLUMNS.items()}} for k, i in enumerate("abcdef")]
    return dict(
        name="Example & <Sons>",
        fictional=True,
        checksum="",
        crs="",
        grid=dict(width=WIDTH, height=HEIGHT, cell_m=100.0, x0=0.0, y0=0.0),
        areas=rows,
        notes=["Drawn for tests."],
    )


def write_comparison(
    folder: Path,
    replications: int = 6,
    arms: dict | None = None,
    crimes: int = 1500,
    marks: bool = True,
    skip=(),
    observed: bool = False,
) -> Path:
    arms = arms or ARMS
    failures = []
    for arm, settings in arms.items():
        for r in range(replications):
            if (arm, r) in skip:
                failures.append(dict(arm=arm, replication=r, seed=5 + r, error="ValueError: planted", traceback="..."))
            else:
                write_run(folder / "runs" / arm / str(r), arm, settings, 5 + r, crimes, marks)
    total = len(arms) * replications
    (folder / "manifest.json").write_text(
        json.dumps(
            dict(
                format="lamplighter-comparison",
                schema_version=1,
                city=city(),
                replications=replications,
                seed=5,
                years=1.0,
                arms=[
                    dict(name=n, role=s["role"], interventions=s["interventions"], overrides=[], spec_hash=f"{k:016x}")
                    for k, (n, s) in enumerate(arms.items())
                ],
                runs=dict(planned=total, done=total - len(failures), failed=len(failures), failures=failures),
                complete=True,
                spec=dict(
                    years=1.0, burn_in_years=1.0, tick_hours=4, start_date="2024-01-01", city=dict(preset="example")
                ),
                spec_hash="0123456789abcdef",
                code=dict(version="0.1.0", source_hash="feedbeef", git_commit="abc1234", git_dirty=False),
                python="3.11",
                packages={"numpy": "2.4.0"},
                started="2026-01-02T03:04:05",
            )
        )
    )
    if observed:
        n = 900
        x = (WIDTH * u("ox", 99, n) ** 1.5).astype(int)
        y = (HEIGHT * u("oy", 99, n)).astype(int)
        cell = y * WIDTH + x
        pq.write_table(
            pa.table(
                {
                    "type": names(np.searchsorted(np.cumsum(SHARES), u("otype", 99, n)).clip(0, 6), TYPES),
                    "cell": cell.astype("i4"),
                    "x_m": (x + 0.5) * 100,
                    "y_m": (y + 0.5) * 100,
                    "hour": (24 * u("ohour", 99, n)).astype("i2"),
                    "area": names(area_of(cell), "abcdef"),
                }
            ),
            folder / "observed.parquet",
        )
    return folder
