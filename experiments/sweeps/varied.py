"""What a sweep may vary: a declared parameter with its range or its listed values."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim import registry
from sim.errors import SpecError
from sim.parameters import convert, show, unknown_key
from sim.spec import CityParams, _simple_class

DUMMY_KEY = "dummy"
SETTINGS = ("low", "high", "values", "log", "steps", "group")
MAX_VALUES = 10_000
# What a parameter of a design may not be, and where it belongs.
ELSEWHERE = {"seed": "replications count the seeds", "threads": "results do not depend on it",
             "city.path": "cities are scenarios", "city.preset": "cities are scenarios",
             "city.areas": "cities are scenarios", "start_date": "dates are scenarios", "banned": "it is a list"}


@dataclass(frozen=True)
class Parameter:
    """One column of a design.

    Attributes
    ----------
    key : str
        As in an override: ``mechanism.drugs.slots``.
    low, high : float
        Closed range of the values; of the index into `values` where these are listed.
    values : tuple
        Listed values (always for names), else empty.
    log : bool
        Spread evenly over the logarithm of the range.
    steps : int
        Steps of the range in a grid.
    kind : str
        float, int, bool or str.
    unit : str
    group : str
        Parameters of one group move together in a sensitivity analysis; empty: one of its own.
    """

    key: str
    low: float = 0.0
    high: float = 1.0
    values: tuple = ()
    log: bool = False
    steps: int = 3
    kind: str = "float"
    unit: str = "-"
    group: str = ""

    @property
    def is_dummy(self) -> bool:
        """True for the parameter that the model never sees."""
        return self.key == DUMMY_KEY

    @property
    def span(self) -> str:
        """What it is varied over, in words."""
        if self.values:
            shown = [str(v) for v in self.values]
            return ", ".join(shown) if len(shown) <= 4 else f"{shown[0]} ... {shown[-1]}"
        unit = "" if self.unit in ("", "-") else f" {self.unit}"
        return f"{self.low:g} to {self.high:g}{unit}{' (log)' if self.log else ''}"

    def from_unit(self, share: np.ndarray) -> np.ndarray:
        """Turn numbers between 0 and 1 into coordinates: values, or indices of listed ones.

        Whole numbers and listed values get equal shares of the unit interval.
        """
        share = np.asarray(share, float)
        if self.log:
            spread = self.low * (self.high / self.low) ** share
            return np.clip(np.rint(spread) if self.kind == "int" else spread, self.low, self.high)
        if self.values or self.kind == "int":
            # The small number keeps levels such as 2/3 x 3 on the right side of a rounding error.
            steps = np.floor(share * (self.high - self.low + 1) + 1e-9)
            return np.clip(self.low + steps, self.low, self.high)
        return self.low + share * (self.high - self.low)

    def value(self, coordinate: float) -> Any:
        """Return the value at a coordinate, in the parameter's type."""
        if self.values:
            return self.values[int(coordinate)]
        return int(round(coordinate)) if self.kind == "int" else float(coordinate)

    def as_dict(self) -> dict[str, Any]:
        """Plain values; :func:`restore` makes an equal parameter of them."""
        return {**dataclasses.asdict(self), "values": list(self.values)}


def dummy() -> Parameter:
    """A parameter that no model sees: what its index comes to is noise."""
    return Parameter(DUMMY_KEY)


def restore(given: Mapping[str, Any]) -> Parameter:
    """Make a parameter from what :meth:`Parameter.as_dict` returned."""
    return Parameter(**{**given, "values": tuple(given["values"])})


def declaration(key: str, where: str = "parameters") -> tuple[type, Mapping[str, Any]]:
    """Return type and metadata of the parameter that a key names.

    Raises
    ------
    SpecError
        When nobody declared it, or when it is nothing that a design can vary.
    """
    registry.load()
    if not isinstance(key, str):
        raise SpecError(f"{where}: expected the key of a parameter, found {show(key)}")
    if key in ELSEWHERE:
        raise SpecError(f"{where}: {key} cannot be varied by a design: {ELSEWHERE[key]}")
    head, *rest = key.split(".")
    tables = {"mechanism": registry.MECHANISMS, "intervention": registry.INTERVENTIONS, "shock": registry.SHOCKS}
    if head in tables and len(rest) == 2:
        if rest[0] not in tables[head]:
            raise unknown_key(rest[0], tables[head], f"{where}: {head}")
        cls, prefix, name = tables[head][rest[0]].Params, f"{head}.{rest[0]}", rest[1]
    elif head == "city" and len(rest) == 1:
        cls, prefix, name = CityParams, "city", rest[0]
    elif not rest:
        cls, prefix, name = _simple_class(), "run", head
    else:
        raise SpecError(f"{where}: expected the key of one parameter, as in mechanism.drugs.slots, found {show(key)}")
    fields = {f.name: f for f in dataclasses.fields(cls)}
    if name not in fields:
        raise unknown_key(name, fields, f"{where}: {prefix}")
    kind = typing.get_type_hints(cls)[name]
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kind = next(k for k in typing.get_args(kind) if k is not type(None))
    if kind not in (bool, int, float, str):
        raise SpecError(f"{where}: {key} cannot be varied by a design: it is a list")
    return kind, fields[name].metadata


def parameter(key: str, given: Mapping[str, Any] | None = None, where: str = "parameters") -> Parameter:
    """Make the parameter that a key names, within its declared range unless bounds or values are given.

    Parameters
    ----------
    key : str
    given : mapping, optional
        Any of ``low``, ``high``, ``values``, ``log``, ``steps``, ``group``.
    where : str
        How to begin the line of an error.

    Raises
    ------
    SpecError
        One line: which key, what was expected, what was found.
    """
    given = {} if given is None else given
    here = f"{where}: {key}"
    if not isinstance(given, Mapping):
        raise SpecError(f"{here}: expected a group of settings such as {{low: 0, high: 1}}, found {show(given)}")
    for setting in given:
        if setting not in SETTINGS:
            raise unknown_key(setting, SETTINGS, here)
    if key == DUMMY_KEY:
        return dummy()
    kind, meta = declaration(key, where)
    group = convert(given.get("group", ""), str, {}, f"{here}.group")
    common = {"kind": kind.__name__, "unit": meta.get("unit", "-"), "group": group}
    if "values" in given:
        return _listed(key, given, kind, meta, here, common)
    if kind is bool:
        return Parameter(key, 0.0, 1.0, (False, True), **common)
    if meta.get("choices"):
        choices = tuple(meta["choices"])
        return Parameter(key, 0.0, len(choices) - 1.0, choices, **common)
    if kind is str:
        raise SpecError(f"{here}: expected values, as in {{values: [a, b]}}, because it is a name")
    low, high = (_bound(name, given, kind, meta, here) for name in ("low", "high"))
    if not low < high:
        raise SpecError(f"{here}: expected low below high, found {low:g} and {high:g}")
    log = convert(given.get("log", False), bool, {}, f"{here}.log")
    if log and low <= 0:
        raise SpecError(f"{here}: expected low above 0 for a logarithmic range, found {low:g}")
    steps = convert(given.get("steps", 3), int, {"low": 2, "high": MAX_VALUES, "unit": "steps"}, f"{here}.steps")
    return Parameter(key, low, high, (), log, steps, **common)


def _listed(key: str, given: Mapping, kind: type, meta: Mapping, here: str, common: dict) -> Parameter:
    for other in ("low", "high", "log", "steps"):
        if other in given:
            raise SpecError(f"{here}: expected either values or a range, found both values and {other}")
    values = given["values"]
    if not isinstance(values, (list, tuple)) or not 1 <= len(values) <= MAX_VALUES:
        raise SpecError(f"{here}: values: expected a list of 1 to {MAX_VALUES:,} values, found {show(values)}")
    values = tuple(convert(v, kind, meta, f"{here}: values[{i}]") for i, v in enumerate(values))
    return Parameter(key, 0.0, len(values) - 1.0, values, **common)


def _bound(name: str, given: Mapping, kind: type, meta: Mapping, here: str) -> float:
    if name not in given:
        if meta.get(name) is None:
            raise SpecError(f"{here}: has no declared {name}; give one, as in {{low: 0, high: 1}}")
        return float(meta[name])
    return float(convert(given[name], kind, meta, f"{here}: {name}"))


def parameters(given: Mapping[str, Any] | Iterable[str], where: str = "parameters") -> tuple[Parameter, ...]:
    """Make all parameters of a design from a mapping of keys to settings, or from a list of keys."""
    if isinstance(given, str) or not isinstance(given, (Mapping, list, tuple)):
        raise SpecError(f"{where}: expected keys of parameters, found {show(given)}")
    pairs = list(given.items()) if isinstance(given, Mapping) else [(key, None) for key in given]
    if not pairs:
        raise SpecError(f"{where}: expected at least one parameter, found none")
    if len({key for key, _ in pairs if isinstance(key, str)}) != len(pairs):
        raise SpecError(f"{where}: expected every parameter once, found {show([key for key, _ in pairs])}")
    return tuple(parameter(key, settings, where) for key, settings in pairs)
