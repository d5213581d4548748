"""The table of all parameters, written from their declarations: ``python -m experiments.parameter_table``."""

from __future__ import annotations

from sim import registry
from sim.parameters import rows
from sim.spec import CityParams, _simple_class


def _cell(value) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _range(row: dict) -> str:
    if row["choices"]:
        return ", ".join(map(str, row["choices"]))
    low, high = row["low"], row["high"]
    if low is None and high is None:
        return ""
    return f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}"


def table() -> str:
    """Return docs/parameters.md: every parameter with default, range, unit, meaning and source."""
    registry.load()
    groups = [("Run", _simple_class(), ""), ("City", CityParams, "city.")]
    for kind, known in (("mechanism", registry.MECHANISMS), ("intervention", registry.INTERVENTIONS),
                        ("shock", registry.SHOCKS)):
        groups += [(f"{kind.capitalize()} {name}", cls.Params, f"{kind}.{name}.") for name, cls in sorted(known.items())
                   if cls.__module__.startswith("sim.")]
    lines = ["# Parameters", "", "Written from the declarations by `python -m experiments.parameter_table`. "
             "A calibrated value (c) was fitted to city-wide rates and is never scored as a success.", ""]
    for title, cls, prefix in groups:
        lines += [f"## {title}", "", "| key | default | range | unit | meaning | source |", "|---|---|---|---|---|---|"]
        for row in rows(cls, ""):
            default = list(row["default"]) if isinstance(row["default"], tuple) else row["default"]
            mark = " (c)" if row["calibrated"] else ""
            lines.append("| " + " | ".join(map(_cell, (
                f"`{prefix}{row['name'].lstrip('.')}`", f"{default}{mark}", _range(row), row["unit"], row["doc"],
                row["source"]))) + " |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(), end="")
