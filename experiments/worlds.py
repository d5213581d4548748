"""Pieces of work of a validation: a stored and measured run of a world, or all arms of the experiments for a seed.

Whatever is finished stays: a piece is put in its place whole, and one that is there already is not done again.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.progress import KEPT
from sim.errors import DataError
from sim.spec import RunSpec, build, merge

MODEL = "model"
TRIALS, SIZES = "trials", "sizes"
MEASURED, ARMS = "measured.json", "arms.json"


@dataclass(frozen=True)
class Piece:
    """One piece of work; plain values, so that it can be sent to a process."""

    world: str  # model, a null world, trials or sizes
    seed: int
    spec: Mapping[str, Any]
    folder: str  # of the whole validation
    days: float  # simulated, for the estimate

    @property
    def place(self) -> Path:
        return Path(self.folder, "runs", self.world, str(self.seed))

    @property
    def label(self) -> str:
        return f"{self.world}, seed {self.seed}"


def world_spec(base: RunSpec, world: str, seed: int) -> RunSpec:
    """Specification of a run of the model or of a null world."""
    from analysis.facts.nulls import NULLS

    change = {} if world == MODEL else NULLS[world].change
    return build(merge(base.as_dict(), {**change, "seed": seed}))


def do(piece: Piece, tell: Callable[[float, str], None]) -> str:
    """Do what is missing of a piece; returns its label."""
    if piece.world in (TRIALS, SIZES):
        _experiment(piece, tell)
        return piece.label
    if not (piece.place / "manifest.json").is_file():
        _whole(piece.place, lambda folder: _run(piece, folder, tell))
    else:
        tell(piece.days, KEPT)
    _measure(piece)
    return piece.label


def found(piece: Piece) -> dict[str, Any]:
    """What a finished piece measured or counted, by world and fact; nothing where it is not finished."""
    from analysis.facts.trials import COUNTED

    path = piece.place / (COUNTED if piece.world in (TRIALS, SIZES) else MEASURED)
    if not path.is_file():
        return {}
    kept = json.loads(path.read_text(encoding="utf-8"))
    parts = kept.get("worlds") or kept.get("sizes") or {MODEL: kept.get("values", {}), **kept.get("nulls", {})}
    return {f"{world}, {fact}": value for world, facts in parts.items() for fact, value in facts.items()}


def _whole(place: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder under another name and put it in its place."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{place.name}.part-", dir=place.parent))
    try:
        part.chmod(0o755)
        fill(part)
        aside = part.with_name(f"{part.name}-before")  # what is done anew leaves only when the new is whole
        if place.exists():
            os.replace(place, aside)
        os.replace(part, place)
        shutil.rmtree(aside, ignore_errors=True)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


@functools.lru_cache(maxsize=1)
def _world(params: Any) -> tuple[Any, Any]:
    """The city and its people; a worker keeps the last ones, which all runs share."""
    import dataclasses

    from experiments.cities import build_city
    from sim.people.synthesis import populate

    city = build_city(dataclasses.replace(RunSpec(), city=params))
    return city, populate(city, params.residents, params.seed)


def _run(piece: Piece, folder: Path, tell: Callable[[float, str], None]) -> None:
    from experiments.provenance import Stopwatch, run_manifest
    from experiments.store import write_run
    from experiments.watch import Observer, watch_run
    from sim.model import CityModel

    watch, observer = Stopwatch(), Observer()
    spec = build(piece.spec)
    city, people = _world(spec.city)
    model = CityModel(spec, city=city, people=people)
    marks = watch_run(model, observer, lambda days, note: tell(days, f"{piece.label}, {note}"))
    observer.write(folder)
    write_run(model, folder, run_manifest(model, watch, piece.world), marks)


def _measure(piece: Piece) -> None:
    """Measure the facts of a stored run, unless this version of the facts has done so."""
    from analysis.facts.measuring import measure_run, sources_hash
    from experiments.store import write_json

    path = piece.place / MEASURED
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")).get("sources") == sources_hash():
        return
    if not (piece.place / "events.parquet").is_file():
        raise DataError(f"{path}: was measured by another version of the facts, and the events were not kept; run it "
                        "anew in another folder")
    write_json(path, {"sources": sources_hash(), **measure_run(piece.place, with_nulls=piece.world == MODEL)})


def _experiment(piece: Piece, tell: Callable[[float, str], None]) -> None:
    """Run the arms of a seed and count them, as far as that has not been done."""
    from analysis.facts.trials import COUNTED, count_seed, count_sizes, is_counted
    from experiments.store import write_json

    if is_counted(piece.place):
        tell(piece.days, KEPT)
        return
    kept, missing = _kept_arms(piece)
    if missing:
        _whole(piece.place, lambda folder: _trials(piece, folder, missing, kept, tell))
    else:
        tell(piece.days, KEPT)
    count = count_sizes if piece.world == SIZES else count_seed
    write_json(piece.place / COUNTED, count(piece.place))


def _arms(piece: Piece) -> Mapping[str, Mapping[str, Any]]:
    from analysis.facts.trial_arms import all_arms, size_arms

    return size_arms() if piece.world == SIZES else all_arms()


def _kept_arms(piece: Piece) -> tuple[dict[str, Any], dict[str, Mapping[str, Any]]]:
    """Outcomes that were kept of arms declared as they are now, and the arms that are to be run."""
    import numpy as np

    from analysis.facts.trial_arms import BASE
    from analysis.facts.trials import OUTCOMES

    arms, path = _arms(piece), piece.place / ARMS
    if not (path.is_file() and (piece.place / OUTCOMES).is_file()):
        return {}, dict(arms)
    ran = json.loads(path.read_text(encoding="utf-8"))
    same = {name for name, change in arms.items() if ran.get(name) == json.loads(json.dumps(change))}
    with np.load(piece.place / OUTCOMES, allow_pickle=False) as file:
        kept = {key: file[key] for key in file.files if key.rpartition("|")[0] in same | {BASE}}
    return kept, {name: change for name, change in arms.items() if name not in same}


def _trials(piece: Piece, folder: Path, arms: Mapping[str, Mapping[str, Any]], kept: dict[str, Any],
            tell: Callable[[float, str], None]) -> None:
    import numpy as np

    from analysis.facts.trials import OUTCOMES
    from experiments.paired import run_pairs
    from experiments.store import write_json
    from experiments.watch import note_visits, trial_outcome

    sizes = piece.world == SIZES
    usual = piece.spec["years"]
    scored = usual + sum(arm.get("years", usual) for arm in arms.values())  # the baseline is always run
    step = piece.days / (365 * (scored + piece.spec["burn_in_years"] * (1 + len(arms) * sizes)))

    def watch(model: Any) -> None:
        note_visits(model)
        if model.slot == 0:
            tell(step, f"{piece.label}, experiments")

    pairs = run_pairs(piece.spec, arms, [piece.seed], outcome=trial_outcome, watch=watch,
                      apart=tuple(arms) if sizes else ())
    new = {f"{arm}|{name}": values[0] for arm, outcomes in pairs.values.items() for name, values in outcomes.items()
           if not _missing(values[0])}
    np.savez_compressed(folder / OUTCOMES, **{**kept, **new})
    write_json(folder / ARMS, dict(_arms(piece)))


def _missing(value: Any) -> bool:
    """An outcome that only other arms have."""
    import numpy as np

    return np.ndim(value) == 0
