"""Saving the whole state of a model between two ticks, and going on from it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sim.errors import SpecError

if TYPE_CHECKING:
    from sim.model import CityModel
    from sim.spec import RunSpec

POPULATIONS = ("residents", "dwellings", "guardians")
KEPT = ("city", "tick_hours", "burn_in_years", "start_date")  # what a continued run cannot change


def snapshot(model: CityModel) -> dict[str, Any]:
    """Copy the state; the city itself is shared."""
    return dict(
        tick=model.tick,
        next_id=model.next_id,
        city=model.city,
        spec=model.spec,
        day_start=model._day_start,
        turnover=dict(model._turnover),
        costs=dict(model._costs),
        purse=dict(model.purse.state),
        populations={name: getattr(model, name).snapshot() for name in POPULATIONS},
        layers={layer: model.layers[layer].copy() for kind, layer in model.owner if kind == "layers"},
        state={name: copy.deepcopy(m.state) for name, m in model.mechanisms.items()},
        interventions={name: copy.deepcopy(i.state) for name, i in model._plans.items()},
        levers=model.levers.snapshot(),
        log=model.log.snapshot(),
        series=model.series.snapshot(),
        pending=(list(model._proposals), list(model._leaving), list(model._entering)),
    )


def check(spec: RunSpec, old: RunSpec) -> None:
    """Raise SpecError when a specification cannot go on from a snapshot of the old one."""
    if any(getattr(spec, name) != getattr(old, name) for name in KEPT):
        raise SpecError("a snapshot can only be continued with the same city, tick_hours, burn_in_years and start_date")


def load(model: CityModel, saved: Mapping[str, Any]) -> None:
    """Put the state of a snapshot into a model that has just been built."""
    model.tick, model.next_id, model._day_start = saved["tick"], saved["next_id"], saved["day_start"]
    model._turnover.update(saved["turnover"])
    model._costs.update({k: v for k, v in saved["costs"].items() if k.removeprefix("cost.") in model._plans})
    for name, population in saved["populations"].items():
        getattr(model, name).restore(population)
    model.residents.reserve(model.next_id)  # others still name those who have died
    for layer, array in saved["layers"].items():
        if layer in model.layers:
            model.layers[layer] = array.copy()
    for name, state in saved["state"].items():
        if name in model.mechanisms:
            model.mechanisms[name].state = copy.deepcopy(state)
    model.purse.state.update(saved.get("purse", {}))
    for name, state in saved["interventions"].items():
        if name in model._plans:
            model._plans[name].state = copy.deepcopy(state)
    model.levers.refresh(model._sizes())
    levers = saved["levers"].items()
    model.levers.restore({lever: {s: v for s, v in given.items() if s in model._plans} for lever, given in levers})
    model.log.restore(saved["log"])
    model.series.restore(saved["series"])
    # What was asked for between two ticks happens in the next one.
    model._proposals, model._leaving, model._entering = (list(queue) for queue in saved["pending"])
