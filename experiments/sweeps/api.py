"""Running a plan from Python: what sensitivity analysis, calibration and rules of precision build on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.engines import EngineOptions
from experiments.progress import Progress
from experiments.sweeps.carry_out import Limits, Outcome, carry_out
from experiments.sweeps.plan import SweepPlan
from experiments.sweeps.store import SweepFolder
from sim.errors import SpecError

__all__ = ["Limits", "Outcome", "SweepFolder", "run_design"]


def run_design(plan: SweepPlan, out: str | Path, engine: EngineOptions | None = None, *,
               progress: Progress | bool | None = None, limits: Limits = Limits(), fail_fast: bool = False,
               label: str = "sweep") -> SweepFolder:
    """Make the folder of a sweep or go on with it, run what is missing, and return it.

    Parameters
    ----------
    plan : SweepPlan
    out : path
        A new folder, or that of the same plan.
    engine : EngineOptions, optional
        Without it, in this process.
    progress : Progress or bool, optional
        True shows one on standard error.
    limits : Limits
    fail_fast : bool
        Stop at the first run that fails.

    Returns
    -------
    SweepFolder
        ``folder.outcome`` says what became of the rows.

    Raises
    ------
    SpecError
        When the folder holds another sweep or something else.
    KeyboardInterrupt
        When it was interrupted; what is finished is kept.
    """
    from experiments.outfolder import check_out
    from experiments.sweeps.resuming import differences

    engine = engine or EngineOptions(name="serial")
    path = Path(out).expanduser().absolute()
    if (path / "manifest.json").exists():
        folder = SweepFolder.open(path)
        if folder.manifest["experiment_hash"] != plan.identity():
            raise SpecError(f"out: {path} holds another sweep ({folder.manifest['experiment_hash']} instead of "
                            f"{plan.identity()}); choose another folder")
        changed = differences(folder, plan.specs)
        if changed:
            raise SpecError(f"out: {path}: {changed[0].text}")
    else:
        check_out(str(path), False)
        folder = SweepFolder.create(path, plan, engine.__dict__)
    with folder.lock():
        folder.outcome = carry_out(folder, engine, limits, fail_fast=fail_fast, progress=progress, label=label)
    if folder.outcome.stopped == "interrupted":
        raise KeyboardInterrupt
    return folder


def go_on(folder: SweepFolder, engine: EngineOptions, draws: Sequence[Any] | None = None, **more: Any) -> Outcome:
    """Run what is missing of an open sweep, as after :func:`experiments.sweeps.expanding.expand`."""
    with folder.lock():
        return carry_out(folder, engine, **more)
