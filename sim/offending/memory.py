"""What offenders remember of rewarding places: two slots for burglary, two for other property crime.

Near repeats arise here (Johnson and Bowers 2004; Johnson et al. 2007): the same offender returns to a good place, or
next door, while the memory is fresh. Only people who have acted have a row.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

SLOTS = 4  # 0-1 burglary, 2-3 other
LONG_AGO = -(2**30)


def empty(capacity: int = 256) -> dict[str, np.ndarray]:
    """Return the table: `owner` and `dwelling` (ids), `cell`, `tick`; `skill` in burglary, theft, robbery."""
    return dict(
        owner=np.full(capacity, -1, np.int64),
        cell=np.full((capacity, SLOTS), -1, np.int32),
        dwelling=np.full((capacity, 2), -1, np.int64),
        tick=np.full((capacity, SLOTS), LONG_AGO, np.int32),
        skill=np.zeros((capacity, 3), np.float32),
    )


def grow(table: dict[str, np.ndarray], need: int) -> dict[str, np.ndarray]:
    """Return the table with room for at least `need` rows."""
    capacity = len(table["owner"])
    if need <= capacity:
        return table
    bigger = empty(max(need, 2 * capacity))
    for name, array in table.items():
        bigger[name][:capacity] = array
    return bigger


@njit(cache=True)
def remember_place(index, burglary, where, home, tick, cell, dwelling, ticks):
    """Put a good place in the slot of its own cell, else in the older of its two slots."""
    base = 0 if burglary else 2
    slot = base
    if cell[index, base + 1] == where or (cell[index, base] != where and ticks[index, base + 1] < ticks[index, base]):
        slot = base + 1
    cell[index, slot] = where
    ticks[index, slot] = tick
    if burglary:
        dwelling[index, slot] = home


def skill_steps(p) -> np.ndarray:
    """What an offence teaches, by the kinds of skill: burglary, theft, robbery."""
    return np.array([p.skill_burglary, p.skill_theft, p.skill_robbery], np.float32)


def unlearn(table: dict[str, np.ndarray], used: int, days: float) -> None:
    """Fade the skills of a day; nothing fades when `days` is 0."""
    if days > 0:
        table["skill"][:used] *= np.float32(math.exp(-1.0 / days))
