"""The ten figures of a stored run."""

import pytest
from command import call

from experiments import looks


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("looks") / "run"
    assert call("run", "city.residents=2000", "years=0.3", "burn_in_years=0.1", f"out={folder}").status == 0
    return folder


def test_ten_figures_are_drawn_and_what_is_missing_is_said(stored, capsys):
    assert looks.main([str(stored)]) == 0
    assert (stored / "looks.png").read_bytes().startswith(b"\x89PNG")
    lines = capsys.readouterr().out.splitlines()
    assert len(looks.FIGURES) == 10
    assert lines[-1].startswith("figures: ") and len(lines) <= 4
    assert all(line.partition(":")[0] in looks.FIGURES and "needs" in line for line in lines[:-1])


def test_a_folder_without_a_run_gives_one_line(tmp_path, capsys):
    assert looks.main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert looks.main([]) == 2
