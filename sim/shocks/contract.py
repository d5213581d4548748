"""Shocks follow the contract of interventions: levers, a dose, a start, an end; they belong to the scenario."""

from __future__ import annotations

from sim.interventions.contract import Intervention, InterventionParams, redeclare

__all__ = ["Shock", "ShockParams", "redeclare"]

ShockParams = InterventionParams


class Shock(Intervention):
    """Something that befalls every arm alike: it moves levers, costs nothing and is nobody's choice."""

    level = "-"
    currency = "-"
