"""Sections on what an option does besides: displacement, who gains and bears the burden, cost."""

from __future__ import annotations

import math

import numpy as np

from analysis import equity, words
from analysis.findings import BUFFER_M, PRIMARY, Findings, groups
from analysis.report import charts
from analysis.report.common import NOISE, RATE, abreast, arm_label, stacked
from analysis.report.page import figure, p, table


def displacement(f: Findings) -> str:
    c, d = f.comparison, f.digits[PRIMARY]
    if not f.spill:
        return p(
            "No option in this comparison names places that it treats, so there is no ring around them to look at.",
            cls="note",
        )
    rows, behind = [], []
    zones = (
        ("treated", "in the treated places"),
        ("buffer", f"within {words.num(BUFFER_M, 0)} m of them"),
        ("elsewhere", "elsewhere in the city"),
        ("total", "the whole city"),
    )
    for arm in c.options:
        s = f.spill.get(arm.name)
        if s is None:
            continue
        rows.append(charts.Row(words.title(arm.name)))
        for key, label in zones:
            e = getattr(s, key)
            rows.append(
                charts.Row(
                    "  " + label,
                    e.difference,
                    e.low,
                    e.high,
                    words.interval(e, d),
                    "square" if key == "total" else "circle",
                    e.spans_zero,
                )
            )
        share = words.displaced(s.share, s.buffer.spans_zero)
        q = s.quotient
        quotient = q.reading if math.isnan(q.wdq) else f"{words.num(q.wdq, 2, True)} ({q.reading})"
        behind.append(
            (
                words.title(arm.name),
                words.num(s.places, 0),
                *(words.interval(getattr(s, k), d) for k, _ in zones),
                share,
                quotient,
            )
        )
    drawing = charts.forest(
        rows,
        "Where the difference arises: treated places, their surroundings, elsewhere",
        f"difference in true crimes with a victim, {RATE}",
    )
    note = (
        "The first three rows of an option add up to the fourth. They come from the pairs: the same city with and "
        "without the "
        "option, which no real evaluation can see. Filled: settled; hollow: the interval spans zero. " + NOISE
    )
    return figure(
        drawing,
        note,
        table(
            [
                "Option",
                "Treated places",
                "In them",
                "Ring",
                "Elsewhere",
                "City",
                "Change in the ring, % of the fall",
                "What an evaluator would compute",
            ],
            behind,
            "Last column: weighted displacement quotient from recorded crime before and after, all runs together, "
            "the rest of the city "
            "as control. Places chosen for their recent crime fall back by themselves, so it tends to flatter.",
        ),
    )


def burden(f: Findings) -> str:
    c = f.comparison
    found = groups(c)
    lead = ""
    for arms in abreast(c.options):
        rows = []
        for name, label, digits, unit in (
            ("stops", f"Stops by the police, {RATE}", 1, 1),
            ("arrests", f"Arrests, {RATE}", 2, 1),
            ("share_victimised", "Residents who were a victim, %", 2, 100),
            ("fear", "Fear of crime, 0 to 100", 2, 100),
            ("trust", "Trust in the police, 0 to 100", 2, 100),
            *(
                (n, f"Deaths, {n.removeprefix('deaths.').replace('_', ' ')}, per 100,000 a year", 1, 1)
                for n in c.series_names("deaths.")
            ),
        ):
            known = [f.people[a.name, name].scaled(unit) for a in arms]
            if any(math.isfinite(e.difference) for e in known):
                rows.append(
                    (
                        label,
                        words.num(float(np.nanmean([e.baseline for e in known])), digits),
                        *(stacked(e, digits) for e in known),
                    )
                )
        if rows:
            lead += table(
                ["Outcome", "Baseline", *(words.title(a.name) for a in arms)],
                rows,
                ""
                if lead
                else "Other outcomes, wanted and unwanted: differences from the baseline with 95 % intervals.",
            )
    if found is None:
        return lead + (
            p("Areas and their deprivation are not known, so gains and burdens are not split.", cls="note")
            if lead
            else ""
        )
    column, parts = found
    levels = []
    for g in parts:
        first, stops = (next(iter(x.values()), None) for x in (g.victimised, g.stopped))
        levels.append((g.label, first.baseline if first else math.nan, stops.baseline if stops else math.nan))
    tables = [
        table(
            ["Residents of", "Residents", "Victimisations", "Stops"],
            [
                (g.label, words.num(g.residents, 0), words.num(v, 1), words.num(s, 1))
                for g, (_, v, s) in zip(parts, levels)
            ],
            "Baseline, per 1,000 of these residents a year",
        )
    ]
    for arms in abreast(c.options, 3):
        head = ["Residents of"]
        for a in arms:
            head += [f"{words.title(a.name)}: victimisations", f"{words.title(a.name)}: stops"]
        tables.append(
            table(
                head,
                [
                    (
                        g.label,
                        *(
                            stacked(x[a.name], 1) if a.name in x else words.DASH
                            for a in arms
                            for x in (g.victimised, g.stopped)
                        ),
                    )
                    for g in parts
                ],
                "Differences from the baseline per 1,000 of these residents a year, with 95 % intervals",
            )
        )
    drawing = charts.bars(
        levels,
        "Victimisations and stops in the baseline, from the most to the least deprived",
        "per 1,000 of these residents a year",
    )
    text = figure(
        charts.key([("victimisations of residents", "bar"), ("stops of residents", "bar2")]) + drawing,
        f"The baseline: who is harmed and who is stopped, by where people live, from the most to the least deprived "
        f"by {column.replace('_', ' ')}. Crimes against shops have no resident as victim and are not in it.",
        "".join(tables),
        "Levels, and differences for every option",
    )
    lines = []
    for a in c.options:
        averted = np.array([-g.victimised[a.name].difference if a.name in g.victimised else math.nan for g in parts])
        size = np.array([g.residents for g in parts])
        if not np.isfinite(averted).all():
            continue
        index = equity.absolute_concentration(averted, size)
        added = [g.stopped[a.name].difference for g in parts if a.name in g.stopped]
        lines.append(
            (
                words.title(a.name),
                words.num(averted[0], 1, True),
                words.num(averted[-1], 1, True),
                words.num(index, 2, True),
                "poorer" if index < 0 else "richer" if index > 0 else "neither",
                words.num(added[0], 1, True) if added else words.DASH,
                words.num(added[-1], 1, True) if added else words.DASH,
            )
        )
    text += table(
        [
            "Option",
            "Averted, poorest",
            "Averted, richest",
            "Absolute concentration index",
            "Point estimate favours",
            "Added stops, poorest",
            "Added stops, richest",
        ],
        lines,
        "Victimisations averted and stops added per 1,000 residents a year in the first and last group above. A "
        "negative "
        "index favours poorer areas; differences this small may be chance.",
    )
    return lead + "<h3>By deprivation of the area where people live</h3>" + text


def cost(f: Findings) -> str:
    c = f.comparison
    if not any(math.isfinite(x.total) and x.total for x in f.costs.values()):
        return p("No costs were stored with these runs.", cls="note")
    rows = []
    for a in c.options:
        x = f.costs[a.name]
        if x.averted.spans_zero and x.ratio_low.verdict == "ratio":
            ratio = f"not settled: {words.money(x.ratio_low.value)} at best, at worst it averts nothing"
        elif x.ratio.verdict == "ratio" and x.averted.pairs > 1:
            low, high = words.money(x.ratio_low.value), words.money(x.ratio_high.value)
            ratio = f"{words.cost_per_crime(x.ratio)} ({low} to {high})"
        else:
            ratio = words.cost_per_crime(x.ratio)
        rows.append(
            (
                arm_label(a),
                words.money(x.total),
                words.money(x.per_1000),
                words.num(x.averted.difference, 0, True),
                ratio,
            )
        )
    currency = words.currency(c.arms) or "the currency of the options\u2019 unit costs"
    return table(
        [
            "Option",
            "Extra cost, scored period",
            "Extra cost per 1,000 residents a year",
            "True crimes averted",
            "Cost per crime averted",
        ],
        rows,
        f"Money in {currency}",
    ) + p(
        "Costs are those of the programmes, from the unit costs in the options\u2019 settings, not what crime costs "
        "its victims. An "
        "option that averts nothing for more money is dominated and has no ratio. Time taken from other police work "
        "counts as a cost.",
        cls="note",
    )
