"""Small made records for the tests of the scoreboard."""

import datetime

import numpy as np

from analysis.facts.records import Records
from sim.records import CODE


def made(n=2_000, width=20, height=20, days=730, people=1_000, areas=10, seed=1, types=("theft",), place=None):
    """Records with everything at random; tests replace what they are about."""
    rng = np.random.default_rng(seed)
    cells = width * height
    where = rng.integers(0, cells, n) if place is None else np.asarray(place)
    day = np.sort(rng.integers(0, days, n))
    events = {
        "day": day, "minute": rng.integers(0, 1440, n), "place": where, "kind": np.array([CODE[types[k % len(types)]]
                                                                                          for k in range(n)]),
        "x": (where % width + rng.random(n)) * 100.0, "y": (where // width + rng.random(n)) * 100.0,
        "offender": rng.integers(0, people, n), "victim": rng.integers(0, people, n),
        "dwelling": np.full(n, -1), "partners": np.full((n, 3), -1), "link": np.zeros(n, int),
        "cleared_day": np.full(n, -(2**30)), "cleared": np.zeros(n, bool), "recorded": np.ones(n, bool),
        "reported": np.ones(n, bool), "domestic": np.zeros(n, bool), "weapon": np.zeros(n, bool),
        "firearm": np.zeros(n, bool), "outdoors": np.ones(n, bool)}
    of_people = {"id": np.arange(people), "male": np.arange(people) % 2 == 0, "age": rng.integers(5, 80, people),
                 "place": rng.integers(0, cells, people), "dwelling": np.arange(people) // 2,
                 "fear": rng.random(people), "use": np.zeros(people, int)}
    column = np.arange(cells) % width * areas // width
    places = {"cell": np.arange(cells), "area": column, "residents": np.full(cells, 60), "bars": np.zeros(cells),
              "dwellings": np.full(cells, 5), "shops": np.ones(cells), "flow": np.ones(cells),
              "disorder": rng.random(cells)}
    table = {"poverty_rate": np.linspace(0.05, 0.4, areas), "unemployment_rate": np.linspace(0.03, 0.2, areas)}
    return Records(events, of_people, places, table, days, 0, datetime.date(2024, 1, 1), width, 100.0, (0.0, 0.0), seed)
