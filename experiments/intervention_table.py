"""The catalogue of interventions and shocks: ``python -m experiments.intervention_table > docs/interventions.md``."""

from __future__ import annotations

from sim import registry
from sim.levers import LEVERS

SCOPES = {"cells": "cells", "residents": "resident ids", "dwellings": "dwelling ids", "city": "None",
          "orders": "None, a dict"}

# Rows of the evidence catalogue by id, shortened. A row is covered when an intervention names it.
ROWS = {
    "I01": "Hot spots policing", "I02": "Hot spots and services at city scale (Bogota)", "I03": "Foot patrol",
    "I04": "Problem-oriented policing", "I05": "Focused deterrence", "I06": "Community policing, rich countries",
    "I07": "Community policing, Global South", "I08": "CCTV", "I09": "CCTV and violence", "I10": "Street lighting",
    "I11": "Light towers", "I12": "Neighbourhood watch", "I13": "Alley gating", "I14": "Place networks, CPTED",
    "I15": "Vacant-lot greening", "I16": "Vacant-lot greening, gun violence", "I17": "Abandoned houses",
    "I18": "Summer jobs", "I19": "CBT for youth", "I20": "CBT in juvenile detention", "I21": "CBT for offenders",
    "I22": "Violence interrupters", "I23": "Cash transfers (Sao Paulo)", "I24": "Cash transfers (Brazil)",
    "I25": "Emergency assistance", "I26": "Preschool (Perry)", "I27": "Parent training", "I28": "Mentoring",
    "I29": "Opioid agonist treatment", "I30": "Drug courts", "I31": "Precursor shock", "I32": "Seizures abroad",
    "I33": "Transit-zone interdiction", "I34": "Street drug enforcement", "I35": "Drug enforcement and violence",
    "I36": "Swift-certain-fair probation", "I37": "Therapeutic community with aftercare", "I38": "Re-entry jobs",
    "I39": "More police", "I40": "Stop and search", "I41": "Body-worn cameras", "I42": "Procedural justice",
    "I43": "Audits of villages", "I44": "Audits of municipalities", "I45": "Gun buyback", "I46": "Gun licensing",
    "I47": "Gun-carrying bans", "I48": "Cross-border gun flow", "I49": "Slum upgrading", "I50": "Alcohol hours",
    "I51": "Alcohol tax", "I52": "Immobilisers", "I53": "Repeat-victim prevention", "I54": "Scared Straight",
    "I55": "Custody instead of community sanction",
}
# Rows whose programme exists here but whose published effect a run of one city cannot be held against, and why.
NOT_COMPARED = {
    "I07": "needs a preset with weak institutions; use low trust_base and state_presence, otherwise the same as I06",
    "I13": "no pooled effect is published",
    "I14": "small uncontrolled series: direction only",
    "I16": "gun violence is too rare for a town; needs many replications of a large city with firearms",
    "I24": "a panel of municipalities: vary coverage between runs instead",
    "I26": "works after 15 to 25 years: only with years=25 or more",
    "I27": "works after 10 years: only with years=10 or more",
    "I30": "a city-wide share, so nobody is randomised: compare arms, not people",
    "I36": "a city-wide share, so nobody is randomised: compare arms, not people",
    "I44": "later corruption of audited municipalities: one city has no other to compare with",
    "I48": "homicide at a border: the shock firearms_inflow gives the direction, not the geography",
    "I49": "one natural experiment over five years; the cable car is a gain of income and services, no new street",
    "I55": "custody is a city-wide share, so the sanction is not randomised between people",
}
HEAD = """# Interventions and shocks

Written from the registry by `python -m experiments.intervention_table`. An intervention moves levers; what it does to
crime is found by running it, and never typed in. `lamplighter compare arms=[cctv,alley_gates]` compares interventions,
`arms=[cctv+alley_gates]` makes a package of two, `budget=500000` gives all of an arm together half a million a year
(doses are lowered by one common factor to keep within it; `spend_all=true` raises them too, so that options cost the
same). `lamplighter run shocks=[police_scandal] shock.police_scandal.start=60` lets something befall the city.

Settings with units, ranges and sources stand in [parameters.md](parameters.md); how to add one of your own, in
[extending.md](extending.md). Costs are planning figures, many of them judgements: check them before using them.
"""


def _cell(text: object) -> str:
    return " ".join(str(text).replace("|", "\\|").split())


def _says(cls: type) -> str:
    return _cell((cls.__doc__ or "").strip().split("\n\n")[0])


def _ours(table: dict[str, type]) -> list[type]:
    return [cls for _, cls in sorted(table.items()) if cls.__module__.startswith("sim.")]


def _row(cls: type) -> str:
    levers = ", ".join(f"`{lever}`" for lever in cls.levers) or "-"
    bound = "" if cls.feasible else " (a bound, no option)"
    return "| " + " | ".join([f"`{cls.name}`{bound}", _says(cls), cls.level, _cell(cls.target), levers,
                              ", ".join(cls.evidence) or "-", _cell(cls.side_effects)]) + " |"


def table() -> str:
    """Return docs/interventions.md: every intervention and shock, the evidence rows, and what is left out."""
    registry.load()
    plans = _ours(registry.INTERVENTIONS)
    lines = [HEAD, "## Interventions", "",
             "| name | what is done | level | who or where is chosen | levers | evidence | side effects |",
             "|---|---|---|---|---|---|---|", *map(_row, plans), "", "## Shocks", "",
             "| name | what happens | levers |", "|---|---|---|"]
    lines += [f"| `{c.name}` | {_says(c)} | {', '.join(f'`{lever}`' for lever in c.levers)} |"
              for c in _ours(registry.SHOCKS)]
    lines += ["", "## Rows of the evidence catalogue", "", "| row | programme | intervention | published effect |",
              "|---|---|---|---|"]
    for row, title in ROWS.items():
        names = ", ".join(f"`{c.name}`" for c in plans if row in c.evidence) or "-"
        lines.append(f"| {row} | {title} | {names} | {NOT_COMPARED.get(row, 'can be compared')} |")
    lines += ["", "## Levers", "", "| lever | put on | unit | what is added |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {SCOPES[v.scope]} | {v.unit} | {_cell(v.doc)} |" for name, v in LEVERS.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
