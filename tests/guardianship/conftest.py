"""A small stand-in for the model: populations, a plain city, a log, whatever a mechanism under test reads."""

import datetime
from types import SimpleNamespace

import numpy as np
import pytest

from sim.calendar import Calendar
from sim.city.grid import AreaTable, City, Grid
from sim.columns import Column, Population
from sim.levers import Board
from sim.records import EventLog

BASE = {"birth_day": Column("i4", -30 * 365), "dwelling": Column("i8", -1), "home": Column("i4", 0),
        "area": Column("i2", 0), "ties": Column("i8", -1, width=4), "activity": Column("u1", 0), "cell": Column("i4",
                                                                                                                0),
        "self_control": Column("f4", 0)}


def stand_in(mechanisms, residents=400, width=12, height=10, seed=7, interactions=True, tick_hours=4, order=None):
    """Build a stand-in model holding the given mechanisms (instances), set up and prepared."""
    cells = width * height
    rng = np.random.default_rng(1)
    x = np.arange(cells) % width
    layers = {"beat": (x // 4).astype(np.int16), "dwellings": np.full(cells, 4, np.int32),
              "street": np.ones(cells, np.uint8), "at_home": np.full(cells, 3, np.int32),
              "in_public": np.full(cells, 2, np.int32), "informal": np.zeros(cells, np.uint8),
              "light": np.full(cells, .5, np.float32)}
    areas = AreaTable(("a", "b"), ("A", "B"), {"poverty_rate": np.array([.05, .4]), "population": np.array([200.,
                                                                                                            200.])})
    city = City(Grid(width, height), (x >= width // 2).astype(np.int16), areas, layers)
    r = Population("residents", np.arange(residents))
    for name, column in BASE.items():
        r.declare(name, column)
    r["home"][:] = r["cell"][:] = rng.integers(0, cells, residents)
    r["area"][:] = city.area[r["home"]]
    r["dwelling"][:] = np.arange(residents) // 2
    r["ties"][:] = rng.integers(0, residents, (residents, 4))
    r["activity"][:] = rng.integers(0, 6, residents)
    patrol = next((m for m in mechanisms if m.name == "patrol"), None)
    units = patrol.units(residents) if patrol else 0
    g = Population("guardians", np.arange(residents, residents + units))
    d = Population("dwellings", np.arange(residents // 2))
    spec = SimpleNamespace(interactions=interactions, seed=seed, city=SimpleNamespace(seed=1, custody_terms=1.0))
    model = SimpleNamespace(
        residents=r, guardians=g, dwellings=d, city=city, layers=dict(layers), log=EventLog(), spec=spec,
        seed=np.uint64(seed), tick=0, calendar=Calendar(tick_hours, datetime.date(2024, 1, 1), 0), sightings=[],
        mechanisms={m.name: m for m in mechanisms}, new_events=slice(0, 0), chunks=1)
    model.parallel = lambda kernel, n, *args: [kernel(0, n // 3, *args), kernel(n // 3, n, *args)]
    model.parallel_indexed = lambda kernel, n, *args: kernel(0, 0, n, *args)
    model.levers = Board({"cells": cells, "residents": residents, "dwellings": residents // 2},
                         lambda scope, ids: getattr(model, scope).rows(ids))
    for m in mechanisms:
        for population, columns in m.columns.items():
            for name, column in columns.items():
                getattr(model, population).declare(name, column)
        for name, column in m.layers.items():
            model.layers[name] = np.full(cells, column.default, column.dtype)
    if order is not None:
        r.permute(order)
    for m in mechanisms:
        m.setup(model)
    for m in mechanisms:
        m.prepare(model)

    def advance(ticks=1):
        for _ in range(ticks):
            model.day, model.slot = model.calendar.day(model.tick), model.calendar.slot(model.tick)
            model.new_events = slice(model.new_events.stop, len(model.log))
            for m in mechanisms:
                m.step(model)
            model.tick += 1

    model.advance, model.day, model.slot = advance, 0, 0
    return model


@pytest.fixture
def make():
    return stand_in
