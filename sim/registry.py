"""Mechanisms and interventions by name. Names in configurations resolve here and nowhere else."""

from __future__ import annotations

import importlib
import pkgutil
import traceback
from pathlib import Path

from sim.errors import SpecError

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
CADENCES = ("tick", "day", "week", "month")
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
    if cls.cadence not in CADENCES:
        raise ValueError(f"{cls.__name__}.cadence: expected one of {', '.join(CADENCES)}, found {cls.cadence!r}")
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
        try:
            entry.load()
        except Exception as error:  # whatever a stranger's module does: name the package that can be mended or removed
            package = f" of {entry.dist.name} {entry.dist.version}" if entry.dist else ""
            root = entry.module.partition(".")[0]
            theirs = [f for f in traceback.extract_tb(error.__traceback__)
                      if {root, f"{root}.py"} & set(Path(f.filename).parts)]
            place = f" ({theirs[-1].filename}, line {theirs[-1].lineno})" if theirs else ""
            raise SpecError(f"the plugin {entry.name!r} ({entry.value}){package} cannot be imported: "
                            f"{type(error).__name__}: {error}{place}; mend it or uninstall the package") from error
    _loaded = True
