"""Asking residents which place near them is the worst: who is asked, who answers, what they can know.

People name places they know: around their home, where they shop, go out, work or learn. They judge by what can be
seen there (signs of disorder, vacant lots, darkness) and by what happened to themselves, reported or not. Not everybody
answers: trust in institutions and worry decide who is heard (Skogan, 2004; Herbert, 2005: direction).
"""

from __future__ import annotations

import numpy as np

from sim.draws import uniforms
from sim.interventions import selection
from sim.records import CODE

AROUND = (-1, 0, 1)
ADULT = 16


def respondents(model, name: str, asked: float = 0.05, response: float = 0.5, by_trust: float = 2.0,
                by_worry: float = 0.0, women: bool = False) -> np.ndarray:
    """Rows of those who are asked and answer, in the order of their keys.

    Parameters
    ----------
    name : str
        Name of the intervention, for the draws.
    asked : float
        Share of the adults who are asked.
    response : float
        Share who answer at the mean trust and fear of residents.
    by_trust, by_worry : float
        Rise of the log odds of answering per unit of trust and of fear.
    women : bool
        Ask women only.
    """
    r = model.residents
    ok = selection.reachable(model) & (model.age() >= ADULT)
    if women:
        ok &= r["sex"] == 0
    rows = np.flatnonzero(ok)
    rows = rows[np.argsort(r["key"][rows])]
    keys = r["key"][rows]
    rows = rows[uniforms(model.seed, f"{name}.asked", model.tick, keys) < asked]
    # Deviations from round figures, not from the sample's mean: one person's answer never depends on another's.
    logit = (np.log(response / (1 - response)) + by_trust * (r["trust"][rows].astype(float) - 0.6)
             + by_worry * (r["fear"][rows].astype(float) - 0.2))
    return rows[uniforms(model.seed, f"{name}.answers", model.tick, r["key"][rows]) < 1 / (1 + np.exp(-logit))]


def known_places(model, rows: np.ndarray) -> np.ndarray:
    """Cells that each of the residents knows (int32[residents, places]); -1 where there is none."""
    r, grid = model.residents, model.city.grid
    home = r["home"][rows].astype(np.int64)
    x, y = home % grid.width, home // grid.width
    near = [np.where((x + i >= 0) & (x + i < grid.width) & (y + j >= 0) & (y + j < grid.height),
                     home + i + j * grid.width, -1) for j in AROUND for i in AROUND]
    cells = np.stack([*near, *r["shop_nodes"][rows].T, r["bar_node"][rows], r["anchor"][rows]], axis=1)
    street = np.zeros(grid.cells, bool)
    street[selection.street_cells(model)] = True
    return np.where((cells >= 0) & street[np.maximum(cells, 0)], cells, -1).astype(np.int32)


def unsafe_look(model) -> np.ndarray:
    """How bad each cell looks to a passer-by: signs of disorder, vacant lots, dark streets (float64[cells])."""
    layers, levers = model.layers, model.levers
    signs = layers["disorder"].astype(float) + layers.get("vacant_lots", 0)
    return np.log1p(signs * (1 - np.minimum(levers["cleaned"], 1))) + (1 - layers["light"]) - levers["light"]


def named(model, name: str, days: int = 365, harassment: bool = False, **who) -> np.ndarray:
    """Voices for every cell as the worst that a respondent knows (int64[cells]).

    Parameters
    ----------
    days : int
        What respondents remember of what happened to themselves.
    harassment : bool
        Count harassment only (a survey of safety in public space) instead of all crime with a victim.
    **who
        Settings of :func:`respondents`.
    """
    r, rows = model.residents, respondents(model, name, **who)
    voices = np.zeros(model.city.grid.cells, np.int64)
    if not len(rows):
        return voices
    cells = known_places(model, rows)
    keys = r["key"][rows]
    places = range(cells.shape[1])
    taste = np.stack([uniforms(model.seed, f"{name}.taste", model.tick, keys, k) for k in places], axis=1)
    felt = unsafe_look(model)[np.maximum(cells, 0)] + 0.5 * taste + _suffered(model, rows, cells, days, harassment)
    felt[cells < 0] = -np.inf
    best = cells[np.arange(len(rows)), np.argmax(felt, axis=1)]
    np.add.at(voices, best[best >= 0], 1)
    return voices


def _suffered(model, rows: np.ndarray, cells: np.ndarray, days: int, harassment: bool) -> np.ndarray:
    """Log of one plus what happened to the respondents at each of the places they know."""
    log, events = model.log, selection.events_since(model, days)
    kind, victim, at = log["type"][events], log["victim_id"][events], log["cell"][events]
    mine = (victim >= 0) & ((kind == CODE["harassment"]) if harassment else (kind != CODE["drugs"]))
    mine &= np.isin(victim, model.residents["id"][rows])
    count = np.zeros(cells.shape)
    if mine.any():
        ids = model.residents["id"][rows]
        order = np.argsort(ids)
        who = order[np.searchsorted(ids[order], victim[mine])]
        hit = cells[who] == at[mine][:, None]
        np.add.at(count, who, hit)
    return 2.0 * np.log1p(count)
