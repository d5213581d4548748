"""Tables for other tools: plain CSV or Parquet with one row a run, and the archive of the EMA Workbench.

Only outcomes of whole runs leave: counts and means of a city. Records of persons, places and events stay where they
are, whatever a sweep has stored.
"""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

IDS = ("scenario", "arm", "draw", "replication", "seed")
EMA_VERSION = 0.1  # of the layout that save_results of ema_workbench 2.5 writes


def to_csv(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """One row a run; a value that is not known is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values()):
        writer.writerow("" if v is None or v != v else repr(v) if isinstance(v, float) else v for v in row)
    return text.getvalue().encode()


def to_parquet(columns: Mapping[str, Sequence[Any]], provenance: Mapping[str, Any]) -> bytes:
    """The same as Parquet, with the provenance in the metadata under ``lamplighter``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: list(values) for name, values in columns.items()})
    table = table.replace_schema_metadata({b"lamplighter": json.dumps(provenance).encode()})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def to_ema(columns: Mapping[str, Sequence[Any]], outcomes: Sequence[str]) -> bytes:
    """The archive that ``ema_workbench.load_results`` reads.

    Every run is an experiment of its own. Its ``policy`` is the arm, its ``scenario`` the parameter draw, its ``model``
    our scenario; ``replication`` and ``seed`` are further columns.

    Parameters
    ----------
    columns : mapping
        As :meth:`experiments.sweeps.study.Study.wide` gives them.
    outcomes : sequence of str
        Which of the columns are outcomes; those that are neither these nor ids are parameters.
    """
    known = set(outcomes)
    parameters = {name: values for name, values in columns.items() if name not in known and name not in IDS}
    experiments = {**parameters, "replication": columns["replication"], "seed": columns["seed"],
                   "scenario": columns["draw"], "policy": columns["arm"], "model": columns["scenario"]}
    files = {"experiments.csv": to_csv(experiments)}
    listed = []
    for number, name in enumerate(outcomes):
        file = f"{number:04d}.cls"  # names of outcomes are free, those of files had better not be
        files[file] = "".join(f"{v!r}\n" for v in map(float, columns[name])).encode()
        listed.append(["ScalarOutcome", name, file])
    files["metadata.json"] = json.dumps({"version": EMA_VERSION, "outcomes": listed, "experiments": {
        name: _dtype(values) for name, values in experiments.items()}}).encode()
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return sink.getvalue()


def _dtype(values: Sequence[Any]) -> str:
    kinds = {type(v) for v in values}
    for kind, name in ((bool, "bool"), (int, "int64")):
        if kinds == {kind}:
            return name
    return "float64" if kinds <= {int, float} else "object"
