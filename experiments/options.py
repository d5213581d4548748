"""Settings that every task has, declared like the parameters of the model."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sim.parameters import param


@dataclass(frozen=True)
class OutOptions:
    """Where results go."""

    out: str = param("results", unit="folder", source="-", doc="folder for the results")
    force: bool = param(False, unit="-", source="-", doc="replace the results that stand in out")
    dry_run: bool = param(False, unit="-", source="-", doc="say what would be done, and write nothing")


@dataclass(frozen=True)
class RunOptions(OutOptions):
    """Settings of the task `run`."""

    out: str = param("results/run", unit="folder", source="-", doc="folder for the records")


@dataclass(frozen=True)
class EngineOptions:
    """How replications are spread over the machine."""

    name: str = param("processes", unit="-", choices=("serial", "processes"), source="-",
                      doc="one after the other, or side by side in processes")
    workers: int = param(0, unit="processes", low=0, high=1024, source="-", doc="processes; 0 takes one per core")

    @property
    def count(self) -> int:
        """Processes to use."""
        return 1 if self.name == "serial" else self.workers or usable_cores()


def usable_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class CompareOptions(OutOptions):
    """Settings of the task `compare`."""

    out: str = param("results/compare", unit="folder", source="-", doc="folder for the comparison")
    arms: tuple[str, ...] = param((), unit="names", source="-", doc="interventions to compare, one arm each")
    experiment: str = param("", unit="name or file", source="-",
                            doc="experiment file that names arms with their overrides; a shipped name or a path")
    replications: int = param(5, unit="pairs", low=1, high=100_000, source="modelling choice",
                              doc="paired replications: replication r uses seed + r in every arm")
    outcome: str = param("true.victimisations", unit="-", source="modelling choice",
                         doc="primary outcome, chosen before the first run")


@dataclass(frozen=True)
class DiagnoseOptions(OutOptions):
    """Settings of the task `diagnose`."""

    out: str = param("results/diagnosis", unit="folder", source="-", doc="folder for the page")
    replications: int = param(6, unit="pairs", low=2, high=10_000, source="modelling choice",
                              doc="paired replications: replication r uses seed + r in every arm")
    stress: str = param("flow_cut", unit="name", source="modelling choice",
                       doc="shock that the city's resilience is tried with in the last step")
