"""The measurements behind the scoreboard's page in the documents give that page, whoever scores them."""

import json
import re
import tarfile
from pathlib import Path

import pytest
from values_files import settings_of

pytest.importorskip("esda")
RESULTS = Path(__file__).parents[2] / "docs" / "results"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    with tarfile.open(RESULTS / "dense_city.tar.xz") as packed:
        packed.extractall(out, filter="data")
    return out / "dense_city"


def test_the_page_lists_what_the_measurements_show(folder):
    from analysis.facts.collect import collect
    from analysis.facts.scoring import counted

    page = (RESULTS / "dense_city.md").read_text(encoding="utf-8")
    scores = collect(folder)
    for score in scores:
        row = re.search(rf"^\| {score.fact.id} .*$", page, re.M)
        if score.state == "not scored":
            assert row is None and f"- {score.fact.id} " in page
        elif score.fact.tier != "C":
            assert f" {score.state} |" in row[0], row[0]
    assert ", ".join(f"{name} {n}" for name, n in counted(scores).items()) in page


def test_they_are_of_the_values_that_the_documents_name(folder):
    given = json.loads((folder / "manifest.json").read_text())["spec"]
    for key, value in (settings_of("developed") | settings_of("policing")).items():
        _, mechanism, setting = key.split(".")
        assert given["mechanism"][mechanism][setting] == value, key
    assert given["city"]["density"] == 4_600 and given["city"]["residents"] == 50_000
