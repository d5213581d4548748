"""Ranking: who can still be the best, and when no ranking is given."""

import csv
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments.sweeps.ranking import direction, rank
from sim.errors import DataError, SpecError

sys.path[:0] = [str(Path(__file__).parents[1] / "experiments"), str(Path(__file__).parent)]
from command import call, folder_of_work, is_one_clear_line  # noqa: E402
from made_sweep import NO_ARMS, made_sweep  # noqa: E402

ROLES = {"baseline": "baseline", "placebo": "placebo", "same_cost_random": "same_cost_random"}


def arms(rng, effects, runs=12, draws=1, noise=4.0, random=0.0, spread=0.0):
    """Values of a comparison with known effects."""
    base = 100 + 10 * rng.standard_normal((1, runs)) + 3 * rng.standard_normal((draws, runs))
    values = {"baseline": base, "placebo": base.copy(),
              "same_cost_random": base + random + noise * rng.standard_normal(base.shape)}
    for name, effect in effects.items():
        theta = effect + spread * rng.standard_normal((draws, 1))
        values[name] = base + theta + noise * rng.standard_normal(base.shape)
    return values, {**ROLES, **dict.fromkeys(effects, "option")}


@pytest.mark.parametrize("effects", ({"a": -5.0, "b": -4.0, "c": -3.0, "d": 1.0}, {"a": -0.5, "b": 0.0, "c": 0.0}))
def test_the_true_best_is_among_the_possible_best(effects):
    rng = np.random.default_rng(10)
    kept, sizes = [], []
    for _ in range(1000):
        found = rank(*arms(rng, effects))
        best = {r.arm for r in found if r.possible_best}
        kept.append("a" in best)
        sizes.append(len(best))
    assert np.mean(kept) >= 0.95
    assert np.mean(sizes) < 6  # it also rejects


def test_what_is_clear_is_said():
    found = rank(*arms(np.random.default_rng(1), {"a": -30.0, "b": -10.0, "worse": 20.0}, runs=20))
    listed = [(r.rank, r.arm) for r in found]
    assert listed[:2] == [(1, "a"), (2, "b")] and listed[4:] == [(5, "worse"), (0, "placebo")]
    first = found[0]
    assert [r.arm for r in found if r.possible_best] == ["a"] and found[1].beaten_by == "a"
    assert first.low < -30 < first.high and first.percent == pytest.approx(-30, abs=4) and first.better == 1
    assert first.random_low < -30 < first.random_high and first.p_holm >= first.p
    assert first.parts.draws == 1 and math.isnan(first.parts.between)
    assert found[0].as_dict()["between"] is None


def test_more_can_be_better():
    values, roles = arms(np.random.default_rng(2), {"a": 30.0, "b": -30.0}, runs=20)
    assert [r.arm for r in rank(values, roles, "more") if r.possible_best] == ["a"]


def test_holm_keeps_false_alarms_rare():
    rng = np.random.default_rng(3)
    alarms = [min(r.p_holm for r in rank(*arms(rng, dict.fromkeys("abcdefg", 0.0))) if r.arm != "baseline"
                  and r.rank) < 0.05 for _ in range(500)]
    assert np.mean(alarms) < 0.08


def test_draws_count_as_parameters_and_replications_as_chance():
    values, roles = arms(np.random.default_rng(4), {"a": -10.0}, runs=10, draws=40, spread=4.0)
    a = next(r for r in rank(values, roles) if r.arm == "a")
    assert a.pairs == 10 and a.draws == 40
    assert a.parts.between == pytest.approx(16, rel=0.6) and a.parts.range_low < -13 and a.parts.range_high > -7
    assert (a.low, a.high) == pytest.approx((a.parts.low, a.parts.high))


@pytest.mark.parametrize("role", ("baseline", "placebo", "same_cost_random", "option"))
def test_no_ranking_without_controls(role):
    values, roles = arms(np.random.default_rng(5), {"a": -1.0})
    name = {"option": "a"}.get(role, role)
    with pytest.raises(DataError, match=f"ranking refused: no finished run of .*{role}"):
        rank({k: v for k, v in values.items() if k != name}, roles)
    with pytest.raises(DataError, match="ranking refused"):
        rank({**values, name: np.full_like(values[name], np.nan)}, roles)


def test_no_ranking_when_the_placebo_does_something_or_runs_are_few():
    values, roles = arms(np.random.default_rng(6), {"a": -1.0})
    values["placebo"][0, 3] += 1e-9
    with pytest.raises(DataError, match="differs from the baseline in 1 of 12 pairs"):
        rank(values, roles)
    values, roles = arms(np.random.default_rng(6), {"a": -1.0}, runs=1)
    with pytest.raises(DataError, match="two replications"):
        rank(values, roles)


def test_failed_runs_take_their_replication_with_them():
    values, roles = arms(np.random.default_rng(7), {"a": -1.0, "b": 0.0}, runs=10)
    values["b"][0, 4] = np.nan
    assert {r.pairs for r in rank(values, roles)} == {9}
    values, roles = arms(np.random.default_rng(7), {"a": -1.0, "b": 0.0}, runs=10, draws=5)
    values["b"][2, 4] = np.nan
    assert {(r.draws, r.pairs) for r in rank(values, roles)} == {(4, 10)}


def test_bounds_are_shown_and_not_ranked():
    values, roles = arms(np.random.default_rng(8), {"a": -5.0, "oracle": -50.0})
    found = {r.arm: r for r in rank(values, roles, bounds=("oracle",))}
    assert found["oracle"].rank == 0 and not found["oracle"].possible_best and found["a"].possible_best


def test_direction_is_declared_once():
    assert direction("true.victimisations") == "fewer" and direction("trust") == "more"
    assert direction("stops", "fewer") == "fewer"
    with pytest.raises(SpecError, match="not declared"):
        direction("stops")
    with pytest.raises(SpecError, match="declared to be better with fewer"):
        direction("true.theft", "more")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    place = tmp_path_factory.mktemp("rank")
    made_sweep(place, draws=8, replications=3, scenarios="scenarios: {usual: [], hard: [scenario=hard_times]}")
    made_sweep(place, "bare", file=NO_ARMS)
    return place


def test_the_command_ranks_a_sweep_by_scenario(desk):
    with folder_of_work(desk):
        done = call("rank", "out=sweep")
    assert done.status == 0, done.err
    assert done.out.count("possible best: patrol") == 2 and "scenario hard" in done.out
    assert "more runs shrink only this part" in done.out and "CPU hours" in done.out and "95 % of draws" in done.out
    with open(desk / "sweep" / "ranking.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10 and {r["scenario"] for r in rows} == {"usual", "hard"}
    assert [r["arm"] for r in rows[:5]] == ["patrol", "light", "same_cost_random", "baseline", "placebo"]
    light = rows[1]
    assert light["possible_best"] == "False" and light["beaten_by"] == "patrol" and float(light["difference"]) < -8
    said = json.loads((desk / "sweep" / "ranking.json").read_text())
    assert said["provenance"]["experiment_hash"] in done.out and said["good"] == "fewer"
    assert said["cpu_seconds"] == pytest.approx(1.8 * 2 * 5 * 8 * 3)
    assert said["cpu_hours_to_halve_run_noise"] == pytest.approx(3 * said["cpu_seconds"] / 3600)
    assert said["ranks"][0]["between"] > 0 and said["ranks"][0]["within"] > 0


def test_the_command_takes_other_outcomes(desk):
    with folder_of_work(desk):
        trust = call("rank", "out=sweep", "outcome=trust", "dry_run=true")
        stops = call("rank", "out=sweep", "outcome=stops", "dry_run=true")
        typo = call("rank", "out=sweep", "outcome=trusted")
    assert "better with more" in trust.out and "possible best: patrol" in trust.out
    assert not is_one_clear_line(stops) and "better=fewer" in stops.err
    assert not is_one_clear_line(typo) and "trust" in typo.err


def test_the_command_refuses_without_controls(desk):
    with folder_of_work(desk):
        done = call("rank", "out=bare")
    assert not is_one_clear_line(done) and "ranking refused" in done.err and "placebo" in done.err
    assert not (desk / "bare" / "ranking.csv").exists()


def test_changes_after_the_start_are_shown(desk):
    path = desk / "sweep" / "manifest.json"
    before = path.read_text()
    manifest = json.loads(before)
    manifest["changes"].append({"what": "replications", "when": "2026-01-02", "before": 2, "after": 3})
    path.write_text(json.dumps(manifest))
    with folder_of_work(desk):
        done = call("rank", "out=sweep")
    path.write_text(before)
    assert "changed after the start 1 time" in done.out
    assert json.loads((desk / "sweep" / "ranking.json").read_text())["provenance"]["changes"][0]["after"] == 3


def test_the_command_ranks_a_comparison(tmp_path):
    """A comparison has no draws, and its runs are looked up in its summary."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    roles = {"baseline": "baseline", "placebo": "placebo", "same_cost_random": "same_cost_random", "a": "option"}
    values, _ = arms(np.random.default_rng(9), {"a": -30.0}, runs=5)
    rows = [(arm, r, 3 + r, "true.victimisations", month, 30, float(x))
            for arm, v in values.items() for r, x in enumerate(v[0]) for month in (-1, 0)]
    folder = tmp_path / "compared"
    folder.mkdir()
    names = ("arm", "replication", "seed", "outcome", "month", "days", "value")
    pq.write_table(pa.table(dict(zip(names, map(list, zip(*rows))))), folder / "summary.parquet")
    (folder / "manifest.json").write_text(json.dumps({
        "format": "lamplighter-comparison", "schema_version": 1, "primary_outcome": "true.victimisations", "seed": 3,
        "arms": [{"name": n, "role": r, "interventions": [], "spec_hash": n} for n, r in roles.items()],
        "runs": {"planned": 20, "done": 20, "failed": 0}, "code": {"version": "x"}}))
    with folder_of_work(tmp_path):
        done = call("rank", "out=compared")
        export = call("export", "out=compared", "to=x.csv")
    assert done.status == 0 and "possible best: a." in done.out and "parameters: not varied" in done.out, done.err
    assert export.status == 0 and len((tmp_path / "x.csv").read_text().splitlines()) == 21
