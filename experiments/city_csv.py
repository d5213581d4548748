"""Tables of a real city: reading CSV strictly, one clear line for every mistake."""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.errors import DataError
from sim.parameters import one_of, show

MAX_BYTES = 1 << 30  # of one file, unpacked
MAX_AREAS = 20_000
MAX_COLUMNS = 10_000
MAX_KINDS = 2_000  # of facilities, of events
MAX_POPULATION = 50_000_000

# Documented columns of areas.csv. Any other column is left alone.
COLUMNS = {
    "area_id": "required; the identifier that areas.geojson has too",
    "population": "required; residents, a whole number of 0 or more",
    "name": "what people call the area",
    "poverty_rate": "share of residents below the poverty line, 0-1",
    "unemployment_rate": "unemployed share of the labour force, 0-1",
    "income": "any measure of income per person or household; only proportions between areas matter",
    "share_under18": "share of residents under 18, 0-1",
    "share_over65": "share of residents of 65 and over, 0-1",
    "jobs": "workplaces in the area",
    "imd_decile": "decile of an index of deprivation, 1 most deprived; stands in for a missing poverty_rate",
    "deprivation": "a published index of deprivation, higher is worse; to compare maps with, nothing is built from it",
    "area_km2": "area of the polygon, to check coordinates",
}
ALIASES = {
    "poverty_rate": ("poverty_rate", "low_income_rate", "low_income_rate_lim_at", "share_poor"),
    "unemployment_rate": ("unemployment_rate",),
    "income": ("income", "median_income", "median_household_income", "median_income_15plus", "per_capita_income",
               "mean_income"),
    "share_under18": ("share_under18",),
    "share_over65": ("share_over65",),
    "jobs": ("jobs",),
    "imd_decile": ("imd_decile", "imd_decile_2019", "imd_decile_2015"),
    "deprivation": ("deprivation", "deprivation_index", "hardship_index"),
    "area_km2": ("area_km2",),
}
RATES = ("poverty_rate", "unemployment_rate", "share_under18", "share_over65")


@dataclass
class Rows:
    """A CSV file as text columns; `line` counts from 1 with the header as line 1."""

    file: str
    columns: dict[str, list[str]]
    lines: list[int]

    def __len__(self) -> int:
        return len(self.lines)


def read_bytes(path: Path) -> bytes:
    """Read a file (unpacking .gz), refusing what is missing, no file, empty or absurdly large."""
    name = path.name
    try:
        if not path.is_file():
            raise DataError(f"{path}: expected a file, found {'a folder' if path.is_dir() else 'nothing'}")
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{name}: expected at most {MAX_BYTES >> 20} MB, found {path.stat().st_size >> 20} MB")
        if name.endswith(".gz"):
            with gzip.open(path, "rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        else:
            data = path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{name}: expected a gzip file, found damaged data ({show(str(error))})") from None
    except OSError as error:
        raise DataError(f"{name}: cannot be read ({error.strerror or type(error).__name__})") from None
    if len(data) > MAX_BYTES:
        raise DataError(f"{name}: expected at most {MAX_BYTES >> 20} MB unpacked, found more")
    if not data.strip():
        raise DataError(f"{name}: expected data, found an empty file")
    return data


def decode(data: bytes, name: str) -> str:
    """Text of a file, which must be UTF-8."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: expected UTF-8 text, found byte 0x{data[error.start]:02x} at {error.start}") from None
    if "\0" in text:
        raise DataError(f"{name}: expected text, found binary data (a zero byte at {text.index(chr(0))})")
    return text


def read_csv(path: Path, required: tuple[str, ...], limit: int = 50_000_000, wanted: tuple[str, ...] | None = None,
             data: bytes | None = None) -> Rows:
    """Read a CSV file with a header.

    Parameters
    ----------
    path : Path
    required : tuple of str
        Columns that must be there.
    limit : int
        Most rows allowed.
    wanted : tuple of str, optional
        Keep only these columns (large files).
    data : bytes, optional
        The file's content, if it was read already.
    """
    name = path.name
    text = decode(read_bytes(path) if data is None else data, name)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [h.strip() for h in next(reader, [])]
        missing = [r for r in required if r not in header]
        if missing:
            hint = " (columns are separated by commas)" if len(header) == 1 and re.search("[;\t]", header[0]) else ""
            raise DataError(f"{name}: missing column {missing[0]!r}{hint}; found {show(one_of(header))}")
        if len(header) > MAX_COLUMNS:
            raise DataError(f"{name}: expected at most {MAX_COLUMNS} columns, found {len(header)}")
        counts = Counter(h for h in header if h)
        twice = next((h for h in counts if counts[h] > 1), None)
        if twice is not None:
            raise DataError(f"{name}: expected each column once, found {show(twice)} {counts[twice]} times")
        kept = [(i, h) for i, h in enumerate(header) if h and (wanted is None or h in wanted)]
        columns: dict[str, list[str]] = {h: [] for _, h in kept}
        lists = [(i, columns[h]) for i, h in kept]
        lines: list[int] = []
        for row in reader:
            if not row or (len(row) == 1 and not row[0].strip()):
                continue
            if len(row) != len(header):
                raise DataError(f"{name}, line {reader.line_num}: expected {len(header)} values, found {len(row)}")
            if len(lines) >= limit:
                raise DataError(f"{name}: expected at most {limit} rows, found more")
            for i, values in lists:
                values.append(row[i])
            lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{name}, line {reader.line_num}: expected comma-separated values, found damaged text "
                        f"({show(str(error))})") from None
    if not lines:
        raise DataError(f"{name}: expected at least one row below the header, found none")
    return Rows(name, columns, lines)


def number(text: str, where: str, expected: str, low: float, high: float, whole: bool = False) -> float:
    """One number within a range, or NaN where the text is empty."""
    text = text.strip()
    if not text:
        return math.nan
    try:
        if len(text) > 64 or "_" in text:
            raise ValueError
        value = float(text)
    except ValueError:
        raise DataError(f"{where}: expected {expected}, found {show(text)}") from None
    if not math.isfinite(value) or not low <= value <= high or (whole and value != int(value)):
        hint = ""
        if low == 0 and high == 1 and math.isfinite(value) and 1 < value <= 100:
            hint = f" (percent? give {value / 100:g})"
        raise DataError(f"{where}: expected {expected}, found {show(text)}{hint}")
    return value


def identifier(text: object) -> str:
    """Area ids compare as text; 12.0 and 12 are the same."""
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    text = str(text).strip()
    return text[: text.index(".")] if re.fullmatch(r"\d{1,15}\.0+", text) else text


def words(rows: Rows, column: str) -> np.ndarray:
    """A column of short names, of which there are few (one long one would make all of them long)."""
    values = [v.strip() for v in rows.columns[column]]
    known: set[str] = set()
    for value, line in zip(values, rows.lines, strict=True):
        if value in known:
            continue
        if len(value) > 80 or not value.isprintable():
            raise DataError(f"{rows.file}, line {line}, column {column}: expected a short name, found {show(value)}")
        known.add(value)
        if len(known) > MAX_KINDS:
            raise DataError(f"{rows.file}, line {line}, column {column}: expected at most {MAX_KINDS} different names, "
                            "found more")
    return np.array(values)


def read_areas(path: Path, data: bytes | None = None) -> tuple[list[str], list[str], dict[str, np.ndarray], list[str]]:
    """Read and check areas.csv.

    Returns
    -------
    ids, names : lists of str
    columns : dict of float arrays
        population and whatever of :data:`COLUMNS` the file has (NaN: no value).
    notes : list of str
        Which of the file's columns were taken for what.
    """
    rows = read_csv(path, ("area_id", "population"), limit=MAX_AREAS, data=data)
    file, notes = rows.file, []
    ids = [identifier(v) for v in rows.columns["area_id"]]
    seen: dict[str, int] = {}
    for value, line in zip(ids, rows.lines, strict=True):
        if not value or len(value) > 80 or not value.isprintable():
            raise DataError(f"{file}, line {line}, column area_id: expected a short identifier, found {show(value)}")
        if value in seen:
            raise DataError(f"{file}, line {line}, column area_id: expected each id once, found {show(value)} also in "
                            f"line {seen[value]}")
        seen[value] = line
    names = [v.strip() or ids[i] for i, v in enumerate(rows.columns.get("name", ids))]
    for value, line in zip(names, rows.lines, strict=True):
        if len(value) > 120 or not value.isprintable():
            raise DataError(f"{file}, line {line}, column name: expected a short name, found {show(value)}")
    columns: dict[str, np.ndarray] = {}
    expected = f"a whole number of residents from 0 to {MAX_POPULATION}"
    population = np.array([number(v, f"{file}, line {line}, column population", expected, 0, MAX_POPULATION, whole=True)
                           for v, line in zip(rows.columns["population"], rows.lines, strict=True)])
    if np.isnan(population).any():
        line = rows.lines[int(np.flatnonzero(np.isnan(population))[0])]
        raise DataError(f"{file}, line {line}, column population: expected {expected}, found nothing")
    if not 0 < population.sum() <= MAX_POPULATION:
        raise DataError(f"{file}, column population: expected between 1 and {MAX_POPULATION} residents in all, found "
                        f"{population.sum():.0f}")
    columns["population"] = population
    for name, aliases in ALIASES.items():
        source = next((a for a in aliases if a in rows.columns and any(v.strip() for v in rows.columns[a])), None)
        if source is None:
            continue
        if name in RATES:
            expected, low, high = "a share from 0 to 1", 0.0, 1.0
        elif name == "imd_decile":
            expected, low, high = "a decile from 1 to 10", 1.0, 10.0
        else:
            expected, low, high = "a number of 0 or more", 0.0, 1e12
        columns[name] = np.array([number(v, f"{file}, line {line}, column {source}", expected, low, high,
                                         whole=name == "imd_decile")
                                  for v, line in zip(rows.columns[source], rows.lines, strict=True)])
        if source != name:
            notes.append(f"{name} is the column {source}")
    if "share_under18" in columns and "share_over65" in columns:
        both = columns["share_under18"] + columns["share_over65"]
        if np.nanmax(both, initial=0) > 1:
            line = rows.lines[int(np.nanargmax(both))]
            raise DataError(f"{file}, line {line}: expected share_under18 + share_over65 of at most 1, found "
                            f"{np.nanmax(both):g}")
    if "poverty_rate" not in columns and "imd_decile" in columns:
        # The poorest decile near 35 %, the richest near 4 %: about the spread of English small areas' low income.
        columns["poverty_rate"] = np.clip(0.35 * np.exp(-0.24 * (columns["imd_decile"] - 1)), 0, 1)
        notes.append("poverty_rate was derived from the rank of the deprivation decile (0.35 in the most deprived, "
                     "0.04 in the least): use it as an order, not as a level")
    if population.size > 10 and np.unique(population).size == 1:
        notes.append("all areas have the same population: it looks nominal, so treat rates as counts")
    return ids, names, columns, notes
