"""The bench: its arithmetic, its verdicts, and a small run of each part."""

import json
import shutil

import pytest

from experiments import bench, bench_model, bench_rcm1
from sim.errors import SpecError


@pytest.fixture
def small(monkeypatch):
    """A small torus and short runs: the Mesa objects need a second to build 65,536 cells."""
    monkeypatch.setattr(bench_rcm1, "SIDE", 32)
    monkeypatch.setattr(bench_rcm1, "TICKS", 40)


def by_name(figures, start):
    return next(f for f in figures if f["name"].startswith(start))


def test_a_small_run_of_the_micro_model(tmp_path, small):
    lines = []
    result = bench.run_bench({"parts": ["rcm1"], "rounds": 1, "agents": 1000}, tmp_path / "out", lines.append)
    assert json.loads((tmp_path / "out" / "bench.json").read_text())["figures"] == result["figures"]
    assert by_name(result["figures"], "published hashes")["passed"] is True
    assert by_name(result["figures"], "events of the Mesa objects")["passed"] is True
    assert by_name(result["figures"], "Mesa objects / kernels")["value"] > 1
    assert by_name(result["figures"], "Mesa objects / kernels")["passed"] is None  # judged at 100,000 only
    if shutil.which("gcc") or shutil.which("cc"):
        assert by_name(result["figures"], "events of both C versions")["passed"] is True
    assert result["passed"] is True
    assert "published hashes" in lines[-1]


def test_without_a_compiler_the_comparison_with_c_is_skipped_and_says_so(monkeypatch, small):
    monkeypatch.setattr(bench_rcm1.shutil, "which", lambda name: None)
    lines = []
    result = bench.run_bench({"parts": ["rcm1"], "rounds": 1, "agents": 1000}, report=lines.append)
    skipped = by_name(result["figures"], "kernels / tuned C")
    assert skipped["value"] is None and skipped["passed"] is None and "no C compiler" in skipped["note"]
    assert any("skipped" in line for line in lines)


def test_ratios_are_formed_within_rounds():
    rounds = [{"plain C": 4.0, "tuned C": 1.0, "kernels": 1.1, "Mesa objects": 900.0, "hash": "a"},
              {"plain C": 8.0, "tuned C": 2.0, "kernels": 2.2, "Mesa objects": 1800.0, "hash": "a"},
              {"plain C": 4.0, "tuned C": 1.0, "kernels": 9.0, "Mesa objects": 900.0, "hash": "a"}]
    figures = bench_rcm1._judge({"rounds": rounds, "compiler": "x"}, 100_000, True)
    assert by_name(figures, "kernels / tuned C")["value"] == pytest.approx(1.1)
    assert by_name(figures, "kernels / tuned C")["passed"] is True
    assert by_name(figures, "plain C / tuned C")["passed"] is True
    assert by_name(figures, "Mesa objects / kernels")["passed"] is True
    rounds[1]["hash"] = "a b"
    figures = bench_rcm1._judge({"rounds": rounds, "compiler": "x"}, 100_000, True)
    assert by_name(figures, "events of both")["passed"] is False


def test_memory_is_the_slope_of_the_peaks():
    probes = [dict(size=n, residents=n, ns=30.0, weeks_ns=[], peak_bytes=200_000_000 + 300 * n)
              for n in (10_000, 100_000, 1_000_000)]
    (memory,) = bench_model._memory(probes)
    assert memory["value"] == pytest.approx(300) and memory["passed"] is True
    assert "100,000 and 1,000,000" in memory["note"]
    assert [f["passed"] for f in bench_model._time(probes)] == [None, True, None, None]
    assert bench_model._memory(probes[:1]) == []


@pytest.mark.parametrize("bad", [{"parts": ["speed"]}, {"sizes": [10]}, {"rounds": 0}, {"rouns": 3}])
def test_wrong_settings_are_refused_in_one_line(bad):
    with pytest.raises(SpecError) as error:
        bench.run_bench(bad, report=lambda line: None)
    assert "bench" in str(error.value) and "\n" not in str(error.value)


def test_a_small_run_of_the_city_model():
    pytest.importorskip("sim.model", reason="the city model is not there")
    numbers = bench_model.probe(1000, 1, 1, {})
    assert numbers["ticks"] == 6 and numbers["ns"] > 0
    assert numbers["residents"] == pytest.approx(1000, rel=0.05)
    assert numbers["peak_bytes"] > 10_000_000


def test_a_failing_probe_is_a_missed_target_with_its_reason():
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench_model, "start_up", lambda: [1.0])
        figures, _ = bench_model.bench_full_model([1000], 1, 1, {"nonsense": 1}, lines.append)
    assert by_name(figures, "1,000 residents")["passed"] is False
    assert "nonsense" in by_name(figures, "1,000 residents")["note"]
    assert by_name(figures, "start-up")["passed"] is True


def test_what_sweeps_cost_is_judged_without_the_start():
    from experiments.bench_sweep import judge

    def party(cpu, rate, **more):
        return {"cpu": cpu, "rate": rate, "early_rss": 400.0, "late_rss": 404.0, "eta_error": 0.2, "eta_at": 60, **more}

    raw = {"bare": [{"cpu": 20.0, "runs": 100}, {"cpu": 20.0, "runs": 100}], "few": party(10 + 40 * 0.22, 4),
           "one": party(10 + 400 * 0.22, 4.0), "two": party(30 + 400 * 0.22, 7.6), "resume": 3.0}
    figures = judge(raw, 400, 40)
    assert by_name(figures, "CPU of the machinery")["value"] == pytest.approx(0.1)
    assert by_name(figures, "runs an hour")["value"] == pytest.approx(1.9)
    assert all(f["passed"] is True for f in figures)
    raw["two"] = party(100, 7.0, late_rss=500.0, eta_error=0.4)
    failed = [f["name"] for f in judge({**raw, "resume": 11.0, "one": party(10 + 400 * 0.24, 4.0)}, 400, 40)
              if f["passed"] is False]
    assert len(failed) == 5


def test_sweeps_are_measured_when_asked_for():
    assert bench.BenchOptions().parts == ("rcm1", "model")
    bench.BenchOptions(parts=("sweep",)).check("bench")
    with pytest.raises(SpecError, match="sweep"):
        bench.BenchOptions(parts=("sweeps",)).check("bench")
