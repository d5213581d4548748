"""Mechanisms and interventions by name. Names in configurations resolve here and nowhere else."""

from __future__ import annotations

import importlib
import pkgutil

MECHANISMS: dict[str, type] = {}
INTERVENTIONS: dict[str, type] = {}
SHOCKS: dict[str, type] = {}

# The rooms whose modules register themselves. A new file in one of them is found without being listed.
ROOMS = (
    "flows",
    "economy",
    "people",
    "guardianship",
    "drugs",
    "offending",
    "justice",
    "groups",
    "governance",
    "shocks",
    "interventions",
)
_loaded = False


def _register(table: dict[str, type], cls: type) -> type:
    name = cls.name
    if not name.isidentifier() or name != name.lower():
        raise ValueError(f"{cls.__name__}: a registered name is lower case letters, digits and _, found {name!r}")
    known = table.get(name)
    if known is not None and known.__qualname__ != cls.__qualname__:
        raise ValueError(f"the name {name!r} is taken by {known.__module__}.{known.__name__}")
    table[name] = cls
    return cls


def mechanism(cls: type) -> type:
    """Class decorator: make a mechanism known under ``cls.name``."""
    return _register(MECHANISMS, cls)


def intervention(cls: type) -> type:
    """Class decorator: make an intervention known under ``cls.name``."""
    if cls.name in SHOCKS:
        raise ValueError(f"the name {cls.name!r} is taken by a shock")
    return _register(INTERVENTIONS, cls)


def shock(cls: type) -> type:
    """Class decorator: make a shock known under ``cls.name``."""
    if cls.name in INTERVENTIONS:
        raise ValueError(f"the name {cls.name!r} is taken by an intervention")
    return _register(SHOCKS, cls)


def load() -> None:
    """Import every module of the rooms, then the installed plugins of the group ``lamplighter.plugins``."""
    global _loaded
    if _loaded:
        return
    for room in ROOMS:
        package = importlib.import_module(f"sim.{room}")
        for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
            importlib.import_module(f"sim.{room}.{module}")
    from importlib.metadata import entry_points

    for entry in sorted(entry_points(group="lamplighter.plugins"), key=lambda e: e.name):
        entry.load()
    _loaded = True
