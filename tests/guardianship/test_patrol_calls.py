"""Units between calls, further officers, and quarrels that a unit ends in time."""

import numpy as np
import pytest

from sim.guardianship.patrol import Patrol, PatrolParams


def record(model, cell, n=1, recorded=True):
    model.log.append(cell=np.full(n, cell), tick=np.full(n, model.tick), minute=np.arange(n) % 1440,
                     offender_id=np.full(n, 3), type=np.zeros(n), recorded=np.full(n, recorded))


def near(cells, place, width, reach):
    return (abs(cells % width - place % width) <= reach) & (abs(cells // width - place // width) <= reach)


def test_units_between_calls_are_around_recorded_events_only(make):
    place, shares = 12 * 24 + 12, []
    for around, recorded in ((0.0, True), (0.8, True), (0.8, False)):
        model = make([Patrol(PatrolParams(officers_per_1000=400, around_calls=around, targeted_share=0.0))], width=24,
                     height=24)
        model.advance()
        record(model, place, 200, recorded)
        model.advance()
        cells = model.visits.cell[model.visits.start >= 0]
        shares.append(near(cells, place, 24, 2).mean())
        assert len(np.unique(cells[near(cells, place, 24, 2)])) > 5 or not (around and recorded)
    assert shares[0] < .12 and shares[2] == shares[0]
    assert shares[1] == pytest.approx(.8, abs=.12)


def visits(model):
    v = model.visits
    return set(zip(v.key.tolist(), v.cell.tolist(), v.start.tolist(), v.minutes.tolist()))


def test_further_officers_are_beside_those_there_are_and_calls_keep_their_time(make):
    def force(stay, more, budget=0.0):
        model = make([Patrol(PatrolParams(officers_per_1000=200, calls_stay=stay))])
        model.levers.put("x", "force", None, more)
        model.levers.put("x", "budget_cut", None, budget)
        model.advance()
        return model

    base = force(.8, 0.0)
    assert visits(base) == visits(force(0.0, 0.0))
    sizes = {}
    for stay in (0.0, .8, 1.0):
        model = force(stay, 1.0)
        sizes[stay] = len(model.visits) / len(base.visits)
        if stay:
            assert visits(base) <= visits(model)
            beside = model.visits.unit < 0
            assert beside.sum() == len(model.visits) - len(base.visits)
    assert sizes[0.0] == pytest.approx(2.0, abs=.05)
    assert sizes[.8] == pytest.approx(2.8, abs=.15)  # 1 + (0.5 + 0.5 * 0.8) / 0.5
    assert sizes[1.0] == pytest.approx(3.0, abs=.15)
    fewer = force(1.0, 0.0, budget=.25)
    assert len(fewer.visits) / len(base.visits) == pytest.approx(.5, abs=.05)
    assert len(force(1.0, 0.0, budget=.6).visits) == 0


def test_units_are_least_free_when_most_people_are_about(make):
    def planned(follow, more=0.0):
        model, counts = make([Patrol(PatrolParams(officers_per_1000=200, calls_follow=follow, calls_stay=1.0))]), []
        model.levers.put("x", "force", None, more)
        for _ in range(12):
            model.advance()
            counts.append((model.visits.start >= 0).sum())
        return np.array(counts[7:11:3])  # 4 to 8 and 16 to 20 o'clock

    calm, busy = planned(0.9)
    assert calm > 1.2 * busy > 0
    assert np.ptp(planned(0.0)) <= 3
    more = planned(0.9, more=.5) - (calm, busy)
    assert more[0] == pytest.approx(more[1], abs=3) and more[1] / busy > more[0] / calm  # relief is where it is tight
