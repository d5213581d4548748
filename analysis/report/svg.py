"""Scalable drawings as text: a few shapes, scales with round ticks, nothing fetched from anywhere."""

from __future__ import annotations

import math
from html import escape

import numpy as np

INK, MUTED, RULE, PAPER = "#1c2733", "#56636f", "#d5dbe1", "#ffffff"
BLUE, ORANGE = "#1f5f8b", "#a85b12"


def n(value: float) -> str:
    """Short number for a coordinate."""
    return f"{value:.1f}".rstrip("0").rstrip(".") if abs(value) >= 0.05 else "0"


class Svg:
    """A drawing of `width` x `height` units that scales to its column.

    Every drawing carries what it shows in words (`title` and `text`), for those who cannot see it.
    """

    def __init__(self, width: float, height: float, title: str, text: str = "", cls: str = ""):
        self.width, self.height, self.title, self.text, self.cls = width, height, title, text, cls
        self.parts: list[str] = []

    def add(self, part: str) -> None:
        self.parts.append(part)

    def line(self, x1, y1, x2, y2, stroke=RULE, width=1.0, dash="") -> None:
        self.add(
            f'<line x1="{n(x1)}" y1="{n(y1)}" x2="{n(x2)}" y2="{n(y2)}" stroke="{stroke}" stroke-width="{width}"'
            + (f' stroke-dasharray="{dash}"' if dash else "")
            + "/>"
        )

    def rect(self, x, y, w, h, fill, stroke="none", extra="") -> None:
        self.add(f'<rect x="{n(x)}" y="{n(y)}" width="{n(w)}" height="{n(h)}" fill="{fill}" stroke="{stroke}"{extra}/>')

    def write(self, x, y, text, anchor="start", fill=INK, size=13, weight="", extra="") -> None:
        style = f' font-weight="{weight}"' if weight else ""
        self.add(
            f'<text x="{n(x)}" y="{n(y)}" text-anchor="{anchor}" fill="{fill}" font-size="{size}"{style}{extra}>'
            f"{escape(str(text))}</text>"
        )

    def polyline(self, xs, ys, stroke=INK, width=1.8, dash="") -> None:
        """A line that is broken where values are missing."""
        parts, pen = [], "M"
        for x, y in zip(xs, ys):
            if not math.isfinite(y):
                pen = "M"
                continue
            parts.append(f"{pen}{n(x)} {n(y)}")
            pen = "L"
        self.add(
            f'<path d="{"".join(parts)}" fill="none" stroke="{stroke}" stroke-width="{width}" stroke-linejoin="round"'
            + (f' stroke-dasharray="{dash}"' if dash else "")
            + "/>"
        )

    def band(self, xs, lows, highs, fill, opacity) -> None:
        inside = [(x, a, b) for x, a, b in zip(xs, lows, highs) if math.isfinite(a) and math.isfinite(b)]
        if len(inside) < 2:
            return
        forth = "".join(f"{'M' if i == 0 else 'L'}{n(x)} {n(b)}" for i, (x, _, b) in enumerate(inside))
        back = "".join(f"L{n(x)} {n(a)}" for x, a, _ in reversed(inside))
        self.add(f'<path d="{forth}{back}Z" fill="{fill}" fill-opacity="{opacity}"/>')

    def mark(self, x, y, shape="circle", size=5.0, fill=INK, stroke=INK) -> None:
        if shape == "circle":
            self.add(
                f'<circle cx="{n(x)}" cy="{n(y)}" r="{n(size)}" fill="{fill}" stroke="{stroke}" stroke-width="1.6"/>'
            )
        elif shape == "square":
            self.add(
                f'<rect x="{n(x - size)}" y="{n(y - size)}" width="{n(2 * size)}" height="{n(2 * size)}" '
                f'fill="{fill}" stroke="{stroke}" stroke-width="1.6"/>'
            )
        else:
            self.add(
                f'<path d="M{n(x - size)} {n(y)}L{n(x)} {n(y - size)}L{n(x + size)} {n(y)}L{n(x)} {n(y + size)}Z" '
                f'fill="{fill}" stroke="{stroke}" stroke-width="1.6"/>'
            )

    def render(self) -> str:
        label = escape(f"{self.title}. {self.text}" if self.text else self.title, quote=True)
        return (
            f'<svg role="img" aria-label="{label}" viewBox="0 0 {n(self.width)} {n(self.height)}"'
            + (f' class="{self.cls}"' if self.cls else "")
            + ">"
            + "".join(self.parts)
            + "</svg>"
        )


def ticks(low: float, high: float, about: int = 5) -> np.ndarray:
    """Round numbers that cover `low` to `high`."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        low, high = (low - 1, low + 1) if math.isfinite(low) else (0.0, 1.0)
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= raw * 0.999)
    return np.arange(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1) * step


def digits_of(marks: np.ndarray) -> int:
    """Decimals that tell neighbouring ticks apart."""
    step = float(marks[1] - marks[0]) if len(marks) > 1 else 1.0
    for d in range(5):
        if abs(step * 10**d - round(step * 10**d)) < 1e-6 * 10**d * step + 1e-9:
            return d
    return 4
