"""Attacks that once got through: names that cannot be written, tables and lists that take for ever."""

import os
import time

import pytest
from command import call, folder_of_work, is_one_clear_line, tree
from damaged_cities import CityFiles


def nameless_table(city: CityFiles, name: str) -> None:
    """The names come from the polygons when the table has none."""
    city.columns.remove("name")
    city.collection["features"][2]["properties"]["name"] = name


def wide_table(city: CityFiles) -> None:
    lines = ["area_id,population" + "".join(f",c{i}" for i in range(100_000))]
    lines += [f"{row['area_id']},{row['population']}" + "," * 100_000 for row in city.rows]
    city.raw["areas.csv"] = "\n".join(lines).encode()


def many_kinds(city: CityFiles) -> None:
    lines = ["kind,lat,lon", *(f"kind {i},41.8,-87.7" for i in range(5_000))]
    city.raw["facilities.csv"] = "\n".join(lines).encode()


def long_kind(city: CityFiles) -> None:
    """One long name in an array of text would make every row as long."""
    lines = ["kind,lat,lon", "x" * 100_000 + ",41.8,-87.7", *["bar,41.8,-87.7"] * 500_000]
    city.raw["facilities.csv"] = "\n".join(lines).encode()


DAMAGES = {
    "lone surrogate": lambda c: nameless_table(c, "\ud800"), "terminal escape": lambda c: nameless_table(c, "\x1b[31m"),
    "endless name": lambda c: nameless_table(c, "x" * 100_000), "wide table": wide_table, "many kinds": many_kinds,
    "long kind": long_kind,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_at_once(tmp_path, damage):
    city = CityFiles()
    DAMAGES[damage](city)
    folder = city.write(tmp_path / "city")
    (tmp_path / "work").mkdir()
    with folder_of_work(tmp_path / "work") as here:
        start = time.process_time()
        done = call("import_city", f"city.path={folder}", "out=made")
        assert not is_one_clear_line(done), is_one_clear_line(done)
        assert not tree(here)
    assert time.process_time() - start < 20


@pytest.mark.parametrize("override", [
    "banned=[" + ",".join("1" * 9_000) + "]", "x" * 15_000 + "=1", "+" + "a." * 2_000 + "b=1", "banned=[-1]",
    "start_date=9999-12-31", "start_date=0001-01-01",
])
def test_overrides_out_of_all_proportion(tmp_path, override):
    with folder_of_work(tmp_path):
        start = time.process_time()
        done = call("run", "dry_run=true", override)
        assert not is_one_clear_line(done), is_one_clear_line(done)
        assert "site-packages" not in done.err
    assert time.process_time() - start < 20


def test_a_pipe_is_no_experiment_file(tmp_path):
    with folder_of_work(tmp_path) as here:
        os.mkfifo(here / "pipe.yaml")
        done = call("compare", "experiment=pipe.yaml", "dry_run=true")
        assert not is_one_clear_line(done), is_one_clear_line(done)


@pytest.mark.parametrize("argv", [["run", "out=taken/new"], ["run", "--multirun", "seed=1,2", "out=taken"]])
def test_results_are_not_put_into_results(tmp_path, argv):
    with folder_of_work(tmp_path) as here:
        (here / "taken").mkdir()
        (here / "taken" / "manifest.json").write_text('{"format": "lamplighter-run"}')
        before = tree(here)
        done = call(*argv, "city.residents=300")
        assert not is_one_clear_line(done) and "within results" in done.err
        assert tree(here) == before
