"""What several sections share: names of arms, units, cells of tables."""

from __future__ import annotations

import math

import numpy as np

from analysis import effects, words
from analysis.outcomes import Arm
from analysis.report.page import Html, esc, tag

ROLES = {"placebo": "control: zero strength", "same_cost_random": "control: random places"}
ABREAST = 4  # options side by side in one table
RATE = "per 1,000 residents a year"
NOISE = "95 % intervals over paired runs; they hold run-to-run chance only."


def arm_label(arm: Arm) -> Html:
    """Name of an arm with its role, if it is not an ordinary option."""
    extra = ROLES.get(arm.role, "")
    if not extra and any(not words.feasible(n) for n in arm.interventions):
        extra = "bound: not a real option"
    return Html(esc(words.title(arm.name)) + (tag(extra) if extra else ""))


def abreast(arms: list[Arm], most: int = ABREAST) -> list[list[Arm]]:
    """Split options so that a table of them fits a page, as evenly as can be."""
    parts = math.ceil(len(arms) / most)
    return [list(part) for part in np.array_split(np.array(arms, object), parts)] if parts else []


def stacked(e: effects.Effect, digits: int, signed: bool = False) -> Html:
    """A difference above its interval; with a symbol for its direction, so that colour is not needed."""
    number, _, rest = words.interval(e, digits).partition(" (")
    sign = "=" if words.exactly_zero(e) else "\u25cb" if e.spans_zero else "\u25bc" if e.difference < 0 else "\u25b2"
    small = f'<br><span class="ci">{esc(rest.removesuffix(")"))}</span>' if rest else ""
    return Html((f"{sign} " if signed and math.isfinite(e.difference) else "") + esc(number) + small)
