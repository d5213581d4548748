"""What prison does to people: programmes and treatment, what is unlearned, and what is learned from the others.

Nothing here says what prison does to reoffending: that follows from self-control, criminal capital, work and ties.
"""

from __future__ import annotations

import numpy as np

from sim.draws import uniforms
from sim.drugs.tables import insert, keep, position

STAY = {"id": "i8", "since": "i4", "served": "?", "treated": "i2"}  # inmates; days in a therapeutic community
MIND = {"id": "i8", "gain": "f8", "loss": "f8"}  # self-control gained in programmes, lost inside
DONE = -1  # of `treated`
MOST_YEARS = 3  # of prisonisation


def by_stay(model, name: str, since: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """One draw for each stay inside, the same whenever it is asked for."""
    out = np.empty(len(rows))
    key = model.residents["key"][rows]
    for tick in np.unique(since):
        here = since == tick
        out[here] = uniforms(model.seed, f"corrections.{name}", int(tick), key[here])
    return out


def learn(model, p, stays: dict, minds: dict, turn: np.ndarray) -> None:
    """A week of programmes and of prison life for those whose turn it is (bool by position)."""
    who = np.flatnonzero(turn)
    ids = stays["id"][who]
    new = ids[position(minds, ids) < 0]
    insert(minds, dict(id=new))
    at = position(minds, ids)
    rows = model.residents.rows(ids)
    minds["loss"][at] = np.minimum(minds["loss"][at] + p.prisonisation * 7 / 365, MOST_YEARS * p.prisonisation)
    wanted = p.programmes + model.levers["prison_programmes"]
    enrolled = stays["served"][who] & (by_stay(model, "course", stays["since"][who], rows) < wanted)
    step = p.course_gain * min(1.0, 7 / p.course_days)
    minds["gain"][at[enrolled]] = np.minimum(minds["gain"][at[enrolled]] + step, p.course_gain)


def treat(model, p, stays: dict, turn: np.ndarray) -> np.ndarray:
    """A week of the therapeutic community; returns ids of those who complete it."""
    r = model.residents
    if "use" not in r:
        return stays["id"][:0]
    who = np.flatnonzero(turn & stays["served"] & (stays["treated"] != DONE))
    rows = r.rows(stays["id"][who])
    joins = by_stay(model, "community", stays["since"][who], rows) < model.levers["therapeutic_community"]
    treated = who[joins & (r["use"][rows] == 2)]
    stays["treated"][treated] += 7
    over = treated[stays["treated"][treated] >= p.community_days]
    stays["treated"][over] = DONE
    ids = stays["id"][over]
    return ids[by_stay(model, "completes", stays["since"][over], r.rows(ids)) < p.community_stay]


def forget(model, p, minds: dict, turn: np.ndarray, kept: np.ndarray) -> None:
    """A week outside: what was gained or lost inside fades, except the gains of those in aftercare (`kept`: bool)."""
    fade = 0.5 ** (7 / p.skills_half_life)
    minds["loss"][turn] *= fade
    minds["gain"][turn & ~kept] *= fade


def drop_forgotten(model, minds: dict, stays: dict) -> np.ndarray:
    """Leave out the dead and those outside in whom nothing is left; returns the ids of the latter."""
    rows = model.residents.find(minds["id"])
    here = (rows >= 0) & model.residents["alive"][np.maximum(rows, 0)]
    little = (minds["gain"] < 0.003) & (minds["loss"] < 0.003) & (position(stays, minds["id"]) < 0)
    gone = minds["id"][here & little]
    keep(minds, here & ~little)
    return gone


def contacts(model, p, stays: dict, turn: np.ndarray) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Criminal capital that those whose turn it is take over from the others inside: (column, ids, amounts)."""
    r, n = model.residents, len(stays["id"])
    if n < 2 or not turn.any():
        return []
    rows, out = r.rows(stays["id"]), []
    for column in ("capital_property", "capital_violence"):
        if column in r:
            own = r[column][rows].astype(float)
            others = (own.sum() - own[turn]) / (n - 1)
            out.append((column, stays["id"][turn], p.contacts * others))
    return out
