"""First sections: the short answer, what was compared, the options side by side."""

from __future__ import annotations

import math

from analysis import words
from analysis.findings import PRIMARY, Findings
from analysis.outcomes import LAYERS, OUTCOMES
from analysis.report.common import RATE, ROLES, arm_label, stacked
from analysis.report.page import Html, details, esc, p, table, warning
from analysis.table import options_rows


def short_answer(f: Findings) -> str:
    c = f.comparison
    d = f.digits[PRIMARY]
    out = ['<ul class="answers">']
    for arm in c.options:
        e = f.effect(arm.name)
        sentence = words.finding(e, words.inside(arm.name), "crimes with a victim", d)
        more = ""
        if e.pairs > 1 and not words.exactly_zero(e):
            city = c.residents / 1000
            more = (
                f" In this city of {words.num(c.residents, 0)} residents: "
                f"{words.num(abs(e.difference) * city, 0)} {'fewer' if e.difference < 0 else 'more'} a year "
                f"({words.span(e.scaled(city), 0)}). Fewer crimes than the baseline in {words.in_pairs(e)} "
                "simulated pairs."
            )
        elif words.exactly_zero(e) and arm.role not in ROLES and f.costs[arm.name].total == 0:
            more = " It cost nothing either: perhaps it reached nobody in this time, or had not begun."
        out.append(f"<li><b>{arm_label(arm)}</b>{esc(sentence)}{esc(more)}</li>")
    out.append("</ul>")
    out.append(_declared(f))
    out.extend(
        warning(
            "Record and reality disagree.",
            words.conflict_sentence(
                words.title(a.name), f.conflicts[a.name], f.effect(a.name), f.effect(a.name, layer="recorded")
            ),
        )
        for a in c.options
        if a.name in f.conflicts
    )
    out.append(_best(f))
    return "".join(out)


def _declared(f: Findings) -> str:
    """The primary outcome that was named before the runs, where it is another one than crimes with a victim."""
    name = f.comparison.manifest.get("primary_outcome") or f"true.{PRIMARY}"
    layer, _, outcome = str(name).partition(".")
    if (layer, outcome) == ("true", PRIMARY):
        return ""
    if layer not in LAYERS or outcome not in OUTCOMES:
        return p(f"The primary outcome declared for this comparison is {name}; its numbers are in table.csv.")
    what = OUTCOMES[outcome]
    unit = f"Per {words.num(what.per, 0)} residents a year"
    lines = ""
    for a in f.comparison.options:
        e, name = f.effect(a.name, outcome, layer), words.inside(a.name)
        lines += f"<li>{esc(words.finding(e, name, what.label.lower(), f.digits[outcome], unit))}</li>"
    return p(f"The primary outcome declared before the runs is {layer} {what.label.lower()}:") + f"<ul>{lines}</ul>"


def _best(f: Findings) -> str:
    c = f.comparison
    if c.done(c.baseline.name) < 2:
        return p(
            "One run an arm is one possible year in one possible city: it cannot tell an effect from chance. "
            "Use more replications before drawing any conclusion.",
            cls="note",
        )
    if len(c.options) < 2 or not f.possible_best:
        return ""
    names = ["doing nothing more" if n == c.baseline.name else words.inside(n) for n in f.possible_best]
    if len(names) == 1:
        text = f"On true crime, only {names[0]} can still be the best of the arms compared, whatever its cost"
    else:
        text = f"On true crime, run noise leaves open which is best: {words.listing(names)}, whatever their cost"
    missing = [r for r in ("placebo", "same_cost_random") if all(a.role != r for a in c.arms)]
    if missing:
        text += ". Read the order with care: this comparison has no " + " and no ".join(
            {
                "placebo": "placebo (an arm of zero strength)",
                "same_cost_random": "arm of the same cost at random places",
            }[m]
            for m in missing
        )
    return p(text + ".")


def compared(f: Findings) -> str:
    c, m = f.comparison, f.comparison.manifest
    spec = m.get("spec") or {}
    city = m.get("city") or {}
    kind = "a fictional city" if city.get("fictional", True) else "a simulation of a real place"
    areas = words.count(len(c.frame.area_ids), "area")
    if 1 < len(c.frame.area_ids) <= 8:
        areas += f" ({words.listing(list(c.frame.area_names))})"
    settling = words.years(spec.get("burn_in_years", math.nan))
    text = [
        p(
            f"{words.count(c.replications, 'paired replication')} of {words.city_name(m)}, {kind} with "
            f"{words.num(c.residents, 0)} residents in {areas}. Every run has {settling} to settle; then "
            f"{words.years(c.frame.years)} count{'s' * (c.frame.years == 1)}. In a pair, both cities "
            "start alike and share every random number; they differ only in what the option changes."
        )
    ]
    rows = []
    for arm in c.arms:
        what, how = [], []
        for name, settings in arm.interventions.items():
            if name == "baseline":
                continue
            line = words.describe(name) or words.title(name)
            aim = words.target(name)
            what.append(esc(line) + (f"<br><span class=muted>Aimed at: {esc(aim)}</span>" if aim else ""))
            settings = settings if isinstance(settings, dict) else {}
            if arm.role == "placebo":  # whatever its strength is set to
                settings = {**settings, "strength": 0.0}
            how.append(esc(words.dose(name, settings, c.frame.days)))
        what = what or ["Nothing is added to what the city does already."]
        rows.append((arm_label(arm), words.level(arm), Html("<br>".join(what)), Html("<br>".join(how) or "\u2013")))
    text.append(table(["Arm", "Level", "What is done", "Dose"], rows, left=9, base=[0]))
    settings = []
    for arm in c.options:
        for name, values in arm.interventions.items():
            for doc, value, unit, source in words.settings_rows(name, values if isinstance(values, dict) else {}):
                settings.append((words.title(arm.name), doc, value, unit, source))
    if settings:
        text.append(
            details(
                "Settings of every option", table(["Option", "Setting", "Value", "Unit", "Source"], settings, left=9)
            )
        )
    return "".join(text)


def options(f: Findings) -> str:
    head = [
        "Option",
        "Level",
        "Extra cost a year",
        "True crime: level",
        "Difference (95 %)",
        "Recorded difference (95 %)",
        "Displaced",
        "Stops, difference",
        "Variance ratio",
    ]
    body, d = [], f.digits[PRIMARY]
    for arm, row in zip(f.comparison.arms, options_rows(f)):
        cells: list[object] = [arm_label(arm), *row[1:]]
        if arm is not f.comparison.baseline:
            for at, e, digits in (
                (4, f.effect(arm.name), d),
                (5, f.effect(arm.name, layer="recorded"), d),
                (7, f.people[arm.name, "stops"], 1),
            ):
                cells[at] = stacked(e, digits)
        body.append(cells)
    text = table(
        head, body, f"Crimes with a victim and stops by the police, {RATE}. Differences from the baseline.", 2, [0]
    )
    money = words.currency(f.comparison.arms)
    return text + p(
        (f"Money in {money}. " if money else "") + "Displaced: net change within 300 m of the treated places, as a "
        "share of the fall in them; negative means that the benefit spread. Variance ratio: how much pairing helps; "
        "below 1 it saves runs.",
        cls="note",
    )
