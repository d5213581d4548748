"""Numbers and findings in plain words. Every sentence is made from the numbers that the tables show."""

from __future__ import annotations

import math
from typing import Any

from analysis.economics import CostPerCrime
from analysis.effects import Effect
from analysis.outcomes import Arm

MINUS = "\u2212"
DASH = "\u2013"
NBSP = "\u00a0"


def num(value: float, digits: int = 1, sign: bool = False) -> str:
    """Format a number with thousands separators and a true minus sign; a dash when it is not known."""
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{abs(value):,.{digits}f}"
    if not text.strip("0.,"):
        return text
    return (MINUS if value < 0 else "+" if sign else "") + text


def money(value: float) -> str:
    """Format an amount with three significant figures."""
    if not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    if abs(value) >= 1:
        step = 10 ** max(0, math.floor(math.log10(abs(value))) - 2)
        return num(round(value / step) * step, 0)
    return num(value, 2)


def fit(values: tuple[float, ...], digits: int) -> int:
    """Up to two more decimals where a value that is not zero would be printed as zero, hiding its sign."""
    while any(math.isfinite(v) and v and not num(abs(v), digits).strip("0.,") for v in values) and digits < 3:
        digits += 1
    return digits


def interval(e: Effect, digits: int = 1) -> str:
    """Difference with its interval: "-4.9 (-6.8 to -3.0)"."""
    if not math.isfinite(e.difference):
        return DASH
    digits = fit((e.low, e.high), digits)
    text = num(e.difference, digits, sign=True)
    if exactly_zero(e):
        return f"{text} (in every pair)"
    if not math.isfinite(e.low):
        return f"{text} (one pair, no interval)"
    return f"{text} ({num(e.low, digits, True)} to {num(e.high, digits, True)})"


def percent(e: Effect, digits: int = 1) -> str:
    if not math.isfinite(e.percent):
        return DASH
    digits = fit((e.percent_low, e.percent_high), digits)
    text = f"{num(e.percent, digits, True)}{NBSP}%"
    if math.isfinite(e.percent_low) and not exactly_zero(e):
        text += f" ({num(e.percent_low, digits, True)} to {num(e.percent_high, digits, True)})"
    return text


def share(value: float, digits: int = 0) -> str:
    """A share of one in per cent."""
    return f"{num(100 * value, digits)}{NBSP}%"


def years(value: float) -> str:
    """ "1 year", "2 years", "1.5 years", "0.25 years"."""
    if not math.isfinite(value):
        return "some time"
    text = num(value, next((d for d in (0, 1) if abs(value - round(value, d)) < 0.005), 2))
    return f"{text} year" + ("" if text == "1" else "s")


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def exactly_zero(e: Effect) -> bool:
    """True when no pair differed at all."""
    return e.pairs > 0 and e.difference == 0 and (e.pairs == 1 or e.sd == 0)


def _fewer(value: float, digits: int) -> str:
    text = num(abs(value), digits)
    if not text.strip("0.,"):
        return "no difference"
    return f"{text} {'fewer' if value < 0 else 'more'}"


def span(e: Effect, digits: int = 1) -> str:
    """The interval in words: "3.0 to 6.8 fewer", "from 1.2 fewer to 0.4 more"."""
    if not math.isfinite(e.low):
        return "no interval from a single pair"
    digits = fit((e.low, e.high), digits)
    low, high = num(abs(e.low), digits), num(abs(e.high), digits)
    if e.high < 0 or e.low > 0:
        first, second = (high, low) if e.high < 0 else (low, high)
        return f"{first} to {second} {'fewer' if e.high < 0 else 'more'}"
    return f"from {_fewer(e.low, digits)} to {_fewer(e.high, digits)}"


def finding(e: Effect, option: str, what: str, digits: int = 1, unit: str = "Per 1,000 residents a year") -> str:
    """One plain sentence on an absolute effect (after GRADE's informative statements, Santesso et al. 2020)."""
    if not e.pairs:
        return f"{option}: not known, no pair of runs is finished."
    levels = f"{unit}: {num(e.baseline, digits)} {what} without, {num(e.arm, digits)} with {option}"
    digits = fit((e.low, e.high), digits)
    if exactly_zero(e):
        pairs = "the only pair" if e.pairs == 1 else f"all {e.pairs} pairs"
        return f"{levels}: exactly the same in {pairs} of runs."
    if e.pairs == 1:
        return f"{levels} ({_fewer(e.difference, digits)} in the only pair of runs; one pair gives no interval)."
    if e.spans_zero:
        return f"{levels}: no clear difference ({_fewer(e.difference, digits)}; {span(e, digits)})."
    return f"{levels} ({_fewer(e.difference, digits)}; {span(e, digits)})."


def displaced(share_of_fall: float, open_sign: bool) -> str:
    """Net change around the treated places as a share of the fall in them."""
    if not math.isfinite(share_of_fall):
        return "not settled"
    return f"{num(100 * share_of_fall, 0, True)} %" + (" (not settled)" if open_sign and share_of_fall else "")


def in_pairs(e: Effect) -> str:
    """ "In 9 of 10 simulated pairs there was less"; the honest form of a probability."""
    if not e.pairs:
        return DASH
    return f"{round(e.better * e.pairs)} of {e.pairs}"


def conflict_sentence(option: str, kind: str, true: Effect, recorded: Effect) -> str:
    """Warning that the police record points the other way than what happened."""
    direction = ("rises", "falls") if recorded.difference > 0 else ("falls", "rises")
    hedge = "" if kind == "opposite" else " probably"
    return (
        f"{option}: recorded crime {direction[0]} ({percent(recorded)}) while true crime{hedge} {direction[1]} "
        f"({percent(true)}). Judged by police records alone, this option would look "
        f"{'worse' if recorded.difference > 0 else 'better'} than it is."
    )


def cost_per_crime(c: CostPerCrime) -> str:
    if c.verdict == "ratio":
        return money(c.value)
    return {
        "dominant": "dominant (saves crime at no extra cost)",
        "dominated": "dominated (costs more, averts nothing)",
        "not known": DASH,
    }.get(c.verdict, c.verdict)


def title(name: str) -> str:
    """ "street_lighting" -> "Street lighting"."""
    text = inside(name)
    return text[:1].upper() + text[1:]


def inside(name: str) -> str:
    """Name of an option within a sentence: lower case unless it has capitals of its own."""
    return " ".join(w.upper() if w in ("cbt", "cctv") else w for w in name.replace("_", " ").split())


def city_name(manifest: dict[str, Any]) -> str:
    """Name of the city in a manifest, written as a name: "port_city" -> "Port City"."""
    name = str((manifest.get("city") or {}).get("name") or "").replace("_", " ").strip()
    return (name.title() if name.islower() else name) or "a city"


def listing(items: list[str]) -> str:
    items = list(items)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1] if items else ""


def _class(name: str) -> Any:
    from sim import registry

    try:
        registry.load()
    except Exception:  # a report must open even where a plugin of the stored run is not installed
        pass
    return registry.INTERVENTIONS.get(name)


def level(arm: Arm) -> str:
    """Level of an arm: local, national, international or several of them."""
    levels = []
    for name in arm.interventions:
        found = getattr(_class(name), "level", "-")
        if found not in levels and found != "-":
            levels.append(found)
    return " + ".join(levels) or DASH


def dose(name: str, settings: dict[str, Any], days: int) -> str:
    """When and how strongly: "full strength, all of the scored period"."""
    strength = settings.get("strength", 1.0)
    text = {0: "zero strength", 1: "full strength"}.get(strength, f"{num(strength * 100, 0)}{NBSP}% of full strength")
    start, end = settings.get("start", 0) or 0, settings.get("end", 36_500)
    if start <= 0 and end >= days:
        text += ", all of the scored period"
    else:
        text += f", day {num(start, 0)} to {'the end' if end >= days else 'day ' + num(end, 0)}"
    ramp = settings.get("ramp_days")
    return text + (f", built up over {num(ramp, 0)} days" if ramp else "")


def settings_rows(name: str, settings: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Own settings of an intervention: (meaning, value, unit, source); common ones are told by :func:`dose`."""
    import dataclasses

    fields = {}
    found = _class(name)
    if found is not None:
        fields = {f.name: f.metadata for f in dataclasses.fields(found.Params)}
    rows = []
    for key, value in settings.items():
        if key in ("strength", "start", "end", "ramp_days"):
            continue
        meta = fields.get(key, {})
        shown = (
            num(value, 0 if float(value).is_integer() else 4).rstrip("0").rstrip(".")
            if (isinstance(value, float) and not value.is_integer())
            else str(value)
        )
        rows.append((meta.get("doc", title(key).lower()), shown, meta.get("unit", ""), meta.get("source", "")))
    return rows


def describe(name: str) -> str:
    """First sentence on an intervention, from its class; "" when it is not installed."""
    found = _class(name)
    if found is None:
        return ""
    lines = (found.__doc__ or "").strip().split("\n\n")[0].split()
    return " ".join(lines)


def target(name: str) -> str:
    found = _class(name)
    value = getattr(found, "target", "-")
    return "" if value == "-" else value


def side_effects(name: str) -> str:
    value = getattr(_class(name), "side_effects", "")
    return "" if value == "none known" else value


def feasible(name: str) -> bool:
    """False for a bound that no real authority could choose."""
    return bool(getattr(_class(name), "feasible", True))


def currency(arms: list[Arm]) -> str:
    """Currency and price year of the unit costs of these arms ("USD of 2022"); "" when not declared."""
    import dataclasses
    import re

    found: list[str] = []
    for arm in arms:
        for name in arm.interventions:
            cls = _class(name)
            for f in dataclasses.fields(cls.Params) if cls is not None else ():
                match = re.match(r"[A-Z]{3} of \d{4}", f.metadata.get("unit", ""))
                if match and match.group() not in found:
                    found.append(match.group())
    return listing(found)
