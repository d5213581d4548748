"""The patrol visits of one tick, sorted by place and start."""

from __future__ import annotations

import numpy as np

COLUMNS = {"cell": "i4", "start": "i2", "minutes": "i2", "unit": "i8", "ordered": "?", "key": "u8", "stop_rate": "f4"}


class Visits:
    """Patrol visits of a tick as arrays sorted by (cell, start), with a look-up by cell.

    Attributes
    ----------
    cell : int32[visits]
    start : int16[visits]
        Minute within the tick; negative for visits that ended late in the tick before (they are kept so that
        presence "just now" is known at the first minutes of a tick).
    minutes : int16[visits]
        Length of the stay.
    unit : int64[visits]
        Id of the guardian; -1 for extra officers brought in by an intervention.
    ordered : bool[visits]
        The visit follows an order of an intervention.
    key : uint64[visits]
        Stable key of the visit for draws.
    stop_rate : float32[visits]
        Expected stops of persons during the visit.
    first : int32[cells]
        Index of the first visit to a cell, -1 when there is none.
    count : int16[cells]
        Visits to a cell.
    """

    def __init__(self, cells: int):
        self.first = np.full(cells, -1, np.int32)
        self.count = np.zeros(cells, np.int16)
        for name, dtype in COLUMNS.items():
            setattr(self, name, np.empty(0, dtype))

    def __len__(self) -> int:
        return len(self.cell)

    def replace(self, table: dict[str, np.ndarray]) -> None:
        """Take the visits of a new tick; only cells of the old and the new visits are touched."""
        self.first[self.cell] = -1
        self.count[self.cell] = 0
        order = np.lexsort((table["key"], table["start"], table["cell"]))
        for name, dtype in COLUMNS.items():
            setattr(self, name, np.ascontiguousarray(table[name][order], dtype))
        if len(order):
            start = np.ones(len(order), bool)
            np.not_equal(self.cell[1:], self.cell[:-1], out=start[1:])
            new = np.flatnonzero(start)
            self.first[self.cell[new]] = new
            self.count[self.cell[new]] = np.append(new[1:], len(order)) - new


def empty() -> dict[str, np.ndarray]:
    """Return a table of no visits."""
    return {name: np.empty(0, dtype) for name, dtype in COLUMNS.items()}


def join(tables: list[dict[str, np.ndarray]], rank: bool = False) -> dict[str, np.ndarray]:
    """Put tables of visits one after the other; with the rank of ordered ones when asked."""
    columns = {**COLUMNS, "rank": "u4"} if rank else COLUMNS
    return {name: np.concatenate([t[name] for t in tables]) if tables else np.empty(0, dtype)
            for name, dtype in columns.items()}


def take(table: dict[str, np.ndarray], which: np.ndarray) -> dict[str, np.ndarray]:
    """Select visits of a table."""
    return {name: values[which] for name, values in table.items()}
