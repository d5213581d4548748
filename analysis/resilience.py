"""Resilience: how far a shock pushes a city from its course, for how long, and how much is lost in all.

The course is the paired run without the shock, so seasons and trends cancel. There is no formula in UNODC's approach;
peak, area and time to recovery are the usual measures of resilience (Bruneau et al. 2003, the resilience triangle).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NAN = float("nan")


@dataclass(frozen=True)
class Response:
    """Response of one series to a shock.

    Attributes
    ----------
    peak : float
        Largest deviation in the direction of the worst, relative to the undisturbed mean after the shock.
    peak_day : int
        Days from the start of the shock to the peak.
    area : float
        Sum of the relative deviation over days, in days of the undisturbed level.
    recovery : float
        Days from the peak until nine tenths of the peak deviation are gone and do not come back for a window;
        NaN when that does not happen within the series, 0 when there was no deviation.
    """

    peak: float
    peak_day: int
    area: float
    recovery: float


def smooth(values: np.ndarray, window: int) -> np.ndarray:
    """Centred moving mean over `window` days; shorter at the ends. NaN are left out."""
    values = np.asarray(values, float)
    known = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    n, half = len(values), window // 2
    lo = np.maximum(np.arange(n) - half, 0)
    hi = np.minimum(np.arange(n) + half + 1, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (total[hi] - total[lo]) / (count[hi] - count[lo])


def response(shocked, undisturbed, start: int, worse: int = 1, window: int = 28) -> Response:
    """Compare a daily series with and without a shock.

    Parameters
    ----------
    shocked, undisturbed : array, shape (days,) or (runs, days)
        Runs are averaged first.
    start : int
        Index of the shock's first day.
    worse : {1, -1}
        1 when a rise is bad (victimisation), -1 when a fall is (trust, collective efficacy).
    window : int
        Days of smoothing.
    """
    a, b = (np.atleast_2d(np.asarray(x, float)).mean(axis=0)[start:] for x in (shocked, undisturbed))
    level = float(np.nanmean(np.abs(b))) if len(b) else 0.0
    if not len(b) or level == 0:
        return Response(NAN, 0, NAN, NAN)
    raw = worse * (a - b) / level
    course = smooth(raw, window)
    top = int(np.nanargmax(course))
    peak = float(course[top])
    if peak <= 1e-12:
        return Response(0.0, 0, float(np.nansum(raw)), 0.0)
    calm = course[top:] <= 0.1 * peak
    for day in range(len(calm)):
        if calm[day : day + window].all() and day + window <= len(calm):
            return Response(peak, top, float(np.nansum(raw)), float(day))
    return Response(peak, top, float(np.nansum(raw)), NAN)
