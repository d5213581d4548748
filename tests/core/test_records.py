"""The event log and daily series."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.records import CODE, EVENT_COLUMNS, TYPES, EventLog, Series

event = st.fixed_dictionaries(
    dict(minute=st.integers(0, 1439), cell=st.integers(0, 9), offender_id=st.integers(0, 5), type=st.integers(0, 6),
         victim_id=st.integers(-1, 5))
)
batches = st.lists(st.lists(event, max_size=90), max_size=5)


def append(log, tick, events):
    names = ("minute", "cell", "offender_id", "type", "victim_id")
    columns = {k: np.array([e[k] for e in events], EVENT_COLUMNS[k][0]) for k in names}
    return log.append(tick=np.full(len(events), tick, np.int32), **columns)


@settings(max_examples=60, deadline=None)
@given(batches, st.integers(0, 4))
def test_events_stand_in_the_order_of_tick_minute_offender_and_type(given_, at):
    log, rows, saved = EventLog(), [], None
    for tick, events in enumerate(given_):
        if tick == at:
            saved = log.snapshot(), len(rows)
        new = append(log, tick, events)
        order = sorted(events, key=lambda e: (e["minute"], e["offender_id"], e["type"]))
        rows += [{**e, "tick": tick} for e in order]
        assert new == slice(len(rows) - len(events), len(rows))
    assert len(log) == len(rows)
    for name in ("tick", "minute", "cell", "offender_id", "type", "victim_id"):
        assert log[name].tolist() == [row[name] for row in rows]
    for name, (dtype, width, default) in EVENT_COLUMNS.items():
        assert log[name].dtype == dtype and log[name].shape == ((len(rows), width) if width else (len(rows),))
        if name in ("dwelling_id", "co_offenders", "reported", "cleared_day", "loss"):
            assert (log[name] == default).all()
    if saved is not None:  # a restored log goes on and the snapshot stays as it was
        again = EventLog()
        again.restore(saved[0])
        for tick, events in enumerate(given_):
            if tick >= at:
                append(again, tick, events)
        assert again.equals(log) and len(saved[0]["tick"]) == saved[1]


def test_equality_is_to_the_bit():
    logs = EventLog(), EventLog()
    for log in logs:
        append(log, 0, [dict(minute=1, cell=2, offender_id=3, type=4, victim_id=5)])
    assert logs[0].equals(logs[1])
    logs[0]["loss"][0], logs[1]["loss"][0] = 0.0, -0.0
    assert not logs[0].equals(logs[1])


def test_types_have_codes_in_order():
    assert [CODE[name] for name in TYPES] == list(range(len(TYPES)))


def test_series_fill_what_starts_late_or_stops_with_nan():
    series = Series()
    series.add(-1, {"a": 1.0})
    series.add(0, {"a": 2.0, "b": 3.0})
    saved = series.snapshot()
    series.add(1, {"b": 4.0})
    columns = series.columns()
    assert list(columns) == ["day", "a", "b"] and columns["day"].tolist() == [-1, 0, 1]
    np.testing.assert_array_equal(columns["a"], [1, 2, np.nan])
    np.testing.assert_array_equal(columns["b"], [np.nan, 3, 4])
    series.restore(saved)
    assert series.columns()["day"].tolist() == [-1, 0]
    series.add(5, {})
    assert saved[0] == [-1, 0] and len(saved[1]) == 2, "a snapshot is not touched by what follows"
