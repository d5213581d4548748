"""A Mesa model whose agents live in columns: the public members of ``mesa.Model`` that concern agents, overridden.

Nothing is built before somebody asks: no view, no set's order, no grid. Works on Mesa 3.3 and 3.5.
"""

from __future__ import annotations

import zlib
from typing import Any, ClassVar

import mesa
import numpy as np

from sim.agentsets import LazyAgentSet
from sim.columns import Population
from sim.errors import OwnershipError
from sim.views import Guardian, Offender, Resident, View, make

try:
    from mesa.experimental.mesa_signals import ModelSignals
except ImportError:  # Mesa 3.3 sends no signals
    ModelSignals = None

_NOBODY = np.zeros(0, np.int64), np.zeros(0, np.int8), np.zeros(0, np.int64)


class _Cache(dict):
    """What can be computed again: copied and pickled as empty."""

    def __reduce__(self):
        return _Cache, ()


class ColumnModel(mesa.Model):
    """Base of :class:`sim.model.CityModel`.

    A subclass has one :class:`sim.columns.Population` for each entry of `views` under the attribute named there, with
    ids that are unique over all of them, and ``city.grid``, ``layers`` and ``tick`` when the grid is used.

    Class attributes
    ----------------
    views : dict
        View class -> name of the attribute that holds its population. Each row appears once in ``model.agents``, as
        this class.
    subsets : tuple of types
        Further view classes on the same rows, shown in ``agents_by_type``. More are added by :meth:`add_view`.

    Hooks
    -----
    ``write_allowed(population, column)`` raises when the stepping mechanism may not write; ``admit`` and ``expel`` do
    what it takes to add and remove rows through views; ``is_offender(rows)`` says who is one.
    """

    views: ClassVar[dict[type[View], str]] = {Resident: "residents", Guardian: "guardians"}
    subsets: ClassVar[tuple[type[View], ...]] = (Offender,)
    next_id = 0  # the next free id of residents, guardians and ordinary agents
    _stepping = None

    def __init__(self, *, rng=None, **kwargs: Any):
        self._ordinary: dict[int, mesa.Agent] = {}
        self._ordinary_version = 0
        self._added_views: tuple[type[View], ...] = ()
        self._made = 0
        self._cache = _Cache()
        self._grid = None
        super().__init__(rng=rng, **kwargs)

    # -- populations and ids --------------------------------------------------------------------------------------

    @property
    def kinds(self) -> list[tuple[type[View], Population]]:
        """View classes with their populations; a set numbers its members' kinds by position here."""
        found = self._cache.get("kinds")
        if found is None:
            found = self._cache["kinds"] = [(cls, getattr(self, name)) for cls, name in self.views.items()]
        return found

    def population(self, cls: type) -> Population:
        """Return the population that a view class shows.

        Raises
        ------
        LookupError
            When this model has none for the class.
        """
        for base, population in self.kinds:
            if issubclass(cls, base):
                return population
        raise LookupError(f"{type(self).__name__} has no population for {cls.__name__}; views of it: "
                          f"{', '.join(c.__name__ for c in self.views)}. Subclass one of these and call model.add_view")

    def add_view(self, cls: type[View]) -> type[View]:
        """Show rows also as `cls`, a subclass of a view class with methods, or with `members`, of a user's own."""
        self.population(cls)
        if cls not in self._added_views and cls not in self.views and cls not in self.subsets:
            self._added_views += (cls,)
        return cls

    @property
    def agent_id_counter(self) -> int:
        """Mesa's name for the next free id."""
        return self.next_id

    @agent_id_counter.setter
    def agent_id_counter(self, value: int) -> None:
        self.next_id = max(self.next_id, int(value))  # Mesa 3.5 starts at 1; ids are never given twice

    def take_ids(self, count: int) -> np.ndarray:
        """Return that many ids which nobody has had before."""
        start = self._free_id()
        self.next_id = start + count
        return np.arange(start, self.next_id, dtype=np.int64)

    def _free_id(self) -> int:
        return max(self.next_id, *(population.row_of.size for _, population in self.kinds))

    # -- resolving ids --------------------------------------------------------------------------------------------

    def stamp(self) -> tuple:
        """Changes whenever anybody enters or leaves or rows move; sets remember their rows until then."""
        return (self._ordinary_version, *[population.version for _, population in self.kinds])

    def find(self, uid: int) -> tuple[int, int]:
        """Return (kind, row) of an id, (-1, -1) when no row has it."""
        for kind, (_, population) in enumerate(self.kinds):
            row_of = population.row_of
            if 0 <= uid < row_of.size and row_of[uid] >= 0:
                return kind, int(row_of[uid])
        return -1, -1

    def is_alive(self, uid: int) -> bool:
        kind, row = self.find(uid)
        return uid in self._ordinary if kind < 0 else bool(self.kinds[kind][1]["alive"][row])

    def ordinary(self, uid: int) -> mesa.Agent | None:
        return self._ordinary.get(uid)

    def agent(self, uid: int) -> Any:
        """Return the agent with this id, a view or an ordinary agent.

        Raises
        ------
        KeyError
            When nobody has it now.
        """
        kind, row = self.find(uid)
        if not self.is_alive(uid):
            raise KeyError(f"no agent has the id {uid}")
        if kind < 0:
            return self._ordinary[uid]
        cls, population = self.kinds[kind]
        return make(cls, self, population, int(uid), row, population.epoch)

    def resolve(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (ids, kinds, rows) of those of the given ids that are there, in the given order."""
        kinds, rows = np.full(len(ids), -2, np.int8), np.full(len(ids), -1, np.int64)
        for kind, (_, population) in enumerate(self.kinds):
            row_of = population.row_of
            at = np.flatnonzero((ids >= 0) & (ids < row_of.size))
            found = row_of[ids[at]]
            at, found = at[found >= 0], found[found >= 0]
            alive = population["alive"][found]
            kinds[at[alive]], rows[at[alive]] = kind, found[alive]
        if self._ordinary:
            kinds[np.isin(ids, np.fromiter(self._ordinary, np.int64, len(self._ordinary)))] = -1
        there = kinds > -2
        return (ids, kinds, rows) if there.all() else (ids[there], kinds[there], rows[there])

    def resolve_live(self, view: type | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The same for everybody there, or for the members of a view class, in the order of ids."""
        if view is None:
            stamp = self.stamp()
            cached = self._cache.get("all")
            if cached is None or cached[0] != stamp:
                cached = self._cache["all"] = stamp, self._everybody()
            return cached[1]
        population = self.population(view)
        kind = next(k for k, (_, p) in enumerate(self.kinds) if p is population)
        ids, rows = self._in_order(kind)
        if view not in self.views:
            keep = view.members(self, rows)
            ids, rows = ids[keep], rows[keep]
        return ids, np.full(len(ids), kind, np.int8), rows

    def _in_order(self, kind: int) -> tuple[np.ndarray, np.ndarray]:
        population = self.kinds[kind][1]
        cached = self._cache.get(kind)
        if cached is None or cached[0] != population.version:
            ids = np.flatnonzero(population.row_of >= 0)
            rows = population.row_of[ids].astype(np.int64)
            alive = population["alive"][rows]
            if not alive.all():
                ids, rows = ids[alive], rows[alive]
            cached = self._cache[kind] = population.version, ids, rows
        return cached[1], cached[2]

    def _everybody(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        parts = [(np.fromiter(sorted(self._ordinary), np.int64, len(self._ordinary)), -1, None)]
        parts += [(ids, kind, rows) for kind in range(len(self.kinds)) for ids, rows in [self._in_order(kind)]]
        ids = np.concatenate([part[0] for part in parts])
        kinds = np.concatenate([np.full(len(part[0]), part[1], np.int8) for part in parts])
        rows = np.concatenate([np.full(len(part[0]), -1) if part[2] is None else part[2] for part in parts])
        order = np.argsort(ids, kind="stable")
        return ids[order], kinds[order], rows[order]

    # -- what Mesa's users see ------------------------------------------------------------------------------------

    @property
    def agents(self) -> LazyAgentSet:
        """Everybody, once each, in the order of ids: a live set."""
        return LazyAgentSet(self)

    @agents.setter
    def agents(self, agents: Any) -> None:
        mesa.Model.agents.fset(self, agents)

    @property
    def agents_by_type(self) -> dict[type, Any]:
        """Live sets by class; `Offender` and views of users show some of the residents a second time."""
        classes = (*self.views, *self.subsets, *self._added_views)
        return {**{cls: LazyAgentSet(self, view=cls) for cls in classes}, **super().agents_by_type}

    @property
    def agent_types(self) -> list[type]:
        return list(self.agents_by_type)

    def register_agent(self, agent: mesa.Agent) -> None:
        """Take in an ordinary Mesa agent; it shares the ids with everybody else."""
        uid = self.next_id = self._free_id()  # Mesa 3.5 numbers from here, 3.3 has numbered already
        super().register_agent(agent)
        agent.unique_id, self.next_id = uid, uid + 1
        self._ordinary[uid] = agent
        self._ordinary_version += 1

    def deregister_agent(self, agent: Any) -> None:
        if not isinstance(agent, View):
            super().deregister_agent(agent)
            del self._ordinary[agent.unique_id]
            self._ordinary_version += 1
            return
        if not self.is_alive(agent.unique_id):
            raise KeyError(agent)  # Mesa's Agent.remove takes that as: already removed
        self.expel(self.population(type(agent)), np.array([agent.unique_id]))
        self._notify("AGENT_REMOVED", [agent])

    def remove_all_agents(self) -> None:
        for agent in list(self._ordinary.values()):
            agent.remove()
        for kind, (_, population) in enumerate(self.kinds):
            ids, _ = self._in_order(kind)
            if len(ids):
                self.expel(population, ids)
        if hasattr(self, "data_registry"):
            self.data_registry.close()

    def births(self, cls: type[View], count: int, key=None, **columns: Any) -> LazyAgentSet:
        """Add rows and return them as a set.

        Parameters
        ----------
        cls : type
            A view class.
        count : int
        key : int or array, optional
            What the newcomers' keyed draws are made from; give what caused them. Without it, it comes from the number
            of rows made through views before.
        **columns
            Values, single or one a row; `cell` also as a cell of ``model.grid``.
        """
        from sim.draws import mix_arrays

        population = self.population(cls)
        unknown = sorted(set(columns) - (set(population.declared) - {"id", "alive"}))
        if unknown:
            raise TypeError(f"{cls.__name__} has no column {unknown[0]!r}; columns: "
                            f"{', '.join(sorted(set(population.declared) - {'id', 'key', 'alive'}))}")
        if self._stepping is not None:
            raise OwnershipError(f"mechanism {self._stepping.name!r} makes a {cls.__name__} while it steps; "
                                 "do it between two steps of the model")
        if "cell" in columns and hasattr(columns["cell"], "coordinate"):
            columns["cell"] = self.grid.index(columns["cell"])
        ids = self.take_ids(count)
        keys = np.empty(count, np.uint64)
        if key is None:
            serial = np.arange(self._made, self._made + count, dtype=np.uint64)
            mix_arrays(np.full(count, zlib.crc32(b"made through a view"), np.uint64), serial, keys)
            self._made += count
        else:
            keys[:] = key
        self.admit(population, ids, keys, columns)
        if self._grid is not None:
            self._grid.moved()
        born = LazyAgentSet(self, ids, cls)
        self._notify("AGENT_ADDED", born)
        return born

    def _notify(self, signal: str, agents) -> None:
        if ModelSignals is not None and hasattr(ModelSignals, signal):
            signal = getattr(ModelSignals, signal)
            if self.subscribers.get(("agents", signal)):
                for agent in agents:
                    self.notify("agents", signal, args=(agent,))

    # -- hooks ----------------------------------------------------------------------------------------------------

    def write_allowed(self, population: str, column: str) -> None:
        """Raise OwnershipError when a mechanism is stepping that does not own the column."""
        stepping = self._stepping
        if stepping is not None and column not in stepping.columns.get(population, {}):
            raise OwnershipError(f"mechanism {stepping.name!r} does not own {population}.{column}; propose a change")

    def admit(self, population: Population, ids: np.ndarray, keys: np.ndarray, columns: dict[str, Any]) -> None:
        """Add rows that somebody makes through views. Refused unless a model says what else has to be done."""
        raise TypeError(f"{population.name} cannot be made through views in a {type(self).__name__}")

    def expel(self, population: Population, ids: np.ndarray) -> None:
        """Remove rows that somebody removes through views."""
        if self._stepping is not None:
            raise OwnershipError(f"mechanism {self._stepping.name!r} removes {population.name} while it steps; "
                                 "do it between two steps of the model")
        population.remove(population.rows(ids))

    def is_offender(self, rows) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} does not say who is an offender")

    # -- the grid -------------------------------------------------------------------------------------------------

    @property
    def grid(self):
        """Mesa's grid over the city's cells, made at the first call (:mod:`sim.space`)."""
        if self._grid is None:
            from sim.space import CityGrid

            self._grid = CityGrid(self)
        return self._grid

    def note_move(self, agent: View, index: int) -> None:
        """Tell the grid, if there is one, that a view was given another cell."""
        if self._grid is not None:
            self._grid.note_move(agent, index)

    if hasattr(mesa.Model, "schedule_event"):

        def schedule_event(self, function, **when):
            """As in Mesa; methods of views are refused, because Mesa would drop them with the view."""
            if isinstance(getattr(function, "__self__", None), View):
                raise TypeError("Mesa holds a scheduled method weakly and would drop it without a word when the view "
                                "is gone; schedule a method of the model that takes the id")
            return super().schedule_event(function, **when)
