import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from sim.guardianship import presence as pr
from sim.guardianship.patrol import Patrol, PatrolParams, shares
from sim.guardianship.visits import Visits


@njit
def ask(first, count, start, minutes, cell, minute, around):
    now, since = pr.presence(first, count, start, minutes, cell, minute)
    return now, since, pr.overlap(first, count, start, minutes, cell, minute, around), pr.until(first, count, start,
                                                                                                cell, minute)


def table(rows):
    rows = np.array(rows, np.int64).reshape(-1, 3)
    n = len(rows)
    return dict(cell=rows[:, 0].astype("i4"), start=rows[:, 1].astype("i2"), minutes=rows[:, 2].astype("i2"),
                unit=np.full(n, -1), ordered=np.zeros(n, bool), key=np.arange(n, dtype="u8"), stop_rate=np.zeros(n,
                                                                                                                 "f4"))


visit = st.tuples(st.integers(0, 5), st.integers(-120, 239), st.integers(1, 60))


@settings(max_examples=60, deadline=None)
@given(st.lists(visit, max_size=12), st.lists(visit, max_size=5), st.integers(0, 5), st.integers(0, 239),
       st.integers(1, 60))
def test_presence_agrees_with_plain_python(before, rows, cell, minute, around):
    visits = Visits(6)
    visits.replace(table(before))
    visits.replace(table(rows))
    here = [(s, m) for c, s, m in rows if c == cell]
    assert visits.count.sum() == len(rows)
    now, since, seen, wait = ask(visits.first, visits.count, visits.start, visits.minutes, cell, minute, around)
    assert now == any(s <= minute < s + m for s, m in here)
    gone = [minute - s - m for s, m in here if s + m <= minute]
    assert since == (0 if now else min(gone, default=pr.FAR))
    assert seen == sum(max(0, min(s + m, minute) - max(s, minute - around)) for s, m in here)
    assert wait == min([s - minute for s, m in here if s >= minute], default=pr.FAR)


def units_never_overlap(visits):
    for unit in np.unique(visits.unit[~visits.ordered]):
        mine = np.flatnonzero((visits.unit == unit) & (visits.start >= 0) & ~visits.ordered)
        mine = mine[np.argsort(visits.start[mine])]
        ends = visits.start[mine].astype(int) + visits.minutes[mine]
        assert (ends[:-1] <= visits.start[mine][1:]).all()


@pytest.mark.parametrize("strategy", ["random", "believed", "hot_spots"])
def test_visits_lie_in_the_tick_and_a_unit_is_in_one_place(make, strategy):
    model = make([Patrol(PatrolParams(strategy=strategy, officers_per_1000=200))])
    assert len(model.guardians) == round(400 / 1000 * 200 * .12 / 1.3)
    for _ in range(8):
        model.advance()
        v = model.visits
        fresh = v.start >= 0
        expected = len(model.guardians) * model.mechanisms["patrol"].visits_per_unit(240)
        assert abs(fresh.sum() - expected) <= len(model.guardians)
        assert (v.start[fresh].astype(int) + v.minutes[fresh] <= 240).all() and (v.minutes > 0).all()
        units_never_overlap(v)
        order = np.lexsort((v.start, v.cell))
        assert (np.diff(v.cell) >= 0).all() and (order == np.arange(len(v))).all()


def test_no_patrol_without_a_strategy_and_fractional_visits_at_short_ticks(make):
    model = make([Patrol(PatrolParams(strategy="none", officers_per_1000=200))])
    model.advance()
    assert len(model.visits) == 0
    model = make([Patrol(PatrolParams(officers_per_1000=200))], tick_hours=1)
    total = 0
    for _ in range(48):
        model.advance()
        total += int((model.visits.start >= 0).sum())
    assert total / 48 / len(model.guardians) == pytest.approx(1.5, rel=.1)


def record(model, cell, n=1, offender=3):
    model.log.append(cell=np.full(n, cell), tick=np.full(n, model.tick), minute=np.arange(n) % 1440,
                     offender_id=np.full(n, offender), type=np.zeros(n), recorded=np.ones(n, bool))


def test_patrols_go_where_crime_was_recorded_and_forget_it(make):
    model = make([Patrol(PatrolParams(officers_per_1000=400, half_life_days=10))], width=24, height=24)
    model.advance()
    record(model, 100, 200)
    model.advance()
    share = np.mean(model.visits.cell[model.visits.start >= 0] == 100)
    assert .3 < share < .6
    assert model.layers["believed"][100] == 200
    model.advance(6 * 100)
    assert np.mean(model.visits.cell == 100) < .1
    assert model.layers["believed"][100] == pytest.approx(200 * .5 ** 10, rel=.1)


def test_unrecorded_events_are_not_seen_and_interactions_off_cuts_the_feedback(make):
    logs = []
    for recorded, interactions in ((False, True), (True, False), (None, False)):
        model = make([Patrol(PatrolParams(officers_per_1000=400))], interactions=interactions)
        if recorded is not None:
            record(model, 50, 100)
            model.log["recorded"][:] = recorded
        model.advance(3)
        logs.append(model)
    assert not logs[0].layers["believed"].any()
    assert np.mean(logs[0].visits.cell == 50) < .1
    assert logs[1].visits.cell.tobytes() == logs[2].visits.cell.tobytes()


def test_one_more_event_moves_few_visits(make):
    pair = []
    for extra in (0, 1):
        model = make([Patrol(PatrolParams(officers_per_1000=400))], residents=4000)
        for cell in range(0, 120, 3):
            record(model, cell, 1, offender=cell)
        if extra:
            record(model, 77, 1, offender=399)
        model.advance()
        order = np.argsort(model.visits.key)
        pair.append((model.visits.key[order], model.visits.cell[order]))
    assert (pair[0][0] == pair[1][0]).all()
    moved = np.mean(pair[0][1] != pair[1][1])
    assert moved < .05


def order(model, per_day, extra=False, source="hot", cells=(5, 60), **more):
    model.levers.put(source, "visits", None, dict(cells=np.array(cells), minutes=15.0, per_day=per_day, extra=extra,
                                                  **more))


def test_ordered_visits_keep_the_total_force_unless_extra(make):
    base, same, extra, zero = (make([Patrol(PatrolParams(officers_per_1000=200, strategy="random"))]) for _ in range(4))
    order(same, 6.0)
    order(extra, 6.0, extra=True)
    order(zero, 0.0)
    ordered = 0
    for _ in range(12):
        for model in (base, same, extra, zero):
            model.advance()
        b, s, e, z = (set(zip(m.visits.key.tolist(), m.visits.cell.tolist(), m.visits.start.tolist()))
                      for m in (base, same, extra, zero))
        assert z == b
        assert b <= e
        now = (same.visits.start >= 0)
        ordered += int((same.visits.ordered & now).sum())
        assert now.sum() == (base.visits.start >= 0).sum()
        kept = {k for k, o in zip(zip(same.visits.key.tolist(), same.visits.cell.tolist(), same.visits.start.tolist()),
                                  same.visits.ordered) if not o}
        assert kept <= b
        assert set(same.visits.cell[same.visits.ordered].tolist()) <= {5, 60}
    assert ordered == 2 * 6 * 2


def test_doses_are_nested_fractional_and_within_hours(make):
    small, large = (make([Patrol(PatrolParams(officers_per_1000=200))]) for _ in range(2))
    order(small, .5, hours=(16, 24))
    order(large, 2.5, hours=(16, 24))
    seen = [set(), set()]
    for tick in range(6 * 40):
        for i, model in enumerate((small, large)):
            model.advance()
            new = model.visits.ordered & (model.visits.start >= 0)
            assert not new.any() or tick % 6 >= 4
            seen[i] |= {(tick, k, s) for k, s in zip(model.visits.key[new].tolist(), model.visits.start[new].tolist())}
    assert seen[0] <= seen[1]
    assert len(seen[0]) == pytest.approx(.5 * 2 * 40, abs=18)
    assert len(seen[1]) == pytest.approx(2.5 * 2 * 40, abs=25)


def test_orders_beyond_the_force_are_cut(make):
    model = make([Patrol(PatrolParams(officers_per_1000=30, strategy="random"))])
    order(model, 200.0)
    model.advance()
    capacity = len(model.guardians) * model.mechanisms["patrol"].visits_per_unit(240)
    assert (model.visits.start >= 0).sum() <= capacity
    assert model.visits.ordered.sum() == (model.visits.start >= 0).sum()


def test_units_are_divided_by_homes_and_beats_are_kept(make):
    assert np.bincount(shares(np.array([1.0, 3.0, 0.0]), 8), minlength=3).tolist() == [2, 6, 0]
    model = make([Patrol(PatrolParams(officers_per_1000=200, strategy="random"))])
    model.advance()
    v, g = model.visits, model.guardians
    fresh = v.start >= 0
    beat = dict(zip(g["id"].tolist(), g["beat"].tolist()))
    assert all(model.city.layers["beat"][c] == beat[u] for c, u in zip(v.cell[fresh], v.unit[fresh]))
