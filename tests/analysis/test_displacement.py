import math

import numpy as np
import pytest

from analysis import displacement as dp


@pytest.mark.parametrize(
    "after, wdq, total, reading",
    [(20, 1.0, 20, "diffusion"), (30, 0.0, 10, "neither"), (36, -0.6, 4, "smaller"), (45, -1.5, -5, "erased")],
)
def test_quotient(after, wdq, total, reading):
    q = dp.displacement_quotient((20, 10), (30, after), (20, 20))
    assert (q.success, q.gross, q.net) == (-0.5, 10, 0.5)
    assert q.wdq == pytest.approx(wdq)
    assert q.total_net == pytest.approx(total)
    assert reading in q.reading


def test_the_quotient_is_not_defined_without_a_fall_in_the_target():
    q = dp.displacement_quotient((20, 22), (30, 36), (20, 20))
    assert q.success == pytest.approx(0.1)
    assert q.buffer / q.success == pytest.approx(3.0)  # what an unguarded quotient would print as diffusion
    assert math.isnan(q.wdq)
    assert q.reading == "not defined: no fall in target"
    assert q.total_net == pytest.approx(-8)


@pytest.mark.parametrize("control", [(0, 5), (5, 0), (0, 0)])
def test_an_empty_control_leaves_only_the_difference(control):
    q = dp.displacement_quotient((20, 10), (30, 20), control)
    assert math.isnan(q.wdq) and math.isnan(q.net) and q.gross == 10
    assert q.reading.startswith("not defined")
    assert math.isfinite(dp.weighted_displacement_difference((20, 10), control).total.estimate)


def test_weighted_displacement_difference():
    w = dp.weighted_displacement_difference((20, 10), (20, 20), (30, 20), (30, 30))
    assert (w.local.estimate, w.displacement.estimate, w.total.estimate) == (-10, -10, -20)
    assert w.local.se == pytest.approx(8.367, abs=5e-4)
    assert w.displacement.se == pytest.approx(10.488, abs=5e-4)
    assert w.total.se == pytest.approx(13.416, abs=5e-4)
    assert w.total.z == pytest.approx(-1.491, abs=5e-4)
    low, high = w.total.interval()
    assert low < -20 < high and high - low == pytest.approx(2 * 1.959964 * w.total.se, rel=1e-6)
    assert w.warning == "" and dp.weighted_displacement_difference((2, 1), (20, 20)).warning


def test_harm_weighted_difference():
    w = dp.weighted_displacement_difference((20, 10), (20, 20))
    harm = dp.harm_weighted_difference([w, w], [2, 3])
    assert harm.estimate == -50
    assert harm.se == pytest.approx(w.total.se * math.sqrt(13))


def test_true_displacement_from_the_counterfactual():
    baseline, arm = np.array([10.0, 10, 5, 5, 8]), np.array([4.0, 10, 7, 4, 8])
    target, buffer = [0, 1], [2, 3]
    assert dp.true_displacement_share(baseline, arm, target, buffer) == pytest.approx(2 / 6)
    assert dp.net_displacement_share(baseline, arm, target, buffer) == pytest.approx(1 / 6)
    assert math.isnan(dp.true_displacement_share(baseline, baseline, target, buffer))
    assert math.isnan(dp.net_displacement_share(arm, baseline, target, buffer))


def test_ring():
    treated = np.zeros(25, bool)
    treated[12] = True
    near = dp.ring(treated, 5, 5, 0, 1)
    assert sorted(np.flatnonzero(near)) == [7, 11, 13, 17]
    assert not dp.ring(np.zeros(25, bool), 5, 5).any()
