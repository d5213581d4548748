"""The task `sensitivity`: which parameters matter for an outcome, and what is noise."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.options import EngineOptions, SensitivityOptions, SweepOptions
from sim.errors import SpecError
from sim.parameters import defaults

if TYPE_CHECKING:
    from experiments.entry import Job
    from experiments.sweeps.design import Parameter
    from experiments.sweeps.plan import SweepPlan
    from experiments.sweeps.store import SweepFolder

OPTIONS = SensitivityOptions
GROUPS = {"engine": EngineOptions}
SAMPLES = {"morris": 12, "sobol": 64, "pawn": 200}
# What can be asked of a finished sweep without saying again what it was.
ASKS = ("out", "outcome", "outcomes", "arm", "resamples", "confidence", "method", "dry_run")


def prepare(overrides: Sequence[str]) -> list[str]:
    """Return the overrides with those of the experiment file, and with the interventions of all arms."""
    from experiments.arms import Plan

    return Plan(overrides).union()


def run(jobs: Sequence[Job]) -> int:
    """Check every job, then make or find its sweep, and analyse it."""
    ready = [(job, None if _given(job) else make(job)) for job in jobs]
    return max([_analyse_only(job) if plan is None else _sensitivity(job, plan) for job, plan in ready], default=0)


def _keys(job: Job) -> set[str]:
    from experiments.compose import parse

    return {o.key_or_group for o in parse(job.overrides)}


def _given(job: Job) -> bool:
    """True when a folder with a sweep is given, and nothing that would say what to run."""
    return (Path(job.options.out).expanduser() / "manifest.json").is_file() and _keys(job) <= set(ASKS)


def _analyse_only(job: Job) -> int:
    from experiments.sweeps.salib import KINDS
    from experiments.sweeps.store import SweepFolder

    folder = SweepFolder.open(job.options.out)
    kind = folder.plan.design.kind
    method = KINDS.get(kind)
    if method is None or ("method" in _keys(job) and job.options.method != method):
        wanted = f"method={job.options.method}" if method else "morris, sobol or pawn"
        raise SpecError(f"out: {job.options.out}: expected a design for {wanted}, found the draws of "
                        f"{'a sweep without parameters' if kind == 'none' else method or kind}")
    return conclude(folder, job)


def make(job: Job) -> SweepPlan:
    """Return the plan of the sweep that an analysis needs.

    Only the baseline is run, and the arm if one is asked for: controls and other arms would say nothing here.
    """
    from experiments.arms import BASELINE, Plan
    from experiments.compose import parse
    from experiments.sweeps.plan import check, first_seed, make_plan
    from experiments.sweeps.salib import sample

    options = job.options
    own = set(defaults(SensitivityOptions)) - set(defaults(SweepOptions))
    overrides = [text for text, o in zip(job.overrides, parse(job.overrides)) if o.key_or_group not in own]
    read = Plan(overrides)
    if options.arm and options.arm not in read.all_names():
        overrides.append(f"arms=[{','.join([*read.named, options.arm])}]")
    in_file = read.experiment.sweep.get("parameters")
    if not in_file and not options.parameters:
        raise SpecError("parameters: expected what to vary, as in parameters=[mechanism.drugs.slots] or in the "
                        "experiment file, found nothing")
    # The plan is made with one draw, and gets its design afterwards: that of the analysis.
    plan = make_plan(overrides, SweepOptions(
        options.out, experiment=options.experiment, replications=options.replications, outcome=options.outcome,
        design="sobol" if in_file else "", draws=1 if in_file else 0))
    given = from_words(options.parameters) if options.parameters else plan.parameters
    groups = {p.key: p.key.rpartition(".")[0] or p.key for p in given} if options.by_mechanism else None
    design = sample(options.method, given, options.samples or SAMPLES[options.method], first_seed(plan.specs),
                    groups=groups, levels=options.levels, second_order=options.second_order)
    keep = (BASELINE, options.arm or BASELINE)
    plan = plan.with_(design=design, replications=options.replications, rule={"replications": options.replications},
                      arms=tuple(a for a in plan.arms if a[0] in keep),
                      specs={pair: spec for pair, spec in plan.specs.items() if pair[1] in keep})
    check(plan)
    return plan


def from_words(words: Sequence[str]) -> tuple[Parameter, ...]:
    """Make parameters of words such as ``mechanism.drugs.slots`` or ``mechanism.drugs.slots:2:10``."""
    from experiments.sweeps.design import parameters

    given: dict[str, dict[str, Any]] = {}
    for word in words:
        key, *bounds = word.split(":")
        if key in given:
            raise SpecError(f"parameters: expected every parameter once, found {key} twice")
        if len(bounds) not in (0, 2):
            raise SpecError(f"parameters: expected key or key:low:high, found {word!r}")
        given[key] = {name: _number(text, word) for name, text in zip(("low", "high"), bounds)}
    return parameters(given)


def _number(text: str, word: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SpecError(f"parameters: expected numbers as bounds, as in key:2:10, found {word!r}") from None


def _sensitivity(job: Job, plan: SweepPlan) -> int:
    from experiments.outfolder import check_out
    from experiments.sweep import describe, said_compiling
    from experiments.sweeps.api import Limits, run_design
    from experiments.sweeps.forecast import forecast
    from experiments.sweeps.store import SweepFolder

    options, engine = job.options, job.groups["engine"]
    out = Path(options.out).expanduser().absolute()
    if options.force or not (out / "manifest.json").is_file():
        check_out(options.out, options.force)
    print(describe(plan, engine).replace("sweep:", f"sensitivity, {options.method}:", 1), flush=True)
    print(forecast(plan, engine, pilot=options.dry_run), flush=True)
    if options.dry_run:
        print(f"dry run: nothing was written; results would go to {out}")
        return 0
    said_compiling()
    if options.force and out.is_dir():
        SweepFolder.remove(out)
    try:
        folder = run_design(plan, out, engine, limits=Limits(options.time_limit, options.memory_limit),
                            fail_fast=options.fail_fast, label="sensitivity")
    except KeyboardInterrupt:
        print(f"what is finished is stored in {out}; go on with the same command", file=sys.stderr)
        raise
    return conclude(folder, job)


def conclude(folder: SweepFolder, job: Job) -> int:
    """Analyse, write and show; return the exit status."""
    from experiments import sweep
    from experiments.sweeps.analysing import analyse_folder, short, show, write

    options = job.options
    asked = _keys(job)
    first = options.outcome if "outcome" in asked else folder.plan.outcome
    names = list(dict.fromkeys([first, *options.outcomes]))
    analyses = analyse_folder(folder, names, options.arm, resamples=options.resamples, confidence=options.confidence)
    if options.dry_run:
        print(f"dry run: nothing was written; {len(analyses)} analyses can be made of {short(folder.path)}")
        return 0
    print("\n" + "\n\n".join(map(show, analyses)) + "\n")
    for path in write(folder, analyses, options.confidence, options.resamples):
        print(f"written: {short(path)}")
    outcome = getattr(folder, "outcome", None)
    return sweep.conclude(folder, outcome) if outcome is not None else 1 if folder.failed_keys() else 0


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["sensitivity", *sys.argv[1:]]))
