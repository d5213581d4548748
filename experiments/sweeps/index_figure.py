"""The figure of a sensitivity analysis: indices with intervals, and the line below which they say nothing."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.sweeps.files import put
from experiments.sweeps.salib import CLEAR, MEASURES, UNCLEAR
from experiments.tables import number

if TYPE_CHECKING:
    from experiments.sweeps.analysing import Analysis

INK, GREY, BLUE, ORANGE, NOISE = "#222222", "#777777", "#1f5a94", "#b35806", "#eeeae2"
MOST_ROWS = 40  # parameters shown in one panel; the table has all


def draw(stem: Path, analyses: Sequence[Analysis], confidence: float, footer: str, about: str,
         ranges: Mapping[str, str] | None = None, units: Mapping[str, str] | None = None) -> list[Path]:
    """Draw one panel for each analysis; write SVG and PNG, with the provenance in both.

    Parameters
    ----------
    stem : Path
        Path of the files without their endings.
    analyses : sequence of Analysis
    confidence : float
        Level of the intervals.
    footer : str
        Provenance in one line.
    about : str
        Provenance in full, for the files' metadata.
    ranges : mapping of parameter to str, optional
        What each was varied over: indices depend on it.
    units : mapping of outcome to str, optional
    """
    import matplotlib
    from matplotlib.figure import Figure

    shown = [min(len(a.indices.main), MOST_ROWS + 1) for a in analyses]
    inches = [0.8 + 0.36 * n for n in shown]
    figure = Figure(figsize=(9, sum(inches) + 0.5), layout="constrained")
    panels = figure.subplots(len(analyses), 1, squeeze=False, height_ratios=inches)[:, 0]
    for panel, analysis in zip(panels, analyses):
        of = (units or {}).get(analysis.outcome, "")
        _panel(panel, analysis, confidence, ranges or {}, of)
    figure.supxlabel(footer, fontsize=6.5, color=GREY, x=0.01, ha="left")
    paths = []
    with matplotlib.rc_context({"svg.hashsalt": "lamplighter", "svg.fonttype": "none"}):
        for kind, notes in (("svg", {"Description": about, "Date": None}), ("png", {"Description": about})):
            data = io.BytesIO()
            figure.savefig(data, format=kind, dpi=150, metadata=notes)
            paths.append(stem.with_name(f"{stem.name}.{kind}"))
            put(paths[-1], data.getvalue())
    return paths


def _panel(panel: Any, analysis: Analysis, confidence: float, ranges: Mapping[str, str], unit_of: str) -> None:
    from experiments.sweeps.analysing import TITLES

    found = analysis.indices
    main = MEASURES[found.method][0]
    rows = [*found.main[:-1][:MOST_ROWS], found.main[-1]]
    second = {r.name: r for r in found.rows if r.measure == "S1"}
    floor = rows[0].floor
    top = max([r.high for r in rows] + [r.high for r in second.values()] + [1e-12])
    least = min([0.0] + [r.low for r in second.values()])
    panel.axvspan(least - 0.03 * top, floor, color=NOISE, lw=0)
    panel.axvline(floor, color=INK, lw=0.8, ls=(0, (4, 2)))
    panel.text(floor, -0.75, " dummy's upper bound: below it, noise", fontsize=7, color=INK, va="center")
    for y, row in enumerate(rows):
        last = y == len(rows) - 1
        colour = GREY if last else {CLEAR: BLUE, UNCLEAR: BLUE}.get(row.verdict, GREY)
        lift = 0.13 if second else 0
        panel.plot([row.low, row.high], [y - lift] * 2, color=colour, lw=1.6, solid_capstyle="butt")
        panel.plot([row.value], [y - lift], "o", ms=6, color=colour, mfc=colour if row.verdict == CLEAR else "white")
        if row.name in second:
            other = second[row.name]
            panel.plot([other.low, other.high], [y + lift] * 2, color=ORANGE, lw=1.1)
            panel.plot([other.value], [y + lift], "s", ms=4, color=ORANGE)
        words = f"{number(row.value)}  {row.verdict}" if not last else f"{number(row.value)}  never seen by the model"
        panel.text(1.01, y, words, transform=panel.get_yaxis_transform(), fontsize=7.5, va="center",
                   color=INK if row.verdict == CLEAR else GREY)
    if second:
        panel.annotate("total", (rows[0].value, -0.13), (0, 5), textcoords="offset points", fontsize=7, color=BLUE,
                       ha="center")
        panel.annotate("first order", (second[rows[0].name].value, 0.13), (0, -10), textcoords="offset points",
                       fontsize=7, color=ORANGE, ha="center")
    panel.set_yticks(range(len(rows)), [f"{r.name}\n{ranges[r.name]}" if r.name in ranges and r is not rows[-1]
                                        else r.name for r in rows], fontsize=7.5)
    panel.set_ylim(len(rows) - 0.4, -1.1)
    panel.set_xlim(least - 0.03 * top, 1.06 * top)
    panel.tick_params(axis="x", labelsize=7.5)
    panel.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)
    of = f", {unit_of}" if unit_of else ""
    unit = f": change of the outcome over the range of a parameter{of}" if main == "mu_star" else (
        ": share of the variance between draws" if main == "ST" else ": distance between distributions (0-1)")
    panel.set_xlabel(f"{TITLES[main]}{unit}; lines: {100 * confidence:g} % intervals", fontsize=8)
    panel.set_title(analysis.title, fontsize=9.5, loc="left", color=INK)
