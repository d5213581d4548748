"""What a fact is, the table of facts, and the registry of the functions that measure them."""

from __future__ import annotations

import csv
import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sim.errors import DataError

if TYPE_CHECKING:
    from analysis.facts.records import Records

TABLE = Path(__file__).with_name("facts.csv")
EXPLANATIONS = Path(__file__).with_name("explanations.csv")
FAMILIES = ("concentration", "near_repeat", "repeats", "journeys", "ages", "chronic", "together", "recidivism",
            "clearance", "reporting", "rates", "hours", "areas", "drugs", "fear")
TIERS, LABELS, RULES = ("A", "B", "C"), ("predicted", "developed", "calibrated"), ("seeds", "pooled")


class Unscored(Exception):
    """A statistic that these records do not allow; the text says why."""


class Found(NamedTuple):
    """A measured value; `holds` is False where a condition that goes with the fact fails, and `note` says which."""

    value: float
    holds: bool = True
    note: str = ""


@dataclass(frozen=True)
class Fact:
    """One row of ``facts.csv``.

    Attributes
    ----------
    id, title, statement, source : str
    layer : str
        Which crimes are counted: recorded (facts of police data) or true (facts of surveys and of self-reports).
    low, high : float
        Acceptance interval, ends included.
    tier : str
        A and B are validated, C is for calibration and is never a success.
    rule : str
        ``seeds``: the median over seeds lies in the interval and so do four fifths of the seeds; ``pooled``: the value
        of all seeds together does, and so do four fifths of bootstrap samples of the seeds (experiments whose
        statistic is a mean over replications).
    null : str
        Name of the null world that must fail; empty when none can tell the fact apart.
    label : str
        ``calibrated``; ``developed`` (values of the model were chosen with the fact in view) or ``predicted``.
    trial : str
        Empty, or the paired experiment that the fact needs.
    reason : str
        Why it cannot be scored at all.
    """

    id: str
    title: str
    statement: str
    layer: str
    unit: str
    low: float
    high: float
    tier: str
    rule: str
    null: str
    label: str
    trial: str
    source: str
    reason: str

    def inside(self, value: float) -> bool:
        return self.low <= value <= self.high


@functools.cache
def facts() -> dict[str, Fact]:
    """Every fact of ``facts.csv`` by its id.

    Raises
    ------
    DataError
        One line: which row and column, expected, found.
    """
    out: dict[str, Fact] = {}
    with open(TABLE, encoding="utf-8", newline="") as stream:
        for line, row in enumerate(csv.DictReader(stream), 2):
            for column, known in (("tier", TIERS), ("label", LABELS), ("rule", RULES)):
                if row[column] not in known:
                    raise DataError(f"facts.csv, line {line}, column {column}: expected one of {', '.join(known)}, "
                                    f"found {row[column]!r}")
            try:
                row["low"], row["high"] = float(row["low"]), float(row["high"])
            except ValueError:
                raise DataError(f"facts.csv, line {line}: expected numbers in low and high, found {row['low']!r} and "
                                f"{row['high']!r}") from None
            if row["id"] in out or row["low"] > row["high"]:
                raise DataError(f"facts.csv, line {line}: expected a new id and low below high, found {row['id']}")
            out[row["id"]] = Fact(**row)
    return out


@functools.cache
def explanations() -> dict[str, str]:
    """Best explanation of each failure, as the analysts keep it in ``explanations.csv``."""
    with open(EXPLANATIONS, encoding="utf-8", newline="") as stream:
        return {row["id"]: row["explanation"] for row in csv.DictReader(stream)}


MEASURES: dict[str, Callable[[Records], float | Found]] = {}


def measure(*ids: str) -> Callable:
    """Register the function that measures a fact on the records of one run."""

    def register(function: Callable[[Records], float | Found]) -> Callable:
        for name in ids:
            if name in MEASURES:
                raise ValueError(f"fact {name} is measured twice")
            MEASURES[name] = function
        return function

    return register


def load() -> dict[str, Callable[[Records], float | Found]]:
    """Import every family and return the registry."""
    for family in FAMILIES:
        importlib.import_module(f"analysis.facts.{family}")
    return MEASURES
