"""Plain tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence


def layout(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return aligned lines: the first column to the left, all others to the right."""
    table = [list(map(str, head)), *(list(map(str, row)) for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(head))]
    lines = ["  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]).rstrip()
             for row in table]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def number(value: float, digits: int = 3) -> str:
    """Return a number with few digits, or a dash for what is not known."""
    if value != value or abs(value) == float("inf"):
        return "-"
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) < 0.01:
        return f"{value:.{max(1, digits - 1)}g}"
    return f"{value:.{max(0, digits - len(str(int(abs(value)))))}f}"


def signed(value: float, digits: int = 3) -> str:
    """Return a difference with its sign."""
    text = number(value, digits)
    return f"+{text}" if value > 0 and text not in ("-", "0") else text
