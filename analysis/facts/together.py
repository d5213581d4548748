"""Offending together (F07)."""

from __future__ import annotations

import numpy as np

from analysis.facts.base import Found, Unscored, measure
from analysis.facts.records import PROPERTY, VIOLENT, Records

LEAST = 100


def sizes(run: Records, types=None) -> tuple[np.ndarray, np.ndarray]:
    """Rows and number of offenders of the scored events with a known offender."""
    e = run.events
    rows = np.flatnonzero((run.mask(types) if types else run.mask()) & (e["offender"] >= 0))
    if len(rows) < LEAST:
        raise Unscored(f"needs {LEAST} events with known offenders, the run has {len(rows)}")
    return rows, 1 + (e["partners"][rows] >= 0).sum(axis=1)


@measure("F07a")
def share_of_offences(run: Records) -> float:
    """Share of offences with two or more offenders."""
    return float((sizes(run)[1] >= 2).mean())


@measure("F07b")
def share_of_offenders(run: Records) -> float:
    """Share of offenders who took part in such an offence."""
    rows, many = sizes(run)
    which = np.zeros(len(run.events["day"]), bool)
    which[rows] = True
    events, ids = run.doers(which)
    joint = np.zeros(len(which), bool)
    joint[rows[many >= 2]] = True
    return len(np.unique(ids[joint[events]])) / len(np.unique(ids))


@measure("F07c")
def group_size(run: Records) -> Found:
    """Mean number of offenders of joint offences; more often joint among minors and in property crime."""
    rows, many = sizes(run)
    if not (many >= 2).any():
        return Found(float("nan"), False, "nobody offends together")
    person = run.row_of(run.events["offender"][rows])
    known = person >= 0
    age = run.age_at(person[known], run.events["day"][rows[known]])
    joint = many[known] >= 2
    young, old = joint[age < 18].mean() if (age < 18).any() else 0, joint[age >= 25].mean() if (age >= 25).any() else 0
    prop, violent = (sizes(run, PROPERTY)[1] >= 2).mean(), (sizes(run, VIOLENT)[1] >= 2).mean()
    return Found(float(many[many >= 2].mean()), bool(young > old and prop > violent),
                 f"joint: minors {young:.2f}, from 25 {old:.2f}; property {prop:.2f}, violence {violent:.2f}")
