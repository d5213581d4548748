"""The contract of an intervention: it moves levers, at a dose, between two days, at a cost. Never an outcome."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sim.errors import SpecError
from sim.parameters import param

if TYPE_CHECKING:
    from sim.model import CityModel


@dataclass(frozen=True)
class InterventionParams:
    """Settings every intervention has. An intervention's own dataclass inherits from this one."""

    strength: float = param(1.0, unit="ratio", low=0, high=10, source="modelling choice",
                            doc="dose relative to the one the evidence is about; 0 changes nothing to the bit")
    start: int = param(0, unit="day", low=0, high=36_500, source="modelling choice",
                       doc="first day, counted from the first scored day")
    end: int = param(36_500, unit="day", low=0, high=36_500, source="modelling choice",
                     doc="day on which it is over")
    ramp_days: int = param(0, unit="days", low=0, high=3_650, source="modelling choice",
                           doc="days until the full dose is reached")

    def check(self, where: str) -> None:
        if self.end <= self.start:
            raise SpecError(f"{where}.end: expected a day after start ({self.start}), found {self.end}")


def redeclare(cls: type, name: str, default: Any, source: str, **changes: Any) -> Any:
    """Declare a parameter of a base class again, with another default and source."""
    field = next(f for f in dataclasses.fields(cls) if f.name == name)
    return param(default, **{**field.metadata, "source": source, **changes})


class Intervention:
    """One way to prevent crime.

    Class attributes
    ----------------
    name : str
    level : {"local", "national", "international", "-"}
    target : str
        Who or what is selected, and on which data ("places by recorded crime", "youths at risk" ...).
    levers : tuple of str
        The levers it may put contributions on.
    evidence : tuple of str
        Rows of the evidence catalogue it stands for.
    side_effects : str
        What it can cause besides what it is for.
    feasible : bool
        False for bounds that no real authority could choose (they know what nobody knows).
    waits : bool
        True when days may pass on which it moves nothing at full dose: it is for certain days of the week, or for
        people or places that turn up one by one (the released, homes burgled).
    currency : str
        Currency and year of prices of :meth:`cost`.
    Params : type

    Notes
    -----
    :meth:`apply` is called at the end of every day while it is in force, for tomorrow, when ``model.day`` and
    ``model.tick`` already are tomorrow's. Targets are chosen on what an authority can know: recorded and believed
    crime, registers, a survey; never on true crime. Every random choice has a decision name that starts with the
    intervention's own. A dose of zero must change nothing, to the bit: contributions are the dose times something.
    What must be remembered lives in ``self.state`` (arrays and plain values). Two names in it are known to reports:
    ``treated_cells`` (int32) and ``treated_ids`` (int64), with ``control_cells`` and ``control_ids`` in a trial.
    """

    name: ClassVar[str] = ""
    level: ClassVar[str] = "-"
    target: ClassVar[str] = "-"
    levers: ClassVar[tuple[str, ...]] = ()
    evidence: ClassVar[tuple[str, ...]] = ()
    side_effects: ClassVar[str] = "none known"
    feasible: ClassVar[bool] = True
    waits: ClassVar[bool] = False
    currency: ClassVar[str] = "USD of 2022"
    Params: ClassVar[type] = InterventionParams

    def __init__(self, params: Any):
        self.params = params
        self.state: dict[str, Any] = {}

    def dose(self, day: int) -> float:
        """Strength on a day, after ramping; 0 outside the window."""
        p = self.params
        if not p.start <= day < p.end:
            return 0.0
        return p.strength * (min(1.0, (day - p.start + 1) / p.ramp_days) if p.ramp_days else 1.0)

    def begin(self, model: CityModel) -> None:
        """Choose targets; called once, at the end of the day before the first one."""

    def apply(self, model: CityModel, dose: float) -> None:
        """Put tomorrow's contributions on the levers."""
        raise NotImplementedError

    def cost(self, model: CityModel, dose: float) -> float:
        """Cost of tomorrow in :attr:`currency`: proportional to the dose."""
        return 0.0

    def put(self, model: CityModel, lever: str, where: Any, value: Any) -> None:
        """Contribute to a lever that the class declares."""
        if lever not in self.levers:
            raise KeyError(f"{self.name} does not declare the lever {lever!r} (its levers: {', '.join(self.levers)})")
        model.levers.put(self.name, lever, where, value)
