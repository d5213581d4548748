"""Observers: they look at a model after every tick and note what a stored run does not hold. They change nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.facts.records import WATCHED

if TYPE_CHECKING:
    from sim.model import CityModel

DEPENDENT = 2


class Observer:
    """Notes releases from custody and, every 30 scored days, who is dependent on drugs."""

    def __init__(self) -> None:
        self.releases: list[tuple[np.ndarray, int, np.ndarray]] = []
        self.dependents: list[tuple[np.ndarray, int]] = []
        self._sentenced = np.empty(0, np.int64)

    def look(self, model: CityModel) -> None:
        """Call after every tick."""
        day = (model.tick - 1) // model.calendar.ticks_per_day - model.calendar.burn_in_days
        justice = model.mechanisms.get("justice")
        state = justice.state if justice is not None else {}
        if "inmates" in state:
            freed = state["freed"]
            if len(freed):
                self.releases.append((freed.copy(), day, np.isin(freed, self._sentenced)))
            self._sentenced = state["inmates"][state["served"]]
        if model.slot == 0 and day >= 0 and day % 30 == 29 and "use" in model.residents:
            r = model.residents
            self.dependents.append((r["id"][r["alive"] & (r["use"] == DEPENDENT)].astype(np.int64), day // 30))

    def write(self, folder: Path) -> None:
        """Write the notes beside a stored run."""
        def joined(parts: list, dtype: Any = np.int64) -> np.ndarray:
            return np.concatenate(parts).astype(dtype) if parts else np.empty(0, dtype)

        np.savez_compressed(
            folder / WATCHED,
            released_id=joined([r[0] for r in self.releases]),
            released_day=joined([np.full(len(r[0]), r[1]) for r in self.releases]),
            released_sentenced=joined([r[2] for r in self.releases], bool),
            dependent_id=joined([d[0] for d in self.dependents]),
            dependent_month=joined([np.full(len(d[0]), d[1]) for d in self.dependents]))


def watch_run(model: CityModel, observer: Observer, tell: Callable[[float, str], None]) -> Any:
    """Simulate what is left under the eyes of an observer; return everybody's counts on the first scored day."""
    from experiments.store import Marks

    marks = None
    while not model.finished:
        if marks is None and model.day >= 0:
            marks = Marks.of(model)
        model.step()
        observer.look(model)
        if model.slot == 0:
            tell(1, "burn-in" if model.day < 0 else "scored period")
    return marks if marks is not None else Marks.of(model)


def note_visits(model: CityModel) -> None:
    """Note the patrol visits that an intervention ordered, for :func:`trial_outcome`."""
    if "hot_spots_patrol" not in model.interventions:
        return
    notes = model.__dict__.setdefault("noted_visits", [])
    v = model.visits
    new = v.ordered & (v.start >= 0)  # a negative start was noted in the tick before
    minute = (model.tick - 1) * model.calendar.tick_minutes - model.calendar.burn_in_days * 1440
    if new.any():
        notes.append((v.cell[new].copy(), v.start[new].astype(np.int64) + minute, v.minutes[new].copy()))


def trial_outcome(model: CityModel) -> dict[str, Any]:
    """Events, market and treated places of one arm, as :mod:`analysis.facts.trial_sides` reads them."""
    from analysis.facts.trial_sides import SERIES

    log, calendar = model.log, model.calendar
    first = int(np.searchsorted(log["tick"], calendar.burn_in_days * calendar.ticks_per_day))
    from sim.records import CODE

    kept = np.flatnonzero(~np.isin(log["type"][first:], [CODE["drugs"], CODE["harassment"]])) + first
    out: dict[str, Any] = {
        "day": log["tick"][kept] // calendar.ticks_per_day - calendar.burn_in_days, "minute": log["minute"][kept],
        "cell": log["cell"][kept], "kind": log["type"][kept], "recorded": log["recorded"][kept],
        "weapon": log["weapon"][kept], "link": log["link"][kept],
        "width": np.array([model.city.grid.width]), "inside": np.flatnonzero(model.city.area >= 0)}
    series = model.series.columns()
    scored = series["day"] >= 0
    out.update({name: series[name][scored] for name in SERIES if name in series})
    for intervention in model.interventions.values():
        for name in ("treated_cells", "control_cells"):
            if name in intervention.state:
                out[name] = intervention.state[name]
    visits = model.__dict__.get("noted_visits", [])
    for k, name in enumerate(("cell", "start", "minutes")):
        if visits:
            out[f"visit_{name}"] = np.concatenate([v[k] for v in visits])
    return out
