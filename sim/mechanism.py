"""The contract of a mechanism: it owns columns, layers and a state; it may read everything and writes only its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sim.columns import Column
from sim.parameters import param

if TYPE_CHECKING:
    import numpy as np

    from sim.model import CityModel


@dataclass(frozen=True)
class MechanismParams:
    """Settings every mechanism has. A mechanism's own dataclass inherits from this one."""

    enabled: bool = param(True, unit="-", source="modelling choice", doc="false switches the whole mechanism off")


class Mechanism:
    """One causal part of the model.

    Class attributes
    ----------------
    name : str
        Lower-case name; also the key in configurations (``mechanism.<name>``).
    cadence : {"tick", "day", "week", "month"}
        How often :meth:`step` is called (at the last tick of a day, every 7th or 30th day).
    Params : type
        Frozen dataclass of parameters, a subclass of :class:`MechanismParams`.
    columns : dict
        ``{"residents": {"trust": Column(...)}, ...}``: the columns it owns, by population.
    layers : dict
        ``{"alert": Column(...)}``: the per-cell layers it owns.
    takes : dict
        ``{"residents": ("partner", ...)}``: base columns of the synthesis that it alone goes on to change.
    log : tuple of str
        Columns of the event log that it fills in for events logged earlier, by itself or by others.
    after : str
        For mechanisms of users and plugins: the built-in mechanism after which they step.

    Notes
    -----
    Mutable state that is neither a column nor a layer lives in ``self.state``, a dict of arrays and plain values;
    it is saved and restored with the columns. No other attribute may change after :meth:`prepare`;
    `setup` is not called on a restored model, so caches that are not state are built in `prepare`.
    """

    name: ClassVar[str] = ""
    cadence: ClassVar[str] = "tick"
    Params: ClassVar[type] = MechanismParams
    columns: ClassVar[dict[str, dict[str, Column]]] = {}
    layers: ClassVar[dict[str, Column]] = {}
    takes: ClassVar[dict[str, tuple[str, ...]]] = {}
    log: ClassVar[tuple[str, ...]] = ()
    after: ClassVar[str] = ""

    def __init__(self, params: Any):
        self.params = params
        self.state: dict[str, Any] = {}

    def setup(self, model: CityModel) -> None:
        """Give the owned columns and layers their first values. Called once, also when switched off."""

    def prepare(self, model: CityModel) -> None:
        """Build caches that derive from parameters and the city; called after setup and after every restore."""

    def step(self, model: CityModel) -> None:
        """Do the mechanism's part of a tick, day, week or month. Propose, resolve conflicts by id, commit."""

    def welcome(self, model: CityModel, rows: np.ndarray) -> None:
        """Give newcomers (rows of residents, with all base columns) their first values; called also when switched off.

        Without it the owned columns of newcomers hold the declared defaults.
        """

    def record(self, model: CityModel) -> dict[str, float]:
        """Return what the daily series should hold, by name."""
        return {}
