"""Pieces of HTML. Every text from outside the program passes through :func:`esc`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from analysis.report.style import CSS, SCRIPT


def esc(text: object) -> str:
    return escape(str(text), quote=True)


class Html(str):
    """Text that is HTML already."""


def cell(value: object) -> str:
    return value if isinstance(value, Html) else esc(value)


def p(*parts: object, cls: str = "") -> str:
    return f"<p{f' class={chr(34)}{cls}{chr(34)}' if cls else ''}>{''.join(cell(x) for x in parts)}</p>"


def table(
    head: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "", left: int = 1, base: Sequence[int] = ()
) -> str:
    """A table whose first column names the row; columns from `left` on hold numbers and stand to the right.

    Parameters
    ----------
    base : rows to set off (the baseline).
    """
    side = lambda i: ' class="n"' if i >= left else ""  # noqa: E731
    top = "".join(f'<th scope="col"{side(i)}>{cell(h)}</th>' for i, h in enumerate(head))
    body = []
    for k, row in enumerate(rows):
        first, *rest = row
        cells = "".join(f"<td{side(i + 1)}>{cell(v)}</td>" for i, v in enumerate(rest))
        body.append(f'<tr{" class=base" if k in base else ""}><th scope="row">{cell(first)}</th>{cells}</tr>')
    title = f"<caption>{cell(caption)}</caption>" if caption else ""
    return f'<div class="wide"><table>{title}<thead><tr>{top}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def figure(drawing: str, caption: str, behind: str = "", summary: str = "Numbers behind this chart") -> str:
    """A drawing with its caption and the table behind it."""
    folded = details(summary, behind) if behind else ""
    return f"<figure>{drawing}<figcaption>{cell(caption)}</figcaption></figure>{folded}"


def details(summary: str, body: str) -> str:
    return f"<details><summary>{esc(summary)}</summary>{body}</details>"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    return '<dl class="facts">' + "".join(f"<div><dt>{esc(k)}</dt><dd>{esc(v)}</dd></div>" for k, v in pairs) + "</dl>"


def definitions(pairs: Iterable[tuple[str, object]]) -> str:
    return "<dl>" + "".join(f"<dt>{esc(k)}</dt><dd>{cell(v)}</dd>" for k, v in pairs) + "</dl>"


def warning(title: str, text: str) -> str:
    return f'<div class="warning" role="note"><strong>\u26a0 {esc(title)}</strong> {cell(text)}</div>'


def tag(text: str) -> str:
    return f'<span class="tag">{esc(text)}</span>'


def document(title: str, head: str, sections: Sequence[tuple[str, str, str]], foot: str) -> str:
    """The whole page from (id, heading, body) sections; empty bodies are left out."""
    there = [s for s in sections if s[2]]
    contents = "".join(f'<li><a href="#{esc(key)}">{esc(name)}</a></li>' for key, name, _ in there)
    body = "".join(f'<section id="{esc(key)}"><h2>{esc(name)}</h2>{text}</section>' for key, name, text in there)
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{esc(title)}</title><style>{CSS}</style></head>\n<body>"
        f'<a class="skip" href="#main">Skip to the findings</a><header>{head}'
        f'<nav aria-label="Contents"><ol>{contents}</ol></nav></header>\n'
        f'<main id="main">{body}</main>\n<footer>{foot}</footer><script>{SCRIPT}</script></body></html>\n'
    )
