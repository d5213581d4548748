"""Running trials: a world and a seed at a time, everything in it from one burn-in, stored as it finishes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.trials import catalogue
from experiments.trials.contract import STEP, WORLDS, Ran, Trial
from sim.errors import SpecError
from sim.model import CityModel
from sim.records import EVENT_COLUMNS
from sim.spec import RunSpec, build, merge

MARGIN = 1  # days beyond the last one that is counted
Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class Work:
    """A world and a seed with the trials that are still wanted; plain values, to be sent to a process."""

    world: str
    seed: int
    trials: tuple[str, ...]
    base: Mapping[str, Any]
    folder: str
    stamp: Mapping[str, Any]

    @property
    def path(self) -> Path:
        return Path(self.folder) / f"{self.world}-{self.seed}.json"

    def days(self) -> int:
        """Simulated days: the burn-in, the baseline, every arm."""
        return self.spec().burn_in_days + costs([catalogue()[name] for name in self.trials])

    def spec(self) -> RunSpec:
        """The baseline, long enough for the longest trial."""
        longest = max(catalogue()[name].days for name in self.trials)
        return build(merge(self.base, {"seed": self.seed, "years": (longest + MARGIN) / 365}))


def costs(trials: Sequence[Trial]) -> int:
    """Scored days of these trials together with those of the baseline."""
    arms = {(json.dumps(t.changes(), sort_keys=True), t.watch, t.hook): t.days for t in trials}
    own = sum(t.days for t in trials if t.base_hook)
    return sum(arms.values()) + own + max((t.days for t in trials), default=0)


def world_settings(name: str, given: Mapping[str, Any], scale: float) -> dict[str, Any]:
    """Return the specification of a world: its preset, its residents times `scale`, and what the user set."""
    from experiments.switches import preset

    world = dict(WORLDS[name])
    city = preset(world.pop("preset"), round(world.pop("residents") * scale))
    return {**given, "city": {**city, **world}}


def stored(path: Path, stamp: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was measured for a world and a seed by this very model and settings and is declared so still."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise SpecError(f"{path}: expected a file of measured trials, found something else") from None
    if content.get("stamp") != dict(stamp):
        return {}
    return {name: values for name, values in content["trials"].items()
            if name in catalogue() and content.get("declared", {}).get(name) == catalogue()[name].declared()}


def do(work: Work, tell: Tell) -> list[str]:
    """Run one world and seed; write every trial as soon as it is measured. Return the ids that were done."""
    from experiments.store import write_json

    trials = [catalogue()[name] for name in work.trials]
    spec = work.spec()
    done = dict(stored(work.path, work.stamp))
    start = CityModel(spec, city=_city(spec))
    start.run_days(spec.burn_in_days, lambda *_: tell(1, f"{work.world}, seed {work.seed}: burn-in"))
    warm = start.snapshot()
    del start
    watches = {t.watch for t in trials if t.watch and not t.base_hook}
    bases = _run(warm, spec, {}, max(t.days for t in trials), watches, tell, f"{work.world}, seed {work.seed}")
    runs: dict[Any, Ran] = {}
    ids = []
    for trial in sorted(trials, key=lambda t: (json.dumps(t.changes(), sort_keys=True), t.id)):
        label = f"{work.world}, seed {work.seed}: {trial.id}"
        base = Ran(bases.model, bases.seen.get(trial.watch, []))
        if trial.base_hook:
            base = _one(warm, spec, {}, trial, trial.base_hook, tell, label)
        key = (json.dumps(trial.changes(), sort_keys=True), trial.days, trial.watch, trial.hook)
        if key not in runs:
            runs.clear()  # trials of the same arm stand side by side
            runs[key] = _one(warm, spec, trial.changes(), trial, trial.hook, tell, label)
        found = trial.measure(runs[key], base)
        done[trial.id] = {name: [float(a), float(b)] for name, (a, b) in found.items()}
        ids.append(trial.id)
        write_json(work.path, {"stamp": dict(work.stamp), "world": work.world, "seed": work.seed, "trials": done,
                               "declared": {name: catalogue()[name].declared() for name in done}})
    return ids


@dataclass
class _Bases:
    model: CityModel
    seen: dict[Any, list]


def _run(warm, spec: RunSpec, changes: Mapping, days: int, watches: set, tell: Tell, label: str) -> _Bases:
    model = CityModel.restore(warm, build(merge(spec.as_dict(), changes)) if changes else spec)
    seen: dict[Any, list] = {watch: [watch(model)] for watch in watches}
    _advance(model, days, seen, tell, label)
    return _Bases(model, seen)


def _one(warm, spec: RunSpec, changes: Mapping, trial: Trial, hook, tell: Tell, label: str) -> Ran:
    model = CityModel.restore(warm, build(merge(spec.as_dict(), changes)) if changes else spec)
    marked = hook(model) if hook else None
    seen = {trial.watch: [trial.watch(model)]} if trial.watch else {}
    _advance(model, trial.days, seen, tell, label)
    return Ran(model, seen.get(trial.watch, []), marked)


def _advance(model: CityModel, days: int, seen: dict[Any, list], tell: Tell, label: str) -> None:
    while model.day < days:
        step = min(STEP, days - model.day)
        model.run_days(step)
        tell(step, label)
        for watch, looks in seen.items():
            looks.append(watch(model))


def placebo(base: Mapping[str, Any], world: str, seed: int) -> bool:
    """True when every intervention and shock of the world's trials together, at zero strength, changes no event."""
    trials = [t for t in catalogue().values() if t.world == world and t.intervention]
    spec = build(merge(base, {"seed": seed, "years": 60 / 365, "burn_in_years": 60 / 365}))
    changes: dict[str, Any] = {}
    for trial in trials:
        group = "shock" if trial.shock else "intervention"
        settings = {k: v for k, v in trial.settings.items() if k != "end"}
        changes = merge(changes, {group: {trial.intervention: {**settings, "strength": 0.0}}})
    city = _city(spec)
    runs = [CityModel(s, city=city).run() for s in (spec, build(merge(spec.as_dict(), changes)))]
    return all(np.array_equal(runs[0].log[c], runs[1].log[c]) for c in EVENT_COLUMNS)


def _city(spec: RunSpec):
    from experiments.cities import build_city

    return build_city(spec)
