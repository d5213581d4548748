"""Who leaves the city and who enters it, at the end of a tick: people wait in the model's queues until then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.people.homes import relink

if TYPE_CHECKING:
    from sim.model import CityModel


def check(model: CityModel, keys, columns: dict[str, Any]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return keys and columns of people who are to enter as arrays; raises where they cannot be."""
    r = model.residents
    keys = np.atleast_1d(np.asarray(keys)).astype(np.uint64)
    unknown = sorted(set(columns) - (set(r.declared) - {"id", "key", "alive", "next_member", "home", "area"}))
    if unknown:
        raise KeyError(f"residents who enter cannot be given a column {unknown[0]!r}")
    if "dwelling" not in columns:
        raise KeyError("residents who enter need a dwelling")
    out = {}
    for name, value in columns.items():
        width, dtype = r.declared[name].width, r.declared[name].dtype
        out[name] = np.broadcast_to(value, (len(keys), width) if width else (len(keys),)).astype(dtype)
    model.dwellings.rows(out["dwelling"])
    return keys, out


def leave(model: CityModel) -> None:
    """Take the dead and those who move away out of their households and out of the city."""
    leaving, model._leaving = model._leaving, []
    r, d = model.residents, model.dwellings
    for ids, name in leaving:
        rows = r.rows(np.unique(ids))
        rows = rows[r["alive"][rows]]
        r.remove(rows)
        homes = r["dwelling"][rows]
        relink(r, d, homes[homes >= 0])
        r["next_member"][rows] = -1
        if "cell" in r:
            r["cell"][rows] = -1
            r["activity"][rows] = 7
        model._turnover[name] = model._turnover.get(name, 0) + len(rows)


def enter(model: CityModel) -> None:
    """Admit everybody who waits, in the order of keys: nobody's id depends on who was queued first."""
    entering, model._entering = model._entering, []
    keys = np.concatenate([part[0] for part in entering])
    declared = model.residents.declared
    columns = {}
    for name in sorted({name for _, _, given in entering for name in given}):
        column = declared[name]
        parts = []
        for mine, _, given in entering:
            shape = (len(mine), column.width) if column.width else (len(mine),)
            parts.append(given[name] if name in given else np.full(shape, column.default, column.dtype))
        columns[name] = np.concatenate(parts)
    order = np.argsort(keys, kind="stable")
    for mine, name, _ in entering:
        model._turnover[name] = model._turnover.get(name, 0) + len(mine)
    admit(model, model.take_ids(len(keys)), keys[order], {name: values[order] for name, values in columns.items()})


def admit(model: CityModel, ids: np.ndarray, keys: np.ndarray, columns: dict[str, np.ndarray]) -> None:
    """Add residents with a dwelling; every mechanism gives them its first values."""
    r, d = model.residents, model.dwellings
    cell = d["cell"][d.rows(columns["dwelling"])]
    rows = r.add(ids, keys, **columns, home=cell, area=model.city.area[cell])
    relink(r, d, columns["dwelling"])
    for mechanism in model.welcoming:
        model.act(mechanism, lambda model, mechanism=mechanism: mechanism.welcome(model, rows))
    model.levers.refresh(model._sizes())
    if model._grid is not None:
        model._grid.moved()
