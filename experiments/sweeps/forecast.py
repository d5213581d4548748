"""What a sweep will take, said before it starts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.engines import EngineOptions

if TYPE_CHECKING:
    from experiments.sweeps.plan import SweepPlan

BYTES_PER_RUN = 9_000  # of a run's outcomes
BYTES_PER_MONTH = 900
PILOT_SECONDS = 8.0


@dataclass(frozen=True)
class Forecast:
    """Runs, processor time, time on the clock and room on disk."""

    runs: int
    burn_ins: int
    cpu_seconds: float
    workers: int
    disk_bytes: float
    measured: bool

    def __str__(self) -> str:
        from experiments.progress import duration

        how = "by a pilot on this machine" if self.measured else "by rough rates"
        return (f"{self.runs:,} runs, {self.burn_ins:,} burn-ins; about {self.cpu_seconds / 3600:.2g} CPU hours {how}, "
                f"{duration(self.cpu_seconds / self.workers)} with {self.workers} at a time, "
                f"{max(1, self.disk_bytes / 1e6):,.0f} MB on disk")


def forecast(plan: SweepPlan, engine: EngineOptions, pilot: bool = False) -> Forecast:
    """Estimate a sweep; with `pilot` from some days of its first run, simulated here and not stored."""
    from experiments.cities import SECONDS_PER_RESIDENT_TICK, SECONDS_PER_TICK, build_city, estimate

    cpu = disk = 0.0
    burn_ins = 0
    cells = len(plan.design) * plan.replications
    first = None
    for scenario in plan.scenarios:
        specs = [plan.specs[scenario, arm] for arm in plan.arm_names]
        worlds = len({plan.world(scenario, arm, 0, 0) for arm in plan.arm_names}) * cells
        residents = specs[0].city.residents or build_city(specs[0]).population
        per_day = 24 // specs[0].tick_hours * (SECONDS_PER_TICK + residents * SECONDS_PER_RESIDENT_TICK)
        days = cells * len(specs) * specs[0].days + worlds * specs[0].burn_in_days
        first = first or (specs[0], per_day)
        cpu += per_day * days
        burn_ins += worlds
        months = specs[0].days / 30.4 + 2
        disk += cells * len(specs) * (BYTES_PER_RUN + BYTES_PER_MONTH * months)
        if plan.records == "full":
            disk += estimate(specs[0], residents, cells * len(specs)).disk_bytes
    if pilot:
        cpu *= _measured(first[0]) / first[1]
    workers = max(1, min(engine.count, burn_ins))
    return Forecast(len(plan), burn_ins, cpu, workers, disk, pilot)


def _measured(spec) -> float:
    """Seconds of processor time a simulated day takes, its share of building the model included."""
    from experiments.replicate import world
    from sim.model import CityModel

    city, people = world(spec.city)
    model = CityModel(spec, city=city, people=people)
    model.run_days(1)  # compiles what is not compiled
    begun, wall = time.process_time(), time.perf_counter()
    model = CityModel(spec, city=city, people=people)
    total = spec.burn_in_days + spec.days
    days = 0
    while days < min(total, 30) and time.perf_counter() - wall < PILOT_SECONDS:
        model.run_days(1)
        days += 1
    return (time.process_time() - begun) / max(1, days)
