"""The page of virtual trials: every trial with its band, the failures beside the successes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from analysis.report import charts
from analysis.report.page import document, esc, figure, p, table

KINDS = {"effect": "An effect is expected", "null": "No effect is expected",
         "direction": "The band touches zero: a pass says little"}


def number(value: float | None) -> str:
    return "\u2013" if value is None or not math.isfinite(value) else f"{value:+.1f}"


def interval(low: float | None, high: float | None) -> str:
    return "" if low is None or not math.isfinite(low) else f"[{low:+.1f}, {high:+.1f}]"


def tally(found: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """By kind: how many lie in their band, of how many that were run."""
    out = {}
    for kind in KINDS:
        mine = [t for t in found["trials"].values() if t["kind"] == kind]
        out[kind] = (sum(t["verdict"] == "inside" and (kind != "effect" or t["counts"]) for t in mine), len(mine))
    return out


def markdown(found: Mapping[str, Any]) -> str:
    """The whole table as Markdown."""
    lines = ["# Virtual trials", "", summary(found), ""]
    for kind, title in KINDS.items():
        rows = [(k, t) for k, t in found["trials"].items() if t["kind"] == kind]
        if rows:
            lines += [f"## {title}", "",
                      "| row | trial | judged by | events | effect | 95 % | band | verdict | others |",
                      "|---|---|---|---|---|---|---|---|---|"]
            lines += [f"| {k} | {t['title']} ({t['study_name']}) | {t['primary']} | {t['events']:,.0f} "
                      f"| {number(t['effect'])} "
                      f"{t['unit']} | {interval(t['low'], t['high'])} | {t['band'][0]:g} to {t['band'][1]:g} | "
                      f"{t['verdict']} | {_others(t)} |" for k, t in rows] + [""]
    return "\n".join(lines) + "\n"


def _others(t: Mapping[str, Any]) -> str:
    parts = [f"{name} {number(v[0])}" for name, v in t["other"].items()]
    if t["study"]:
        parts.append(f"as an evaluator sees it {number(t['study'][0])} {interval(*t['study'][1:])}")
    return "; ".join(parts)


def summary(found: Mapping[str, Any]) -> str:
    counts = tally(found)
    rough = found.get("scale", 1.0)
    rough = "" if rough >= 1 else (f"Rough: cities of {100 * rough:g} % of their size, so that verdicts may rest "
                                   "on few events. ")
    return (f"{rough}{sum(n for _, n in counts.values())} trials: {counts['effect'][0]} of {counts['effect'][1]} "
            f"expected effects lie in their band with the placebo outside, {counts['null'][0]} of "
            f"{counts['null'][1]} expected "
            f"nulls are shown as equivalence, {counts['direction'][0]} of {counts['direction'][1]} directions hold. "
            f"Placebo (all of them at no strength): {'no event changed' if found['placebo'] else 'EVENTS CHANGED'}.")


def page(found: Mapping[str, Any]) -> str:
    """One HTML file without anything from elsewhere."""
    sections = []
    for kind, title in KINDS.items():
        mine = {k: t for k, t in found["trials"].items() if t["kind"] == kind}
        if mine:
            sections.append((kind, title, _section(mine)))
    head = p("Published evaluations, run in the model", cls="eyebrow") + "<h1>Virtual trials</h1>" + p(summary(found))
    head += p("Effects are paired: the same city with and without the measure. Bands and studies are those of the "
              "evidence catalogue; most bands are judgements around a published value. Intervals hold chance between "
              "runs only.", cls="note")
    foot = p(f"Seeds {found['seeds'][0]} to {found['seeds'][-1]}; burn-in {found['burn_in_years']:g} years; commit "
             f"{str(found['provenance']['code'].get('git_commit'))[:10]}, source "
             f"{found['provenance']['code']['source_hash']}. Simulated; not a substitute for an evaluation.")
    return document("Virtual trials", head, sections, foot)


def _section(mine: Mapping[str, Any]) -> str:
    rows = []
    for key, t in mine.items():
        if t["effect"] is not None and math.isfinite(t["effect"]):
            text = f"{number(t['effect'])} ({t['band'][0]:g} to {t['band'][1]:g}) {t['verdict']}"
            rows.append(charts.Row(f"{key} {t['title']}"[:36], t["effect"], *_clip(t), text,
                                   hollow=t["verdict"] != "inside"))
    drawing = charts.forest(rows, "Effects of virtual trials", "change, per cent (points where said)")
    head = ["Trial", "How it is run", "Judged by", "Events", "Effect", "95 %", "Band", "Verdict", "Also seen"]
    about = table(head, [_row(k, t) for k, t in mine.items()], left=3)
    return figure(drawing, "Filled: in its band. Behind each effect: the band and the verdict. Lines are cut 80 from "
                  "the effect; the table has them whole, and the events that were counted without the measure.") + about


def _row(key: str, t: Mapping[str, Any]) -> list[str]:
    aim = t["aim"] + (f" Departs: {t['departs']}." if t["departs"] else "")
    return [f"{key} {t['title']}", aim, t["primary"], f"{t['events']:,.0f}",
            f"{number(t['effect'])} {t['unit']}" if t["effect"] is not None else "none known",
            interval(t["low"], t["high"]), f"{t['band'][0]:g} to {t['band'][1]:g}", t["verdict"], _others(t)]


def _clip(t: Mapping[str, Any]) -> tuple[float, float]:
    """Very wide intervals would squeeze all the others."""
    low, high = (v if v is not None else math.nan for v in (t["low"], t["high"]))
    return max(low, t["effect"] - 80), min(high, t["effect"] + 80)


__all__ = ["esc", "interval", "markdown", "number", "page", "summary", "tally"]
