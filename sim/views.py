"""Residents, offenders and guardians as Mesa agents: views that hold an id and read and write the columns.

A view is made when somebody asks for one and forgotten afterwards; it keeps no data. Two views of the same row are
equal but not identical: compare with ``==``. Sets of views are in :mod:`sim.agentsets`, the model in
:mod:`sim.mesa_model`.
"""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np
from mesa.discrete_space import CellAgent

from sim.columns import Population

FIXED = ("id", "key", "alive")  # columns that say which row it is: set by the store alone


class _NoDatasets(set):
    """Stands in for the registry by which Mesa 3.5 would replace the columns with properties of its own."""

    def add(self, name: str) -> None:
        raise TypeError("these agents keep their data in columns already; read them with model.residents[...] "
                        "or AgentSet.array(...) instead of tracking them as a NumPy data set")


class _Nowhere:
    epoch = 0


class View(CellAgent):
    """One row of a population, seen as a Mesa agent.

    Every declared column is an attribute (a column with several values a row gives a tuple). ``unique_id`` is the
    row's id, ``cell`` Mesa's cell or None, ``cell_index`` the number of that cell or -1, ``pos`` its (x, y) or None.

    Raises
    ------
    AttributeError
        For a name that is not a declared column.
    ReferenceError
        When the row was removed and dropped from the store. Until then a removed row may still be read.
    """

    __slots__ = ("_at", "_epoch", "_model", "_pop", "_uid")
    _datasets = _NoDatasets()

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "__init__" in cls.__dict__:
            raise TypeError(f"{cls.__name__}: a view is made anew whenever somebody asks for it, so __init__ cannot "
                            "hold its data; declare columns instead")
        cls._datasets = _NoDatasets()

    def __new__(cls, model, **columns):
        return model.births(cls, 1, **columns)[0]

    def __init__(self, *args, **columns):  # Mesa's own would register and number the agent
        pass

    @classmethod
    def members(cls, model, rows) -> np.ndarray:
        """Which of these rows the class shows (bool array). A subclass may narrow it: see :class:`Offender`."""
        return np.ones(len(rows), bool)

    @classmethod
    def create_agents(cls, model, n: int, *args, **columns):
        """Add `n` rows; each value is a single one or a sequence of length n."""
        if args:
            raise TypeError(f"{cls.__name__}.create_agents takes columns by name only")
        return model.births(cls, n, **columns)

    @classmethod
    def from_dataframe(cls, model, df, **columns):
        """Add one row for each row of a data frame whose columns have the names of ours."""
        return model.births(cls, len(df), **{name: df[name].to_numpy() for name in df.columns}, **columns)

    # -- identity -------------------------------------------------------------------------------------------------

    @property
    def model(self):
        return self._model

    @property
    def unique_id(self) -> int:
        return self._uid

    def __eq__(self, other: object) -> bool:
        return isinstance(other, View) and other._uid == self._uid and other._model is self._model

    def __hash__(self) -> int:
        return hash(self._uid)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._uid}>"

    def __reduce__(self):
        return restored, (type(self), self._model, self._uid)

    def _row(self) -> int:
        if self._epoch != self._pop.epoch:
            self._locate()
        return self._at

    def _locate(self) -> None:
        population = self._model.population(type(self))
        row_of = population.row_of
        row = int(row_of[self._uid]) if self._uid < row_of.size else -1
        if row < 0:
            raise ReferenceError(f"{type(self).__name__} {self._uid} was removed from the model and is stored no more")
        _set_pop(self, population)
        _set_at(self, row)
        _set_epoch(self, population.epoch)

    # -- columns as attributes ------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        if self._epoch != self._pop.epoch:
            if name[:2] == "__":  # Python asks for a protocol we do not have
                raise AttributeError(name)
            self._locate()
        column = self._pop._store.get(name)
        if column is None or name in _RESERVED:  # reserved: a property of ours failed
            raise AttributeError(no_column(type(self), self._pop, name))
        return column.item(self._at) if column.ndim == 1 else tuple(column[self._at].tolist())

    def __setattr__(self, name: str, value: Any) -> None:
        described = getattr(type(self), name, None)
        if isinstance(described, property) and described.fset is not None:
            described.fset(self, value)
            return
        if described is not None:
            raise AttributeError(f"{type(self).__name__}.{name} cannot be assigned")
        row = self._row()
        write(self._model, type(self), self._pop, name, row, value)

    # -- place ----------------------------------------------------------------------------------------------------

    @property
    def cell_index(self) -> int:
        """Number of the cell (y * width + x), -1 when away from the city's streets."""
        row = self._row()
        column = self._pop._store.get("cell")
        return -1 if column is None else column.item(row)

    @property
    def pos(self) -> tuple[int, int] | None:
        index = self.cell_index
        if index < 0:
            return None
        width = self._model.city.grid.width
        return index % width, index // width

    @property
    def cell(self):
        """Mesa's cell at which the agent is, None when away. Assigning moves the agent."""
        index = self.cell_index
        return None if index < 0 else self._model.grid.cell(index)

    @cell.setter
    def cell(self, cell) -> None:
        index = -1 if cell is None else self._model.grid.index(cell)
        row = self._row()
        write(self._model, type(self), self._pop, "cell", row, index)
        self._model.note_move(self, index)

    def remove(self) -> None:
        """Take the agent out of the model; a second time does nothing."""
        mesa.Agent.remove(self)


class Resident(View):
    """A person who lives in the city. Everybody may offend."""


class Offender(Resident):
    """A resident with at least one offence in the last 365 days: another view on the same rows."""

    @classmethod
    def members(cls, model, rows) -> np.ndarray:
        return np.asarray(model.is_offender(rows), bool)


class Guardian(View):
    """A patrol unit."""


_RESERVED = frozenset(dir(View))
_new = object.__new__
_set_model, _set_pop = View._model.__set__, View._pop.__set__
_set_uid, _set_at, _set_epoch = View._uid.__set__, View._at.__set__, View._epoch.__set__
_NOWHERE = _Nowhere()


def make(cls: type[View], model, population: Population, uid: int, row: int, epoch: int) -> View:
    """Return a view; every view of the program comes from here. `epoch` says for which storage `row` holds."""
    view = _new(cls)
    _set_model(view, model)
    _set_pop(view, population)
    _set_uid(view, uid)
    _set_at(view, row)
    _set_epoch(view, epoch)
    return view


def restored(cls: type[View], model, uid: int) -> View:
    """Return a view whose row is looked up at first use (the model may still be half restored)."""
    return make(cls, model, _NOWHERE, uid, -1, -1)


def no_column(cls: type, population: Population, name: str) -> str:
    return (f"{cls.__name__} keeps its data in columns and has no column {name!r}; declare it in a mechanism: "
            f'columns = {{"{population.name}": {{"{name}": Column("f4")}}}}')


def write(model, cls: type, population: Population, name: str, rows, value: Any) -> None:
    """Write a column for one row or many, after asking who may.

    Raises
    ------
    OwnershipError
        When a mechanism is stepping that does not own the column.
    AttributeError
        When there is no such column.
    ValueError
        When a value is outside the declared range.
    """
    declared = population.declared.get(name)
    if declared is None:
        raise AttributeError(no_column(cls, population, name))
    if name in FIXED:
        raise AttributeError(f"{cls.__name__}.{name} cannot be assigned: it says which row it is")
    model.write_allowed(population.name, name)
    low, high = declared.low, declared.high
    if low is not None or high is not None:
        values = value if isinstance(value, (int, float)) else np.asarray(value)
        inside = (low is None or values >= low, high is None or values <= high)
        if not all(ok if isinstance(ok, bool) else ok.all() for ok in inside):
            bounds = f"{'' if low is None else low}..{'' if high is None else high}"
            raise ValueError(f"{cls.__name__}.{name}: expected {bounds}, found {value!r}")
    population._store[name][rows] = value
