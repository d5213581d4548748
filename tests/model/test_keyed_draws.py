"""Keyed draws: the event log is a pure function of the specification, whatever threads, rows, process or version."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sim import registry
from sim.draws import draw4, uniforms
from sim.model import CityModel
from sim.records import CODE, EVENT_COLUMNS
from sim.spec import build

ROOT = Path(__file__).parents[2]
DAYS = 40


def make(**changes):
    return CityModel(build({"city": {"residents": 4_000}, "burn_in_years": 0, "years": DAYS / 365, **changes}))


def fingerprint(model) -> str:
    h = hashlib.sha256()
    for name in EVENT_COLUMNS:
        h.update(model.log[name].tobytes())
    order = np.argsort(model.residents["id"])
    for name in ("cell", "offences", "arrests", "victimisations", "fear", "trust", "risk", "gap", "income"):
        h.update(np.ascontiguousarray(model.residents[name][order]).tobytes())
    return h.hexdigest()


@pytest.fixture(scope="module")
def base():
    model = make()
    model.run()
    assert len(model.log) > 100 and len(set(model.log["type"].tolist())) >= 5
    return model


def test_philox_known_answer():
    from sim.draws import philox

    z = np.uint32(0)
    from numba import njit

    words = njit(lambda: philox(z, z, z, z, z, z))()
    assert [f"{int(w):08x}" for w in words] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]


def test_philox_against_numpy():
    """The same cipher as an independent implementation: ten rounds in plain Python."""

    def plain(counter, key):
        c, k = list(counter), list(key)
        for _ in range(10):
            p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
            k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
        return c

    from numba import njit

    call = njit(lambda s, d, t, key, k: draw4(s, d, t, key, k))
    for seed, code, tick, key, k in ((0, 0, 0, 0, 0), (2**40 + 3, 77, 9, 2**35 + 1, 5), (1, 2**19, 2**20, 2**63, 4095)):
        words = call(np.uint64(seed), code, tick, np.uint64(key), k)
        expect = plain(
            [key & 0xFFFFFFFF, key >> 32, tick, (code << 12 | k) & 0xFFFFFFFF], [seed & 0xFFFFFFFF, seed >> 32]
        )
        assert [int(w) for w in words] == expect


def test_draws_depend_on_keys_not_positions():
    keys = np.arange(1000)
    mixed = np.random.default_rng(0).permutation(keys)
    assert np.array_equal(uniforms(1, "test.a", 3, keys)[mixed], uniforms(1, "test.a", 3, mixed))
    assert not np.array_equal(uniforms(1, "test.a", 3, keys), uniforms(1, "test.b", 3, keys))


@pytest.mark.parametrize("threads", [2, 4])
def test_threads(base, threads):
    other = make(threads=threads)
    other.run()
    assert base.log.equals(other.log) and fingerprint(base) == fingerprint(other)


def test_storage_order(base):
    other = make()
    other.rearrange(np.random.default_rng(7).permutation(len(other.residents)))
    other.run_days(20)
    other.rearrange(np.random.default_rng(8).permutation(len(other.residents)))
    other.run()
    assert fingerprint(base) == fingerprint(other)


def test_snapshot_continues_to_the_bit(base):
    other = make()
    other.run_days(11)
    saved = other.snapshot()
    other.run_days(9)  # what happens to the original afterwards must not matter
    again = CityModel.restore(saved)
    again.run()
    assert fingerprint(base) == fingerprint(again)
    assert base.series.columns().keys() == again.series.columns().keys()
    for name, values in base.series.columns().items():
        np.testing.assert_array_equal(values, again.series.columns()[name], err_msg=name)


def test_arms_share_the_burn_in_to_the_bit():
    """An arm restored from the baseline's burn-in equals the arm run from the start."""
    change = {"hot_spots_patrol": {"strength": 5.0}, "youth_cbt": {"strength": 5.0}, "treatment_expansion": {}}
    spec = {"burn_in_years": 20 / 365, "years": 60 / 365}
    whole = make(**spec, intervention=change)
    whole.run()
    warm = make(**spec)
    warm.run_days(20)
    saved = warm.snapshot()
    arm = CityModel.restore(saved, whole.spec)
    arm.run()
    assert fingerprint(whole) == fingerprint(arm)
    warm.run()
    assert not warm.log.equals(arm.log), "the arm should differ from the baseline"
    until = 20 * warm.calendar.ticks_per_day
    first = warm.log["tick"] < until
    assert first.sum() == (arm.log["tick"] < until).sum()
    assert np.array_equal(warm.log["offender_id"][first], arm.log["offender_id"][: first.sum()])


@pytest.mark.parametrize("start", [12, 25])
def test_arms_are_equal_until_the_first_day(base, start):
    arm = make(intervention={"hot_spots_patrol": {"strength": 2.0, "start": start}, "youth_cbt": {"start": start}})
    arm.run()
    until = start * arm.calendar.ticks_per_day
    a, b = base.log["tick"] < until, arm.log["tick"] < until
    assert a.sum() == b.sum() > 0
    for name in EVENT_COLUMNS:
        if name not in ("cleared", "cleared_day"):  # the investigation of old events goes on later
            assert np.array_equal(base.log[name][a], arm.log[name][b]), name


def test_zero_strength_of_everything_is_the_baseline(base):
    zero = {name: {"strength": 0.0} for name in registry.INTERVENTIONS}
    together = make(intervention=zero)
    together.run()
    assert base.log.equals(together.log) and fingerprint(base) == fingerprint(together)


def _without(log, person):
    keep = log["offender_id"] != person
    return {name: log[name][keep] for name in EVENT_COLUMNS}


def _busiest(model, ranks):
    log = model.log
    crime = log["type"] != CODE["drugs"]
    ids, counts = np.unique(log["offender_id"][crime], return_counts=True)
    return ids[np.lexsort((ids, -counts))[list(ranks)]]


def test_without_interactions_removing_an_offender_changes_nobody_else():
    whole = make(interactions=False)
    whole.run()
    for person in _busiest(whole, (0, 1, 4)):
        less = make(interactions=False, banned=[int(person)])
        less.run()
        assert (whole.log["offender_id"] == person).any()
        a, b = _without(whole.log, person), _without(less.log, person)
        for name in EVENT_COLUMNS:
            assert np.array_equal(a[name], b[name]), name


def test_in_the_full_model_everything_is_equal_until_his_first_event(base):
    later = ("cleared", "cleared_day")
    for person in _busiest(base, (0, 2)):
        less = make(banned=[int(person)])
        less.run()
        mine = (base.log["offender_id"] == person) & (base.log["type"] != CODE["drugs"])
        first = base.log["tick"][mine].min()
        a, b = base.log["tick"] < first, less.log["tick"] < first
        assert a.sum() == b.sum()
        for name in EVENT_COLUMNS:
            if name not in later:
                assert np.array_equal(base.log[name][a], less.log[name][b]), name
        assert not ((less.log["offender_id"] == person) & (less.log["type"] != CODE["drugs"])).any()


def _fingerprint_in(python: str) -> str:
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]; import test_keyed_draws as t; "
        "m = t.make(); m.run(); print('RESULT', t.fingerprint(m))"
    )
    out = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=560)
    assert out.returncode == 0, out.stderr[-2000:]
    return out.stdout.split("RESULT")[1].strip()


def test_between_processes(base):
    assert _fingerprint_in(sys.executable) == fingerprint(base)


def test_between_pythons_and_mesa_versions(base):
    """LAMPLIGHTER_OTHER_PYTHON: an interpreter with another Mesa and the same NumPy and Numba."""
    other = os.environ.get("LAMPLIGHTER_OTHER_PYTHON")
    if not other or shutil.which(other) is None:
        pytest.skip("LAMPLIGHTER_OTHER_PYTHON does not name an interpreter")
    versions = subprocess.run(
        [other, "-c", "import json, numba, numpy; print(json.dumps([numpy.__version__, numba.__version__]))"],
        capture_output=True,
        text=True,
    )
    import numba

    if versions.returncode or json.loads(versions.stdout) != [np.__version__, numba.__version__]:
        pytest.skip(f"{other} has other versions of NumPy or Numba")
    assert _fingerprint_in(other) == fingerprint(base)
