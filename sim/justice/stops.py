"""Stops of people in public places: a burden on those who are there.

Officers stop more where they believe crime to be, and people they know. Neither income nor area enters: differences
between areas arise from where patrols go, who is about there and who has a record (Ridgeway 2007 on such benchmarks).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, uint64

from sim.draws import decision, mix, uniforms

PUBLIC = (2, 3, 5)  # activities in public: shops, bars, the street
CHOOSE = decision("justice.stop")


@njit(cache=True, nogil=True)
def people_in_public(chunk, lo, hi, marked, activity, cell, hits, counts):
    """Append rows of people in public places of the marked cells.

    marked : uint8[cells]; hits : int32[chunks, capacity]; counts : int64[chunks].
    """
    n = 0
    for i in range(lo, hi):
        c = cell[i]
        if c >= 0 and marked[c]:
            a = activity[i]
            if a == 2 or a == 3 or a == 5:
                hits[chunk, n] = i
                n += 1
    counts[chunk] = n


@njit(cache=True, nogil=True)
def choose_stopped(where, who, hits, hit_cell, weight, key, birth_day, youngest, salt, out):
    """For each stop take a person in the cell, each with a chance in proportion to his weight; -1 without anybody.

    The lowest hash counts when all weigh the same: a race of exponential clocks.

    where : int32[stops] cells; who : uint64[stops] keys of the stops; hits : int32[m] rows sorted by hit_cell;
    weight : float64[m] of the hits; youngest : last birth day of those old enough; out : int64[stops] rows.
    """
    for s in range(where.size):
        out[s] = -1
        best = math.inf
        j = np.searchsorted(hit_cell, where[s])
        while j < hits.size and hit_cell[j] == where[s]:
            row = hits[j]
            if birth_day[row] <= youngest:
                u = float(mix(mix(who[s], salt), key[row]) >> uint64(11)) * 2.0**-53
                clock = -math.log1p(-u) / weight[j]
                if clock < best:
                    best = clock
                    out[s] = row
            j += 1


def stop_rates(model, suspicion: float) -> np.ndarray:
    """Expected stops of each of the tick's visits: a part follows what the police believe about the place.

    Ordered visits keep the rate of their order.
    """
    v = model.visits
    rate = np.where((v.start >= 0) & (v.stop_rate > 0), v.stop_rate, 0).astype(float)
    regular = np.flatnonzero((rate > 0) & ~v.ordered)
    believed = model.layers["believed"][v.cell[regular]].astype(float)
    mean = believed.mean() if len(regular) else 0.0
    if mean > 0:
        rate[regular] *= 1 - suspicion + suspicion * believed / mean
    return rate


def stopped(model, min_age: int, known: float = 0.0, suspicion: float = 0.0) -> np.ndarray:
    """Rows of the people stopped during this tick's visits, one for every stop.

    known : how much likelier somebody with a conviction or a label is stopped than others there, besides.
    suspicion : share of stops that follow believed crime.
    """
    v, r = model.visits, model.residents
    rates = stop_rates(model, suspicion)
    now = np.flatnonzero(rates > 0)
    rate = rates[now]
    times = np.floor(rate).astype(int)
    times += uniforms(model.seed, "justice.stops", model.tick, v.key[now]) < rate - times
    now = np.repeat(now, times)
    if not len(now):
        return np.empty(0, np.int64)
    again = (np.arange(len(now)) - np.repeat(np.cumsum(times) - times, times)).astype(np.uint64)
    marked = np.zeros(model.city.grid.cells, np.uint8)
    marked[v.cell[now]] = 1
    hits = np.empty((model.chunks, len(r) // model.chunks + 1), np.int32)
    counts = np.zeros(model.chunks, np.int64)
    model.parallel_indexed(people_in_public, len(r), marked, r["activity"], r["cell"], hits, counts)
    rows = np.concatenate([hits[i, :counts[i]] for i in range(model.chunks)])
    cells = r["cell"][rows]
    order = np.argsort(cells, kind="stable")
    rows, cells = rows[order], cells[order]
    label = np.maximum(r["convictions"][rows] > 0, model.levers["labelled"][rows].astype(float))
    out = np.empty(len(now), np.int64)
    salt = np.uint64(CHOOSE) ^ (np.uint64(model.tick) << np.uint64(20)) ^ model.seed
    choose_stopped(v.cell[now], v.key[now] + again, rows, cells, 1 + known * label, r["key"], r["birth_day"],
                   model.day - 365 * min_age, salt, out)
    return out[out >= 0]
