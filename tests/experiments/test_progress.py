"""The estimate of the time left follows the speed of late, and is not thrown off by a long silence."""

import io

from experiments import progress


def made(monkeypatch, total=1_000.0):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    return progress.Progress(total, "work", stream=io.StringIO()), clock


def test_what_went_slowly_at_first_is_forgotten(monkeypatch):
    p, clock = made(monkeypatch)
    for pause in [60.0] + [1.0] * 100:
        clock[0] += pause
        p.add(1.0)
    assert 880 < p.left() < 920


def test_a_silence_is_set_against_all_that_was_done(monkeypatch):
    p, clock = made(monkeypatch)
    for _ in range(100):
        clock[0] += 1.0
        p.add(1.0)
    clock[0] += 200.0
    p.add(1.0)
    assert 2_000 < p.left() < 3_000


def test_work_that_was_found_done_is_no_speed(monkeypatch):
    p, clock = made(monkeypatch, 100_000.0)
    for _ in range(30):
        clock[0] += 0.001
        p.add(3_000.0, progress.KEPT)
    assert p.left() is None
    for _ in range(10):
        clock[0] += 10.0
        p.add(1.0)
    assert 90_000 < p.left() < 110_000


def test_nothing_is_said_before_there_is_something_to_judge_by(monkeypatch):
    p, clock = made(monkeypatch)
    assert p.left() is None
    clock[0] = 5.0
    p.add(1.0)
    assert p.left() is None
