"""The column store: one array per attribute, stable ids, growth, removal, snapshots.

A population's rows may stand in any order; nothing in the model depends on it. `id` names a row for ever and is
never reused; `key` (64 bits) is what random draws are made from: equal to the id for the first inhabitants,
derived from the cause for whoever enters later.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

BLOCK = 1 << 16  # rows worked on at a time, where all at once would take much memory
LOOKED_UP = (np.dtype(np.int32), np.dtype(np.int64))  # kinds of ids that rows are found of as they are
ROOM = 8  # a column has room for an eighth more rows than it was made or grown for


@dataclass(frozen=True)
class Column:
    """Declaration of one column or layer.

    Parameters
    ----------
    dtype : str or numpy dtype
    default : scalar
        Value of a new row.
    unit, doc : str
    low, high : float, optional
        Range that proposals are clipped to and that invariants check.
    static : bool
        Set at construction (by the city or the synthesis of people) and then read only.
    """

    dtype: Any
    default: Any = 0
    unit: str = "-"
    doc: str = ""
    low: float | None = None
    high: float | None = None
    static: bool = False
    width: int = 0  # more than 0: a row holds that many values


@functools.cache
def _look_up_kernel():
    """The kernel that finds rows, imported with the first search: columns alone do without Numba."""
    from sim.finding import look_up

    return look_up


def near(name: Any, known: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown name: the known one that is most like it, else all of them."""
    known = sorted(known)
    like = difflib.get_close_matches(str(name), known, n=1)
    return f"; did you mean {like[0]!r}?" if like else f"; known: {', '.join(known)}"


class Layers(dict):
    """Arrays over cells by name."""

    def __missing__(self, name: str):
        raise KeyError(f"there is no layer {name!r}{near(name, self)}")


def whole_numbers(values: Any, what: str) -> np.ndarray:
    """Return ids or cells as an array of integers; a mask in their place would silently name the first two.

    Raises
    ------
    TypeError
        For truth values, fractions and None.
    """
    array = np.asarray(values)
    if array.dtype.kind == "b":
        raise TypeError(f"{what}: expected whole numbers, found truth values (a mask); take the numbers where it is "
                        f"true, as in ids[mask]")
    if array.dtype.kind not in "iu" and array.size:
        found = "None" if values is None else f"{array.dtype} ({array.flat[0]!r})"
        raise TypeError(f"{what}: expected whole numbers, found {found}")
    return array.astype(np.int64, copy=False)


class Population:
    """Rows of equal kind (residents, guardians, dwellings) as growable columns.

    ``pop["trust"]`` is a NumPy view of the first ``len(pop)`` rows. Read it again after births: the store may
    have grown into new memory.
    """

    def __init__(self, name: str, ids: np.ndarray, keys: np.ndarray | None = None):
        self.name = name
        self.n = len(ids)
        self._store: dict[str, np.ndarray] = {}
        self._views: dict[str, np.ndarray] = {}  # the first n rows of each column
        self.declared: dict[str, Column] = {}
        self.epoch = 0  # raised when rows move
        self.version = 0  # raised when rows are born, die or move
        self.declare("id", Column("i8", 0, doc="stable name of the row, never reused", static=True))
        self.declare("key", Column("u8", 0, doc="what keyed draws are made from", static=True))
        self.declare("alive", Column("?", True, doc="false once removed"))
        self["id"][:] = ids
        self["key"][:] = ids if keys is None else keys
        self._rows = np.full(1, -1, np.int32)  # row of every id; the last entry stands for ids never given
        self._index()

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_views": {}}  # a copy's views must look into the copy's memory

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            return self._views[name]
        except KeyError:
            if name not in self._store:
                raise KeyError(f"{self.name} have no column {name!r}{near(name, self._store)}") from None
        view = self._views[name] = self._store[name][: self.n]
        return view

    def __contains__(self, name: str) -> bool:
        return name in self._store

    @property
    def names(self) -> list[str]:
        return list(self._store)

    def declare(self, name: str, column: Column) -> None:
        """Add a column; every row gets the default."""
        if name in self.declared:
            raise ValueError(f"column {name!r} of {self.name} is declared twice")
        self.declared[name] = column
        self._store[name] = self._blank(column)
        self._views.pop(name, None)

    def _blank(self, column: Column) -> np.ndarray:
        """Return memory for a column with room for those who enter: what nobody has written to takes no memory."""
        capacity = len(next(iter(self._store.values()))) if self._store else self.n + self.n // ROOM
        array = np.empty((capacity, column.width) if column.width else capacity, column.dtype)
        array[: self.n] = column.default
        return array

    def adopt(self, name: str, values: np.ndarray) -> None:
        """Take an array as the content of a column."""
        if len(values) != self.n:
            raise ValueError(f"column {name!r} of {self.name}: expected {self.n} rows, found {len(values)}")
        self[name][...] = values

    def _index(self) -> None:
        ids = self["id"]
        # It never shrinks: ties, memories and events go on naming people who are gone.
        self._rows = np.full(max(int(ids.max(initial=-1)) + 2, self._rows.size), -1, np.int32)
        self._rows[ids] = np.arange(self.n, dtype=np.int32)

    def reserve(self, ids: int) -> None:
        """Let :attr:`row_of` be asked for every id below `ids`."""
        if ids >= self._rows.size:
            self._rows = np.concatenate([self._rows, np.full(ids + 1 - self._rows.size, -1, np.int32)])

    @property
    def row_of(self) -> np.ndarray:
        """int32 row of every id ever given (-1: gone); pass it to kernels that follow references."""
        return self._rows[:-1]

    def rows(self, ids) -> np.ndarray:
        """Rows of the given ids; raises KeyError when one is not there."""
        rows, gone = self._look_up(ids)
        if gone:
            raise KeyError(f"{self.name}: no row with id {np.atleast_1d(ids)[np.atleast_1d(rows) < 0][0]}")
        return rows

    def find(self, ids) -> np.ndarray:
        """Rows of the given ids, -1 for those that are gone."""
        return self._look_up(ids)[0]

    def _look_up(self, ids) -> tuple[np.ndarray, int]:
        """Rows of the given ids, and how many of them are gone."""
        if getattr(ids, "dtype", None) not in LOOKED_UP:
            ids = whole_numbers(ids, f"ids of {self.name}")
        out = np.empty(ids.shape, np.int32)
        gone = _look_up_kernel()(np.ascontiguousarray(ids).reshape(-1), self._rows, out.reshape(-1))
        return out if out.ndim else out[()], gone

    def add(self, ids: np.ndarray, keys: np.ndarray, **values) -> np.ndarray:
        """Append rows and return their row numbers; `keys` derive from what caused each entry."""
        count = len(ids)
        need = self.n + count
        for name, array in self._store.items():
            if len(array) < need:
                grown = np.empty((max(need, len(array) + len(array) // ROOM), *array.shape[1:]), array.dtype)
                grown[: self.n] = array[: self.n]
                self._store[name] = grown
        rows = np.arange(self.n, need)
        self.n = need
        self._views.clear()
        for name, array in self._store.items():
            array[rows] = self.declared[name].default
        self["id"][rows], self["key"][rows] = ids, keys
        for name, value in values.items():
            self[name][rows] = value
        self.reserve(int(np.max(ids, initial=-1)) + 1)
        self._rows[ids] = rows
        self.version += 1
        return rows

    def remove(self, rows) -> None:
        """Mark rows as gone; they stay readable until :meth:`compact`."""
        self["alive"][rows] = False
        self.version += 1

    def compact(self) -> None:
        """Drop removed rows, keeping the order of the others."""
        alive = self["alive"]
        if alive.all():
            return
        # What stands between two removed rows moves up together, without a copy of the column.
        gone = np.flatnonzero(~alive)
        starts, ends = gone + 1, np.append(gone[1:], self.n)
        kept = starts < ends
        runs = list(zip((starts - np.arange(1, len(gone) + 1))[kept].tolist(), starts[kept].tolist(),
                        ends[kept].tolist()))
        for array in self._store.values():
            for to, start, end in runs:
                array[to : to + end - start] = array[start:end]
        self._moved(self.n - len(gone))

    def permute(self, order) -> None:
        """Store the rows in another order. Nothing the model computes may change by it."""
        self._rearrange(np.asarray(order))

    def _rearrange(self, rows: np.ndarray) -> None:
        for array in self._store.values():  # the room above stays for those who enter
            array[: len(rows)] = array[: self.n][rows]
        self._moved(len(rows))

    def _moved(self, count: int) -> None:
        self._views.clear()
        self.n = count
        self.epoch += 1
        self.version += 1
        self._index()

    def snapshot(self) -> dict[str, np.ndarray]:
        return {name: self[name].copy() for name in self._store}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Take the state of a snapshot; columns the snapshot does not know keep their defaults."""
        self.n = len(saved["id"])
        self._views.clear()
        self._store.clear()
        for name, column in self.declared.items():
            self._store[name] = self._blank(column)
            if name in saved:
                self[name][...] = saved[name]
        self.epoch += 1
        self.version += 1
        self._index()

    def nbytes(self) -> int:
        """Bytes that the rows take; room for others takes none before it is used."""
        return sum(self[name].nbytes for name in self._store) + self._rows.nbytes
