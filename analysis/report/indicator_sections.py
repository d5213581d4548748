"""The sheet of indicators a policy team opens first: SDG numbers, the ICCS crosswalk, the survey beside the record."""

from __future__ import annotations

import math

import numpy as np

from analysis import words
from analysis.findings import Findings
from analysis.indicators import ICCS
from analysis.indicators import table as indicator_table
from analysis.outcomes import TYPE_LABELS
from analysis.report.page import Html, details, esc, p, table
from analysis.survey import Design, survey
from sim.errors import DataError


def sheet(f: Findings) -> str:
    """SDG indicators of every arm, with differences, definitions and the crosswalk."""
    c = f.comparison
    rows = indicator_table(c.folder)
    if not rows:
        return ""
    arms = list(dict.fromkeys(r["arm"] for r in rows))
    codes = list(dict.fromkeys(r["code"] for r in rows if r["arm"] == arms[0]))
    by = {(r["arm"], r["code"]): r for r in rows}
    body = []
    for code in codes:
        base = by[arms[0], code]
        line = [Html(f"<b>{esc(code)}</b> {esc(base['name'])}<br><span class='muted'>{esc(base['unit'])}</span>"),
                words.num(base["value"], 3)]
        for arm in arms[1:]:
            r = by.get((arm, code))
            line.append(_change(r) if r else "\u2013")
        body.append(line)
    head = ["Indicator", "Baseline", *(words.title(a) for a in arms[1:])]
    defined = table(
        ["Indicator", "Numerator", "Denominator", "Note"],
        [[f"{code}", by[arms[0], code]["numerator"], by[arms[0], code]["denominator"], by[arms[0], code]["note"]]
         for code in codes], left=9)
    crossed = table(["Crime type", "ICCS 1.0", "Title", "SDG"],
                    [[TYPE_LABELS.get(k, k.capitalize()), code, title, ", ".join(sdg) or "\u2013"]
                     for k, (code, title, sdg) in ICCS.items()], left=9)
    return (
        p("Indicators of the Sustainable Development Goals as the simulated city would report them. Columns of options "
          "show the paired difference from the baseline with its 95 % interval.")
        + table(head, body) + details("What stands above and below the line", defined)
        + details("Crosswalk to the International Classification of Crime for Statistical Purposes", crossed)
    )


def _change(row: dict) -> Html:
    if not math.isfinite(row["difference"]):
        return Html("\u2013")
    if row["difference"] == row["low"] == row["high"] == 0:
        return Html("0<br><span class='ci'>in every pair</span>")
    difference, low, high = (f"{row[key]:+.3g}".replace("-", words.MINUS) for key in ("difference", "low", "high"))
    return Html(difference + (f"<br><span class='ci'>{low} to {high}</span>" if math.isfinite(row["low"]) else ""))


def beside(f: Findings) -> str:
    """A survey of the baseline's residents beside what happened and what the police recorded."""
    c = f.comparison
    folders = sorted((c.folder / "runs" / c.baseline.name).glob("*/manifest.json"))
    if not folders:
        return ""
    found = []
    for path in folders:
        try:
            found.append(survey(path.parent, Design()))
        except (DataError, KeyError):  # a run that cannot be read, or without persons, cannot be surveyed
            continue
    if not found:
        return ""
    rows = []
    for k, first in enumerate(found[0]):
        mean = {key: _mean([rows_[k][key] for rows_ in found]) for key in first if key != "type"}
        rows.append([
            TYPE_LABELS.get(str(first["type"]), str(first["type"]).capitalize()),
            f"{100 * mean['prevalence']:.1f} %", f"{100 * mean['low']:.1f}\u2013{100 * mean['high']:.1f} %",
            f"{100 * mean['true_prevalence']:.1f} %", words.num(mean["incidents"], 3),
            words.num(mean["true_incidents"], 3), words.num(mean["recorded"], 3),
            "\u2013" if math.isnan(mean["told_police"]) else f"{100 * mean['told_police']:.0f} %"])
    d = Design()
    n = round(_mean([r[0]["respondents"] for r in found]))
    return (
        p(f"A simulated victimisation survey of the baseline: {d.sample:,} residents of fifteen and more are drawn, "
          f"{n:,} answer; "
          f"incidents fade from memory and some older ones are told as recent. Beside it stand all crimes against "
          "residents of that age, and those in the police's books.")
        + table(["Type", "Victims, survey", "95 % interval", "Victims, truth", "Incidents per 1,000, survey",
                 "truth", "recorded", "told the police (survey)"], rows)
    )


def _mean(values) -> float:
    values = np.array(values, float)
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


