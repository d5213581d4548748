"""The few who commit much of the crime (F06)."""

from __future__ import annotations

import numpy as np

from analysis.facts.base import Unscored, measure
from analysis.facts.records import Records
from analysis.facts.repeats import share_of_top

COHORT_YEARS, LEAST = 8, 60


def per_person(run: Records, layer: str = "true", scored: bool = True) -> np.ndarray:
    """Offences of everybody who is there on the last day."""
    _, ids = run.doers(run.mask(layer=layer, scored=scored))
    rows = run.row_of(ids)
    return np.bincount(rows[rows >= 0], minlength=len(run.people["id"]))


@measure("F06a")
def cohort(run: Records) -> float:
    """Share of a cohort's recorded offences from 10 to 18 that its most active 6 % committed.

    Those aged 18 to 20 at the end, who have been on record since they were 10 to 12 or somewhat longer.
    """
    if run.span < COHORT_YEARS:
        raise Unscored(f"needs {COHORT_YEARS} years of record to follow a cohort from 10 to 18, the run has "
                       f"{run.span:.3g}")
    age = run.people["age"]
    mine = (age >= 18) & (age <= 20)
    rows, ids = run.doers(run.mask(layer="recorded", scored=False))
    person = run.row_of(ids)
    there = (person >= 0) & mine[np.maximum(person, 0)]
    then = run.age_at(person[there], run.events["day"][rows[there]])
    counts = np.bincount(person[there][(then >= 10) & (then < 18)], minlength=len(age))[mine]
    if mine.sum() < LEAST or counts.sum() < LEAST:
        raise Unscored(f"needs {LEAST} people and offences in the cohort, found {mine.sum()} and {counts.sum()}")
    return share_of_top(counts, 0.06)


@measure("F06b")
def of_everybody(run: Records) -> float:
    """Share of offences by the most active tenth of those aged 10 or over."""
    run.need_years(1)
    return share_of_top(per_person(run)[run.people["age"] >= 10], 0.10)


@measure("F06c")
def of_offenders(run: Records) -> float:
    """Share of offences by the most active tenth of those with an offence."""
    run.need_years(1)
    counts = per_person(run)
    if (counts > 0).sum() < LEAST:
        raise Unscored(f"needs {LEAST} offenders, the run has {(counts > 0).sum()}")
    return share_of_top(counts[counts > 0], 0.10)
