"""Sections around the effects: displacement, burden, cost, the baseline city, the record of a real city, runs, limits."""

from __future__ import annotations

import math

import numpy as np

from analysis import concentration, equity, words
from analysis.findings import BUFFER_M, PRIMARY, Findings, groups
from analysis.outcomes import AGE_BANDS, LAYERS, OUTCOMES, TYPE_LABELS
from analysis.report import charts, maps
from analysis.report.effects_sections import NOISE, RATE, abreast, arm_label, stacked
from analysis.report.observed import Observed
from analysis.report.page import Html, details, esc, facts, figure, p, table
from sim.records import TYPES

HOURS = [(0, "0h"), (6, "6h"), (12, "12h"), (18, "18h")]


def displacement(f: Findings) -> str:
    c, d = f.comparison, f.digits[PRIMARY]
    if not f.spill:
        return p("No option in this comparison names places that it treats, so there is no ring around them to look at.", cls="note")
    rows, behind = [], []
    zones = (("treated", "in the treated places"), ("buffer", f"within {words.num(BUFFER_M, 0)} m of them"),
             ("elsewhere", "elsewhere in the city"), ("total", "the whole city"))
    for arm in c.options:
        s = f.spill.get(arm.name)
        if s is None:
            continue
        rows.append(charts.Row(words.title(arm.name)))
        for key, label in zones:
            e = getattr(s, key)
            rows.append(charts.Row("  " + label, e.difference, e.low, e.high, words.interval(e, d),
                                   "square" if key == "total" else "circle", e.spans_zero))
        share = ("not settled: no clear fall in the treated places" if not math.isfinite(s.share) else
                 f"{words.num(100 * s.share, 0, True)} % of the fall")
        q = s.quotient
        quotient = q.reading if math.isnan(q.wdq) else f"{words.num(q.wdq, 2, True)} ({q.reading})"
        behind.append((words.title(arm.name), words.num(s.places, 0), *(words.interval(getattr(s, k), d) for k, _ in zones),
                       share, quotient))
    drawing = charts.forest(rows, "Where the difference arises: treated places, their surroundings, elsewhere",
                            f"difference in true crimes with a victim, {RATE}")
    note = ("The first three rows of an option add up to the fourth. They come from the pairs: the same city with and without the "
            "option, which no real evaluation can see. Filled: settled; hollow: the interval spans zero. " + NOISE)
    return figure(drawing, note, table(
        ["Option", "Treated places", "In them", "Ring", "Elsewhere", "City", "Net change in the ring",
         "What an evaluator would compute"], behind,
        "Last column: weighted displacement quotient from recorded crime before and after, all runs together, the rest of the city "
        "as control. Places chosen for their recent crime fall back by themselves, so it tends to flatter."))


def burden(f: Findings) -> str:
    c = f.comparison
    found = groups(c)
    lead = ""
    for arms in abreast(c.options):
        rows = []
        for name, label, digits, unit in (("stops", f"Stops by the police, {RATE}", 1, 1), ("arrests", f"Arrests, {RATE}", 2, 1),
                                          ("share_victimised", "Residents who were a victim, %", 2, 100),
                                          ("fear", "Fear of crime, 0 to 100", 2, 100),
                                          ("trust", "Trust in the police, 0 to 100", 2, 100),
                                          *((n, f"Deaths, {n.removeprefix('deaths.').replace('_', ' ')}, per 100,000 a year", 1, 1)
                                            for n in c.series_names("deaths."))):
            known = [f.people[a.name, name].scaled(unit) for a in arms]
            if any(math.isfinite(e.difference) for e in known):
                rows.append((label, words.num(float(np.nanmean([e.baseline for e in known])), digits),
                             *(stacked(e, digits) for e in known)))
        if rows:
            lead += table(["Outcome", "Baseline", *(words.title(a.name) for a in arms)], rows, "" if lead else
                          "Other outcomes, wanted and unwanted: differences from the baseline with 95 % intervals.")
    if found is None:
        return lead + (p("Areas and their deprivation are not known, so gains and burdens are not split.", cls="note") if lead else "")
    column, parts = found
    levels = []
    for g in parts:
        first, stops = (next(iter(x.values()), None) for x in (g.victimised, g.stopped))
        levels.append((g.label, first.baseline if first else math.nan, stops.baseline if stops else math.nan))
    tables = [table(["Residents of", "Residents", "Victimisations", "Stops"],
                    [(g.label, words.num(g.residents, 0), words.num(v, 1), words.num(s, 1)) for g, (_, v, s) in zip(parts, levels)],
                    "Baseline, per 1,000 of these residents a year")]
    for arms in abreast(c.options, 3):
        head = ["Residents of"]
        for a in arms:
            head += [f"{words.title(a.name)}: victimisations", f"{words.title(a.name)}: stops"]
        tables.append(table(head, [(g.label, *(stacked(x[a.name], 1) if a.name in x else words.DASH
                                               for a in arms for x in (g.victimised, g.stopped))) for g in parts],
                            "Differences from the baseline per 1,000 of these residents a year, with 95 % intervals"))
    drawing = charts.bars(levels, "Victimisations and stops in the baseline, from the most to the least deprived",
                          "per 1,000 of these residents a year")
    text = figure(charts.key([("victimisations of residents", "bar"), ("stops of residents", "bar2")]) + drawing,
                  f"The baseline: who is harmed and who is stopped, by where people live, from the most to the least deprived "
                  f"by {column.replace('_', ' ')}.", "".join(tables), "Levels, and differences for every option")
    lines = []
    for a in c.options:
        averted = np.array([-g.victimised[a.name].difference if a.name in g.victimised else math.nan for g in parts])
        size = np.array([g.residents for g in parts])
        if not np.isfinite(averted).all():
            continue
        index = equity.absolute_concentration(averted, size)
        added = [g.stopped[a.name].difference for g in parts if a.name in g.stopped]
        lines.append((words.title(a.name), words.num(averted[0], 1, True), words.num(averted[-1], 1, True), words.num(index, 2, True),
                      "poorer" if index < 0 else "richer" if index > 0 else "neither",
                      words.num(added[0], 1, True) if added else words.DASH, words.num(added[-1], 1, True) if added else words.DASH))
    text += table(["Option", "Averted, poorest", "Averted, richest", "Absolute concentration index", "Point estimate favours",
                   "Added stops, poorest", "Added stops, richest"], lines,
                  "Victimisations averted and stops added per 1,000 residents a year in the first and last group above. A negative "
                  "index favours poorer areas; differences this small may be chance.")
    return lead + "<h3>By deprivation of the area where people live</h3>" + text


def cost(f: Findings) -> str:
    c = f.comparison
    if not any(math.isfinite(x.total) and x.total for x in f.costs.values()):
        return p("No costs were stored with these runs.", cls="note")
    rows = []
    for a in c.options:
        x = f.costs[a.name]
        if x.averted.spans_zero and x.ratio.verdict == "ratio":
            ratio = f"not settled: {words.money(x.ratio_low.value)} at best, at worst it averts nothing"
        elif x.ratio.verdict == "ratio" and x.averted.pairs > 1:
            ratio = f"{words.cost_per_crime(x.ratio)} ({words.money(x.ratio_low.value)} to {words.money(x.ratio_high.value)})"
        else:
            ratio = words.cost_per_crime(x.ratio)
        rows.append((arm_label(a), words.money(x.total), words.money(x.per_1000), words.num(x.averted.difference, 0, True), ratio))
    currency = words.currency(c.arms) or "the currency of the options\u2019 unit costs"
    return table(["Option", "Extra cost, scored period", "Extra cost per 1,000 residents a year", "True crimes averted",
                  "Cost per crime averted"], rows, f"Money in {currency}") + p(
        "Costs are those of the programmes, from the unit costs in the options\u2019 settings, not what crime costs its victims. An "
        "option that averts nothing for more money is dominated and has no ratio. Time taken from other police work counts as a cost.",
        cls="note")


def baseline(f: Findings, observed: Observed | None) -> str:
    c, base = f.comparison, f.comparison.baseline.name
    counts = np.nanmean(c.gather(base, lambda r: r.counts.sum(axis=(2, 3)), (len(TYPES), 3)), axis=0)  # type, layer
    per = c.rate_factor(per=1000)
    total = counts[:-1].sum(axis=0) if TYPES[-1] == "drugs" else counts.sum(axis=0)
    places = np.nanmean(c.by_place(base), axis=0)
    first = next(r for r in c.runs[base] if r is not None)
    events = float(np.nanmean(c.gather(base, lambda r: r.counts[:, LAYERS.index("recorded")].sum())))
    cleared = float(np.nanmean(c.gather(base, lambda r: r.cleared)))
    victims = float(np.nanmean(c.gather(base, lambda r: r.people.get("share_victimised", math.nan))))
    out = [facts([
        ("True crimes with a victim per 1,000 a year", words.num(total[0] * per, 1)),
        ("Recorded", words.num(total[2] * per, 1)),
        ("Reported, of those that happened", words.share(total[1] / max(total[0], 1))),
        ("Cleared, of those recorded", words.share(cleared / max(events, 1))),
        ("Places with half of all crime", words.share(concentration.share_of_places(first.places[0]), 1)),
        ("Residents who were a victim", words.share(victims, 1))])]
    rates = counts * per
    rows = [(TYPE_LABELS[t], rates[k, 0], rates[k, 2]) for k, t in enumerate(TYPES)]
    out.append(figure(
        charts.key([("happened", "bar"), ("recorded", "bar2")])
        + charts.bars(rows, "Crime in the baseline by type: true and recorded", RATE, 2),
        "Drug dealing has no victim who would report it: the record holds what the police find.",
        table(["Type", "True", "Reported", "Recorded", "Recorded, % of true", "Share of true crime"],
              [(TYPE_LABELS[t], *(words.num(rates[k, j], 2) for j in range(3)),
                words.num(100 * rates[k, 2] / rates[k, 0], 0) if rates[k, 0] else words.DASH,
                words.num(100 * rates[k, 0] / max(rates[:, 0].sum(), 1e-12), 1)) for k, t in enumerate(TYPES)],
              f"Crimes {RATE}")))
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
    note = ("Share of each type by hour of the day. " + ("Observed records pile up at midnight and noon, where the true time is not "
            "known. " if observed is not None else "") + "The hours of the simulation come from routines, not from a curve of crime.")
    return figure(legend + drawing, note, table(["Type", "Hour", "Simulated %", *(["Observed %"] if observed is not None else [])],
                                                behind, left=2))


def _shares(values) -> np.ndarray:
    values = np.asarray(values, float)
    return 100 * values / values.sum() if values.sum() > 0 else np.full(24, np.nan)


def _map(f: Findings, places: np.ndarray) -> str:
    c = f.comparison
    squares = maps.squares_for(c)
    factor = 1 / ((squares.metres / 1000) ** 2 * c.frame.years)
    values = squares.sum(places) * factor
    bounds = maps.level_scale([values])
    drawing = maps.level(squares, values, bounds, "True crimes with a victim in the baseline",
                         f"highest square {words.num(values.max(), 0)} per km2 and year")
    people = c.area_residents
    crimes = np.nanmean(c.by_area(c.baseline.name, PRIMARY), axis=0) / c.frame.years
    rows = [(c.frame.area_names[k], words.num(people[k], 0), words.num(crimes[k], 0),
             words.num(1000 * crimes[k] / people[k] if people[k] else math.nan, 1)) for k in np.argsort(-crimes)]
    return (f'<div class="maps two"><figure>{drawing}</figure></div>'
            + maps.level_legend(bounds, "True crimes with a victim per km\u00b2 and year")
            + p(f"Mean of the baseline runs, squares of {words.num(squares.metres, 0)} m. Thin lines are the borders of areas.", cls="note")
            + details("Numbers by area", table(["Area", "Residents", "Crimes with a victim a year", "Per 1,000 residents"], rows)))


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
    drawing = charts.bars(rows, "Offences and victimisations by age", "per 1,000 residents of that age in the scored period")
    return "<h3>Ages</h3>" + figure(
        charts.key([("offences", "bar"), ("victimisations", "bar2")]) + drawing,
        "One run of the baseline; offences count everybody who took part. Age acts through routines, ties and supervision only.",
        table(["Age", "Residents", "Offences per 1,000", "Victimisations per 1,000"],
              [(a, words.num(n, 0), words.num(o, 1), words.num(v, 1)) for a, n, o, v in zip(labels, people, off, vic)]))


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
        behind.append((TYPE_LABELS[t], words.num(mine, 2), words.num(seen, 2), words.num(mine / seen, 2) if seen else words.DASH))
    out = [p(f"The real city\u2019s police recorded {words.num(o.total, 0)} crimes of these types in these areas over "
             f"{words.num(o.years * 365, 0)} days. Compared with them is what the simulated police recorded, never what happened: "
             "crimes that nobody reported are in neither. Levels by type may have been fitted to a city; patterns in space, time and "
             "between areas were not."),
           figure(charts.key([("simulated, recorded", "bar"), ("observed, recorded", "bar2")])
                  + charts.bars(rows, "Recorded crime by type: simulated and observed", RATE, 2), "Recorded crimes by type.",
                  table(["Type", "Simulated", "Observed", "Simulated / observed"], behind, f"Recorded crimes {RATE}"))]
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
    return ("<h3>On the map</h3>" + f'<div class="maps two"><figure><h3>Observed</h3>'
            f'{maps.level(squares, seen, bounds, "Recorded crimes observed in the real city", k(seen))}</figure>'
            f'<figure><h3>Simulated</h3>{maps.level(squares, mine, bounds, "Recorded crimes in the simulation", k(mine))}</figure></div>'
            + maps.level_legend(bounds, "Recorded crimes with a victim per km\u00b2 and year")
            + p(f"Squares of {words.num(squares.metres, 0)} m. Rank correlation over {len(squares)} squares: {words.num(rank, 2)}; of the "
                f"{top} hottest squares {shared} are the same. Half of the recorded crime falls on "
                f"{words.share(concentration.share_of_places(seen_places), 1)} of the {words.num(c.frame.cell_m, 0)} m cells observed and "
                f"{words.share(concentration.share_of_places(single), 1)} in one simulated run."))


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
        charts.scatter(x, y, list(c.frame.area_names), "Recorded crimes with a victim by area: observed and simulated",
                       "observed, per 1,000 residents a year", "simulated"),
        f"Rank correlation (Spearman) over {len(x)} areas: {words.num(concentration.rank_correlation(x, y), 2)}.{few}",
        table(["Area", "Observed", "Simulated"], [(n, words.num(a, 1), words.num(b, 1)) for n, a, b in zip(c.frame.area_names, x, y)],
              f"Recorded crimes with a victim {RATE}")
        + table(["Type", "Rank correlation by area"], rows))


def ledger(f: Findings) -> str:
    c, m = f.comparison, f.comparison.manifest
    runs = m.get("runs") if isinstance(m.get("runs"), dict) else m
    failures = runs.get("failures") or (runs.get("failed") if isinstance(runs.get("failed"), list) else None) or []
    by_arm = {}
    for x in failures:
        by_arm.setdefault(x.get("arm"), []).append(x)
    rows = [(words.title(a.name), c.replications, c.done(a.name), len(by_arm.get(a.name, [])),
             c.replications - c.done(a.name) - len(by_arm.get(a.name, []))) for a in c.arms]
    rows.append(("All", sum(r[1] for r in rows), sum(r[2] for r in rows), sum(r[3] for r in rows), sum(r[4] for r in rows)))
    out = [table(["Arm", "Planned", "In this report", "Failed", "Missing"], rows)]
    if m.get("complete") is False or rows[-1][4]:
        out.append(p("This comparison is not complete: the numbers are those of the runs finished when the report was made."))
    if failures or c.unreadable:
        out.append(p("A failed run and its partner are left out of every difference; nothing is filled in.")
                   + table(["Failed or unreadable run", "Seed", "Reason"],
                           [(f"{x.get('arm')} / {x.get('replication')}", x.get("seed", ""), str(x.get("error", ""))[:300])
                            for x in failures] + [(u.split(":")[0], "", u.partition(":")[2]) for u in c.unreadable], left=9))
    else:
        out.append(p("No run failed and none was left out."))
    return "".join(out)


def limits(f: Findings) -> str:
    c = f.comparison
    city = c.manifest.get("city") or {}
    fictional = city.get("fictional", True)
    items = [
        "Every person, home and crime here is simulated. Numbers are what the model\u2019s mechanisms produce, not a forecast.",
        "Intervals show run-to-run chance only. Uncertain parameters, and a model that may be wrong, are not in them; true "
        "uncertainty is larger, and more runs will not shrink that part.",
        "Not for deciding where to send officers tomorrow, and not about any person: the model holds no real individual and "
        "gives nobody a score.",
        "Some values were fitted to city-wide rates (levels by type, reporting, clearance). They are inputs and prove nothing.",
        "Effects of an option arise from what it changes (light, visits, jobs, treatment \u2026). No published effect is put in; "
        "whether the sizes agree with evaluations has to be judged against them.",
        "Places treated are chosen on what an authority could know: recorded crime, registers, surveys.",
        f"Scored period: {words.years(c.frame.years)}. Effects that need longer, such as growing up "
        "differently or moving away, are not seen.",
    ]
    if fictional:
        items.append("The city is fictional. Read differences between options, not levels.")
    else:
        items.append("Areas, population and facilities follow the files of the real city; homes, people and routines are synthetic. "
                     "Recorded crime is not all crime: how much goes unreported here is the model\u2019s assumption.")
    items += [str(x) for x in city.get("notes") or []]
    return ("<ul>" + "".join(f"<li>{esc(i)}</li>" for i in items) + "</ul>"
            + table(["Assurance", "State"], [
                ("Purpose", "Comparing policies and teaching"), ("Reviewed by", "unreviewed"),
                ("In the intervals", "chance between runs that share city, people and parameters"),
                ("Not in the intervals", "parameters, structure of the model, data, carrying the measure out in practice"),
                ("Groups not modelled", "ethnicity and religion are not in the model")], left=9))


def provenance(f: Findings) -> list[tuple[str, object]]:
    m = f.comparison.manifest
    code = m.get("code") or {}
    city = m.get("city") or {}
    commit = code.get("git_commit") or "not from a checkout"
    if code.get("git_dirty"):
        commit += " with uncommitted changes"
    first = m.get("seed", "")
    r = f.comparison.replications
    seeds = f"{first} to {first + r - 1}" if isinstance(first, int) and r > 1 else str(first)
    arms = "; ".join(f"{a.name} {a.spec_hash}" for a in f.comparison.arms if a.spec_hash)
    versions = {**({"python": m["python"]} if m.get("python") else {}), **(m.get("packages") or m.get("versions") or {})}
    pairs = [("Version", str(code.get("version") or m.get("version") or "unknown")), ("Commit", commit),
             ("Source hash", code.get("source_hash", "")), ("Specification", m.get("spec_hash", "")), ("Arms", arms),
             ("Seeds", seeds), ("Schema", m.get("schema_version", "")),
             ("City data", city.get("checksum") or "generated, no data files"),
             ("Packages", ", ".join(f"{k} {v}" for k, v in versions.items())), ("Runs started", m.get("started", ""))]
    return [(k, Html(f"<code>{esc(v)}</code>")) for k, v in pairs if v != ""]
