"""Every command, setting and Python example of the README and the documents works as printed."""

import importlib
import re
import shlex
import shutil
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from command import call, folder_of_work

from experiments.entry import TASKS
from sim import registry
from sim.levers import LEVERS

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "sweeps"))
from made_sweep import made_sweep  # noqa: E402

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TINY_SWEEP = ["city.residents=500", "years=0.02", "burn_in_years=0.01", "replications=2"]
SMALL = ["city.residents=2000", "years=0.05", "burn_in_years=0.02"]
# What is added to a printed command so that it takes a second. The bench has tests of its own that measure.
ADDED = {"run": SMALL, "calibrate": ["dry_run=true"],
         "compare": [*SMALL, "replications=2", "engine=serial"], "import_city": [],
         "bench": ["dry_run=true"], "diagnose": ["dry_run=true"], "sweep": TINY_SWEEP, "resume": [], "expand": [],
         "status": [], "verify": [], "rerun": [],
         "trials": ["dry_run=true"], "validate": ["dry_run=true"],
         "rank": [], "export": [], "discover": ["permutations=19"],
         "sensitivity": ["city.residents=300", "years=0.01", "burn_in_years=0", "samples=8", "replications=2",
                         "engine=serial"]}
ON_A_SWEEP = ("resume", "expand", "status", "verify", "rerun")
PLACEHOLDER = {"FOLDER": "data/my_city", "NAME": "compact_european"}


def commands(text):
    """Yield the words of every command: on a line of code, after ``&&``, or between backticks."""
    fenced = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
    lines = [line for kind, part in fenced.findall(text) if kind in ("", "bash") for line in part.splitlines()]
    text = fenced.sub("", text)
    lines += re.findall(r"^    (\S.*)$", text, re.M)
    text = re.sub(r"`(?:lamplighter |python -m experiments\.)\w+`", "", text)  # a bare `lamplighter run` names the task
    lines += re.findall(r"`([^`]+)`", text)
    for line in lines:
        for part in re.split(r"\s&&\s", line.strip()):
            part = re.sub(r"^python -m experiments\.(?=[a-z])", "lamplighter ", part)
            if part.startswith("lamplighter ") and "<" not in part:
                yield tuple(shlex.split(part, comments=True)[1:])


def found(pages=PAGES):
    """Each command once, with the page that prints it first."""
    first = {}
    for page in pages:
        for words in commands(page.read_text(encoding="utf-8")):
            if {"engine=dask", "engine=slurm"} & set(words):  # with workers of their own: tests/sweeps/test_engines.py
                continue
            if words[0] in TASKS or words[0].startswith("-"):
                first.setdefault(words, page.name)
    return sorted((name, words) for words, name in first.items())


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder in which a reader would stand: files of a city, and the experiment file of the documents."""
    sys.path.insert(0, str(ROOT / "tests" / "city"))
    try:
        from city_folder import table, write_city
    finally:
        sys.path.pop(0)
    folder = tmp_path_factory.mktemp("desk")
    names = ["Riverside", "St. John's", "O'Hare", "North Lawndale", "Hyde, Park", "Austin", "South Lawndale"]
    rows = table()
    for row, name in zip(rows, names):
        row["name"] = name
    write_city(folder / "data" / "my_city", rows)
    guide = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    example, = (part for part in re.findall(r"```yaml\n(.*?)```", guide, re.S) if part.startswith("question:"))
    (folder / "my_question.yaml").write_text(example, encoding="utf-8")
    guide = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
    example, = (part for part in re.findall(r"```yaml\n(.*?)```", guide, re.S) if part.startswith("question:"))
    (folder / "my_sweep.yaml").write_text(example, encoding="utf-8")
    guide = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
    fit, match = (part for part in re.findall(r"```yaml\n(.*?)```", guide, re.S) if part.startswith("question:"))
    (folder / "my_fit.yaml").write_text(fit, encoding="utf-8")
    (folder / "my_match.yaml").write_text(match, encoding="utf-8")
    (folder / "results" / "fit").mkdir(parents=True)  # as the command makes it, but for the runs
    (folder / "results" / "fit" / "calibrated.yaml").write_text('overrides: ["mechanism.offending.male=1.3"]\n')
    (folder / "results" / "fit" / "manifest.json").write_text('{"format": "lamplighter-calibration"}')
    shutil.copytree(ROOT / "configs" / "values", folder / "configs" / "values")
    return folder


@pytest.fixture
def documented(monkeypatch):
    """Let the documented intervention and mechanism be known, as if their files were in place."""
    registry.load()
    monkeypatch.setattr(registry, "INTERVENTIONS", dict(registry.INTERVENTIONS))
    monkeypatch.setattr(registry, "MECHANISMS", dict(registry.MECHANISMS))
    guide = ROOT / "docs" / "extending.md"
    for part in re.findall(r"```python\n(.*?)```", guide.read_text(encoding="utf-8"), re.S):
        if "\n@intervention\n" in part or "\n@mechanism\n" in part:
            exec(compile(part, str(guide), "exec"), {"__name__": "documented"})
    assert "quiet_nights" in registry.INTERVENTIONS and "neighbourhood_watch" in registry.MECHANISMS


def test_the_commands_are_found():
    words = [words for _, words in found()]
    assert {w[0] for w in words} >= set(TASKS) and len(words) > 12
    assert ("--help",) in words
    assert any("city.areas=[Riverside,\"St. John's\"]" in w for w in words)
    assert list(commands("```bash\na && lamplighter run x=1  # why\n```\n`lamplighter <task>`, `lamplighter "
                         "compare`, `python -m experiments.run a=2`")) == [("run", "x=1"), ("run", "a=2")]


@pytest.mark.parametrize("page, words", found(), ids=lambda v: v if isinstance(v, str) else " ".join(v)[:60])
def test_a_command_works_as_printed(page, words, desk, documented):
    words = [re.sub(r"(?<==)[A-Z]+$", lambda m: PLACEHOLDER[m.group()], word) for word in words]
    quiet = words[0].startswith("-") or "--help" in words or "--cfg" in words
    alone = words[0] == "sensitivity" and all(w.startswith(("out", "outcomes")) for w in words[1:])  # analyses runs
    if not quiet and not alone:
        added = [a for a in ADDED[words[0]] if not (a.startswith("city.residents") and "city=from_files" in words)]
        if not any(w.startswith("engine=") for w in words) and words[0] in ("sweep", "resume", "expand", "rerun"):
            added = [*added, "engine=serial"]
        known = {f.name for f in fields(importlib.import_module(TASKS[words[0]][0]).OPTIONS)}
        words = [*words, *added, *(["force=true"] if "force" in known else [])]
    with folder_of_work(desk):
        if words[0] in ON_A_SWEEP and not Path("results/light").exists():
            made = call("sweep", "experiment=my_sweep.yaml", "out=results/light", *TINY_SWEEP, "engine=serial")
            assert made.status == 0, made.err
        out = next((w.partition("=")[2] for w in words if w.startswith("out=")), f"results/{words[0]}")
        if words[0] in ("rank", "export", "discover") and not quiet and not Path(out).exists():
            made_sweep(Path(out).parent, Path(out).name, draws=30, replications=2)
        if alone and not Path("results/mattering").exists():
            maker = next(w for _, w in found() if "out=results/mattering" in w and w[1].startswith("parameters"))
            assert call(*maker, *ADDED["sensitivity"]).status == 0
        done = call(*words)
        assert done.status == 0, f"{page}: lamplighter {' '.join(words)}: {done.err}"
        if words[0] == "compare" and not quiet:
            assert Path(out, "report.html").stat().st_size > 10_000 and Path(out, "table.csv").is_file()
        elif words[0] == "run" and not quiet:
            assert Path(out, "0" if "--multirun" in words else "", "manifest.json").is_file()


def test_settings_named_in_the_documents_exist(documented, desk):
    """``city.density=9000`` between backticks can be given to a command; values in capitals stand for anything."""
    named = set()
    for page in PAGES:
        named |= set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+=[^\s`<]+)`", page.read_text(encoding="utf-8")))
    settings = {text.partition("=")[::2] for text in named}
    settings = {(key, value) for key, value in settings if not value.isupper() and not key.startswith(("hydra", "sim"))}
    assert len(settings) > 5
    words = [f"{key}={value}" for key, value in sorted(settings)]
    chosen = sorted({key.split(".")[1] for key, _ in settings if key.startswith("intervention.")} - {"a", "NAME"})
    shocks = sorted({key.split(".")[1] for key, _ in settings if key.startswith("shock.")} - {"a"})
    words = [w for w in words if not w.startswith(("intervention.a.", "shock.a."))]
    with folder_of_work(desk):
        wrong = []
        for word in words:
            engine = "dask" if word.startswith("engine.") and "workers" not in word else "processes"
            done = call("compare", "--cfg", "job", f"engine={engine}", "arms=[placebo]",
                        f"interventions=[{','.join(chosen)}]", f"shocks=[{','.join(shocks)}]", word)
            wrong += [f"{word}: {done.err}"] if done.status else []
    assert not wrong, wrong


def test_the_python_of_the_readme_runs(capsys):
    code, = re.findall(r"```python\n(.*?)```", PAGES[0].read_text(encoding="utf-8"), re.S)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    thefts, known = map(int, re.findall(r"\d+", capsys.readouterr().out))
    assert thefts > known > 0


def test_the_pages_name_files_that_exist():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
        for name in re.findall(r"`((?:sim|experiments|analysis|configs|docs|tests)/[\w/.]+)`", text):
            assert (ROOT / name).exists() or "quiet_nights" in name, f"{page.name}: {name}"


def test_the_documented_levers_are_those_of_the_model():
    text = (ROOT / "docs" / "interventions.md").read_text(encoding="utf-8").split("## Levers")[1]
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.M)) == set(LEVERS)


def test_the_pages_name_no_folder_of_one_machine():
    for page in [*PAGES, ROOT / "CHANGELOG.md", *sorted((ROOT / "configs").rglob("*.yaml"))]:
        assert not re.findall(r"(?<![\w.])/(?:work|opt|root|home|tmp)/", page.read_text(encoding="utf-8")), page.name


def test_yaml_examples_are_plain(desk):
    assert set(yaml.safe_load((desk / "my_question.yaml").read_text())) == {
        "question", "outcome", "replications", "overrides", "arms"}
