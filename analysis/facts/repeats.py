"""Repeat victimisation (F03). Surveys are the source, so every event counts, reported or not."""

from __future__ import annotations

import numpy as np
from scipy.stats import poisson

from analysis.facts.base import Found, Unscored, measure
from analysis.facts.records import VICTIM, Records
from sim.records import CODE

ADULT, TOP, LEAST_MEAN, LEAST_EVENTS = 16, 0.043, 0.2, 30


def share_of_top(counts: np.ndarray, top: float) -> float:
    """Share of all events that falls on the top fraction of people; a person in part is counted in part."""
    y = np.sort(np.asarray(counts, float))[::-1]
    if y.sum() <= 0:
        return float("nan")
    place = top * len(y)
    whole = min(int(place), len(y))
    rest = y[whole] * (place - whole) if whole < len(y) else 0.0
    return float((y[:whole].sum() + rest) / y.sum())


def poisson_share_of_top(mean: float, top: float) -> float:
    """The same share when events fall on people as a Poisson variable of that mean.

    A mean of 1.09 and the top 4.3 % give 0.147 (the comparison for Farrell and Pease 1993).
    """
    k = np.arange(int(poisson.ppf(1 - 1e-12, mean)) + 2)[::-1]
    mass = poisson.pmf(k, mean)
    before = np.concatenate([[0.0], np.cumsum(mass)[:-1]])
    taken = np.clip(top - before, 0.0, mass)
    return float((taken * k).sum() / mean)


def suffered(run: Records) -> np.ndarray:
    """Crimes that each resident aged 16 or over suffered in the last year, those against his home included."""
    e, p = run.events, run.people
    last = run.mask(VICTIM) & (e["day"] >= run.days - 365)
    adult = p["age"] >= ADULT
    counts = np.zeros(len(p["id"]), np.int64)
    rows = run.row_of(e["victim"][last & (e["victim"] >= 0)])
    np.add.at(counts, rows[rows >= 0], 1)
    homes = last & (e["dwelling"] >= 0) & np.isin(e["kind"], [CODE["burglary"], CODE["vehicle"]])
    size = int(max(p["dwelling"].max(initial=0), e["dwelling"].max(initial=0))) + 1
    by_home = np.bincount(e["dwelling"][homes], minlength=size)
    counts += np.where(p["dwelling"] >= 0, by_home[np.maximum(p["dwelling"], 0)], 0)
    twice = homes & (e["victim"] >= 0)  # the victim who is named has been counted with his household
    rows = run.row_of(e["victim"][twice])
    own = (rows >= 0) & (p["dwelling"][np.maximum(rows, 0)] == e["dwelling"][twice])
    np.subtract.at(counts, rows[own], 1)
    return counts[adult]


@measure("F03a")
def concentration(run: Records) -> float:
    """Share of crimes suffered by the most victimised 4.3 % of adults over the same by chance."""
    run.need_years(1)
    counts = suffered(run)
    if counts.mean() < LEAST_MEAN:
        raise Unscored(f"needs {LEAST_MEAN} crimes a person and year, the run has {counts.mean():.2f}")
    return share_of_top(counts, TOP) / poisson_share_of_top(float(counts.mean()), TOP)


def repeat_share(target: np.ndarray) -> float:
    """(events - targets) / events."""
    return 1 - len(np.unique(target)) / len(target)


def repeats_by_type(run: Records) -> dict[str, float]:
    """Share of the last year's events that repeat against the same victim, home or till."""
    e, out = run.events, {}
    for name in ("assault", "robbery", "burglary"):
        which = np.flatnonzero(run.mask((name,)) & (e["day"] >= run.days - 365))
        if len(which) < LEAST_EVENTS:
            raise Unscored(f"needs {LEAST_EVENTS} events of {name} in a year, the run has {len(which)}")
        if name == "burglary":
            target = e["dwelling"][which]
        else:
            spot = np.round(e["x"][which]) * 10_000_000 + np.round(e["y"][which])
            victim = e["victim"][which]
            target = np.where(victim >= 0, victim.astype(float), -1.0 - np.abs(spot))
        out[name] = repeat_share(target)
    return out


@measure("F03b")
def by_type(run: Records) -> Found:
    """Mean of the repeat shares of assault, robbery and burglary; each must be in the interval, in this order."""
    run.need_years(1)
    found = repeats_by_type(run)
    shares = list(found.values())
    holds = all(0.10 <= s <= 0.45 for s in shares) and shares[0] > shares[1] > shares[2]
    return Found(float(np.mean(shares)), holds, ", ".join(f"{k} {v:.2f}" for k, v in found.items()))
