"""Virtual trials: the catalogue is sound, verdicts follow the bands, measures count what they say, runs are resumed."""

import json
import math

import numpy as np
import pytest

from analysis.trial_scores import INSIDE, NOT_SETTLED, OUTSIDE, score
from analysis.trials_page import markdown, page, tally
from experiments.entry import main
from experiments.trials import WORLDS, catalogue
from experiments.trials.contract import Ran
from experiments.trials.measures import around, count, events
from sim import registry
from sim.model import CityModel
from sim.spec import build


def pairs(*values, name="x"):
    return [{name: v} for v in values]


def test_every_trial_names_what_exists_and_can_be_built():
    registry.load()
    for trial in catalogue().values():
        assert trial.world in WORLDS and trial.kind in ("effect", "null", "direction"), trial.id
        low, high = trial.band
        assert low < high and (trial.kind != "effect" or not low <= 0 <= high), trial.id
        assert trial.kind == "effect" or low <= 0 <= high, trial.id
        known = registry.SHOCKS if trial.shock else registry.INTERVENTIONS
        if trial.intervention:
            assert trial.intervention in known, trial.id
            rows = getattr(known[trial.intervention], "evidence", ())
            assert trial.id.rstrip("s") in rows, (trial.id, rows)
        build(trial.changes())


def test_an_expected_effect_is_judged_by_its_estimate():
    found = pairs((80, 100), (90, 100), (85, 100))
    assert score(found, "x", (-30, -5), "effect").verdict == INSIDE
    assert score(found, "x", (-10, -5), "effect").verdict == NOT_SETTLED, "the interval is wider than twice the band"
    assert score(found, "x", (-2, -1), "effect").verdict == OUTSIDE, "however wide: it is wholly beside the band"
    assert score(pairs((84, 100), (86, 100), (85, 100)), "x", (-10, -5), "effect").verdict == OUTSIDE
    assert score(found, "x", (-30, -5), "effect").effect == pytest.approx(-15.0)
    assert score(pairs((0, 0), (0, 0)), "x", (-30, -5), "effect").verdict == NOT_SETTLED
    few = score(pairs((2, 9), (8, 3), (4, 5)), "x", (-30, -5), "effect")
    assert -30 <= few.effect <= -5 and few.verdict == NOT_SETTLED


def test_only_a_band_without_zero_counts():
    found = pairs((80, 100), (90, 100))
    assert score(found, "x", (-30, -5), "effect").counts
    assert not score(found, "x", (-30, 0), "direction").counts


def test_a_null_needs_a_narrow_interval_inside_the_band():
    narrow = pairs((100, 100), (101, 100), (99, 100), (100, 100))
    wide = pairs((110, 100), (90, 100), (104, 100), (97, 100))
    moved = pairs((120, 100), (121, 100), (119, 100))
    assert score(narrow, "x", (-4, 4), "null").verdict == INSIDE
    assert score(wide, "x", (-4, 4), "null").verdict == NOT_SETTLED
    assert score(moved, "x", (-4, 4), "null").verdict == OUTSIDE


def test_points_are_differences_of_shares():
    found = pairs((0.10, 0.16), (0.11, 0.17))
    assert score(found, "x", (-12, -4), "effect", "points").effect == pytest.approx(-6.0)


def test_the_evaluators_ratio_compares_treated_and_control_before_and_after():
    found = [{"x": (1, 2), "study.treated": (40, 80), "study.control": (50, 50)}] * 2
    ratio, low, high = score(found, "x", (-90, -1), "effect").study
    assert ratio == pytest.approx(-50.0)
    half = 1.96 * math.sqrt(1 / 80 + 1 / 160 + 1 / 100 + 1 / 100)
    assert (low, high) == pytest.approx((100 * (0.5 * math.exp(-half) - 1), 100 * (0.5 * math.exp(half) - 1)))


@pytest.fixture(scope="module")
def town():
    model = CityModel(city={"residents": 1_500}, burn_in_years=0.1, years=0.2, seed=3)
    return Ran(model.run())


def test_events_are_counted_as_a_plain_loop_does(town):
    log, day = town.model.log, town.day()
    people = np.unique(log["offender_id"][:200])[:40]
    want = 0
    for e in range(len(log)):
        by = int(log["offender_id"][e]) in set(people.tolist()) or any(
            int(c) in set(people.tolist()) for c in log["co_offenders"][e])
        late = log["minute"][e] >= 1200 or log["minute"][e] < 360
        want += bool(by and late and 5 <= day[e] < 60 and log["recorded"][e] and log["type"][e] in (0, 1, 2))
    kinds = ("burglary", "robbery", "theft")
    assert count(town, kinds, "recorded", first=5, last=60, ids=people, night=True) == want
    assert events(town, first=0).sum() < len(log), "the burn-in does not count"


def test_a_buffer_is_near_and_leaves_out_what_is_treated(town):
    grid = town.model.city.grid
    cells = np.flatnonzero(town.model.city.area >= 0)[[5, 20]]
    near = around(town, cells, 2)
    assert not np.isin(near, cells).any()
    x, y = near % grid.width, near // grid.width
    distance = np.min([np.maximum(abs(x - c % grid.width), abs(y - c // grid.width)) for c in cells], axis=0)
    assert distance.max() == 2 and distance.min() == 1


def test_a_trial_that_is_declared_otherwise_has_another_hash():
    import dataclasses

    trials = catalogue()
    hashes = {t.declared() for t in trials.values()}
    assert len(hashes) == len(trials), "I08 and I09 differ in what they count alone"
    one = trials["I04"]
    assert one.declared() == dataclasses.replace(one, title="The same by another name").declared()
    changes = dict(settings={"share": 0.1, "trial": True}), dict(days=100), dict(world="european"), \
        dict(measure=trials["I08"].measure)
    assert len({dataclasses.replace(one, **c).declared() for c in changes} | {one.declared()}) == 5


def test_trials_run_are_stored_and_resumed(tmp_path, capsys):
    out = tmp_path / "trials"
    words = ["trials", "trials=[I01,I02]", "replications=2", "scale=0.05", "burn_in_years=0.1", "engine=serial",
             f"out={out}"]
    assert main(words) == 0
    stamps = {p.name: p.stat().st_mtime_ns for p in (out / "pairs").iterdir()}
    found = json.loads((out / "trials.json").read_text())
    assert set(found["trials"]) == {"I01", "I02"} and found["placebo"] is True
    assert found["trials"]["I02"]["pairs"] == 2
    assert "Virtual trials" in (out / "trials.html").read_text() and "| I02 |" in (out / "trials.md").read_text()
    capsys.readouterr()
    assert main(words) == 0
    assert "0 worlds and seeds to run" in capsys.readouterr().out
    assert stamps == {p.name: p.stat().st_mtime_ns for p in (out / "pairs").iterdir()}
    assert tally(found)["null"][1] == 1 and markdown(found) and page(found)
    assert main([*words, "mechanism.offending.theta_person=2.5", "dry_run=true"]) == 0
    assert "2 worlds and seeds to run" in capsys.readouterr().out, "pairs of other values are not these"


def test_an_unknown_trial_is_one_line(capsys):
    assert main(["trials", "trials=[I999]"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "I999" in err
