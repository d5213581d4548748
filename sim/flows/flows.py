"""Flows from beyond the city: drugs, firearms, people and money."""

from __future__ import annotations

from dataclasses import dataclass

from sim.mechanism import Mechanism, MechanismParams
from sim.registry import mechanism


@dataclass(frozen=True)
class FlowsParams(MechanismParams):
    """Settings of flows."""


@mechanism
class Flows(Mechanism):
    """Flows from beyond the city: drugs, firearms, people and money."""

    name = "flows"
    cadence = "day"
    Params = FlowsParams
