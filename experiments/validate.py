"""The task `validate`: runs the model and its null worlds, scores the facts, and writes the page.

Everything lies under `out` and stays: a second call does only what is missing, with more seeds for instance.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.options import EngineOptions, ValidateOptions
from sim.errors import SpecError

if TYPE_CHECKING:
    from analysis.facts.scoring import Score
    from experiments.entry import Job
    from experiments.worlds import Piece
    from sim.spec import RunSpec

OPTIONS = ValidateOptions
GROUPS = {"engine": EngineOptions}
FORMAT = "lamplighter-validation"
# What the forms set where nothing is given.
FORMS: dict[str, dict[str, Any]] = {
    "quick": {"years": 2, "burn_in_years": 2, "city.residents": 10_000, "seeds": 5, "null_seeds": 1, "trial_seeds": 2},
    "full": {"years": 5, "burn_in_years": 3, "city.residents": 50_000, "seeds": 20, "null_seeds": 10,
             "trial_seeds": 20},
}
TRIAL_YEARS = 1
ROUNDING = 1e-12  # of measurements; a single event more or less moves them by far more
LOST = 3  # exit status when a fact that was expected is not shown


def prepare(overrides: Sequence[str]) -> list[str]:
    """Add the settings of the form that are not given."""
    given = {word.partition("=")[0].lstrip("+~"): word.partition("=")[2] for word in overrides}
    form = FORMS.get(given.get("form", "quick"), {})
    real = given.get("city") == "from_files"
    return [f"{key}={value}" for key, value in form.items()
            if key not in given and not (real and key == "city.residents")] + list(overrides)


def run(jobs: Sequence[Job]) -> int:
    """Validate every job."""
    from analysis.facts.libraries import library

    library("esda"), library("libpysal")
    return max([_validate(job) for job in jobs], default=0)


def pieces_of(spec: RunSpec, options: ValidateOptions, folder: Path) -> list[Piece]:
    """All the work: runs of the model first, then null worlds and experiments."""
    from analysis.facts.nulls import WORLDS
    from analysis.facts.trial_arms import all_arms, size_arms
    from experiments.worlds import MODEL, SIZES, TRIALS, Piece, world_spec

    span = spec.days + spec.burn_in_days
    out = [Piece(world, spec.seed + k, world_spec(spec, world, spec.seed + k).as_dict(), str(folder), span)
           for world, n in ((MODEL, options.seeds), *((w, options.null_seeds) for w in WORLDS)) for k in range(n)]
    short = {**spec.as_dict(), "years": TRIAL_YEARS}
    if options.trial_seeds:
        years = TRIAL_YEARS + sum(arm.get("years", TRIAL_YEARS) for arm in all_arms().values())
        days = spec.burn_in_days + 365 * years
        out += [Piece(TRIALS, spec.seed + k, short, str(folder), days) for k in range(options.trial_seeds)]
    if options.sizes:
        from analysis.facts.trial_arms import SIZES as RESIDENTS

        days = (spec.burn_in_days + 365 * TRIAL_YEARS) * sum(RESIDENTS) / max(spec.city.residents, 1_000)
        small = {**short, "city": {**short["city"], "residents": RESIDENTS[0]}}
        assert len(size_arms()) == len(RESIDENTS)
        out += [Piece(SIZES, spec.seed + k, small, str(folder), days) for k in range(options.trial_seeds)]
    return out


def _validate(job: Job) -> int:
    from experiments.cities import build_city, estimate
    from experiments.progress import COMPILING, kernels_are_new

    options, spec, engine = job.options, job.spec, job.groups["engine"]
    expected = _expected(options.expect)
    if spec.days < 365:
        raise SpecError(f"years: expected at least 1 scored year to validate, found {spec.years:g}")
    if options.sizes and spec.city.preset == "from_files":
        raise SpecError("sizes: cities of other sizes can be made of a preset only, found city=from_files")
    city = build_city(spec)
    out = _folder(options.out, spec, options)
    pieces = pieces_of(spec, options, out)
    days = sum(p.days for p in pieces)
    workers = min(engine.count, len(pieces))
    year = spec.with_(years=1.0, burn_in_years=0.0)
    cost = estimate(year, city.population, max(1, round(days / 365)), workers, workers)
    print(f"validate: {city.name or spec.city.preset}: {options.seeds} seeds of {spec.burn_in_days} + {spec.days} "
          f"days, {len(pieces)} pieces of work; {cost}", flush=True)
    if options.dry_run:
        print(f"dry run: nothing was written; results would go to {out}")
        return 0
    if kernels_are_new():
        print(COMPILING, file=sys.stderr, flush=True)
    if options.recheck:
        recheck(out, spec, pieces)
    _begin(out, spec, city, options)
    failures = _work(pieces, engine, workers, days, out)
    scores = _write(out, spec, city, options, failures)
    for line in summary(scores):
        print(line)
    print(f"page: {out / 'facts.html'}")
    for label, error in failures[:3]:
        print(f"lamplighter: {label} failed: {type(error).__name__}: {error}", file=sys.stderr)
    lost = [s for s in scores if s.fact.id in expected and s.state != "passes"]
    for s in lost:
        print(f"lamplighter: {s.fact.id} ({s.fact.title}) was expected to be shown: {s.state} "
              f"{'' if s.median is None else f'{s.median:.3g}'} {s.reason}".rstrip(), file=sys.stderr)
    return 1 if failures else LOST if lost else 0


def _expected(name: str) -> list[str]:
    """Facts that must be shown, from a file with a JSON list of their ids."""
    from analysis.facts.base import facts

    if not name:
        return []
    try:
        found = json.loads(Path(name).expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecError(f"expect: {name!r} cannot be read as JSON ({type(error).__name__})") from None
    if not isinstance(found, list) or not all(isinstance(f, str) and f in facts() for f in found):
        raise SpecError(f"expect: expected a list of ids of facts, such as [\"F01a\"], in {name!r}")
    return found


# -- the folder ------------------------------------------------------------------------------------------------------


def identity(spec: RunSpec) -> dict[str, str]:
    """What runs in one folder must have in common."""
    from experiments.provenance import source_hash
    from experiments.worlds import MODEL, world_spec

    return {"spec_hash": world_spec(spec, MODEL, spec.seed).hash(), "source_hash": source_hash()}


def _folder(out: str, spec: RunSpec, options: ValidateOptions) -> Path:
    """The folder, checked: new, empty, or one of ours with the same specification and model."""
    from experiments.outfolder import MANIFEST, check_out, first_foreign, is_ours

    path, force = Path(out).expanduser().absolute(), options.force
    if path.is_dir() and is_ours(path):
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        known, mine = manifest.get("identity", {}), identity(spec)
        if manifest.get("format") == FORMAT and known == mine:
            return path
        if options.recheck and manifest.get("format") == FORMAT and known.get("spec_hash") == mine["spec_hash"]:
            return path
        if force and first_foreign(path) is None:
            return path
        if not force and manifest.get("format") == FORMAT:
            raise SpecError(f"out: {out!r} holds runs of another specification or version of the model; choose another "
                            "folder, force=true to replace them, or recheck=true if only the version is another")
    return check_out(out, force)


def recheck(out: Path, spec: RunSpec, pieces: Sequence[Piece]) -> None:
    """Take over the runs of another version of the model where the first of each kind comes out the same again.

    Raises
    ------
    SpecError
        One line: what came out otherwise. The folder is as it was.
    """
    import dataclasses
    import tempfile

    from experiments.outfolder import MANIFEST
    from experiments.store import write_json
    from experiments.worlds import do, found

    if not (out / MANIFEST).is_file():
        return
    manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    if manifest["identity"] == identity(spec):
        return
    done = []
    for world in sorted(path.name for path in out.glob("runs/*")):
        piece = next((p for p in pieces if p.world == world and found(p)), None)
        if piece is None:
            raise SpecError(f"recheck: {str(out)!r} holds {world} too, and no finished one that this call asks for; "
                            "ask for one at least (null_seeds, trial_seeds, sizes), or force=true replaces all")
        print(f"recheck: {piece.label}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="recheck-") as folder:
            again = dataclasses.replace(piece, folder=folder)
            do(again, lambda days, note: None)
            old, new = found(piece), found(again)
        for key in sorted(old.keys() | new.keys()):
            if not _same(old.get(key), new.get(key)):
                raise SpecError(f"recheck: {piece.label}: {key}: was {old.get(key)}, is {new.get(key)}; force=true "
                                "replaces the runs")
        done.append(piece.label)
    if not done:
        raise SpecError(f"recheck: {str(out)!r} has no finished run to compare with; force=true replaces what is there")
    history = [*manifest.get("rechecked", []), {"from": manifest["identity"]["source_hash"],
                                                "to": identity(spec)["source_hash"], "runs": done}]
    write_json(out / MANIFEST, {**manifest, "identity": identity(spec), "rechecked": history})


def _same(old: Any, new: Any) -> bool:
    """True when two measurements agree, but for the order in which processors of another kind add things up."""
    import math

    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(old[k], new[k]) for k in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    if isinstance(old, float) and isinstance(new, float):
        return math.isclose(old, new, rel_tol=ROUNDING, abs_tol=ROUNDING) or (math.isnan(old) and math.isnan(new))
    return old == new


def _begin(out: Path, spec: RunSpec, city: Any, options: ValidateOptions) -> None:
    """Make the folder, or empty it where its runs are of another model."""
    from experiments.outfolder import MANIFEST
    from experiments.store import write_json

    if (out / MANIFEST).is_file() and json.loads((out / MANIFEST).read_text()).get("identity") != identity(spec):
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    for part in out.glob("runs/*/.*.part-*"):  # of a call that was killed
        shutil.rmtree(part, ignore_errors=True)
    write_json(out / MANIFEST, {"format": FORMAT, "schema_version": 1, "identity": identity(spec), "complete": False,
                                "rechecked": _rechecked(out)})
    if not (out / "observed.parquet").is_file():
        from experiments.observed import write_observed

        about = write_observed(out, spec, city)
        if about:
            print(f"recorded crime of the city itself: {about['events']:,} events in {about['days']} days")


def _rechecked(out: Path) -> list[dict[str, Any]]:
    """Versions of the model from which the runs were taken over."""
    from experiments.outfolder import MANIFEST

    path = out / MANIFEST
    return json.loads(path.read_text(encoding="utf-8")).get("rechecked", []) if path.is_file() else []


def _work(pieces: Sequence[Piece], engine: EngineOptions, workers: int, days: float, folder: Path
          ) -> list[tuple[str, BaseException]]:
    """Do all pieces; return those that failed."""
    from experiments import engines
    from experiments.progress import Progress
    from experiments.worlds import do

    progress = Progress(days, "validate")
    results = engines.results(do, pieces, progress.add, engine, workers, str(folder))
    failures, done = [], 0
    try:
        for piece, result in results:
            done += 1
            progress.note = f"{done} of {len(pieces)} pieces done"
            if isinstance(result, BaseException):
                failures.append((piece.label, result))
    finally:
        results.close()
        progress.close()
    return failures


def _write(out: Path, spec: RunSpec, city: Any, options: ValidateOptions, failures: list) -> list[Score]:
    """Score what lies in the folder and write the page, the manifest last."""
    from analysis.facts.against import compare_with_record
    from analysis.facts.collect import collect
    from analysis.facts.page import as_json, html, markdown
    from experiments.outfolder import MANIFEST
    from experiments.provenance import describe_city, machine
    from experiments.store import write_json

    scores = collect(out)
    against = compare_with_record(out)
    about = {"city": city.name or spec.city.preset, "residents": int(city.population), "form": options.form,
             "seeds": len(list(out.glob("runs/model/*/measured.json"))), "years": spec.years,
             "burn_in_years": spec.burn_in_years, "seed": spec.seed, **identity(spec)}
    write_json(out / "facts.json", as_json(scores, against, about))
    (out / "facts.md").write_text(markdown(scores, against, about), encoding="utf-8")
    (out / "facts.html").write_text(html(scores, against, about, out), encoding="utf-8")
    write_json(out / MANIFEST, {
        "format": FORMAT, "schema_version": 1, "identity": identity(spec), "spec": spec.as_dict(), "about": about,
        "city": describe_city(city), "complete": not failures, "failures": [f"{n}: {e}" for n, e in failures],
        "rechecked": _rechecked(out),
        **machine()})
    return scores


def summary(scores: Sequence[Score]) -> list[str]:
    """The table of facts for the terminal, and what it adds up to."""
    from analysis.facts.scoring import counted, groups
    from experiments.tables import layout, number

    rows = []
    for s in scores:
        f = s.fact
        shown = ["-", "-"] if s.median is None else [
            number(s.median), "one seed" if s.seeds == 1 else f"{number(s.low)}..{number(s.high)}"]
        null = "-" if s.null_value is None else f"{f.null} {number(s.null_value)} {s.null_state}"
        rows.append([f.id, f.title[:44], f.tier, *shown, f"{f.low:g}..{f.high:g}", null, s.state, f.label])
    head = ["fact", "", "tier", "median", "10-90 %", "expected", "null", "state", "label"]
    lines = [layout(head, rows), ""]
    lines += [f"{name}: {'whole' if whole else 'not whole'} ({', '.join(f'{s.fact.id} {s.state}' for s in mine)})"
              for name, mine, whole in groups(scores)]
    lines.append(", ".join(f"{name} {n}" for name, n in counted(scores).items()))
    return lines


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["validate", *sys.argv[1:]]))
