"""One immutable, fully validated specification describes a run; its hash with the seed is the run's identity."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sim import registry
from sim.errors import SpecError
from sim.parameters import all_defaults, changed, defaults, one_of, param, plain, show, unknown_key, validate

SCHEMA_VERSION = 1
FIRST_YEAR, LAST_YEAR = 1000, 9000  # burn-in and scored years stay within what a calendar holds


@dataclass(frozen=True)
class CityParams:
    """Which city. The dials describe a generated one; with ``preset: from_files`` the data files do."""

    preset: str = param(
        "compact_european", unit="-", source="modelling choice", doc="name of a city preset, or from_files"
    )
    path: str = param("", unit="path", source="-", doc="folder with the files of a real city (from_files)")
    areas: tuple[str, ...] = param(
        (), unit="names", source="-", doc="names or ids of areas to keep; empty keeps all (from_files)"
    )
    residents: int = param(
        0,
        unit="persons",
        low=0,
        high=50_000_000,
        source="modelling choice",
        doc="residents; 0 takes the preset's number, or one person per person of a real city",
    )
    seed: int = param(
        1,
        unit="-",
        low=0,
        high=2**62,
        source="-",
        doc="seed of the built city and its people: arms and replications share the same city",
    )
    shape: str = param(
        "round",
        unit="-",
        choices=("round", "wide", "valley", "coast"),
        source="modelling choice",
        doc="outline of a generated city",
    )
    density: float = param(
        6_000.0,
        unit="residents per km2",
        low=500,
        high=60_000,
        source="modelling choice",
        doc="mean density of the built-up part",
    )
    centres: int = param(
        1, unit="count", low=1, high=12, source="modelling choice", doc="centres of jobs and night life"
    )
    segregation: float = param(
        0.4, unit="0-1", low=0, high=1, source="modelling choice", doc="how strongly poor and rich live apart"
    )
    inequality: float = param(
        0.30, unit="Gini", low=0.15, high=0.70, source="modelling choice", doc="Gini index of household income"
    )
    poverty: float = param(
        0.14,
        unit="share",
        low=0,
        high=0.8,
        source="modelling choice",
        doc="mean share of residents below the poverty line",
    )
    unemployment: float = param(
        0.07, unit="share", low=0, high=0.6, source="modelling choice", doc="mean unemployment rate"
    )
    informality: float = param(
        0.0,
        unit="share",
        low=0,
        high=0.8,
        source="modelling choice",
        doc="share of residents in informal settlements on the outskirts",
    )
    street_period: int = param(
        6, unit="cells", low=3, high=40, source="modelling choice", doc="distance between arterial streets"
    )
    street_order: float = param(
        0.6,
        unit="0-1",
        low=0,
        high=1,
        source="modelling choice",
        doc="1: people keep to arterials; 0: local streets carry as much",
    )
    firearms: float = param(
        0.05,
        unit="ratio",
        low=0,
        high=3,
        source="modelling choice; Grinshteyn and Hemenway 2016 (order of magnitude between countries)",
        doc="how often a weapon in an assault is a firearm, relative to the United States",
    )
    custody_terms: float = param(
        0.35,
        unit="ratio",
        low=0,
        high=3,
        source="Aebi et al., SPACE I (mean stay in Europe 9-11 months); Kaeble (2021)",
        doc="length of custody relative to the United States",
    )
    state_presence: float = param(
        1.0,
        unit="ratio",
        low=0,
        high=3,
        source="modelling choice",
        doc="street lights and services in poor areas relative to the rest",
    )


@dataclass(frozen=True)
class RunSpec:
    """What a run is.

    Attributes
    ----------
    city : CityParams
    seed : int
    years, burn_in_years : float
    tick_hours : int
    start_date : str
    threads : int
        Not part of the identity: results do not depend on it.
    interactions : bool
        False cuts every channel by which one resident's deeds or presence change another's choices.
    banned : tuple of int
        Ids of residents who never offend: the counterfactual that removes an offender.
    mechanism, intervention, shock : mapping of name to parameter dataclass
        Every registered mechanism; only the interventions and shocks that are in the run.
    """

    city: CityParams = field(default_factory=CityParams)
    seed: int = param(1, unit="-", low=0, high=2**62, source="-", doc="seed of the run; replications count up from it")
    years: float = param(1.0, unit="years of 365 days", low=0, high=100, source="-", doc="scored years")
    burn_in_years: float = param(
        1.0,
        unit="years of 365 days",
        low=0,
        high=50,
        source="modelling choice",
        doc="years simulated before scoring starts",
    )
    tick_hours: int = param(
        4, unit="hours", choices=(1, 2, 3, 4, 6, 8, 12, 24), source="modelling choice", doc="length of a tick"
    )
    start_date: str = param("2024-01-01", unit="date", source="-", doc="date of the first scored day")
    threads: int = param(1, unit="threads", low=1, high=64, source="-", doc="threads of one run")
    interactions: bool = param(
        True, unit="-", source="-", doc="false cuts every channel by which residents influence one another"
    )
    banned: tuple[int, ...] = param(
        (), unit="person ids", source="-", doc="residents who never offend (counterfactual)"
    )
    budget: float = param(
        0.0,
        unit="USD of 2022 a year",
        low=0,
        high=1e15,
        source="-",
        doc="money for all interventions together; a common factor on their doses keeps within it; 0: no limit",
    )
    spend_all: bool = param(
        False, unit="-", source="-", doc="raise doses too, up to tenfold, so that the budget is spent"
    )
    mechanism: Mapping[str, Any] = field(default_factory=dict)
    intervention: Mapping[str, Any] = field(default_factory=dict)
    shock: Mapping[str, Any] = field(default_factory=dict)

    @property
    def days(self) -> int:
        return round(self.years * 365)

    @property
    def burn_in_days(self) -> int:
        return round(self.burn_in_years * 365)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, complete: feeding them to :func:`build` gives an equal specification."""
        out = {f.name: getattr(self, f.name) for f in _simple_fields()}
        out["banned"] = list(out["banned"])
        out["city"] = plain(self.city)
        for group in GROUPS:
            out[group] = {name: plain(p) for name, p in sorted(getattr(self, group).items())}
        return out

    def __reduce__(self):
        return build, (self.as_dict(),)

    def __deepcopy__(self, memo) -> RunSpec:
        return self

    def hash(self) -> str:
        """Content hash (16 hex digits) of everything that can change a result; `threads` and `city.path` cannot."""
        content = {f.name: _json(getattr(self, f.name)) for f in _simple_fields() if f.name != "threads"}
        content["city"] = _json({name: value for name, value in plain(self.city).items() if name != "path"})
        for group in GROUPS:
            content[group] = _object({name: _text(p) for name, p in getattr(self, group).items()})
        return hashlib.sha256(_object(content).encode()).hexdigest()[:16]

    def with_(self, **changes: Any) -> RunSpec:
        """Return a copy with some keys changed; nested keys as in ``mechanism={"patrol": {...}}`` are merged.

        Only what changes is validated anew, so that thousands of runs that differ in little are cheap to specify.
        """
        return build(changes, self)


GROUPS = ("mechanism", "intervention", "shock")


@functools.cache
def _simple_fields() -> tuple[dataclasses.Field, ...]:
    return tuple(f for f in dataclasses.fields(RunSpec) if f.name not in ("city", *GROUPS))


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _object(texts: Mapping[str, str]) -> str:
    """Put JSON values together to an object, as `_json` would write it."""
    return "{" + ",".join(f"{json.dumps(name)}:{texts[name]}" for name in sorted(texts)) + "}"


def _text(p: Any) -> str:
    """The JSON text of frozen parameters, kept with them: most of a specification is shared with many others."""
    text = getattr(p, "_text", None)
    if text is None:
        text = _json(plain(p))
        if hasattr(p, "__dict__"):
            object.__setattr__(p, "_text", text)
    return text


def merge(base: Mapping, changes: Mapping) -> dict:
    """Merge nested mappings; lists and values of `changes` replace those of `base`."""
    out = dict(base)
    for key, value in changes.items():
        if isinstance(value, Mapping) and isinstance(out.get(key), Mapping):
            out[key] = merge(out[key], value)
        else:
            out[key] = value
    return out


_Simple = None


def _simple_class() -> type:
    global _Simple
    if _Simple is None:
        import typing

        hints = typing.get_type_hints(RunSpec)
        _Simple = dataclasses.make_dataclass(
            "run",
            [
                (f.name, hints[f.name], dataclasses.field(default=f.default, metadata=f.metadata))
                for f in _simple_fields()
            ],
            frozen=True,
        )
    return _Simple


def build(given: Mapping[str, Any] | None = None, base: RunSpec | None = None) -> RunSpec:
    """Validate plain nested values and return the frozen specification.

    Parameters
    ----------
    given : mapping, optional
    base : RunSpec, optional
        Where the values come from that are not given; without it they are the defaults. What is not given is neither
        copied nor validated again.

    Raises
    ------
    SpecError
        One line: which key, what was expected, what was found.
    """
    registry.load()
    given = dict(given or {})
    for key in given:
        if not isinstance(key, str) or key not in RunSpec.__dataclass_fields__:
            raise unknown_key(key, list(RunSpec.__dataclass_fields__), "run")
    city = _validated(CityParams, given.pop("city", {}), "city", base and base.city)
    groups = {}
    for group, table in (
        ("mechanism", registry.MECHANISMS),
        ("intervention", registry.INTERVENTIONS),
        ("shock", registry.SHOCKS),
    ):
        chosen = given.pop(group, {})
        if not isinstance(chosen, Mapping):
            raise SpecError(f"{group}: expected a group of settings, found {show(chosen)}")
        for name in chosen:
            if name not in table:
                raise unknown_key(name, table, group)
        old = getattr(base, group) if base else {}
        names = table if group == "mechanism" else [n for n in table if n in chosen or n in old]
        groups[group] = MappingProxyType(
            {n: _validated(table[n].Params, chosen.get(n, {}), f"{group}.{n}", old.get(n)) for n in sorted(names)}
        )
    values = {f.name: getattr(base, f.name) for f in _simple_fields()} if base else {}
    simple = validate(_simple_class(), {**values, **given}, "run")
    values = {f.name: getattr(simple, f.name) for f in _simple_fields()}
    try:
        start = datetime.date.fromisoformat(values["start_date"])
        if start.isoformat() != values["start_date"]:  # other spellings of a date would give another identity
            raise ValueError
    except ValueError:
        raise SpecError(f"start_date: expected a date as YYYY-MM-DD, found {show(values['start_date'])}") from None
    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise SpecError(f"start_date: expected a year from {FIRST_YEAR} to {LAST_YEAR}, found {start.year}")
    if min(values["banned"], default=0) < 0:
        raise SpecError(f"banned: expected person ids of 0 or more, found {min(values['banned'])}")
    if values["tick_hours"] not in (1, 2, 3, 4, 6, 8, 12, 24):
        raise SpecError(f"tick_hours: expected one of 1, 2, 3, 4, 6, 8, 12, 24, found {values['tick_hours']}")
    return RunSpec(city=city, **groups, **values)


def _validated(cls: type, given: Any, where: str, base: Any = None):
    """Parameters of a class: those of `base`, or else the defaults, with what is given in their place."""
    if base is not None and type(base) is not cls:  # the name has been registered anew since
        base = validate(cls, plain(base), where)
    if isinstance(given, Mapping) and not given:
        return all_defaults(cls, where) if base is None else base
    return validate(cls, given, where) if base is None else changed(base, given, where)


def default_tree() -> dict[str, Any]:
    """Return all defaults as nested plain values: the base of every composed configuration."""
    registry.load()
    tree = defaults(_simple_class())
    tree["city"] = defaults(CityParams)
    tree["mechanism"] = {n: defaults(c.Params) for n, c in sorted(registry.MECHANISMS.items())}
    tree["intervention"] = {}
    tree["shock"] = {}
    return tree


def plan_defaults(kind: str, name: str) -> dict[str, Any]:
    """Return the defaults of one registered intervention or shock (`kind` is "intervention" or "shock")."""
    registry.load()
    known = registry.INTERVENTIONS if kind == "intervention" else registry.SHOCKS
    if name not in known:
        raise SpecError(f"{kind}s: unknown name {show(name)}; known: {one_of(known)}")
    return defaults(known[name].Params)
