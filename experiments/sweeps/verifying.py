"""Running rows again, to compare them with what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.sweeps.plan import Row
from experiments.sweeps.store import RECORDS, RUNS, SweepFolder, run_table
from sim.errors import SpecError


def chosen(folder: SweepFolder, numbers: Sequence[int]) -> list[Row]:
    """Rows by their numbers.

    Raises
    ------
    SpecError
    """
    rows = folder.rows()
    for number in numbers:
        if not 0 <= number < len(rows):
            raise SpecError(f"rows: expected numbers from 0 to {len(rows) - 1}, found {number}")
    return [rows[number] for number in dict.fromkeys(numbers)]


def sampled(folder: SweepFolder, size: int, seed: int = 1) -> list[Row]:
    """Some finished rows, chosen at random."""
    done = folder.done_keys()
    rows = [row for row in folder.rows() if row.key in done]
    picked = np.random.default_rng(seed).permutation(len(rows))[:size]
    return [rows[i] for i in sorted(picked)]


def simulated(folder: SweepFolder, row: Row) -> tuple[Any, Any]:
    """Simulate one row from its first day, sharing nothing; return the finished model and the marks."""
    from experiments.replicate import world
    from experiments.run import simulate
    from sim.model import CityModel

    spec = folder.plan.spec(row.scenario, row.arm, row.draw, row.replication)
    city, people = world(spec.city)
    model = CityModel(spec, city=city, people=people)
    return model, simulate(model, lambda days, note: None)


def unlike(folder: SweepFolder, row: Row, model: Any, marks: Any) -> list[str]:
    """Names of the stored outcomes, and of the tables of a whole record, that are not the same to the bit."""
    from experiments.outcomes import outcomes
    from experiments.store import TABLES, LiveRun, read_run

    stored = folder.read_run(row.key)
    again = run_table(row.key, list(outcomes(LiveRun(model))), {})
    out = []
    for one, other, of in ((stored, again, "stored"), (again, stored, "run again")):
        names = set(zip(other["outcome"].to_pylist(), other["month"].to_pylist()))
        out += [f"{o} (month {m}) only {of}" for o, m in zip(one["outcome"].to_pylist(), one["month"].to_pylist())
                if (o, m) not in names]
    if not out:
        if stored.num_rows != again.num_rows:  # the same names, some of them twice
            return [f"number of rows ({stored.num_rows} instead of {again.num_rows})"]
        differ = np.zeros(again.num_rows, bool)
        for name in ("outcome", "month", "days", "value"):
            kind = again.schema.field(name).type
            if stored.schema.field(name).type != kind:
                return [f"type of the column {name}"]
            a, b = (t[name].to_numpy() for t in (stored, again))
            differ |= a.view(np.int64) != b.view(np.int64) if name == "value" else a != b
        out = [f"{stored['outcome'][int(i)]} (month {stored['month'][int(i)]})" for i in np.flatnonzero(differ)]
    record = folder.path / RECORDS / row.key
    if record.is_dir():
        run, live = read_run(record), LiveRun(model, marks)
        out += [f"table {name}" for name in TABLES if not _same(run.table(name), live.table(name))]
    return out


def _same(one: Any, other: Any) -> bool:
    """True for tables that agree to the bit; missing numbers agree too."""
    import pyarrow as pa

    if one.column_names != other.column_names or one.num_rows != other.num_rows:
        return False
    for a, b in zip(one.itercolumns(), other.itercolumns()):
        a, b = (pa.chunked_array([x.combine_chunks()]) if x.num_chunks > 1 else x for x in (a, b))
        if pa.types.is_floating(a.type) and a.type == b.type and not (a.null_count or b.null_count):
            if a.to_numpy().tobytes() != b.to_numpy().tobytes():
                return False
        elif not (a.cast(pa.string()) if pa.types.is_dictionary(a.type) else a).equals(
                b.cast(pa.string()) if pa.types.is_dictionary(b.type) else b):
            return False
    return True


def is_done(folder: SweepFolder, row: Row) -> bool:
    return (folder.path / RUNS / f"{row.key}.parquet").is_file()
