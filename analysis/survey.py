"""A simulated victimisation survey of a stored run, to be laid beside what happened and what the police recorded.

It follows the structure of the UNODC-UNECE Manual on Victimization Surveys (2010): a sample of residents of fifteen and
more, non-response, a recall period of twelve months with forgetting and with telescoping of older events into it.
Whoever is asked is drawn by a hash of seed and person, so two arms ask the same people.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.indicators import ADULT, YEAR
from analysis.stored import _json, codes_of, numpy_of, read_columns
from sim.draws import uniforms
from sim.records import TYPES

ASKED = ("burglary", "robbery", "theft", "vehicle", "assault", "harassment")
Z = 1.959964


@dataclass(frozen=True)
class Design:
    """Design of the survey.

    Attributes
    ----------
    sample : int
        People drawn.
    response : float
        Share who answer at average trust in the police; Stoop et al. (2010) give 40-70 % for European surveys.
    trust : float
        Log odds of answering per unit of trust (0-1): those who distrust answer less (modelling choice).
    forgotten : float
        Share of incidents a month that are no longer told (Skogan 1986: direction; modelling choice).
    telescoped : float
        Share of incidents of the three months before the period that are told as if within it (Skogan 1986).
    """

    sample: int = 2_000
    response: float = 0.6
    trust: float = 1.0
    forgotten: float = 0.03
    telescoped: float = 0.15
    seed: int = 1


def survey(folder: str | os.PathLike, design: Design | None = None) -> list[dict[str, float | str]]:
    """Ask a sample of the residents of a stored run about the last twelve months.

    Returns
    -------
    list of dict
        One row per crime type: ``type``, ``prevalence`` (share of respondents who were a victim), ``low``, ``high``
        (95 % Wilson interval), ``incidents`` (per 1,000 respondents), ``told_police`` (share of those incidents that
        respondents say they reported), ``true_prevalence`` and ``true_incidents`` of all residents of that age,
        ``recorded`` (incidents with such a victim in the police's books per 1,000), ``respondents``.
    """
    design = design or Design()
    folder = Path(folder)
    manifest = _json(folder / "manifest.json")
    days = int(manifest.get("days") or YEAR)
    e = read_columns(folder / "events.parquet", ["event_id", "day", "type", "victim_id", "reported", "recorded"])
    p = read_columns(folder / "people.parquet", ["person_id", "age", "trust"])
    ids, age = numpy_of(p["person_id"]).astype(np.int64), numpy_of(p["age"])
    trust = numpy_of(p["trust"]).astype(float) if "trust" in p else np.full(len(ids), 0.6)
    adults = np.flatnonzero(age >= ADULT)
    drawn = uniforms(np.uint64(design.seed), "survey.sample", 0, ids[adults])
    sample = adults[np.argsort(drawn, kind="stable")[: design.sample]]
    odds = np.log(design.response / (1 - design.response)) + design.trust * (trust[sample] - trust[adults].mean())
    answers = uniforms(np.uint64(design.seed), "survey.answer", 0, ids[sample]) < 1 / (1 + np.exp(-odds))
    respondents = np.sort(ids[sample[answers]])
    day, victim = numpy_of(e["day"]).astype(np.int64), numpy_of(e["victim_id"].fill_null(-1)).astype(np.int64)
    kind = codes_of(e["type"], TYPES)
    ago = days - 1 - day
    within = (ago >= 0) & (ago < YEAR)
    u = uniforms(np.uint64(design.seed), "survey.recall", 0, numpy_of(e["event_id"]).astype(np.int64))
    told = within & (u >= 1 - (1 - design.forgotten) ** (np.maximum(ago, 0) / 30.4))
    told |= (ago >= YEAR) & (ago < YEAR + 91) & (u < design.telescoped)
    told &= np.isin(victim, respondents)
    everybody = within & np.isin(victim, ids[adults])
    reported, recorded = numpy_of(e["reported"]).astype(bool), numpy_of(e["recorded"]).astype(bool)
    rows = []
    for name in ASKED:
        mine = kind == TYPES.index(name)
        n, hit = len(respondents), len(np.unique(victim[told & mine]))
        incidents = int((told & mine).sum())
        low, high = wilson(hit, n)
        rows.append(dict(
            type=name, respondents=n, prevalence=hit / n if n else np.nan, low=low, high=high,
            incidents=1000 * incidents / n if n else np.nan,
            told_police=float(reported[told & mine].mean()) if incidents else np.nan,
            true_prevalence=len(np.unique(victim[everybody & mine])) / max(len(adults), 1),
            true_incidents=1000 * int((everybody & mine).sum()) / max(len(adults), 1),
            recorded=1000 * int((everybody & mine & recorded).sum()) / max(len(adults), 1)))
    return rows


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); NaN without anybody."""
    if n <= 0:
        return np.nan, np.nan
    share, zz = hits / n, Z * Z
    middle = (share + zz / (2 * n)) / (1 + zz / n)
    half = Z * np.sqrt(share * (1 - share) / n + zz / (4 * n * n)) / (1 + zz / n)
    return max(0.0, middle - half), min(1.0, middle + half)
