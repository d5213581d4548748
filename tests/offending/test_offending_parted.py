"""Quarrels that a unit ends before blows."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.guardianship.patrol import Patrol, PatrolParams
from sim.guardianship.visits import Visits
from sim.offending.fights import parted
from sim.offending.params import OffendingParams

N, WIDTH = 4000, 10


def ended(units, called=0.5, minutes=15.0, backup=0.0):
    """Share of quarrels ended with units that stand at the cells all the time, and what the parties saw."""
    visits = Visits(WIDTH * WIDTH)
    n = len(units)
    visits.replace(dict(cell=np.array(units, "i4"), start=np.zeros(n), minutes=np.full(n, 240), unit=np.arange(n),
                        ordered=np.zeros(n, bool), key=np.arange(n), stop_rate=np.zeros(n)))
    ids = np.arange(N)
    model = SimpleNamespace(
        residents=dict(key=ids.astype(np.uint64), id=ids), visits=visits, seed=np.uint64(5), tick=3, sightings=[],
        calendar=SimpleNamespace(tick_minutes=240),
        mechanisms=dict(patrol=Patrol(PatrolParams(backup=backup, crew=1.0))),
        city=SimpleNamespace(grid=SimpleNamespace(width=WIDTH, cell_m=100.0)))
    off = SimpleNamespace(params=OffendingParams(called_early=called, escalation_minutes=minutes), state=dict(parted=0))
    near = np.arange(N) % 2 == 0
    out = parted(off, model, ids, np.full(N, 120), np.full(N, 44), near)
    assert not out[~near].any() and off.state["parted"] == out.sum()
    assert sum(len(who) for who, _ in model.sightings) == out.sum()
    return out[near].mean()


def test_a_quarrel_ends_where_somebody_calls_and_a_unit_is_there_before_the_blows():
    assert ended([]) == 0 and ended([44], called=0.0) == 0
    # Called at a time before the blows that is exponential; 4 minutes to set out.
    assert ended([44]) == pytest.approx(.5 * np.exp(-4 / 15), abs=.03)
    assert ended([0]) < ended([34]) < ended([44])
    assert ended([0, 34]) == ended([34])
    assert ended([44], called=1.0) == pytest.approx(2 * ended([44]), abs=.05)
    # Officers who wait for another are there when the second unit is.
    assert ended([44], backup=1.0) == 0 and ended([44, 34], backup=1.0) == ended([34])
    assert 0 < ended([44], backup=.5) < ended([44])
