"""Gather what the runs of a validation measured, and score it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from analysis.facts.scoring import Sample, Score, sample_of, score_all
from analysis.facts.trials import score_trials

MODEL, MEASURED = "model", "measured.json"


def collect(folder: str | os.PathLike) -> list[Score]:
    """Score all facts from a folder with ``runs/<world>/<seed>/measured.json`` and the outcomes of experiments."""
    runs = Path(folder, "runs")
    worlds: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for path in sorted(runs.glob(f"*/*/{MEASURED}")):
        found, world = json.loads(path.read_text(encoding="utf-8")), path.parent.parent.name
        parts = {world: found["values"], **(found["nulls"] if world == MODEL else {})}
        for name, values in parts.items():
            for fact, value in values.items():
                worlds.setdefault(name, {}).setdefault(fact, []).append(value)
    samples: dict[str, dict[str, Sample]] = {
        world: {fact: sample_of(values) for fact, values in by.items()} for world, by in worlds.items()}
    return score_all(samples, score_trials(runs))
