"""The documented intervention runs as it stands in the documentation."""

import re
from pathlib import Path

import numpy as np

from sim import registry

GUIDE = Path(__file__).parents[2] / "docs" / "extending.md"


def test_the_documented_kinds_reach_whom_they_say(town, monkeypatch):
    code, = (part for part in re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
             if "evening_courses" in part)
    monkeypatch.setattr(registry, "INTERVENTIONS", dict(registry.INTERVENTIONS))
    exec(compile(code, str(GUIDE), "exec"), {"__name__": "documented_kinds"})
    model = town(0, stop_caretakers={}, evening_courses={})
    plans, people = model.interventions, model.residents
    cells = plans["stop_caretakers"].state["treated_cells"]
    assert len(cells) and (model.layers["stops"][cells] > 0).all()
    assert np.flatnonzero(model.levers["management"]).tolist() == cells.tolist()
    rows = people.find(plans["evening_courses"].state["treated_ids"])
    assert 0 < len(rows) <= 0.005 * len(people) + 1
    assert (people["routine"][rows] == 5).all() and set(model.age()[rows]) <= set(range(18, 30))
    assert np.flatnonzero(model.levers["occupied"]).tolist() == sorted(rows)
    assert (model.levers["bond"][rows] == np.float32(0.5)).all()


def test_the_documented_intervention_runs_as_documented(town, monkeypatch):
    section = GUIDE.read_text(encoding="utf-8").split("## An intervention of your own\n")[1].split("\n## ")[0]
    code, = (part for part in re.findall(r"```python\n(.*?)```", section, re.S) if "quiet_nights" in part)
    monkeypatch.setattr(registry, "INTERVENTIONS", dict(registry.INTERVENTIONS))
    exec(compile(code, str(GUIDE), "exec"), {"__name__": "documented_intervention"})
    base, zero = town(10), town(10, quiet_nights={"strength": 0.0})
    assert zero.log.equals(base.log)
    model = town(0, quiet_nights={"share": 0.2})  # 29 June 2024 is a Saturday
    cells = model.interventions["quiet_nights"].state["treated_cells"]
    assert len(cells) and (model.layers["bars"][cells] > 0).all()
    staffed = [bool(model.levers["management"].any())]
    for _ in range(7):
        model.run_days(1)
        staffed.append(bool(model.levers["management"].any()))
    assert staffed == [True, False, False, False, False, False, True, True]
    assert np.flatnonzero(model.levers["management"]).tolist() == cells.tolist()
    assert model.series.columns()["cost.quiet_nights"][-1] == 120.0 * len(cells)
