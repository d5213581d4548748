"""Whether an event is reported: a logit of seriousness, loss, trust and who did it."""

from __future__ import annotations

import math

from numba import njit

from sim.draws import draw1
from sim.guardianship.events import acquainted, event_key, row_or_none
from sim.records import CODE

BURGLARY, THEFT, VEHICLE, ROBBERY = (CODE[name] for name in ("burglary", "theft", "vehicle", "robbery"))
HOMICIDE, EXTORTION = CODE["homicide"], CODE["extortion"]


@njit(cache=True, inline="always")
def report_score(kind, business, domestic, known, weapon, loss, trust, shares, business_theft, business_other,
                 of_weapon, of_loss, typical_loss, of_trust, trust_base, of_known, of_domestic, ease):
    """Logit of the probability that an event is reported; see `ReactionsParams` for the weights."""
    share = shares[kind]
    if business and kind != HOMICIDE and kind != EXTORTION:
        share = business_theft if kind == THEFT else business_other
    share = min(max(share, 1e-9), 1.0 - 1e-9)
    score = math.log(share / (1.0 - share))
    if weapon:
        score += of_weapon
    if not business:
        if kind == BURGLARY or kind == THEFT or kind == VEHICLE or kind == ROBBERY:
            score += of_loss * min(max(math.log((max(loss, 0.0) + 10.0) / (typical_loss + 10.0)), -2.0), 2.0)
        if kind != HOMICIDE:
            score += of_trust * (trust - trust_base)
            if known or domestic:
                score -= of_known
            if domestic:
                score -= of_domestic
    return score + ease


@njit(cache=True, nogil=True)
def report(start, end, seed, code, tick, kind, minute, offender, victim, domestic, weapon, loss, row_of, keys, ties,
           dwelling, trust, shares, weights, ease, reported):
    """Decide for the events start..end of the log; writes `reported` and returns how many are."""
    (business_theft, business_other, of_weapon, of_loss, typical_loss, of_trust, trust_base, of_known,
     of_domestic) = weights
    total = 0
    for e in range(start, end):
        t = kind[e]
        if shares[t] <= 0.0:
            continue
        row = row_or_none(victim[e], row_of)
        known = acquainted(offender[e], victim[e], row_of, ties, dwelling)
        score = report_score(t, victim[e] < 0, domestic[e], known, weapon[e], loss[e],
                             trust[row] if row >= 0 else trust_base, shares, business_theft, business_other, of_weapon,
                             of_loss, typical_loss, of_trust, trust_base, of_known, of_domestic, ease)
        key = event_key(offender[e], victim[e], minute[e], t, row_of, keys)
        if draw1(seed, code, tick, key, 0) < 1.0 / (1.0 + math.exp(-score)):
            reported[e] = True
            total += 1
    return total
