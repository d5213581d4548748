"""Prior distributions of parameters that are to be calibrated, bounded by the range a parameter is declared with."""

from __future__ import annotations

import dataclasses
import math
import re
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from sim.errors import SpecError
from sim.parameters import show, unknown_key

KINDS = ("uniform", "loguniform", "normal")
_KEY = re.compile(r"(?P<key>[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)(?:\[(?P<item>\d{1,3})\])?$")
_KEYS = ("prior", "low", "high", "mean", "sd", "answers", "sensitivity")
_NUMBERS = ("low", "high", "mean", "sd", "sensitivity")
_EDGE = 1e-9  # of the unit interval: draws stay inside, so that every transformation is finite


@dataclass(frozen=True)
class Prior:
    """What is believed about one parameter before the runs.

    Attributes
    ----------
    key : str
        Name of the setting, ``mechanism.offending.male``; ``[2]`` at its end means one element of a list.
    kind : str
        uniform, loguniform or normal (truncated to the range).
    low, high : float
        Range.
    mean, sd : float
        Of the normal before truncation.
    whole : bool
        The parameter is a whole number.
    answers : str
        Name of the target that the parameter is matched to; empty where a method needs none.
    sensitivity : float
        Change of the logarithm of that target per unit of the parameter, as somebody has stated it.
    """

    key: str
    kind: str
    low: float
    high: float
    mean: float = 0.0
    sd: float = 1.0
    whole: bool = False
    answers: str = ""
    sensitivity: float = 0.0

    @property
    def words(self) -> str:
        """The prior for a table: its form, and range or mean and standard deviation."""
        return f"{self.kind} {self.mean:g} +/- {self.sd:g}" if self.kind == "normal" else (
            f"{self.kind} {self.low:g} to {self.high:g}")

    def _normal(self) -> Any:
        a, b = (self.low - self.mean) / self.sd, (self.high - self.mean) / self.sd
        return stats.truncnorm(a, b, loc=self.mean, scale=self.sd)

    def from_unit(self, u: np.ndarray) -> np.ndarray:
        """Quantile function: points of the unit interval to values."""
        u = np.clip(np.asarray(u, float), _EDGE, 1 - _EDGE)
        if self.kind == "normal":
            x = self._normal().ppf(u)
        elif self.kind == "loguniform":
            x = self.low * (self.high / self.low) ** u
        else:
            x = self.low + (self.high - self.low) * u
        return np.clip(np.rint(x) if self.whole else x, self.low, self.high)

    def to_unit(self, x: np.ndarray) -> np.ndarray:
        """Distribution function: values to the unit interval, on which the prior is uniform."""
        x = np.clip(np.asarray(x, float), self.low, self.high)
        if self.kind == "normal":
            u = self._normal().cdf(x)
        elif self.kind == "loguniform":
            u = np.log(x / self.low) / math.log(self.high / self.low)
        else:
            u = (x - self.low) / (self.high - self.low)
        return np.clip(u, _EDGE, 1 - _EDGE)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for manifests."""
        out: dict[str, Any] = {"prior": self.kind, "low": self.low, "high": self.high}
        if self.kind == "normal":
            out.update(mean=self.mean, sd=self.sd)
        if self.answers:
            out.update(answers=self.answers, sensitivity=self.sensitivity)
        return out


def to_values(priors: Sequence[Prior], u: np.ndarray) -> np.ndarray:
    """Points of the unit cube, float[n, k], to values of the parameters."""
    return np.column_stack([p.from_unit(u[:, j]) for j, p in enumerate(priors)])


def to_units(priors: Sequence[Prior], x: np.ndarray) -> np.ndarray:
    """Values of the parameters, float[n, k], to points of the unit cube, on which the prior is uniform."""
    return np.column_stack([p.to_unit(np.asarray(x)[:, j]) for j, p in enumerate(priors)])


def sample(priors: Sequence[Prior], n: int, seed: int, skip: int = 0) -> np.ndarray:
    """Draw `n` points of the prior by a scrambled Sobol' sequence (Owen 1998).

    Parameters
    ----------
    priors : sequence of Prior
    n : int
    seed : int
        Of the scrambling.
    skip : int
        Points of the sequence to leave out: those that were used before.

    Returns
    -------
    float64[n, k]
    """
    sequence = stats.qmc.Sobol(len(priors), scramble=True, rng=np.random.default_rng([seed, 811]))
    if skip:
        sequence.fast_forward(skip)
    # Sequences are balanced in powers of two; any number is drawn here, since a budget is what it is.
    return to_values(priors, sequence.random(2 ** math.ceil(math.log2(max(n, 1))))[:n])


def declared(key: str) -> tuple[type, Mapping[str, Any], Any]:
    """Return type, declaration and default of a setting of the model by its dotted name.

    Raises
    ------
    SpecError
        For a name that nobody declared, or a setting that is not a number.
    """
    from sim import registry
    from sim.spec import CityParams

    registry.load()
    match = _KEY.match(key)
    if match is None:
        raise SpecError(f"parameters: expected names such as mechanism.offending.male, found {show(key)}")
    *path, name = match["key"].split(".")
    tables = {"mechanism": registry.MECHANISMS, "intervention": registry.INTERVENTIONS, "shock": registry.SHOCKS}
    if path == ["city"]:
        cls = CityParams
    elif len(path) == 2 and path[0] in tables:
        if path[1] not in tables[path[0]]:
            raise unknown_key(path[1], tables[path[0]], f"parameters: {path[0]}")
        cls = tables[path[0]][path[1]].Params
    else:
        raise SpecError(f"parameters: expected a setting of city, mechanism, intervention or shock, found {show(key)}")
    fields = {f.name: f for f in dataclasses.fields(cls)}
    if name not in fields:
        raise unknown_key(name, fields, f"parameters: {'.'.join(path)}")
    kind, default = typing.get_type_hints(cls)[name], fields[name].default
    several = typing.get_origin(kind) is tuple
    if several != (match["item"] is not None):
        wanted = f"one element of a list, as in {match['key']}[0]" if several else "a number, which has no elements"
        raise SpecError(f"parameters: {key}: this setting is {wanted}")
    if several:
        kind, item = typing.get_args(kind)[0], int(match["item"])
        if item >= len(default):
            raise SpecError(f"parameters: {key}: expected an element from 0 to {len(default) - 1}")
        default = default[item]
    if kind not in (int, float):
        raise SpecError(f"parameters: {key}: expected a setting that is a number, found one that is not")
    return kind, fields[name].metadata, default


def make_prior(key: str, given: Any, where: str = "parameters") -> Prior:
    """Make a prior from what a calibration file says; without a word the declared range, uniform.

    Raises
    ------
    SpecError
        One line.
    """
    kind, meta, _ = declared(key)
    given = {} if given is None else given
    if not isinstance(given, dict):
        raise SpecError(f"{where}.{key}: expected a mapping such as {{low: 0, high: 1}}, found {show(given)}")
    for name in given:
        if name not in _KEYS:
            raise unknown_key(name, _KEYS, f"{where}.{key}")
    numbers = {n: _number(given[n], f"{where}.{key}.{n}") for n in _NUMBERS if n in given}
    low, high = (numbers.get(n, meta[n]) for n in ("low", "high"))
    if low is None or high is None:
        raise SpecError(f"{where}.{key}: expected low and high, since the declared range has an open end")
    for name, value in (("low", low), ("high", high)):
        if (meta["low"] is not None and value < meta["low"]) or (meta["high"] is not None and value > meta["high"]):
            raise SpecError(f"{where}.{key}.{name}: expected a value in the declared range, "
                            f"{meta['low']} to {meta['high']}, found {value:g}")
    if not low < high:
        raise SpecError(f"{where}.{key}: expected low below high, found {low:g} and {high:g}")
    form = given.get("prior", "normal" if "mean" in numbers else "uniform")
    if form not in KINDS:
        raise SpecError(f"{where}.{key}.prior: expected one of {', '.join(KINDS)}, found {show(form)}")
    if form == "loguniform" and low <= 0:
        raise SpecError(f"{where}.{key}: a loguniform prior needs low above 0, found {low:g}")
    if form == "normal":
        if not {"mean", "sd"} <= set(numbers) or numbers["sd"] <= 0:
            raise SpecError(f"{where}.{key}: a normal prior needs mean and sd (above 0)")
        inside = np.diff(stats.norm.cdf([low, high], numbers["mean"], numbers["sd"]))[0]
        if inside < 1e-6:
            raise SpecError(f"{where}.{key}: the normal prior lies outside the range {low:g} to {high:g}")
    elif {"mean", "sd"} & set(numbers):
        raise SpecError(f"{where}.{key}: mean and sd belong to a normal prior, found them with {form}")
    answers = given.get("answers", "")
    if not isinstance(answers, str) or ("answers" in given and not answers):
        raise SpecError(f"{where}.{key}.answers: expected the name of a target, found {show(answers)}")
    if bool(answers) != ("sensitivity" in numbers) or (answers and numbers["sensitivity"] == 0):
        raise SpecError(f"{where}.{key}: a parameter that answers to a target needs both, as in {{answers: burglary, "
                        "sensitivity: -1}: the change of the target's logarithm per unit, not 0")
    return Prior(key, form, float(low), float(high), numbers.get("mean", 0.0), numbers.get("sd", 1.0), kind is int,
                 answers, numbers.get("sensitivity", 0.0))


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise SpecError(f"{where}: expected a finite number, found {show(value)}")
    return float(value)


def put(tree: dict[str, Any], key: str, value: float) -> None:
    """Set a parameter, or one element of a list, in a nested tree of plain settings."""
    match = _KEY.match(key)
    *path, name = match["key"].split(".")
    for part in path:
        tree = tree[part]
    if match["item"] is None:
        tree[name] = value
    else:
        tree[name] = [value if i == int(match["item"]) else v for i, v in enumerate(tree[name])]
