"""Result folders: never half, never somebody else's."""

import json

import pytest

from experiments.outfolder import OutFolder, check_out
from sim.errors import SpecError

OURS = json.dumps({"format": "lamplighter-run"})


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    out = check_out(str(tmp_path / "a" / "b"), force=False)
    assert not (tmp_path / "a").exists()
    with OutFolder(out, False) as place:
        (place.folder / "manifest.json").write_text(OURS)
        assert not out.exists()
        place.keep()
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b"] and (out / "manifest.json").exists()
    with pytest.raises(RuntimeError):
        with OutFolder(tmp_path / "c" / "d", False) as place:
            (place.folder / "x").write_text("half")
            raise RuntimeError
    assert not (tmp_path / "c").exists()


def test_results_are_replaced_only_when_asked_for(tmp_path):
    tmp_path = tmp_path / "x"
    tmp_path.mkdir()
    (tmp_path / "manifest.json").write_text(OURS)
    (tmp_path / "runs" / "baseline" / "0").mkdir(parents=True)
    (tmp_path / "runs" / "baseline" / "0" / "events.parquet").write_text("old")
    with pytest.raises(SpecError, match="force=true"):
        check_out(str(tmp_path), force=False)
    out = check_out(str(tmp_path), force=True)
    with OutFolder(out, True) as place:
        (place.folder / "manifest.json").write_text(OURS)
        place.keep()
    assert [p.name for p in tmp_path.iterdir()] == ["manifest.json"]
    assert [p.name for p in tmp_path.parent.iterdir()] == ["x"]


@pytest.mark.parametrize(
    "make",
    [
        lambda p: (p / "thesis.txt").write_text("mine"),
        lambda p: (p / "runs").mkdir() or (p / "runs" / "notes.md").write_text("mine"),
        lambda p: (p / "report.html").symlink_to("/etc/hostname"),
        lambda p: (p / "pictures").mkdir(),
        lambda p: (p / "elsewhere").symlink_to("/tmp"),
    ],
)
def test_files_of_others_are_never_deleted(tmp_path, make):
    (tmp_path / "manifest.json").write_text(OURS)
    make(tmp_path)
    with pytest.raises(SpecError, match="not ours to delete"):
        check_out(str(tmp_path), force=True)


def test_what_appeared_meanwhile_is_kept(tmp_path):
    out = check_out(str(tmp_path / "out"), force=False)
    with pytest.raises(SpecError):
        with OutFolder(out, False) as place:
            out.mkdir()
            (out / "thesis.txt").write_text("mine")
            place.keep()
    assert (out / "thesis.txt").read_text() == "mine" and len(list(tmp_path.iterdir())) == 1


def test_an_empty_folder_will_do(tmp_path):
    with OutFolder(check_out(str(tmp_path), force=False), False) as place:
        (place.folder / "manifest.json").write_text(OURS)
        place.keep()
    assert (tmp_path / "manifest.json").exists()
