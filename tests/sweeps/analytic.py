"""Models with known indices, as mechanisms: they go through plan, worker and store like everything else."""

from dataclasses import dataclass

import numpy as np

from sim import registry
from sim.draws import normals
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param

PI = float(np.pi)


def function(x):
    """Ishigami and Homma (1990) with a = 7 and b = 0.1; x has shape (points, 3)."""
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def _x(default=0.0):
    return param(default, unit="-", low=-PI, high=PI, source="Ishigami and Homma 1990", doc="an input")


@dataclass(frozen=True)
class IshigamiParams(MechanismParams):
    x1: float = _x()
    x2: float = _x()
    x3: float = _x()
    own: float = param(0.0, unit="-", low=0, high=100, source="-", doc="run noise that differs between points (sd)")
    breaks: float = param(10.0, unit="-", low=-10, high=10, source="-", doc="above this x1 a run breaks down")
    common: float = param(0.0, unit="-", low=0, high=100, source="-", doc="run noise that all points share (sd)")


class Ishigami(Mechanism):
    """The function, and noise that follows from the seed."""

    name = "ishigami"
    cadence = "day"
    Params = IshigamiParams

    def record(self, model):
        p = self.params
        if p.x1 > p.breaks:
            raise ArithmeticError("x1 is too high")
        value, = function(np.array([[p.x1, p.x2, p.x3]]))
        where = int(np.bitwise_xor.reduce(np.array([p.x1, 3 * p.x2, 5 * p.x3]).view(np.uint64) >> 3))
        own, = normals(model.seed, "ishigami.own", 0, [where])
        common, = normals(model.seed, "ishigami.common", 0, [1])
        return {"ishigami": float(value + p.own * own + p.common * common)}


def known(monkeypatch):
    """Let the function be known as a mechanism; return overrides of the shortest run, in which nothing else happens."""
    registry.load()
    off = [f"mechanism.{name}.enabled=false" for name in registry.MECHANISMS]
    monkeypatch.setattr(registry, "MECHANISMS", {**registry.MECHANISMS, "ishigami": Ishigami})
    return ["city.residents=100", "years=0.003", "burn_in_years=0", "tick_hours=24", *off]
