"""The command: help, listings, several jobs, quick start, what it leaves behind."""

import os
import subprocess
import sys
import time

import pytest
import yaml
from command import call, folder_of_work

from experiments.compose import CONFIG_DIR
from experiments.entry import TASKS
from experiments.safe_yaml import read_yaml
from experiments.store import read_run
from sim.spec import build, default_tree

TINY = ["city.residents=2000", "years=0.02", "burn_in_years=0"]


def process(*words, cwd):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.run([sys.executable, *words], cwd=cwd, env=env, capture_output=True, text=True, timeout=120)


def test_help_is_quick_and_imports_nothing_heavy(tmp_path):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        done = process("-X", "importtime", "-m", "experiments.entry", "--help", cwd=tmp_path)
        times.append(time.perf_counter() - start)
        assert done.returncode == 0 and all(task in done.stdout for task in TASKS)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert not loaded & {"mesa", "numba", "numpy", "hydra", "omegaconf", "pandas", "scipy", "matplotlib", "pyarrow"}
    assert min(times) < 1.0


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_help_and_a_listing(task, tmp_path):
    with folder_of_work(tmp_path):
        shown = call(task, "--help")
        assert shown.status == 0 and "out=" in shown.out and task in shown.out
        listed = call(task, "--cfg", "job", *(["arms=[street_lighting]"] if task == "compare" else []))
        assert listed.status == 0, listed.err
        values = yaml.safe_load(listed.out)
        assert "out" in values and "hydra" not in values
        # A task that goes on with a folder takes the settings of the model from there.
        assert ("mechanism" in values) == ("model" in read_yaml(CONFIG_DIR / f"{task}.yaml")["defaults"])
    assert not list(tmp_path.iterdir())


def test_the_listing_is_the_defaults_and_can_be_cut(tmp_path):
    with folder_of_work(tmp_path):
        values = yaml.safe_load(call("run", "--cfg", "job", "seed=9", "city.residents=70").out)
        part = yaml.safe_load(call("run", "--cfg=job", "-p", "mechanism.patrol").out)
    assert values["seed"] == 9 and values["city"]["residents"] == 70
    assert part == default_tree()["mechanism"]["patrol"]
    assert build({k: v for k, v in values.items() if k in default_tree()}).seed == 9


def test_interventions_compose_with_their_settings(tmp_path):
    with folder_of_work(tmp_path):
        out = call(
            "run",
            "--cfg",
            "job",
            "-p",
            "intervention",
            "interventions=[street_lighting,youth_cbt]",
            "intervention.street_lighting.strength=0.5",
        ).out
    values = yaml.safe_load(out)
    assert set(values) == {"street_lighting", "youth_cbt"}
    assert values["street_lighting"]["strength"] == 0.5 and values["youth_cbt"]["strength"] == 1.0
    assert {"strength", "start", "end"} <= set(values["youth_cbt"])


@pytest.mark.parametrize("scenario", ["ordinary_year", "hard_times", "supply_shock", "lost_trust"])
@pytest.mark.parametrize("city", ["compact_european", "sprawling_north_american", "latin_american_hillsides"])
def test_scenarios_and_cities_are_valid(tmp_path, scenario, city):
    with folder_of_work(tmp_path):
        done = call("run", f"scenario={scenario}", f"city={city}", "city.residents=3000", "dry_run=true")
    assert done.status == 0, done.err


def test_run_stores_its_records_and_nothing_else(tmp_path):
    with folder_of_work(tmp_path):
        done = call("run", *TINY, "seed=5", "out=a/b", "scenario=supply_shock")
        assert done.status == 0, done.err
        again = call("run", *TINY, "out=a/b")
        assert again.status == 2 and "force=true" in again.err
        assert read_run("a/b").manifest["seed"] == 5
        assert call("run", *TINY, "seed=6", "out=a/b", "force=true").status == 0
        assert read_run("a/b").manifest["seed"] == 6
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a"] and [p.name for p in (tmp_path / "a").iterdir()] == ["b"]


def test_multirun_numbers_its_folders(tmp_path):
    with folder_of_work(tmp_path):
        done = call("run", "--multirun", *TINY, "seed=3,4", "city=compact_european,port_city", "out=sweep")
        assert done.status == 0, done.err
        runs = [read_run(f"sweep/{i}").manifest["spec"] for i in range(4)]
    assert [(r["seed"], r["city"]["preset"]) for r in runs] == [
        (3, "compact_european"),
        (3, "port_city"),
        (4, "compact_european"),
        (4, "port_city"),
    ]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sweep"]  # nothing of Hydra's own


def test_dry_run_writes_nothing(tmp_path):
    with folder_of_work(tmp_path):
        done = call("run", "dry_run=true", "city.residents=2000")
    assert done.status == 0 and "about" in done.out and "nothing was written" in done.out
    assert not list(tmp_path.iterdir())


def test_tasks_are_modules_too(tmp_path):
    done = process("-m", "experiments.run", *TINY, "out=x", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x"]


def test_faults_of_the_program_keep_their_traceback(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.run._run_one", lambda job, out: 1 / 0)
    with folder_of_work(tmp_path), pytest.raises(ZeroDivisionError):
        from experiments.entry import main

        main(["run", *TINY])


def test_public_names_are_found():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, lamplighter; assert 'numpy' not in sys.modules; "
            "[getattr(lamplighter, n) for n in lamplighter.__all__]; print(lamplighter.CityModel.__name__)",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    assert done.stdout.strip() == "CityModel", done.stderr
