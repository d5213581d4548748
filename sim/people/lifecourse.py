"""Births, ageing, partners, moves and deaths."""

from __future__ import annotations

from dataclasses import dataclass

from sim.columns import Column
from sim.mechanism import Mechanism, MechanismParams
from sim.registry import mechanism


@dataclass(frozen=True)
class LifecourseParams(MechanismParams):
    """Settings of the life course."""


@mechanism
class Lifecourse(Mechanism):
    """Births, ageing, partners, moves and deaths."""

    name = "lifecourse"
    cadence = "month"
    Params = LifecourseParams
    columns = {"residents": {
        "mother": Column("i4", -1, "id", "mother, -1 unknown"),
        "moved": Column("i4", -(2**30), "day", "day of the last move"),
    }}
