"""The task `calibrate`: parameters fitted to city-wide targets, with what the runs can and cannot tell about them."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.options import CalibrateOptions, EngineOptions
from sim.errors import SpecError

if TYPE_CHECKING:
    from experiments.entry import Job
    from experiments.sweeps.fit import Fit, Problem
    from experiments.sweeps.targets import Calibration

OPTIONS = CalibrateOptions
GROUPS = {"engine": EngineOptions}
FORMAT = "lamplighter-calibration"


@dataclass(frozen=True)
class Ready:
    """One calibration, checked."""

    job: Job
    file: Calibration
    problem: Problem
    city: Any
    out: Path

    @property
    def asked(self) -> dict[str, Any]:
        """Everything that decides about the result, as plain values."""
        p, options = self.problem, self.job.options
        return {"method": options.method, "spec_hash": self.job.spec.hash(), "seed": p.seed, "budget": p.budget,
                "replications": p.replications, "rounds": p.rounds, "average": p.average, "accept": p.accept,
                "batch": p.batch, "parameters": {x.key: x.as_dict() for x in p.priors},
                "targets": {t.name: t.as_dict() for t in p.all_targets}, "city": self.city.checksum}

    @property
    def hash(self) -> str:
        text = json.dumps(self.asked, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def prepare(overrides: Sequence[str]) -> list[str]:
    """Return the overrides with those of the calibration file before them: the last word counts."""
    from experiments.compose import parse
    from experiments.sweeps.targets import read_calibration

    name = {o.key_or_group: getattr(o.value(), "text", o.value()) for o in parse(overrides)
            if not o.is_sweep_override()}.get("calibration", "")
    if not isinstance(name, str) or not name:
        return list(overrides)
    file = read_calibration(name)
    given = [*file.overrides, *(f"{key}={value}" for key, value in file.settings.items())]
    mine = {o.key_or_group for o in parse(overrides)}
    return [*(text for text, o in zip(given, parse(given)) if o.key_or_group not in mine), *overrides]


def run(jobs: Sequence[Job]) -> int:
    """Check every job, then carry out one after the other."""
    return max([_calibrate(ready) for ready in [_ready(job) for job in jobs]], default=0)


def _ready(job: Job) -> Ready:
    from experiments.cities import build_city
    from experiments.sweeps.fit import Problem
    from experiments.sweeps.targets import from_city, read_calibration

    options = job.options
    if not options.calibration:
        raise SpecError("calibration: expected a file that says what to fit to what, as in calibration=my_fit.yaml")
    if job.spec.days < 1:
        raise SpecError(f"years: expected at least a day to score (0.003), found {job.spec.years:g}")
    file = read_calibration(options.calibration)
    if options.method == "optuna":
        from experiments.sweeps.asktell import load_optuna

        load_optuna()
    for prior in file.priors:
        head, name, *_ = prior.key.split(".")
        if head in ("intervention", "shock") and name not in getattr(job.spec, head):
            raise SpecError(f"parameters: {prior.key}: {name} is not in the run; add it to {head}s")
    city = build_city(job.spec)
    targets = from_city(file.all_targets, job.spec.city)
    problem = Problem(file.priors, tuple(t for t in targets if not t.held_out), tuple(t for t in targets if t.held_out),
                      job.spec.days / 365, options.runs, options.replications, options.rounds, options.average,
                      options.accept, options.batch, job.spec.seed)
    problem.check(options.method)
    if options.method == "match":
        _start(problem, job.spec)
    ready = Ready(job, file, problem, city, Path())
    return Ready(job, file, problem, city, _check_place(options.out, ready.hash, options.force))


def _start(problem: Problem, spec: Any) -> Any:
    """Values of the parameters in the specification, where a match begins."""
    import numpy as np

    from experiments.sweeps.calibration_files import current

    values = [float(current(spec, p.key)) for p in problem.priors]
    for p, value in zip(problem.priors, values):
        if not p.low <= value <= p.high:
            raise SpecError(f"parameters: {p.key}: a match begins at the value of the run, expected within {p.low:g} "
                            f"to {p.high:g}, found {value:g}; set another as an override")
    return np.array(values)


def _check_place(out: str, wanted: str, force: bool) -> Path:
    """Return the folder: a new one, or one that holds this very calibration, which then goes on."""
    from experiments.outfolder import MANIFEST, check_out

    path = Path(out).expanduser().absolute()
    try:
        found = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        return check_out(out, False)
    if found.get("calibration_hash") != wanted and not force:
        raise SpecError(f"out: {out!r} holds another calibration: {_difference(found)}; choose another folder, or "
                        "force=true to begin anew there")
    return path


def _difference(found: dict[str, Any]) -> str:
    return (f"{found.get('asked', {}).get('method', '?')}, {found.get('asked', {}).get('budget', '?')} runs, "
            f"hash {found.get('calibration_hash', '?')}")


def _calibrate(ready: Ready) -> int:
    from experiments.cities import estimate

    problem, options, spec, engine = ready.problem, ready.job.options, ready.job.spec, ready.job.groups["engine"]
    print(f"calibrate: {ready.city.name or spec.city.preset}: {len(problem.priors)} parameters to "
          f"{len(problem.targets)} targets ({len(problem.holdout)} held out) by {options.method}; "
          f"{problem.budget} runs, {problem.replications} of each point; {engine.name}")
    for prior in problem.priors:
        print(f"  {prior.key}: {prior.kind} {prior.low:g} to {prior.high:g}"
              + (f", mean {prior.mean:g}, sd {prior.sd:g}" if prior.kind == "normal" else "")
              + (f", answers to {prior.answers}" if prior.answers else ""))
    for t in problem.all_targets:
        width = f"sd {t.sd:.4g}" if t.sd else f"tolerance {t.tolerance:.4g}"
        print(f"  {'held out: ' * t.held_out}{t.name}: {t.form} of {' + '.join(t.outcome)}, observed {t.observed:.4g}, "
              f"{width}")
    print(estimate(spec, ready.city.population, problem.budget, problem.budget, engine.count), flush=True)
    if options.dry_run:
        print(f"dry run: nothing was written; results would go to {ready.out}")
        return 0
    return _carry_out(ready)


def _carry_out(ready: Ready) -> int:
    from experiments.provenance import Stopwatch
    from experiments.sweeps import calibration_files as files
    from experiments.sweeps.fit import fit_abc, fit_match, fit_search
    from experiments.sweeps.runner import SweepRunner

    watch, options, problem = Stopwatch(), ready.job.options, ready.problem
    about = files.begin(ready.out, ready)
    runner = SweepRunner(ready.job.spec, problem.priors, problem.needed(), ready.out / "runs",
                         ready.job.groups["engine"], ready.file.question)
    try:
        fit = (fit_abc(problem, runner) if options.method == "abc"
               else fit_match(problem, runner, _start(problem, ready.job.spec)) if options.method == "match"
               else fit_search(problem, runner, ready.out / "study.log", ready.file.name))
    except KeyboardInterrupt:
        print(f"interrupted: the runs that are finished stay in {ready.out}; the same command goes on from there",
              file=sys.stderr)
        raise
    files.write(ready.out, ready, fit, about, watch.read())
    print(summary(problem, fit))
    print(f"results: {ready.out}")
    print(f"use them: lamplighter run @{ready.out / 'calibrated.yaml'}")
    if fit.failed:
        print(f"lamplighter: {fit.failed} of {fit.runs} runs failed and were left out; they are listed in "
              f"{ready.out / 'runs'}", file=sys.stderr)
    return 1 if fit.failed else 0


def summary(problem: Problem, fit: Fit) -> str:
    """What was learned, for the terminal."""
    from experiments.tables import layout

    unknown = fit.identifiability.not_identifiable()
    level = fit.intervals[0.9]
    rows = [[p.key, p.words, f"{x:.4g}", f"{a:.4g} to {b:.4g}",
             "" if fit.contraction is None else f"{fit.contraction[j]:.2f}", unknown.get(p.key, "identifiable")]
            for j, (p, x, (a, b)) in enumerate(zip(problem.priors, fit.estimate, level))]
    head = ["parameter", "prior", "estimate", "90 % interval", "contraction", "identifiability"]
    found = [[t.name + " (held out)" * t.held_out, f"{t.observed:.4g}", f"{t.tolerance or 2 * t.sd:.3g}",
              f"{mean:.4g}", "yes" if t.within(mean) else "no"]
             for t, mean in zip(problem.all_targets, simulated_means(fit, problem))]
    text = layout(head, rows) + "\n\n" + layout(["target", "observed", "tolerance", "simulated", "within"], found)
    if fit.coverage:
        shares = ", ".join(f"{p.key} {c / fit.coverage['tries']:.0%}"
                           for p, c in zip(problem.priors, fit.coverage["covered"]))
        text += (f"\n\nself-check: {fit.coverage['tries']} runs taken for observed ones; their 90 % intervals hold the "
                 f"truth in: {shares}")
    return text


def simulated_means(fit: Fit, problem: Problem) -> list[float]:
    """Means of the targets over the runs at the estimate."""
    if not len(fit.simulated):
        return [math.nan] * len(problem.all_targets)
    return fit.simulated.mean(axis=0).tolist()


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["calibrate", *sys.argv[1:]]))
