"""Measure every fact on a stored run, and on the record nulls that the facts name."""

from __future__ import annotations

import functools
import hashlib
import math
import os
from pathlib import Path
from typing import Any

from analysis.facts import nulls
from analysis.facts.base import MEASURES, Found, Unscored, facts, load
from analysis.facts.records import Records, read

SCORING = ("against", "collect", "page", "scoring", "trial_arms", "trial_sides", "trial_statistics", "trials")
OF_PLACES = ("F01", "F02", "F13", "F14", "F15b", "F15c")  # facts that the null worlds without agents have


@functools.cache
def sources_hash() -> str:
    """Hash of the files that measure runs, so that what an older version measured is not mixed with what this one does.

    Those that only score, and those of experiments, are not among them.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem in SCORING:
            continue
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def measure_run(folder: str | os.PathLike, with_nulls: bool = True) -> dict[str, Any]:
    """Measure one stored run.

    Returns
    -------
    dict
        ``values``: fact -> {value, holds, note} or {reason}; ``nulls``: null -> fact -> the same.
    """
    run = read(folder)
    load()
    scored = [f for f in facts().values() if f.id in MEASURES and not f.reason]
    out: dict[str, Any] = {"values": {f.id: measure_fact(f.id, run) for f in scored}, "nulls": {}}
    if with_nulls:
        for name in nulls.RECORD:
            mine = [f.id for f in scored if name == f.null or name in ("N0", "N1") and f.id.startswith(OF_PLACES)]
            if mine:
                dealt = nulls.deal(name, run)
                out["nulls"][name] = {fact: measure_fact(fact, dealt) for fact in mine}
    return out


def measure_fact(name: str, run: Records) -> dict[str, Any]:
    """Value of one fact as plain values, or the reason why there is none."""
    try:
        found = MEASURES[name](run)
    except Unscored as reason:
        return {"reason": str(reason)}
    if not isinstance(found, Found):
        found = Found(float(found))
    if not math.isfinite(found.value):
        return {"reason": "not defined on these records"}
    return {"value": float(found.value), "holds": bool(found.holds), "note": found.note}
