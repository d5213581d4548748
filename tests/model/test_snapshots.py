"""A snapshot is a value: nothing that happens later to its model, or to models restored from it, changes it."""

import copy
import pickle

import numpy as np
import pytest
from watched_town import SPEC

from sim import registry
from sim.model import CityModel
from sim.spec import build, merge

registry.load()
ARMS = {name: {"start": 3} for name in sorted(registry.INTERVENTIONS)}
LIVE = merge(SPEC, {"city": {"residents": 800}, "intervention": ARMS})


def content(value):
    """A nested value as bytes and text, so that two moments can be compared."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {str(k): content(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [content(v) for v in value]
    return repr(value)


def state(model):
    saved = model.snapshot()
    return content({k: v for k, v in saved.items() if k not in ("city", "spec")})


@pytest.fixture(scope="module")
def model():
    made = CityModel(build(LIVE))
    made.run_days(8)
    for _ in range(2):  # a snapshot may be taken between any two ticks
        made.step()
    return made


def test_a_snapshot_does_not_change_with_what_happens_later(model):
    saved = model.snapshot()
    layers = content(dict(saved["city"].layers))
    before = content({k: v for k, v in saved.items() if k not in ("city", "spec")})
    first = CityModel.restore(saved)
    ends = []
    for run in (model, first, CityModel.restore(saved)):
        run.run_days(30)  # until the dead are tidied away and a month's end has passed
        ends.append(state(run))
        after = content({k: v for k, v in saved.items() if k not in ("city", "spec")})
        assert [k for k in before if before[k] != after[k]] == []
        assert content(dict(saved["city"].layers)) == layers, "the shared city has changed"
    assert ends[0] == ends[1] == ends[2], "restored models run as the original"
    assert len(model.log) > 200 and model.residents.epoch > 0


@pytest.mark.parametrize("how", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_a_copied_model_goes_its_own_way(how):
    one = CityModel(build(LIVE))
    one.run_days(5)
    other, now = how(one), state(one)
    other.run_days(3)
    assert state(one) == now, "what the copy does has changed the original"
    one.run_days(3)
    assert state(one) == state(other)


def test_a_snapshot_in_words_of_bytes_restores_as_well(model):
    saved = pickle.loads(pickle.dumps(model.snapshot()))
    again, straight = CityModel.restore(saved), CityModel.restore(model.snapshot())
    for run in (again, straight):
        run.run_days(2)
    assert state(again) == state(straight)


def test_models_that_share_a_city_do_not_meet(model):
    """Two runs on one built city leave each other and the city alone."""
    spec = build(merge(LIVE, {"intervention": {}}))
    alone = CityModel(spec)
    alone.run_days(4)
    first, second = CityModel(spec, city=model.city), CityModel(spec, city=model.city)
    first.run_days(6)
    second.run_days(4)
    assert state(second) == state(alone)
