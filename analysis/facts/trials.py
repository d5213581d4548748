"""Experiments of facts: what every seed counted, kept as a small file, and the score of all seeds together.

A seed's events (megabytes) are counted once, in the model and in the null worlds, and the counts (kilobytes) are all
that scoring needs: they can be handed on and added to. The spread is that of bootstrap samples of the seeds.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.facts.base import Unscored, facts
from analysis.facts.records import PROPERTY, VIOLENT
from analysis.facts.scoring import Sample
from analysis.facts.trial_arms import NULL_ARMS
from analysis.facts.trial_sides import case, read_seed
from analysis.facts.trial_statistics import STATISTICS, Stacked, size_counts, slopes

MODEL, NO_EFFECT = "model", "no_effect"
COUNTED, OUTCOMES = "counted.json", "outcomes.npz"
SAMPLES = 200


@functools.cache
def counting_hash() -> str:
    """Hash of the files that count, so that what an older version counted is not mixed with what this one does."""
    digest = hashlib.sha256()
    here = Path(__file__)
    for path in (*(here.with_name(f"trial_{name}.py") for name in ("arms", "sides", "statistics")),
                 here.parents[1] / "displacement.py"):
        digest.update(path.read_bytes() + b"\0")
    declared = [(f.id, f.trial, f.null) for f in facts().values() if f.trial]
    digest.update(json.dumps([declared, VIOLENT, PROPERTY]).encode())
    return digest.hexdigest()[:16]


def is_counted(folder: str | os.PathLike) -> bool:
    """True when a seed's counts are there and of this version."""
    path = Path(folder, COUNTED)
    return path.is_file() and json.loads(path.read_text(encoding="utf-8"))["sources"] == counting_hash()


def count_seed(folder: str | os.PathLike) -> dict[str, Any]:
    """Count the outcomes of one seed of the experiments: world -> fact -> names and numbers."""
    sides, seed = read_seed(Path(folder, OUTCOMES)), int(Path(folder).name)
    worlds: dict[str, Any] = {}
    for fact in facts().values():
        if not fact.trial or fact.reason or fact.trial == "sizes":
            continue
        for world in dict.fromkeys((MODEL, fact.null)):
            arm = f"{world}/{fact.trial}" if world in NULL_ARMS else fact.trial
            if world and world != NO_EFFECT and arm in sides:
                counted = STATISTICS[fact.id].counted(case(fact.trial, world, sides, seed))
                worlds.setdefault(world, {})[fact.id] = dict(counted)
    return {"sources": counting_hash(), "worlds": worlds}


def count_sizes(folder: str | os.PathLike) -> dict[str, Any]:
    """Count the cities of one seed: arm -> names and numbers."""
    sides = read_seed(Path(folder, OUTCOMES))
    return {"sources": counting_hash(),
            "sizes": {arm: size_counts(side) for arm, side in sides.items() if arm.endswith(" residents")}}


def stack(counted: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Put what was counted on every seed side by side: name -> float64[seeds, ...]."""
    return {name: np.array([c[name] for c in counted], float) for name in counted[0]}


def without_effect(fact: str, stacked: Stacked) -> dict[str, np.ndarray]:
    """The world in which the measure does nothing: baselines of one half of the seeds against those of the other.

    A stay that leaves nothing behind is a glance: there the two sides are the same.

    Raises
    ------
    Unscored
        With one seed only.
    """
    n = len(next(iter(stacked.values())))
    if fact == "F17a":
        halves = np.arange(n), np.arange(n)
    elif n < 2:
        raise Unscored("needs two seeds to compare chance with chance")
    else:
        halves = np.arange(n // 2), np.arange(n // 2, n // 2 * 2)
    base = {name.partition(".")[2]: values for name, values in stacked.items() if name.startswith("base.")}
    return {f"{side}.{name}": values[rows] for side, rows in zip(("base", "arm"), halves)
            for name, values in base.items()}


def sample(value: Callable[[np.ndarray], float], n: int) -> Sample:
    """Pooled value of `n` seeds and its bootstrap samples; `value` takes the rows that are drawn."""
    try:
        centre = value(np.arange(n))
    except Unscored as reason:
        return Sample([], [], [], [str(reason)])
    rng = np.random.default_rng(n)
    drawn = []
    for _ in range(SAMPLES if n > 1 else 0):
        try:
            drawn.append(value(rng.integers(0, n, n)))
        except Unscored:
            drawn.append(float("nan"))
    drawn = [v for v in drawn if np.isfinite(v)] or [centre]
    note = f"{n} seed{'s together' if n > 1 else ' only'}"
    return Sample(drawn, [True] * len(drawn), [note] * len(drawn), [], centre)


def score_trials(folder: str | os.PathLike) -> dict[str, dict[str, Sample]]:
    """Samples of every fact that needs an experiment, in the model and in its null world.

    Parameters
    ----------
    folder : path
        Where the counts lie, ``trials/<seed>/counted.json`` and ``sizes/<seed>/counted.json``.
    """
    found: dict[str, dict[str, Sample]] = {MODEL: {}}
    seeds = [json.loads(p.read_text(encoding="utf-8"))["worlds"] for p in _counted(folder, "trials")]
    sizes = [json.loads(p.read_text(encoding="utf-8"))["sizes"] for p in _counted(folder, "sizes")]
    for fact in facts().values():
        if not fact.trial or fact.reason:
            continue
        if fact.trial == "sizes":
            if sizes:
                found[MODEL][fact.id] = _of_sizes(sizes, 0 if fact.id == "F21a" else 1)
            continue
        for world in (MODEL, fact.null) if seeds else ():
            found.setdefault(world, {})[fact.id] = _of_world(fact.id, world, seeds)
    return found


def _counted(folder: str | os.PathLike, kind: str) -> list[Path]:
    return [p for p in sorted(Path(folder).glob(f"{kind}/*/{COUNTED}")) if is_counted(p.parent)]


def _of_world(name: str, world: str, seeds: Sequence[Mapping[str, Any]]) -> Sample:
    kept = [s[MODEL if world == NO_EFFECT else world][name] for s in seeds
            if name in s.get(MODEL if world == NO_EFFECT else world, {})]
    if not kept:
        return Sample([], [], [], ["not counted"])
    stacked = stack(kept)
    try:
        stacked = without_effect(name, stacked) if world == NO_EFFECT else stacked
    except Unscored as reason:
        return Sample([], [], [], [str(reason)])
    value = STATISTICS[name].value
    n = len(next(iter(stacked.values())))
    return sample(lambda rows: value({k: v[rows] for k, v in stacked.items()}), n)


def _of_sizes(seeds: Sequence[Mapping[str, Any]], which: int) -> Sample:
    arms = list(seeds[0])
    stacked = {k: np.array([[s[a][k] for a in arms] for s in seeds], float) for k in seeds[0][arms[0]]}
    return sample(lambda rows: slopes({k: v[rows] for k, v in stacked.items()})[which], len(seeds))
