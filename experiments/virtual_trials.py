"""The task `trials`: published evaluations as virtual trials, each judged by the band of the evidence catalogue."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.options import EngineOptions, TrialOptions
from sim.errors import SpecError
from sim.parameters import unknown_key

if TYPE_CHECKING:
    from experiments.entry import Job

OPTIONS = TrialOptions
GROUPS = {"engine": EngineOptions}
FORMAT = "lamplighter-trials"


def run(jobs: Sequence[Job]) -> int:
    """Check every job, then carry out one after the other."""
    from experiments.trials import catalogue

    for job in jobs:
        for name in job.options.trials:
            if name not in catalogue():
                line = str(unknown_key(name, catalogue(), "trials"))
                raise SpecError(line.replace("unknown key", "unknown trial").replace("known keys", "known trials"))
        _check_out(job)
    return max((_carry_out(job) for job in jobs), default=0)


def _check_out(job: Job) -> None:
    """Results may stand there already: what is missing is added to them, if they are trials."""
    from experiments.outfolder import check_out, is_ours

    out = Path(job.options.out).expanduser()
    if not (is_ours(out) and (out / "pairs").is_dir()):
        check_out(job.options.out, job.options.force)


def _carry_out(job: Job) -> int:
    from experiments import engines
    from experiments.progress import Progress, duration
    from experiments.provenance import Stopwatch, machine, source_hash
    from experiments.store import write_json
    from experiments.trials import catalogue
    from experiments.trials.carry_out import Work, do, placebo, stored, world_settings
    from sim.spec import build

    options, spec, out = job.options, job.spec, Path(job.options.out).expanduser()
    chosen = {name: t for name, t in catalogue().items() if not options.trials or name in options.trials}
    seeds = [spec.seed + k for k in range(options.replications)]
    given = {key: value for key, value in spec.as_dict().items() if key not in ("city", "seed", "years")}
    works, stamps = [], {}
    for world in dict.fromkeys(t.world for t in chosen.values()):
        base = world_settings(world, given, options.scale)
        stamp = {"source_hash": source_hash(), "scale": options.scale, "burn_in_years": spec.burn_in_years,
                 "spec_hash": build(base).hash()}
        stamps[world] = stamp
        for seed in seeds:
            missing = tuple(n for n, t in chosen.items() if t.world == world)
            work = Work(world, seed, missing, base, str(out / "pairs"), stamp)
            known = stored(work.path, stamp)
            missing = tuple(n for n in missing if n not in known)
            if missing:
                works.append(Work(world, seed, missing, base, str(out / "pairs"), stamp))
    days = sum(work.days() for work in works)
    print(f"trials: {len(chosen)} trials x {len(seeds)} seeds, {len(works)} worlds and seeds to run; "
          f"{days:,} days of simulation", flush=True)
    if options.dry_run:
        print(f"dry run: nothing was written; results would go to {out}")
        return 0
    watch = Stopwatch()
    (out / "pairs").mkdir(parents=True, exist_ok=True)
    write_json(out / "manifest.json", {"format": FORMAT, "complete": False, **machine()})
    progress = Progress(max(days, 1), "trials")
    workers = min(job.groups["engine"].count, max(1, len(works)))
    results = engines.results(do, works, progress.add, job.groups["engine"], workers)
    failed, interrupted = [], False
    try:
        for work, result in results:
            if isinstance(result, BaseException):
                failed.append(f"{work.world}, seed {work.seed}: {type(result).__name__}: {result}")
    except KeyboardInterrupt:
        interrupted = True
        results.close()
    progress.close()
    worlds = {t.world for t in chosen.values()}
    same = all(placebo(world_settings(w, given, min(options.scale, 0.15)), w, seeds[0]) for w in sorted(worlds))
    found = _found(out / "pairs", chosen, seeds, stamps, same)
    found["burn_in_years"], found["scale"] = spec.burn_in_years, options.scale
    found["provenance"] = {**machine(), **watch.read()}
    _write(out, found)
    write_json(out / "manifest.json", {"format": FORMAT, "complete": not (failed or interrupted), "failures": failed,
                                       **found["provenance"]})
    for line in failed:
        print(f"lamplighter: failed: {line}", file=sys.stderr)
    print(f"done in {duration(watch.read()['wall_seconds'])}; page: {out / 'trials.html'}")
    return 130 if interrupted else 1 if failed else 0


def _found(folder: Path, chosen: dict[str, Any], seeds: Sequence[int], stamps: dict[str, Any], same: bool
           ) -> dict[str, Any]:
    """Scores of every trial that has two pairs at least, from what is stored."""
    from analysis.trial_scores import score
    from experiments.trials.carry_out import stored

    measured: dict[str, list] = {name: [] for name in chosen}
    for world, stamp in sorted(stamps.items()):
        for seed in seeds:
            for name, values in stored(folder / f"{world}-{seed}.json", stamp).items():
                if name in measured:
                    measured[name].append(values)
    trials = {}
    for name, values in measured.items():
        if len(values) >= 2:
            t = chosen[name]
            scored = score(values, t.primary, t.band, t.kind, t.unit).as_dict()
            trials[name] = {"title": t.title, "study_name": t.study, "intervention": t.intervention, "world": t.world,
                            "aim": t.aim, "departs": t.departs, "primary": t.primary, "kind": t.kind, "unit": t.unit,
                            "band": list(t.band), "days": t.days, **scored}
    return {"trials": _plain(trials), "seeds": list(seeds), "placebo": same}


def _plain(value: Any) -> Any:
    """Nested plain values with null where a number is not known."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(out: Path, found: dict[str, Any]) -> None:
    from analysis.trials_page import markdown, page, summary
    from experiments.store import write_json

    write_json(out / "trials.json", found)
    (out / "trials.md").write_text(markdown(found), encoding="utf-8")
    (out / "trials.html").write_text(page(found), encoding="utf-8")
    print(markdown(found))
    print(summary(found))


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["trials", *sys.argv[1:]]))
