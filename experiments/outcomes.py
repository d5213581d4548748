"""Outcomes of stored runs by month and for the whole scored period."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.errors import SpecError
from sim.parameters import unknown_key
from sim.records import APART, TYPES

LAYERS = ("true", "reported", "recorded")
TOTAL = -1
# Daily values of the series that count what happened on the day; they add up. All others are states.
COUNTED = {"victims", "arrests", "stops", "stop_hits", "discovered", "cleared", "entered", "released", "recorded_all",
           "drugs.sales", "drugs.overdoses", "drugs.seized"}

FEWER, MORE = "fewer", "more"
# Which direction is good, by the beginning of an outcome's name: declared here and nowhere else. Stops, arrests, prices
# and the like have none.
GOOD: tuple[tuple[str, str], ...] = (
    *((name, FEWER) for name in ("true.", "reported.", "recorded.", "deaths.", "loss.", "cost.", "victims", "fear",
                                 "harassment.", "unemployment", "community.disorder", "drugs.overdoses",
                                 "drugs.dependents", "groups.killed", "groups.fights", "groups.extorted",
                                 "bribery.bribes")),
    *((name, MORE) for name in ("trust", "community.efficacy", "governance.legitimacy", "governance.services")),
)


def good_direction(name: str) -> str:
    """Return whether "fewer" or "more" of an outcome is good; empty where that is not declared."""
    return next((good for prefix, good in GOOD if name.startswith(prefix)), "")


def event_outcomes() -> list[str]:
    """Names of the outcomes that are counted from the events of every run."""
    names = [f"{layer}.{kind}" for layer in LAYERS for kind in (*TYPES, "all", "victimisations")]
    return [*names, "discovered.all", "cleared.all", *(f"cleared.{kind}" for kind in TYPES), "loss.all"]


def check_outcome(name: str) -> None:
    """Raise one clear line for an outcome that cannot be a primary one."""
    if name not in event_outcomes():
        line = str(unknown_key(name, event_outcomes(), "outcome"))
        raise SpecError(line.replace("unknown key", "unknown outcome").replace("known keys", "known outcomes"))


def is_sum(name: str) -> bool:
    """True for daily values that add up over days; all others are states, whose mean is taken."""
    return name in COUNTED or name.startswith(("cost.", "deaths.", "entered.", "left."))


def months_of(start: datetime.date, day: np.ndarray) -> np.ndarray:
    """Number of the calendar month of each scored day, from 0 in the month of the first one."""
    dates = np.datetime64(start, "D") + day.astype("timedelta64[D]")
    return (dates.astype("datetime64[M]") - np.datetime64(start, "M")).astype(np.int64)


def outcomes(run: Any) -> Iterator[tuple[str, int, int, float]]:
    """Yield (outcome, month, days, value) of a stored run; month -1 is the whole scored period.

    Parameters
    ----------
    run : experiments.store.StoredRun
    """
    manifest = run.manifest
    start = datetime.date.fromisoformat(manifest["spec"]["start_date"])
    days = np.arange(manifest["days"])
    month_of_day = months_of(start, days)
    months = int(month_of_day[-1]) + 1 if len(days) else 0
    length = np.bincount(month_of_day, minlength=months)
    for name, by_month in _from_events(run, start, months).items():
        yield name, TOTAL, len(days), float(by_month.sum())
        yield from ((name, m, int(length[m]), float(by_month[m])) for m in range(months))
    for name, (total, by_month) in _from_series(run, month_of_day, months, length).items():
        yield name, TOTAL, len(days), total
        yield from ((name, m, int(length[m]), float(by_month[m])) for m in range(months))


def one_outcome(run: Any, name: str) -> float:
    """Value of one outcome over the whole scored period; NaN where the run does not hold it."""
    return next((value for outcome, month, _, value in outcomes(run) if outcome == name and month == TOTAL),
                float("nan"))


def _from_events(run: Any, start: datetime.date, months: int) -> dict[str, np.ndarray]:
    wanted = ["type", "day", "in_burn_in", "reported", "recorded", "discovered", "cleared", "loss"]
    table = run.table("events", wanted)
    scored = ~table["in_burn_in"].to_numpy()
    kinds = table["type"].combine_chunks() if table.num_rows else None
    code = kinds.indices.to_numpy()[scored] if kinds is not None else np.zeros(0, np.int64)
    column = {c: table[c].to_numpy()[scored] for c in wanted[1:]}
    month = months_of(start, column["day"])
    layers = {"true": np.ones(len(code), bool), **{layer: column[layer] for layer in LAYERS[1:]}}

    def count(mask: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        weights = None if weights is None else weights[mask]
        return np.bincount(month[mask], weights=weights, minlength=months).astype(float)

    out = {}
    for layer, mask in layers.items():
        for k, kind in enumerate(TYPES):
            out[f"{layer}.{kind}"] = count(mask & (code == k))
        out[f"{layer}.all"] = count(mask)
        out[f"{layer}.victimisations"] = count(mask & ~np.isin(code, [TYPES.index(t) for t in APART]))
    out["discovered.all"], out["cleared.all"] = count(column["discovered"]), count(column["cleared"])
    for k, kind in enumerate(TYPES):
        out[f"cleared.{kind}"] = count(column["cleared"] & (code == k))
    out["loss.all"] = count(layers["true"], column["loss"].astype(float))
    return out


def _from_series(run: Any, month_of_day: np.ndarray, months: int,
                 length: np.ndarray) -> dict[str, tuple[float, np.ndarray]]:
    table = run.series
    scored = table["day"].to_numpy() >= 0
    out = {}
    for name in table.column_names:
        if name in ("day", "date") or name.partition(".")[0] in LAYERS:
            continue
        values = table[name].to_numpy()[scored]
        if is_sum(name):
            values = np.nan_to_num(values)
            by_month = np.bincount(month_of_day, values, months)
            out[name] = float(values.sum()), by_month
        else:
            with np.errstate(invalid="ignore"):
                by_month = np.bincount(month_of_day, values, months) / length
            out[name] = float(values.mean()) if len(values) else float("nan"), by_month
    return out
