"""Scenario discovery: simple rules for where in the parameter space something happens, as one option losing to another.

Patient rule induction (PRIM, Friedman and Fisher 1999) peels slices off a box for as long as what is left holds a
greater share of the cases, then tries to paste them back. As in scenario discovery (Bryant and Lempert 2010), a box is
described by its coverage (share of all cases that lie in it) and its density (share of its points that are cases), and
every restriction by a quasi-p-value: how likely the box would be as dense without it. Whether there is anything to find
is decided by shuffling the labels: the best box of shuffled labels must rarely be as good.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

ALPHA = 0.05  # share of a box that a peel takes at least
MIN_MASS = 0.05  # share of all points that a box keeps at least
KEEP = 0.05  # a restriction whose quasi-p-value is above this is dropped


@dataclass(frozen=True)
class Limit:
    """Restriction of one parameter: an interval, or the categories that remain.

    Attributes
    ----------
    low, high : float
        Infinite where the parameter is not restricted on that side.
    kept : frozenset or None
        Codes of the categories that remain, for parameters without an order.
    """

    low: float = -math.inf
    high: float = math.inf
    kept: frozenset[int] | None = None

    def holds(self, x: np.ndarray) -> np.ndarray:
        if self.kept is not None:
            return np.isin(x, list(self.kept))
        return (x >= self.low) & (x <= self.high)


@dataclass(frozen=True)
class Box:
    """Rules that hold together.

    Attributes
    ----------
    limits : dict of column number to Limit
    points, cases : int
        In the box.
    coverage, density : float
        Share of all cases in the box; share of the box's points that are cases.
    quasi_p : dict of column number to float
    """

    limits: dict[int, Limit]
    points: int
    cases: int
    coverage: float
    density: float
    quasi_p: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Discovery:
    """What was found.

    Attributes
    ----------
    boxes : list of Box
        The best one first; empty when there is nothing to find.
    points, cases : int
    p : float
        Share of shuffled labels (and the true ones) with a box at least as good; NaN when there was nothing to shuffle.
    """

    boxes: list[Box]
    points: int
    cases: int
    p: float


def inside(x: np.ndarray, limits: dict[int, Limit]) -> np.ndarray:
    """Which points satisfy all limits."""
    out = np.ones(len(x), bool)
    for j, limit in limits.items():
        out &= limit.holds(x[:, j])
    return out


def find(x: Any, y: Any, categorical: Sequence[bool] = (), boxes: int = 3, permutations: int = 199, seed: int = 1,
         method: str = "prim", level: float = 0.05) -> Discovery:
    """Find boxes in which cases crowd, if there are any.

    Parameters
    ----------
    x : array of float, shape (points, parameters)
        Codes for parameters without an order.
    y : array of bool, shape (points,)
        The cases.
    categorical : sequence of bool
        Which parameters have no order.
    boxes : int
        At most so many; each is looked for among the points outside those before it.
    permutations : int
    seed : int
        Of the shuffles.
    method : {"prim", "tree"}
    level : float
        A finding is one whose p is at most this.
    """
    x, y = np.asarray(x, float), np.asarray(y, bool)
    kinds = np.zeros(x.shape[1], bool) if not len(categorical) else np.asarray(categorical, bool)
    if not y.any() or y.all() or not x.shape[1]:
        return Discovery([], len(y), int(y.sum()), math.nan)
    rng = np.random.default_rng(seed)
    search = _tree if method == "tree" else _prim
    found: list[Box] = []
    first_p = math.nan
    left = np.ones(len(y), bool)
    while len(found) < boxes:
        xs, ys = x[left], y[left]
        if not ys.any() or ys.all() or len(ys) < 20:
            break
        box = search(xs, ys, kinds, y)
        if box is None:
            first_p = 1.0 if math.isnan(first_p) else first_p
            break
        best = _surprise(box, ys)
        as_good = 0
        for _ in range(permutations):
            other = search(xs, rng.permutation(ys), kinds, y)
            as_good += other is not None and _surprise(other, ys) >= best
        p = (1 + as_good) / (1 + permutations)
        first_p = p if math.isnan(first_p) else first_p
        if p > level:
            break
        found.append(box)
        left &= ~inside(x, box.limits)
    return Discovery(found, len(y), int(y.sum()), first_p)


def _surprise(box: Box, y: np.ndarray) -> float:
    """Cases above what chance puts into a box of this size, in standard deviations: what boxes are chosen by.

    It weighs coverage against density without a preference for either, whatever the share of cases.
    """
    share = y.mean()
    return float((box.cases - box.points * share) / math.sqrt(max(box.points * share * (1 - share), 1e-12)))


def _prim(x: np.ndarray, y: np.ndarray, kinds: np.ndarray, whole: np.ndarray) -> Box | None:
    """The best box of the peeling trajectory, pasted, without restrictions that do nothing; None when none helps."""
    best = None
    for limits in _trajectory(x, y, kinds):
        box = _describe(x, y, limits, whole)
        if best is None or _surprise(box, y) > _surprise(best, y):
            best = box
    if best is None or not best.limits:
        return None
    return _simplify(x, y, _paste(x, y, best, kinds, whole), whole)


def _trajectory(x: np.ndarray, y: np.ndarray, kinds: np.ndarray):
    """Yield the limits of ever smaller boxes, the whole space first.

    A peel takes a slice of 5 % or a multiple of it, the one that raises the density most for each point it takes. Only
    slices of one size would be stuck between two regions of cases in one parameter.
    """
    limits: dict[int, Limit] = {}
    at = np.arange(len(y))
    smallest = max(5, math.ceil(MIN_MASS * len(y)))
    yield limits
    while True:
        xs, ys = x[at], y[at]
        peels = [(*peel, j) for j in range(x.shape[1]) if (peel := _best_peel(xs[:, j], ys, limits.get(j, Limit()),
                                                                              bool(kinds[j]), smallest)) is not None]
        if not peels:
            return
        _, limit, keep, j = max(peels, key=lambda peel: peel[0])
        limits = {**limits, j: limit}
        at = at[keep]
        yield limits


def _best_peel(x: np.ndarray, y: np.ndarray, limit: Limit, categorical: bool,
               smallest: int) -> tuple[float, Limit, np.ndarray] | None:
    """The best slice to take off along one parameter: its gain for each point, the new limit, which points stay."""
    n, mean = len(x), y.mean()
    if categorical:
        codes = np.unique(x).astype(int)
        trials = [(Limit(kept=frozenset(int(c) for c in codes if c != code)), x != code) for code in codes]
        gains = [((y[keep].mean() - mean) / (n - keep.sum()), limit, keep) for limit, keep in trials
                 if smallest <= keep.sum() < n]
        return max(gains, key=lambda peel: peel[0]) if gains else None
    order = np.argsort(x, kind="stable")
    s, cases = x[order], np.concatenate([[0], np.cumsum(y[order])])
    step = max(1, int(ALPHA * n))
    sizes = np.arange(step, n, step)
    below = np.searchsorted(s, s[sizes - 1], "right")  # points that go, ties with them
    above = np.searchsorted(s, s[n - sizes], "left")  # points that stay
    best: tuple[float, int, bool] | None = None
    for stay, inside_cases, cut, low in ((n - below, cases[n] - cases[below], below, True),
                                         (above, cases[above], above, False)):
        fine = (stay >= smallest) & (stay < n)
        if fine.any():
            gain = np.where(fine, (inside_cases / np.maximum(stay, 1) - mean) / np.maximum(n - stay, 1), -math.inf)
            i = int(gain.argmax())
            if best is None or gain[i] > best[0]:
                best = float(gain[i]), int(cut[i]), low
    if best is None:
        return None
    gain, cut, low = best
    edge = float((s[cut - 1] + s[cut]) / 2)
    return gain, replace(limit, low=edge) if low else replace(limit, high=edge), x > edge if low else x < edge


def _describe(x: np.ndarray, y: np.ndarray, limits: dict[int, Limit], whole: np.ndarray) -> Box:
    there = inside(x, limits)
    points, cases = int(there.sum()), int(y[there].sum())
    return Box(limits, points, cases, cases / max(1, int(whole.sum())), cases / max(1, points))


def _paste(x: np.ndarray, y: np.ndarray, box: Box, kinds: np.ndarray, whole: np.ndarray) -> Box:
    """Widen limits again, one after the other, for as long as the box gets better."""
    better = True
    while better:
        better = False
        for j, limit in box.limits.items():
            others = {k: v for k, v in box.limits.items() if k != j}
            column = x[inside(x, others), j]
            for wider in _wider(column, limit, box.points):
                trial = _describe(x, y, {**others, j: wider}, whole)
                if trial.points > box.points and _surprise(trial, y) > _surprise(box, y):
                    box, better = trial, True
                    break
    return box


def _wider(x: np.ndarray, limit: Limit, points: int):
    if limit.kept is not None:
        for code in np.unique(x).astype(int):
            if int(code) not in limit.kept:
                yield Limit(kept=limit.kept | {int(code)})
        return
    k = max(1, int(ALPHA * points))
    below, above = np.sort(x[x < limit.low])[::-1], np.sort(x[x > limit.high])
    if len(below):
        yield replace(limit, low=float((below[k - 1] + below[k]) / 2) if len(below) > k else -math.inf)
    if len(above):
        yield replace(limit, high=float((above[k - 1] + above[k]) / 2) if len(above) > k else math.inf)


def _simplify(x: np.ndarray, y: np.ndarray, box: Box, whole: np.ndarray) -> Box | None:
    """Drop restrictions that chance explains, the least needed first, and give the others their quasi-p-values."""
    limits = {j: limit for j, limit in box.limits.items()
              if limit.kept is not None or math.isfinite(limit.low) or math.isfinite(limit.high)}
    while limits:
        box = _describe(x, y, limits, whole)
        quasi = {j: _quasi_p(x, y, limits, j, box) for j in limits}
        worst = max(quasi, key=quasi.__getitem__)
        if quasi[worst] <= KEEP:
            return replace(box, quasi_p=quasi)
        limits = {j: limit for j, limit in limits.items() if j != worst}
    return None


def _quasi_p(x: np.ndarray, y: np.ndarray, limits: dict[int, Limit], j: int, box: Box) -> float:
    from scipy.stats import binom

    without = inside(x, {k: v for k, v in limits.items() if k != j})
    return float(binom.sf(box.cases - 1, box.points, y[without].mean()))


def _tree(x: np.ndarray, y: np.ndarray, kinds: np.ndarray, whole: np.ndarray) -> Box | None:
    """The best leaf of a small classification tree (CART, Breiman and others 1984)."""
    try:
        from sklearn.tree import DecisionTreeClassifier
    except ImportError:
        from sim.errors import SpecError

        raise SpecError("method=tree: needs scikit-learn: pip install \"lamplighter[discover]\"; method=prim needs "
                        "nothing more") from None

    codes = [sorted({int(c) for c in x[:, j]}) if kinds[j] else [] for j in range(x.shape[1])]
    columns, meaning = [], []
    for j in range(x.shape[1]):
        for code in codes[j]:
            columns.append((x[:, j] == code).astype(float))
            meaning.append((j, code))
        if not kinds[j]:
            columns.append(x[:, j])
            meaning.append((j, None))
    leaf = max(5, math.ceil(MIN_MASS * len(y)))
    tree = DecisionTreeClassifier(max_depth=4, min_samples_leaf=leaf, random_state=0).fit(np.column_stack(columns), y)
    t = tree.tree_
    best = None
    stack: list[tuple[int, dict[int, Limit]]] = [(0, {})]
    while stack:
        node, limits = stack.pop()
        if t.children_left[node] >= 0:
            j, code = meaning[t.feature[node]]
            limit, cut = limits.get(j, Limit()), float(t.threshold[node])
            if code is None:
                sides = replace(limit, high=min(limit.high, cut)), replace(limit, low=max(limit.low, cut))
            else:
                kept = limit.kept if limit.kept is not None else frozenset(codes[j])
                sides = Limit(kept=kept - {code}), Limit(kept=kept & {code})
            stack += [(t.children_left[node], {**limits, j: sides[0]}),
                      (t.children_right[node], {**limits, j: sides[1]})]
        if limits:  # inner nodes are rules too, simpler ones
            box = _describe(x, y, limits, whole)
            if best is None or _surprise(box, y) > _surprise(best, y):
                best = box
    return _simplify(x, y, best, whole) if best is not None else None
