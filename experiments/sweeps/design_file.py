"""Design files: points that another tool chose."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.city_csv import decode, read_bytes
from experiments.sweeps.design import MAX_DRAWS, Design
from experiments.sweeps.varied import DUMMY_KEY, Parameter, declaration, dummy
from sim.errors import DataError, SpecError
from sim.parameters import convert, one_of, show, unknown_key

# Columns by which tools number experiments, or say what EMA Workbench calls scenario, policy and model.
_THINGS = "experiment|scenario|policy|model|run|sample|draw|row|trajectory"
NUMBERING = re.compile(rf"(|#|unnamed: \d+|index|__index_level_\d+__|level_\d+|id|no|({_THINGS})"
                       r"([ _]?(id|no|number))?)$", re.I)
WORDS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def read(path: Path, given: tuple[Parameter, ...]) -> Design:
    """See :func:`experiments.sweeps.design.from_file`."""
    kind = path.suffix.lower()
    if kind in (".parquet", ".pq"):
        header, rows, first = _parquet(path)
        row = "row"
    elif kind in (".csv", ".txt", ".gz"):
        header, rows, first = _text(path, given)
        row = "line"
    else:
        raise DataError(f"{path}: expected a file ending in .csv or .parquet, found {show(path.name)}")
    if not rows or not rows[0][1]:
        raise DataError(f"{path.name}: expected at least one row of values, found none")
    if len(rows) > MAX_DRAWS:
        raise DataError(f"{path.name}: expected at most {MAX_DRAWS:,} rows, found {len(rows):,}")
    return _design(path.name, row, header, rows, given, first)


def _design(name: str, row: str, header: list[str], rows: list[tuple[int, list[Any]]], given: tuple[Parameter, ...],
            notes: tuple[str, ...]) -> Design:
    known = {p.key: p for p in given}
    left_out, kept = [], []
    for i, column in enumerate(header):
        if column in known or column == DUMMY_KEY:
            kept.append((i, column))
        elif NUMBERING.match(column):
            left_out.append(column or f"number {i + 1}")
        elif given:
            raise _unknown(column, known, name)
        else:
            kept.append((i, column))
    twice = next((c for _, c in kept if [k for _, k in kept].count(c) > 1), None)
    if twice is not None:
        raise DataError(f"{name}: expected each column once, found {show(twice)} twice")
    for key in known:
        if key not in [c for _, c in kept]:
            raise DataError(f"{name}: missing column {show(key)}, a parameter of the experiment; found "
                            f"{show(one_of(header))}")
    if not kept:
        raise DataError(f"{name}: expected columns named by parameters, as mechanism.drugs.slots; found "
                        f"{show(one_of(header))}")
    made, points = [], []
    for i, column in kept:
        try:
            parameter, coordinates = _column(name, row, column, known.get(column), [(n, r[i]) for n, r in rows])
        except SpecError as error:
            raise DataError(str(error)) from None
        made.append(parameter)
        points.append(coordinates)
    if left_out:
        notes = (*notes, f"{name}: columns left out: {', '.join(left_out)}")
    return Design("file", tuple(made), np.array(points, float).T, notes=notes, settings={"file": name})


def _unknown(column: str, known: dict, name: str) -> DataError:
    return DataError(str(unknown_key(column, known, name)).replace("unknown key", "unknown column").replace(
        "known keys", "parameters"))


def _column(name: str, row: str, key: str, given: Parameter | None,
            cells: Sequence[tuple[int, Any]]) -> tuple[Parameter, list[float]]:
    """Check one column; return its parameter and the coordinates."""
    if key == DUMMY_KEY:
        kind, meta, given = float, {"low": 0.0, "high": 1.0, "unit": "-"}, dummy()
    else:
        kind, meta = declaration(key, f"{name}: column {show(key)}")
    if given is not None and not given.values:
        meta = {**meta, "low": given.low, "high": given.high}
    values = [_cell(cell, kind, meta, f"{name}: {row} {n}, column {key}") for n, cell in cells]
    listed = given.values if given is not None else tuple(meta.get("choices") or ()) or (
        (False, True) if kind is bool else tuple(dict.fromkeys(values)) if kind is str else ())
    if listed:
        for (n, _), value in zip(cells, values):
            if value not in listed:
                raise DataError(f"{name}: {row} {n}, column {key}: expected one of {one_of(listed)}, found "
                                f"{show(value)}")
        base = given or Parameter(key, kind=kind.__name__, unit=meta.get("unit", "-"))
        made = dataclasses.replace(base, low=0.0, high=len(listed) - 1.0, values=tuple(listed))
        return made, [float(listed.index(v)) for v in values]
    if given is None:
        low, high = meta.get("low"), meta.get("high")
        given = Parameter(key, float(min(values) if low is None else low), float(max(values) if high is None else high),
                          kind=kind.__name__, unit=meta.get("unit", "-"))
    return given, [float(v) for v in values]


def _cell(cell: Any, kind: type, meta: Any, where: str) -> Any:
    """One value in the parameter's type."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)) or (isinstance(cell, str) and not cell.strip()):
        raise DataError(f"{where}: expected a value, found nothing")
    if isinstance(cell, str):
        text = cell.strip()
        if kind is bool:
            cell = WORDS.get(text.lower(), text)
        elif kind in (int, float):
            try:
                cell = float(text)
            except ValueError:
                cell = text
        else:
            cell = text
    elif kind is bool and cell in (0, 1):
        cell = bool(cell)
    elif kind is float and isinstance(cell, (int, float)) and not isinstance(cell, bool):
        cell = float(cell)
    try:
        return convert(cell, kind, meta, where)
    except SpecError as error:
        raise DataError(str(error)) from None


def _parquet(path: Path) -> tuple[list[str], list[tuple[int, list[Any]]], tuple[str, ...]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise DataError(f"{path}: expected a file, found {'a folder' if path.is_dir() else 'nothing'}")
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path.name}: expected a Parquet file, found {show(str(error))}") from None
    columns = [table.column(i).to_pylist() for i in range(table.num_columns)]
    return list(table.column_names), [(n + 1, list(r)) for n, r in enumerate(zip(*columns))], ()


def _text(path: Path, given: tuple[Parameter, ...]) -> tuple[list[str], list[tuple[int, list[Any]]], tuple[str, ...]]:
    name = path.name
    text = decode(read_bytes(path), name)
    start = text.lstrip().split("\n", 1)[0]
    bare = _numbers(re.split(r"[,;\s]+", start.strip()))
    if bare:  # the way SALib and numpy save a sample: numbers alone
        rows = [(n, re.split(r"[,;\s]+", line.strip())) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
        header = [p.key for p in given]
        if not given:
            raise DataError(f"{name}: expected a first line with the keys of parameters, found numbers; name the "
                            "parameters in the experiment, in the order of the columns")
        note = (f"{name} has no header: columns taken in the order of the experiment's parameters",)
    else:
        delimiter = next((d for d in (",", ";", "\t") if d in start), ",")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            found = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
        except csv.Error as error:
            raise DataError(f"{name}: line {reader.line_num}: cannot be read ({error})") from None
        header, rows, note = [cell.strip() for cell in found[0][1]], found[1:], ()
    for n, row in rows:
        if len(row) != len(header):
            raise DataError(f"{name}: line {n}: expected {len(header)} values, found {len(row)}")
    return header, rows, note


def _numbers(words: Sequence[str]) -> bool:
    try:
        return bool([float(w) for w in words])
    except ValueError:
        return False
