"""Sections on the comparison itself: runs, assumptions and limits, provenance."""

from __future__ import annotations

from analysis import words
from analysis.findings import Findings
from analysis.report.page import Html, esc, p, table


def ledger(f: Findings) -> str:
    c, m = f.comparison, f.comparison.manifest
    runs = m.get("runs") if isinstance(m.get("runs"), dict) else m
    failures = runs.get("failures") or (runs.get("failed") if isinstance(runs.get("failed"), list) else None) or []
    by_arm = {}
    for x in failures:
        by_arm.setdefault(x.get("arm"), []).append(x)
    rows = [
        (
            words.title(a.name),
            c.replications,
            c.done(a.name),
            len(by_arm.get(a.name, [])),
            c.replications - c.done(a.name) - len(by_arm.get(a.name, [])),
        )
        for a in c.arms
    ]
    rows.append(
        ("All", sum(r[1] for r in rows), sum(r[2] for r in rows), sum(r[3] for r in rows), sum(r[4] for r in rows))
    )
    out = [table(["Arm", "Planned", "In this report", "Failed", "Missing"], rows)]
    out.extend(p(sentence) for sentence in planned(m))
    if m.get("complete") is False or rows[-1][4]:
        out.append(
            p("This comparison is not complete: the numbers are those of the runs finished when the report was made.")
        )
    if failures or c.unreadable:
        out.append(
            p("A failed run and its partner are left out of every difference; nothing is filled in.")
            + table(
                ["Failed or unreadable run", "Seed", "Reason"],
                [
                    (f"{x.get('arm')} / {x.get('replication')}", x.get("seed", ""), str(x.get("error", ""))[:300])
                    for x in failures
                ]
                + [(u.split(":")[0], "", u.partition(":")[2]) for u in c.unreadable],
                left=9,
            )
        )
    else:
        out.append(p("No run failed and none was left out."))
    return "".join(out)


def planned(manifest: dict) -> list[str]:
    """How many replications a rule of precision has asked for, and whether it was reached; nothing without a rule."""
    said = manifest.get("precision")
    if not isinstance(said, dict):
        return []
    text, outcome = str(said.get("text", "")), str((said.get("rule") or {}).get("outcome", ""))
    looks = said.get("options") or {}
    widths = "; ".join(
        f"{words.title(name)} {words.num(x['half_width'], 2)} (wanted {words.num(x['wanted'], 2)})"
        for name, x in looks.items()
        if x.get("half_width") is not None and x.get("wanted") is not None
    )
    verdict = "reached" if said.get("reached") else f"not reached ({said.get('why') or 'ended before'})"
    out = [
        f"Planned by a rule that was fixed before the first run. {text[:1].upper()}{text[1:]}; outcome {outcome}. "
        f"It was {verdict} with {words.count(int(said.get('replications') or 0), 'paired replication')}."
    ]
    if widths:
        out.append(f"Half-widths at the end, counted over the scored period: {widths}.")
    return out


def limits(f: Findings) -> str:
    c = f.comparison
    city = c.manifest.get("city") or {}
    fictional = city.get("fictional", True)
    items = [
        "Every person, home and crime here is simulated. Numbers are what the model\u2019s mechanisms produce, not a "
        "forecast.",
        "Intervals show run-to-run chance only. Uncertain parameters, and a model that may be wrong, are not in "
        "them; true "
        "uncertainty is larger, and more runs will not shrink that part.",
        "Not for deciding where to send officers tomorrow, and not about any person: the model holds no real "
        "individual and "
        "gives nobody a score.",
        "Some values were fitted to city-wide rates (levels by type, reporting, clearance). They are inputs and "
        "prove nothing.",
        "Effects of an option arise from what it changes (light, visits, jobs, treatment \u2026). No published "
        "effect is put in; "
        "whether the sizes agree with evaluations has to be judged against them.",
        "Places treated are chosen on what an authority could know: recorded crime, registers, surveys.",
        f"Scored period: {words.years(c.frame.years)}. Effects that need longer, such as growing up "
        "differently or moving away, are not seen.",
    ]
    if fictional:
        items.append("The city is fictional. Read differences between options, not levels.")
    else:
        items.append(
            "Areas, population and facilities follow the files of the real city; homes, people and routines are "
            "synthetic. "
            "Recorded crime is not all crime: how much goes unreported here is the model\u2019s assumption."
        )
    if city.get("notes"):
        items.append("Notes on the city: " + "; ".join(str(x).strip().rstrip(".") for x in city["notes"]) + ".")
    return (
        "<ul>"
        + "".join(f"<li>{esc(i)}</li>" for i in items)
        + "</ul>"
        + table(
            ["Assurance", "State"],
            [
                ("Purpose", "Comparing policies and teaching"),
                ("Reviewed by", "unreviewed"),
                ("In the intervals", "chance between runs that share city, people and parameters"),
                (
                    "Not in the intervals",
                    "parameters, structure of the model, data, carrying the measure out in practice",
                ),
                ("Groups not modelled", "ethnicity and religion are not in the model"),
            ],
            left=9,
        )
    )


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
    versions = {
        **({"python": m["python"]} if m.get("python") else {}),
        **(m.get("packages") or m.get("versions") or {}),
    }
    pairs = [
        ("Version", str(code.get("version") or m.get("version") or "unknown")),
        ("Commit", commit),
        ("Source hash", code.get("source_hash", "")),
        ("Specification", m.get("spec_hash", "")),
        ("Arms", arms),
        ("Seeds", seeds),
        ("Schema", m.get("schema_version", "")),
        ("City data", city.get("checksum") or "generated, no data files"),
        ("Packages", ", ".join(f"{k} {v}" for k, v in versions.items())),
        ("Runs started", m.get("started", "")),
    ]
    return [(k, Html(f"<code>{esc(v)}</code>")) for k, v in pairs if v != ""]
