"""The store: what is written can be read back, is documented, and says no more about persons than it should."""

import datetime
import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from experiments import store
from experiments.outcomes import TOTAL, months_of, outcomes
from experiments.provenance import Stopwatch, run_manifest
from experiments.run import simulate
from sim.errors import DataError
from sim.model import CityModel
from sim.records import APART
from sim.spec import SCHEMA_VERSION, build

DOCS = Path(__file__).parents[2] / "docs" / "records.md"
NEVER = ("self_control", "ready_property", "ready_violence", "capital_property", "capital_violence", "risk", "score")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small finished model and the folder it was stored in."""
    spec = {
        "city": {"residents": 3000},
        "burn_in_years": 0.1,
        "years": 0.15,
        "start_date": "2024-01-20",
        "intervention": {"street_lighting": {}},
    }
    model = CityModel(spec)
    marks = simulate(model, lambda days, note: None)
    folder = tmp_path_factory.mktemp("run")
    store.write_run(model, folder, run_manifest(model, Stopwatch()), marks)
    return model, folder


def test_a_run_is_five_files(finished):
    assert sorted(p.name for p in finished[1].iterdir()) == sorted(store.FILES)


def test_events_are_the_log(finished):
    model, folder = finished
    events, log = store.read_run(folder).events.to_pydict(), model.log
    assert len(events["event_id"]) == len(log) > 20
    assert events["event_id"] == list(range(len(log)))
    for name in (
        "tick",
        "minute",
        "cell",
        "domestic",
        "weapon",
        "outdoors",
        "reported",
        "discovered",
        "recorded",
        "cleared",
    ):
        assert events[name] == log[name].tolist()
    assert events["offender_id"] == log["offender_id"].tolist()
    assert events["victim_id"] == [None if v < 0 else v for v in log["victim_id"].tolist()]
    assert events["co_offenders"] == [[i for i in row if i >= 0] for row in log["co_offenders"].tolist()]
    assert events["in_burn_in"] == [d < 0 for d in events["day"]]
    for time, day, minute in list(zip(events["time"], events["day"], events["minute"]))[::7]:
        assert time == datetime.datetime(2024, 1, 20) + datetime.timedelta(days=day, minutes=minute)


def test_places_of_events_lie_in_their_cells(finished):
    model, folder = finished
    grid, events = model.city.grid, store.read_run(folder).events
    x, y, cell = (events[c].to_numpy() for c in ("x_m", "y_m", "cell"))
    cx, cy = grid.centre(cell)
    assert np.abs(x - cx).max() <= grid.cell_m / 2 + 0.1 and np.abs(y - cy).max() <= grid.cell_m / 2 + 0.1
    # The same hash is the same place.
    spot = np.stack([model.log["spot"].astype(np.int64), model.log["cell"]])
    _, first, which = np.unique(spot, axis=1, return_index=True, return_inverse=True)
    assert np.array_equal(x, x[first][which.ravel()]) and np.array_equal(y, y[first][which.ravel()])


def test_people_are_counted_from_the_first_scored_day(finished):
    model, folder = finished
    people, r = store.read_run(folder).people, model.residents
    alive = r["alive"]
    assert people["person_id"].to_pylist() == sorted(r["id"][alive].tolist())
    for name in store.COUNTS:
        whole = people[name].to_numpy() + people[f"{name}_before"].to_numpy()
        assert whole.sum() == r[name][alive].sum() and people[name].to_numpy().min() >= 0
    events = store.read_run(folder).events
    # Sales and harassment are not counted among a person's offences.
    apart = np.isin(np.array(events["type"].to_pylist()), APART)
    scored = ~events["in_burn_in"].to_numpy() & ~apart
    offenders = events["offender_id"].to_numpy()[scored]
    by = dict(zip(*np.unique(offenders, return_counts=True)))
    for person, offences in zip(people["person_id"].to_pylist(), people["offences"].to_pylist()):
        assert offences >= by.get(person, 0)  # also as co-offender
    assert set(people["sex"].to_pylist()) == {"female", "male"}
    assert 0 <= min(people["age"].to_pylist()) and max(people["age"].to_pylist()) < 120


def test_no_risk_score_of_a_person_is_exported(finished):
    names = set(store.read_run(finished[1]).people.column_names)
    assert not [n for n in names if any(word in n for word in NEVER)]
    assert names <= set(store.PEOPLE)


def test_series_and_manifest(finished):
    model, folder = finished
    run = store.read_run(folder)
    series = run.series
    assert series["day"].to_pylist() == list(range(-model.spec.burn_in_days, model.spec.days))
    assert series["date"].to_pylist()[model.spec.burn_in_days] == datetime.date(2024, 1, 20)
    assert series["cost.street_lighting"].to_numpy()[-1] > 0
    manifest = run.manifest
    assert manifest["spec_hash"] == build(manifest["spec"]).hash() == model.spec.hash()
    assert manifest["events"] == len(model.log) and manifest["schema_version"] == SCHEMA_VERSION
    assert len(manifest["code"]["source_hash"]) == 16 and manifest["packages"]["numpy"] == np.__version__
    assert [a["id"] for a in manifest["city"]["areas"]] == list(model.city.areas.ids)
    for table in store.TABLES:
        note = json.loads(pq.read_schema(folder / f"{table}.parquet").metadata[b"lamplighter"])
        assert note["spec_hash"] == manifest["spec_hash"] and note["schema_version"] == SCHEMA_VERSION


def test_every_column_is_documented(finished):
    text = DOCS.read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+)`", text))
    run = store.read_run(finished[1])
    for table, declared in store.DECLARED.items():
        stored = set(run.table(table).column_names)
        missing = (set(declared) | (stored if table in ("events", "people") else set())) - named
        assert not missing, f"{table}: {missing}"
        assert set(declared) & stored, table
    for name, (kind, _, _) in store.EVENTS.items():
        assert run.events.schema.field(name).type is not None and kind
        assert b"unit" in run.events.schema.field(name).metadata
    assert {"treated.street_lighting", "believed", "light"} <= set(run.places.column_names)


def test_outcomes_add_up(finished):
    model, folder = finished
    run = store.read_run(folder)
    rows = list(outcomes(run))
    total = {name: value for name, month, _, value in rows if month == TOTAL}
    by_month = {}
    for name, month, _, value in rows:
        if month != TOTAL:
            by_month.setdefault(name, []).append(value)
    scored = model.log["tick"] >= model.spec.burn_in_days * model.calendar.ticks_per_day
    assert total["true.all"] == scored.sum() == sum(by_month["true.all"])
    assert total["recorded.all"] == (scored & model.log["recorded"]).sum()
    assert total["true.victimisations"] == total["true.all"] - total["true.drugs"] - total["true.harassment"]
    days = {month: n for name, month, n, _ in rows if name == "true.all"}
    assert days[TOTAL] == model.spec.days == sum(n for m, n in days.items() if m != TOTAL) and days[0] == 12
    assert total["cost.street_lighting"] == pytest.approx(sum(by_month["cost.street_lighting"])) and total["trust"] < 1


def test_arrivals_and_departures_are_counted_not_averaged():
    from experiments.outcomes import is_sum

    assert all(map(is_sum, ("entered.born", "left.moved_away", "deaths.natural", "cost.cctv", "arrests")))
    assert not any(map(is_sum, ("population", "trust", "unsentenced_share")))


def test_months_are_those_of_the_calendar():
    assert months_of(datetime.date(2023, 12, 30), np.array([0, 1, 2, 32, 33])).tolist() == [0, 0, 1, 1, 2]


def test_what_cannot_be_read_is_named(tmp_path, finished):
    with pytest.raises(DataError, match="holds no finished run"):
        store.read_run(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(DataError, match="not a readable manifest"):
        store.read_run(tmp_path)
    (tmp_path / "manifest.json").write_text(
        json.dumps({"format": "lamplighter-run", "schema_version": SCHEMA_VERSION + 1})
    )
    with pytest.raises(DataError, match="schema version"):
        store.read_run(tmp_path)
    (tmp_path / "manifest.json").write_text((finished[1] / "manifest.json").read_text())
    (tmp_path / "events.parquet").write_bytes(b"PAR1 damaged")
    run = store.read_run(tmp_path)
    with pytest.raises(DataError, match="events.parquet: not a readable"):
        _ = run.events
    with pytest.raises(DataError, match="people.parquet: the file is missing"):
        _ = run.people
