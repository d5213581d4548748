"""Indicators, survey and resilience against numbers worked out by hand."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.indicators import ICCS, indicators
from analysis.resilience import response
from analysis.survey import Design, survey, wilson
from sim.records import TYPES


@pytest.fixture
def folder(tmp_path):
    """A year of a town of ten, one of them a child."""
    events = [  # day, type, victim, reported, recorded, domestic
        (-5, "assault", 1, True, True, False),  # before the period
        (3, "assault", 1, True, True, False),
        (9, "robbery", 1, False, False, False),  # the last incident of person 1 was not reported
        (20, "assault", 2, True, True, True),
        (30, "homicide", 77, True, True, False),
        (40, "harassment", 3, False, False, False),
        (41, "harassment", 3, False, False, False),
        (42, "harassment", 9, False, False, False),  # the child is not asked
        (50, "assault", 88, True, True, False),  # has left since
        (60, "theft", None, True, True, False),
    ]
    columns = dict(zip(("day", "type", "victim_id", "reported", "recorded", "domestic"), map(list, zip(*events))))
    columns["event_id"] = list(range(len(events)))
    pq.write_table(pa.table(columns), tmp_path / "events.parquet")
    none = -(2**30)
    pq.write_table(pa.table({
        "person_id": list(range(10)), "age": [30] * 9 + [9], "sex": ["female"] * 5 + ["male"] * 5,
        "fear": [0.1, 0.2, 0.9, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], "trust": [0.6] * 10,
        "use": ["dependent", "dependent", "none", "occasional"] + ["none"] * 6,
        "treatment": ["in"] + ["none"] * 9,
        "detained": ["unsentenced", "sentenced", "sentenced"] + ["free"] * 7,
        "last_contact": [10, 364, 100, -400, -1] + [none] * 5, "last_bribe": [10, none, -300, none, -1] + [none] * 5,
    }), tmp_path / "people.parquet")
    spec = {"mechanism": {"reactions": {"unsafe": 0.4}}}
    (tmp_path / "manifest.json").write_text(json.dumps({"days": 365, "spec": spec}))
    return tmp_path


def test_indicators_have_their_exact_denominators(folder):
    found = {i.code: i for i in indicators(folder)}
    assert found["16.1.1"].value == pytest.approx(1 / 10 * 100_000)
    assert found["16.1.3a"].value == pytest.approx(20.0)  # persons 1 and 2, each once
    assert found["16.1.3a-d"].value == pytest.approx(10.0)
    assert found["16.1.4"].value == pytest.approx(100 * 7 / 9)
    assert found["16.3.1"].value == pytest.approx(50.0)
    assert found["16.3.2"].value == pytest.approx(100 / 3)
    assert (found["16.5.1"].above, found["16.5.1"].below) == (1, 3)
    assert found["11.7.2"].value == pytest.approx(100 / 9)
    assert found["11.7.2-f"].below == 5
    assert found["3.5.1"].value == pytest.approx(50.0)


def test_a_short_period_is_said_and_scaled(folder):
    (folder / "manifest.json").write_text(json.dumps({"days": 35, "spec": {}}))
    found = {i.code: i for i in indicators(folder)}
    assert found["16.1.1"].value == pytest.approx(1 / (10 * 35 / 365) * 100_000)
    assert "35 days" in found["16.1.3a"].numerator


def test_every_type_stands_in_the_crosswalk():
    assert set(TYPES) <= set(ICCS)


def test_a_survey_of_everybody_who_forgets_nothing_finds_the_truth(folder):
    rows = survey(folder, Design(sample=10**6, response=1 - 1e-12, trust=0, forgotten=0, telescoped=0))
    for row in rows:
        assert row["prevalence"] == pytest.approx(row["true_prevalence"])
        assert row["incidents"] == pytest.approx(row["true_incidents"])
        assert row["low"] <= row["prevalence"] <= row["high"]
    assault = next(r for r in rows if r["type"] == "assault")
    assert assault["respondents"] == 9 and assault["true_incidents"] == pytest.approx(2000 / 9)
    forgetful = survey(folder, Design(sample=10**6, response=1 - 1e-12, trust=0, forgotten=0.999, telescoped=0))
    assert sum(r["incidents"] for r in forgetful) < sum(r["incidents"] for r in rows)


def test_wilson_interval_agrees_with_the_published_example():
    low, high = wilson(10, 20)  # 0.2993 to 0.7007
    assert (low, high) == (pytest.approx(0.2993, abs=1e-4), pytest.approx(0.7007, abs=1e-4))
    assert all(map(np.isnan, wilson(0, 0)))


def test_resilience_of_a_known_shape():
    calm = np.full(400, 10.0)
    hit = calm.copy()
    hit[100:] += 10 * np.exp(-np.arange(300) / 50)  # peak 100 %, nine tenths gone after 115 days
    found = response(hit, calm, 100, window=1)
    assert found.peak == pytest.approx(1.0) and found.peak_day == 0
    assert found.recovery == pytest.approx(50 * np.log(10), abs=1)
    assert found.area == pytest.approx(np.exp(-np.arange(300) / 50).sum())
    never = calm.copy()
    never[100:] += 5
    assert np.isnan(response(never, calm, 100).recovery)
    assert response(calm, calm, 100).peak == 0
    assert response(hit, calm, 100, worse=-1).peak <= 0 or response(hit, calm, 100, worse=-1).peak < 0.01
