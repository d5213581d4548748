"""Damaged files of a city: one clear line that says where, exit status 2, nothing written, nothing executed."""

import pytest
from command import call, folder_of_work, is_one_clear_line, tree
from damaged_cities import CityFiles, damaged_cities

COUNT = 200


def test_the_city_is_valid_before_it_is_damaged(tmp_path):
    city = CityFiles().write(tmp_path / "city")
    with folder_of_work(tmp_path):
        for argv in (["import_city"], ["run", "city=from_files"]):
            done = call(*argv, f"city.path={city}", "dry_run=true")
            assert done.status == 0, done.err
        assert "9 areas" in call("import_city", f"city.path={city}", "dry_run=true").out


def test_200_damaged_cities(tmp_path):
    (tmp_path / "work").mkdir()
    wrong, kinds = [], set()
    with folder_of_work(tmp_path / "work") as here:
        for i, (kind, city, extra) in enumerate(damaged_cities(COUNT, here)):
            task = ["import_city"] if kind == "damage_events" or i % 2 else ["run", "city=from_files"]
            options = ["dry_run=true"] if i % 3 else [f"out={here / 'made'}"]
            before = tree(here)
            outcome = call(*task, f"city.path={city}", *options, *extra)
            problem = is_one_clear_line(outcome)
            if not problem and outcome.out:
                problem = f"printed {outcome.out!r}"
            if not problem and tree(here) != before:
                problem = "files changed"
            if problem:
                wrong.append(f"{i} {kind}: {task} {extra}: {problem[:400]}")
            kinds.add(kind)
        assert not list(tmp_path.rglob("canary"))
    assert len(kinds) >= 25
    assert not wrong, f"{len(wrong)} of {COUNT}:\n" + "\n".join(wrong[:25])


@pytest.mark.parametrize(("damage", "named"), [("population", ["areas.csv", "population"]), ("crs", ["areas.geojson"])])
def test_mistakes_name_file_and_place(tmp_path, damage, named):
    city = CityFiles()
    if damage == "population":
        city.rows[3]["population"] = "many"
        named = [*named, "line 5", "many"]
    else:
        city.collection["crs"] = {"type": "name", "properties": {"name": "nonsense"}}
    with folder_of_work(tmp_path):
        outcome = call("run", "city=from_files", "dry_run=true", f"city.path={city.write(tmp_path / 'city')}")
    assert not is_one_clear_line(outcome)
    assert all(word in outcome.err for word in named), outcome.err


def test_import_writes_a_clean_copy_that_gives_the_same_city(tmp_path):
    city = CityFiles().write(tmp_path / "city")
    with folder_of_work(tmp_path):
        done = call("import_city", f"city.path={city}", "out=copy")
        assert done.status == 0, done.err
        assert {p.name for p in (tmp_path / "copy").iterdir()} == {
            "areas.csv",
            "areas.geojson",
            "facilities.csv",
            "manifest.json",
        }
        again = call("import_city", "city.path=copy", "dry_run=true")
        assert again.status == 0 and "9 areas" in again.out, again.err
        assert not is_one_clear_line(call("import_city", f"city.path={city}", "out=copy"))
        assert call("import_city", f"city.path={city}", "out=copy", "force=true").status == 0
