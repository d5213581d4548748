"""Twenty years in a table: what is counted, what is kept and taken up again, what counts as out of band."""

import json

import numpy as np
import pytest

from experiments import decades
from experiments.decades import BANDS, follow, outside, page, run

SMALL = {"city": {"residents": 1_500}, "tick_hours": 24}


def table(years=20, **changes):
    """Rows in the middle of every band, with some columns given as lists over years."""
    rows = [{n: (b.low + b.high) / 2 for n, b in BANDS.items()} for _ in range(years)]
    for name, values in changes.items():
        for row, value in zip(rows, values):
            row[name] = value
    return rows


def test_what_drifts_leaves_its_band_or_is_missing_is_named():
    assert outside([table(), table()]) == []
    assert outside([table(employed=np.linspace(0.95, 0.80, 20))])[0].startswith("employed: drifts")
    assert outside([table(), table(population=[0.1])])[0].startswith("population: 0.1 to")
    assert outside([table(fear=[np.nan])])
    text = page({1: table(), 2: table()}, ["seed 1, month 3: x"], "a test")
    assert "1 fault." in text and "Outside a band: nothing." in text and text.count("\n| ") > len(BANDS)


def test_finished_seeds_are_kept_and_others_are_run(tmp_path, monkeypatch):
    calls, told = [], []

    def made(given, years, faults):
        calls.append(given["seed"])
        faults.append("month 1: wrong") if given["seed"] == 2 else None
        return table(years)

    monkeypatch.setattr(decades, "follow", made)
    tables, faults = run(SMALL, 3, [1, 2], tmp_path, told.append)
    again, same = run(SMALL, 3, [1, 2, 3], tmp_path, told.append)
    assert calls == [1, 2, 3] and len(told) == 3 and faults == same == ["seed 2, month 1: wrong"]
    assert again[1] == tables[1] == table(3)
    stamp = json.loads((tmp_path / "seed_1.json").read_text(encoding="utf-8"))
    (tmp_path / "seed_1.json").write_text(json.dumps({**stamp, "source": "other"}), encoding="utf-8")
    run(SMALL, 3, [1], tmp_path, told.append)
    run(SMALL, 4, [1], tmp_path, told.append)
    assert calls == [1, 2, 3, 1, 1], "other code and other years are run anew"


def test_a_year_is_checked_every_month_and_counted(monkeypatch):
    looks = []
    monkeypatch.setattr(decades, "check", lambda model: looks.append(model.day) or [])
    (row,) = follow({**SMALL, "seed": 1}, 1, [])
    assert len(looks) == 12 and looks[-1] == 365
    assert set(row) == set(BANDS) and all(np.isfinite(v) for v in row.values())
    assert 0.9 < row["population"] <= 1.05 and 0.7 < row["employed"] < 1


@pytest.mark.slow
def test_twenty_years_of_twenty_thousand(tmp_path):
    """One seed of the run that docs/twenty_years.md shows; `python -m experiments.decades` runs twenty."""
    from experiments.switches import preset

    tables, faults = run({"city": preset("compact_european", 20_000), "tick_hours": 12}, 20, [1], tmp_path, print)
    assert faults == [] and outside(list(tables.values())) == []
