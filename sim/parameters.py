"""Parameters are declared once; configuration, validation, sensitivity bounds and docs read the declaration.

A parameter is a field of a frozen dataclass made by :func:`param`. The field carries default, unit, range,
source and whether its value was calibrated (calibrated values are never scored as successes).
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from sim.errors import SpecError


def param(
    default: Any,
    *,
    unit: str,
    source: str,
    doc: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple | None = None,
    calibrated: bool = False,
) -> Any:
    """Declare one parameter as a dataclass field.

    Parameters
    ----------
    default : bool, int, float, str or tuple
        Value when a configuration says nothing.
    unit : str
        Unit of the value ("share", "minutes", "per 1,000 residents"...; "-" for a pure number or a name).
    source : str
        Author and year, or "modelling choice".
    doc : str
        What it is, in one sentence.
    low, high : float, optional
        Closed range of valid values; also the bounds offered to sensitivity analysis.
    choices : tuple, optional
        The valid values of a name.
    calibrated : bool
        Fitted to city-wide rates (tier C); never scored as a success.
    """
    meta = dict(unit=unit, source=source, doc=doc, low=low, high=high, choices=choices, calibrated=calibrated)
    if isinstance(default, (list, tuple)):
        return dataclasses.field(default=tuple(default), metadata=meta)
    return dataclasses.field(default=default, metadata=meta)


def show(value: Any) -> str:
    """Render a value found in the user's input on one short line."""
    text = repr(value).replace("\n", " ").replace("\r", " ")
    return text if len(text) <= 80 else text[:77] + "..."


def one_of(names) -> str:
    names = sorted(map(str, names))
    return ", ".join(names) if len(names) <= 12 else ", ".join(names[:12]) + f", ... ({len(names)} in all)"


def unknown_key(key: Any, known, where: str) -> SpecError:
    """Build the error for a key nobody declared, with the nearest known name."""
    near = difflib.get_close_matches(str(key), list(map(str, known)), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; known keys: {one_of(known)}"
    return SpecError(f"{where}: unknown key {show(key)}{hint}")


def _check_number(value: float, meta: Mapping, where: str) -> None:
    low, high = meta.get("low"), meta.get("high")
    if isinstance(value, float) and not math.isfinite(value):
        raise SpecError(f"{where}: expected a finite number, found {show(value)}")
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = (
            f"between {low:g} and {high:g}"
            if low is not None and high is not None
            else (f"at least {low:g}" if low is not None else f"at most {high:g}")
        )
        raise SpecError(f"{where}: expected {bounds} ({meta.get('unit', '-')}), found {show(value)}")


def convert(value: Any, kind: Any, meta: Mapping, where: str) -> Any:
    """Check one value against its declared type and range and return it in that type."""
    origin = None if kind in (bool, int, float, str) else typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        kind = next(k for k in typing.get_args(kind) if k is not type(None))
        origin = typing.get_origin(kind)
    if origin is tuple:
        inner = typing.get_args(kind)[0]
        if isinstance(value, str) or not isinstance(value, (list, tuple)):
            raise SpecError(f"{where}: expected a list, found {show(value)}")
        return tuple(convert(v, inner, meta, f"{where}[{i}]") for i, v in enumerate(value))
    if kind is bool:
        if not isinstance(value, bool):
            raise SpecError(f"{where}: expected true or false, found {show(value)}")
        return value
    if kind is int:
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise SpecError(f"{where}: expected a whole number, found {show(value)}")
        if abs(value) >= 2**63:
            raise SpecError(f"{where}: expected a whole number below 2^63, found {show(value)}")
        _check_number(value, meta, where)
        return value
    if kind is float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise SpecError(f"{where}: expected a number, found {show(value)}")
        if isinstance(value, int) and abs(value) >= 2**63:
            raise SpecError(f"{where}: expected a number below 2^63, found {show(value)}")
        value = float(value)
        _check_number(value, meta, where)
        return value
    if kind is str:
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise SpecError(f"{where}: expected text, found {show(value)}")
        value = str(value)
        if meta.get("choices") and value not in meta["choices"]:
            raise SpecError(f"{where}: expected one of {one_of(meta['choices'])}, found {show(value)}")
        if len(value) > 4096 or any(ord(c) < 32 for c in value):
            raise SpecError(f"{where}: expected one short line of text, found {show(value)}")
        return value
    raise TypeError(f"{where}: parameters of type {kind} are not supported")


@functools.cache
def _declared(cls: type) -> dict[str, tuple[Any, Mapping]]:
    """Type and declaration of every field; the types are texts in the source, which take long to read."""
    hints = typing.get_type_hints(cls)
    return {f.name: (hints[f.name], f.metadata) for f in dataclasses.fields(cls)}


@functools.cache
def all_defaults(cls: type, where: str):
    """Return the instance of the parameter dataclass `cls` in which everything has its default: one for all."""
    return validate(cls, {}, where)


def plain(p: Any) -> dict[str, Any]:
    """Return the values of a parameter dataclass as plain YAML-able ones."""
    return {name: list(v) if isinstance(v := getattr(p, name), tuple) else v for name in _declared(type(p))}


def changed(p: Any, given: Any, where: str):
    """Return a copy of a valid parameter instance with some values changed: only these are checked, and the whole.

    Parameters
    ----------
    p : dataclass instance
        Valid.
    given : mapping
        New values by name; a value that is no mapping is validated as :func:`validate` does.
    where : str
        For the messages of a :class:`SpecError`.
    """
    if not isinstance(given, Mapping):
        return validate(type(p), given, where)
    values = {name: getattr(p, name) for name in _declared(type(p))}
    return _made(type(p), {**values, **_converted(type(p), given, where)}, where)


def validate(cls: type, given: Any, where: str):
    """Make an instance of the parameter dataclass `cls` from a mapping, or raise one clear :class:`SpecError`."""
    if dataclasses.is_dataclass(given) and isinstance(given, cls):
        given = dataclasses.asdict(given)
    if not isinstance(given, Mapping):
        raise SpecError(f"{where}: expected a group of settings, found {show(given)}")
    return _made(cls, _converted(cls, given, where), where)


def _converted(cls: type, given: Mapping, where: str) -> dict[str, Any]:
    fields = _declared(cls)
    values = {}
    for key, value in given.items():
        if key not in fields:
            raise unknown_key(key, fields, where)
        values[key] = convert(value, *fields[key], f"{where}.{key}")
    return values


def _made(cls: type, values: Mapping, where: str):
    made = cls(**values)
    check = getattr(made, "check", None)
    if check is not None:
        check(where)
    return made


def defaults(cls: type) -> dict[str, Any]:
    """Return the defaults of a parameter dataclass as plain YAML-able values."""
    return {f.name: list(f.default) if isinstance(f.default, tuple) else f.default for f in dataclasses.fields(cls)}


def rows(cls: type, prefix: str) -> Iterator[dict[str, Any]]:
    """Yield one row per parameter for documentation tables and sensitivity bounds."""
    for f in dataclasses.fields(cls):
        yield dict(name=f"{prefix}.{f.name}", default=f.default, **f.metadata)
