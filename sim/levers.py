"""Levers: the named values that interventions change and mechanisms read.

An intervention never touches an outcome. It puts a contribution on a lever (more light in these cells, more
treatment slots, a visit plan for these places); the lever's value is its base plus the contributions of all
interventions, added in the order of their names. A contribution of zero changes no bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Lever:
    """Declaration: `scope` is "cells", "residents", "dwellings", "city" (a number) or "orders" (a list of records)."""

    scope: str
    unit: str
    doc: str


LEVERS: dict[str, Lever] = {
    "light": Lever("cells", "0-1", "added lamp light at night, on the scale of the layer `light`"),
    "management": Lever("cells", "0-1", "added management of places: owners, staff and neighbours who watch and act"),
    "security": Lever("cells", "sd", "added security of dwellings, shops and vehicles"),
    "visits": Lever("orders", "-", "patrol visits wanted: dict(cells, minutes, per_day, extra)"),
    "restraint": Lever("residents", "sd", "added self-control in disputes and temptation"),
    "occupied": Lever("residents", "share", "share of free waking hours spent in supervised activity"),
    "earnings": Lever("residents", "per week", "added legal income"),
    "treatment_slots": Lever("city", "slots", "added places in treatment of drug use disorders"),
    "interdiction": Lever("city", "share", "added share of shipments seized on the way to the city"),
}


class Board:
    """Holds every intervention's contributions and the combined values."""

    def __init__(self, sizes: dict[str, int], rows):
        self._sizes = sizes
        self._rows = rows  # function: (scope, ids) -> rows, -1 for the gone
        self._given: dict[str, dict[str, tuple[Any, Any]]] = {name: {} for name in LEVERS}
        self._value: dict[str, Any] = {}
        self._zeros: dict[str, np.ndarray] = {}
        for name in LEVERS:
            self._combine(name)

    def put(self, source: str, lever: str, where: Any, value: Any) -> None:
        """Set the contribution of `source` to a lever, replacing its earlier one.

        Parameters
        ----------
        source : str
            Name of the intervention.
        lever : str
            A name in :data:`LEVERS`.
        where : array of int or None
            Cells, or ids of residents or dwellings; None for a "city" or "orders" lever.
        value : array, number or dict
        """
        if lever not in LEVERS:
            raise KeyError(f"no lever {lever!r}; levers: {', '.join(sorted(LEVERS))}")
        self._given[lever][source] = (where, value)
        self._combine(lever)

    def withdraw(self, source: str) -> None:
        """Take back everything `source` has contributed."""
        for lever, given in self._given.items():
            if given.pop(source, None) is not None:
                self._combine(lever)

    def __getitem__(self, lever: str):
        return self._value[lever]

    def _combine(self, name: str) -> None:
        scope, given = LEVERS[name].scope, self._given[name]
        parts = [(source, *given[source]) for source in sorted(given)]
        if scope == "orders":
            self._value[name] = [dict(value, source=source) for source, _, value in parts]
        elif scope == "city":
            self._value[name] = float(sum(value for _, _, value in parts)) if parts else 0.0
        else:
            if not any(np.any(np.asarray(value) != 0) for _, _, value in parts):
                self._value[name] = self._nothing(scope)
                return
            array = np.zeros(self._sizes[scope], np.float32)
            for _, where, value in parts:
                rows = np.asarray(where if scope == "cells" else self._rows(scope, where))
                here = rows >= 0  # whoever is gone since then is left out
                # a row that is named twice gets both contributions
                np.add.at(array, rows[here], np.broadcast_to(np.asarray(value, np.float32), rows.shape)[here])
            self._value[name] = array

    def idle(self, lever: str) -> bool:
        """True when nobody moves the lever of places or people: its value is zero everywhere."""
        return self._value[lever] is self._zeros.get(LEVERS[lever].scope)

    def _nothing(self, scope: str) -> np.ndarray:
        """The zeros shared by all levers of a scope that nobody moves: nobody writes to a lever's value."""
        zeros = self._zeros.get(scope)
        if zeros is None or len(zeros) != self._sizes[scope]:
            zeros = self._zeros[scope] = np.zeros(self._sizes[scope], np.float32)
        return zeros

    def refresh(self, sizes: dict[str, int]) -> None:
        """Rebuild the combined values after rows were added, moved or removed."""
        self._sizes = sizes
        for name, lever in LEVERS.items():
            if lever.scope in ("residents", "dwellings"):
                self._combine(name)

    def snapshot(self) -> dict:
        return {name: dict(given) for name, given in self._given.items()}

    def restore(self, saved: dict) -> None:
        self._given = {name: dict(saved.get(name, {})) for name in LEVERS}
        for name in LEVERS:
            self._combine(name)
