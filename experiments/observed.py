"""Recorded crime of a real city beside a comparison: ``observed.parquet``, for the report to set the model against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.records import TYPES

if TYPE_CHECKING:
    from sim.city.grid import City
    from sim.spec import RunSpec

FILES = ("events.csv", "events.csv.gz")


def write_observed(folder: Path, spec: RunSpec, city: City) -> dict[str, Any] | None:
    """Write what the police of a real city recorded in the areas of `city`, if its folder says so.

    Columns: `type` (types of the model only), `area` (id), `cell` (-1 without a point in the city), `hour` (-1 where
    not known), `day` (from the first day of the record). Returns what the manifest should hold about it.
    """
    if spec.city.preset != "from_files" or not any(Path(spec.city.path, name).is_file() for name in FILES):
        return None
    import pyarrow as pa

    from experiments.city_files import load_events
    from experiments.store import write_table

    events = load_events(spec.city.path, city)
    mine = np.isin(events["type"], TYPES)
    if not mine.any():
        return None
    day = events["datetime"].astype("datetime64[D]")
    last = day.max()
    if "month" in set(events["precision"]):
        last = (last.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1
    days = int((last - day.min()).astype(int)) + 1
    hour = (events["datetime"] - day).astype("timedelta64[h]").astype(np.int8)
    hour[events["precision"] != "minute"] = -1
    area = np.array(city.areas.ids, object)[events["area"][mine]]
    table = pa.table({
        "type": pa.array(events["type"][mine].tolist()).dictionary_encode(),
        "area": pa.array(area.tolist(), pa.string()).dictionary_encode(),
        "cell": pa.array(events["cell"][mine].astype(np.int32)), "hour": pa.array(hour[mine]),
        "day": pa.array((day - day.min())[mine].astype(np.int32))})
    about = {"days": days, "events": int(mine.sum()), "left_out": int((~mine).sum()), "first_day": str(day.min())}
    write_table(folder / "observed.parquet", table.replace_schema_metadata({"lamplighter": json.dumps(about)}))
    return about
