"""The folder of a calibration: what was asked, the runs, and what was learned; each file says where it comes from."""

from __future__ import annotations

import contextlib
import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.store import MANIFEST
from experiments.sweeps.files import put, put_json, put_table, read_json
from sim.spec import SCHEMA_VERSION

if TYPE_CHECKING:
    from experiments.calibrate import Ready
    from experiments.sweeps.fit import Fit, Problem

FORMAT = "lamplighter-calibration"
OVERRIDES_FORMAT = "lamplighter-calibrated"
NOTE = "lamplighter"
RESULT, POSTERIOR, TRIALS, CONFIG, FIGURE, STUDY, GIVEN, RUNS = (
    "calibration.json", "posterior.parquet", "trials.parquet", "calibrated.yaml", "calibration.png", "study.log",
    "given.yaml", "runs")


def begin(out: Path, ready: Ready) -> dict[str, Any]:
    """Make the folder or go on with it: the manifest stands in it before the first run. Return where results come from.

    What another calibration left is removed; the command has asked for `force` before.
    """
    from experiments.provenance import describe_city, machine

    found = read_json(out / MANIFEST)
    if found is not None and found.get("calibration_hash") != ready.hash:
        _remove(out)
        found = None
    about = {"format": FORMAT, "schema_version": SCHEMA_VERSION, "calibration_hash": ready.hash,
             "name": ready.file.name, "question": ready.file.question, "file_hash": ready.file.file_hash,
             "seed": ready.problem.seed, "spec_hash": ready.job.spec.hash(), "city": ready.city.checksum,
             "city_name": f"{ready.city.name}, {ready.city.population:,} residents", **machine()}
    if found is None:
        out.mkdir(parents=True, exist_ok=True)
        put_json(out / MANIFEST, {**about, "asked": ready.asked, "spec": ready.job.spec.as_dict(),
                                  "overrides": list(ready.job.overrides), "complete": False,
                                  "city": describe_city(ready.city)})
        put(out / GIVEN, Path(ready.job.options.calibration).expanduser().read_bytes())
    return about


def _remove(out: Path) -> None:
    """Remove what we wrote: named files, and the sweeps below `runs`."""
    for name in (RESULT, POSTERIOR, TRIALS, CONFIG, FIGURE, STUDY, GIVEN, MANIFEST):
        (out / name).unlink(missing_ok=True)
    for folder in (out / RUNS).glob("*") if (out / RUNS).is_dir() else ():
        if (read_json(folder / MANIFEST) or {}).get("format") == "lamplighter-sweep" and not folder.is_symlink():
            shutil.rmtree(folder)
    with contextlib.suppress(OSError):
        (out / RUNS).rmdir()


def write(out: Path, ready: Ready, fit: Fit, about: Mapping[str, Any], watch: Mapping[str, Any]) -> None:
    """Write everything that was learned; the manifest says last that it is complete."""
    note = {**about, "method": fit.method}
    if fit.posterior is not None:
        put_table(out / POSTERIOR, _posterior(fit, ready.problem, note))
    if fit.search is not None:
        put_table(out / TRIALS, _trials(fit, ready.problem, note))
    result = describe(ready.problem, fit, ready.job.spec)
    put_json(out / RESULT, {**note, **result})
    put(out / CONFIG, calibrated_yaml(ready.job.spec, ready.problem, fit, note).encode())
    from experiments.sweeps.calibration_figure import draw

    put(out / FIGURE, draw(ready.problem, fit, note))
    manifest = read_json(out / MANIFEST)
    put_json(out / MANIFEST, {**manifest, "complete": True, "runs": result["runs"], "last": dict(watch)})


def _noted(table: Any, note: Mapping[str, Any]) -> Any:
    return table.replace_schema_metadata({NOTE: json.dumps(note, sort_keys=True)})


def _posterior(fit: Fit, problem: Problem, note: Mapping[str, Any]) -> Any:
    import pyarrow as pa

    found = fit.posterior
    columns = {p.key: found.sample[:, j] for j, p in enumerate(problem.priors)}
    return _noted(pa.table({**columns, "weight": found.weights, "distance": found.distance}), note)


def _trials(fit: Fit, problem: Problem, note: Mapping[str, Any]) -> Any:
    import pyarrow as pa

    found = fit.search
    n = len(found.points)
    runs = np.isfinite(found.summaries).all(axis=2).sum(axis=1)
    columns = {p.key: found.points[:, j] for j, p in enumerate(problem.priors)}
    return _noted(pa.table({**columns, "runs": runs, "distance": found.distance, "standard_error": found.error,
                            "best": np.arange(n) == found.best, "like_best": np.isin(np.arange(n), found.candidates)}),
                  note)


def current(spec: Any, key: str) -> Any:
    """Value of a parameter in a specification."""
    tree: Any = spec.as_dict()
    *path, last = key.split(".")
    name, _, item = last.partition("[")
    for part in (*path, name):
        tree = tree[part]
    return tree[int(item[:-1])] if item else tree


def describe(problem: Problem, fit: Fit, spec: Any) -> dict[str, Any]:
    """What was learned, as plain values: each fitted parameter with its prior range, each target and how it is met."""
    unknown = fit.identifiability.not_identifiable()
    parameters = {}
    for j, (p, profile) in enumerate(zip(problem.priors, fit.identifiability.profiles)):
        parameters[p.key] = {
            "calibrated": True, **p.as_dict(), "before": current(spec, p.key),
            "estimate": _rounded(fit.estimate[j], p.whole),
            **{f"interval_{round(100 * level)}": list(map(float, found[j])) for level, found in fit.intervals.items()},
            "contraction": None if fit.contraction is None else float(fit.contraction[j]),
            "identifiable": p.key not in unknown, "why_not": unknown.get(p.key), "profile_class": profile.kind,
            "profile_interval": list(profile.interval),
            "profile": {"value": profile.values.tolist(), "distance": [round(float(d), 4) for d in profile.distance]}}
        if fit.path is not None:
            parameters[p.key]["sensitivity_found"] = float(fit.path.found[j])
    targets = {}
    for j, t in enumerate(problem.all_targets):
        at = fit.simulated[:, j] if len(fit.simulated) else np.array([math.nan])
        entry = {**t.as_dict(), "simulated": _number(at.mean()), "simulated_sd": _number(at.std(ddof=1) if len(at) > 1
                                                                                       else math.nan),
                 "simulated_runs": len(fit.simulated), "within_tolerance": t.within(float(at.mean()))}
        if not t.held_out:
            entry["explained"] = _number(fit.explained[j])
            if fit.path is not None:
                entry["noise"] = _number(fit.path.noise[j])  # sd of the logarithm between runs
        if len(fit.predictive):
            drawn = fit.predictive[:, j]
            low, middle, high = np.quantile(drawn, [0.05, 0.5, 0.95])
            tail = 2 * min((drawn <= t.observed).mean(), (drawn >= t.observed).mean())
            entry["predictive"] = {"median": float(middle), "interval_90": [float(low), float(high)],
                                   "runs": len(drawn), "tail_probability": float(min(1.0, tail))}
        targets[t.name] = entry
    out: dict[str, Any] = {
        "runs": {"budget": problem.budget, "made": fit.runs, "failed": fit.failed}, "parameters": parameters,
        "targets": targets,
        "redundant_pairs": [{"parameters": [q.first, q.second], "correlation": q.correlation,
                             "inflation": _number(q.inflation)}
                            for q in fit.identifiability.pairs]}
    if fit.correlation is not None:
        out["posterior_correlation"] = np.round(fit.correlation, 4).tolist()
        out["posterior_effective_size"] = fit.posterior.size
        from experiments.sweeps.interval import wilson

        tries = fit.coverage["tries"]
        out["self_check"] = {p.key: {"tries": tries, "covered": c, "level": 0.9, "interval_95": list(wilson(c, tries))}
                             for p, c in zip(problem.priors, fit.coverage["covered"])}
    if fit.path is not None:
        out["points"] = _points(problem, fit.path)
        out["points_averaged"] = fit.path.averaged
    if fit.search is not None:
        best = fit.search.best
        out["best"] = {"distance": _number(fit.search.distance[best]),
                       "standard_error": _number(fit.search.error[best]),
                       "runs": int(np.isfinite(fit.search.summaries[best]).all(axis=1).sum()),
                       "points_like_it": len(fit.search.candidates), "points": len(fit.search.points)}
    return out


def _points(problem: Problem, path: Any) -> list[dict[str, Any]]:
    """The points of a match in turn: where the parameters stood, and what the runs gave; the last was not run."""
    out = []
    for k, point in enumerate(path.points):
        entry: dict[str, Any] = {"parameters": {p.key: float(x) for p, x in zip(problem.priors, point)}}
        if k < len(path.values):
            entry["gain"] = float(path.gain[k])
            good = path.values[k][np.isfinite(path.values[k]).all(axis=1)]
            entry["runs"] = len(good)
            mean = good.mean(axis=0) if len(good) else np.full(path.values.shape[2], math.nan)
            entry["simulated"] = {t.name: _number(x) for t, x in zip(problem.all_targets, mean)}
        out.append(entry)
    return out


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _rounded(value: float, whole: bool) -> float | int:
    """A value with the digits that mean something."""
    return int(round(value)) if whole else float(f"{value:.6g}")


def calibrated_yaml(spec: Any, problem: Problem, fit: Fit, note: Mapping[str, Any]) -> str:
    """The estimates as overrides, each marked as calibrated, for ``lamplighter run @calibrated.yaml``."""
    unknown = fit.identifiability.not_identifiable()
    code = note["code"]
    lines = ["# Calibrated values: fitted to the targets below, never scored as successes.",
             f"# {fit.method}, {fit.runs} runs, seed {note['seed']}, calibration {note['calibration_hash']}, "
             f"specification {note['spec_hash']}, city {note['city'] or '-'}",
             f"# lamplighter {code['version']}, commit {code['git_commit'] or '-'}"
             f"{' with changes' if code['git_dirty'] else ''}, source {code['source_hash']}"]
    for t in problem.all_targets:
        lines.append(f"# {'held out' if t.held_out else 'target'} {t.name}: observed {t.observed:.5g}")
    lines += [f"format: {OVERRIDES_FORMAT}", "overrides:"]
    lists: dict[str, list] = {}
    for j, p in enumerate(problem.priors):
        value = _rounded(fit.estimate[j], p.whole)
        low, high = fit.intervals[0.9][j]
        why = f"; not identifiable: {unknown[p.key]}" if p.key in unknown else ""
        comment = f"  # calibrated; 90 % interval {low:.4g} to {high:.4g}; {p.kind} prior {p.low:g} to {p.high:g}{why}"
        name, _, item = p.key.partition("[")
        if item:
            held = lists.setdefault(name, list(current(spec, name)))
            held[int(item[:-1])] = value
            lines.append(f"  # {p.key}{comment.removeprefix('  #')}: {value}")
        else:
            lines.append(f'  - "{p.key}={value}"{comment}')
    lines += [f'  - "{name}=[{",".join(map(str, values))}]"' for name, values in lists.items()]
    return "\n".join(lines) + "\n"
