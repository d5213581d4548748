"""The report of a comparison: one HTML file that opens without a network."""

from __future__ import annotations

import os
from pathlib import Path

from analysis import words
from analysis.findings import Findings, find_in
from analysis.report import about_sections as about
from analysis.report import answer_sections as answer
from analysis.report import city_sections as city_section
from analysis.report import effects_sections as effect
from analysis.report import indicator_sections as indicator
from analysis.report import spread_sections as spread
from analysis.report.observed import load_observed
from analysis.report.page import definitions, document, esc, p

NAME = "report.html"


def build_report(folder: str | os.PathLike) -> Path:
    """Write ``report.html`` into the folder of a comparison and return its path.

    Parameters
    ----------
    folder : path
        A comparison as described in ``docs/records.md``; it may be unfinished.

    Raises
    ------
    DataError
        When there is no manifest or no finished run of the baseline.
    """
    folder = Path(folder)
    text = render(find_in(folder))
    temporary = folder / f".{NAME}.part"
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, folder / NAME)
    return folder / NAME


def render(f: Findings) -> str:
    """Return the report of these findings as one HTML text."""
    c = f.comparison
    city = words.city_name(c.manifest)
    experiment = c.manifest.get("experiment") or {}
    names = [words.inside(a.name) for a in c.options if a.role == "option"] or [words.inside(a.name) for a in c.options]
    title = f"{words.title(words.listing(names))}: what would change in {city}?" if names else f"{city}: the baseline"
    observed = load_observed(c)
    question = experiment.get("question") if isinstance(experiment, dict) else ""
    head = (
        p("Lamplighter \u00b7 comparison of ways to prevent crime \u00b7 simulation", cls="eyebrow")
        + f"<h1>{esc(title)}</h1>"
        + p(
            f"{words.num(c.residents, 0)} simulated residents \u00b7 {words.count(len(c.options), 'arm')} against "
            "doing nothing more "
            f"\u00b7 {words.count(c.replications, 'paired replication')} \u00b7 {words.years(c.frame.years)} scored",
            cls="muted",
        )
        + (p(question, cls="lead") if question else "")
        + '<div class="caveats" role="note"><p><strong>Before you read on</strong></p><ul>'
        "<li>Everything here is simulated: synthetic people in a model of a city.</li>"
        "<li>Intervals show chance between runs only. How sure the model itself is, they do not show.</li>"
        "<li>Not for deciding where to send officers tomorrow, nor about any person.</li></ul></div>"
    )
    sections = [
        ("answer", "In short", answer.short_answer(f) if c.options else ""),
        ("compared", "What was compared", answer.compared(f)),
        ("options", "Options side by side", answer.options(f)),
        ("effects", "How large the differences are", effect.forest(f) if c.options else ""),
        ("layers", "What happened, what was reported, what was recorded", effect.layers(f) if c.options else ""),
        ("map", "Where", effect.where(f)),
        ("time", "When", effect.when(f)),
        ("displacement", "Does crime move?", spread.displacement(f) if c.options else ""),
        ("burden", "Who gains, who bears the burden", spread.burden(f) if c.options else ""),
        ("cost", "Cost", spread.cost(f) if c.options else ""),
        ("indicators", "Indicators (SDG)", indicator.sheet(f)),
        ("survey", "What a survey would find", indicator.beside(f)),
        ("baseline", "The baseline city", city_section.baseline(f, observed)),
        ("observed", "Beside the real city\u2019s records", city_section.reality(f, observed)),
        ("precision", "How precise the runs are", effect.precision(f)),
        ("runs", "Runs", about.ledger(f)),
        ("limits", "Assumptions and limits", about.limits(f)),
    ]
    return document(
        title, head, sections, '<h2 class="plain">Where these numbers come from</h2>' + definitions(about.provenance(f))
    )
