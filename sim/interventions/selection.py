"""Choosing places and people on what an authority can know: recorded and believed crime, registers, area statistics.

Everything here is keyed by cell or person, so a choice does not depend on how rows are stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.draws import uniforms

if TYPE_CHECKING:
    from sim.model import CityModel

NIGHT = (20 * 60, 6 * 60)  # minutes of the day between which it counts as night


def street_cells(model: CityModel) -> np.ndarray:
    """Cells of the city with a street, int32 in ascending order; all cells of the city where none has one."""
    inside = model.city.area >= 0
    street = inside & (model.layers["street"] > 0)
    return np.flatnonzero(street if street.any() else inside).astype(np.int32)


def share_of(cells: np.ndarray, share: float) -> int:
    """Number of cells in a share of them, at least one."""
    return min(len(cells), max(1, round(share * len(cells)))) if len(cells) else 0


def top(model: CityModel, name: str, cells: np.ndarray, score: np.ndarray, count: int) -> np.ndarray:
    """The `count` cells with the highest score; equals are put in an order drawn for the decision ``<name>.ties``.

    Parameters
    ----------
    name : str
        Name of the intervention.
    cells : int array
    score : array
        One value for each of `cells`.
    """
    ties = uniforms(model.seed, f"{name}.ties", model.tick, cells)
    return np.sort(cells[np.lexsort((cells, ties, -np.asarray(score, float)))[:count]])


def halve(model: CityModel, name: str, keys: np.ndarray) -> np.ndarray:
    """True for the treated half in a trial: the half (rounded up) with the lowest draws of ``<name>.lottery``."""
    u = uniforms(model.seed, f"{name}.lottery", model.tick, keys)
    treated = np.zeros(len(keys), bool)
    treated[np.lexsort((keys, u))[: (len(keys) + 1) // 2]] = True
    return treated


def events_since(model: CityModel, days: int) -> slice:
    """Events of the log in the last `days` days."""
    first = model.tick - days * model.calendar.ticks_per_day
    return slice(int(np.searchsorted(model.log["tick"], first)), len(model.log))


def count_by_cell(model: CityModel, events: slice, which: np.ndarray) -> np.ndarray:
    """Events of a slice that pass the mask, by cell: int64[cells]."""
    return np.bincount(model.log["cell"][events][which], minlength=model.city.grid.cells)


def at_night(minute: np.ndarray) -> np.ndarray:
    """True for minutes of the day between 20:00 and 06:00."""
    return (minute >= NIGHT[0]) | (minute < NIGHT[1])


def poor_areas(model: CityModel, share: float) -> np.ndarray:
    """Mask of the poorest neighbourhoods that together hold at least this share of the residents (bool[areas]).

    Poverty is the published rate of the area statistics (`poverty_rate`), the only thing a programme office has.
    """
    r, areas = model.residents, len(model.city.areas)
    area = r["area"][r["alive"]]
    people = np.bincount(area[area >= 0], minlength=areas)[:areas]
    rate = model.city.areas.columns.get("poverty_rate")
    rate = np.zeros(areas) if rate is None else np.nan_to_num(np.asarray(rate, float), nan=0.0)
    order = np.lexsort((np.arange(areas), -rate))
    before = np.concatenate([[0], np.cumsum(people[order])[:-1]])
    poor = np.zeros(areas, bool)
    poor[order[before < share * people.sum()]] = True
    return poor


def reachable(model: CityModel) -> np.ndarray:
    """Residents who can take part: alive and not in custody (bool by row)."""
    r = model.residents
    return r["alive"] & (r["custody_until"] <= model.tick)


def present(model: CityModel, ids: np.ndarray) -> np.ndarray:
    """Mask of the given ids: still alive and not in custody."""
    r = model.residents
    rows = r.find(ids)
    return (rows >= 0) & reachable(model)[np.maximum(rows, 0)]
