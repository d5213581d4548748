"""Age and sex of offenders (F05). Everybody who took part counts, caught or not."""

from __future__ import annotations

import numpy as np

from analysis.facts.base import Found, Unscored, measure
from analysis.facts.records import PROPERTY, VIOLENT, Records

AGES = np.arange(10, 71)
LEAST = 300


def rates_by_age(run: Records) -> np.ndarray:
    """Offences per person-year by single year of age from 10 to 70, of those who are there on the last day."""
    rows, ids = run.doers(run.mask())
    person = run.row_of(ids)
    there = person >= 0
    if there.sum() < LEAST:
        raise Unscored(f"needs {LEAST} offences with known offenders, the run has {there.sum()}")
    age = run.age_at(person[there], run.events["day"][rows[there]])
    done = np.bincount(np.clip(age, 0, 71), minlength=72)[AGES]
    everybody, lived = np.arange(len(run.people["id"])), np.zeros(72)
    for day in range(15, run.days, 30):
        lived += np.bincount(np.clip(run.age_at(everybody, np.array(day)), 0, 71), minlength=72)[:72]
    years = lived[AGES] * 30 / 365
    return done / np.maximum(years, 1e-9)


def smooth(rates: np.ndarray) -> np.ndarray:
    """Moving average over three years of age."""
    padded = np.concatenate([rates[:1], rates, rates[-1:]])
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3


@measure("F05a")
def peak(run: Records) -> float:
    """Age with the highest rate."""
    return float(AGES[int(np.argmax(smooth(rates_by_age(run))))])


@measure("F05b")
def decline(run: Records) -> float:
    """Rate at the peak over that at 40-44."""
    rates = rates_by_age(run)
    return float(smooth(rates).max() / max(rates[(AGES >= 40) & (AGES <= 44)].mean(), 1e-9))


def male_share(run: Records, types) -> float:
    _, ids = run.doers(run.mask(types))
    person = run.row_of(ids)
    person = person[person >= 0]
    return float(run.people["male"][person].mean()) if len(person) else float("nan")


@measure("F05c")
def sex(run: Records) -> Found:
    """Share of offences by males; more in robbery and homicide than in theft."""
    grave, theft = male_share(run, ("robbery", "homicide")), male_share(run, ("theft",))
    return Found(male_share(run, PROPERTY + VIOLENT), grave > theft, f"robbery {grave:.2f}, theft {theft:.2f}")

