"""Partners: who finds one, where they live, who separates."""

from __future__ import annotations

import numpy as np

from sim.draws import uniforms
from sim.people.housing import Claims, best_pairs, pair_draws

MONTH = 30 / 365
OLDEST = 80.0
SAME_SEX = 0.04  # of people who look for a partner of their own sex, as at the start
PER_CIRCLE = 150_000  # residents among whom one looks, so that the number of pairs stays small in a large city


def form(life, month, claims: Claims) -> list[tuple[np.ndarray, int]]:
    """Let some of those without a partner find one; returns who moves in with whom: (rows, row of the dwelling).

    Two look at each other in the same month; they prefer their own age, those they know and those who live near. If
    one of them has a home without other adults the other moves in; else they claim a vacant dwelling, or wait.
    """
    model, r, age = month.model, month.model.residents, month.age
    alone = ~month.busy & ~month.held & (r["spouse"] < 0) & (age >= 18) & (age < OLDEST)
    rows = np.flatnonzero(alone)
    rate = life.params.searching * (np.exp(-0.5 * ((age[rows] - 28) / 7) ** 2)
                                    + 0.2 * np.exp(-np.maximum(age[rows] - 28, 0) / 25))
    rows = rows[month.draw("search", rows) < 1 - np.exp(-MONTH * rate)]
    if len(rows) < 2:
        return []
    circles = len(r) // PER_CIRCLE + 1
    circle = np.floor(month.draw("circle", rows) * circles)
    out = []
    for c in range(circles):
        for a, b in _pairs(model, month, rows[circle == c]):
            out += _move_in(month, claims, int(a), int(b))
    return out


def _pairs(model, month, rows: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of people who suit each other, each person at most once."""
    r, age, width = model.residents, month.age, model.city.grid.width
    rows = rows[np.argsort(r["key"][rows])]
    own = uniforms(model.seed, "lifecourse.own_sex", 0, r["key"][rows]) < SAME_SEX
    male = r["sex"][rows] == 1
    found = []
    for group, others in ((rows[~own & male], rows[~own & ~male]), (rows[own & male],) * 2, (rows[own & ~male],) * 2):
        if not len(group) or not len(others):
            continue
        gap = age[group][:, None] - age[others][None]
        here, there = r["home"][group][:, None], r["home"][others][None]
        km = np.hypot(here % width - there % width, here // width - there // width)
        km = km * model.city.grid.cell_m / 1000
        known = (r["ties"][group][:, :, None] == r["id"][others][None, None]).any(axis=1)
        noise = pair_draws(model.seed, "lifecourse.pair", model.tick, r["key"][group], r["key"][others])
        expected = 2.0 if group is not others else 0.0
        score = -np.log(-np.log(noise)) - ((gap - expected) / 4) ** 2 - km / 5 + 3.0 * known
        score[(np.abs(gap - expected) > 10) | (month.home[group][:, None] == month.home[others][None])] = -np.inf
        if group is others:
            score[np.tri(len(group), dtype=bool)] = -np.inf  # each pair once; nobody with himself
        got = best_pairs(score)
        taken: set[int] = set()
        for i in np.flatnonzero(got >= 0):
            a, b = int(group[i]), int(others[got[i]])
            if a not in taken and b not in taken:
                taken |= {a, b}
                found.append((a, b))
    return found


def _move_in(month, claims: Claims, a: int, b: int) -> list[tuple[np.ndarray, int]]:
    r = month.model.residents
    with_a, with_b = month.wards([a]), month.wards([b])
    own = [month.adults[month.home[a]] == 1, month.adults[month.home[b]] == 1]
    month.busy[[a, b, *with_a, *with_b]] = True
    if not any(own):
        def together(model):
            _bind(model, a, b)
        claims.add(r["key"][a], a, [a, b, *with_a, *with_b], together)
        return []
    if all(own):  # the home with more children, else that of the older
        stay = a if (len(with_a), month.age[a]) >= (len(with_b), month.age[b]) else b
    else:
        stay = a if own[0] else b
    _bind(month.model, a, b)
    go, wards = (b, with_b) if stay == a else (a, with_a)
    return [(np.array([go, *wards], np.int64), int(month.home[stay]))]


def _bind(model, a: int, b: int) -> None:
    r = model.residents
    r["spouse"][a], r["spouse"][b] = r["id"][b], r["id"][a]
    r["partner"][[a, b]] = 1


def separate(life, month, claims: Claims) -> None:
    """Some couples part as soon as one of them finds a place; children stay with the mother."""
    r, age = month.model.residents, month.age
    rows = np.flatnonzero(~month.busy & ~month.held & (r["spouse"] >= 0))
    other = r.find(r["spouse"][rows])
    ok = (other >= 0) & ~month.busy[other] & ~month.held[other] & (r["key"][rows] < r["key"][other])
    rows, other = rows[ok], other[ok]
    mean = 0.5 * (age[rows] + age[other])
    rate = life.params.separation * np.exp(-np.maximum(mean - 30, 0) / 20)
    hit = month.draw("separate", rows) < 1 - np.exp(-MONTH * rate)
    rows, other = rows[hit], other[hit]
    man_goes = month.draw("separate_who", rows) < 0.8
    swap = (r["sex"][rows] == 1) != man_goes
    go, stay = np.where(swap, other, rows), np.where(swap, rows, other)
    for a, b in zip(go.tolist(), stay.tolist()):
        wards = month.wards([a]) if r["sex"][a] == 0 else np.empty(0, np.int64)
        month.busy[[a, b, *wards]] = True

        def apart(model, a=a, b=b):
            r = model.residents
            r["spouse"][[a, b]], r["partner"][[a, b]] = -1, 0

        claims.add(r["key"][a], a, [a, *wards], apart)
