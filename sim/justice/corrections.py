"""Remand, supervision, programmes inside, re-entry."""

from __future__ import annotations

from dataclasses import dataclass

from sim.columns import Column
from sim.mechanism import Mechanism, MechanismParams
from sim.registry import mechanism


@dataclass(frozen=True)
class CorrectionsParams(MechanismParams):
    """Settings of corrections."""


@mechanism
class Corrections(Mechanism):
    """Remand, supervision, programmes inside, re-entry."""

    name = "corrections"
    cadence = "day"
    Params = CorrectionsParams
    columns = {"residents": {
        "detained": Column("u1", 0, "code", "0 free, 1 unsentenced, 2 sentenced"),
        "supervised_until": Column("i4", 0, "tick", "under supervision before this tick"),
        "skills": Column("f4", 0, "sd", "self-control gained in programmes or lost in custody", low=-2, high=2),
        "mandate": Column("u1", 0, "0/1", "ordered into treatment of drug use"),
    }}
