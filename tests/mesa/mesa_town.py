"""A small model over columns for the tests of the Mesa layer, and the same model of ordinary Mesa objects."""

from types import SimpleNamespace

import mesa
import numpy as np
from mesa.discrete_space import CellAgent

from sim.city.grid import Grid
from sim.columns import Column, Population
from sim.mesa_model import ColumnModel
from sim.views import Resident

WIDTH, HEIGHT = 7, 5
RESIDENTS, GUARDIANS = 40, 4


def values(seed: int = 3) -> dict[str, np.ndarray]:
    """Columns of the residents, by id."""
    rng = np.random.default_rng(seed)
    return dict(area=rng.integers(0, 4, RESIDENTS), fear=rng.integers(0, 9, RESIDENTS) / 8,
                arrests=rng.integers(0, 255, RESIDENTS), cell=rng.integers(0, WIDTH * HEIGHT, RESIDENTS),
                last=np.where(rng.random(RESIDENTS) < 0.3, 5, -1), partner=rng.random(RESIDENTS) < 0.5)


class Stepping:
    name = "worry"
    columns = {"residents": {"fear": None}}


class Town(ColumnModel):
    """Residents and guardians on a grid; rows in the given order."""

    def __init__(self, rng=1, order=None):
        given = values()
        self.residents = Population("residents", np.arange(RESIDENTS))
        self.guardians = Population("guardians", np.arange(RESIDENTS, RESIDENTS + GUARDIANS))
        r, g = self.residents, self.guardians
        for name, column in dict(area=Column("i2"), fear=Column("f4", low=0, high=1), arrests=Column("u1"),
                                 cell=Column("i4", -1), last=Column("i4", -1), partner=Column("?"),
                                 ties=Column("i8", -1, width=3)).items():
            r.declare(name, column)
            if name in given:
                r.adopt(name, given[name])
        g.declare("cell", Column("i4", -1))
        g["cell"][:] = [0, 8, 8, 34]
        self.next_id = RESIDENTS + GUARDIANS
        self.city = SimpleNamespace(grid=Grid(WIDTH, HEIGHT))
        self.layers = {"light": np.linspace(0, 1, WIDTH * HEIGHT), "bars": np.arange(WIDTH * HEIGHT, dtype="i2")}
        self.tick = 0
        super().__init__(rng=rng)
        if order is not None:
            r.permute(order)

    def is_offender(self, rows):
        return self.residents["last"][rows] >= 0

    def admit(self, population, ids, keys, columns):
        population.add(ids, keys, **columns)

    def step(self):
        self.tick += 1


class Person(CellAgent):
    """What a resident is in ordinary Mesa."""

    def __init__(self, model, **columns):
        super().__init__(model)
        self.__dict__.update(columns)


class Unit(CellAgent):
    """What a patrol unit is in ordinary Mesa."""


class PlainTown(mesa.Model):
    """The same people as ordinary Mesa objects, numbered from 0 like ours."""

    def __init__(self, rng=1):
        super().__init__(rng=rng)
        self.grid = mesa.discrete_space.OrthogonalMooreGrid((WIDTH, HEIGHT), random=self.random)
        columns = {name: v.tolist() for name, v in values().items()}
        for i in range(RESIDENTS):
            person = Person(self, **{name: v[i] for name, v in columns.items() if name != "cell"}, ties=(-1, -1, -1))
            person.cell = self.grid[columns["cell"][i] % WIDTH, columns["cell"][i] // WIDTH]
        for cell in (0, 8, 8, 34):
            Unit(self).cell = self.grid[cell % WIDTH, cell // WIDTH]
        for agent in self.agents:
            agent.unique_id -= 1


def walk(agent):
    agent.move_to(agent.cell.neighborhood.select_random_cell())


def count(model) -> int:
    return len(model.agents)


class Walk(Town):
    """A town with a rule: people walk, and one leaves and one comes."""

    def __init__(self, rng=1):
        super().__init__(rng=rng)
        self.datacollector = mesa.DataCollector(model_reporters={"people": count})
        self.datacollector.collect(self)

    def step(self):
        super().step()
        self.agents.shuffle_do(walk)
        if self.tick == 2:
            self.agents.shuffle()[0].remove()
            Resident(self, cell=self.grid[0, 0])
        self.datacollector.collect(self)


def state(model) -> tuple:
    return ([(a.unique_id, a.cell.coordinate) for a in model.agents], model.agents.shuffle().ids.tolist(),
            [[a.unique_id for a in c.agents] for c in model.grid.all_cells], model.random.random())


def run(model, steps: int) -> tuple:
    for _ in range(steps):
        model.step()
    return state(model)
