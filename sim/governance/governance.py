"""Budget, services and legitimacy."""

from __future__ import annotations

from dataclasses import dataclass

from sim.columns import Column
from sim.mechanism import Mechanism, MechanismParams
from sim.registry import mechanism


@dataclass(frozen=True)
class GovernanceParams(MechanismParams):
    """Settings of institutions."""


@mechanism
class Governance(Mechanism):
    """Budget, services and legitimacy."""

    name = "governance"
    cadence = "week"
    Params = GovernanceParams
    layers = {"service": Column("f4", 0.5, "0-1", "quality of public services", low=0, high=1)}
