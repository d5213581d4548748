"""The vacant dwellings of a month and who gets them.

Households choose among some of the vacancies by what they can afford, by nearness to where they live and by the
collective efficacy of the place; the rest is chance. Where several want the same dwelling, it goes to the one it suits
best, and the others look once more. Everybody compares the same vacancies, so nobody's turn matters.
"""

from __future__ import annotations

import numpy as np

from sim.draws import mix_arrays, uniforms

LOOK_AGAIN = 3
PER_MARKET = 3_000  # dwellings in one market, so that the number of comparisons stays small in a large city


class Claims:
    """People who want to move together: lists of claims, filled by decisions, met by :func:`match`.

    Every claim has a key (of the person who decides), the rows that move, and what is done when it is met.
    """

    def __init__(self):
        self.keys: list[int] = []
        self.lead: list[int] = []
        self.rows: list[np.ndarray] = []
        self.then: list = []

    def add(self, key, lead: int, rows, then=None) -> None:
        self.keys.append(int(key))
        self.lead.append(int(lead))
        self.rows.append(np.asarray(rows, np.int64))
        self.then.append(then)


def pair_draws(seed, name: str, tick: int, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Uniform numbers for every pair of two arrays of keys: float64[len(one), len(other)]."""
    keys = np.empty(len(one) * len(other), np.uint64)
    mix_arrays(np.repeat(one, len(other)), np.tile(other, len(one)), keys)
    return uniforms(seed, name, tick, keys).reshape(len(one), len(other))


def means(model, rows: list[np.ndarray]) -> np.ndarray:
    """Logarithm of the income per equivalent head of people who live, or would live, together."""
    income = model.residents["income"]
    total = np.array([float(income[np.sort(part)].astype(float).sum()) for part in rows])
    return np.log(total / np.sqrt([max(len(part), 1) for part in rows]) + 20.0)


def match(life, model, claims: Claims, vacant: np.ndarray) -> np.ndarray:
    """Row of the dwelling each claim gets, -1 for none.

    vacant : rows of dwellings.
    """
    p, r, d, width = life.params, model.residents, model.dwellings, model.city.grid.width
    out = np.full(len(claims.keys), -1, np.int64)
    if not len(out) or not len(vacant):
        return out
    keys = np.array(claims.keys, np.uint64)
    origin = r["home"][np.array(claims.lead)]
    together = model.spec.interactions
    middle, spread = life.state["means"]
    afford = (means(model, claims.rows) - middle) / spread if together else np.zeros(len(out))
    markets = len(d) // PER_MARKET + 1
    mine = np.floor(uniforms(model.seed, "lifecourse.market", model.tick, keys) * markets)
    theirs = np.floor(uniforms(model.seed, "lifecourse.market_home", model.tick, d["key"][vacant]) * markets)
    efficacy = model.layers["efficacy"] if together else np.zeros(model.city.grid.cells, np.float32)
    for market in range(markets):
        c, v = np.flatnonzero(mine == market), vacant[theirs == market]
        if not len(c) or not len(v):
            continue
        cell = d["cell"][v]
        noise = pair_draws(model.seed, "lifecourse.home", model.tick, keys[c], d["key"][v])
        far = np.hypot(cell[None] % width - origin[c, None] % width, cell[None] // width - origin[c, None] // width)
        score = -np.log(-np.log(noise)) - far * model.city.grid.cell_m / p.near
        if together:
            score -= p.affordability * (0.7 * np.clip(afford[c, None], -3, 3) - d["value"][v][None]) ** 2
            score += p.calm * np.clip(efficacy[cell], -2, 2)[None]
        out[c] = v_or_none(v, best_pairs(score))
    return out


def v_or_none(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    return np.where(at >= 0, values[at], -1)


def best_pairs(score: np.ndarray, rounds: int = LOOK_AGAIN) -> np.ndarray:
    """For every row its column, -1 for none: rows ask their best column, columns take their best asker, again and
    again. Minus infinity means never."""
    score = score.copy()
    out = np.full(len(score), -1, np.int64)
    for _ in range(rounds):
        rows = np.flatnonzero((out < 0) & np.isfinite(score).any(axis=1))
        if not len(rows):
            break
        wish = score[rows].argmax(axis=1)
        value = score[rows, wish]
        order = np.lexsort((-value, wish))
        first = np.concatenate([[True], wish[order][1:] != wish[order][:-1]])
        got = order[first]
        out[rows[got]] = wish[got]
        score[:, wish[got]] = -np.inf
    return out
