"""The folder of a sweep with known effects, written by the store itself; no model is run."""

from __future__ import annotations

import zlib
from pathlib import Path
from unittest import mock

import numpy as np

from experiments.options import SweepOptions
from experiments.sweeps.plan import make_plan
from experiments.sweeps.store import SweepFolder

OUTCOMES = ("true.victimisations", "true.theft", "stops", "trust")
FILE = """question: Where does patrol lose to lighting?
outcome: true.victimisations
replications: {replications}
overrides: [city.residents=2000, years=0.1, burn_in_years=0.1, seed=7]
{scenarios}
arms:
  patrol: ["interventions=[hot_spots_patrol]"]
  light: ["interventions=[street_lighting]"]
parameters:
  mechanism.patrol.on_street: {{low: 0.05, high: 0.25}}
  mechanism.patrol.targeted_share: {{low: 0.2, high: 0.8}}
  mechanism.patrol.uncommitted: {{low: 0.3, high: 0.9}}
design: lhs
draws: {draws}
"""


NO_ARMS = """question: What does the number of officers do?
replications: 2
overrides: [city.residents=2000, years=0.1, burn_in_years=0.1]
parameters: {mechanism.patrol.on_street: {}}
design: lhs
draws: 3
"""


def made_sweep(place: Path, name: str = "sweep", draws: int = 60, replications: int = 4, scenarios: str = "",
               file: str = "", effect=None, leave_out=(), noise: float = 2.0) -> SweepFolder:
    """Make a folder whose runs have been carried out.

    Parameters
    ----------
    effect : function, optional
        From arm, scenario and coordinates in 0 to 1 of the draw to the effect on crimes.
    leave_out : collection of (arm, draw, replication)
        Runs that are missing.
    """
    place.mkdir(parents=True, exist_ok=True)
    path = place / "question.yaml"
    path.write_text(file or FILE.format(draws=draws, replications=replications, scenarios=scenarios), encoding="utf-8")
    plan = make_plan([f"experiment={path}"], SweepOptions(replications=replications))
    with mock.patch("os.fsync"):  # nobody pulls the plug here
        folder = SweepFolder.create(place / name, plan)
        fill(folder, effect or planted, leave_out, noise)
    return folder


def planted(arm: str, scenario: str, unit: np.ndarray) -> float:
    """Lighting prevents ten crimes; patrol twenty, but none where the first parameter is low and the second high."""
    if arm == "light":
        return -10.0
    if arm == "patrol":
        return 0.0 if len(unit) > 1 and unit[0] < 0.6 and unit[1] > 0.5 else -20.0
    return 0.0


def fill(folder: SweepFolder, effect=planted, leave_out=(), noise: float = 2.0) -> None:
    """Write the runs of every row that has none."""
    points = folder.plan.design.points
    low, high = (points.min(axis=0), points.max(axis=0)) if points.size else (0, 1)
    done = folder.done_keys()
    for row in folder.rows():
        if row.key in done or (row.arm, row.draw, row.replication) in leave_out:
            continue
        unit = (points[row.draw] - low) / np.where(high > low, high - low, 1) if points.size else np.zeros(0)
        arm = "baseline" if row.arm == "placebo" else row.arm
        base = 200 + 20 * _normal("base", row.seed) + 30 * unit.sum()
        own = 0.0 if arm == "baseline" else noise * _normal(f"{arm} {row.draw}", row.seed)
        crimes = base + own + effect(arm, row.scenario, unit)
        values = {"true.victimisations": crimes, "true.theft": crimes / 2, "stops": 40.0, "trust": 0.5 - crimes / 1000}
        folder.write_run(row.key, [(name, month, 36, values[name]) for name in OUTCOMES for month in (-1, 0)],
                         {"key": row.key, "seed": row.seed, "started": "2026-01-01T00:00:00+00:00",
                          "wall_seconds": 2.0, "cpu_seconds": 1.8, "host": "made", "process": 1})
    folder.compact()


def _normal(name: str, seed: int) -> float:
    return float(np.random.default_rng([zlib.crc32(name.encode()), seed]).standard_normal())
