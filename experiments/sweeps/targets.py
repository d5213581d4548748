"""The calibration file: parameters with priors, targets with observed values and tolerances, what is held out.

A target is what a run's outcomes must come near to: a total, a rate per 1,000 residents and year, a share, or the mean
of a daily value. Observed values are city-wide ones only: a total by type may come from the files of a real city,
nothing finer can.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.outcomes import LAYERS, event_outcomes
from experiments.safe_yaml import read_yaml
from experiments.sweeps.priors import Prior, make_prior
from sim.errors import SpecError
from sim.parameters import show, unknown_key

FILE_KEYS = ("question", "overrides", "parameters", "targets", "holdout", "budget", "replications", "seed")
TARGET_KEYS = ("outcome", "layer", "as", "of", "observed", "sd", "tolerance", "source")
FORMS = ("rate", "total", "share", "mean")
FROM_CITY = "from_city"
POPULATION = "population"  # daily value of every run


@dataclass(frozen=True)
class Target:
    """One number that the model is fitted to (or, held out, scored on).

    Attributes
    ----------
    name : str
    outcome : tuple of str
        Outcomes that are added up.
    form : str
        rate (per 1,000 residents and year), total (of the scored period), share (of the outcomes in `of`), mean.
    of : tuple of str
    observed : float
        NaN while it is to come from the city's files.
    sd, tolerance : float
        Error of the observed value: standard deviation, or the half-width of a band that is as good as exact.
    source : str
    """

    name: str
    outcome: tuple[str, ...]
    form: str
    of: tuple[str, ...]
    observed: float
    sd: float
    tolerance: float
    source: str = ""
    held_out: bool = False

    @property
    def error(self) -> float:
        """Standard deviation that stands for the error of the observed value (of a uniform one for a band)."""
        return self.sd if self.sd > 0 else self.tolerance / math.sqrt(3)

    @property
    def needed(self) -> tuple[str, ...]:
        """Outcomes of a run that the target is computed from."""
        return (*self.outcome, *self.of, *((POPULATION,) if self.form == "rate" else ()))

    def value(self, outcomes: Mapping[str, np.ndarray], years: float) -> np.ndarray:
        """Compute the target from the outcomes of runs (arrays of one shape)."""
        total = np.sum([outcomes[name] for name in self.outcome], axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.form == "rate":
                return 1000 * total / outcomes[POPULATION] / years
            if self.form == "share":
                whole = np.sum([outcomes[name] for name in self.of], axis=0)
                return np.where(whole > 0, total / whole, 0.0)
        return total

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Bring to a scale on which chance between runs is about even: square root, arcsine, or as it is."""
        values = np.asarray(values, float)
        if self.form in ("rate", "total"):
            return np.sqrt(np.maximum(values, 0.0))
        return np.arcsin(np.sqrt(np.clip(values, 0.0, 1.0))) if self.form == "share" else values

    def with_error(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Add the error of observation to simulated values, as the observed value has it (Wilkinson 2013)."""
        if self.sd > 0:
            return values + self.sd * rng.standard_normal(np.shape(values))
        if self.tolerance > 0:
            return values + self.tolerance * rng.uniform(-1, 1, np.shape(values))
        return np.asarray(values, float)

    def within(self, value: float) -> bool:
        """True for a simulated value within the tolerance (two standard deviations where an sd is given)."""
        return bool(abs(value - self.observed) <= (self.tolerance or 2 * self.sd) + 1e-12)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for manifests."""
        return {"outcome": list(self.outcome), "as": self.form, "of": list(self.of), "observed": self.observed,
                "sd": self.sd, "tolerance": self.tolerance, "source": self.source, "held_out": self.held_out}


@dataclass(frozen=True)
class Calibration:
    """The content of a calibration file."""

    name: str
    question: str
    file_hash: str
    overrides: tuple[str, ...]
    priors: tuple[Prior, ...]
    targets: tuple[Target, ...]
    holdout: tuple[Target, ...]
    settings: Mapping[str, int]  # runs (the budget), replications, seed: as far as the file says them

    @property
    def all_targets(self) -> tuple[Target, ...]:
        return (*self.targets, *self.holdout)


def read_calibration(file: str) -> Calibration:
    """Read a calibration file.

    Raises
    ------
    SpecError
        One line that names the file and the key.
    """
    from experiments.compose import parse

    path = Path(file).expanduser()
    content = read_yaml(path)
    for key in content:
        if key not in FILE_KEYS:
            raise unknown_key(key, FILE_KEYS, file)
    overrides = content.get("overrides", [])
    if not isinstance(overrides, list) or not all(isinstance(item, str) for item in overrides):
        raise SpecError(f"{file}: overrides: expected a list of overrides such as key=value, found {show(overrides)}")
    for text, override in zip(overrides, parse(overrides)):
        if override.is_sweep_override():
            raise SpecError(f"{file}: overrides: expected one value, found {show(text)}")
        if override.key_or_group in ("calibration", "out", "force", "dry_run"):
            raise SpecError(f"{file}: overrides: {override.key_or_group} cannot be set here")
    question = content.get("question", "")
    if not isinstance(question, str):
        raise SpecError(f"{file}: question: expected text, found {show(question)}")
    priors = [make_prior(key, given, f"{file}: parameters")
              for key, given in _mapping(content, "parameters", file).items()]
    targets = [_target(name, given, f"{file}: targets.{name}")
               for name, given in _mapping(content, "targets", file).items()]
    holdout = [_target(name, given, f"{file}: holdout.{name}", held_out=True)
               for name, given in (_mapping(content, "holdout", file) if "holdout" in content else {}).items()]
    names = [t.name for t in (*targets, *holdout)]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"{file}: holdout.{name}: a target is fitted or held out, found this name in both")
    fitted = [t.name for t in targets]
    for prior in priors:
        if prior.answers and prior.answers not in fitted:
            where = f"{file}: parameters.{prior.key}.answers"
            if prior.answers in names:
                raise SpecError(f"{where}: {prior.answers} is held out; a parameter answers to a target that is fitted")
            raise SpecError(str(unknown_key(prior.answers, fitted, where)).replace("unknown key", "unknown target")
                            .replace("known keys", "targets"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return Calibration(path.stem, " ".join(question.split()), digest, tuple(overrides), tuple(priors), tuple(targets),
                       tuple(holdout), _settings(content, file))


def _settings(content: dict[str, Any], file: str) -> dict[str, int]:
    out = {}
    budget = content.get("budget", {})
    if not isinstance(budget, dict) or set(budget) - {"runs"}:
        raise SpecError(f"{file}: budget: expected a mapping with runs, as in {{runs: 400}}, found {show(budget)}")
    for key, value in {**budget, **{k: content[k] for k in ("replications", "seed") if k in content}}.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < (key != "seed"):
            raise SpecError(f"{file}: {key}: expected a whole number of {int(key != 'seed')} or more, "
                            f"found {show(value)}")
        out[key] = value
    return out


def _mapping(content: dict[str, Any], key: str, file: str) -> dict[str, Any]:
    given = content.get(key)
    if not isinstance(given, dict) or not given:
        raise SpecError(f"{file}: {key}: expected a mapping with at least one entry, found {show(given)}")
    return given


def _target(name: str, given: Any, where: str, held_out: bool = False) -> Target:
    if not isinstance(given, dict):
        raise SpecError(f"{where}: expected a mapping with outcome and observed, found {show(given)}")
    for key in given:
        if key not in TARGET_KEYS:
            raise unknown_key(key, TARGET_KEYS, where)
    layer = given.get("layer")
    layer = "true" if layer is True else layer  # what YAML makes of the word
    if layer is not None and layer not in LAYERS:
        raise SpecError(f"{where}.layer: expected one of {', '.join(LAYERS)}, found {show(layer)}")
    outcome = _outcomes(given.get("outcome", name), layer, f"{where}.outcome")
    of = _outcomes(given["of"], layer, f"{where}.of") if "of" in given else ()
    form = given.get("as", "share" if of else "rate" if set(outcome) <= set(event_outcomes()) else "mean")
    if form not in FORMS:
        raise SpecError(f"{where}.as: expected one of {', '.join(FORMS)}, found {show(form)}")
    if (form == "share") != bool(of):
        raise SpecError(f"{where}: a share needs `of`, the outcomes it is a share of, and nothing else does")
    if "observed" not in given:
        raise SpecError(f"{where}: expected an observed value, found none")
    observed = given["observed"]
    if observed == FROM_CITY:
        if form not in ("rate", "share") or any(not o.startswith("recorded.") for o in (*outcome, *of)):
            raise SpecError(f"{where}: {FROM_CITY} gives rates and shares of the recorded layer, by type")
        observed = math.nan
    elif isinstance(observed, bool) or not isinstance(observed, (int, float)) or not math.isfinite(observed):
        raise SpecError(f"{where}.observed: expected a number or {FROM_CITY}, found {show(observed)}")
    if ("sd" in given) == ("tolerance" in given):
        raise SpecError(f"{where}: expected either sd or tolerance")
    width = {k: _width(given[k], observed, f"{where}.{k}") for k in ("sd", "tolerance") if k in given}
    source = given.get("source", "")
    if not isinstance(source, str):
        raise SpecError(f"{where}.source: expected text, found {show(source)}")
    return Target(name, outcome, form, of, float(observed), width.get("sd", 0.0), width.get("tolerance", 0.0), source,
                  held_out)


def _outcomes(given: Any, layer: str | None, where: str) -> tuple[str, ...]:
    listed = given if isinstance(given, list) else [given]
    if not listed or not all(isinstance(name, str) for name in listed):
        raise SpecError(f"{where}: expected the name of an outcome or a list of them, found {show(given)}")
    names = tuple(f"{layer}.{n}" if layer and n.partition(".")[0] not in LAYERS else n for n in listed)
    known = event_outcomes()
    for name in names:
        head = name.partition(".")[0]
        if layer and head != layer:
            raise SpecError(f"{where}: expected outcomes of the layer {layer}, found {show(name)}")
        if name not in known and (head in {k.partition(".")[0] for k in known} or "." not in name):
            if name in (k.partition(".")[2] for k in known):
                raise SpecError(f"{where}: expected a layer, as in recorded.{name}")
            if head in {k.partition(".")[0] for k in known}:
                line = str(unknown_key(name, known, where))
                raise SpecError(line.replace("unknown key", "unknown outcome"))
    return names


def _width(given: Any, observed: float, where: str) -> float:
    """A number, or a percentage of the observed value (negative until that is known)."""
    if isinstance(given, str) and given.endswith("%"):
        try:
            share = float(given[:-1]) / 100
        except ValueError:
            share = math.nan
        given = share * (abs(observed) if math.isfinite(observed) else -1.0) if share >= 0 else math.nan
        if given < 0:
            return given
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 <= given < math.inf:
        raise SpecError(f"{where}: expected a number of 0 or more, or a percentage such as '10 %', found {show(given)}")
    return float(given)


def from_city(targets: tuple[Target, ...], city_params: Any) -> tuple[Target, ...]:
    """Fill in the observed values that come from the recorded events of a real city: totals by type, nothing finer.

    Parameters
    ----------
    targets : tuple of Target
    city_params : sim.spec.CityParams
        Of the calibration; rates are per person of its areas, whatever number of residents is simulated.
    """
    import dataclasses

    if all(math.isfinite(t.observed) for t in targets):
        return targets
    if city_params.preset != "from_files":
        raise SpecError("targets: observed values from_city need a real city: city=from_files city.path=FOLDER")
    totals, people, years = _city_totals(city_params)
    out = []
    for t in targets:
        if not math.isfinite(t.observed):
            for name in (*t.outcome, *t.of):
                if name not in totals:
                    raise SpecError(f"targets.{t.name}: the city's events hold no {name}; they hold "
                                    f"{', '.join(sorted(totals))}")
            total, whole = (sum(totals[n] for n in names) for names in (t.outcome, t.of))
            value = 1000 * total / people / years if t.form == "rate" else total / max(whole, 1)
            sd, tolerance = (-w * value if w < 0 else w for w in (t.sd, t.tolerance))
            t = dataclasses.replace(t, observed=value, sd=sd, tolerance=tolerance,
                                    source=t.source or "recorded events of the city, city-wide total by type")
        out.append(t)
    return tuple(out)


def _city_totals(city_params: Any) -> tuple[dict[str, float], int, float]:
    from experiments.city_files import load_city, load_events
    from sim.records import TYPES

    city = load_city(city_params.path, city_params.areas)
    events = load_events(city_params.path, city)
    days = np.unique(events["datetime"].astype("datetime64[D]"))
    if not len(days):
        raise SpecError("targets: the city's files hold no event in its areas")
    last = days[-1]
    if "month" in set(events["precision"]):
        last = (last.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1
    length = int((last - days[0]).astype(int)) + 1
    kinds, counts = np.unique(events["type"], return_counts=True)
    totals = {f"recorded.{k}": float(c) for k, c in zip(kinds.tolist(), counts) if k in TYPES}
    return totals, city.population, length / 365
