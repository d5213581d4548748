"""What must hold in every state of a city between two ticks, whatever has happened to its people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sim.model import CityModel

POPULATIONS = ("residents", "guardians", "dwellings")
CELLS = ("home", "shop_nodes", "bar_node", "visit_node")  # columns of residents that always name a cell
MAYBE_CELLS = ("anchor", "cell")  # -1: none
PEOPLE = ("ties", "mother", "spouse", "next_member")  # columns of residents that name people


def check(model: CityModel) -> list[str]:
    """Return a line for everything that is impossible; an empty list when all is well."""
    return [*_ranges(model), *_layers(model), *_references(model), *_households(model), *_custody(model)]


def _fault(name: str, values: np.ndarray, low, high) -> list[str]:
    values = np.asarray(values)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return [f"{name} is not finite"]
    bad = (low is not None and (values < low).any()) or (high is not None and (values > high).any())
    return [f"{name}: {values.min()} to {values.max()} lies outside {low} to {high}"] if bad else []


def _ranges(model) -> list[str]:
    bad = []
    for name in POPULATIONS:
        population = getattr(model, name)
        alive = population["alive"]
        for column, declared in population.declared.items():
            bad += _fault(f"{name}.{column}", population[column][alive], declared.low, declared.high)
    return bad


def _layers(model) -> list[str]:
    bad = []
    for mechanism in model.mechanisms.values():
        for layer, declared in mechanism.layers.items():
            bad += _fault(f"layers.{layer}", model.layers[layer], declared.low, declared.high)
    return bad


def _references(model) -> list[str]:
    r, cells, bad = model.residents, model.city.grid.cells, []
    alive = r["alive"]
    for column in (*CELLS, *MAYBE_CELLS):
        if column in r:
            least = 0 if column in CELLS else -1
            bad += _fault(f"residents.{column}", r[column][alive], least, cells - 1)
    for column in PEOPLE:
        if column in r:
            bad += _fault(f"residents.{column}", r[column][alive], -1, r.row_of.size - 1)
    if len(np.unique(r["id"])) != len(r) or len(np.unique(r["key"])) != len(r):
        bad.append("residents: an id or a key is given twice")
    if (r.row_of[r["id"]] != np.arange(len(r))).any():
        bad.append("residents: ids do not lead to their rows")
    if (model.city.area[r["home"][alive]] != r["area"][alive]).any():
        bad.append("residents.area is not that of the home")
    return bad


def _households(model) -> list[str]:
    """Each living resident is in exactly one list, that of his dwelling, which stands where his home is."""
    r, d, bad = model.residents, model.dwellings, []
    seen = np.zeros(len(r), np.int64)
    at = d["first_member"].astype(np.int64)
    home = np.arange(len(d))
    for _ in range(len(r) + 1):  # all lists are followed at once, one member further each time
        home, at = home[at >= 0], at[at >= 0]
        if not len(at):
            break
        rows = r.find(at)
        if (rows < 0).any():
            return [*bad, "a household names somebody who is gone"]
        np.add.at(seen, rows, 1)
        if (seen > 1).any():
            return [*bad, "somebody is in a household twice"]
        if (d.find(r["dwelling"][rows]) != home).any():
            bad.append("somebody is in the household of another dwelling")
        at = r["next_member"][rows].astype(np.int64)
    alive = r["alive"]
    if (seen[alive] != 1).any():
        bad.append(f"{int((seen[alive] != 1).sum())} residents are in no household")
    if seen[~alive].any():
        bad.append("a household holds the dead")
    rows = d.find(r["dwelling"][alive])
    if (rows < 0).any() or (d["cell"][rows] != r["home"][alive]).any():
        bad.append("residents.home is not where the dwelling stands")
    return bad


def _custody(model) -> list[str]:
    justice = model.mechanisms.get("justice")
    if justice is None or not justice.params.enabled or "inmates" not in justice.state:
        return []
    r, s, bad = model.residents, justice.state, []
    rows = r.find(s["inmates"])
    here = (rows >= 0) & r["alive"][rows]
    if (r["custody_until"][rows[here]] != s["until"][here]).any():
        bad.append("custody_until differs from the list of inmates")
    inside = r["alive"] & (r["custody_until"] > model.tick)
    if not np.isin(r["id"][inside], s["inmates"]).all():
        bad.append("somebody in custody is not on the list of inmates")
    if s["entered"] != s["released"] + s["died"] + len(s["inmates"]):
        bad.append("entries into custody are not releases, deaths and inmates")
    return bad
