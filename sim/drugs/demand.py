"""What users want today, what they can pay, and what is still missing."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.draws import decision, unit
from sim.drugs.words import words4

STEEP_DEPENDENT, SCALE_DEPENDENT = 1.3, 3.8  # bends of the demand curve; the scale is in reference prices
STEEP_OCCASIONAL, SCALE_OCCASIONAL = 2.0, 1.2
FRITTERED = 0.1  # per day: part of the money beyond a week's drugs that is spent otherwise

_WANT = decision("drugs.want")


@njit(cache=True)
def wanted(dependent, dose, price, patience):
    """Doses a day wanted at a price (relative to the reference): a bounded demand curve.

    ``dose * exp(-k (1 - exp(-price / v)))``: the elasticity at a point is at most k/e whatever the price,
    so nobody's demand collapses and nobody's is rigid.
    """
    if dependent:
        return dose * math.exp(-STEEP_DEPENDENT * (1.0 - math.exp(-price / (SCALE_DEPENDENT * patience))))
    return dose * math.exp(-STEEP_OCCASIONAL * (1.0 - math.exp(-price / (SCALE_OCCASIONAL * patience))))


@njit(cache=True, nogil=True)
def needs(seed, tick, price, reference, strength, doses, legal_share, support, demand_cut,
          key, kind, use, treat, appetite, patience, tolerance, row, free, income, cash, gap, want):
    """Fill the purses of the day, the gap between what the week's drugs cost and the means, and the doses wanted.

    price, reference, strength: going and reference price, and believed purity, by substance. doses: median wanted by
    occasional and dependent users. What is weaker is worth less; half of what is missing is made up by taking more.
    """
    for u in range(key.size):
        want[u] = 0
        i = row[u]
        if i < 0:
            continue
        if use[u] == 0 or not free[u]:
            gap[i] = 0.0
            tolerance[u] *= np.float32(0.97)
            continue
        dependent = use[u] == 2
        k = kind[u]
        p = price[k]
        dose = appetite[u] * doses[1 if dependent else 0]
        q = wanted(dependent, dose, p / strength[k] / reference[k], patience[u]) / math.sqrt(strength[k])
        if treat[u] == 2:
            q *= 1.0 - demand_cut
        share = legal_share if dependent else 0.2 * legal_share
        other = support if dependent else 0.0
        enough = 7.0 * p * dose
        if cash[i] > enough:  # money beyond the week's drugs goes on other things
            cash[i] -= np.float32(FRITTERED * (cash[i] - enough))
        else:
            cash[i] += np.float32(share * income[i] / 7.0 + other * p * q)
        gap[i] = max(7.0 * p * q * (1.0 - other) - share * income[i] - cash[i], 0.0)
        words = words4(seed, _WANT, tick, key[u], 0)
        want[u] = math.floor(q + unit(words[0]))
