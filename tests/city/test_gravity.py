"""Choice of destinations by size and distance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sim.city.gravity as gravity
from sim.city.gravity import Destinations


def expected(size, width, origin, exponent, offset, reach):
    """Probabilities in plain NumPy."""
    cells = np.flatnonzero(size > 0)
    d = np.hypot(cells % width - origin % width, cells // width - origin // width)
    d = np.floor(d * 4) / 4  # the resolution of the distance table
    w = size[cells] * (d + offset) ** -exponent * np.exp(-d / reach)
    out = np.zeros(size.size)
    out[cells] = w / w.sum()
    return out


@pytest.mark.parametrize("zones", [1500, 6])
def test_frequencies_follow_the_weights(zones, monkeypatch):
    monkeypatch.setattr(gravity, "MAX_ZONES", zones)
    width = 20
    size = np.zeros(400)
    size[[3, 21, 150, 151, 222, 390, 399, 60, 61]] = [1, 5, 2, 2, 8, 1, 4, 3, 2]
    origin = 45
    places = Destinations(size, width, 1.4, 2.0, 25.0)
    n = 40_000
    chosen = places.choose(np.full(n, origin), 7, "test.gravity")
    got = np.bincount(chosen, minlength=400) / n
    want = expected(size, width, origin, 1.4, 2.0, 25.0)
    # By zones the far ones are approximated at their common centre.
    assert np.abs(got - want).max() < (0.01 if zones == 1500 else 0.03)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 15), st.integers(1, 15), st.integers(0, 2**32), st.data())
def test_choices_are_destinations_and_do_not_depend_on_who_else_chooses(width, height, seed, data):
    cells = width * height
    size = np.array(data.draw(st.lists(st.integers(0, 3), min_size=cells, max_size=cells)), float)
    if not size.any():
        with pytest.raises(ValueError, match="at least one"):
            Destinations(size, width, 1.0, 1.0, 10.0)
        return
    origins = np.arange(cells, dtype=np.int64)
    places = Destinations(size, width, 1.0, 1.0, 10.0)
    all_of_them = places.choose(origins, seed, "test.gravity")
    assert (size[all_of_them] > 0).all()
    some = places.choose(origins, seed, "test.gravity", who=origins % 2 == 0)
    assert (some[::2] == all_of_them[::2]).all() and (some[1::2] == -1).all()
