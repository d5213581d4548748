"""What interventions and shocks plan: the last act of a day, which puts tomorrow's contributions on the levers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.interventions.contract import Intervention
    from sim.model import CityModel
    from sim.spec import RunSpec


def plan_tomorrow(model: CityModel, plans: Iterable[Intervention]) -> None:
    """Let interventions and shocks put tomorrow's contributions on the levers, in the order of their names.

    The clock already stands at tomorrow's first tick, as it does for a model restored there, so that draws agree.
    """
    tomorrow, doses, costs = model.day, {}, model._costs
    for intervention in sorted(plans, key=lambda i: i.name):
        p = intervention.params
        if p.start <= tomorrow < p.end:
            if not intervention.state.get("begun"):
                intervention.state["begun"] = True
                intervention.begin(model)
            doses[intervention.name] = dose = intervention.dose(tomorrow)
            intervention.apply(model, dose)
            costs[f"cost.{intervention.name}"] = float(intervention.cost(model, dose))
        elif intervention.state.get("begun") and not intervention.state.get("over"):
            intervention.state["over"] = True
            model.levers.withdraw(intervention.name)
            costs[f"cost.{intervention.name}"] = 0.0
    if model.spec.budget and doses:
        _keep_within_budget(model, tomorrow, doses)


def _keep_within_budget(model: CityModel, day: int, doses: Mapping[str, float]) -> None:
    """Plan the day again, with doses that the common budget can pay for."""
    costs = model._costs
    factor = model.purse.factor(day, sum(costs[f"cost.{name}"] for name in doses))
    if factor == 1.0:
        return
    for name, dose in doses.items():
        if costs[f"cost.{name}"]:  # what costs nothing needs no money
            model._plans[name].apply(model, dose * factor)
            costs[f"cost.{name}"] = float(model._plans[name].cost(model, dose * factor))


def fresh(model: CityModel, snapshot: Mapping[str, Any] | None) -> list[Intervention]:
    """Interventions and shocks that are new or have new settings since the snapshot: they are planned anew."""
    spec, old = model.spec, snapshot["spec"] if snapshot else None
    if old is None or _money(spec) != _money(old):  # they share the money
        return list(model._plans.values())
    known = {**old.intervention, **old.shock}
    return [i for name, i in model._plans.items() if i.params != known.get(name)]


def _money(spec: RunSpec) -> tuple:
    """What the doses of a day depend on besides the interventions' own settings."""
    return spec.budget, spec.spend_all, dict(spec.intervention) if spec.budget else None
