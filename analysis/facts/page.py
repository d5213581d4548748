"""The scoreboard as a page (HTML that stands alone), as Markdown and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis import words
from analysis.facts.against import MODEL, SIDE, Against
from analysis.facts.nulls import NULLS
from analysis.facts.scoring import ENOUGH_SEEDS, SHARE, Score, counted, groups, more_than_none
from analysis.report.page import Html, document, esc, figure, p, table

FAMILY = {
    "F01": "Concentration at places", "F02": "Near repeats", "F03": "Repeat victims", "F04": "Journeys to crime",
    "F05": "Age and sex", "F06": "The chronic few", "F07": "Offending together", "F08": "After a sanction",
    "F09": "Clearance", "F10": "Reporting", "F11": "Rates and mix", "F12": "Hours and seasons",
    "F13": "Disadvantage", "F14": "Neighbouring areas", "F15": "Drugs", "F16": "Displacement and diffusion",
    "F17": "Police presence", "F18": "Deterrence in time", "F19": "Police numbers", "F21": "Size of cities",
    "F22": "Fear",
}
LABEL = {"predicted": "predicted", "developed": "developed against", "calibrated": "calibrated"}
MARK = {"passes": "\u2713", "fails": "\u2717", "not scored": "\u2013"}
HEAD = ("fact", "expected", "median", "seeds, 10th to 90th", "in the interval", "null world", "result", "how known")


def number(value: float | None) -> str:
    """Three significant digits."""
    if value is None or value != value:
        return words.DASH
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def result(s: Score) -> str:
    """The result in words."""
    if s.fact.tier == "C" and s.state != "not scored":
        return "in the interval" if s.state.startswith("passes") else "outside"
    return f"{MARK.get(s.state, '(' + MARK['passes'] + ')')} {s.state}"


def _row(s: Score) -> list[object]:
    f = s.fact
    null = "none known" if not f.null else NULLS[f.null].title + (
        f": {number(s.null_value)} ({s.null_state})" if s.null_value is not None else ", not tested")
    spread = words.DASH if s.median is None else "one seed" if s.seeds == 1 else f"{number(s.low)} to {number(s.high)}"
    inside = words.DASH if s.inside is None else f"{s.inside:.0%} of {s.seeds}"
    above = "above " if more_than_none(f) else ""
    expected = f"{above}{number(f.low)} to {number(f.high)} {f.unit}"
    return [f"{f.id} {f.title}", expected, number(s.median), spread, inside, null, result(s), LABEL[f.label]]


def _families(scores: Sequence[Score], tiers: str) -> dict[str, list[Score]]:
    out: dict[str, list[Score]] = {}
    for s in scores:
        if s.fact.tier in tiers and s.state != "not scored":
            out.setdefault(FAMILY[s.fact.id[:3]], []).append(s)
    return out


def _rule(about: Mapping[str, Any]) -> str:
    few = "" if about["seeds"] >= ENOUGH_SEEDS else (
        f" This page has {about['seeds']} seeds; {ENOUGH_SEEDS} are needed before a result may be reported.")
    return (f"A fact is shown when the median over seeds lies in the interval, {SHARE:.0%} of the seeds do, and the "
            "null world that lacks its mechanism does not. Facts that need experiments are scored on all seeds "
            f"together, with bootstrap samples in place of seeds.{few}")


TIER_C = ("Levels and mixes that the model is or may be calibrated to. They are never counted as success, whatever "
          "they show.")


def as_json(scores: Sequence[Score], against: Against | None, about: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values: everything on the page."""
    return {"about": dict(about), "counted": counted(scores), "facts": [_finite(s.as_dict()) for s in scores],
            "groups": [{"name": n, "facts": [s.fact.id for s in mine], "whole": whole}
                       for n, mine, whole in groups(scores)],
            "against_record": against.as_dict() if against else None}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    return None if isinstance(value, (float, np.floating)) and not np.isfinite(value) else value


def markdown(scores: Sequence[Score], against: Against | None, about: Mapping[str, Any]) -> str:
    """The page for a repository or a terminal."""
    def lay(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
        clean = lambda v: str(v).replace("|", "\\|")  # noqa: E731
        return ["| " + " | ".join(map(clean, r)) + " |" for r in (head, ["---"] * len(head), *rows)] + [""]

    lines = [f"# Scoreboard: {about['city']}", "", _about(about), "", _rule(about), "",
             ", ".join(f"{k} {v}" for k, v in counted(scores).items()) + ".", "",
             "## The groups that tell models apart", "",
             *lay(("group", "facts", "whole"), [(n, ", ".join(f"{s.fact.id} {s.state}" for s in mine),
                                                 "yes" if whole else "no") for n, mine, whole in groups(scores)])]
    for name, mine in _families(scores, "AB").items():
        lines += [f"## {name}", "", *lay(HEAD, [_row(s) for s in mine])]
    failures = [s for s in scores if s.state == "fails" and s.fact.tier != "C"]
    lines += ["## Failures and their best explanation", ""]
    lines += [f"- **{s.fact.id} {s.fact.title}**: {number(s.median)} {s.note}. {s.explanation or 'Not yet explained.'}"
              for s in failures] or ["None."]
    lines += ["", "## Not scored", ""]
    lines += [f"- {s.fact.id} {s.fact.title} ({s.fact.tier}): {s.reason}" for s in scores if s.state == "not scored"]
    lines += ["", "## For calibration, never a success", "", TIER_C, ""]
    for name, mine in _families(scores, "C").items():
        lines += [f"### {name}", "", *lay(HEAD, [_row(s) for s in mine])]
    if against:
        lines += ["## Against recorded crime", ""]
        lines += lay(*_area_table(against)) if against.areas else []
        lines += lay(*_condition_table(against)) if against.conditions else []
        lines += lay(*_square_table(against)) if against.squares else []
    return "\n".join(lines)


def _about(about: Mapping[str, Any]) -> str:
    return (f"{about['residents']:,} residents, {about['seeds']} seeds, {about['burn_in_years']:g} years of burn-in "
            f"and {about['years']:g} scored; form {about['form']}.")


def _area_table(against: Against) -> tuple[Sequence[str], list[list[str]]]:
    names = list(next(iter(against.areas.values())))
    return (("rank correlation of area rates", "recorded", *names),
            [[kind, f"{against.events[kind]:,}", *(number(by.get(n)) for n in names)]
             for kind, by in against.areas.items()])


def _condition_table(against: Against) -> tuple[Sequence[str], list[list[str]]]:
    names = list(next(iter(against.conditions.values())))
    return (("correlation (Pearson) of area rates with", *(f"{words.inside(n)}: {w}" for n in names
                                                           for w in ("recorded", "simulated"))),
            [[kind, *(number(v) for n in names for v in by.get(n, (float("nan"),) * 2))]
             for kind, by in against.conditions.items()])


def _square_table(against: Against) -> tuple[Sequence[str], list[list[str]]]:
    head = ("squares of 200 m", "predictor", "rank correlation", "accuracy index 1 %", "5 %", "10 %", "crime in 5 %")
    keys = ("rho", "pai_1", "pai_5", "pai_10", "hit_5")
    return head, [[kind, name, *(number(m[k]) for k in keys)]
                  for kind, by in against.squares.items() for name, m in by.items()]


def html(scores: Sequence[Score], against: Against | None, about: Mapping[str, Any], folder: Path) -> str:
    """The page as one HTML text without a network."""
    many = counted(scores)
    head = (p("Lamplighter \u00b7 scoreboard \u00b7 simulation", cls="eyebrow")
            + f"<h1>Which facts of criminology does the model show? {esc(words.title(str(about['city'])))}</h1>"
            + p(_about(about), cls="muted")
            + '<div class="caveats" role="note"><ul><li>Everything here is simulated: synthetic people.</li><li>A fact '
              "that is shown says that the model can make it, not that it does so for the right reason.</li><li>"
              "Failures stand beside successes.</li></ul></div>")
    short = p(_rule(about)) + table(("facts of tiers A and B", "number"), many.items())
    short += table(("group that tells models apart", "facts", "whole"),
                   [(n, ", ".join(f"{s.fact.id} {s.state}" for s in mine), "yes" if whole else "no")
                    for n, mine, whole in groups(scores)], left=3)
    sections = [("short", "In short", short)]
    body = "".join(f"<h3>{esc(name)}</h3>" + table(HEAD, [_row(s) for s in mine], left=2)
                   + "".join(p(f"{s.fact.id}: {s.fact.statement} {s.fact.source}. {s.note}", cls="muted") for s in mine)
                   for name, mine in _families(scores, "AB").items())
    sections.append(("facts", "Facts", body))
    failed = [s for s in scores if s.state == "fails" and s.fact.tier != "C"]
    sections.append(("failures", "Failures and their best explanation", table(
        ("fact", "found", "expected", "best explanation"),
        [(f"{s.fact.id} {s.fact.title}", number(s.median), f"{number(s.fact.low)} to {number(s.fact.high)}",
          s.explanation or "not yet explained") for s in failed], left=4)))
    sections.append(("unscored", "Not scored", table(("fact", "tier", "why"), [
        (f"{s.fact.id} {s.fact.title}", s.fact.tier, s.reason) for s in scores if s.state == "not scored"], left=3)))
    sections.append(("calibration", "For calibration, never a success", p(TIER_C) + "".join(
        f"<h3>{esc(name)}</h3>" + table(HEAD, [_row(s) for s in mine], left=2)
        for name, mine in _families(scores, "C").items())))
    sections.append(("nulls", "Null worlds", table(("world", "what it lacks"), [(n.title, n.text)
                                                                               for n in NULLS.values()], left=2)))
    sections.append(("record", "Against recorded crime", _against(against) if against else ""))
    foot = p(f"Specification {about['spec_hash']}, model source {about['source_hash']}, seeds from {about['seed']}. "
             "Synthetic people only.", cls="muted")
    return document(f"Scoreboard: {about['city']}", head, sections, foot)


def _against(against: Against) -> str:
    from analysis.report import maps

    out = p(f"Mean of {against.runs} simulated years of recorded crime against the police record of {against.days} "
            "days. No crime datum is used to build the city. The earlier half of the record is judged on the later "
            "half.")
    if against.areas:
        out += table(*_area_table(against), caption="Areas with 1,000 residents or more")
        out += table(*_condition_table(against), caption="Signs and order: what high rates go with, in the record and "
                     "in the model")
    if against.squares:
        out += table(*_square_table(against), left=2, caption="Squares of 200 m")
    squares = maps.Squares(against.frame, SIDE)
    out += maps.shapes(squares)
    for kind, (recorded, simulated) in against.maps.items():
        pair = [squares.sum(v) for v in (recorded, simulated)]
        drawn = "".join(
            f'<div style="flex:1 1 320px"><p>{esc(title)}</p>'
            + maps.level(squares, values, maps.level_scale([values]), f"{kind}, {title}", f"{values.sum():,.0f} a year")
            + maps.level_legend(maps.level_scale([values]), "a year and square") + "</div>"
            for title, values in zip(("recorded by the police", "simulated, as recorded"), pair))
        found = against.squares[kind][MODEL]
        out += figure(f'<div style="display:flex;flex-wrap:wrap;gap:1rem">{drawn}</div>',
                      Html(f"{esc(words.title(kind))}: each map in its own classes; rank correlation over squares "
                           f"{number(found['rho'])}, {found['hit_5']:.0%} of recorded crime in the 5 % of the area "
                           "that the model puts first."))
    return out
