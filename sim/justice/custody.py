"""Custody: who is in, until when, and the queue of suspects still to be arrested. All state is arrays."""

from __future__ import annotations

import numpy as np

from sim.sets import among

OPEN = 2**30  # end of the detention of somebody who awaits the court


def new_state() -> dict[str, np.ndarray | int]:
    """Return the empty state: the arrest queue (sorted by due tick and event) and the inmates (sorted by id).

    ``until`` is when an inmate goes free, ``term`` the same without detention before the sentence, ``served`` is true
    for those who serve a sentence.
    """
    return dict(due=np.empty(0, np.int32), case=np.empty(0, np.int64), wanted=np.empty(0, np.int64),
                inmates=np.empty(0, np.int64), until=np.empty(0, np.int32), term=np.empty(0, np.int32),
                served=np.empty(0, np.bool_), freed=np.empty(0, np.int64), entered=0, released=0, died=0)


def enqueue(state: dict, due, case, wanted) -> None:
    """Add suspects to be arrested at the ticks `due` for the events `case`."""
    if not len(due):
        return
    due = np.concatenate([state["due"], np.asarray(due, np.int32)])
    case = np.concatenate([state["case"], np.asarray(case, np.int64)])
    wanted = np.concatenate([state["wanted"], np.asarray(wanted, np.int64)])
    order = np.lexsort((wanted, case, due))
    state["due"], state["case"], state["wanted"] = due[order], case[order], wanted[order]


def dequeue(state: dict, tick: int, found=()) -> tuple[np.ndarray, np.ndarray]:
    """Take out the cases that are due and those of the persons `found`; returns (events, ids) in the queue's order."""
    now = state["due"] <= tick
    if len(found):
        now |= among(state["wanted"], found)
    if not now.any():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    case, wanted = state["case"][now], state["wanted"][now]
    for name in ("due", "case", "wanted"):
        state[name] = state[name][~now]
    return case, wanted


def release(state: dict, tick: int, residents) -> None:
    """Let go whoever's time is up, and forget those who died. ``state["freed"]`` holds the ids of the tick."""
    state["freed"] = state["inmates"][:0]
    if not len(state["inmates"]):
        return
    rows = residents.row_of[state["inmates"]]
    alive = (rows >= 0) & residents["alive"][np.maximum(rows, 0)]
    over = alive & (state["until"] <= tick)
    if not over.any() and alive.all():
        return
    state["freed"] = state["inmates"][over]
    state["released"] += int(over.sum())
    state["died"] += int((~alive).sum())
    stay = alive & ~over
    for name in ("inmates", "until", "term", "served"):
        state[name] = state[name][stay]


def commit_to_custody(state: dict, ids: np.ndarray, until: np.ndarray, residents, served=False) -> None:
    """Take people into custody until a tick; the later end counts for those who are in already.

    Parameters
    ----------
    ids : int64 array, without repetition
    until : int32 array
        Free from this tick on.
    served : bool or bool array
        True where it is a sentence that is served.
    """
    inside = among(ids, state["inmates"])
    state["entered"] += int((~inside).sum())
    new = ids[~inside]
    everybody = np.concatenate([state["inmates"], new])
    ends = np.concatenate([state["until"], until[~inside].astype(np.int32)])
    terms = np.concatenate([state["term"], until[~inside].astype(np.int32)])
    sentenced = np.concatenate([state["served"], np.zeros(len(new), np.bool_)])
    order = np.argsort(everybody, kind="stable")
    everybody, ends, terms, sentenced = everybody[order], ends[order], terms[order], sentenced[order]
    at = np.searchsorted(everybody, ids)
    np.maximum.at(terms, at, until.astype(np.int32))
    np.maximum.at(ends, at, until.astype(np.int32))
    sentenced[at] |= served
    state["inmates"], state["until"], state["term"], state["served"] = everybody, ends, terms, sentenced
    residents["custody_until"][residents.rows(ids)] = ends[at]


def detain(state: dict, ids: np.ndarray, residents) -> None:
    """Keep inmates (ids without repetition) until the court has decided."""
    at = np.searchsorted(state["inmates"], ids)
    state["until"][at] = OPEN
    residents["custody_until"][residents.rows(ids)] = OPEN


def end_detention(state: dict, ids: np.ndarray, tick: int, residents) -> None:
    """The court has decided on inmates (ids without repetition): their terms count, which may be over at once."""
    at = np.searchsorted(state["inmates"], ids)
    state["until"][at] = np.maximum(state["term"][at], tick + 1)
    residents["custody_until"][residents.rows(ids)] = state["until"][at]
