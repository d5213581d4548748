"""Every mechanism can be switched off, alone or with all others, and the model still runs and stays in its ranges."""

import numpy as np
import pytest
from test_conservation import out_of_range
from watched_town import SPEC

from sim import registry
from sim.model import CityModel
from sim.records import CODE
from sim.spec import build, merge

registry.load()
MECHANISMS = sorted(registry.MECHANISMS)
DAYS = 31  # a month's end is in it


def run(off, days=DAYS, **changes):
    spec = merge(SPEC, {"city": {"residents": 600}, "mechanism": {name: {"enabled": False} for name in off}})
    model = CityModel(build(merge(spec, changes)))
    model.run_days(days)
    return model


@pytest.mark.parametrize("off", [(), *((name,) for name in MECHANISMS), tuple(MECHANISMS)], ids="+".join)
def test_the_model_runs_without(off):
    model = run(off)
    assert out_of_range(model) == []
    kinds = model.log["type"]
    crime = kinds[~np.isin(kinds, [CODE["drugs"], CODE["harassment"], CODE["extortion"]])]
    if "offending" in off:
        assert len(crime) == 0
    elif "routines" not in off:
        assert len(crime) > 20
    if "drugs" in off:
        assert (kinds != CODE["drugs"]).all() and not model.residents["use"].any()
    if "justice" in off:
        assert not model.residents["arrests"].any() and not model.log["recorded"].any()
    if "reactions" in off:
        assert not model.log["reported"].any() and not model.residents["victimisations"].any()
    if "patrol" in off:
        assert len(model.visits) == 0
    again = run(off, days=3)
    for name in ("offender_id", "minute", "cell"):
        n = len(again.log)
        np.testing.assert_array_equal(again.log[name], model.log[name][:n])


def test_everything_off_leaves_everybody_as_he_was():
    off = CityModel(build(merge(SPEC, {"mechanism": {name: {"enabled": False} for name in MECHANISMS}})))
    before = off.residents.snapshot()
    off.run_days(8)
    assert len(off.log) == 0
    for name, values in off.residents.snapshot().items():
        np.testing.assert_array_equal(values, before[name], err_msg=name)


@pytest.mark.parametrize("name", MECHANISMS)
def test_a_mechanism_can_be_switched_off_after_the_warm_up_and_on_again(name):
    """Arms may differ in mechanisms from the day they part."""
    warm = run((), days=10)
    saved = warm.snapshot()
    without = CityModel.restore(saved, warm.spec.with_(mechanism={name: {"enabled": False}}))
    without.run_days(4)
    assert out_of_range(without) == []
    back = CityModel.restore(without.snapshot(), warm.spec)
    back.run_days(4)
    assert out_of_range(back) == []


@pytest.mark.parametrize("name", MECHANISMS)
def test_a_mechanism_can_start_after_a_warm_up_without_it(name):
    cold = run((name,), days=10)
    late = CityModel.restore(cold.snapshot(), cold.spec.with_(mechanism={name: {"enabled": True}}))
    late.run_days(4)
    assert out_of_range(late) == []


@pytest.mark.parametrize("hours", [1, 6, 24])
def test_ticks_may_be_longer_or_shorter(hours):
    model = run((), days=8, tick_hours=hours)
    assert out_of_range(model) == [] and len(model.log) > 10
    slot = model.log["tick"] % model.calendar.ticks_per_day
    assert (model.log["minute"] // (60 * hours) == slot).all()
