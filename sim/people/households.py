"""Households that fit an area's table: which sizes and ages live together.

Types of households (children, adults of 18-64, people of 65 and over) start from shares typical of cities and are
raked until the area's numbers of children, adults and elders hold (iterative proportional updating as a
minimum-information problem: Deming and Stephan 1940; Ye et al. 2009). Rounding leftovers are dealt out so that the
numbers hold exactly.
"""

from __future__ import annotations

import numpy as np

# children, adults 18-64, elders 65+, couple (0 none, 1 adults, 2 elders, 3 an adult and an elder), usual share of
# households. Shares are rounded from what censuses of European and American cities show around 2010-2020
# (a modelling choice: only their proportions matter, the raking moves them to fit each area).
TYPES = np.array([
    (0, 1, 0, 0, 0.190), (0, 0, 1, 0, 0.095), (0, 2, 0, 1, 0.140), (0, 0, 2, 2, 0.070), (0, 1, 1, 3, 0.025),
    (0, 2, 0, 0, 0.060), (0, 3, 0, 0, 0.025), (0, 3, 0, 1, 0.070), (0, 4, 0, 1, 0.030), (0, 1, 1, 0, 0.020),
    (0, 2, 1, 1, 0.010), (1, 2, 0, 1, 0.070), (2, 2, 0, 1, 0.070), (3, 2, 0, 1, 0.022), (4, 2, 0, 1, 0.006),
    (1, 1, 0, 0, 0.030), (2, 1, 0, 0, 0.018), (3, 1, 0, 0, 0.007), (1, 3, 0, 1, 0.020), (2, 3, 0, 1, 0.012),
    (1, 2, 1, 1, 0.006), (2, 2, 1, 1, 0.006), (1, 0, 1, 0, 0.002), (2, 0, 2, 2, 0.001), (5, 2, 0, 1, 0.0005),
])
MEMBERS = TYPES[:, :3]
COUPLE = TYPES[:, 3].astype(np.int64)
BASE = TYPES[:, 4] / TYPES[:, 4].sum()


def rake(children: float, adults: float, elders: float, poverty: float = 0.15) -> np.ndarray:
    """Expected number of households of every type in an area.

    Parameters
    ----------
    children, adults, elders : float
        Residents under 18, 18-64, 65 and over.
    poverty : float
        Poverty rate: single parents are more frequent where it is high (in the start values only).

    Returns
    -------
    float array over TYPES
        Weights w with ``w @ MEMBERS == (children, adults, elders)`` wherever such weights exist.
    """
    base = BASE.copy()
    single = (MEMBERS[:, 0] > 0) & (MEMBERS[:, 1] + MEMBERS[:, 2] == 1)
    base[single] *= 0.5 + 3.0 * poverty
    target = np.array([children, adults, elders], float)
    total = max(target.sum(), 1.0)
    goal = target / total
    # Types with a band nobody belongs to cannot occur.
    base = np.where(((MEMBERS > 0) & (goal == 0)).any(axis=1), 0.0, base)
    present = goal > 0
    members = MEMBERS[:, present]
    if not members.size or not base.any():
        return np.zeros(len(base))
    weights = base / max((base @ members).sum(), 1e-12)
    factor = np.zeros(present.sum())
    for _ in range(60):
        weights = base * np.exp(np.clip(members @ factor, -40, 40))
        gap = goal[present] - weights @ members
        if np.abs(gap).max() < 1e-10:
            break
        hessian = (members * weights[:, None]).T @ members
        step = np.linalg.solve(hessian + 1e-12 * np.eye(len(factor)), gap)
        factor = factor + np.clip(step, -1.5, 1.5)
    return weights * total


def compose(children: int, adults: int, elders: int, poverty: float = 0.15) -> tuple[np.ndarray, np.ndarray]:
    """Whole households with exactly these numbers of residents.

    Returns
    -------
    members : int[households, 3]
        Children, adults, elders.
    couple : int[households]
        0 none, 1 the first two adults, 2 the first two elders, 3 an adult and an elder.
    """
    left = np.array([children, adults, elders], np.int64)
    whole = np.zeros(len(TYPES), np.int64)
    if left.sum() > 0:
        whole = np.floor(rake(children, adults, elders, poverty) + 1e-9).astype(np.int64)
        used = whole @ MEMBERS.astype(np.int64)
        while (used > left).any():  # infeasible tables: drop the largest offender
            worst = int(np.argmax(used - left))
            drop = int(np.argmax(np.where(MEMBERS[:, worst] > 0, whole, 0)))
            whole[drop] -= max(1, int((used - left)[worst] // max(MEMBERS[drop, worst], 1)) // 2)
            whole[drop] = max(whole[drop], 0)
            used = whole @ MEMBERS.astype(np.int64)
        left = left - used
    members = np.repeat(MEMBERS.astype(np.int64), whole, axis=0)
    couple = np.repeat(COUPLE, whole)
    c, a, e = (int(k) for k in left)
    more, pairs = [], []
    while c > 0 and a + e > 0:
        two = a >= 2 and a + e > c // 2 + 1
        take = min(c, 2)
        row = (take, 2, 0) if two else ((take, 1, 0) if a else (take, 0, 1))
        more.append(row)
        pairs.append(1 if two else 0)
        c, a, e = c - take, a - row[1], e - row[2]
    while a > 0:
        take = 2 if a >= 3 else 1
        more.append((0, take, 0))
        pairs.append(1 if take == 2 else 0)
        a -= take
    while e > 0:
        take = 2 if e >= 3 else 1
        more.append((0, 0, take))
        pairs.append(2 if take == 2 else 0)
        e -= take
    if more:
        members = np.concatenate([members, np.array(more, np.int64)])
        couple = np.concatenate([couple, np.array(pairs, np.int64)])
    if c > 0:  # children without any adult left: they join households, as many as are needed
        if len(members):
            order = np.argsort(-members[:, 0], kind="stable")
            extra, rest = divmod(c, len(members))
            members[:, 0] += extra
            members[order[:rest], 0] += 1
        else:
            sizes = [min(3, c - k) for k in range(0, c, 3)]
            members = np.array([(s, 0, 0) for s in sizes], np.int64)
            couple = np.zeros(len(sizes), np.int64)
    return members, couple
