"""Custody: who is in, until when, and the queue of suspects still to be arrested. All state is arrays."""

from __future__ import annotations

import numpy as np


def new_state() -> dict[str, np.ndarray | int]:
    """Return the empty state: the arrest queue (sorted by due tick and event) and the inmates (sorted by id)."""
    return dict(due=np.empty(0, np.int32), case=np.empty(0, np.int64), wanted=np.empty(0, np.int64),
                inmates=np.empty(0, np.int64), until=np.empty(0, np.int32), entered=0, released=0, died=0)


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
        now |= np.isin(state["wanted"], found)
    if not now.any():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    case, wanted = state["case"][now], state["wanted"][now]
    for name in ("due", "case", "wanted"):
        state[name] = state[name][~now]
    return case, wanted


def release(state: dict, tick: int, residents) -> None:
    """Let go whoever's time is up, and forget those who died."""
    if not len(state["inmates"]):
        return
    rows = residents.row_of[state["inmates"]]
    alive = (rows >= 0) & residents["alive"][np.maximum(rows, 0)]
    over = alive & (state["until"] <= tick)
    state["released"] += int(over.sum())
    state["died"] += int((~alive).sum())
    stay = alive & ~over
    state["inmates"], state["until"] = state["inmates"][stay], state["until"][stay]


def commit_to_custody(state: dict, ids: np.ndarray, until: np.ndarray, residents) -> None:
    """Take people into custody until a tick; the later end counts for those who are in already.

    Parameters
    ----------
    ids : int64 array, without repetition
    until : int32 array
        Free from this tick on.
    """
    inside = np.isin(ids, state["inmates"])
    state["entered"] += int((~inside).sum())
    everybody = np.concatenate([state["inmates"], ids[~inside]])
    ends = np.concatenate([state["until"], until[~inside].astype(np.int32)])
    order = np.argsort(everybody, kind="stable")
    everybody, ends = everybody[order], ends[order]
    np.maximum.at(ends, np.searchsorted(everybody, ids), until.astype(np.int32))
    state["inmates"], state["until"] = everybody, ends
    residents["custody_until"][residents.rows(ids)] = ends[np.searchsorted(everybody, ids)]
