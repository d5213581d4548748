"""Maps: squares of a few cells, drawn as one path a class, clipped to the shape of the city."""

from __future__ import annotations

import math
from html import escape

import numpy as np

from analysis import effects, words
from analysis.outcomes import Comparison, Frame
from analysis.report.svg import INK, n

# Brown-green, safe for colour-blind readers (ColorBrewer BrBG); the sign is drawn too, for grey prints.
FEWER, MORE, NEUTRAL = ("#00665e", "#5ab4ac", "#c0e6e0"), ("#f6e3b5", "#d8a24a", "#8c510a"), "#efefeb"
SEQUENTIAL = ("#f2f0ea", "#d6dfe3", "#a9c2d0", "#6d9ab5", "#356f93", "#0f3f5f")
MAX_SQUARES = 30  # along the longer side, so that a square holds enough crimes for an interval


class Squares:
    """Places of a city grouped into squares of `k` by `k` cells."""

    def __init__(self, frame: Frame, k: int):
        self.frame, self.k = frame, k
        x, y = frame.cells % frame.width, frame.cells // frame.width
        self.left, self.bottom = int(x.min()), int(y.min())
        self.width, self.height = int(x.max()) - self.left + 1, int(y.max()) - self.bottom + 1
        code = (y - self.bottom) // k * 100_000 + (x - self.left) // k
        self.codes, self.of = np.unique(code, return_inverse=True)
        self.col, self.row = self.codes % 100_000, self.codes // 100_000

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def metres(self) -> float:
        return self.k * self.frame.cell_m

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Sum values of places, shape (..., places), into squares."""
        flat = np.atleast_2d(values)
        out = np.stack([np.bincount(self.of, row, len(self)) for row in flat])
        return out if np.ndim(values) > 1 else out[0]

    def corner(self, i: int) -> tuple[float, float]:
        """Upper left corner of a square in the drawing (cells, y downwards)."""
        return float(self.col[i] * self.k), float(self.height - (self.row[i] + 1) * self.k)

    def path(self, chosen: np.ndarray) -> str:
        """Outline of the chosen squares as one path."""
        return "".join("M{0} {1}h{2}v{2}h-{2}z".format(*map(n, self.corner(i)), self.k) for i in np.flatnonzero(chosen))

    def signs(self, chosen: np.ndarray, plus: bool) -> str:
        """A small plus or minus in the middle of the chosen squares."""
        half, out = 0.25 * self.k, []
        for i in np.flatnonzero(chosen):
            x, y = (v + self.k / 2 for v in self.corner(i))
            out.append(
                f"M{n(x - half)} {n(y)}h{n(2 * half)}" + (f"M{n(x)} {n(y - half)}v{n(2 * half)}" if plus else "")
            )
        return "".join(out)


def squares_for(c: Comparison, about: float = 25.0) -> Squares:
    """Squares large enough to hold about `about` crimes a run on average, at most `MAX_SQUARES` along a side."""
    frame = c.frame
    x, y = frame.cells % frame.width, frame.cells // frame.width
    longer = max(int(np.ptp(x)), int(np.ptp(y))) + 1
    crimes = float(np.nanmean(np.nansum(c.by_place(c.baseline.name), axis=1)))
    by_count = math.ceil(math.sqrt(about * len(frame.cells) / max(crimes, 1.0)))
    return Squares(frame, int(np.clip(max(by_count, math.ceil(longer / MAX_SQUARES)), 2, max(2, longer // 6))))


def shapes(squares: Squares) -> str:
    """Shape and area borders of the city, defined once and used by every map."""
    f = squares.frame
    inside = np.zeros((squares.height, squares.width), bool)
    area = np.full((squares.height, squares.width), -1)
    x, y = f.cells % f.width - squares.left, squares.height - 1 - (f.cells // f.width - squares.bottom)
    inside[y, x], area[y, x] = True, f.area
    runs = []
    for row in range(squares.height):
        for start, stop in _runs(inside[row]):
            runs.append(f"M{start} {row}h{stop - start}v1h-{stop - start}z")
    # Borders run between areas and around the city, so a frame of outside is put around it.
    framed = np.pad(np.where(inside, area, -2), 1, constant_values=-2)
    borders = [
        f"M{start - 1} {row}h{stop - start}"
        for row in range(squares.height + 1)
        for start, stop in _runs(framed[row] != framed[row + 1])
    ]
    borders += [
        f"M{col} {start - 1}v{stop - start}"
        for col in range(squares.width + 1)
        for start, stop in _runs(framed[:, col] != framed[:, col + 1])
    ]
    k, shape = squares.k, "".join(runs)
    return (
        '<svg class="defs" width="0" height="0" aria-hidden="true"><defs>'
        f'<clipPath id="city"><path d="{shape}"/></clipPath><path id="shape" d="{shape}"/>'
        f'<path id="borders" d="{"".join(borders)}"/>'
        f"{_hatch('hatch', k, '#4a545d')}{_hatch('hatch-light', k, '#ffffff')}</defs></svg>"
    )


def _hatch(name: str, k: int, colour: str) -> str:
    side = n(k / 3)
    return (
        f'<pattern id="{name}" width="{side}" height="{side}" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><path d="M0 0V{side}" stroke="{colour}" stroke-width="{n(max(k / 14, 0.1))}" '
        'stroke-opacity="0.7"/></pattern>'
    )


def _runs(row: np.ndarray) -> list[tuple[int, int]]:
    edge = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    return list(zip(edge[::2].tolist(), edge[1::2].tolist()))


def _draw(squares: Squares, layers: list[str], title: str, text: str) -> str:
    w, h = squares.width, squares.height
    pad = 0.02 * max(w, h)
    line = n(max(max(w, h) / 420, 0.05))
    return (
        f'<svg role="img" class="map" aria-label="{escape(f"{title}. {text}", quote=True)}" '
        f'viewBox="{n(-pad)} {n(-pad)} {n(w + 2 * pad)} {n(h + 2 * pad)}">'
        f'<use href="#shape" fill="{NEUTRAL}"/><g clip-path="url(#city)">{"".join(layers)}</g>'
        f'<use href="#borders" fill="none" stroke="{INK}" stroke-opacity="0.45" stroke-width="{line}"/></svg>'
    )


class DifferenceScale:
    """Six classes and a middle, equal for all arms: bounds at the 95th percentile of |difference| and parts of it."""

    def __init__(self, differences: list[np.ndarray]):
        seen = np.abs(np.concatenate([np.ravel(d) for d in differences] or [np.zeros(1)]))
        seen = seen[np.isfinite(seen) & (seen > 0)]
        top = float(np.quantile(seen, 0.95)) if len(seen) else 1.0
        self.bounds = np.array([_round(top / 8), _round(top / 2.5), _round(top)])
        if len(np.unique(self.bounds)) < 3:
            self.bounds = top * np.array([0.1, 0.4, 1.0])

    def classes(self) -> list[tuple[float, float, str]]:
        """(low, high, colour) from the strongest fall to the strongest rise."""
        a, b, c = self.bounds
        return [
            (-math.inf, -c, FEWER[0]),
            (-c, -b, FEWER[1]),
            (-b, -a, FEWER[2]),
            (-a, a, NEUTRAL),
            (a, b, MORE[0]),
            (b, c, MORE[1]),
            (c, math.inf, MORE[2]),
        ]

    def legend(self, unit: str) -> str:
        digits = max(0, -math.floor(math.log10(self.bounds[0]))) if self.bounds[0] > 0 else 1
        f = lambda v: words.num(v, digits, True)  # noqa: E731
        swatches = []
        for low, high, colour in self.classes():
            label = (
                f"{f(high)} or less"
                if low == -math.inf
                else f"{f(low)} or more"
                if high == math.inf
                else f"{f(low)} to {f(high)}"
            )
            swatches.append(f'<span><i style="background:{colour}"></i>{label}</span>')
        marks = (
            "<span><b>\u2212</b> settled fall</span><span><b>+</b> settled rise</span>"
            '<span><i class="hatched"></i>interval spans zero</span>'
        )
        return f'<p class="key">{escape(unit)}: {"".join(swatches)}{marks}</p>'


def _round(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return min((1, 2, 3, 5, 10), key=lambda s: abs(s * power - value)) * power


def square_effects(c: Comparison, arm: str, squares: Squares, layer: str = "true", level: float = 0.95):
    """Difference per square, per km2 and year, with its t interval over pairs: mean, low, high."""
    factor = 1 / ((squares.metres / 1000) ** 2 * c.frame.years)
    d = squares.sum(c.by_place(arm, layer)) - squares.sum(c.by_place(c.baseline.name, layer))
    d = d[np.isfinite(d).all(axis=1)] * factor
    if not len(d):
        return (np.full(len(squares), math.nan),) * 3
    mean = d.mean(axis=0)
    if len(d) < 2:
        return mean, np.full_like(mean, math.nan), np.full_like(mean, math.nan)
    half = effects._t_quantile(0.5 + level / 2, len(d) - 1) * d.std(axis=0, ddof=1) / math.sqrt(len(d))
    return mean, mean - half, mean + half


def difference(squares: Squares, scale: DifferenceScale, mean, low, high, title: str) -> str:
    """Map of the difference: hatched where the interval spans zero, signed where it does not."""
    layers = []
    for a, b, colour in scale.classes():
        chosen = (mean > a) & (mean <= b) if a < 0 else (mean >= a) & (mean < b)
        if colour != NEUTRAL and chosen.any():
            layers.append(f'<path d="{squares.path(chosen)}" fill="{colour}"/>')
    settled = (low > 0) | (high < 0)
    open_ = np.isfinite(low) & ~settled & (np.abs(mean) >= scale.bounds[0])
    strong = np.abs(mean) >= scale.bounds[2]
    for chosen, pattern in ((open_ & strong, "hatch-light"), (open_ & ~strong, "hatch")):
        if chosen.any():
            layers.append(f'<path d="{squares.path(chosen)}" fill="url(#{pattern})"/>')
    for chosen, plus in ((settled & (mean > 0), True), (settled & (mean < 0), False)):
        for mine, colour in ((chosen & strong, "#fff"), (chosen & ~strong, "#10202c")):
            if mine.any():
                layers.append(
                    f'<path d="{squares.signs(mine, plus)}" stroke="{colour}" stroke-width="{n(0.12 * squares.k)}"/>'
                )
    text = (
        f"{int((settled & (mean < 0)).sum())} squares with a settled fall, {int((settled & (mean > 0)).sum())} with a "
        f"settled rise, of {len(squares)}"
    )
    return _draw(squares, layers, title, text)


def level_scale(values: list[np.ndarray]) -> np.ndarray:
    """Five round bounds of the classes of a level map, from the quantiles of all places with crime."""
    seen = np.concatenate([np.ravel(v) for v in values])
    seen = seen[seen > 0]
    if not len(seen):
        return np.array([1.0, 2, 3, 4, 5])
    bounds = np.array([_round(float(q)) for q in np.quantile(seen, [0.2, 0.5, 0.75, 0.9, 0.97])])
    for i in range(1, 5):
        if bounds[i] <= bounds[i - 1]:
            bounds[i] = _round(bounds[i - 1] * 1.6)
    return bounds


def level(squares: Squares, values: np.ndarray, bounds: np.ndarray, title: str, text: str) -> str:
    """Map of a level per square in six classes, pale to dark."""
    at = np.digitize(values, bounds)
    layers = [
        f'<path d="{squares.path(at == k)}" fill="{colour}"/>' for k, colour in enumerate(SEQUENTIAL) if (at == k).any()
    ]
    return _draw(squares, layers, title, text)


def level_legend(bounds: np.ndarray, unit: str) -> str:
    digits = max(0, -math.floor(math.log10(bounds[0])))
    f = lambda v: words.num(v, digits)  # noqa: E731
    labels = [
        f"under {f(bounds[0])}",
        *(f"{f(a)} to {f(b)}" for a, b in zip(bounds, bounds[1:])),
        f"{f(bounds[-1])} and more",
    ]
    swatches = "".join(f'<span><i style="background:{c}"></i>{t}</span>' for c, t in zip(SEQUENTIAL, labels))
    return f'<p class="key">{escape(unit)}: {swatches}</p>'
