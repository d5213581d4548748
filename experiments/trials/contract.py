"""What a virtual trial is: a world, what is done, for how long, what is counted, and the band it is judged by."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sim.model import CityModel

# Cities in which trials take place: preset, residents, and what departs from it. Most trials at places were held in
# inner cities: Philadelphia and Chicago have 4,600 residents per km2. Homicides are rare, so that trials which count
# them need a larger city.
WORLDS: dict[str, dict[str, Any]] = {
    "north_american": {"preset": "sprawling_north_american", "residents": 30_000, "density": 4_600.0},
    "european": {"preset": "compact_european", "residents": 20_000},
    "weak_state": {"preset": "latin_american_hillsides", "residents": 20_000, "state_presence": 0.4},
    "large": {"preset": "latin_american_hillsides", "residents": 60_000},
    "port": {"preset": "port_city", "residents": 20_000},
    # Ten years and more.
    "generation": {"preset": "sprawling_north_american", "residents": 20_000, "density": 4_600.0},
}
STEP = 10  # days between two looks of those who watch


@dataclass
class Ran:
    """One run as a measure sees it.

    Attributes
    ----------
    model : CityModel
        On its last day.
    seen : list
        What ``Trial.watch`` saw, one item per `STEP` days from the first scored day on.
    marked : object
        What the hook of the first day returned.
    """

    model: CityModel
    seen: list[Any] = field(default_factory=list)
    marked: Any = None

    def state(self, name: str) -> Mapping[str, Any]:
        """State of an intervention: ``treated_cells``, ``control_cells``, ``treated_ids`` ..."""
        return self.model.interventions[name].state

    def day(self) -> np.ndarray:
        """Scored day of every event of the log; negative in the burn-in."""
        calendar = self.model.calendar
        return self.model.log["tick"] // calendar.ticks_per_day - calendar.burn_in_days


# outcome -> (with it, without it): counts or rates of one pair of runs
Found = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Trial:
    """A published evaluation as a paired experiment.

    Attributes
    ----------
    id : str
        Row of the evidence catalogue.
    title, study : str
        What was tried; author and year.
    intervention : str
        Name of the intervention or shock (empty where `hook` does it).
    settings : mapping
        Its parameters where they depart from the defaults.
    world : str
        Key of `WORLDS`.
    days : int
        Scored days that are needed.
    measure : function
        From the runs with and without it (:class:`Ran`) to named pairs of numbers.
    primary : str
        The outcome that is judged.
    band : (float, float)
        Accepted effect, in per cent of the run without it (or in points of it with ``unit="points"``).
    kind : {"effect", "null", "direction"}
        An effect is expected (the band leaves out zero); none is expected (judged as equivalence); or the band touches
        zero, so that doing nothing would pass too and a pass says little.
    aim : str
        How places or people are chosen, the dose, its length, what is counted, on which layer.
    departs : str
        Where this differs from the study.
    shock : bool
        `intervention` is the name of a shock.
    watch : function, optional
        Looks at a running model every `STEP` days; its results are ``Ran.seen``.
    hook, base_hook : function, optional
        Does something to the model on the first scored day, in the arm and in its counterfactual; what it returns is
        ``Ran.marked``.
    """

    id: str
    title: str
    study: str
    intervention: str
    measure: Callable[[Ran, Ran], Found]
    primary: str
    band: tuple[float, float]
    kind: str
    aim: str
    days: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    world: str = "north_american"
    departs: str = ""
    unit: str = "%"
    shock: bool = False
    watch: Callable[[CityModel], Any] | None = None
    hook: Callable[[CityModel], Any] | None = None
    base_hook: Callable[[CityModel], Any] | None = None

    def changes(self) -> dict[str, Any]:
        """What the arm adds to the specification."""
        if not self.intervention:
            return {}
        return {"shock" if self.shock else "intervention": {self.intervention: dict(self.settings)}}

    def declared(self) -> str:
        """Hash of what its result depends on beside the model: arm, world, length, how it is counted."""
        counting = Path(__file__).with_name("measures.py").read_text(encoding="utf-8")
        what = [self.changes(), WORLDS[self.world], self.days, STEP, counting,
                [_told(f) for f in (self.measure, self.watch, self.hook, self.base_hook)]]
        return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _told(value: Any) -> Any:
    """What a function says and encloses, for a hash that is the same from run to run."""
    if inspect.isfunction(value):
        return [inspect.getsource(value), [_told(c.cell_contents) for c in value.__closure__ or ()]]
    if isinstance(value, dict):
        return {str(k): _told(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_told(v) for v in value]
    return value
