"""The diagnosis: its arms, its sentences, its page."""

import json
import re

import numpy as np
import pytest

from analysis.diagnosis import page
from experiments.diagnose import STRENGTHS, arms, findings, outcome
from experiments.entry import main
from experiments.paired import Pairs, run_pairs
from sim.spec import build, merge

SMALL = {"city": {"residents": 1_200}, "burn_in_years": 10 / 365, "years": 40 / 365}


def test_every_arm_is_a_valid_specification():
    for change in arms("flow_cut").values():
        build(merge(SMALL, change))


@pytest.fixture(scope="module")
def pairs():
    return run_pairs(SMALL, arms("flow_cut"), [1, 2], outcome=outcome)


def test_the_five_steps_are_answered_and_the_page_stands_alone(pairs):
    found = findings(pairs, "flow_cut", build(SMALL))
    assert [line[0] for line in found["summary"]] == ["1", "2", "3", "4", "5"]
    assert set(found["resilience"]) == {"as it is", *STRENGTHS}
    text = page(found)
    for heading in ("1. Which flow", "2. Which insecurity", "3. Which networks", "4. Which nodes", "5. What builds"):
        assert heading in text
    assert "http" not in text.replace("http-equiv", "")


def test_a_settled_effect_is_named(pairs):
    made = {arm: {o: np.array(v) for o, v in values.items()} for arm, values in pairs.values.items()}
    for arm in made:
        made[arm]["true.violence"] = np.array([100.0, 101.0]) * (0.5 if arm == "no drugs" else 1.0)
    found = findings(Pairs(made), "flow_cut", build(SMALL))
    assert "no drugs changes violence most, -50 %" in found["summary"][0]


def test_mistakes_are_one_line(tmp_path, capsys):
    assert main(["diagnose", "stress=earthquake", f"out={tmp_path}/d"]) == 2
    assert "stress: unknown shock" in capsys.readouterr().err
    assert main(["diagnose", "years=0.1", f"out={tmp_path}/d"]) == 2
    assert "at least 0.25" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_results_are_written_and_hold_no_nan(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("experiments.diagnose.NETWORKS", {})
    monkeypatch.setattr("experiments.diagnose.STRENGTHS", {})
    monkeypatch.setattr("experiments.diagnose.FLOWS", ("drugs",))
    monkeypatch.setattr("experiments.diagnose.nodes", dict)
    out = tmp_path / "d"
    assert main(["diagnose", "city.residents=800", "years=0.25", "burn_in_years=0", "replications=2", "engine=serial",
                 f"out={out}"]) == 0
    assert re.search(r"6 runs, \d+ residents; about \d+ s", capsys.readouterr().out)
    assert json.loads((out / "diagnosis.json").read_text())["replications"] == 2
    assert (out / "diagnosis.html").stat().st_size > 10_000
