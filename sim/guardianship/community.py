"""Collective efficacy and disorder of the places where people live."""

from __future__ import annotations

from dataclasses import dataclass

from sim.columns import Column
from sim.mechanism import Mechanism, MechanismParams
from sim.registry import mechanism


@dataclass(frozen=True)
class CommunityParams(MechanismParams):
    """Settings of communities."""


@mechanism
class Community(Mechanism):
    """Collective efficacy and disorder of the places where people live."""

    name = "community"
    cadence = "day"
    Params = CommunityParams
    layers = {"disorder": Column("f4", 0.0, "signs", "fading signs of crime and neglect", low=0)}
