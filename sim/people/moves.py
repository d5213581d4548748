"""Moves: leaving the parental home, moving within the city, leaving it for good, and those who come to live in it."""

from __future__ import annotations

import numpy as np

from sim.draws import mix_arrays, normals, uniforms
from sim.people.housing import Claims
from sim.people.kin import ADULT

MONTH = 30 / 365
GENERATION = 16.0  # years by which the head of the home is older than somebody who can leave it
CARE = 60  # days that children can do without the adults of the home
STUDENT, SHIFT = 2, 4
# Households that come to live in a city: adults, couple, children, share. Migrants are young, many with children
# (Rogers and Castro 1981); the shares are a modelling choice near those of small households in censuses.
COMING = np.array([(1, 0, 0, 0.36), (2, 1, 0, 0.20), (2, 0, 0, 0.08), (2, 1, 1, 0.12), (2, 1, 2, 0.14),
                   (2, 1, 3, 0.04), (1, 0, 1, 0.04), (1, 0, 2, 0.02)])


def push(life, month, heads: np.ndarray) -> np.ndarray:
    """How much likelier fear of crime makes it that a household goes; one where crime makes no difference.

    Victims of crime and those afraid of it move more often (Dugan 1999; Xie and McDowall 2008).
    """
    if not month.model.spec.interactions:
        return np.ones(len(heads))
    fear = month.model.residents["fear"][heads].astype(float) - life.state["fear"]
    return np.exp(np.clip(life.params.fear_push * fear, -1.5, 1.5))


def _heads(month) -> np.ndarray:
    """Heads of the homes in which nobody has decided anything yet and nobody is in custody."""
    bound = np.zeros(len(month.head), bool)
    bound[month.home[(month.busy & month.here | month.held & month.here) & (month.home >= 0)]] = True
    return month.head[(month.head >= 0) & ~bound]


def depart(life, month) -> None:
    """Households leave the city."""
    r, heads = month.model.residents, _heads(month)
    rate = life.params.emigration * np.exp(-np.maximum(month.age[heads] - 28, 0) / 25) * push(life, month, heads)
    heads = heads[month.draw("depart", heads) < 1 - np.exp(-MONTH * rate)]
    going = np.zeros(len(month.head) + 1, bool)
    going[month.home[heads]] = True
    rows = np.flatnonzero(going[month.home] & month.here)
    month.busy[rows] = True
    month.here[rows] = False
    month.model.depart(r["id"][rows], "moved_away")


def leave_home(life, month, claims: Claims) -> None:
    """Young adults look for a home of their own; with work or in education more of them do."""
    model, r, age = month.model, month.model.residents, month.age
    rows = np.flatnonzero(~month.busy & ~month.held & (r["spouse"] < 0) & (age >= ADULT) & (age < 40)
                          & (month.home >= 0))
    head = month.head[month.home[rows]]
    rows = rows[(head >= 0) & (age[head] - age[rows] >= GENERATION)]
    rate = life.params.leaving_home * np.where(age[rows] < 21, 0.4, 1.0)
    if model.spec.interactions:
        working = (r["routine"][rows] >= STUDENT) & (r["routine"][rows] <= SHIFT)
        rate = rate * np.where(working, 1.0, 0.4)
    rows = rows[month.draw("leave_home", rows) < 1 - np.exp(-MONTH * rate)]
    for row in rows.tolist():
        with_me = month.wards([row])
        month.busy[[row, *with_me]] = True
        claims.add(r["key"][row], row, [row, *with_me])


def move(life, month, claims: Claims) -> None:
    """Households look for another dwelling in the city."""
    r, heads = month.model.residents, _heads(month)
    rate = life.params.mobility * np.exp(-np.maximum(month.age[heads] - 28, 0) / 25) * push(life, month, heads)
    heads = heads[month.draw("move", heads) < 1 - np.exp(-MONTH * rate)]
    slot = np.full(len(month.head) + 1, -1, np.int32)
    slot[month.home[heads]] = np.arange(len(heads))
    rows = np.flatnonzero((slot[month.home] >= 0) & month.here)
    rows = rows[np.argsort(slot[month.home[rows]], kind="stable")]
    parts = np.split(rows, np.searchsorted(slot[month.home[rows]], np.arange(1, len(heads)))) if len(heads) else []
    for head, members in zip(heads.tolist(), parts):
        month.busy[members] = True
        claims.add(r["key"][head], head, members)


def orphans(month) -> list[tuple[np.ndarray, int]]:
    """Children whom no adult looks after any more find a home with a couple of their area."""
    model, r, d = month.model, month.model.residents, month.model.dwellings
    soon = model.tick + CARE * model.calendar.ticks_per_day
    caring = month.here & (month.age >= ADULT) & (r["custody_until"] <= soon) & (month.home >= 0)
    cared = np.zeros(len(d) + 1, bool)
    cared[month.home[caring]] = True
    left = np.flatnonzero(month.here & (month.age < ADULT) & (month.home >= 0) & ~cared[month.home])
    couples = np.flatnonzero(caring & (r["partner"] == 1) & (month.age >= 25) & (month.age < 65))
    out = []
    if not len(couples):
        return out
    for home in np.unique(month.home[left]):
        rows = left[month.home[left] == home]
        near = couples[r["area"][couples] == r["area"][rows[0]]]
        near = near if len(near) else couples
        pair = np.empty(len(near), np.uint64)
        mix_arrays(np.full(len(near), d["key"][home]), r["key"][near], pair)
        host = near[np.argmax(uniforms(model.seed, "lifecourse.foster", 0, pair))]
        month.busy[rows] = True
        out.append((rows, int(month.home[host])))
    return out


def arrive(life, month, vacant: np.ndarray) -> None:
    """Households from elsewhere take dwellings that nobody of the city has wanted for a month.

    They are keyed by the vacancy, dwelling and day, so that somebody averted elsewhere leaves them the same people.
    """
    model, d = month.model, month.model.dwellings
    old = vacant[d["vacated"][vacant] < model.day]
    free = old[uniforms(model.seed, "lifecourse.arrive", model.tick, d["key"][old]) < life.params.arrival]
    if not len(free):
        return
    cause = np.empty(len(free), np.uint64)
    mix_arrays(d["key"][free] + np.uint64(1 << 40), (d["vacated"][free].astype(np.int64) + (1 << 31)).astype(np.uint64),
               cause)

    def u(name, keys, k=0):
        return uniforms(model.seed, f"lifecourse.come_{name}", 0, keys, k)

    kind = COMING[np.searchsorted(np.cumsum(COMING[:-1, 3]), u("kind", cause), side="right")].astype(int)
    size = kind[:, 0] + kind[:, 2]
    house = np.repeat(np.arange(len(free)), size)
    rank = np.arange(len(house)) - np.repeat(np.cumsum(size) - size, size)
    keys = np.empty(len(house), np.uint64)
    mix_arrays(cause[house], rank.astype(np.uint64), keys)
    adults = kind[house, 0]
    v = u("age", cause)
    eldest = np.where(kind[:, 2] > 0, 25 + 22 * v, 18 + 42 * v**1.8)[house]
    age = np.where(rank == 0, eldest, np.clip(eldest - 4 + 6 * u("gap", keys), 18, None))
    child = rank >= adults
    age[child] = (u("age", keys, 1) * np.minimum(18, eldest - 20))[child]
    male = u("sex", keys) < 0.5
    first = u("sex", cause) < np.where(kind[:, 2] > 0, 0.3, 0.5)
    other = u("own_sex", cause) < 0.03
    lead = np.where(kind[:, 1] == 1, first, np.where(kind[:, 2] > 0, u("sex", cause, 1) < 0.15, first))
    male = np.where(rank == 0, lead[house], male)
    couple = (kind[house, 1] == 1) & (rank < 2)
    male = np.where(couple & (rank == 1), lead[house] ^ ~other[house], male)
    born = (model.day - np.floor(365 * age)).astype(np.int64)
    restraint = np.clip(normals(model.seed, "lifecourse.self_control", 0, keys), -4, 4)
    model.enter(keys, "moved_in", dwelling=d["id"][free][house], birth_day=born, sex=male, partner=couple,
                self_control=restraint, moved=model.day)
