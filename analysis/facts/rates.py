"""Rates and mix (F11): what the model is calibrated to. Never a success."""

from __future__ import annotations

from analysis.facts.base import measure
from analysis.facts.records import PROPERTY, VIOLENT, Records
from sim.records import CODE


def _recorded(run: Records, types, grave: bool = False) -> float:
    """Recorded crimes a year; `grave` leaves out assaults without a weapon."""
    which = run.mask(types, "recorded")
    if grave:
        which &= (run.events["kind"] != CODE["assault"]) | run.events["weapon"]
    return which.sum() / max(run.years, 1e-9)


def _per_1000(run: Records, count: float, least_age: int = 0) -> float:
    return 1000 * count / max(1, int((run.people["age"] >= least_age).sum()))


@measure("F11a")
def violent(run: Records) -> float:
    """Recorded homicide, robbery and assault with a weapon per 1,000 residents and year."""
    return _per_1000(run, _recorded(run, VIOLENT, grave=True))


@measure("F11b")
def property_crime(run: Records) -> float:
    return _per_1000(run, _recorded(run, PROPERTY))


@measure("F11c")
def ratio(run: Records) -> float:
    return property_crime(run) / max(violent(run), 1e-9)


@measure("F11d")
def larceny(run: Records) -> float:
    return _recorded(run, ("theft",)) / max(_recorded(run, PROPERTY), 1e-9)


@measure("F11e")
def robbery(run: Records) -> float:
    return _recorded(run, ("robbery",)) / max(_recorded(run, VIOLENT, grave=True), 1e-9)


@measure("F11f")
def survey(run: Records) -> float:
    """All violence, reported or not, per 1,000 residents aged 12 or over and year."""
    return _per_1000(run, run.mask(VIOLENT).sum() / max(run.years, 1e-9), 12)
