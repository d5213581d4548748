"""Harassment in public space."""

from __future__ import annotations

from dataclasses import dataclass

from sim.mechanism import Mechanism, MechanismParams
from sim.registry import mechanism


@dataclass(frozen=True)
class HarassmentParams(MechanismParams):
    """Settings of harassment."""


@mechanism
class Harassment(Mechanism):
    """Harassment in public space."""

    name = "harassment"
    cadence = "tick"
    Params = HarassmentParams
