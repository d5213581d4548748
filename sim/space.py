"""The city as a Mesa grid: cells, their occupants and property layers, made from the model's arrays when asked for.

Mesa's coordinates are (x, y), ours are cell numbers c = y * width + x. A cell keeps nothing: who is in it is read
from the columns `cell` of residents and guardians, its properties from ``model.layers``.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from mesa.discrete_space import Cell, CellCollection, DiscreteSpace, OrthogonalMooreGrid
from mesa.discrete_space.property_layer import PropertyLayer

from sim.agentsets import LazyAgentSet
from sim.errors import OwnershipError
from sim.views import View, make

MOORE = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


class CityCell(Cell):
    """One cell of the city; equal cells are the same object as long as somebody holds one."""

    __slots__ = ("__weakref__", "_grid", "_number")

    def __init__(self, grid: CityGrid, number: int):
        object.__setattr__(self, "_grid", grid)
        object.__setattr__(self, "_number", number)

    def __reduce__(self):
        return CityGrid.cell, (self._grid, self._number)

    def __getattr__(self, name: str) -> Any:
        if name[:1] != "_" and name in self._grid._mesa_property_layers:
            return self._grid._mesa_property_layers[name].data[self.coordinate]
        raise AttributeError(f"cells have no attribute {name!r}; grid.create_property_layer makes one")

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name) or name not in self._grid._mesa_property_layers:
            raise AttributeError(f"a cell keeps nothing, so {name!r} cannot be assigned; make a property layer for it")
        layer = self._grid._mesa_property_layers[name]
        if isinstance(layer, ModelLayer):
            self._grid.model.write_allowed("layers", name)
        layer.data[self.coordinate] = value

    @property
    def index(self) -> int:
        """Number of the cell: y * width + x."""
        return self._number

    @property
    def coordinate(self) -> tuple[int, int]:
        width = self._grid.dimensions[0]
        return self._number % width, self._number // width

    @property
    def position(self) -> np.ndarray:
        return np.asarray(self.coordinate, float)

    @property
    def capacity(self) -> None:
        return None

    @property
    def properties(self) -> dict:
        return {}

    @property
    def random(self):
        return self._grid.random

    @property
    def _agents(self) -> Occupants:
        return Occupants(self._grid, self._number)

    @property
    def empty(self) -> bool:
        return len(self._agents) == 0

    is_empty = empty

    @property
    def is_full(self) -> bool:
        return False

    def add_agent(self, agent) -> None:
        self._agents.append(agent)

    def remove_agent(self, agent) -> None:
        self._agents.remove(agent)

    # -- neighbours -----------------------------------------------------------------------------------------------

    @property
    def connections(self) -> dict[tuple[int, int], CityCell]:
        x, y = self.coordinate
        width, height = self._grid.dimensions
        return {(dx, dy): self._grid.cell((y + dy) * width + x + dx) for dx, dy in MOORE
                if 0 <= x + dx < width and 0 <= y + dy < height}

    def connect(self, other: Cell, key=None) -> None:
        raise TypeError("cells of the city are connected by their places; for other links use a Mesa Network")

    disconnect = connect

    @property
    def neighborhood(self) -> CellCollection:
        return self.get_neighborhood()

    def get_neighborhood(self, radius: int = 1, include_center: bool = False) -> CellCollection:
        return CellCollection(self._neighborhood(radius, include_center), random=self.random)

    def _neighborhood(self, radius: int = 1, include_center: bool = False) -> dict[CityCell, Occupants]:
        if radius < 1:
            raise ValueError("radius must be larger than one")
        x, y = self.coordinate
        width, height = self._grid.dimensions
        square = [(u, v) for u in range(max(x - radius, 0), min(x + radius + 1, width))
                  for v in range(max(y - radius, 0), min(y + radius + 1, height)) if (u, v) != (x, y)]
        cells = [self._grid.cell(v * width + u) for u, v in square] + ([self] if include_center else [])
        return {cell: cell._agents for cell in cells}

    def __repr__(self) -> str:
        return f"Cell({self.coordinate}, {self.agents})"


class Occupants:
    """The agents in one cell, as a list that is always up to date."""

    __slots__ = ("_grid", "_number")

    def __init__(self, grid: CityGrid, number: int):
        self._grid, self._number = grid, number

    def copy(self) -> list:
        return self._grid.occupants(self._number)

    def __len__(self) -> int:
        return self._grid.count(self._number)

    def __iter__(self) -> Iterator:
        return iter(self.copy())

    def __getitem__(self, item):
        return self.copy()[item]

    def __contains__(self, agent: object) -> bool:
        return agent in self.copy()

    def __repr__(self) -> str:
        return repr(self.copy())

    def append(self, agent) -> None:
        if not isinstance(agent, View):
            self._grid.guests.setdefault(self._number, []).append(agent)
        elif agent.cell_index != self._number:
            agent.cell = self._grid.cell(self._number)

    def remove(self, agent) -> None:
        if not isinstance(agent, View):
            self._grid.guests.get(self._number, []).remove(agent)
        elif agent.cell_index != self._number:
            raise ValueError(f"{agent!r} is not in {self._grid.cell(self._number).coordinate}")
        else:
            agent.cell = None


class _Cells(Mapping):
    """Coordinate -> cell, in Mesa's order (x first), each made when asked for."""

    def __init__(self, grid: CityGrid):
        self._grid = grid

    def __getitem__(self, coordinate) -> CityCell:
        x, y = coordinate
        width, height = self._grid.dimensions
        if not (0 <= x < width and 0 <= y < height) or x != int(x) or y != int(y):
            raise KeyError(coordinate)
        return self._grid.cell(int(y) * width + int(x))

    def __iter__(self) -> Iterator:
        width, height = self._grid.dimensions
        return ((x, y) for x in range(width) for y in range(height))

    def __len__(self) -> int:
        return self._grid.dimensions[0] * self._grid.dimensions[1]


class _CellList(Sequence):
    """All cells in Mesa's order as a sequence, for random choices."""

    def __init__(self, grid: CityGrid):
        self._grid = grid

    def __len__(self) -> int:
        return len(self._grid._cells)

    def __getitem__(self, at):
        if isinstance(at, slice):
            return [self[i] for i in range(len(self))[at]]
        x, y = divmod(range(len(self))[at], self._grid.dimensions[1])
        return self._grid._cells[x, y]


class _AllCells(CellCollection):
    """Every cell of the grid without holding any."""

    def __init__(self, grid: CityGrid):
        self._grid, self.random, self._capacity = grid, grid.random, None

    _cells = property(lambda self: {cell: cell._agents for cell in self})
    cells = property(lambda self: _CellList(self._grid))
    agents = property(lambda self: iter(self._grid.agents))

    def __iter__(self) -> Iterator:
        return iter(_CellList(self._grid))

    def __len__(self) -> int:
        return len(self._grid._cells)

    def __getitem__(self, cell) -> Occupants:
        return cell._agents


class CityGrid(OrthogonalMooreGrid):
    """Mesa's grid over a :class:`sim.mesa_model.ColumnModel`. ``model.layers`` are its property layers."""

    cell_klass = CityCell

    def __init__(self, model):
        grid = model.city.grid
        self._made = weakref.WeakValueDictionary()
        DiscreteSpace.__init__(self, random=model.random, cell_klass=CityCell)
        self._fill(model, (grid.width, grid.height), {})

    def _fill(self, model, dimensions: tuple[int, int], guests: dict) -> None:
        self.model, self.dimensions, self.torus = model, dimensions, False
        self._try_random, self._ndims = True, 2
        self.guests: dict[int, list] = guests
        self._cells, self._celllist = _Cells(self), _CellList(self)
        self._moves = 0
        self._occupancy: dict[int, _Occupancy] = {}
        self._mesa_property_layers = _Layers(self)

    def __reduce__(self):
        added = self._mesa_property_layers.added
        return _blank_grid, (), (self.model, self.dimensions, self.random, self.guests, added)

    def __setstate__(self, state) -> None:
        model, dimensions, random, guests, added = state
        self.__dict__.update(capacity=None, random=random, _empties={})
        self._fill(model, dimensions, guests)
        self._mesa_property_layers.added = added

    # -- cells ----------------------------------------------------------------------------------------------------

    def cell(self, index: int) -> CityCell:
        """Return the cell with a number."""
        found = self._made.get(index)
        if found is None:
            found = self._made[index] = self.cell_klass(self, index)
        return found

    def index(self, cell: Cell) -> int:
        """Return the number of one of this grid's cells."""
        if not isinstance(cell, CityCell) or cell._grid is not self:
            raise TypeError(f"expected a cell of model.grid, found {cell!r}: everybody lives on the city's grid")
        return cell._number

    @property
    def all_cells(self) -> CellCollection:
        return _AllCells(self)

    @property
    def empties(self) -> CellCollection:
        free = np.argwhere(self._mesa_property_layers["empty"].data)
        cells = [self._cells[x, y] for x, y in free.tolist()]
        return CellCollection({cell: cell._agents for cell in cells}, random=self.random)

    def _refuse(self, *args, **kwargs) -> None:
        raise TypeError("the cells of the city are fixed; for other places and links use a Mesa Network")

    add_cell = remove_cell = add_connection = remove_connection = _refuse

    # -- layers ---------------------------------------------------------------------------------------------------

    def add_property_layer(self, layer: PropertyLayer) -> None:
        """Add a layer of a user's own. Layers of the model are there by themselves."""
        if tuple(layer.dimensions) != self.dimensions:
            raise ValueError("Dimensions of property layer do not match the dimensions of the grid")
        if layer.name in self._mesa_property_layers:
            raise ValueError(f"Property layer {layer.name} already exists.")
        if hasattr(CityCell, layer.name):
            raise ValueError(f"Property layer {layer.name} clashes with an attribute of cells")
        self._mesa_property_layers.added[layer.name] = layer

    def remove_property_layer(self, property_name: str) -> None:
        if property_name not in self._mesa_property_layers.added:
            raise KeyError(f"{property_name!r} is not a layer that was added to the grid")
        del self._mesa_property_layers.added[property_name]

    # -- occupants ------------------------------------------------------------------------------------------------

    def moved(self) -> None:
        """Say that somebody wrote a column `cell` by hand. Steps of the model are noticed without it."""
        self._moves += 1

    def note_move(self, agent: View, index: int) -> None:
        kind, _ = self.model.find(agent.unique_id)
        known = self._occupancy.get(kind)
        if known is not None and known.stamp == self._stamp(kind):
            known.move(agent.unique_id, index)

    def _stamp(self, kind: int) -> tuple:
        """Changes whenever the column `cell` may have: rows moved, a tick passed, another mechanism is stepping."""
        model, population = self.model, self.model.kinds[kind][1]
        return (population.epoch, len(population), self._moves, model.steps, getattr(model, "tick", 0),
                id(model._stepping))

    def _index(self, kind: int) -> _Occupancy:
        population, stamp = self.model.kinds[kind][1], self._stamp(kind)
        known = self._occupancy.get(kind)
        if known is None or known.stamp != stamp:
            ids, rows = self.model._in_order(kind)
            cells = population["cell"][rows] if "cell" in population else np.full(len(rows), -1)
            known = self._occupancy[kind] = _Occupancy(stamp, population.version, ids, cells, len(self._cells))
        return known

    def _ids_in(self, kind: int, index: int) -> list[int]:
        known, population = self._index(kind), self.model.kinds[kind][1]
        ids = known.of(index)
        if ids and population.version != known.version:
            alive, row_of = population["alive"], population.row_of
            ids = [uid for uid in ids if alive[row_of[uid]]]
        return ids

    def count(self, index: int) -> int:
        """Return how many agents are in a cell."""
        kinds = range(len(self.model.kinds))
        return sum(len(self._ids_in(kind, index)) for kind in kinds) + len(self._guests_in(index))

    def occupants(self, index: int) -> list:
        """Return the agents in a cell: residents, guardians, then ordinary Mesa agents."""
        model = self.model
        views = [make(cls, model, population, uid, population.row_of.item(uid), population.epoch)
                 for kind, (cls, population) in enumerate(model.kinds) for uid in self._ids_in(kind, index)]
        return views + self._guests_in(index)

    def _guests_in(self, index: int) -> list:
        there = self.guests.get(index, [])
        return [agent for agent in there if agent.unique_id in self.model._ordinary]

    @property
    def agents(self) -> LazyAgentSet:
        """Everybody who is in some cell, cell by cell in Mesa's order."""
        width, height = self.dimensions
        ids, places = [], []
        for kind, (_, population) in enumerate(self.model.kinds):
            if "cell" in population:
                who, rows = self.model._in_order(kind)
                cells = population["cell"][rows]
                ids.append(who[cells >= 0])
                places.append(cells[cells >= 0])
        for index in self.guests:
            who = [agent.unique_id for agent in self._guests_in(index)]
            ids.append(np.array(who, np.int64))
            places.append(np.full(len(who), index))
        ids = np.concatenate(ids or [np.zeros(0, np.int64)])
        places = np.concatenate(places or [np.zeros(0, np.int64)])
        return LazyAgentSet(self.model, ids[np.argsort(places % width * height + places // width, kind="stable")])

    def emptiness(self) -> np.ndarray:
        """bool[x, y]: nobody is in the cell."""
        width, height = self.dimensions
        free = np.ones(width * height, bool)
        for kind, (_, population) in enumerate(self.model.kinds):
            if "cell" in population:
                cells = population["cell"][self.model._in_order(kind)[1]]
                free[cells[cells >= 0]] = False
        for index in self.guests:
            if self._guests_in(index):
                free[index] = False
        return free.reshape(height, width).T


class _Occupancy:
    """Ids sorted by cell as of one moment, and the single moves since."""

    def __init__(self, stamp: tuple, version: int, ids: np.ndarray, cells: np.ndarray, count: int):
        self.stamp, self.version = stamp, version
        ids, cells = ids[cells >= 0], cells[cells >= 0]
        self.ids = ids[np.argsort(cells, kind="stable")]
        self.first = np.concatenate([[0], np.cumsum(np.bincount(cells, minlength=count))])
        self.moved: dict[int, int] = {}
        self.arrived: dict[int, dict[int, None]] = {}

    def move(self, uid: int, index: int) -> None:
        self.arrived.get(self.moved.get(uid, -2), {}).pop(uid, None)
        self.moved[uid] = index
        self.arrived.setdefault(index, {})[uid] = None

    def of(self, index: int) -> list[int]:
        ids = self.ids[self.first.item(index) : self.first.item(index + 1)].tolist()
        if self.moved:
            ids = [uid for uid in ids if uid not in self.moved] + list(self.arrived.get(index, ()))
        return ids


class ModelLayer(PropertyLayer):
    """One of ``model.layers`` as a Mesa layer [x, y]: the model's own memory, whichever array holds it now."""

    def __init__(self, grid: CityGrid, name: str):
        self.name, self.dimensions, self._grid = name, grid.dimensions, grid

    @property
    def data(self) -> np.ndarray:
        width, height = self.dimensions
        array = self._grid.model.layers[self.name].reshape(height, width).T
        if not self._writable():
            array = array.view()
            array.flags.writeable = False
        return array

    @data.setter
    def data(self, value) -> None:
        self._grid.model.write_allowed("layers", self.name)
        self.data[...] = value

    _data = _mesa_data = data  # Mesa 3.5's and 3.3's name of the storage

    def _writable(self) -> bool:
        try:
            self._grid.model.write_allowed("layers", self.name)
        except OwnershipError:
            return False
        return True

    def set_cells(self, value, condition=None) -> None:
        self._grid.model.write_allowed("layers", self.name)
        super().set_cells(value, condition)

    def modify_cells(self, operation, value=None, condition=None) -> None:
        self._grid.model.write_allowed("layers", self.name)
        super().modify_cells(operation, value, condition)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self.data, dtype=dtype)


class EmptyLayer(ModelLayer):
    """Mesa's layer of empty cells, computed when read."""

    @property
    def data(self) -> np.ndarray:
        free = self._grid.emptiness()
        free.flags.writeable = False
        return free

    @data.setter
    def data(self, value) -> None:
        raise TypeError("the layer 'empty' is computed from where everybody is")

    _data = _mesa_data = data

    def set_cells(self, value, condition=None) -> None:
        self.data = value

    modify_cells = set_cells


class _Layers(Mapping):
    """Name -> layer: "empty", the model's layers of today, and those a user added."""

    def __init__(self, grid: CityGrid):
        self._grid, self.added = grid, {}

    def _model_names(self) -> list[str]:
        layers = getattr(self._grid.model, "layers", {})
        return [name for name, array in layers.items() if np.ndim(array) == 1]

    def __getitem__(self, name: str) -> PropertyLayer:
        if name in self.added:
            return self.added[name]
        if name == "empty":
            return EmptyLayer(self._grid, name)
        if name not in self._model_names():
            raise KeyError(name)
        return ModelLayer(self._grid, name)

    def __iter__(self) -> Iterator[str]:
        return iter(["empty", *self._model_names(), *self.added])

    def __len__(self) -> int:
        return 1 + len(self._model_names()) + len(self.added)


def _blank_grid() -> CityGrid:
    grid = CityGrid.__new__(CityGrid)
    grid.__dict__["_made"] = weakref.WeakValueDictionary()  # cells may be restored before the grid's own state
    return grid
