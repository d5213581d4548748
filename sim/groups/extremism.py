"""Recruitment to violent extremism: grievance and exposure."""

from __future__ import annotations

from dataclasses import dataclass

from sim.columns import Column
from sim.mechanism import Mechanism, MechanismParams
from sim.registry import mechanism


@dataclass(frozen=True)
class ExtremismParams(MechanismParams):
    """Settings of extremism."""


@mechanism
class Extremism(Mechanism):
    """Recruitment to violent extremism: grievance and exposure."""

    name = "extremism"
    cadence = "week"
    Params = ExtremismParams
    columns = {"residents": {"radical": Column("u1", 0, "code", "0 no, 1 sympathiser, 2 recruit")}}
