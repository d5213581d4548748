"""The quick form of the scoreboard shows what it has shown before. A fact that is lost is a change to explain."""

from pathlib import Path

import pytest

from experiments.entry import main

EXPECTED = Path(__file__).parents[1] / "facts" / "shown.json"  # the list of continuous integration


@pytest.mark.slow
def test_no_fact_is_lost(tmp_path, capsys):
    pytest.importorskip("esda")
    status = main(["validate", f"expect={EXPECTED}", f"out={tmp_path}/quick"])
    told = capsys.readouterr()
    assert status == 0, told.err + told.out
