"""The task `compare`: arms against a baseline in paired replications, a table of options and a report."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.options import CompareOptions, EngineOptions
from sim.errors import SpecError

if TYPE_CHECKING:
    from experiments.arms import Arm, Experiment
    from experiments.entry import Job

OPTIONS = CompareOptions
GROUPS = {"engine": EngineOptions}
FORMAT = "lamplighter-comparison"


def prepare(overrides: Sequence[str]) -> list[str]:
    """Return the overrides with those of the experiment file, and with the interventions of all arms."""
    from experiments.arms import Plan

    return Plan(overrides).union()


def run(jobs: Sequence[Job]) -> int:
    """Check every job, then compare one after the other."""
    from experiments.arms import make_arms
    from experiments.outcomes import check_outcome
    from experiments.outfolder import check_out

    ready = []
    for job in jobs:
        check_outcome(job.options.outcome)
        if job.spec.days < 1:
            raise SpecError(f"years: expected at least a day to compare (0.003), found {job.spec.years:g}")
        experiment, arms = make_arms(job.overrides)
        job = _with_rule(job, experiment)
        ready.append((job, job.groups["engine"], experiment, arms, check_out(job.options.out, job.options.force)))
    return max([_compare(*item) for item in ready], default=0)


def _with_rule(job: Job, experiment: Experiment) -> Job:
    """Begin with the pilot where a rule of precision says how many replications, unless the command line does."""
    from experiments.compose import parse
    from experiments.outcomes import check_outcome

    if experiment.rule is None or any(o.key_or_group == "replications" for o in parse(job.overrides)):
        return job
    check_outcome(experiment.rule.outcome or job.options.outcome)
    return dataclasses.replace(job, options=dataclasses.replace(job.options, replications=experiment.rule.minimum),
                               groups={**job.groups, "precision": experiment.rule})


def _compare(job: Job, engine: EngineOptions, experiment: Experiment, arms: list[Arm], out: Path) -> int:
    from experiments.cities import build_city, estimate, memory
    from experiments.progress import COMPILING, kernels_are_new

    options, spec = job.options, arms[0].spec
    new = kernels_are_new()
    city = build_city(spec)
    runs = len(arms) * options.replications
    workers = min(engine.count, options.replications)
    cost = estimate(spec, city.population, runs, options.replications, workers)
    if workers > 1 and cost.memory_bytes > 0.9 * memory():
        raise SpecError(f"engine.workers: {workers} at a time need about {cost.memory_bytes / 1e9:.0f} GB of memory, "
                        f"this machine has {memory() / 1e9:.0f} GB; choose fewer")
    print(f"compare: {city.name or spec.city.preset}: {len(arms)} arms x {options.replications} replications, "
          f"{spec.burn_in_days} days of shared burn-in, {spec.days} scored; {engine.name}, {workers} at a time")
    rule = job.groups.get("precision")
    if rule is not None:
        print(f"  {rule}; the estimate is for the first {rule.minimum}, it can be {rule.maximum / rule.minimum:.2g} "
              "times as much")
    elif experiment.rule is not None:
        print("  replications= takes the place of the experiment file's rule of precision")
    for arm in arms:
        print(f"  {arm.name}: {', '.join(arm.interventions) or 'no intervention'}"
              f"{' (' + ' '.join(arm.overrides) + ')' if arm.overrides else ''}")
    print(cost, flush=True)
    if options.dry_run:
        print(f"dry run: nothing was written; results would go to {out}")
        return 0
    if new:
        print(COMPILING, file=sys.stderr, flush=True)
    return _carry_out(job, engine, experiment, arms, out, city, workers)


def _carry_out(job: Job, engine: EngineOptions, experiment: Experiment, arms: list[Arm], out: Path, city: Any,
               workers: int) -> int:
    from experiments.outfolder import OutFolder
    from experiments.progress import Progress
    from experiments.provenance import Stopwatch

    spec, watch, rule = arms[0].spec, Stopwatch(), job.groups.get("precision")
    days = spec.burn_in_days + len(arms) * spec.days
    progress = Progress(job.options.replications * days, "compare", "building the city")
    rows: list[dict[str, Any]] = []
    looks: list[Any] = []
    have = 0
    with OutFolder(out, job.options.force) as place:
        while True:
            replications = job.options.replications
            interrupted = _batch(range(have, replications), engine, arms, place.folder, workers, progress, rows)
            have = replications
            if interrupted or rule is None:
                break
            looks.append(_look(place.folder, arms, replications, rule, job.options.outcome, workers, looks))
            if looks[-1].replications <= have:
                break
            job = dataclasses.replace(job, options=dataclasses.replace(job.options,
                                                                       replications=looks[-1].replications))
            progress.total = looks[-1].replications * days
            progress.say(f"compare: {_look_text(looks[-1], have)}")
        progress.close()
        runs = len(arms) * have
        done = _done(place.folder, arms, have)
        failures = [row for row in rows if not row["done"]]
        if not done:
            if interrupted:
                raise KeyboardInterrupt
            _show_failures(failures, runs)
            return 1
        text = _write(place.folder, job, experiment, arms, city, done, failures, runs, watch, looks)
        place.keep()
    _show_failures(failures, runs)
    if interrupted:
        print(f"interrupted: {len(done)} of {runs} runs are finished and stored", file=sys.stderr)
    if looks:
        print(f"\n{_look_text(looks[-1], have)}")
    _report(out, text)
    return 130 if interrupted else 1 if failures else 0


def _batch(numbers: range, engine: EngineOptions, arms: list[Arm], folder: Path, workers: int, progress: Any,
           rows: list[dict[str, Any]]) -> bool:
    """Run some replications, add a row for each run, and return whether it was interrupted."""
    from experiments import engines
    from experiments.replicate import Work, replicate

    works = [Work.of(r, arms[0].spec.seed + r, arms, folder) for r in numbers]
    runs = len(arms) * numbers.stop
    results = engines.results(replicate, works, progress.add, engine, workers, str(folder))
    try:
        for work, result in results:
            rows += _rows(work, result)
            finished = sum(row["done"] for row in rows)
            progress.note = f"{finished} of {runs} runs done"
    except KeyboardInterrupt:
        results.close()
        return True
    return False


def _look(folder: Path, arms: list[Arm], replications: int, rule: Any, outcome: str, workers: int,
          looks: list[Any]) -> Any:
    """Decide by the stored runs how many replications to have in all."""
    from experiments.outcomes import one_outcome
    from experiments.store import read_run
    from experiments.sweeps.precision import decide

    def values(name: str) -> list[float]:
        out = []
        for r in range(replications):
            path = folder / "runs" / name / str(r)
            there = (path / "manifest.json").is_file()
            out.append(one_outcome(read_run(path), rule.outcome or outcome) if there else float("nan"))
        return out

    options = {arm.name: values(arm.name) for arm in arms if arm.role == "option"}
    return decide(options, values(arms[0].name), rule, workers, looks[-1] if looks else None)


def _look_text(look: Any, have: int) -> str:
    from experiments.tables import number

    worst = ", ".join(f"{name} {number(x.half_width)} (wanted {number(x.wanted)})" for name, x in look.options.items())
    then = ("reached" if look.reached else f"not reached: {look.why}" if look.why
            else f"not yet reached, going on to {look.replications}")
    return f"precision after {have} pairs, half-widths: {worst}; {then}"


def _rows(work: Any, result: Any) -> list[dict[str, Any]]:
    if not isinstance(result, BaseException):
        return result
    from experiments.replicate import _failure

    return [_failure(name, work, result) for name, _ in work.arms]


def _done(folder: Path, arms: list[Arm], replications: int) -> list[tuple[str, int]]:
    """Finished runs by what lies in the folder: also right after an interruption."""
    return [(arm.name, r) for arm in arms for r in range(replications)
            if (folder / "runs" / arm.name / str(r) / "manifest.json").is_file()]


def _write(folder: Path, job: Job, experiment: Experiment, arms: list[Arm], city: Any, done: list, failures: list,
           runs: int, watch: Any, looks: list[Any]) -> str:
    """Write what the runs add up to, the manifest last; return what the terminal should show of it."""
    from analysis.indicators import write_table as write_indicators
    from experiments.observed import write_observed
    from experiments.provenance import describe_city, machine
    from experiments.store import MANIFEST, write_json
    from experiments.summary import primary_text, ratios_text, write_options_table, write_summary
    from sim.spec import SCHEMA_VERSION

    options, spec = job.options, arms[0].spec
    values = write_summary(folder, done)
    names = [(arm.name, arm.role) for arm in arms]
    write_options_table(folder, values, names)
    write_indicators(folder)
    write_json(folder / MANIFEST, {
        "format": FORMAT, "schema_version": SCHEMA_VERSION, "experiment": experiment.as_dict(), "spec": spec.as_dict(),
        "spec_hash": spec.hash(), "seed": spec.seed, "replications": options.replications,
        "primary_outcome": options.outcome, "overrides": list(job.overrides), "arms": [arm.as_dict() for arm in arms],
        "runs": {"planned": runs, "done": len(done), "failed": len(failures), "failures": failures},
        "precision": _precision(job, looks),
        "complete": len(done) == runs, "observed": write_observed(folder, spec, city), "city": describe_city(city),
        **machine(), **watch.read()})
    texts = [ratios_text(values, names)]
    if options.outcome != CompareOptions.outcome:
        texts.insert(0, primary_text(values, names, options.outcome))
    return "\n\n".join(texts)


def _precision(job: Job, looks: list[Any]) -> dict[str, Any] | None:
    """What the manifest says about the number of replications, when a rule has decided it."""
    rule = job.groups.get("precision")
    if rule is None:
        return None
    last = looks[-1].as_dict() if looks else {"reached": False, "why": "interrupted", "options": {}}
    outcome = rule.outcome or job.options.outcome
    return {"rule": {**rule.as_dict(), "outcome": outcome}, "text": str(rule), **last,
            "replications": job.options.replications, "looks": [x.as_dict() for x in looks]}


def _show_failures(failures: list[dict[str, Any]], runs: int) -> None:
    if failures:
        print(failures[0]["traceback"], file=sys.stderr)
        print(f"lamplighter: {len(failures)} of {runs} runs failed, the first: arm {failures[0]['arm']}, replication "
              f"{failures[0]['replication']}, seed {failures[0]['seed']}: {failures[0]['error']}", file=sys.stderr)


def _report(out: Path, text: str) -> None:
    """Show the table of options, then make the report: results are safe before anything can go wrong in it."""
    from analysis.table import format_table, options_table

    print(f"\n{format_table(options_table(out))}\n\n{text}\n")
    print(f"records: {os.path.relpath(out) if out.is_relative_to(Path.cwd()) else out}")
    from analysis.report import build_report

    print(f"report: {build_report(out)}")


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["compare", *sys.argv[1:]]))
