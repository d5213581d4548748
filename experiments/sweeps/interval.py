"""Intervals of counts."""

from __future__ import annotations


def wilson(count: int, tries: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of a share (Wilson 1927)."""
    from scipy import stats

    found = stats.binomtest(int(count), int(tries)).proportion_ci(level, "wilson")
    return float(found.low), float(found.high)
