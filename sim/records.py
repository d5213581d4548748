"""What a run leaves behind: the event log with its four layers, and daily series."""

from __future__ import annotations

import numpy as np

# Crime types of the log, in the order of their codes.
TYPES = ("burglary", "robbery", "theft", "vehicle", "assault", "homicide", "drugs", "harassment", "extortion")
CODE = {name: i for i, name in enumerate(TYPES)}
# Counted apart from victimisations: dealing has no victim, and surveys ask about harassment in a section of its own.
APART = ("drugs", "harassment")
# Goldstein's (1985) links of an event to drugs, and what it was about, in the order of their codes.
LINKS = ("none", "psychopharmacological", "economic-compulsive", "systemic")
MOTIVES = ("gain", "quarrel", "grudge", "turf", "retaliation", "discipline", "extortion", "extremism")
CO_SLOTS = 3

# name: (dtype, width, default). `minute` counts from midnight; -1 in an id column means nobody.
EVENT_COLUMNS: dict[str, tuple[str, int, int]] = {
    "tick": ("i4", 0, 0),
    "minute": ("i2", 0, 0),
    "cell": ("i4", 0, 0),
    "spot": ("u4", 0, 0),  # hash of the exact place (dwelling, shop, street corner): gives x_m, y_m within the cell
    "type": ("i1", 0, 0),
    "offender_id": ("i4", 0, -1),
    "victim_id": ("i4", 0, -1),
    "dwelling_id": ("i4", 0, -1),
    "co_offenders": ("i4", CO_SLOTS, -1),
    "domestic": ("?", 0, 0),
    "weapon": ("?", 0, 0),
    "firearm": ("?", 0, 0),
    "outdoors": ("?", 0, 0),
    "link": ("u1", 0, 0),  # index of LINKS
    "motive": ("u1", 0, 0),  # index of MOTIVES
    "group": ("i4", 0, -1),  # id of the group it was done for
    "loss": ("f4", 0, 0),
    "reported": ("?", 0, 0),
    "discovered": ("?", 0, 0),
    "recorded": ("?", 0, 0),
    "cleared": ("?", 0, 0),
    "cleared_day": ("i4", 0, -1),
}


def _room(name: str, rows: int) -> np.ndarray:
    """Memory for a column; what nobody has written to takes none."""
    dtype, width, _ = EVENT_COLUMNS[name]
    return np.empty((rows, width) if width else rows, dtype)


class EventLog:
    """Append-only columns of events. ``log["cell"]`` is a view of all rows so far."""

    def __init__(self) -> None:
        self.n = 0
        self._store = {name: _room(name, 64) for name in EVENT_COLUMNS}

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, name: str) -> np.ndarray:
        return self._store[name][: self.n]

    def append(self, **columns: np.ndarray) -> slice:
        """Add events in the order (tick, minute, offender, type) and return their slice.

        The caller gives equally long arrays for some of `EVENT_COLUMNS`; the others take their defaults.
        """
        count = len(columns["cell"])
        need = self.n + count
        capacity = len(self._store["tick"])
        if need > capacity:
            capacity = max(need, 2 * capacity)
            for name in EVENT_COLUMNS:
                grown = _room(name, capacity)
                grown[: self.n] = self._store[name][: self.n]
                self._store[name] = grown
        new = slice(self.n, need)
        if count:
            order = np.lexsort((columns["type"], columns["offender_id"], columns["minute"]))
            for name, (_, _, default) in EVENT_COLUMNS.items():
                self._store[name][new] = np.asarray(columns[name])[order] if name in columns else default
        self.n = need
        return new

    def snapshot(self) -> dict[str, np.ndarray]:
        return {name: self[name].copy() for name in self._store}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        self.n = len(saved["tick"])
        self._store = {name: saved[name].copy() if self.n else _room(name, 64) for name in EVENT_COLUMNS}

    def equals(self, other: EventLog) -> bool:
        """True when two logs are the same to the bit."""
        return self.n == other.n and all(
            np.array_equal(self[c], other[c]) and self[c].tobytes() == other[c].tobytes() for c in EVENT_COLUMNS
        )


class Series:
    """Daily values by name; a name that starts late is NaN before."""

    def __init__(self) -> None:
        self.days: list[int] = []
        self.rows: list[dict[str, float]] = []

    def add(self, day: int, values: dict[str, float]) -> None:
        self.days.append(day)
        self.rows.append(values)

    def columns(self) -> dict[str, np.ndarray]:
        """Return ``{"day": ..., name: float64 array, ...}`` in the order of first appearance."""
        names: dict[str, None] = {}
        for row in self.rows:
            names.update(dict.fromkeys(row))
        out = {"day": np.array(self.days, np.int64)}
        for name in names:
            out[name] = np.array([row.get(name, np.nan) for row in self.rows], float)
        return out

    def snapshot(self) -> tuple:
        return list(self.days), list(self.rows)

    def restore(self, saved: tuple) -> None:
        self.days, self.rows = list(saved[0]), list(saved[1])
