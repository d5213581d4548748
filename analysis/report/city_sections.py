"""Sections on the baseline city, and on the recorded crime of a real city beside it."""

from __future__ import annotations

import math

import numpy as np

from analysis import concentration, words
from analysis.findings import PRIMARY, Findings
from analysis.outcomes import AGE_BANDS, LAYERS, OUTCOMES, TYPE_LABELS
from analysis.report import charts, maps
from analysis.report.common import RATE
from analysis.report.observed import Observed
from analysis.report.page import details, facts, figure, p, table
from sim.records import APART, TYPES

HOURS = [(0, "0h"), (6, "6h"), (12, "12h"), (18, "18h")]


def baseline(f: Findings, observed: Observed | None) -> str:
    c, base = f.comparison, f.comparison.baseline.name
    counts = np.nanmean(c.gather(base, lambda r: r.counts.sum(axis=(2, 3)), (len(TYPES), 3)), axis=0)  # type, layer
    per = c.rate_factor(per=1000)
    total = counts[[t not in APART for t in TYPES]].sum(axis=0)
    places = np.nanmean(c.by_place(base), axis=0)
    first = next(r for r in c.runs[base] if r is not None)
    events = float(np.nanmean(c.gather(base, lambda r: r.counts[:, LAYERS.index("recorded")].sum())))
    cleared = float(np.nanmean(c.gather(base, lambda r: r.cleared)))
    victims = float(np.nanmean(c.gather(base, lambda r: r.people.get("share_victimised", math.nan))))
    out = [
        facts(
            [
                ("True crimes with a victim per 1,000 a year", words.num(total[0] * per, 1)),
                ("Recorded", words.num(total[2] * per, 1)),
                ("Reported, of those that happened", words.share(total[1] / max(total[0], 1))),
                ("Cleared, of those recorded", words.share(cleared / max(events, 1))),
                ("Places with half of all crime", words.share(concentration.share_of_places(first.places[0]), 1)),
                ("Residents who were a victim", words.share(victims, 1)),
            ]
        )
    ]
    rates = counts * per
    rows = [(TYPE_LABELS[t], rates[k, 0], rates[k, 2]) for k, t in enumerate(TYPES) if t not in APART]
    deals = rates[TYPES.index("drugs")]
    out.append(
        figure(
            charts.key([("happened", "bar"), ("recorded", "bar2")])
            + charts.bars(rows, "Crime in the baseline by type: true and recorded", RATE, 2),
            f"Crimes with a victim. Drug dealing (not drawn: {words.num(deals[0], 0)} deals {RATE}, "
            f"{words.num(deals[2], 1)} recorded) has "
            "no victim who would report it; the record holds what the police find.",
            table(
                ["Type", "True", "Reported", "Recorded", "Recorded, % of true", "Share of true crime"],
                [
                    (
                        TYPE_LABELS[t],
                        *(words.num(rates[k, j], 2) for j in range(3)),
                        words.num(100 * rates[k, 2] / rates[k, 0], 0) if rates[k, 0] else words.DASH,
                        words.num(100 * rates[k, 0] / max(rates[:, 0].sum(), 1e-12), 1),
                    )
                    for k, t in enumerate(TYPES)
                ],
                f"Crimes {RATE}",
            ),
        )
    )
    out.append("<h3>Hours of the day</h3>" + _hours(c, base, observed))
    if observed is None:
        out.append("<h3>Where crime happens</h3>" + _map(f, places))
    out.append(_ages(first))
    return "".join(out)


def _hours(c, base: str, observed: Observed | None) -> str:
    hours = np.nanmean(c.gather(base, lambda r: r.hours, (len(TYPES), 3, 24)), axis=0)  # type, layer, hour
    panels, behind = [], []
    layer = 2 if observed is not None else 0
    for name in ("burglary", "robbery", "theft", "vehicle", "assault", "drugs"):
        mine = hours[OUTCOMES[name].codes][:, layer].sum(axis=0)
        lines = [("simulated", _shares(mine), "solid")]
        if observed is not None:
            seen = observed.hours(name)
            if seen is None:
                continue
            lines.append(("observed", _shares(seen), "dash"))
        panels.append(charts.Panel(OUTCOMES[name].label, lines))
        behind.extend((OUTCOMES[name].label, f"{h:02d}", *(words.num(v[h], 1) for _, v, _ in lines)) for h in range(24))
    what = "recorded" if observed is not None else "true"
    drawing = charts.panels(panels, f"Hours of {what} crime by type", HOURS, "% of the day", columns=3)
    legend = charts.key([("simulated", "solid"), ("observed in the real city", "dash")]) if observed is not None else ""
    note = (
        "Share of each type by hour of the day. "
        + (
            "Observed records pile up at midnight and noon, where the true time is not known. "
            if observed is not None
            else ""
        )
        + "The hours of the simulation come from routines, not from a curve of crime."
    )
    return figure(
        legend + drawing,
        note,
        table(["Type", "Hour", "Simulated %", *(["Observed %"] if observed is not None else [])], behind, left=2),
    )


def _shares(values) -> np.ndarray:
    values = np.asarray(values, float)
    return 100 * values / values.sum() if values.sum() > 0 else np.full(24, np.nan)


def _map(f: Findings, places: np.ndarray) -> str:
    c = f.comparison
    squares = maps.squares_for(c)
    factor = 1 / ((squares.metres / 1000) ** 2 * c.frame.years)
    values = squares.sum(places) * factor
    bounds = maps.level_scale([values])
    drawing = maps.level(
        squares,
        values,
        bounds,
        "True crimes with a victim in the baseline",
        f"highest square {words.num(values.max(), 0)} per km2 and year",
    )
    people = c.area_residents
    crimes = np.nanmean(c.by_area(c.baseline.name, PRIMARY), axis=0) / c.frame.years
    rows = [
        (
            c.frame.area_names[k],
            words.num(people[k], 0),
            words.num(crimes[k], 0),
            words.num(1000 * crimes[k] / people[k] if people[k] else math.nan, 1),
        )
        for k in np.argsort(-crimes)
    ]
    return (
        f'<div class="maps two"><figure>{drawing}</figure></div>'
        + maps.level_legend(bounds, "True crimes with a victim per km\u00b2 and year")
        + p(
            f"Mean of the baseline runs, squares of {words.num(squares.metres, 0)} m. Thin lines are the borders of "
            "areas.",
            cls="note",
        )
        + details(
            "Numbers by area", table(["Area", "Residents", "Crimes with a victim a year", "Per 1,000 residents"], rows)
        )
    )


def _ages(run) -> str:
    if "residents" not in run.ages:
        return ""
    labels = [f"{a}\u2013{b - 1}" for a, b in zip(AGE_BANDS, AGE_BANDS[1:])] + [f"{AGE_BANDS[-1]}+"]
    people = run.ages["residents"]
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = {k: np.where(people > 0, 1000 * v / people, np.nan) for k, v in run.ages.items() if k != "residents"}
    nothing = np.full(len(labels), np.nan)
    off, vic = rates.get("offences", nothing), rates.get("victimisations", nothing)
    rows = [(f"{a} years", o, v) for a, o, v in zip(labels, off, vic)]
    drawing = charts.bars(
        rows, "Offences and victimisations by age", "per 1,000 residents of that age in the scored period"
    )
    return "<h3>Ages</h3>" + figure(
        charts.key([("offences", "bar"), ("victimisations", "bar2")]) + drawing,
        "One run of the baseline; offences count everybody who took part. Age acts through routines, ties and "
        "supervision only.",
        table(
            ["Age", "Residents", "Offences per 1,000", "Victimisations per 1,000"],
            [(a, words.num(n, 0), words.num(o, 1), words.num(v, 1)) for a, n, o, v in zip(labels, people, off, vic)],
        ),
    )


def reality(f: Findings, o: Observed | None) -> str:
    """Recorded crime of the real city beside the recorded crime of the simulation."""
    if o is None:
        return ""
    c, base = f.comparison, f.comparison.baseline.name
    counts = np.nanmean(c.gather(base, lambda r: r.counts[:, 2].sum(axis=(1, 2)), (len(TYPES),)), axis=0)
    rate = 1000 / c.residents
    rows, behind = [], []
    for k, t in enumerate(TYPES):
        seen = o.count(t) / o.years * rate
        mine = counts[k] / c.frame.years * rate
        rows.append((TYPE_LABELS[t], mine, seen))
        behind.append(
            (TYPE_LABELS[t], words.num(mine, 2), words.num(seen, 2), words.num(mine / seen, 2) if seen else words.DASH)
        )
    out = [
        p(
            f"The real city\u2019s police recorded {words.num(o.total, 0)} crimes of these types in these areas over "
            f"{words.num(o.years * 365, 0)} days. Compared with them is what the simulated police recorded, never "
            "what happened: "
            "crimes that nobody reported are in neither. Levels by type may have been fitted to a city; patterns in "
            "space, time and "
            "between areas were not."
        ),
        figure(
            charts.key([("simulated, recorded", "bar"), ("observed, recorded", "bar2")])
            + charts.bars(rows, "Recorded crime by type: simulated and observed", RATE, 2),
            "Recorded crimes by type.",
            table(["Type", "Simulated", "Observed", "Simulated / observed"], behind, f"Recorded crimes {RATE}"),
        ),
    ]
    out.append(_two_maps(f, o))
    out.append(_areas(f, o))
    return "".join(out)


def _two_maps(f: Findings, o: Observed) -> str:
    c = f.comparison
    squares = maps.squares_for(c)
    factor = 1 / (squares.metres / 1000) ** 2
    mine = squares.sum(np.nanmean(c.by_place(c.baseline.name, "recorded"), axis=0)) * factor / c.frame.years
    seen_places = o.places(c.frame)
    if seen_places is None:
        return ""
    seen = squares.sum(seen_places) * factor / o.years
    bounds = maps.level_scale([mine, seen])
    rank = concentration.rank_correlation(mine, seen)
    k = lambda v: f"highest square {words.num(v.max(), 0)} per km2 and year"  # noqa: E731
    top = max(3, len(squares) // 10)
    shared = len(set(np.argsort(-mine)[:top]) & set(np.argsort(-seen)[:top]))
    single = next(r for r in c.runs[c.baseline.name] if r is not None).places[2]
    return (
        '<h3>On the map</h3><div class="maps two">'
        + f"<figure><h4>Observed</h4>{maps.level(squares, seen, bounds, 'Observed recorded crime', k(seen))}</figure>"
        + f"<figure><h4>Simulated</h4>{maps.level(squares, mine, bounds, 'Simulated recorded crime', k(mine))}</figure>"
        + "</div>"
        + maps.level_legend(bounds, "Recorded crimes with a victim per km\u00b2 and year")
        + p(
            f"Squares of {words.num(squares.metres, 0)} m. Rank correlation over {len(squares)} squares: "
            f"{words.num(rank, 2)}; of the "
            f"{top} hottest squares {shared} are the same. Half of the recorded crime falls on "
            f"{words.share(concentration.share_of_places(seen_places), 1)} of the {words.num(c.frame.cell_m, 0)} m "
            "cells observed and "
            f"{words.share(concentration.share_of_places(single), 1)} in one simulated run."
        )
    )


def _areas(f: Findings, o: Observed) -> str:
    c = f.comparison
    if len(c.frame.area_ids) < 2:
        return ""
    people = c.area_residents
    seen = o.areas(c.frame, PRIMARY)
    if seen is None:
        return ""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(people > 0, 1000 / people, np.nan)
    x = seen / o.years * rate
    y = np.nanmean(c.by_area(c.baseline.name, PRIMARY, "recorded"), axis=0) / c.frame.years * rate
    rows = []
    for name in (PRIMARY, "property", "violence", "burglary", "robbery", "theft", "vehicle", "assault", "drugs"):
        a = o.areas(c.frame, name) * rate
        b = np.nanmean(c.by_area(c.baseline.name, name, "recorded"), axis=0) * rate
        rows.append((OUTCOMES[name].label, words.num(concentration.rank_correlation(a, b), 2)))
    few = "" if len(x) >= 10 else f" With {len(x)} areas a rank correlation says little."
    return "<h3>By area</h3>" + figure(
        charts.scatter(
            x,
            y,
            list(c.frame.area_names),
            "Recorded crimes with a victim by area: observed and simulated",
            "observed, per 1,000 residents a year",
            "simulated",
        ),
        f"Rank correlation (Spearman) over {len(x)} areas: {words.num(concentration.rank_correlation(x, y), 2)}.{few}",
        table(
            ["Area", "Observed", "Simulated"],
            [(n, words.num(a, 1), words.num(b, 1)) for n, a, b in zip(c.frame.area_names, x, y)],
            f"Recorded crimes with a victim {RATE}",
        )
        + table(["Type", "Rank correlation by area"], rows),
    )
