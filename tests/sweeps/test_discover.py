"""Boxes in the parameter space: planted ones are found, and none is found where there is none."""

import csv
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments.sweeps.discover import find, inside

sys.path[:0] = [str(Path(__file__).parents[1] / "experiments"), str(Path(__file__).parent)]
from command import call, folder_of_work, is_one_clear_line  # noqa: E402
from made_sweep import FILE, made_sweep  # noqa: E402


def planted(rng, n=600, k=6, noise=0.05):
    """Cases fill a box in two of six parameters, with some wrong labels."""
    x = rng.random((n, k))
    y = (x[:, 1] > 0.55) & (x[:, k - 2] < 0.5)
    return x, y ^ (rng.random(n) < noise), y


@pytest.mark.parametrize("method", ("prim", "tree"))
def test_a_planted_box_is_found(method):
    if method == "tree":
        pytest.importorskip("sklearn")
    for seed in range(4):
        x, y, truth = planted(np.random.default_rng(seed), noise=0.03)
        found = find(x, y, permutations=19, boxes=1, method=method)
        box = found.boxes[0]
        assert box.coverage > 0.8 and box.density > 0.8 and found.p <= 0.05
        assert set(box.limits) == {1, 4} and max(box.quasi_p.values()) < 1e-6
        assert box.limits[1].low == pytest.approx(0.55, abs=0.06) and box.limits[1].high == math.inf
        assert box.limits[4].high == pytest.approx(0.5, abs=0.06)
        there = inside(x, box.limits)
        assert (there.sum(), y[there].sum()) == (box.points, box.cases)


def test_nothing_is_found_where_labels_are_shuffled():
    rng = np.random.default_rng(11)
    alarms = 0
    for _ in range(40):
        x, y, _ = planted(rng, n=150, k=5)
        alarms += bool(find(x, rng.permutation(y), permutations=39, boxes=1).boxes)
    assert alarms <= 6  # 2 expected


def test_nothing_to_find_when_all_or_none_are_cases():
    x = np.random.default_rng(1).random((50, 2))
    for y in (np.zeros(50, bool), np.ones(50, bool)):
        found = find(x, y)
        assert not found.boxes and math.isnan(found.p) and found.cases == y.sum()


def test_two_boxes_one_after_the_other():
    rng = np.random.default_rng(12)
    x = rng.random((900, 3))
    y = ((x[:, 0] < 0.3) & (x[:, 1] < 0.5)) | ((x[:, 0] > 0.75) & (x[:, 2] > 0.5))
    found = find(x, y, permutations=19, boxes=3)
    assert len(found.boxes) >= 2 and sum(b.coverage for b in found.boxes) > 0.8
    assert all(b.density > 0.8 for b in found.boxes[:2])


@pytest.mark.parametrize("method", ("prim", "tree"))
def test_categories_and_steps(method):
    """A listed parameter without an order, and one with few values."""
    if method == "tree":
        pytest.importorskip("sklearn")
    rng = np.random.default_rng(13)
    x = np.column_stack([rng.integers(0, 4, 500), rng.integers(1, 6, 500), rng.random(500)]).astype(float)
    y = np.isin(x[:, 0], (1, 3)) & (x[:, 1] >= 4)
    box = find(x, y, categorical=(True, False, False), permutations=19, boxes=1, method=method).boxes[0]
    if method == "prim":
        assert box.limits[0].kept == {1, 3} and box.limits[1].low == pytest.approx(3.5) and set(box.limits) == {0, 1}
    assert box.density > 0.8 and box.coverage > (0.8 if method == "prim" else 0.4)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Patrol does nothing, and lighting something, where few are on the street and many aimed; see made_sweep."""
    place = tmp_path_factory.mktemp("discover")
    made_sweep(place, draws=60, replications=1)
    made_sweep(place, "few", draws=3, replications=1)
    made_sweep(place, "fixed", file=FILE.split("parameters:")[0].format(replications=2, scenarios=""))
    return place


def test_the_command_finds_where_patrol_loses_to_lighting(desk):
    with folder_of_work(desk):
        done = call("discover", "out=sweep", "arm=patrol", "against=light", "permutations=39")
    assert done.status == 0 and "box 1" in done.out, done.err
    with open(desk / "sweep" / "discovery.csv", newline="", encoding="utf-8") as file:
        rows = {r["parameter"]: r for r in csv.DictReader(file) if r["box"] == "1"}
    assert set(rows) == {"mechanism.patrol.on_street", "mechanism.patrol.targeted_share"}
    assert float(rows["mechanism.patrol.on_street"]["high"]) == pytest.approx(0.17, abs=0.02)
    assert float(rows["mechanism.patrol.targeted_share"]["low"]) == pytest.approx(0.5, abs=0.03)
    assert all(float(r["coverage"]) > 0.8 and float(r["density"]) > 0.8 for r in rows.values())
    said = json.loads((desk / "sweep" / "discovery.json").read_text())
    assert said["p"] <= 0.05 and said["lost"] > 5 and said["provenance"]["experiment_hash"] in done.out


def test_the_command_says_when_there_is_nothing(desk):
    with folder_of_work(desk):
        never = call("discover", "out=sweep", "arm=light")
        chance = call("discover", "out=sweep", "arm=placebo", "against=same_cost_random", "permutations=39")
    assert "loses nowhere" in never.out and never.status == 0
    assert "nothing to find" in chance.out and chance.status == 0
    assert (desk / "sweep" / "discovery.csv").read_text().splitlines() == [
        "box,parameter,low,high,values,quasi_p,coverage,density,points,lost"]


@pytest.mark.parametrize("words, said", [
    (["out=sweep"], "arm"), (["out=sweep", "arm=patrols"], "patrol"), (["out=sweep", "arm=baseline"], "another arm"),
    (["out=few", "arm=patrol"], "at least 20 draws"), (["out=fixed", "arm=patrol"], "no parameter was varied"),
    (["out=sweep", "arm=patrol", "scenario=hard"], "scenario"), (["out=.", "arm=patrol"], "expected the folder"),
    (["out=sweep", "arm=patrol", "outcome=stops"], "better"),
])
def test_a_mistake_is_one_line(desk, words, said):
    with folder_of_work(desk):
        done = call("discover", *words)
    assert not is_one_clear_line(done) and said in done.err, done.err
