"""The table of options, for the terminal and for the report."""

from __future__ import annotations

import os
from typing import Any

from analysis import words
from analysis.findings import PRIMARY, Findings, find_in

HEAD = (
    "option",
    "level",
    "cost a year",
    "true/1,000",
    "difference (95 %)",
    "recorded diff. (95 %)",
    "displaced",
    "stops/1,000",
    "VR",
)


def options_table(folder: str | os.PathLike) -> list[dict[str, Any]]:
    """One row per arm of a stored comparison, the baseline first.

    Returns
    -------
    list of dict
        `option`, `role`, `level`, `cost_per_year` (over the baseline), `true` (crimes with a victim per 1,000 residents
        and year), `difference`, `low`, `high`, `recorded_difference`, `recorded_low`, `recorded_high`, `displaced`
        (share; NaN when not known), `stops` (difference per 1,000 residents and year), `variance_ratio`, `pairs`,
        `warning`; and `cells`, the row as text under :data:`HEAD`.
    """
    f = find_in(folder)
    out = []
    for arm, cells in zip(f.comparison.arms, options_rows(f)):
        row: dict[str, Any] = dict(option=arm.name, role=arm.role, level=words.level(arm), cells=cells, warning="")
        if arm is f.comparison.baseline:
            row.update(true=f.baseline_rate(), cost_per_year=0.0, pairs=f.comparison.done(arm.name))
        else:
            e, r = f.effect(arm.name), f.effect(arm.name, layer="recorded")
            spill = f.spill.get(arm.name)
            row.update(
                true=e.arm,
                difference=e.difference,
                low=e.low,
                high=e.high,
                recorded_difference=r.difference,
                recorded_low=r.low,
                recorded_high=r.high,
                displaced=spill.share if spill else float("nan"),
                stops=f.people[arm.name, "stops"].difference,
                cost_per_year=f.costs[arm.name].per_year,
                variance_ratio=e.variance_ratio,
                pairs=e.pairs,
            )
            if arm.name in f.conflicts:
                row["warning"] = words.conflict_sentence(words.title(arm.name), f.conflicts[arm.name], e, r)
        out.append(row)
    return out


def options_rows(f: Findings) -> list[tuple[str, ...]]:
    """Rows of the table as text, in the order of :data:`HEAD`."""
    c, d = f.comparison, f.digits[PRIMARY]
    rows: list[tuple[str, ...]] = []
    for arm in c.arms:
        if arm is c.baseline:
            rows.append((arm.name, words.level(arm), "0", words.num(f.baseline_rate(), d), "", "", "", "", ""))
            continue
        e, r, x = f.effect(arm.name), f.effect(arm.name, layer="recorded"), f.costs[arm.name]
        spill = f.spill.get(arm.name)
        displaced = (
            words.DASH
            if spill is None or words.exactly_zero(spill.treated)
            else words.displaced(spill.share, spill.buffer.spans_zero)
        )
        rows.append(
            (
                arm.name,
                words.level(arm),
                words.money(x.per_year),
                words.num(e.arm, d),
                words.interval(e, d),
                words.interval(r, d),
                displaced,
                words.interval(f.people[arm.name, "stops"], 1),
                words.num(e.variance_ratio, 2),
            )
        )
    return rows


def format_table(rows: list[dict[str, Any]]) -> str:
    """Lay the rows of :func:`options_table` out for a terminal, warnings below."""
    lines = [HEAD, *(row["cells"] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]

    def lay(line: tuple[str, ...]) -> str:
        return "  ".join(v.ljust(w) if i < 2 else v.rjust(w) for i, (v, w) in enumerate(zip(line, widths))).rstrip()

    text = [lay(HEAD), "-" * (sum(widths) + 2 * (len(HEAD) - 1)), *(lay(tuple(row["cells"])) for row in rows)]
    text.append(
        "Crimes with a victim and stops per 1,000 residents a year; differences from the baseline with 95 % intervals "
        "(run noise only)."
    )
    text += [f"Warning: {row['warning']}" for row in rows if row.get("warning")]
    return "\n".join(text)
