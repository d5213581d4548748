"""A plugin for tests: a mechanism that fails in a chosen way, on a chosen day of the run with a chosen seed."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit

from sim import registry
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param

KINDS = ("none", "raise", "sleep", "spin", "memory", "die", "die_once", "slow")


@dataclass(frozen=True)
class FaultyParams(MechanismParams):
    kind: str = param("none", unit="-", choices=KINDS, source="test", doc="what goes wrong")
    at_seed: int = param(0, unit="-", low=0, high=10**9, source="test", doc="seed of the run in which it does")
    at_day: int = param(2, unit="days", low=-1000, high=1000, source="test", doc="day on which it does")
    note: str = param("", unit="-", source="test", doc="file that remembers")


@njit
def spin(a):
    while a[0] == 0:
        a[1] += 1
    return a[1]


@registry.mechanism
class Faulty(Mechanism):
    """Fails on purpose."""

    name = "faulty"
    after = "governance"
    cadence = "day"
    Params = FaultyParams

    def step(self, model):
        p = self.params
        if p.kind == "slow":
            time.sleep(0.03)
        if p.kind in ("none", "slow") or model.day != p.at_day or model.spec.seed != p.at_seed:
            return
        if p.kind == "raise":
            raise ValueError("made to fail")
        if p.kind == "sleep":
            time.sleep(3600)
        if p.kind == "spin":
            spin(np.zeros(2))
        if p.kind == "memory":
            held = []
            while True:
                held.append(np.empty(2**26))
        if p.kind == "die" or (p.kind == "die_once" and not Path(p.note).exists()):
            if p.note:
                Path(p.note).touch()
            os.kill(os.getpid(), signal.SIGKILL)
