"""Runs points of a calibration through the run table: each is stored, can be resumed, and is never made twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.sweeps.design import FIRST_SEED, Design, Parameter
from experiments.sweeps.priors import Prior
from sim.spec import RunSpec

SEED = Parameter(FIRST_SEED, 0, 2.0**53, kind="int")


class SweepRunner:
    """A function that runs points; every call has a sweep of its own below `folder`.

    Parameters
    ----------
    spec : RunSpec
    priors : sequence of Prior
    outcomes : sequence of str
        What is read from the runs.
    folder : path
    engine : EngineOptions
    """

    def __init__(self, spec: RunSpec, priors: Sequence[Prior], outcomes: Sequence[str], folder: Path, engine: Any,
                 question: str = ""):
        self.spec, self.priors, self.outcomes = spec, tuple(priors), tuple(outcomes)
        self.folder, self.engine, self.question = Path(folder), engine, question

    def __call__(self, points: np.ndarray, first: int, replications: int, label: str,
                 seeds: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Run points and return each outcome as float64[n, r], NaN for failed runs."""
        import dataclasses

        from experiments.sweeps.api import run_design
        from experiments.sweeps.plan import simple_plan
        from experiments.sweeps.store import TABLE, SweepFolder

        parameters = tuple(Parameter(p.key, p.low, p.high, kind="int" if p.whole else "float") for p in self.priors)
        spec = dataclasses.replace(self.spec, seed=self.spec.seed + first)
        if seeds is not None:
            parameters, points = (*parameters, SEED), np.column_stack([points, seeds])
        design = Design("calibration", parameters, np.asarray(points, float), seed=self.spec.seed)
        plan = simple_plan(spec, design, replications, question=self.question)
        path = self.folder / label
        if not (path / TABLE).is_file():  # new, or killed before its first run
            SweepFolder.create(path, plan, self.engine.__dict__)
        sweep = run_design(plan, path, self.engine, progress=True, label=f"calibrate: {label}")
        return {name: self._read(sweep, name, len(points), replications) for name in self.outcomes}

    def _read(self, sweep: Any, name: str, n: int, replications: int) -> np.ndarray:
        out = np.full((n, replications), np.nan)
        for draw, replication, value in sweep.values(name).values():
            out[draw, replication] = value
        return out
