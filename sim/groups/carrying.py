"""Who has a firearm on him."""

from __future__ import annotations

import numpy as np

from sim.draws import uniforms


def carried(model, rows: np.ndarray) -> np.ndarray:
    """True for residents (rows) who have their firearm with them today.

    Under a ban on carrying (lever `gun_ban`) its share of the holders leave it at home; who that is changes by day.
    """
    r = model.residents
    armed = r["gun"][rows] > 0
    if armed.any():
        day = model.tick // model.calendar.ticks_per_day
        left = uniforms(model.seed, "firearms.left_at_home", day, r["key"][rows]) < model.levers["gun_ban"]
        armed &= ~left
    return armed
