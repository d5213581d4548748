"""Files of values beside the defaults: every one loads as @FILE, and every value in it departs from its default."""

from pathlib import Path

import pytest
import yaml
from command import call

FILES = sorted((Path(__file__).parents[2] / "configs" / "values").glob("*.yaml"))


def settings(file):
    pairs = (text.split("=") for text in yaml.safe_load(file.read_text(encoding="utf-8"))["overrides"])
    return {key: yaml.safe_load(value) for key, value in pairs}


def test_all_are_found():
    assert [f.stem for f in FILES] == ["chicago", "developed", "policing"]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_file_of_values_gives_every_value_to_any_task(file):
    shown = [yaml.safe_load(call("run", *words, "--cfg", "job").out) for words in ((f"@{file}",), ())]
    for key, value in settings(file).items():
        _, mechanism, name = key.split(".")
        with_file, without = (tree["mechanism"][mechanism][name] for tree in shown)
        assert with_file == value != without, key


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_value_says_what_it_comes_from(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    assert any("not predictions" in line for line in lines[:8])
    assert all(("# calibrated to " in line) or ("# developed against " in line) for line in lines
               if line.startswith("  - "))


def test_the_match_of_chicago_starts_from_its_values_and_names_their_targets():
    from experiments.sweeps.targets import read_calibration

    root = FILES[0].parents[1]
    file = read_calibration(str(root / "calibration" / "chicago.yaml"))
    targets = {t.name for t in file.targets}
    start = settings(root / "values" / "developed.yaml") | settings(root / "values" / "chicago.yaml")
    for prior in file.priors:
        assert prior.answers in targets, prior.key
        assert prior.low < start[prior.key] < prior.high, prior.key
    assert {p.answers for p in file.priors} == targets
