"""Indices against published ones, and against what noise does to them."""

import numpy as np
import pytest
from SALib.test_functions import Ishigami, Sobol_G

from experiments.sweeps.design import grid, latin_hypercube, sobol
from experiments.sweeps.salib import CLEAR, MEASURES, NOISE, UNCLEAR, analyse, sample
from experiments.sweeps.varied import Parameter, parameters
from sim.errors import SpecError

ISHIGAMI = [Parameter(f"x{i}", -np.pi, np.pi) for i in (1, 2, 3)]
# Closed forms for a = 7, b = 0.1 (Ishigami and Homma 1990; Saltelli et al. 2008, Global Sensitivity Analysis).
FIRST = {"x1": 0.3139, "x2": 0.4424, "x3": 0.0}
TOTAL = {"x1": 0.5576, "x2": 0.4424, "x3": 0.2437}
A = np.array([0, 1, 4.5, 9, 99, 99, 99, 99])


def outcome(design, function, replications=2, own=0.0, common=0.0, seed=1, sees=None):
    """Values of a function in a run table: rows that differ in the dummy alone share their runs, as they do there."""
    rng = np.random.default_rng(seed)
    points = design.points[:, :-1] if sees is None else design.points[:, :sees]
    _, first, which = np.unique(design.points[:, :-1], axis=0, return_index=True, return_inverse=True)
    noise = own * rng.normal(size=(len(first), replications))[which.ravel()]
    return function(points)[:, None] + noise + common * rng.normal(size=replications)


def test_sobol_indices_of_the_ishigami_function():
    found = analyse(design := sample("sobol", ISHIGAMI, 2048, 3), outcome(design, Ishigami.evaluate), resamples=100)
    for name in FIRST:
        first, total = found.get(name, "S1"), found.get(name, "ST")
        assert first.value == pytest.approx(FIRST[name], abs=0.02) and first.low <= FIRST[name] <= first.high
        assert total.value == pytest.approx(TOTAL[name], abs=0.02) and total.low <= TOTAL[name] <= total.high
    assert [r.name for r in found.main] == ["x1", "x2", "x3", "dummy"]
    assert found.get("dummy", "ST").high == pytest.approx(0, abs=1e-12) and found.noise.share < 1e-20
    assert found.get("x3", "S1").verdict != CLEAR and found.get("x3", "ST").verdict == CLEAR


def test_sobol_indices_of_the_g_function():
    """First-order indices of eight parameters (Saltelli et al. 2010)."""
    given = [Parameter(f"x{i}") for i in range(1, 9)]
    design = sample("sobol", given, 2048, 5)
    found = analyse(design, outcome(design, lambda x: Sobol_G.evaluate(x, A)), resamples=50)
    partial = 1 / (3 * (1 + A) ** 2)
    total = np.prod(1 + partial) - 1
    for i in range(8):
        others = np.prod(1 + np.delete(partial, i))
        first, whole = found.get(f"x{i + 1}", "S1"), found.get(f"x{i + 1}", "ST")
        assert first.value == pytest.approx(partial[i] / total, abs=0.025)
        assert whole.value == pytest.approx(partial[i] * others / total, abs=0.025)
    assert found.get("x1", "S1").value == pytest.approx(0.7165, abs=0.025)


def test_second_order_finds_the_pair_that_interacts():
    design = sample("sobol", ISHIGAMI, 2048, 2, second_order=True)
    assert len(design) == 2048 * (2 * 4 + 2)
    pairs = [r for r in analyse(design, outcome(design, Ishigami.evaluate), resamples=50).rows if r.measure == "S2"]
    assert pairs[0].name == "x1 x x3" and pairs[0].value == pytest.approx(0.2437, abs=0.08)
    assert len(pairs) == 3 and pairs[0].verdict == CLEAR and pairs[1].verdict != CLEAR


def test_groups_move_together():
    """Variance that x1 and x3 explain together: all but that of x2."""
    for method, samples in (("sobol", 1024), ("morris", 20)):
        design = sample(method, ISHIGAMI, samples, 4, groups={"x1": "outer", "x3": "outer"})
        found = analyse(design, outcome(design, Ishigami.evaluate), resamples=50)
        assert {r.name for r in found.main} == {"outer", "x2", "dummy"}
        assert design.settings["unit"] == (5 if method == "sobol" else 4)
        if method == "sobol":
            assert found.get("outer", "ST").value == pytest.approx(1 - FIRST["x2"], abs=0.03)
            assert found.get("x2", "ST").value == pytest.approx(TOTAL["x2"], abs=0.03)


def test_groups_can_stand_with_the_parameters():
    slots, shape, centres = parameters({"mechanism.drugs.slots": {"group": "a"}, "city.shape": {},
                                        "city.centres": {"group": "a"}})
    assert sample("morris", [slots, shape, centres], 3).groups == ("a", "city.shape", "a", "dummy")


def test_any_plain_sample_will_do_for_pawn():
    for design in (latin_hypercube(ISHIGAMI, 200, 1), sobol(ISHIGAMI, 256, 1)):
        found = analyse(design, np.repeat(Ishigami.evaluate(design.points)[:, None], 2, axis=1), resamples=20)
        assert found.main[0].name == "x2" and found.main[-1].name == "dummy" and found.method == "pawn"
        assert found.main[0].verdict == CLEAR
    with pytest.raises(SpecError, match="found kind grid"):
        analyse(grid(ISHIGAMI), np.zeros((27, 2)))


def test_elementary_effects_of_a_line():
    """A step of the whole range moves the outcome by the slope times the range, whatever the scale."""
    given = [Parameter("a", 0, 10), Parameter("b", 1, 100, log=True), Parameter("c", -1, 1), Parameter("n", 0, 3,
                                                                                                       kind="int")]
    design = sample("morris", given, 10, 1)
    found = analyse(design, outcome(design, lambda x: 3 * x[:, 0] + 5 * np.log10(x[:, 1]) - 2 * x[:, 2]), resamples=50)
    got = {r.name: (r.value, found.get(r.name, "mu").value) for r in found.main}
    assert got == {"a": pytest.approx((30, 30)), "b": pytest.approx((10, 10)), "c": pytest.approx((4, -4)),
                   "n": pytest.approx((0, 0), abs=1e-9), "dummy": pytest.approx((0, 0), abs=1e-9)}
    assert {r.name: r.verdict for r in found.main}["n"] == NOISE


@pytest.mark.parametrize("method, samples", [("morris", 25), ("sobol", 512), ("pawn", 300)])
def test_what_noise_does_is_told_from_what_parameters_do(method, samples):
    """`inert` changes which chances fall, as a setting of the model does, but not the outcome on average."""
    given = [*ISHIGAMI[:2], Parameter("inert")]
    design = sample(method, given, samples, 6)
    values = outcome(design, lambda x: 4 * np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2, 3, own=2.0, common=5.0, sees=2)
    found = analyse(design, values, resamples=100)
    main = {r.name: r for r in found.main}
    assert main["x1"].verdict == main["x2"].verdict == CLEAR and main["inert"].verdict in (NOISE, UNCLEAR)
    assert main["dummy"].high < min(main["x1"].low, main["x2"].low)
    noise = found.noise
    assert noise.own == pytest.approx(4, rel=0.25) and noise.within > 1.5 * noise.own
    assert noise.share == pytest.approx(4 / 3 / noise.total, rel=0.25) and 0 < noise.share < 1


def test_the_floor_holds_back_what_only_perturbs():
    """Over many outcomes, a parameter without effect seldom passes for one that has an effect."""
    given = [Parameter("x"), Parameter("inert")]
    design = sample("morris", given, 15, 1)
    clear = [analyse(design, outcome(design, lambda x: 10 * x[:, 0], 3, own=2.0, seed=s, sees=1), resamples=50)
             for s in range(30)]
    assert sum(f.get("inert", "mu_star").verdict == CLEAR for f in clear) <= 2
    assert all(f.get("x", "mu_star").verdict == CLEAR for f in clear)


@pytest.mark.parametrize("method, samples", [("morris", 12), ("sobol", 64), ("pawn", 60)])
def test_failed_runs_take_their_unit_with_them(method, samples):
    design = sample(method, ISHIGAMI, samples, 1)
    values = outcome(design, Ishigami.evaluate, 3)
    size = design.settings["unit"]
    holes = values.copy()
    holes[0, 1] = holes[5 * size + size - 1, 0] = np.nan
    found = analyse(design, holes, resamples=20)
    assert (found.kept, found.dropped) == (samples - 2, 2)
    assert found.notes[0].startswith(f"2 of {values.size:,} runs are missing or failed: 2 of {samples} ")
    rest = np.delete(values, np.r_[0:size, 5 * size:6 * size], axis=0)
    assert found.noise.total == pytest.approx(rest.mean(axis=1).var(ddof=1))
    holes[: len(holes) // 2] = np.nan
    with pytest.raises(SpecError, match="expected at most 25%: resume the sweep"):
        analyse(design, holes)


def test_an_outcome_that_never_moves_has_no_indices():
    design = sample("sobol", ISHIGAMI, 8, 1)
    found = analyse(design, np.full((len(design), 2), 3.0))
    assert all(r.value == 0 for r in found.rows) and "nothing to explain" in found.notes[-1]
    assert all(r.verdict == NOISE for r in found.main)


def test_the_same_seed_gives_the_same_design_and_intervals():
    for method, samples in (("morris", 5), ("sobol", 16), ("pawn", 40)):
        one, two = (sample(method, ISHIGAMI, samples, 7) for _ in range(2))
        assert one.digest() == two.digest() != sample(method, ISHIGAMI, samples, 8).digest()
        values = outcome(one, Ishigami.evaluate, own=1.0)
        first, second = (analyse(one, values, resamples=10) for _ in range(2))
        assert first.as_dict() == second.as_dict()
        assert {r.measure for r in first.rows} == set(MEASURES[method])


@pytest.mark.parametrize("change, line", [
    ({"method": "fast"}, "method: expected one of morris, sobol, pawn, found 'fast'"),
    ({"samples": 1}, "samples: expected at least 2 for morris, found 1"),
    ({"levels": 3}, "levels: expected an even number"),
    ({"groups": {"y": "g"}}, "groups: expected parameters of the analysis, found 'y'"),
    ({"groups": {"x1": "dummy"}}, "groups: x1: expected the name of a group, found 'dummy'"),
    ({"method": "pawn", "samples": 50, "groups": {"x1": "g"}}, "method=pawn has no groups"),
    ({"given": []}, "expected at least one parameter"),
    ({"given": parameters({"city.shape": {"values": ["round"]}})}, "expected at least two values, found one"),
])
def test_mistakes_are_one_clear_line(change, line):
    with pytest.raises(SpecError) as caught:
        sample(**{"method": "morris", "given": ISHIGAMI, "samples": 5, **change})
    assert line in str(caught.value) and "\n" not in str(caught.value)


def test_one_replication_cannot_tell_noise():
    design = sample("morris", ISHIGAMI, 4, 1)
    with pytest.raises(SpecError, match="at least 2, so that run noise can be told apart"):
        analyse(design, np.zeros((len(design), 1)))
