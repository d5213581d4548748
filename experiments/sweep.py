"""The task `sweep`: a table of runs (scenarios x arms x draws x replications) that survives anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.options import EngineOptions, SweepOptions

if TYPE_CHECKING:
    from experiments.entry import Job
    from experiments.sweeps.carry_out import Outcome
    from experiments.sweeps.plan import SweepPlan
    from experiments.sweeps.store import SweepFolder

OPTIONS = SweepOptions
GROUPS = {"engine": EngineOptions}


def prepare(overrides: Sequence[str]) -> list[str]:
    """Return the overrides with those of the experiment file, and with the interventions of all arms."""
    from experiments.arms import Plan

    return Plan(overrides).union()


def run(jobs: Sequence[Job]) -> int:
    """Check every job, then carry out one after the other."""
    from experiments.sweeps.carry_out import shard_of
    from experiments.sweeps.plan import make_plan

    ready = []
    for job in jobs:
        if job.options.shard:
            shard_of(job.options.shard)
        plan = make_plan(job.overrides, job.options)
        ready.append((job, plan, _place(job.options, plan)))
    return max([_sweep(*item) for item in ready], default=0)


def _place(options: SweepOptions, plan: SweepPlan) -> Path:
    """Where the sweep goes: a new folder, or for a part of a sweep also the folder of the same one."""
    from experiments.outfolder import check_out
    from experiments.sweeps.store import FORMAT, read_json
    from sim.errors import SpecError

    path = Path(os.path.abspath(os.path.expanduser(options.out)))
    manifest = read_json(path / "manifest.json") or {}
    if manifest.get("format") == FORMAT and not options.force:
        if manifest.get("experiment_hash") != plan.identity():
            raise SpecError(f"out: {options.out} holds another sweep; choose another folder, or force=true to replace "
                            "it")
        if not options.shard:
            raise SpecError(f"out: {options.out} holds this sweep already; go on with it: lamplighter resume "
                            f"out={options.out}")
        return path
    return check_out(options.out, options.force)


def _sweep(job: Job, plan: SweepPlan, out: Path) -> int:
    from experiments.engines import executor
    from experiments.sweeps.carry_out import limits_of
    from experiments.sweeps.forecast import forecast
    from experiments.sweeps.looking import carry_out_by_rule
    from experiments.sweeps.store import CLAIMS

    options, engine = job.options, job.groups["engine"]
    print(describe(plan, engine), flush=True)
    print(forecast(plan, engine, pilot=options.dry_run), flush=True)
    if options.dry_run:
        print(f"dry run: nothing was written; results would go to {out}")
        return 0
    said_compiling()
    with executor(engine, str(out / CLAIMS)) as pool:  # first: an engine that is not there leaves nothing behind
        folder = make_or_join(out, plan, options, engine)
        with folder.lock(options.shard):
            outcome = carry_out_by_rule(folder, pool, limits_of(options, folder), shard=options.shard,
                                        fail_fast=options.fail_fast)
    return conclude(folder, outcome)


def make_or_join(out: Path, plan: SweepPlan, options: SweepOptions, engine: EngineOptions) -> SweepFolder:
    """Make the folder; with a shard, join those who work on the same sweep."""
    from dataclasses import asdict

    from experiments.sweeps.files import lock
    from experiments.sweeps.resuming import accept
    from experiments.sweeps.store import SweepFolder, making

    with making(out):
        if options.shard and (out / "table.parquet").is_file() and not options.force:
            folder = SweepFolder.open(out)
            accept(folder, force=False)  # a part made by another version would not be comparable
            return folder
        if options.force and out.is_dir():
            if (out / "table.parquet").is_file():
                with lock(out / ".lock"):  # refused while another process is at work there
                    SweepFolder.remove(out)
            else:
                SweepFolder.remove(out)
        return SweepFolder.create(out, plan, asdict(engine))


def said_compiling() -> None:
    """Say that kernels will be compiled first, if so."""
    from experiments.progress import COMPILING, kernels_are_new

    if kernels_are_new():
        print(COMPILING, file=sys.stderr, flush=True)


def describe(plan: SweepPlan, engine: EngineOptions) -> str:
    """Say what a sweep holds."""
    from experiments.sweeps.precision import Rule

    spec = next(iter(plan.specs.values()))
    lines = [f"sweep: {len(plan.scenarios)} scenario{'s' * (len(plan.scenarios) > 1)} x {len(plan.arms)} "
             f"arm{'s' * (len(plan.arms) > 1)} x {len(plan.design):,} draw{'s' * (len(plan.design) > 1)} x "
             f"{plan.replications:,} replications = {len(plan):,} runs; {spec.burn_in_days} days of burn-in, "
             f"{spec.days} scored; {engine.name}"]
    for name, overrides in plan.scenarios.items():
        if overrides:
            lines.append(f"  scenario {name}: {' '.join(overrides)}")
    for name, role, overrides in plan.arms:
        lines.append(f"  arm {name}{f' ({role})' if role not in (name, 'option') else ''}"
                     f"{': ' + ' '.join(overrides) if overrides else ''}")
    if plan.rule.get("precision"):
        lines.append(f"  precision: {Rule(**plan.rule['precision'])}")
    if plan.parameters:
        lines.append(f"  design {plan.design.kind}: {', '.join(plan.design.keys)}")
    return "\n".join([*lines, *(f"  note: {note}" for note in plan.design.notes)])


def conclude(folder: SweepFolder, outcome: Outcome) -> int:
    """Say what became of a sweep; return the exit status."""
    failures = folder.failed()
    if failures:
        first = failures[0]
        if first.get("traceback"):
            print(first["traceback"].rstrip(), file=sys.stderr)
        print(f"lamplighter: {len(failures)} of {len(folder.rows())} runs failed, all in {_short(folder.path)}"
              f"/failures.csv; the first: row {first['row']}, scenario {first['scenario']}, arm {first['arm']}, draw "
              f"{first['draw']}, replication {first['replication']}, seed {first['seed']}: {first.get('error')}",
              file=sys.stderr)
    done = len(folder.done_keys())
    if outcome.stopped:
        why = "interrupted" if outcome.stopped == "interrupted" else f"stopped: {outcome.stopped}"
        print(f"{why}: {done:,} runs are finished and stored; go on with: lamplighter resume "
              f"out={_short(folder.path)}", file=sys.stderr)
    print(f"results: {_short(folder.path)}: {done:,} of {len({r.key for r in folder.rows()}):,} runs")
    for change in folder.manifest["changes"]:
        print(f"  changed after the start: {change['what']}: was {change['before']}, is {change['after']}")
    return max(outcome.status, 1 if failures else 0)


def _short(path: Path) -> Any:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["sweep", *sys.argv[1:]]))
