"""The analytic way through the lattice of arterials."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.city.streets import add_route, corners, route_cell, route_cell_inside, route_length

worlds = st.tuples(st.integers(1, 60), st.integers(1, 60), st.integers(2, 12)).flatmap(
    lambda w: st.tuples(st.just(w[0]), st.just(w[1]), st.just(w[2]), st.integers(0, w[0] * w[1] - 1),
                        st.integers(0, w[0] * w[1] - 1), st.sampled_from([0.0, 0.5, 1.0])))


def walk(c0, c1, width, period, order):
    """The same way in plain Python, cell by cell."""
    points = [(c0 % width, c0 // width)]
    flat = corners(c0, c1, width, period, order)
    for x, y in [flat[0:2], flat[2:4], flat[4:6], (c1 % width, c1 // width)]:
        while points[-1] != (x, y):
            px, py = points[-1]
            assert px == x or py == y, "legs are straight"
            points.append((px + (x > px) - (x < px), py + (y > py) - (y < py)))
    return [y * width + x for x, y in points]


@settings(max_examples=300, deadline=None)
@given(worlds)
def test_every_step_of_a_way_agrees_with_the_walk(world):
    width, height, period, c0, c1, order = world
    way = walk(c0, c1, width, period, order)
    n = len(way) - 1
    assert route_length(c0, c1, width, period, order) == n
    assert all(0 <= c < width * height for c in way), "the way stays on the grid"
    for step in range(n + 1):
        assert route_cell(c0, c1, step / max(n, 1), width, period, order) == way[step]
    count = np.zeros(width * height, np.int64)
    add_route(count, c0, c1, width, period, order, 3)
    assert (count == 3 * np.bincount(way, minlength=width * height)).all()
    assert walk(c1, c0, width, period, order) == way[::-1], "the way back is the same way"


@settings(max_examples=100, deadline=None)
@given(worlds)
def test_a_way_is_no_long_detour(world):
    width, _, period, c0, c1, order = world
    straight = abs(c0 % width - c1 % width) + abs(c0 // width - c1 // width)
    assert straight <= route_length(c0, c1, width, period, order) <= straight + 4 * period


def test_long_ways_keep_to_arterials_and_order_zero_does_not():
    rng = np.arange(400)
    width, period = 81, 8
    c0, c1 = (rng * 7919) % (81 * 81), (rng * 104729 + 17) % (81 * 81)
    share = {}
    for order in (0.0, 1.0):
        count = np.zeros(81 * 81, np.int64)
        for a, b in zip(c0, c1):
            add_route(count, a, b, width, period, order, 1)
        grid = count.reshape(81, 81)
        on = np.zeros((81, 81), bool)
        on[::period], on[:, ::period] = True, True
        share[order] = grid[on].sum() / grid.sum()
    assert share[1.0] > 0.75 and share[0.0] < 0.40


def test_inside_returns_cells_of_the_city():
    area = np.full(25, -1, np.int16)
    area[[0, 1, 2, 24]] = 0
    for frac in np.linspace(0, 1, 11):
        assert area[route_cell_inside(0, 24, frac, 5, 4, area)] == 0
