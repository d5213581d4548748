"""Bribery at contacts of residents with officers."""

from __future__ import annotations

from dataclasses import dataclass

from sim.columns import Column
from sim.mechanism import Mechanism, MechanismParams
from sim.registry import mechanism


@dataclass(frozen=True)
class BriberyParams(MechanismParams):
    """Settings of bribery."""


@mechanism
class Bribery(Mechanism):
    """Bribery at contacts of residents with officers."""

    name = "bribery"
    cadence = "tick"
    Params = BriberyParams
    columns = {"residents": {
        "last_contact": Column("i4", -(2**30), "day", "last contact with an official"),
        "last_bribe": Column("i4", -(2**30), "day", "last bribe paid or asked for"),
    }}
