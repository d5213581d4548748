"""Files of values beside the defaults: every one loads as @FILE, and every value in it departs from its default."""

import pytest
import yaml
from command import call
from values_files import VALUES, settings_of

FILES = sorted(VALUES.glob("*.yaml"))


def test_all_are_found():
    assert [f.stem for f in FILES] == ["chicago", "developed", "policing"]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_file_of_values_gives_every_value_to_any_task(file):
    shown = [yaml.safe_load(call("run", *words, "--cfg", "job").out) for words in ((f"@{file}",), ())]
    for key, value in settings_of(file.stem).items():
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
    start = settings_of("developed") | settings_of("chicago")
    for prior in file.priors:
        assert prior.answers in targets, prior.key
        assert prior.low < start[prior.key] < prior.high, prior.key
    assert {p.answers for p in file.priors} == targets
