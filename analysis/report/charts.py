"""The charts of a report: forest plots, differences over time, profiles, bars, scatter."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from analysis import words
from analysis.report.svg import BLUE, INK, MUTED, ORANGE, PAPER, RULE, Svg, digits_of, ticks

WIDTH = 860.0


@dataclass(frozen=True)
class Row:
    """A row of a forest plot; `mid` of None makes it a heading."""

    label: str
    mid: float | None = None
    low: float = math.nan
    high: float = math.nan
    text: str = ""
    shape: str = "circle"
    hollow: bool = False
    dots: tuple[float, ...] = ()


def forest(rows: list[Row], title: str, axis: str, good: str = "fewer (better)", bad: str = "more (worse)") -> str:
    """Differences with intervals around a line at zero; the axis says which side is better.

    Filled marks stand for settled differences, hollow ones for intervals that span zero unless `hollow` is used to
    tell kinds apart; small dots are single pairs of runs.
    """
    left, right, step, top = 235.0, 235.0, 40.0 if any(r.dots for r in rows) else 29.0, 34.0
    height = top + sum(step if r.mid is not None else 30 for r in rows) + 62
    svg = Svg(WIDTH, height, title, "; ".join(f"{r.label} {r.text}" for r in rows if r.mid is not None))
    spread = [v for r in rows if r.mid is not None for v in (r.mid, r.low, r.high, *r.dots) if math.isfinite(v)] or [
        0.0
    ]
    low, high = min(*spread, 0.0), max(*spread, 0.0)
    pad = 0.06 * (high - low) or 1.0
    marks = ticks(low - pad, high + pad)
    x0, x1 = left, WIDTH - right
    at = lambda v: x0 + (v - marks[0]) / (marks[-1] - marks[0]) * (x1 - x0)  # noqa: E731
    bottom = height - 56
    digits = digits_of(marks)
    for m in marks:
        zero = abs(m) < 1e-12
        svg.line(at(m), top - 8, at(m), bottom, INK if zero else RULE, 1.3 if zero else 1)
        svg.write(at(m), bottom + 18, words.num(m, digits, True), "middle", MUTED, 12)
    svg.write((x0 + x1) / 2, height - 6, axis, "middle", MUTED, 12)
    if at(0) - x0 > 90:
        svg.write(at(0) - 8, top - 16, f"\u2190 {good}", "end", INK, 12)
    if x1 - at(0) > 90:
        svg.write(at(0) + 8, top - 16, f"{bad} \u2192", "start", INK, 12)
    y = top
    for r in rows:
        if r.mid is None:
            svg.write(0, y + 20, r.label, weight="600")
            y += 30
            continue
        middle = y + step / 2
        svg.write(0 if not r.label.startswith(" ") else 14, middle + 4, r.label.strip())
        for k, d in enumerate(r.dots):
            if math.isfinite(d):
                svg.add(
                    f'<circle cx="{at(d):.1f}" cy="{middle + 11 + 2.2 * (k % 3 - 1):.1f}" r="2.1" fill="{MUTED}" '
                    'fill-opacity="0.55"/>'
                )
        if math.isfinite(r.low):
            svg.line(at(r.low), middle, at(r.high), middle, INK, 2.2)
            for end in (r.low, r.high):
                svg.line(at(end), middle - 4, at(end), middle + 4, INK, 2.2)
        if math.isfinite(r.mid):
            svg.mark(at(r.mid), middle, r.shape, 5.2, PAPER if r.hollow else INK)
        svg.write(x1 + 16, middle + 4, r.text, size=12.5)
        y += step
    return svg.render()


@dataclass(frozen=True)
class Panel:
    """A small chart of lines over one shared axis. `bands` are (low, high, opacity)."""

    title: str
    lines: list[tuple[str, np.ndarray, str]]  # label, values, "solid" | "dash" | "dot"
    bands: list[tuple[np.ndarray, np.ndarray, float]] = field(default_factory=list)


DASH = {"solid": "", "dash": "7 4", "dot": "2 3"}
COLOUR = {"solid": BLUE, "dash": ORANGE, "dot": MUTED}


def panels(
    items: list[Panel],
    title: str,
    x_marks: list[tuple[float, str]],
    y_axis: str,
    columns: int = 2,
    zero: bool = False,
    text: str = "",
    share_y: bool = True,
    x_axis: str = "",
) -> str:
    """Small multiples with a common scale. `zero` draws a strong line at zero instead of starting the axis there."""
    columns = min(columns, max(len(items), 1))
    gap, wide = 34.0, (WIDTH - 34.0 * (columns - 1)) / columns
    tall = 206.0
    rows = math.ceil(len(items) / columns)
    foot = 22 if x_axis else 0
    svg = Svg(WIDTH, rows * tall + foot, title, text)
    scales = []
    for p in items:
        seen = np.concatenate(
            [np.ravel(v) for _, v, _ in p.lines] + [np.ravel(b) for lo, hi, _ in p.bands for b in (lo, hi)]
        )
        seen = seen[np.isfinite(seen)]
        scales.append((seen.min(), seen.max()) if len(seen) else (0.0, 1.0))
    if share_y:
        scales = [(min(s[0] for s in scales), max(s[1] for s in scales))] * len(items)
    for k, p in enumerate(items):
        x0, y0 = (k % columns) * (wide + gap) + 48, (k // columns) * tall + 42
        x1, y1 = x0 + wide - 52, y0 + tall - 78
        low, high = scales[k]
        marks = ticks(min(low, 0.0), max(high, 0.0) if zero or high <= 0 else high, 4)
        last = max(len(p.lines[0][1]) - 1, 1)
        fx = lambda v: x0 + v / last * (x1 - x0)  # noqa: B023, E731
        fy = lambda v: y1 - (v - marks[0]) / (marks[-1] - marks[0]) * (y1 - y0)  # noqa: B023, E731
        svg.write(x0 - 48, y0 - 24, p.title, weight="600")
        if k % columns == 0:
            svg.write(x0 - 48, y0 - 8, y_axis, fill=MUTED, size=11)
        for m in marks:
            strong = zero and abs(m) < 1e-12
            svg.line(x0, fy(m), x1, fy(m), INK if strong else RULE, 1.2 if strong else 1)
            svg.write(x0 - 7, fy(m) + 4, words.num(m, digits_of(marks), zero), "end", MUTED, 11)
        for v, label in x_marks:
            if v <= last:
                svg.write(fx(v), y1 + 18, label, "middle", MUTED, 11)
        xs = [fx(i) for i in range(last + 1)]
        for lo, hi, opacity in p.bands:
            svg.band(xs, [fy(v) for v in lo], [fy(v) for v in hi], BLUE, opacity)
        for _, values, kind in p.lines:
            svg.polyline(xs, [fy(v) for v in values], COLOUR[kind], 2, DASH[kind])
    if x_axis:
        svg.write(WIDTH / 2, rows * tall + 12, x_axis, "middle", MUTED, 12)
    return svg.render()


def key(entries: list[tuple[str, str]]) -> str:
    """Legend of line styles as HTML: (label, kind) or marks: kinds "circle", "hollow", "square"."""
    from html import escape

    out = []
    for label, kind in entries:
        if kind in DASH:
            shape = (
                f'<path d="M1 7H33" stroke="{COLOUR[kind]}" stroke-width="2.4" '
                + (f'stroke-dasharray="{DASH[kind]}"' if DASH[kind] else "")
                + "/>"
            )
        elif kind == "square":
            shape = f'<rect x="12" y="2" width="10" height="10" fill="{INK}"/>'
        elif kind == "bar":
            shape = f'<rect x="2" y="2" width="30" height="10" fill="{BLUE}"/>'
        elif kind == "bar2":
            shape = (
                f'<rect x="2.7" y="2.7" width="28.6" height="8.6" fill="{PAPER}" stroke="{ORANGE}" stroke-width="1.4"/>'
            )
        else:
            fill = PAPER if kind == "hollow" else INK
            shape = f'<circle cx="17" cy="7" r="5" fill="{fill}" stroke="{INK}" stroke-width="1.6"/>'
        drawing = f'<svg viewBox="0 0 34 14" width="34" height="14" aria-hidden="true">{shape}</svg>'
        out.append(f"<span>{drawing} {escape(label)}</span>")
    return f'<p class="key">{"".join(out)}</p>'


def bars(rows: list[tuple[str, float, float]], title: str, axis: str, digits: int = 1, text: str = "") -> str:
    """Two values a row: a full bar and an outlined one, with the numbers written out. NaN draws nothing."""
    left, right, step = 150.0, 90.0, 44.0
    height = step * len(rows) + 44
    svg = Svg(WIDTH, height, title, text)
    known = [v for _, a, b in rows for v in (a, b) if math.isfinite(v)]
    marks = ticks(0, max(known, default=1.0) or 1.0)
    at = lambda v: left + v / marks[-1] * (WIDTH - left - right)  # noqa: E731
    for m in marks:
        svg.line(at(m), 4, at(m), height - 40, RULE)
        svg.write(at(m), height - 24, words.num(m, digits_of(marks)), "middle", MUTED, 11)
    svg.write((left + WIDTH - right) / 2, height - 6, axis, "middle", MUTED, 12)
    for k, (label, a, b) in enumerate(rows):
        y = 6 + k * step
        svg.write(left - 12, y + 21, label, "end")
        for value, dy, fill, stroke in ((a, 0, BLUE, BLUE), (b, 16, PAPER, ORANGE)):
            if math.isfinite(value):
                svg.rect(left, y + dy + 2, max(at(value) - left, 0.5), 12, fill, stroke, ' stroke-width="1.4"')
                svg.write(at(value) + 6, y + dy + 13, words.num(value, digits), size=11.5, fill=INK)
    return svg.render()


def scatter(x: np.ndarray, y: np.ndarray, labels: list[str], title: str, x_axis: str, y_axis: str) -> str:
    """Areas as points with the line of equality; up to eight points get their names."""
    size = 430.0
    svg = Svg(
        WIDTH,
        size + 12,
        title,
        "; ".join(
            f"{name}: {words.num(a, 1)} observed, {words.num(b, 1)} simulated" for name, a, b in zip(labels[:80], x, y)
        ),
    )
    marks = ticks(0, float(np.nanmax(np.concatenate([x, y, [1e-9]]))))
    x0, y1, side = 190.0, size - 44, size - 70
    fx = lambda v: x0 + v / marks[-1] * side  # noqa: E731
    fy = lambda v: y1 - v / marks[-1] * side  # noqa: E731
    for m in marks:
        svg.line(fx(m), fy(0), fx(m), fy(marks[-1]), RULE)
        svg.line(fx(0), fy(m), fx(marks[-1]), fy(m), RULE)
        svg.write(fx(m), y1 + 18, words.num(m, digits_of(marks)), "middle", MUTED, 11)
        svg.write(x0 - 8, fy(m) + 4, words.num(m, digits_of(marks)), "end", MUTED, 11)
    svg.line(fx(0), fy(0), fx(marks[-1]), fy(marks[-1]), MUTED, 1.2, "5 4")
    svg.write(fx(marks[-1]) + 8, fy(marks[-1]) + 4, "equal", fill=MUTED, size=11)
    svg.write(x0 + side / 2, size + 4, x_axis, "middle", MUTED, 12)
    svg.write(x0 - 60, 14, y_axis, fill=MUTED, size=12)
    named = (
        set(range(len(labels))) if len(labels) <= 8 else set(np.argsort(-np.nan_to_num(np.maximum(x, y)))[:6].tolist())
    )
    taken: list[tuple[float, float, int]] = []
    for k, (a, b) in enumerate(zip(x, y)):
        if math.isfinite(a) and math.isfinite(b):
            svg.mark(fx(a), fy(b), "circle", 4.2, BLUE, PAPER)
            # A label that would lie on another one is left to the table.
            if k in named and all(
                abs(fy(b) - v) > 12 or abs(fx(a) - u) > 7 * max(len(labels[k]), m) for u, v, m in taken
            ):
                svg.write(fx(a) + 8, fy(b) + 4, labels[k], size=11.5)
                taken.append((fx(a), fy(b), len(labels[k])))
    return svg.render()
