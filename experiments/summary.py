"""What the stored runs of a comparison add up to: a row per outcome and month, and the table of options."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from analysis.effects import Effect, compare
from experiments.arms import BASELINE, PLACEBO
from experiments.outcomes import LAYERS, MORE, TOTAL, good_direction, outcomes
from experiments.store import read_run, write_table
from experiments.tables import layout, number, signed
from sim.records import TYPES

# (arm, outcome, month) -> value by replication
Values = dict[tuple[str, str, int], dict[int, float]]
COLUMNS = ("arm", "outcome", "pairs", "baseline", "value", "difference", "low", "high", "percent", "variance_ratio",
           "better", "cost")
SHOWN_RATIOS = (*(f"{layer}.victimisations" for layer in LAYERS), *(f"true.{kind}" for kind in TYPES))
MONTHS_SHOWN = 12


def write_summary(folder: Path, done: Iterable[tuple[str, int]]) -> Values:
    """Write ``summary.parquet`` from the stored runs and return its values.

    Parameters
    ----------
    folder : path
        Of the comparison.
    done : iterable of (arm, replication)
        The runs that are finished.
    """
    import pyarrow as pa

    kinds = {"arm": pa.string(), "replication": pa.int32(), "seed": pa.int64(), "outcome": pa.string(),
             "month": pa.int32(), "days": pa.int32(), "value": pa.float64()}
    columns: dict[str, list] = {name: [] for name in kinds}
    values: Values = {}
    for arm, replication in done:
        run = read_run(folder / "runs" / arm / str(replication))
        for outcome, month, days, value in outcomes(run):
            for name, item in zip(columns, (arm, replication, run.manifest["seed"], outcome, month, days, value)):
                columns[name].append(item)
            values.setdefault((arm, outcome, month), {})[replication] = value
    arrays = [pa.array(columns[n], k).dictionary_encode() if k == pa.string() else pa.array(columns[n], k)
              for n, k in kinds.items()]
    write_table(folder / "summary.parquet", pa.table(arrays, names=list(kinds)))
    return values


def effect(values: Values, arm: str, outcome: str, month: int = TOTAL) -> Effect | None:
    """Compare an arm with the baseline over the replications that both have; None when there is none."""
    mine, base = values.get((arm, outcome, month), {}), values.get((BASELINE, outcome, month), {})
    pairs = sorted(set(mine) & set(base))
    if not pairs:
        return None
    return compare([mine[r] for r in pairs], [base[r] for r in pairs], lower_is_better=good_direction(outcome) != MORE)


def mean_cost(values: Values, arm: str) -> float:
    """Mean extra cost of an arm over the scored period."""
    def cost(name: str) -> float:
        runs: dict[int, float] = {}
        for (a, outcome, month), by in values.items():
            if a == name and month == TOTAL and outcome.startswith("cost."):
                for r, v in by.items():
                    runs[r] = runs.get(r, 0.0) + v
        return sum(runs.values()) / len(runs) if runs else 0.0

    return cost(arm) - cost(BASELINE)


def write_options_table(folder: Path, values: Values, arms: Sequence[tuple[str, str]]) -> None:
    """Write ``table.csv`` (one row per arm and outcome) and ``variance.csv`` (variance ratios by month)."""
    names = [name for name, role in arms if role != BASELINE]
    known = sorted({outcome for _, outcome, _ in values})
    with open(folder / "table.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for arm in names:
            cost = mean_cost(values, arm)
            for outcome in known:
                e = effect(values, arm, outcome)
                if e is not None:
                    better = e.better if good_direction(outcome) else float("nan")
                    row = (e.pairs, e.baseline, e.arm, e.difference, e.low, e.high, e.percent, e.variance_ratio, better)
                    writer.writerow([arm, outcome, *(_text(v) for v in (*row, cost))])
    with open(folder / "variance.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("arm", "outcome", "month", "variance_ratio"))
        for arm in names:
            for outcome in known:
                for month in sorted(m for a, o, m in values if (a, o) == (arm, outcome)):
                    e = effect(values, arm, outcome, month)
                    if e is not None:
                        writer.writerow((arm, outcome, month, _text(e.variance_ratio)))


def _text(value: float) -> str:
    return "" if value != value else repr(round(float(value), 6)) if isinstance(value, float) else str(value)


def primary_text(values: Values, arms: Sequence[tuple[str, str]], primary: str) -> str:
    """Return the paired differences of the primary outcome over the whole scored period as text."""
    rows = []
    for arm, role in arms:
        e = effect(values, arm, primary)
        if e is not None and role != BASELINE:
            interval = f"{signed(e.low)} to {signed(e.high)}" if e.pairs > 1 else "one pair"
            rows.append([arm, number(e.baseline), number(e.arm), signed(e.difference), interval, str(e.pairs)])
    return layout([f"primary outcome: {primary}", "baseline", "arm", "difference", "95 % interval", "pairs"], rows)


def ratios_text(values: Values, arms: Sequence[tuple[str, str]]) -> str:
    """Return Var(paired difference) / [Var(arm) + Var(baseline)] by outcome and month, the median over the options."""
    options = [arm for arm, role in arms if role not in (BASELINE, PLACEBO)]
    months = sorted({month for _, _, month in values})[:MONTHS_SHOWN + 1]
    rows = []
    for outcome in SHOWN_RATIOS:
        cells = []
        for month in months:
            found = [e.variance_ratio for arm in options if (e := effect(values, arm, outcome, month)) is not None]
            found = [v for v in found if v == v]
            cells.append(f"{median(found):.2f}" if found else "-")
        if any(cell != "-" for cell in cells):
            rows.append([outcome, *cells])
    if not rows:
        return "variance ratios: two or more replications are needed"
    head = ["variance ratio, median over arms", *("all" if m == TOTAL else str(m + 1) for m in months)]
    return (layout(head, rows) + "\nVar(paired difference) / [Var(arm) + Var(baseline)], whole period and by month; "
            "below 1, pairing saves runs")
