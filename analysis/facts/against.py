"""Simulated against recorded crime of the same real city: areas, squares of 200 m, and simple predictors beside it.

Nothing of the model is built from the record. A predictor that sees the record (its earlier half) is judged on the
later half; all others on the whole. A record without robberies holds them among its assaults.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from analysis.concentration import pai, rank_correlation
from analysis.facts.base import Unscored
from analysis.facts.records import Records, read
from analysis.outcomes import Frame
from analysis.stored import codes_of, numpy_of, read_columns, read_frame
from sim.records import CODE, TYPES

KINDS = ("burglary", "robbery", "theft", "vehicle", "assault")
SHARES = (0.01, 0.05, 0.10)
SIDE = 2  # cells of 100 m along a square
CONDITIONS = ("poverty_rate", "unemployment_rate", "income", "share_under18")
LEAST, LEAST_RESIDENTS, LEAST_AREAS = 50, 1_000, 5
MODEL, POPULATION, DISADVANTAGE, BEFORE = "model", "residents", "disadvantage", "earlier half of the record"
DEPRIVATION = "deprivation index"  # a published one, where the city's files have it; the model never sees it


@dataclass
class Against:
    """Agreement of predictors with the record, by crime type.

    Attributes
    ----------
    areas : mapping of type to predictor to Spearman's rho of area rates
    conditions : mapping of type to column of the areas to (recorded, simulated) Pearson correlation with area rates
    squares : mapping of type to predictor to {rho, pai_1, pai_5, pai_10, hit_5}
        Rank correlation over squares of 200 m, prediction accuracy index and share of crime at 1, 5 and 10 % of them.
    events : recorded events by type
    maps : mapping of type to (recorded, simulated) counts a year by place
    """

    frame: Frame
    areas: dict[str, dict[str, float]] = field(default_factory=dict)
    conditions: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    squares: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    maps: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    runs: int = 0
    days: int = 0

    def as_dict(self) -> dict[str, Any]:
        known = lambda v: None if v != v else round(float(v), 4)  # noqa: E731
        return {"runs": self.runs, "days": self.days, "events": self.events,
                "areas": {t: {p: known(v) for p, v in by.items()} for t, by in self.areas.items()},
                "conditions": {t: {c: [known(v) for v in pair] for c, pair in by.items()}
                               for t, by in self.conditions.items()},
                "squares": {t: {p: {k: known(v) for k, v in m.items()} for p, m in by.items()}
                            for t, by in self.squares.items()}}


def compare_with_record(folder: str | os.PathLike) -> Against | None:
    """Set the runs of the model in a validation folder against ``observed.parquet``; None without a record."""
    folder = Path(folder)
    runs = sorted(p.parent for p in folder.glob("runs/model/*/manifest.json"))
    if not (folder / "observed.parquet").is_file() or not runs:
        return None
    frame, records = read_frame(runs[0]), [read(r) for r in runs]
    seen = _Record(folder / "observed.parquet", frame)
    out = Against(frame, runs=len(runs), days=seen.days)
    square = squares_of(frame.cells, frame.width)
    for name in KINDS:
        mine = seen.kind == CODE[name]
        if mine.sum() < LEAST:
            continue
        out.events[name] = int(mine.sum())
        types = (name, "robbery") if name == "assault" and not (seen.kind == CODE["robbery"]).any() else (name,)
        simulated = np.mean([r.counts(r.mask(types, "recorded")) / r.years for r in records], axis=0)
        rates = _Rates.of(frame, records[0], seen, mine, simulated)
        if len(rates.kept) >= LEAST_AREAS:
            out.areas[name], out.conditions[name] = _areas(rates), _conditions(rates)
        if (mine & (seen.place >= 0)).sum() >= LEAST:
            out.squares[name] = _squares(frame, records[0], seen, mine, simulated, square)
            recorded = np.bincount(seen.place[mine & (seen.place >= 0)], minlength=len(frame.cells)) * 365 / seen.days
            out.maps[name] = recorded, simulated
    return out if out.events else None


class _Record:
    """Recorded events of the real city on the grid of the runs."""

    def __init__(self, path: Path, frame: Frame):
        import pyarrow.parquet as pq

        table = read_columns(path)
        self.kind = codes_of(table["type"], TYPES)
        self.area = codes_of(table["area"], frame.area_ids)
        self.place = frame.place_of(numpy_of(table["cell"]).astype(np.int64))
        self.day = numpy_of(table["day"]).astype(np.int64)
        about = json.loads((pq.read_schema(path).metadata or {}).get(b"lamplighter", b"{}"))
        self.days = int(about.get("days") or self.day.max() + 1)
        self.late = self.day >= self.days // 2


def squares_of(cells: np.ndarray, width: int) -> np.ndarray:
    """Number of the square of 2 by 2 cells that each cell lies in, from 0."""
    code = (cells // width // SIDE) * (width // SIDE + 1) + cells % width // SIDE
    return np.unique(code, return_inverse=True)[1]


@dataclass(frozen=True)
class _Rates:
    """Areas with enough residents, and their rates in the record and in the runs."""

    run: Records
    seen: _Record
    mine: np.ndarray
    people: np.ndarray
    kept: np.ndarray
    simulated: np.ndarray

    @classmethod
    def of(cls, frame: Frame, run: Records, seen: _Record, mine: np.ndarray, simulated: np.ndarray) -> _Rates:
        people = run.area_residents()
        kept = np.flatnonzero(people >= LEAST_RESIDENTS)
        inside = frame.area >= 0
        return cls(run, seen, mine, people, kept,
                   np.bincount(frame.area[inside], simulated[inside], len(people))[kept] / people[kept])

    def recorded(self, when: np.ndarray | bool = True) -> np.ndarray:
        which = self.mine & when & (self.seen.area >= 0)
        return np.bincount(self.seen.area[which], minlength=len(self.people))[self.kept] / self.people[self.kept]


def _areas(rates: _Rates) -> dict[str, float]:
    run, kept, recorded = rates.run, rates.kept, rates.recorded()
    out = {MODEL: rank_correlation(rates.simulated, recorded),
           POPULATION: rank_correlation(rates.people[kept], recorded)}
    try:
        out[DISADVANTAGE] = rank_correlation(run.disadvantage(kept), recorded)
    except Unscored:
        out[DISADVANTAGE] = float("nan")
    index = run.areas.get("deprivation", run.areas.get("imd_decile"))
    if index is not None and np.isfinite(index[kept]).all():
        out[DEPRIVATION] = rank_correlation(index[kept] if "deprivation" in run.areas else -index[kept], recorded)
    out[BEFORE] = rank_correlation(rates.recorded(~rates.seen.late), rates.recorded(rates.seen.late))
    return out


def _conditions(rates: _Rates) -> dict[str, tuple[float, float]]:
    """Correlation of area rates with conditions of the areas, in the record and in the runs."""
    out = {}
    for name in CONDITIONS:
        values = rates.run.areas.get(name)
        if values is None or not np.isfinite(values[rates.kept]).all() or values[rates.kept].std() == 0:
            continue
        out[name] = tuple(float(np.corrcoef(values[rates.kept], rate)[0, 1]) if rate.std() > 0 else float("nan")
                          for rate in (rates.recorded(), rates.simulated))
    return out


def accuracy(score: np.ndarray, counts: np.ndarray, size: np.ndarray) -> dict[str, float]:
    """Agreement of a predictor's scores with counts over squares of `size` cells; equal scores share their catch."""
    level = np.unique(-score / size, return_inverse=True)[1]
    area = np.concatenate([[0.0], np.cumsum(np.bincount(level, size))]) / size.sum()
    caught = np.concatenate([[0.0], np.cumsum(np.bincount(level, counts))])
    out = {"rho": rank_correlation(score / size, counts / size)}
    for share in SHARES:
        found = float(np.interp(share, area, caught))
        out[f"pai_{share:.0%}".rstrip("%")] = pai(found, counts.sum(), share, 1.0)
        if share == 0.05:
            out["hit_5"] = found / counts.sum()
    return out


def _squares(frame: Frame, run: Records, seen: _Record, mine: np.ndarray, simulated: np.ndarray,
             square: np.ndarray) -> dict[str, dict[str, float]]:
    n = square.max() + 1
    size = np.bincount(square, minlength=n).astype(float)

    def recorded(which: np.ndarray) -> np.ndarray:
        return np.bincount(square[seen.place[which & (seen.place >= 0)]], minlength=n).astype(float)

    whole = recorded(mine)
    scores = {MODEL: np.bincount(square, simulated, n), POPULATION: np.bincount(square, run.places["residents"], n)}
    try:
        kept = np.arange(len(frame.area_ids))
        by_area = run.disadvantage(kept)
        scores[DISADVANTAGE] = np.bincount(square, np.where(frame.area >= 0, by_area[np.maximum(frame.area, 0)], 0.0),
                                           n)
    except Unscored:
        pass
    out = {name: accuracy(score, whole, size) for name, score in scores.items()}
    out[BEFORE] = accuracy(recorded(mine & ~seen.late), recorded(mine & seen.late), size)
    return out
