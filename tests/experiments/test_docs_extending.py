"""What docs/extending.md says to write works when it is written where it says: files, YAML and package, as printed."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")

# A reader's checkout: the folders to which files are added stand first, the rest is the project itself, so that its
# compiled kernels serve. The rooms get a second folder, as if the files had been saved beside the others.
DESK = """
import sys
from pathlib import Path

here, root = Path.cwd(), Path(sys.argv[1])
sys.path[:0] = [str(here), str(here / "package"), str(root)]
import sim.interventions

sim.interventions.__path__.append(str(here / "sim" / "interventions"))
if sys.argv[2] == "pytest":
    import pytest

    sys.exit(pytest.main(sys.argv[3:]))
from experiments.entry import main

sys.exit(main(sys.argv[2:]))
"""


def block(language: str, having: str) -> str:
    part, = (p for p in re.findall(rf"```{language}\n(.*?)```", GUIDE, re.S) if having in p)
    return part


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "configs", folder / "configs", ignore=shutil.ignore_patterns("__pycache__"))
    for path in ("tests", "sim/interventions", "package/my_package"):
        (folder / path).mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "test_contract.py", folder / "tests")
    (folder / "desk.py").write_text(DESK, encoding="utf-8")

    room, files = folder / "sim/interventions", folder / "configs/interventions"
    (room / "quiet_nights.py").write_text(block("python", 'name = "quiet_nights"'), encoding="utf-8")
    (files / "quiet_nights.yaml").write_text(block("yaml", "quiet_nights"), encoding="utf-8")
    (room / "kinds_of_mine.py").write_text(block("python", 'name = "evening_courses"'), encoding="utf-8")
    for name in ("stop_caretakers", "evening_courses"):
        text = block("yaml", "quiet_nights").replace("quiet_nights", name)
        (files / f"{name}.yaml").write_text(text, encoding="utf-8")

    package = folder / "package"  # as pip would install it
    about = tomllib.loads(block("toml", "lamplighter.plugins"))
    assert about["tool"]["setuptools"]["packages"] == ["my_package"]
    (package / "my_package/__init__.py").touch()
    (package / "my_package/neighbourhood_watch.py").write_text(block("python", 'name = "neighbourhood_watch"'),
                                                               encoding="utf-8")
    info = package / "neighbourhood_watch-0.1.dist-info"
    info.mkdir()
    name, version = about["project"]["name"], about["project"]["version"]
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    group, = about["project"]["entry-points"]
    points = about["project"]["entry-points"][group]
    (info / "entry_points.txt").write_text(
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in points.items()), encoding="utf-8")
    return folder


def at(desk: Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "desk.py", str(ROOT), *words], cwd=desk, text=True, capture_output=True)


def test_what_is_written_as_documented_passes_the_contract(desk):
    new = "quiet_nights or stop_caretakers or evening_courses or neighbourhood_watch"
    done = at(desk, "pytest", "-q", "-p", "no:cacheprovider", "tests/test_contract.py", "-k",
              f"{new} or every_file or no_two or zero_strength or order_of_rows")
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) passed", done.stdout).group(1)) > 20


def test_the_commands_offer_what_was_written(desk):
    done = at(desk, "compare", "--cfg", "job", "interventions=[quiet_nights]", "arms=[stop_caretakers]")
    assert done.returncode == 0, done.stderr
    settings = yaml.safe_load(done.stdout)
    assert settings["intervention"]["quiet_nights"] | {"strength": 1.0, "share": 0.02} == settings["intervention"][
        "quiet_nights"]
    assert settings["mechanism"]["neighbourhood_watch"]["joining"] == 0.05
