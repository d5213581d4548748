"""What the command says to somebody who does not know it yet."""

import pytest
from command import call, folder_of_work, is_one_clear_line

from experiments import progress


@pytest.mark.parametrize("words, hint", [
    (["run", "--seed", "3"], "seed=3"),
    (["run", "--seed=3"], "seed=3"),
    (["run", "--dry-run"], "dry_run=true"),
    (["run", "--force", "seed=3"], "force=true"),
    (["run", "residents=2000"], "'city.residents'"),
    (["run", "city.areas=[O'Hare]"], "apostrophe"),
    (["compare", "arms=[street_lighting]", "years=0"], "at least a day"),
])
def test_a_mistake_comes_with_what_to_do(words, hint, tmp_path):
    with folder_of_work(tmp_path):
        done = call(*words)
    assert not is_one_clear_line(done) and hint in done.err, done.err
    assert not list(tmp_path.iterdir())


def test_help_names_the_experiments_that_are_shipped():
    assert "patrol_or_prevention" in call("compare", "--help").out
    assert "patrol_or_prevention" not in call("run", "--help").out


def test_compiling_is_announced_until_a_kernel_of_a_tick_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert progress.kernels_are_new()
    for room in ("city_0a", "offending_0a"):
        (tmp_path / room).mkdir()  # as Numba does when a module is imported
    (tmp_path / "city_0a" / "gravity.nbi").touch()  # a dry run compiles what builds a city
    assert progress.kernels_are_new()
    (tmp_path / "offending_0a" / "choice.nbi").touch()
    assert not progress.kernels_are_new()
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert not progress.kernels_are_new()
