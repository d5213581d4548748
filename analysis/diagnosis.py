"""The page of a diagnosis: five questions, each with what was tried and what came of it."""

from __future__ import annotations

import math
from typing import Any

from analysis import words
from analysis.report import charts
from analysis.report.page import Html, document, esc, figure, p, table
from sim.records import LINKS

STEPS = (
    ("flows", "1. Which flow matters?", "Each flow from beyond the city is cut to nothing on the first scored day."),
    ("networks", "3. Which networks carry it?", "Each network is taken out on the first scored day."),
    ("nodes", "4. Which nodes could change?", "Places that stand out are treated."),
    ("strengths", "5. What builds resilience?",
     "Bounds, not programmes: how far communities, institutions, people and conditions could carry."),
)


def page(found: dict[str, Any]) -> str:
    """Return the page of a diagnosis (:func:`experiments.diagnose.findings`) as one HTML text without a network."""
    city = words.city_name({"city": {"name": found["city"]}})
    head = (
        p("Lamplighter \u00b7 diagnosis before choice \u00b7 simulation", cls="eyebrow")
        + f"<h1>What drives insecurity in {esc(city)}?</h1>"
        + p(f"{found['residents']:,.0f} simulated residents \u00b7 {found['replications']} paired replications \u00b7 "
            f"{words.years(found['years'])} scored", cls="muted")
        + '<div class="caveats" role="note"><ul><li>Everything here is simulated: synthetic people in a model of a '
          "city.</li><li>Intervals (95 %) hold chance between runs only.</li><li>A diagnosis says what carries "
          "insecurity in the model. It is no forecast of a place or a person.</li></ul></div>"
    )
    sections = [("short", "In short", "<ol>" + "".join(
        f"<li>{esc(line.partition(' ')[2])}</li>" for line in found["summary"]) + "</ol>")]
    for key, title, said in STEPS:
        body = p(said) + _forest(found, key, "true.violence", "violence") + _matrix(found, key)
        if key == "flows":
            sections.append((key, title, body))
            sections.append(("fed", "2. Which insecurity does it feed?", _fed(found)))
            continue
        if key == "networks":
            body += _described(found)
        if key == "nodes":
            body = _nodes(found) + body
        if key == "strengths":
            body += _resilience(found)
        sections.append((key, title, body))
    v = found.get("provenance", {})
    foot = p(f"Specification {v.get('spec_hash', '')}, seed {v.get('seed', '')}. Synthetic people only.", cls="muted")
    return document(f"Diagnosis: {city}", head, sections, foot)


def _label(name: str) -> str:
    name = name.removeprefix("places: ")
    return f"Without the flow of {name.removeprefix('no ')}" if name.startswith("no ") else words.title(name)


def _text(e: dict[str, float]) -> str:
    if not e or not math.isfinite(e["percent"]):
        return "\u2013"
    if not (math.isfinite(e["low"]) and math.isfinite(e["high"])):
        return words.num(e["percent"], 1, True)
    if e["percent"] == e["low"] == e["high"] == 0:
        return "= 0 in every pair"
    mark = "\u25bc " if e["high"] < 0 else "\u25b2 " if e["low"] > 0 else "\u25cb "
    middle, low, high = (words.num(e[key], 1, True) for key in ("percent", "low", "high"))
    return f"{mark}{middle} ({low} to {high})"


def _forest(found: dict, group: str, outcome: str, what: str) -> str:
    rows = []
    for name, by in found[group].items():
        e = by.get(outcome)
        if e and math.isfinite(e["percent"]):
            settled = e["high"] < 0 or e["low"] > 0
            rows.append(charts.Row(_label(name), e["percent"], e["low"], e["high"], _text(e), hollow=not settled))
    if not rows:
        return ""
    drawing = charts.forest(rows, f"Change in {what}", f"change in {what}, per cent of the baseline")
    return figure(drawing, f"Change in {what} with its 95 % interval; hollow where the sign is not settled.")


def _matrix(found: dict, group: str) -> str:
    there = [o for o in found["outcomes"] if any(o in by for by in found[group].values())]
    rows = [[_label(name), *(Html(esc(_text(by.get(o, {})))) for o in there)] for name, by in found[group].items()]
    return table(["Without or with", *(found["outcomes"][o] for o in there)], rows,
                 "Change in per cent of the baseline (95 % interval); \u25cb: sign not settled")


def _fed(found: dict) -> str:
    items = []
    for name, by in found["flows"].items():
        settled = [f"{found['outcomes'][o].lower()} {_text(e)[2:]} %" for o, e in by.items()
                   if math.isfinite(e["percent"]) and (e["high"] < 0 or e["low"] > 0)]
        items.append(f"<li><strong>{esc(_label(name))}</strong>: {esc('; '.join(settled) or 'nothing settled')}</li>")
    d = found["described"]
    links = [(name, d.get(f"link.{name}", 0.0)) for name in LINKS[1:]]
    linked = table(["Link of events to drugs (Goldstein 1985)", "Events in the baseline"],
                   [[words.title(name), f"{value:,.0f}"] for name, value in links])
    return p("What changes when a flow is gone is what it feeds.") + "<ul>" + "".join(items) + "</ul>" + linked


def _described(found: dict) -> str:
    d = found["described"]
    wanted = (("mean.groups.number", "Groups"), ("mean.groups.members", "Members"), ("sum.groups.fights", "Fights"),
              ("mean.drugs.sellers", "Sellers of drugs"), ("mean.firearms.held", "Firearms held"),
              ("sum.bribery.bribes", "Bribes"), ("offences together", "Share of offences done together"))
    rows = [[label, f"{d[key]:,.2f}" if d[key] < 10 else f"{d[key]:,.0f}"] for key, label in wanted if key in d]
    return table(["Networks of the baseline", "Mean or total of a run"], rows) if rows else ""


def _nodes(found: dict) -> str:
    d, nan = found["described"], float("nan")
    return p(f"Half of the violence in public happens at {100 * d.get('half of violence: places', nan):.1f} % of the "
             f"places and is done by {100 * d.get('half of violence: people', nan):.2f} % of the residents; "
             f"{100 * d.get('violence at night', nan):.0f} % of violence falls between 20 and 6 o'clock.")


def _resilience(found: dict) -> str:
    out = p(f"The same shock ({words.inside(found['shock'])}) on day 30, in the city as it is and with each strength. "
            "Deviation from the paired run without the shock: peak, days to the peak, area in days of the usual level, "
            "days until nine tenths of the peak are gone.")
    for course, label in found["courses"].items():
        rows = []
        for name, by in found["resilience"].items():
            r = by.get(course)
            if r:
                gone = "not within the run" if r["recovery"] is None or not math.isfinite(r["recovery"]) else (
                    f"{r['recovery']:.0f}")
                peak, area = (f"{100 * r['peak']:.1f} %" if math.isfinite(r["peak"]) else "\u2013"), f"{r['area']:.2f}"
                rows.append([words.title(name), peak, f"{r['peak_day']}", area, gone])
        if rows:
            out += table([label, "Peak", "Days to peak", "Area", "Days to recover"], rows)
    return out
