"""Disputes between sellers at a place: Goldstein's systemic violence where no group keeps order."""

from __future__ import annotations

import numpy as np

from sim.draws import mix_arrays, uniforms

NEW_DAYS = 45  # a seller is new at his place for so long
SENIORITY = 0.7  # difference of the logarithm of tenures at which precedence is clear


def places_with_disputes(model, sellers: dict, held: np.ndarray, hazard: float) -> tuple[np.ndarray, ...]:
    """Ids of attackers and victims, and cells, of the disputes that break out tomorrow.

    A place quarrels at most once a day, however many stand there: the newest seller and one of the others, if it is
    not clear who was there first (Reuter 2009: markets are violent where claims are unsettled, not where they are
    large). The draw belongs to the place.
    """
    nobody = (np.empty(0, np.int64),) * 3
    ok = np.flatnonzero((sellers["place"] >= 0) & ~held)
    if len(ok) < 2:
        return nobody
    order = ok[np.lexsort((sellers["id"][ok], -sellers["arrived"][ok], sellers["place"][ok]))]
    cells, first, count = np.unique(sellers["place"][order], return_index=True, return_counts=True)
    several = count > 1
    cells, first, count = cells[several].astype(np.int64), first[several], count[several]
    if not len(cells):
        return nobody
    draw = uniforms(model.seed, "drugs.dispute", model.tick, cells)
    other = uniforms(model.seed, "drugs.dispute_with", model.tick, cells)
    newest = order[first]
    against = order[first + 1 + np.floor(other * (count - 1)).astype(np.int64)]
    tenure = model.day - sellers["arrived"]
    unclear = np.exp(-np.log((tenure[against] + 7.0) / (tenure[newest] + 7.0)) / SENIORITY)
    group = model.residents["group"]
    theirs, his = (group[model.residents.rows(sellers["id"][s])] for s in (against, newest))
    several = (his < 0) | (his != theirs)  # a group settles the quarrels of its own
    hit = several & (draw < (1.0 - np.exp(-hazard * np.minimum(unclear, 1.0))) * (tenure[newest] < NEW_DAYS))
    # Either may strike first: the one with less restraint likelier.
    pair = np.empty(int(hit.sum()), np.uint64)
    mix_arrays(sellers["key"][newest[hit]], sellers["key"][against[hit]], pair)
    a, b = sellers["id"][newest[hit]], sellers["id"][against[hit]]
    rows_a, rows_b = model.residents.rows(a), model.residents.rows(b)
    calm = model.residents["self_control"]
    chance = 1.0 / (1.0 + np.exp(calm[rows_a].astype(float) - calm[rows_b]))
    strikes = uniforms(model.seed, "drugs.dispute_first", model.tick, pair) < chance
    return np.where(strikes, a, b), np.where(strikes, b, a), cells[hit]
