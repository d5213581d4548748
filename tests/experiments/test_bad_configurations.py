"""Whatever a user writes that is wrong: one clear line, exit status 2, nothing written, nothing executed."""

import subprocess
import sys
import time

import pytest
from bad_configurations import CANARY, bad_configurations
from command import SECRET, call, folder_of_work, is_one_clear_line, tree

COUNT = 500


def test_500_bad_configurations(tmp_path):
    (tmp_path / "files").mkdir()
    wrong, kinds = [], set()
    with folder_of_work(tmp_path / "files") as here:
        for kind, argv in bad_configurations(COUNT, here):
            before, start = tree(here), time.monotonic()
            outcome = call(*argv)
            problem = is_one_clear_line(outcome)
            if not problem and outcome.out:
                problem = f"printed {outcome.out!r} although nothing was done"
            if not problem and tree(here) != before:
                problem = f"files changed: {sorted(set(tree(here).items()) ^ set(before.items()))[:3]}"
            if not problem and time.monotonic() - start > 20:
                problem = "took more than 20 seconds"
            if problem:
                wrong.append(f"{kind}: {[a[:100] for a in argv]}: {problem[:300]}")
            kinds.add(kind)
        assert not list(tmp_path.rglob(CANARY)), "something in a configuration was executed"
    assert len(kinds) >= 20
    assert not wrong, f"{len(wrong)} of {COUNT}:\n" + "\n".join(wrong[:20])


@pytest.mark.parametrize(
    "argv",
    [
        ["run", "seed=abc"],
        ["run", "city.path=${oc.env:LAMPLIGHTER_SECRET}"],
        ["run", "hydra.run.dir=here"],
        ["run", "--force"],
        ["compare", "experiment=tagged.yaml"],
    ],
)
def test_bad_configuration_in_a_process_of_its_own(tmp_path, argv):
    (tmp_path / "tagged.yaml").write_text("arms: !!python/object/apply:os.system ['touch canary']\n")
    with folder_of_work(tmp_path):
        before = tree(tmp_path)
        done = subprocess.run(
            [sys.executable, "-m", "experiments.entry", *argv],
            capture_output=True,
            text=True,
            env={**__import__("os").environ, "PYTHONPATH": ":".join(sys.path)},
            timeout=120,
        )
    assert done.returncode == 2
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("lamplighter: error: ") and SECRET not in done.stderr
    assert tree(tmp_path) == before


def test_mistakes_name_the_nearest_name(tmp_path):
    with folder_of_work(tmp_path):
        assert "did you mean 'residents'" in call("run", "city.resident=5").err
        assert "did you mean 'compact_european'" in call("run", "city=compact_europ").err
        assert "add it with interventions=[youth_cbt]" in call("run", "intervention.youth_cbt.strength=1").err
        assert "force=true" in call("run", "--force").err
