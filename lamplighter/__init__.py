"""Lamplighter, a laboratory for crime prevention in simulated cities: the public names, imported when they are used.

>>> import lamplighter
>>> model = lamplighter.CityModel(city={"residents": 5_000}, years=0.1, burn_in_years=0)  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "CityModel": "sim.model",
    "RunSpec": "sim.spec",
    "build": "sim.spec",
    "Mechanism": "sim.mechanism",
    "MechanismParams": "sim.mechanism",
    "Intervention": "sim.interventions.contract",
    "InterventionParams": "sim.interventions.contract",
    "mechanism": "sim.registry",
    "intervention": "sim.registry",
    "Column": "sim.columns",
    "param": "sim.parameters",
    "Resident": "sim.views",
    "Offender": "sim.views",
    "Guardian": "sim.views",
    "LamplighterError": "sim.errors",
    "SpecError": "sim.errors",
    "DataError": "sim.errors",
    "read_run": "experiments.store",
}
__all__ = ["__version__", *_WHERE]

if TYPE_CHECKING:
    from experiments.store import read_run
    from sim.columns import Column
    from sim.errors import DataError, LamplighterError, SpecError
    from sim.interventions.contract import Intervention, InterventionParams
    from sim.mechanism import Mechanism, MechanismParams
    from sim.model import CityModel
    from sim.parameters import param
    from sim.registry import intervention, mechanism
    from sim.spec import RunSpec, build
    from sim.views import Guardian, Offender, Resident


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'lamplighter' has no attribute {name!r}")
    value = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
