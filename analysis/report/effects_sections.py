"""Sections on effects: differences by option and type, layers of crime, places, months, precision."""

from __future__ import annotations

import math

import numpy as np

from analysis import effects, words
from analysis.findings import PRIMARY, Findings
from analysis.outcomes import LAYERS, OUTCOMES
from analysis.report import charts, maps
from analysis.report.common import NOISE, RATE, abreast, arm_label, stacked
from analysis.report.page import Html, details, figure, p, table


def forest(f: Findings) -> str:
    c, d = f.comparison, f.digits[PRIMARY]
    factor = c.rate_factor(PRIMARY)
    rows = []
    for arm in c.options:
        e = f.effect(arm.name)
        dots = (c.values(arm.name, PRIMARY) - c.values(c.baseline.name, PRIMARY)) * factor
        rows.append(
            charts.Row(
                words.title(arm.name),
                e.difference,
                e.low,
                e.high,
                words.interval(e, d),
                hollow=e.spans_zero,
                dots=tuple(dots) if e.pairs <= 60 else (),
            )
        )
    drawing = charts.forest(
        rows, "Difference in true crimes with a victim, by option", f"difference in true crimes with a victim, {RATE}"
    )
    behind = table(
        [
            "Option",
            "Pairs",
            "Without",
            "With",
            "Difference (95 %)",
            "Change",
            "Monte Carlo SE",
            "Holm p",
            "Fewer crimes in",
        ],
        [
            (
                words.title(a.name),
                f.effect(a.name).pairs,
                words.num(f.effect(a.name).baseline, d),
                words.num(f.effect(a.name).arm, d),
                words.interval(f.effect(a.name), d),
                words.percent(f.effect(a.name)),
                words.num(f.effect(a.name).se, d + 1),
                words.num(f.adjusted_p.get(a.name, math.nan), 3),
                words.in_pairs(f.effect(a.name)) + " pairs",
            )
            for a in c.options
        ],
    )
    text = figure(
        drawing,
        f"Large mark: mean of the pairs (filled: the interval excludes zero; hollow: it does not). Line: 95 % "
        f"interval. Small dots: single pairs of runs. {NOISE}",
        behind,
    )
    return text + "<h3>By type of crime</h3>" + by_type(f)


def by_type(f: Findings) -> str:
    """Table of types by option; a symbol stands for the direction, so that colour is not needed."""
    out = []
    for arms in abreast(f.comparison.options):
        rows = []
        for outcome in (o for o in OUTCOMES.values() if o.name != "all"):
            found = [f.effect(a.name, outcome.name) for a in arms]
            if any(e.baseline or e.arm for e in found):
                label = outcome.label + (" (per 100,000)" if outcome.per > 1000 else "")
                digits = f.digits[outcome.name]
                rows.append(
                    (
                        label,
                        words.num(f.baseline_rate(outcome.name), max(1, digits)),
                        *(stacked(e, digits, signed=True) for e in found),
                    )
                )
        out.append(
            table(
                ["Outcome", "Baseline", *(words.title(a.name) for a in arms)],
                rows,
                f"True crimes {RATE}: \u25bc settled "
                "fall, \u25b2 settled rise, \u25cb interval spans zero, = no pair differs. Many differences stand "
                "here: where nothing is done, one in twenty would look settled, and few events settle little."
                if not out
                else "",
            )
        )
    return "".join(out)


def layers(f: Findings) -> str:
    c = f.comparison
    out = [
        p(
            "A crime that happens is not always reported, and one that is reported is not always recorded. Options "
            "that change "
            "how many crimes the police learn of move the record without moving what happened."
        )
    ]
    if f.conflicts:
        out.append(
            p(
                "Record and reality disagree on the options marked \u26a0; the sentences stand under ",
                Html('<a href="#answer">In short</a>.'),
            )
        )
    names = {"true": "happened", "reported": "reported by victims or witnesses", "recorded": "recorded by the police"}
    shapes = {"true": ("circle", False), "reported": ("circle", True), "recorded": ("square", False)}
    rows, behind = [], []
    for arm in c.options:
        rows.append(charts.Row(("\u26a0 " if arm.name in f.conflicts else "") + words.title(arm.name)))
        for layer in LAYERS:
            e = f.effect(arm.name, layer=layer)
            shape, hollow = shapes[layer]
            rows.append(
                charts.Row(
                    "  " + names[layer],
                    e.percent if math.isfinite(e.percent) else 0.0,
                    e.percent_low,
                    e.percent_high,
                    words.percent(e),
                    shape,
                    hollow,
                )
            )
            behind.append(
                (
                    words.title(arm.name),
                    layer,
                    words.num(e.baseline, f.digits[PRIMARY]),
                    words.num(e.arm, f.digits[PRIMARY]),
                    words.interval(e, f.digits[PRIMARY]),
                    words.percent(e),
                )
            )
    drawing = charts.forest(
        rows,
        "Change of true, reported and recorded crimes with a victim, by option",
        "change in per cent of the baseline",
    )
    out.append(
        figure(
            drawing,
            f"Filled circle: what happened; hollow circle: reported; square: recorded. {NOISE}",
            table(
                ["Option", "Layer", "Without", "With", "Difference (95 %)", "Change"],
                behind,
                f"Crimes with a victim, {RATE}",
                2,
            ),
        )
    )
    return "".join(out)


def where(f: Findings) -> str:
    c = f.comparison
    if not len(c.frame.cells) or not c.options:
        return ""
    squares = maps.squares_for(c)
    arms = [a for a in c.options if f.effect(a.name).pairs]
    if not arms:
        return ""
    found = {a.name: maps.square_effects(c, a.name, squares) for a in arms}
    scale = maps.DifferenceScale([m for m, _, _ in found.values()])
    side = words.num(squares.metres, 0)
    out = [maps.shapes(squares), '<div class="maps">']
    behind = []
    for arm in arms:
        mean, low, high = found[arm.name]
        title = f"{words.title(arm.name)}: difference in true crime"
        out.append(
            f"<figure><h3>{arm_label(arm)}</h3>{maps.difference(squares, scale, mean, low, high, title)}</figure>"
        )
        fall, rise = int((high < 0).sum()), int((low > 0).sum())
        behind.append(
            (
                words.title(arm.name),
                fall,
                rise,
                len(squares) - fall - rise,
                words.num(mean.min(), 1, True),
                words.num(mean.max(), 1, True),
            )
        )
    out.append("</div>" + scale.legend("Crimes with a victim per km\u00b2 and year, difference"))
    chance = f"By chance alone about {words.num(0.05 * len(squares), 0)} of {len(squares)} squares would look settled. "
    out.append(
        p(
            f"Squares of {side} m, the same scale for all options. {chance if c.replications > 1 else ''}"
            "Thin lines are the borders of areas.",
            cls="note",
        )
    )
    out.append(
        details(
            "Numbers behind these maps",
            table(
                [
                    "Option",
                    "Squares with a settled fall",
                    "with a settled rise",
                    "not settled",
                    "Largest fall",
                    "Largest rise",
                ],
                behind,
            ),
        )
    )
    out.append(_by_area(f))
    return "".join(out)


def _by_area(f: Findings) -> str:
    c = f.comparison
    if len(c.frame.area_ids) < 2:
        return ""
    people = c.area_residents
    base = c.by_area(c.baseline.name, PRIMARY)
    note = "" if len(c.frame.area_ids) <= 40 else " The 40 areas with most crime."
    tables = []
    for arms in abreast(c.options):
        values = {a.name: c.by_area(a.name, PRIMARY) for a in arms}
        rows = []
        for k in np.argsort(-np.nanmean(base, axis=0))[:40]:
            factor = 1000 / (people[k] * c.frame.years) if people[k] > 0 else math.nan
            cells = [
                stacked(effects.compare(values[a.name][:, k], base[:, k]).scaled(factor), 1)
                if math.isfinite(factor)
                else words.DASH
                for a in arms
            ]
            rows.append(
                (c.frame.area_names[k], words.num(people[k], 0), words.num(np.nanmean(base[:, k]) * factor, 1), *cells)
            )
        tables.append(
            table(
                ["Area", "Residents", "Baseline rate", *(words.title(a.name) for a in arms)],
                rows,
                f"Crimes with a victim that happen in the area, per 1,000 of its residents a year.{note}",
            )
        )
    return details("Differences by area", "".join(tables))


def when(f: Findings) -> str:
    c = f.comparison
    days = c.frame.month_days
    if c.frame.months < 3 or not c.options:
        return ""
    factor = 1000 / c.residents * 365 / days
    panels, behind = [], []
    base = c.monthly(c.baseline.name, PRIMARY)
    for arm in c.options:
        d = (c.monthly(arm.name, PRIMARY) - base) * factor
        bands, mean = [], None
        for level, opacity in ((0.95, 0.16), (0.8, 0.2), (0.5, 0.28)):
            cols = [effects.t_interval(d[np.isfinite(d[:, k]), k], level) for k in range(c.frame.months)]
            mean = np.array([m for m, _, _ in cols])
            bands.append((np.array([a for _, a, _ in cols]), np.array([b for _, _, b in cols]), opacity))
        panels.append(charts.Panel(words.title(arm.name), [("mean difference", mean, "solid")], bands))
        behind.extend(
            (
                words.title(arm.name),
                c.frame.month_label(k),
                words.num(mean[k], 1, True),
                f"{words.num(bands[0][0][k], 1, True)} to {words.num(bands[0][1][k], 1, True)}"
                if math.isfinite(bands[0][0][k])
                else words.DASH,
            )
            for k in range(c.frame.months)
        )
    step = max(1, math.ceil(c.frame.months / 7))
    marks = [
        (k, c.frame.month_label(k)[2:] if c.frame.months > 12 else c.frame.month_label(k)[5:])
        for k in range(0, c.frame.months, step)
    ]
    drawing = charts.panels(
        panels,
        "Difference in true crime by month, by option",
        marks,
        "per 1,000 residents, yearly rate",
        zero=True,
        x_axis="calendar month",
    )
    return figure(
        drawing,
        "Line: mean difference of the month as a yearly rate; shades: 50, 80 and 95 % intervals over paired "
        "runs. Below the strong line at zero crime is lower than in the baseline.",
        table(["Option", "Month", "Difference", "95 % interval"], behind, left=2),
    )


def precision(f: Findings) -> str:
    """Variance ratios by outcome and month, and the runs a wanted precision takes."""
    c = f.comparison
    rows, months = [], min(c.frame.months, 12)
    for outcome in ("victimisations", "property", "violence", "drugs"):
        for layer in LAYERS:
            base = c.monthly(c.baseline.name, outcome, layer)
            for arm in c.options:
                e = f.effect(arm.name, outcome, layer)
                if e.pairs < 2 or not math.isfinite(e.variance_ratio):
                    continue
                monthly = effects.variance_ratios(c.monthly(arm.name, outcome, layer), base)
                target = 0.02 * e.baseline
                need = effects.runs_needed(e.sd, target) if target > 0 else None
                rows.append(
                    (
                        words.title(arm.name),
                        OUTCOMES[outcome].label,
                        layer,
                        words.num(e.variance_ratio, 2),
                        words.num(need, 0) if need else words.DASH,
                        *(words.num(v, 2) for v in monthly[:months]),
                    )
                )
    if not rows:
        return ""
    mine = [f.effect(a.name).variance_ratio for a in c.options if a.role != "placebo"]
    mine = [v for v in mine if math.isfinite(v)]
    lead = ""
    if mine:
        lead = p(
            f"Pairing works where the ratio is below 1: true crimes with a victim have a median ratio of "
            f"{words.num(float(np.median(mine)), 2)} over the "
            f"arms that do something, so pairs need "
            f"{words.num(100 * (1 - float(np.median(mine))), 0)} % fewer runs than independent runs would."
        )
    short = {(r[0], r[2]): r[3:5] for r in rows if r[1] == OUTCOMES[PRIMARY].label}
    names = dict.fromkeys(name for name, _ in short)
    head = ["Option", "Outcome", "Layer", "Whole period"]
    return (
        lead
        + table(
            ["Option", *LAYERS, "Pairs needed for \u00b12 %"],
            [
                (n, *(short.get((n, x), (words.DASH,))[0] for x in LAYERS), short.get((n, "true"), ("", words.DASH))[1])
                for n in names
            ],
            "Variance ratio = Var(paired difference) / [Var(option) + Var(baseline)] of crimes with a victim, whole "
            "scored "
            "period. Last column: pairs that would give true crime an interval of \u00b12 % of the baseline, judged "
            "from "
            "these runs.",
        )
        + details(
            "Variance ratio by outcome and month",
            table(
                [*head, *(c.frame.month_label(k)[2:] for k in range(months))], [(*r[:4], *r[5:]) for r in rows], left=3
            ),
        )
    )
