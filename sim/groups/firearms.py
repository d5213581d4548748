"""Who holds a firearm."""

from __future__ import annotations

from dataclasses import dataclass

from sim.columns import Column
from sim.mechanism import Mechanism, MechanismParams
from sim.registry import mechanism


@dataclass(frozen=True)
class FirearmsParams(MechanismParams):
    """Settings of the firearms in the city."""


@mechanism
class Firearms(Mechanism):
    """Who holds a firearm."""

    name = "firearms"
    cadence = "week"
    Params = FirearmsParams
    columns = {"residents": {"gun": Column("u1", 0, "0/1", "holds a firearm", low=0, high=1)}}
