"""RCM-1: kernels against a plain statement of the rules, against Mesa objects and against the published hashes."""

import math

import numpy as np
import pytest

from sim.errors import SpecError
from sim.replications.rcm1 import PUBLISHED, RCM1, event_hash, mix64, split

GOLDEN, MASK = 0x9E3779B97F4A7C15, 2**64 - 1
F = np.float32


def stream_key(seed, tick, stream):
    return mix64((seed * GOLDEN & MASK) ^ mix64((tick * 0xD1B54A32D192ED03 + stream * 0x8CB92BA72F3D8DD7) & MASK))


def draw(key, i):
    return mix64((key + (i + 1) * GOLDEN) & MASK)


def oracle(width, height, population, ticks, seed):
    """RCM-1 in plain Python, one agent after the other, nothing clever; return events, B, places of residents."""
    residents, offenders, guardians = split(population)
    cells = width * height

    def start(stream, n):
        return [(draw(stream_key(seed, 0, stream), i) >> 32) * cells >> 32 for i in range(n)]

    def around(c):
        x, y = c % width, c // width
        return (y * width + (x + 1) % width, y * width + (x - 1) % width,
                (y + 1) % height * width + x, (y - 1) % height * width + x)

    def near(a, b):
        dx, dy = abs(a % width - b % width), abs(a // width - b // width)
        return max(min(dx, width - dx), min(dy, height - dy)) <= 2

    static = []
    for c in range(cells):
        u = (draw(0, c) >> 11) * 2.0**-53
        static.append(F(0.01 + 0.09 * ((u * u) * (u * u))))
    dynamic = [F(0)] * cells
    home, work, den, guard = start(5, residents), start(6, residents), start(7, offenders), start(8, guardians)
    at, offender, events = list(home), list(den), []
    for t in range(1, ticks + 1):
        a = [s + b for s, b in zip(static, dynamic, strict=True)]
        for i in range(residents):
            z = draw(stream_key(seed, t, 1), i)
            u = (z >> 32) / 2**32
            at[i] = home[i] if u < 0.45 else work[i] if u < 0.80 else around(at[i])[z & 3]
        for i in range(guardians):
            z = draw(stream_key(seed, t, 2), i)
            to = around(guard[i])
            guard[i] = to[z & 3] if z >> 63 else max(to, key=lambda c: a[c])
        hit = []
        for i in range(offenders):
            z = draw(stream_key(seed, t, 3), i)
            to = around(offender[i])
            east, west, south, north = (a[c] for c in to)
            first, second, third = east, east + west, east + west + south
            u = F(z >> 40) * F(2.0**-24) * (third + north)
            c = offender[i] = to[0] if u < first else to[1] if u < second else to[2] if u < third else to[3]
            present = [j for j in range(residents) if at[j] == c]
            if present and not any(near(c, g) for g in guard):
                if (z & 0xFFFFFF) * 2.0**-24 < 1.0 - math.exp(-float(a[c])):
                    k = (draw(stream_key(seed, t, 4), i) >> 32) * len(present) >> 32
                    events.append((t, i, present[k], c))
                    hit.append(c)
                    offender[i] = den[i]
        old = dynamic
        dynamic = []
        for c in range(cells):
            east, west, south, north = (old[k] for k in around(c))
            dynamic.append((F(0.8) * old[c] + F(0.05) * (((east + west) + south) + north)) * F(0.9))
        for c in hit:
            dynamic[c] += F(0.6)
    return events, np.array(dynamic, F).reshape(height, width), at


@pytest.mark.parametrize(("width", "height", "population", "ticks", "seed", "least"), [
    (64, 64, 1000, 30, 1, 5),
    (29, 23, 2500, 30, 7, 100),  # crowded: many proposals per cell, sides that are no power of two
    (9, 7, 300, 40, 2**62, 5),  # few cells per row: shorter than a vector
    (3, 5, 200, 12, 4, 0),  # the smallest torus: a guardian reaches all round it
])
def test_kernels_agree_with_the_rules_event_by_event(width, height, population, ticks, seed, least):
    events, dynamic, at = oracle(width, height, population, ticks, seed)
    model = RCM1(width, height, population, seed=seed)
    model.run(ticks)
    assert len(events) >= least
    assert [tuple(e) for e in model.events.tolist()] == events
    assert np.array_equal(model.dynamic, dynamic)
    assert model.positions("resident").tolist() == at
    assert model.steps == ticks


def test_mesa_objects_give_the_same_events():
    from sim.replications.rcm1_objects import RCM1Objects

    columns, objects = RCM1(31, 27, 2000, seed=5), RCM1Objects(31, 27, 2000, seed=5)
    columns.run(15)
    objects.run(15)
    assert len(objects.events) > 50
    assert columns.hash() == objects.hash()


@pytest.mark.parametrize("case", PUBLISHED)
def test_published_hashes(case):
    width, height, population, ticks, seed = case
    model = RCM1(width, height, population, seed=seed)
    model.run(ticks)
    assert model.hash() == PUBLISHED[case]


def test_the_log_grows_and_is_ordered():
    model = RCM1(128, 64, 40_000, seed=2)
    model.run(60)
    events = model.events
    assert len(events) > 4096
    assert (np.diff(events[:, 0]) >= 0).all()
    same = np.diff(events[:, 0]) == 0
    assert (np.diff(events[:, 1])[same] > 0).all()


def test_the_hash_tells_logs_apart():
    log = np.array([[1, 2, 3, 4], [2, 0, 1, 9]])
    assert event_hash(log[:0]) == "0" * 16
    assert event_hash(log) != event_hash(log[::-1])


@pytest.mark.parametrize("bad", [dict(width=2), dict(height=70_000), dict(population=0), dict(seed=-1),
                                 dict(width=2.5), dict(population=True), dict(width=60_000, height=60_000)])
def test_sizes_out_of_range_are_refused(bad):
    with pytest.raises(SpecError, match="rcm1"):
        RCM1(**bad)
