"""One replication of a comparison: the burn-in once, then every arm from its last day."""

from __future__ import annotations

import dataclasses
import functools
import os
import shutil
import socket
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.arms import Arm, warm_up
from experiments.engines import Stopped
from sim.spec import RunSpec, build


@dataclass(frozen=True)
class Work:
    """What a worker needs; plain values, so that it can be sent to a process."""

    replication: int
    seed: int
    arms: tuple[tuple[str, dict[str, Any]], ...]
    folder: str

    @classmethod
    def of(cls, replication: int, seed: int, arms: list[Arm], folder: Path) -> Work:
        return cls(replication, seed, tuple((arm.name, arm.spec.as_dict()) for arm in arms), str(folder))


def replicate(work: Work, tell: Callable[[float, str], None]) -> list[dict[str, Any]]:
    """Run and store every arm of one replication; return a row for each: done, or failed with the reason.

    Arms whose world before the interventions is the same share one burn-in, so that they agree to the bit until
    the day they differ.
    """
    specs = [(name, dataclasses.replace(build(spec), seed=work.seed)) for name, spec in work.arms]
    worlds: dict[str, list[tuple[str, RunSpec]]] = {}
    for name, spec in specs:
        worlds.setdefault(warm_up(spec).hash(), []).append((name, spec))
    rows = []
    for members in worlds.values():
        try:
            snapshot, marks = burn_in(warm_up(members[0][1]), tell)
        except (Stopped, KeyboardInterrupt):
            raise
        except Exception as error:
            rows += [_failure(name, work, error) for name, _ in members]
            continue
        for name, spec in members:
            try:
                _run_arm(name, spec, snapshot, marks, work, tell)
                rows.append({"arm": name, "replication": work.replication, "seed": work.seed, "done": True})
            except (Stopped, KeyboardInterrupt):
                raise
            except Exception as error:
                rows.append(_failure(name, work, error))
    return rows


def _failure(name: str, work: Work, error: BaseException) -> dict[str, Any]:
    return {"arm": name, "replication": work.replication, "seed": work.seed, "done": False,
            "error": f"{type(error).__name__}: {error}", "traceback": "".join(traceback.format_exception(error))}


def burn_in(spec: RunSpec, tell: Callable[[float, str], None]) -> tuple[dict[str, Any], Any]:
    """Simulate up to the first scored day; return the state then, and everybody's counts."""
    from experiments.store import Marks
    from sim.model import CityModel

    city, people = world(spec.city)
    model = CityModel(spec, city=city, people=people)
    if model.day < 0:
        model.run_days(-model.day, lambda done, of: tell(1, "burn-in"))
    return model.snapshot(), Marks.of(model)


@functools.lru_cache(maxsize=1)
def world(params: Any) -> tuple[Any, Any]:
    """The city and its people; a worker keeps the last ones, which all replications share."""
    from experiments.cities import build_city
    from sim.people.synthesis import populate

    city = build_city(dataclasses.replace(RunSpec(), city=params))
    return city, populate(city, params.residents, params.seed)


def _run_arm(name: str, spec: RunSpec, snapshot: dict, marks: Any, work: Work,
             tell: Callable[[float, str], None]) -> None:
    from experiments.provenance import Stopwatch, run_manifest
    from sim.model import CityModel

    watch = Stopwatch()
    model = CityModel.restore(snapshot, spec)
    model.run_days(spec.days - model.day, lambda done, of: tell(1, f"replication {work.replication}, {name}"))
    target = Path(work.folder, "runs", name, str(work.replication))
    store_whole(target, model, run_manifest(model, watch, name, work.replication), marks)


def store_whole(target: Path, model: Any, manifest: dict[str, Any], marks: Any) -> None:
    """Write a finished run as the folder `target`: beside its place first, then renamed whole."""
    from experiments.store import write_run

    target.parent.mkdir(parents=True, exist_ok=True)
    mine = f".{socket.gethostname()}-{os.getpid()}.part"
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=mine, dir=target.parent))
    try:
        part.chmod(0o755)
        write_run(model, part, manifest, marks)
        os.replace(part, target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
