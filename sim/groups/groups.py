"""Groups: turf, recruits, feuds, extortion."""

from __future__ import annotations

from dataclasses import dataclass

from sim.columns import Column
from sim.mechanism import Mechanism, MechanismParams
from sim.registry import mechanism


@dataclass(frozen=True)
class GroupsParams(MechanismParams):
    """Settings of groups."""


@mechanism
class Groups(Mechanism):
    """Groups: turf, recruits, feuds, extortion."""

    name = "groups"
    cadence = "tick"
    Params = GroupsParams
    columns = {"residents": {"group": Column("i4", -1, "id", "group he belongs to, -1 none")}}
