"""Work done a block of residents at a time gives what it gives for all at once."""

from __future__ import annotations

import numpy as np
import pytest

from sim import columns
from sim.guardianship import cohesion
from sim.model import CityModel
from sim.people import kin, vital
from sim.spec import build

DAYS = 65  # two monthly looks at everybody's life


def after(days: int) -> dict[str, np.ndarray]:
    model = CityModel(build({"city": {"residents": 2_500}, "burn_in_years": 0, "years": days / 365, "seed": 9}))
    model.run()
    out = {name: model.residents[name].copy() for name in model.residents.names}
    return out | {f"layer.{name}": values.copy() for name, values in model.layers.items()}


def test_the_size_of_blocks_changes_nothing(monkeypatch):
    whole = after(DAYS)
    for module in (columns, cohesion, kin, vital):
        monkeypatch.setattr(module, "BLOCK", 97)
    parts = after(DAYS)
    assert (whole["moved"] > 0).any()
    for name, values in whole.items():
        np.testing.assert_array_equal(parts[name], values, err_msg=name)


@pytest.mark.parametrize("count", [0, 1, 96, 97, 98, 500])
def test_ids_are_found_in_blocks(monkeypatch, count):
    pop = columns.Population("people", np.arange(0, 1_000, 2))
    ids = np.arange(count, dtype=np.int32) * 3 - 5
    expected = [i // 2 if 0 <= i < 1_000 and i % 2 == 0 else -1 for i in ids.tolist()]
    monkeypatch.setattr(columns, "BLOCK", 97)
    assert pop.find(ids).tolist() == expected


def test_a_population_has_room_for_those_who_enter():
    pop = columns.Population("people", np.arange(800))
    pop.declare("age", columns.Column("i2", 7))
    before = pop["age"].base if pop["age"].base is not None else pop["age"]
    pop.add(np.arange(800, 900), np.arange(800, 900, dtype=np.uint64))
    assert np.shares_memory(before, pop["age"]) and (pop["age"] == 7).all() and pop["id"][-1] == 899
    pop.add(np.arange(900, 1_300), np.arange(900, 1_300, dtype=np.uint64))
    assert (pop["age"] == 7).all() and len(pop) == 1_300
