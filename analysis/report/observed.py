"""Recorded crime of a real city, stored beside a comparison: ``observed.parquet``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from analysis.outcomes import OUTCOMES, Comparison, Frame
from analysis.stored import codes_of, numpy_of, read_columns
from sim.errors import DataError
from sim.records import TYPES


class Observed:
    """Events that the police of the real city recorded in the areas of the comparison.

    Columns: ``type`` (names of the model's types), ``area`` (id), and where known ``cell``, ``hour``. The length of
    the record comes from the file's metadata (`days`), the manifest (``observed.days``) or the column ``day``.
    """

    def __init__(self, table: dict, days: float, frame: Frame):
        self.kind = codes_of(table["type"], TYPES)
        self.area = codes_of(table["area"], frame.area_ids) if "area" in table else np.full(len(self.kind), -1)
        self.cell = (
            np.nan_to_num(numpy_of(table["cell"]).astype(float), nan=-1).astype(np.int64) if "cell" in table else None
        )
        self.hour = (
            np.nan_to_num(numpy_of(table["hour"]).astype(float), nan=-1).astype(np.int64) if "hour" in table else None
        )
        self.years = days / 365

    @property
    def total(self) -> int:
        return int((self.kind >= 0).sum())

    def count(self, kind: str) -> int:
        return int((self.kind == TYPES.index(kind)).sum())

    def _mine(self, outcome: str) -> np.ndarray:
        return np.isin(self.kind, OUTCOMES[outcome].codes)

    def hours(self, outcome: str) -> np.ndarray | None:
        """Crimes by hour; None where hours are not known."""
        if self.hour is None:
            return None
        known = self._mine(outcome) & (self.hour >= 0) & (self.hour < 24)
        return np.bincount(self.hour[known], minlength=24).astype(float)

    def areas(self, frame: Frame, outcome: str) -> np.ndarray | None:
        """Crimes by area of the frame; None where areas are not known."""
        if not (self.area >= 0).any():
            return None
        return np.bincount(self.area[self._mine(outcome) & (self.area >= 0)], minlength=len(frame.area_ids)).astype(
            float
        )

    def places(self, frame: Frame) -> np.ndarray | None:
        """Crimes with a victim by place of the frame; None where places are not known."""
        if self.cell is None:
            return None
        place = frame.place_of(self.cell)
        return np.bincount(place[self._mine("victimisations") & (place >= 0)], minlength=len(frame.cells)).astype(float)


def load_observed(c: Comparison) -> Observed | None:
    """Read the record of the real city, if the comparison has one that can be read."""
    path = Path(c.folder) / "observed.parquet"
    if not path.exists():
        return None
    try:
        table = read_columns(path)
        return Observed(table, _days(path, table, c), c.frame) if "type" in table and len(table["type"]) else None
    except (DataError, KeyError, ValueError, OSError):
        return None


def _days(path: Path, table: dict, c: Comparison) -> float:
    import pyarrow.parquet as pq

    given = (c.manifest.get("observed") or {}).get("days")
    notes = pq.read_schema(path).metadata or {}
    for raw in (notes.get(b"days"), notes.get(b"lamplighter")):
        if given is None and raw:
            found = json.loads(raw)
            given = found.get("days") if isinstance(found, dict) else found
    if given is None and "day" in table:
        day = numpy_of(table["day"]).astype(float)
        given = np.nanmax(day) - np.nanmin(day) + 1
    return float(given) if given and given > 0 else 365.0
