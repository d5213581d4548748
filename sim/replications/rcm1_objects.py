"""RCM-1 the way Mesa is usually written: one Python object per agent and per cell, agents stepped by ``do``.

It exists to be compared with. To be a fair opponent it lets Mesa do what Mesa does best: cells are connected once,
types are activated through ``agents_by_type``, the diffusion and the draws of a tick are NumPy arrays, nobody moves
to the cell where he already is, and only offenders who would offend look for guardians.
"""

from __future__ import annotations

import math

import mesa
import numpy as np
from mesa.discrete_space import CellAgent, OrthogonalMooreGrid

from sim.replications.rcm1 import event_hash, mix64, split

_GOLDEN, _MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1))  # east, west, south, north
_HOME, _WORK = 1932735283 << 32, 3435973836 << 32


def stream_key(seed: int, tick: int, stream: int) -> int:
    """64-bit key of one stream of draws at one tick."""
    return mix64(seed * _GOLDEN & _MASK ^ mix64(tick * 0xD1B54A32D192ED03 + stream * 0x8CB92BA72F3D8DD7 & _MASK))


def draws(key: int, count: int) -> list[int]:
    """64-bit draws of agents 0 to count - 1 in one stream."""
    with np.errstate(over="ignore"):
        return mix64_array(np.uint64(key) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GOLDEN)).tolist()


def mix64_array(z: np.ndarray) -> np.ndarray:
    """Finaliser of splitmix64 on an array of uint64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


class _Walker(CellAgent):
    def __init__(self, model, index, cell):
        super().__init__(model)
        self.index = index
        self.cell = cell

    def go(self, cell) -> None:
        if cell is not self.cell:
            self.move_to(cell)


class Resident(_Walker):
    """Commutes between home and work, and walks."""

    def __init__(self, model, index, cell, work):
        super().__init__(model, index, cell)
        self.home, self.work = cell, work

    def step(self) -> None:
        z = self.model.draw["resident"][self.index]
        if z < _HOME:
            self.go(self.home)
        elif z < _WORK:
            self.go(self.work)
        else:
            self.go(self.cell.connections[_DIRECTIONS[z & 3]])


class Guardian(_Walker):
    """Walks at random or towards the most attractive neighbour."""

    def step(self) -> None:
        z = self.model.draw["guardian"][self.index]
        around = [self.cell.connections[d] for d in _DIRECTIONS]
        self.go(around[z & 3] if z >> 63 else max(around, key=lambda cell: cell.attractiveness))


class Offender(_Walker):
    """Walks towards attractive places and offends where it meets a resident without a guardian."""

    def __init__(self, model, index, cell):
        super().__init__(model, index, cell)
        self.home = cell

    def step(self) -> None:
        model, z = self.model, self.model.draw["offender"][self.index]
        around = [self.cell.connections[d] for d in _DIRECTIONS]
        east, west, south, north = (cell.attractiveness for cell in around)
        second = east + west
        third = second + south
        u = np.float32(z >> 40) * np.float32(2.0**-24) * (third + north)
        self.go(around[int(u >= east) + int(u >= second) + int(u >= third)])
        if (z & 0xFFFFFF) * 2.0**-24 >= 1.0 - math.exp(-float(self.cell.attractiveness)):
            return
        reach = self.cell.get_neighborhood(radius=2, include_center=True)
        if any(isinstance(agent, Guardian) for agent in reach.agents):
            return
        present = sorted((a for a in self.cell.agents if isinstance(a, Resident)), key=lambda a: a.index)
        if present:
            key = stream_key(model.seed, model.steps, 4)
            choice = (mix64(key + (self.index + 1) * _GOLDEN & _MASK) >> 32) * len(present) >> 32
            model.report(self, present[choice])
            self.go(self.home)


class RCM1Objects(mesa.Model):
    """RCM-1 with Mesa objects.

    Parameters
    ----------
    width, height, population, seed : int
        As for :class:`sim.replications.rcm1.RCM1`; at least five cells each way.
    """

    def __init__(self, width: int = 256, height: int = 256, population: int = 10_000, *, seed: int = 1):
        super().__init__(rng=seed)
        self.seed, self.events, self.draw = seed, [], {}
        self.width = width
        self.grid = OrthogonalMooreGrid((width, height), torus=True, random=self.random)
        u = np.array(draws(0, width * height), np.uint64)  # of cell c + 1, as the draw of agent c with key 0
        u = (u >> np.uint64(11)).astype(float) * 2.0**-53
        static = (0.01 + 0.09 * ((u * u) * (u * u))).astype(np.float32)
        self.static = static.reshape(height, width).T
        self.dynamic = np.zeros((width, height), np.float32)
        self.grid.create_property_layer("attractiveness", default_value=np.float32(0), dtype=np.float32)
        self.grid.attractiveness.data[:] = self.static
        residents, offenders, guardians = split(population)
        for i, (home, work) in enumerate(zip(self._cells(residents, 5), self._cells(residents, 6), strict=True)):
            Resident(self, i, home, work)
        for i, home in enumerate(self._cells(offenders, 7)):
            Offender(self, i, home)
        for i, cell in enumerate(self._cells(guardians, 8)):
            Guardian(self, i, cell)
        self.counts = {"resident": (residents, 1), "guardian": (guardians, 2), "offender": (offenders, 3)}

    def _cells(self, count: int, stream: int) -> list:
        cells = self.width * self.dynamic.shape[1]
        numbers = [(z >> 32) * cells >> 32 for z in draws(stream_key(self.seed, 0, stream), count)]
        return [self.grid[c % self.width, c // self.width] for c in numbers]

    def report(self, offender: Offender, victim: Resident) -> None:
        x, y = offender.cell.coordinate
        self.events.append((self.steps, offender.index, victim.index, y * self.width + x))

    def step(self) -> None:
        """Advance by one tick."""
        before = len(self.events)
        for name, (count, stream) in self.counts.items():
            self.draw[name] = draws(stream_key(self.seed, self.steps, stream), count)
        self.agents_by_type[Resident].do("step")
        self.agents_by_type[Guardian].do("step")
        self.agents_by_type[Offender].do("step")
        b = self.dynamic
        around = ((np.roll(b, -1, 0) + np.roll(b, 1, 0)) + np.roll(b, -1, 1)) + np.roll(b, 1, 1)
        self.dynamic = (np.float32(0.8) * b + np.float32(0.05) * around) * np.float32(0.9)
        for _, _, _, c in self.events[before:]:
            self.dynamic[c % self.width, c // self.width] += np.float32(0.6)
        self.grid.attractiveness.data[:] = self.static + self.dynamic

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.step()

    def hash(self) -> str:
        return event_hash(self.events)
