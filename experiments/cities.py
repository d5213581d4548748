"""The city of a specification: generated, or read from files; and what a run of it will cost."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.errors import SpecError

if TYPE_CHECKING:
    from sim.city.grid import City
    from sim.spec import RunSpec

# Rough costs of the full model, measured on one core; used for estimates only.
SECONDS_PER_RESIDENT_TICK = 60e-9
SECONDS_PER_TICK = 0.8e-3
BYTES_PER_RESIDENT = 700
BYTES_OF_A_PROCESS = 350e6
EVENTS_PER_RESIDENT_YEAR = 0.35
BYTES_PER_EVENT = 60
BYTES_PER_PERSON_STORED = 30


def build_city(spec: RunSpec) -> City:
    """Generate or read the city of a specification.

    Raises
    ------
    SpecError, DataError
        One line about the setting or the file that is wrong.
    """
    from experiments.city_files import city_from_params
    from experiments.compose import group_options, unknown_choice

    if spec.city.preset not in group_options("city"):
        raise unknown_choice(spec.city.preset, group_options("city"), "city.preset")
    real = spec.city.preset == "from_files"
    if real and not spec.city.path:
        raise SpecError("city.path: expected the folder with the files of the city, found nothing")
    if not real and (spec.city.path or spec.city.areas):
        raise SpecError("city: path and areas are for city=from_files, "
                        f"found them with the preset {spec.city.preset!r}")
    check_memory(spec.city.residents)
    city = city_from_params(spec.city)
    check_memory(city.population)
    return city


def check_memory(residents: int) -> None:
    """Refuse a population that this machine cannot hold, before anything is built."""
    need, have = residents * BYTES_PER_RESIDENT, memory()
    if need > 0.9 * have:
        raise SpecError(f"city.residents: {residents:,} residents need about {need / 1e9:.0f} GB of memory, "
                        f"this machine has {have / 1e9:.0f} GB")


def memory() -> float:
    """Bytes of memory of this machine; infinite where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return float("inf")


@dataclass(frozen=True)
class Estimate:
    """What a set of runs will take. Estimates from rough rates; real times differ by the machine."""

    runs: int
    residents: int
    ticks: int
    cpu_seconds: float
    wall_seconds: float
    memory_bytes: float
    disk_bytes: float

    def __str__(self) -> str:
        from experiments.progress import duration

        return (f"{self.runs} run{'s' * (self.runs != 1)}, {self.residents:,} residents; about "
                f"{duration(self.wall_seconds)}, {max(1, self.memory_bytes / 1e6):,.0f} MB of memory, "
                f"{max(1, self.disk_bytes / 1e6):,.0f} MB on disk")


def estimate(spec: RunSpec, residents: int, runs: int = 1, burn_ins: int = 1, workers: int = 1) -> Estimate:
    """Estimate `runs` scored periods after `burn_ins` burn-ins, spread over `workers` processes."""
    per_day = 24 // spec.tick_hours
    ticks = per_day * (runs * spec.days + burn_ins * spec.burn_in_days)
    # A tick costs what happens in it: coarse ticks hold more.
    cpu = ticks * (SECONDS_PER_TICK + residents * SECONDS_PER_RESIDENT_TICK) + 3.0
    years = spec.days / 365 + spec.burn_in_days / 365
    disk = runs * residents * (BYTES_PER_PERSON_STORED + years * EVENTS_PER_RESIDENT_YEAR * BYTES_PER_EVENT)
    workers = max(1, min(workers, burn_ins))
    return Estimate(runs, residents, ticks, cpu, cpu / workers + 5.0, workers * (BYTES_OF_A_PROCESS + 2 * residents *
                    BYTES_PER_RESIDENT), disk)
