"""Sets of agents that stay lazy: an ordered array of ids and the model that resolves them.

A live set (``model.agents``, ``model.agents_by_type[Resident]``) holds no array at all and always shows who is there
now, in the order of ids. Everything derived from one holds its ids; who has left the model since is left out.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from mesa.agent import AgentSet

from sim.views import View, make, no_column, write

try:
    from mesa.agentset import GroupBy
except ImportError:
    from mesa.agent import GroupBy

# Python's own aggregates, done by NumPy on widened values (a sum over uint8 must not wrap round at 255).
_BUILTINS = {builtins.sum: np.sum, builtins.min: np.min, builtins.max: np.max}


class LazyAgentSet(AgentSet):
    """An ordered set of agents, of views and of ordinary Mesa agents alike.

    Parameters
    ----------
    model : ColumnModel
    ids : int64 array, optional
        The members in order. None makes a live set.
    view : type, optional
        The class whose members a live set shows; in other sets, the subclass that rows appear as (``Offender``).
    """

    def __init__(self, model, ids: np.ndarray | None = None, view: type | None = None):
        self._model, self._view = model, view
        self._ids = None if ids is None else np.asarray(ids, np.int64)
        self._resolved: tuple | None = None
        self._members: frozenset | None = None

    # -- who is in it ---------------------------------------------------------------------------------------------

    @property
    def random(self):
        return self._model.random

    @property
    def ids(self) -> np.ndarray:
        """Ids of the members in order (int64)."""
        return self._resolve()[0]

    def _resolve(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (ids, kinds, rows) of those who are there; kind -1 is an ordinary agent."""
        if self._ids is None:
            return self._model.resolve_live(self._view)
        stamp = self._model.stamp()
        if self._resolved is None or self._resolved[0] != stamp:
            self._resolved = stamp, self._model.resolve(self._ids)
        return self._resolved[1]

    def _class(self, kind: int) -> type:
        base = self._model.kinds[kind][0]
        return self._view if self._view is not None and issubclass(self._view, base) else base

    def __len__(self) -> int:
        return len(self._resolve()[0])

    def __iter__(self) -> Iterator:
        return self._views(*self._resolve())

    def _views(self, ids, kinds, rows) -> Iterator:
        """Return an iterator over views; who dies before his turn is left out."""
        model = self._model
        table = [(self._class(k), population, population.epoch) for k, (_, population) in enumerate(model.kinds)]
        if len(kinds) and kinds[0] >= 0 and (kinds == kinds[0]).all():
            return _one_kind(model, *table[kinds[0]], ids, rows)
        return _mixed(model, table, model.stamp(), ids, kinds, rows)

    def __contains__(self, agent: object) -> bool:
        model = self._model
        uid = getattr(agent, "unique_id", None)
        if getattr(agent, "model", None) is not model or not model.is_alive(uid):
            return False
        if not isinstance(agent, View) and model.ordinary(uid) is not agent:
            return False
        if self._ids is not None:
            if self._members is None:
                self._members = frozenset(self._ids.tolist())
            return uid in self._members
        if self._view is None:
            return True
        kind, row = model.find(uid)
        base = model.kinds[kind][0] if kind >= 0 else type(agent)
        return issubclass(self._view, base) and bool(self._view.members(model, np.array([row]))[0])

    def __getitem__(self, item):
        ids, kinds, rows = self._resolve()
        if isinstance(item, slice):
            return list(self._views(ids[item], kinds[item], rows[item]))
        at = range(len(ids))[item]
        return next(self._views(ids[at : at + 1], kinds[at : at + 1], rows[at : at + 1]))

    def to_list(self) -> list:
        return list(self)

    # -- changing what is in it -----------------------------------------------------------------------------------

    def _put(self, ids, inplace: bool = False, view: type | None = None) -> LazyAgentSet:
        if not inplace:
            return LazyAgentSet(self._model, ids, view if view is not None else self._view)
        self._own()
        self._ids, self._view = np.asarray(ids, np.int64), view if view is not None else self._view
        self._resolved = self._members = None
        return self

    def _own(self) -> None:
        if self._ids is None:
            raise TypeError("this is a live view in unique_id order that always shows who is in the model; "
                            "work on a copy: model.agents.copy()")

    def _update(self, agents: Iterable) -> LazyAgentSet:
        return self._put(_ids_of(agents), inplace=True)

    def add(self, agent) -> None:
        self._own()
        if agent not in self:
            self._put(np.append(self._ids, agent.unique_id), inplace=True, view=self._common(agent))

    def _common(self, agent) -> type | None:
        """The class to show rows as once `agent` is in: the subclass only as long as everybody is one."""
        if self._view is None or not isinstance(agent, View) or isinstance(agent, self._view):
            return self._view
        self._view = None
        return None

    def discard(self, agent) -> None:
        self._own()
        if agent in self:
            self._put(self._ids[self._ids != agent.unique_id], inplace=True)

    def remove(self, agent) -> None:
        self._own()
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)

    def clear(self) -> None:
        self._put(np.zeros(0, np.int64), inplace=True)

    def _from_iterable(self, agents: Iterable) -> LazyAgentSet:
        agents = list(agents)
        result = LazyAgentSet(self._model, _ids_of(agents), self._view)
        if any(isinstance(agent, View) and not isinstance(agent, self._view or View) for agent in agents):
            result._view = None
        return result

    def copy(self) -> LazyAgentSet:
        """Return a set of its own with the present members."""
        return LazyAgentSet(self._model, self.ids.copy(), self._view)

    __copy__ = copy

    def __getstate__(self) -> dict:
        return {"model": self._model, "ids": self._ids, "view": self._view}

    def __setstate__(self, state: dict) -> None:
        self._model, self._ids, self._view = state["model"], state["ids"], state["view"]
        self._resolved = self._members = None

    @property
    def _agents(self) -> dict:
        """A plain dict of views, for inherited code that looks for the storage."""
        return dict.fromkeys(self)

    # -- subsets and orders ---------------------------------------------------------------------------------------

    def where(self, mask) -> LazyAgentSet:
        """Return the members for which the bool array (in the set's order) is true."""
        return self._put(self.ids[np.asarray(mask, bool)])

    def select(self, filter_func: Callable | None = None, at_most: int | float = float("inf"), inplace: bool = False,
               agent_type: type | None = None) -> LazyAgentSet:
        if filter_func is None and agent_type is None and at_most == float("inf"):
            return self if inplace else self.copy()
        ids, kinds, rows = self._resolve()
        view = self._view
        if isinstance(at_most, float) and at_most <= 1.0:
            at_most = int(len(ids) * at_most)
        if agent_type is not None:
            keep, view = self._of_type(agent_type, ids, kinds, rows)
            ids, kinds, rows = ids[keep], kinds[keep], rows[keep]
        if filter_func is not None:
            shown = LazyAgentSet(self._model, ids, view)
            found: list[int] = []
            for agent in shown._views(ids, kinds, rows):
                if len(found) >= at_most:
                    break
                if filter_func(agent):
                    found.append(agent.unique_id)
            ids = np.array(found, np.int64)
        elif at_most < len(ids):
            ids = ids[: int(at_most)]
        if inplace:
            self._own()
            self._view = view
        return self._put(ids, inplace, view)

    def _of_type(self, agent_type: type, ids, kinds, rows) -> tuple[np.ndarray, type | None]:
        keep, view = np.zeros(len(ids), bool), self._view
        for kind, (base, _) in enumerate(self._model.kinds):
            at = np.flatnonzero(kinds == kind)
            if issubclass(self._class(kind), agent_type):
                keep[at] = True
            elif issubclass(agent_type, base):
                keep[at] = agent_type.members(self._model, rows[at])
                view = agent_type
        for i in np.flatnonzero(kinds < 0):
            keep[i] = isinstance(self._model.ordinary(int(ids[i])), agent_type)
        return keep, view

    def shuffle(self, inplace: bool = False) -> LazyAgentSet:
        if inplace:
            self._own()
        ids = self.ids.tolist()
        self.random.shuffle(ids)  # the draw Mesa makes, so the same seed gives the same order
        return self._put(np.array(ids, np.int64), inplace)

    def sort(self, key: Callable | str, ascending: bool = False, inplace: bool = False) -> LazyAgentSet:
        if inplace:
            self._own()
        ids = self.ids
        values = self.array(key) if isinstance(key, str) else None
        if values is not None and values.ndim == 1 and values.dtype != object:
            if ascending:
                order = np.argsort(values, kind="stable")
            else:  # ties keep their order, as sorted(reverse=True) does
                order = (len(ids) - 1 - np.argsort(values[::-1], kind="stable"))[::-1]
        else:
            keys = self.get(key) if isinstance(key, str) else [key(agent) for agent in self]
            order = sorted(range(len(keys)), key=keys.__getitem__, reverse=not ascending)
        return self._put(ids[order], inplace)

    def groupby(self, by: Callable | str, result_type: str = "agentset") -> GroupBy:
        ids = self.ids
        values = self.get(by) if isinstance(by, str) else [by(agent) for agent in self]
        groups: dict[Any, list[int]] = {}
        for i, value in enumerate(values):
            groups.setdefault(value, []).append(i)
        sets = {value: self._put(ids[at]) for value, at in groups.items()}
        return GroupBy(sets if result_type == "agentset" else {value: list(s) for value, s in sets.items()})

    # -- doing ----------------------------------------------------------------------------------------------------

    def do(self, method: str | Callable, *args, **kwargs) -> LazyAgentSet:
        if isinstance(method, str):
            for agent in self:
                getattr(agent, method)(*args, **kwargs)
        else:
            for agent in self:
                method(agent, *args, **kwargs)
        return self

    def shuffle_do(self, method: str | Callable, *args, **kwargs) -> LazyAgentSet:
        self.shuffle().do(method, *args, **kwargs)
        return self

    def map(self, method: str | Callable, *args, **kwargs) -> list:
        if isinstance(method, str):
            return [getattr(agent, method)(*args, **kwargs) for agent in self]
        return [method(agent, *args, **kwargs) for agent in self]

    # -- values ---------------------------------------------------------------------------------------------------

    def _column(self, kind: int, name: str, ids: np.ndarray, rows: np.ndarray) -> np.ndarray | None:
        """Values of one kind of rows as an array; None when views have to be asked one by one."""
        population = self._model.kinds[kind][1]
        if name == "unique_id":
            return ids
        if name == "cell_index" and "cell" in population:
            return population["cell"][rows]
        if hasattr(self._class(kind), name) or name not in population:
            return None
        return population[name][rows]

    def array(self, name: str) -> np.ndarray:
        """Return an attribute of all members in order, as a copy; [i, j] for columns with several values a row."""
        ids, kinds, rows = self._resolve()
        if len(kinds) and kinds[0] >= 0 and (kinds == kinds[0]).all():
            values = self._column(int(kinds[0]), name, ids, rows)
            if values is not None:
                return values.copy() if values is ids else values
        values = self.get(name)
        try:
            return np.array(values)
        except ValueError:  # of unequal lengths
            out = np.empty(len(values), object)
            out[:] = values
            return out

    def get(self, attr_names, handle_missing: str = "error", default_value: Any = None) -> list:
        if handle_missing not in ("error", "default"):
            raise ValueError(f"Unknown handle_missing option: {handle_missing}, should be one of 'error' or 'default'")
        if not isinstance(attr_names, str):
            return [list(row) for row in zip(*(self.get(name, handle_missing, default_value) for name in attr_names))]
        ids, kinds, rows = self._resolve()
        out: list = [default_value] * len(ids)
        for kind in np.unique(kinds).tolist():
            at = np.flatnonzero(kinds == kind)
            values = self._column(kind, attr_names, ids[at], rows[at]) if kind >= 0 else None
            if values is not None:
                plain = values.tolist() if values.ndim == 1 else [tuple(v) for v in values.tolist()]
            elif kind >= 0 and not hasattr(self._class(kind), attr_names):
                if handle_missing == "error":
                    raise AttributeError(no_column(self._class(kind), self._model.kinds[kind][1], attr_names))
                continue
            else:
                agents = self._views(ids[at], kinds[at], rows[at])
                plain = [getattr(agent, attr_names) if handle_missing == "error"
                         else getattr(agent, attr_names, default_value) for agent in agents]
            if len(at) == len(ids):
                return plain
            for i, value in zip(at.tolist(), plain):
                out[i] = value
        return out

    def agg(self, attribute: str, func: Callable | Iterable[Callable]) -> Any:
        values = self.array(attribute)
        if callable(func):
            return _aggregate(values, func)
        return [_aggregate(values, f) for f in func]

    def set(self, attr_name: str, value: Any) -> LazyAgentSet:
        ids, kinds, rows = self._resolve()
        for kind in np.unique(kinds).tolist():
            at = np.flatnonzero(kinds == kind)
            if kind < 0 or hasattr(self._class(kind), attr_name):
                for agent in self._views(ids[at], kinds[at], rows[at]):
                    setattr(agent, attr_name, value)
            else:
                write(self._model, self._class(kind), self._model.kinds[kind][1], attr_name, rows[at], value)
        return self

    def __repr__(self) -> str:
        what = self._view.__name__ if self._view is not None else "agents"
        return f"<{'live set' if self._ids is None else 'set'} of {len(self)} {what}>"


def _one_kind(model, cls, population, epoch, ids, rows) -> Iterator:
    version = population.version

    def views():
        for uid, row in zip(ids.tolist(), rows.tolist()):
            if population.version == version or model.is_alive(uid):
                yield make(cls, model, population, uid, row, epoch)

    return views()


def _mixed(model, table, stamp, ids, kinds, rows) -> Iterator:
    for uid, kind, row in zip(ids.tolist(), kinds.tolist(), rows.tolist()):
        if model.stamp() != stamp and not model.is_alive(uid):
            continue
        if kind < 0:
            yield model.ordinary(uid)
        else:
            cls, population, epoch = table[kind]
            yield make(cls, model, population, uid, row, epoch)


def _ids_of(agents: Iterable) -> np.ndarray:
    return np.array(list(dict.fromkeys(agent.unique_id for agent in agents)), np.int64)


def _aggregate(values: np.ndarray, func: Callable) -> Any:
    plain = values.dtype == object or values.ndim > 1
    known = _BUILTINS.get(func)
    if plain or not (known or getattr(func, "__module__", None) == "numpy" or isinstance(func, np.ufunc)):
        return func([tuple(v) for v in values.tolist()] if values.ndim > 1 else values.tolist())
    if known is None:
        return func(_wide(values))
    if not len(values):
        return func([])
    result = known(values if known is not np.sum else _wide(values))
    return result.item()


def _wide(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind in "iu" and values.dtype != np.uint64:
        return values.astype(np.int64)
    return values.astype(np.float64) if values.dtype.kind == "f" else values


