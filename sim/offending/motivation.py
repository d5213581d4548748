"""Motivation and readiness: who spends an outing looking for an opportunity, or takes up a provocation.

Motivation adds low self-control (Gottfredson and Hirschi 1990), need (Agnew 1992; Hough 2004 on drug money), friends
who offend (Warr 2002), fellow members of a group above all (Thornberry et al. 1993), and own criminal capital, against
ties to a partner and a job (Laub and Sampson 2003) and, weakly, trust in the police (Tyler 1990). Age enters by the
company of adults on children's outings (Osgood et al. 1996) and by bodily strength, which wanes from fifty on (Dodds et
al. 2014); for the rest partners and jobs come with the years. The chance of a look is logistic in motivation, so it is
rare for nearly everybody.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

WORKER, SHIFT, RETIRED = 3, 4, 6
PRIME = 45.0  # grip strength of cohorts is about level until then
WANING = 0.055  # standard deviations of young adults' strength that are lost in a year after it
USUAL_TRUST = 0.6


@njit(cache=True, inline="always")
def logistic(x):
    return 1.0 / (1.0 + math.exp(-x))


@njit(cache=True, nogil=True)
def update_readiness(
    lo,
    hi,
    slice_,
    keys,
    alive,
    age,
    sex,
    routine,
    partner,
    self_control,
    restraint,
    hold,
    company,
    family,
    hardship,
    gap,
    trust,
    group,
    ties,
    row_of,
    last_offence,
    last_property,
    offences,
    tick,
    ticks_per_day,
    weights,
    fade,
    use_ties,
    capital_property,
    capital_violence,
    drawn_back,
    ready_property,
    ready_violence,
):
    """Weekly update for residents with ``(key >> 6) % 7 == slice_`` (all of them when slice_ < 0).

    Neighbouring keys take their turn together, so that a day reads a seventh of the memory.

    restraint : float32[n]
        Self-control gained (or lost) on top of one's own.
    hold, company, family : float32[n]
        From programmes: added ties to people who would mind, contact with offenders, support of a minor's family.
    weights : float64[22], in the order of :func:`weight_vector`.
    fade : float
        Factor on criminal capital for the week.
    """
    (
        w_sc,
        w_need,
        w_drug,
        drug_gap,
        w_peers,
        w_cap,
        w_partner,
        w_job,
        thr_p,
        thr_v,
        scale,
        min_age,
        pull,
        pull_days,
        w_male,
        watched,
        watched_until,
        w_bond,
        w_group,
        w_trust,
        w_strength,
        of_family,
    ) = weights
    for i in range(lo, hi):
        if slice_ >= 0 and (keys[i] >> np.uint64(6)) % np.uint64(7) != np.uint64(slice_):
            continue
        if not alive[i] or age[i] < min_age:
            ready_property[i] = 0.0
            ready_violence[i] = 0.0
            continue
        if slice_ >= 0:
            capital_property[i] *= fade
            capital_violence[i] *= fade
        friends = 0.0
        if use_ties:
            for k in range(ties.shape[1]):
                t = ties[i, k]
                if t >= 0:
                    row = row_of[t]
                    if row >= 0 and offences[row] > 0:
                        days = (tick - last_offence[row]) / ticks_per_day
                        friends += math.exp(-days / 90.0)
            if group[i] >= 0:
                friends = 2.0
        friends = min(friends + max(company[i], 0.0), 2.0) * 0.5
        male = w_male * (sex[i] - 0.5)
        control = w_sc * (self_control[i] + restraint[i])
        held = w_partner * partner[i]
        if routine[i] == WORKER or routine[i] == SHIFT or routine[i] == RETIRED:
            held += w_job  # a working life behind one holds as much as a job
        minor = age[i] < 18
        held += w_bond * (hold[i] + (family[i] if minor else 0.0))
        control += w_trust * (trust[i] - USUAL_TRUST) + w_strength * WANING * max(age[i] - PRIME, 0.0)
        drug = w_drug * min(1.0, gap[i] / drug_gap) if gap[i] > 0 else 0.0
        m = -control + w_need * hardship[i] + drug + w_peers * friends + w_cap * capital_property[i] - held + male
        v = (
            -control
            + 0.5 * w_need * hardship[i]
            + w_peers * friends
            + 0.6 * w_cap * capital_violence[i]
            - 0.5 * held
            + male
        )
        if use_ties and group[i] >= 0:
            v += w_group
        # The full pull of a good place is in the stored chance; the look itself is thinned to what is left of it.
        drawn_back[i] = (tick - last_property[i]) / ticks_per_day < pull_days
        alone = 1.0 - watched * min(1.0, max(0.0, (watched_until - age[i]) / (watched_until - 10.0)))
        if minor:
            alone *= 1.0 - of_family * min(max(family[i], 0.0), 1.0)
        ready_property[i] = alone * logistic((m + pull * drawn_back[i] - thr_p) / scale)
        ready_violence[i] = alone * logistic((v - thr_v) / scale)


def weight_vector(p) -> np.ndarray:
    """Parameters of :class:`OffendingParams` that motivation uses, as float64[22]."""
    return np.array(
        [
            p.self_control,
            p.need,
            p.drug_need,
            p.drug_gap,
            p.peers,
            p.capital,
            p.partner,
            p.job,
            p.property_threshold,
            p.violence_threshold,
            p.readiness_scale,
            p.min_age,
            p.memory_pull,
            p.pull_days,
            p.male,
            p.supervision,
            p.supervised_until,
            p.bond,
            p.group,
            p.legitimacy,
            p.strength,
            p.family,
        ]
    )
