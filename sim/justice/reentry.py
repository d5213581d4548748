"""After release: aftercare, work, and what becomes of people within a year."""

from __future__ import annotations

import numpy as np

from sim.draws import uniforms
from sim.drugs.tables import insert, keep, position
from sim.sets import among

HELP = {"id": "i8", "until": "i4"}
PAST = {"id": "i8", "day": "i4", "again": "i4"}  # releases: day, days until the next arrest (-1 none so far)
YEAR = 365
WORKER, JOBLESS = 3, 5
WORKING_AGE = 16, 65


def help_(table: dict, ids: np.ndarray, until: np.ndarray) -> None:
    """Give help to people (ids without repetition) until a tick."""
    at = position(table, ids)
    old = at >= 0
    table["until"][at[old]] = until[old]
    insert(table, dict(id=ids[~old], until=until[~old]))


def end(model, table: dict) -> np.ndarray:
    """Take out those whose help is over, who are inside again or gone; returns their ids but those of the dead."""
    r = model.residents
    rows = r.find(table["id"])
    here = (rows >= 0) & r["alive"][np.maximum(rows, 0)]
    stay = here & (table["until"] > model.tick) & (r["custody_until"][np.maximum(rows, 0)] <= model.tick)
    out = table["id"][here & ~stay]
    keep(table, stay)
    return out


def jobless(model, rows: np.ndarray) -> np.ndarray:
    """True for people of working age without a job, as the economy has it."""
    r = model.residents
    age = (model.day - r["birth_day"][rows]) / 365.0
    return (r["routine"][rows] == JOBLESS) & (age >= WORKING_AGE[0]) & (age < WORKING_AGE[1])


def find_work(model, p, followed: dict, placements: dict, turn: np.ndarray) -> None:
    """Aftercare finds work for some of the jobless whose weekly turn it is, until it ends."""
    ids, until = followed["id"][turn], followed["until"][turn]
    if not len(ids):
        return
    rows = model.residents.rows(ids)
    draw = uniforms(model.seed, "corrections.help_job", model.tick, model.residents["key"][rows])
    found = jobless(model, rows) & (draw < p.help_job) & (position(placements, ids) < 0)
    help_(placements, ids[found], until[found])


def keep_at_work(model, ids: np.ndarray) -> None:
    """Ask the economy to let those who are given work work, should it count them among the jobless."""
    out = ids[jobless(model, model.residents.rows(ids))]
    if len(out):
        model.propose("residents", "routine", out, WORKER, op="set")


def follow_up(past: dict, ids: np.ndarray, day: int) -> None:
    """Note releases; a person may be in the table more than once."""
    new = dict(id=ids, day=np.full(len(ids), day), again=np.full(len(ids), -1))
    order = np.lexsort((np.concatenate([past["day"], new["day"]]), np.concatenate([past["id"], new["id"]])))
    for name, dtype in PAST.items():
        past[name] = np.concatenate([past[name], new[name]]).astype(dtype)[order]


def rearrested(past: dict, ids: np.ndarray, day: int) -> None:
    """Note the first arrest after each release; forget releases of two years ago."""
    keep(past, past["day"] > day - 2 * YEAR)
    hit = (past["again"] < 0) & among(past["id"], ids)
    past["again"][hit] = day - past["day"][hit]


def year_later(past: dict, day: int) -> dict[str, float]:
    """Releases between one and two years ago, and how many of these people were arrested within a year of them."""
    due = past["day"] <= day - YEAR
    due &= past["day"] > day - 2 * YEAR
    again = due & (past["again"] >= 0) & (past["again"] < YEAR)
    return {"corrections.year_after_release": float(due.sum()), "corrections.rearrested": float(again.sum())}
