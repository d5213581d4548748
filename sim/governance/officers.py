"""Officers as a named population: traits, colleagues, districts, successors.

Officers are numbered; numbers are grouped into offices that serve neighbouring residents, and close colleagues are
those next in number. What is true of an officer follows from the seed, the number and how often the post was filled
anew.
"""

from __future__ import annotations

import numpy as np

from sim.draws import normals

OFFICE = 12  # officers of an office: colleagues are found among them
COLLEAGUES = (-3, -2, -1, 1, 2, 3)
SHIFTS = 3


def person(number: np.ndarray, successor: np.ndarray) -> np.ndarray:
    """Key of the holder of a post: its number and how many held it before."""
    return number.astype(np.uint64) + (successor.astype(np.uint64) << np.uint64(32))


def hire(seed: int, number: np.ndarray, successor: np.ndarray, p) -> tuple[np.ndarray, np.ndarray]:
    """Moral cost (median weekly wages) and lasting over- or underestimation of the risk, for new holders of posts."""
    key = person(number, successor)
    moral = p.moral * np.exp(p.moral_spread * normals(seed, "bribery.moral", 0, key))
    caution = np.exp(0.5 * normals(seed, "bribery.caution", 0, key))
    return moral, caution


def colleagues(first: int, count: int) -> np.ndarray:
    """Numbers of the close colleagues of officers first..first + count, int32[count, 6]; -1 where there is none."""
    own = np.arange(count)[:, None]
    office = own // OFFICE
    size = np.minimum(OFFICE, count - office * OFFICE)
    beside = (own % OFFICE + np.array(COLLEAGUES)) % np.maximum(size, 1) + office * OFFICE
    beside = np.where(beside == own, -1, beside + first)
    return beside.astype(np.int32)


def found(residents: int, police: int, officials: int, seed: int, p) -> dict[str, np.ndarray]:
    """State of a force of `police` officers (numbered first) and `officials`."""
    number = np.arange(police + officials)
    successor = np.zeros(len(number), np.int32)
    moral, caution = hire(seed, number, successor, p)
    beside = np.concatenate([colleagues(0, police), colleagues(police, officials)])
    return dict(police=police, moral=moral, caution=caution, belief=np.zeros(len(number)),
                takes=np.zeros(len(number)), successor=successor, colleagues=beside)


def spans(homes_by_area: np.ndarray) -> np.ndarray:
    """Where each area begins in the row of all residents, as a share (float64[areas + 1])."""
    total = max(float(homes_by_area.sum()), 1.0)
    return np.concatenate([[0.0], np.cumsum(homes_by_area) / total])


def corrupt(state: dict) -> np.ndarray:
    """Share of each officer's close colleagues who are known to take bribes."""
    beside = state["colleagues"]
    known = beside >= 0
    takes = (state["takes"] > 0.5)[beside] & known
    return takes.sum(1) / np.maximum(known.sum(1), 1)


def met(state: dict, area: np.ndarray, u: np.ndarray, police: bool, hour: int | None) -> np.ndarray:
    """Number of the officer met in each area: one of those who serve it; police officers are those on shift.

    Parameters
    ----------
    area : int array
        Areas of the contacts.
    u : float array
        Draws in (0, 1).
    hour : int or None
        Hour of the day; None for a time that all shifts share.
    """
    first, count = (0, state["police"]) if police else (state["police"], len(state["moral"]) - state["police"])
    begin, end = state["span"][area], state["span"][area + 1]
    post = np.minimum(((begin + u * (end - begin)) * count).astype(np.int64), count - 1)
    if police and count >= SHIFTS and hour is not None:
        on = post - post % SHIFTS + hour * SHIFTS // 24
        post = np.where(on < count, on, post)
    return first + post
