"""The folder of a sweep: what is asked, the run table, one file per finished run, and what they add up to.

Every file is written under a temporary name, flushed and renamed, so whatever is killed leaves whole files or none.
The layout is described in ``docs/sweeps.md``.
"""

from __future__ import annotations

import contextlib
import csv
import datetime
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.store import MANIFEST
from experiments.sweeps.files import clear_parts, lock, put, put_json, put_table, read_json, read_table, temporary
from experiments.sweeps.plan import Row, SweepPlan, from_manifest
from sim.errors import DataError, SpecError
from sim.spec import SCHEMA_VERSION

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = "lamplighter-sweep"
NUMERIC = ("numpy", "numba", "scipy", "mesa", "shapely", "pyproj")  # what results can depend on
RUNS, RECORDS, ERRORS, CLAIMS = "runs", "records", "errors", "claims"
TABLE, DESIGN, RESULTS, LEDGER, FAILURES = ("table.parquet", "design.parquet", "results.parquet", "ledger.parquet",
                                            "failures.csv")
EXPERIMENT = "experiment.yaml"
LEDGER_KEYS = ("started", "wall_seconds", "cpu_seconds", "host", "process")
RUNS_AT_A_TIME = 500  # of which results are put together
NOTE = b"lamplighter"
DAMAGED = "delete the file, and lamplighter resume makes the run again"
STATED = {"experiment": dict, "experiment_hash": str, "specs": dict, "cities": dict, "packages": dict, "code": dict,
          "source_hash": str, "changes": list, "created": str}  # without which a manifest is of no use


class SweepFolder:
    """A sweep on disk.

    Attributes
    ----------
    path : Path
    manifest : dict
    """

    def __init__(self, path: Path, manifest: dict[str, Any]):
        self.path, self.manifest = path, manifest
        self._plan: SweepPlan | None = None
        self._table: pa.Table | None = None
        self._read: dict[tuple[str, int], dict[str, float]] = {}

    # -- making and opening ------------------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path, plan: SweepPlan, engine: Mapping[str, Any] | None = None) -> SweepFolder:
        """Write what is asked into a new folder: the manifest first, then draws and run table."""
        from experiments.provenance import machine, outcomes_hash

        path.mkdir(parents=True, exist_ok=True)
        cities = _cities(plan)
        about = machine()
        specs: dict[str, dict[str, Any]] = {}
        for (scenario, arm), spec in plan.specs.items():
            specs.setdefault(scenario, {})[arm] = spec.as_dict()
        manifest = {"format": FORMAT, "schema_version": SCHEMA_VERSION, "experiment": plan.as_dict(),
                    "experiment_hash": plan.identity(), "engine": dict(engine or {}), **about,
                    "source_hash": about["code"]["source_hash"], "outcomes_hash": outcomes_hash(), "created": now(),
                    "cities": cities, "changes": [], "specs": specs}
        put_json(path / MANIFEST, manifest)
        if plan.text:
            put(path / EXPERIMENT, plan.text.encode())
        put_table(path / DESIGN, plan.design.table())
        folder = cls(path, manifest)
        folder._plan = plan
        put_table(path / TABLE, folder.make_rows(plan))
        folder._make_rooms()
        return folder

    @classmethod
    def open(cls, path: str | os.PathLike) -> SweepFolder:
        """Open the folder of a sweep.

        Raises
        ------
        DataError
            When there is none, or one of a newer schema.
        """
        path = Path(os.path.abspath(os.path.expanduser(path)))
        manifest = read_json(path / MANIFEST)
        if manifest is None or manifest.get("format") != FORMAT:
            found = f"found format {manifest.get('format')!r}" if manifest else "found none"
            raise DataError(f"out: {path}: expected the folder of a sweep, {found}")
        version = manifest.get("schema_version")
        if not isinstance(version, int) or version > SCHEMA_VERSION:
            raise DataError(f"{path / MANIFEST}: expected schema version {SCHEMA_VERSION} or older, found {version!r}")
        for name, kind in STATED.items():
            if not isinstance(manifest.get(name), kind):
                raise DataError(f"{path / MANIFEST}: damaged: expected {name}, found "
                                f"{'something else' if name in manifest else 'nothing'}")
        folder = cls(path, manifest)
        if not (path / TABLE).is_file():  # killed while it was made: the manifest says everything but the points
            raise DataError(f"{path}: the run table was never finished; start again with force=true")
        return folder

    @staticmethod
    def remove(path: Path) -> None:
        """Delete the files of a sweep, its manifest last. Whoever calls has checked that all are ours."""
        import shutil

        for room in (RUNS, RECORDS, ERRORS, CLAIMS):
            shutil.rmtree(path / room, ignore_errors=True)
        for file in sorted(path.iterdir(), key=lambda p: p.name == MANIFEST):
            if file.is_dir():
                shutil.rmtree(file)
            else:
                file.unlink()

    @property
    def plan(self) -> SweepPlan:
        if self._plan is None:
            self._plan = self._planned(self.manifest, read_table(self.path / DESIGN, ("draw",)))
        return self._plan

    def _planned(self, manifest: Mapping[str, Any], design: pa.Table) -> SweepPlan:
        try:
            return from_manifest(manifest, design)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, (SpecError, DataError)):
                raise
            raise DataError(f"{self.path / MANIFEST}: damaged, or not the one of {DESIGN} "
                            f"({type(error).__name__}: {error})") from None

    def _make_rooms(self) -> None:
        for room in (RUNS, ERRORS, CLAIMS):
            (self.path / room).mkdir(exist_ok=True)

    def make_rows(self, plan: SweepPlan, cells: Iterable[tuple] | None = None, first: int = 0) -> pa.Table:
        """Rows of the run table for cells of a plan, all of them without `cells`, numbered from `first`."""
        import pyarrow as pa

        checksums = {name: city["checksum"] for name, city in self.manifest["cities"].items()}
        columns: dict[str, list] = {name: [] for name in Row._fields}
        for number, cell in enumerate(plan.cells() if cells is None else cells, first):
            spec = plan.spec(*cell)
            for name, value in zip(columns, (number, *cell, spec.seed, plan.key(spec, checksums[cell[0]]))):
                columns[name].append(value)
        return pa.table(columns, schema=_row_schema())

    def forget(self) -> None:
        """Read plan and run table anew when they are asked for next."""
        self._plan = self._table = None

    @contextlib.contextmanager
    def lock(self, shard: str = "") -> Iterator[None]:
        """Keep others from carrying out the same rows; parts of a sweep can be carried out side by side."""
        self._make_rooms()
        with contextlib.ExitStack() as stack:
            stack.enter_context(lock(self.path / ".lock", shared=bool(shard)))
            if shard:
                stack.enter_context(lock(self.path / f".lock-{shard.replace('/', 'of')}"))
            else:
                for room in (".", RUNS, RECORDS, ERRORS, CLAIMS):
                    clear_parts(self.path / room)
            self._bring_to_an_end()
            yield

    def _bring_to_an_end(self) -> None:
        """Finish an expansion during which somebody was killed."""
        from experiments.sweeps.expanding import UNFINISHED, finish

        stored = read_json(self.path / MANIFEST) or self.manifest
        if stored != self.manifest:  # changed by another process before the lock was ours
            self.manifest = stored
            self.forget()
        if self.manifest.get(UNFINISHED):
            following = self.path / f".{DESIGN}.next"
            table = read_table(following if following.exists() else self.path / DESIGN, ("draw",))
            finish(self, self._planned(self.manifest, table))

    # -- the run table -----------------------------------------------------------------------------------------

    def table(self) -> pa.Table:
        """Return the run table: row, scenario, arm, draw, replication, seed, key."""
        if self._table is None:
            self._table = read_table(self.path / TABLE, Row._fields)
        return self._table

    def rows(self) -> list[Row]:
        """Return the run table as rows."""
        return list(map(Row._make, zip(*(self.table()[name].to_pylist() for name in Row._fields))))

    def done_keys(self) -> set[str]:
        """Keys of the runs that are finished."""
        return _names(self.path / RUNS, ".parquet")

    def failed_keys(self) -> set[str]:
        return _names(self.path / ERRORS, ".json") - self.done_keys()

    def failed(self) -> list[dict[str, Any]]:
        """Return what is known of every run that failed, sorted by row."""
        keys = self.failed_keys()
        if not keys:
            return []
        out = []
        known: dict[str, dict] = {}
        for row in self.rows():
            if row.key in keys:
                if row.key not in known:
                    known[row.key] = _failure(self.path / ERRORS / f"{row.key}.json")
                out.append({**known[row.key], **row._asdict()})
        return out

    # -- single runs -------------------------------------------------------------------------------------------

    def write_run(self, key: str, values: Sequence[tuple[str, int, int, float]], note: Mapping[str, Any]) -> None:
        """Store the outcomes of a finished run."""
        put_table(self.path / RUNS / f"{key}.parquet", run_table(key, values, note))

    def read_run(self, key: str) -> pa.Table:
        """Return the outcomes of a finished run.

        Raises
        ------
        DataError
            When the file is damaged or holds another run.
        """
        path = self.path / RUNS / f"{key}.parquet"
        run = read_table(path, ("key", "outcome", "month", "days", "value"), DAMAGED)
        found = set(run["key"].unique().to_pylist())
        if found != {key}:
            raise DataError(f"{path}: expected the run of that key, found {', '.join(map(str, found)) or 'no row'}; "
                            f"{DAMAGED}")
        return run

    def ledger(self, key: str) -> dict[str, Any]:
        """When, where and how long a finished run was carried out."""
        import pyarrow.parquet as pq

        path = self.path / RUNS / f"{key}.parquet"
        try:
            with open(path, "rb") as file:
                return dict(json.loads(pq.read_schema(file).metadata[NOTE]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: does not say where it comes from ({type(error).__name__}); {DAMAGED}") from None

    def write_error(self, row: Row, kind: str, error: str, traceback: str, **more: Any) -> None:
        """Store that a run failed."""
        put_json(self.path / ERRORS / f"{row.key}.json",
                 {"kind": kind, "error": error, "traceback": traceback, **row._asdict(), **more})

    # -- together ----------------------------------------------------------------------------------------------

    def compact(self) -> None:
        """Put all finished runs together: ``results.parquet``, ``ledger.parquet`` and, if any, ``failures.csv``.

        What is there already and still right is left as it is.
        """
        with lock(self.path / ".lock-results", wait=True):
            rows = self.rows()
            done = self.done_keys()
            state = self._state(rows, done)
            self._write_failures()
            if self._state_of(RESULTS) != state:
                self._write_results(rows, done, state)
            self._write_ledger(rows, done)

    def _state(self, rows: Sequence[Row], done: set[str]) -> str:
        """Hash of which rows are finished, and of what was changed: results that bear it are up to date."""
        text = json.dumps([[r.row, r.key] for r in rows if r.key in done] + [self._about()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _about(self) -> dict[str, Any]:
        """What every table says about where it comes from: the same however a sweep was interrupted."""
        m = self.manifest
        return {"format": FORMAT, "schema_version": m["schema_version"], "experiment_hash": m["experiment_hash"],
                "question": m["experiment"]["question"], "outcome": m["experiment"]["outcome"],
                "source_hash": m["source_hash"], "code": m["code"], "packages": m["packages"],
                "cities": {name: city["checksum"] for name, city in m["cities"].items()},
                "changes": [{k: v for k, v in change.items() if k != "when"} for change in m["changes"]]}

    def _state_of(self, name: str) -> str:
        import pyarrow.parquet as pq

        try:
            with open(self.path / name, "rb") as file:
                return json.loads(pq.read_schema(file).metadata[NOTE])["state"]
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def _write_results(self, rows: Sequence[Row], done: set[str], state: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        parameters = self.plan.design.table()
        note = json.dumps({**self._about(), "state": state}, sort_keys=True)
        schema = self._results_schema(parameters, {NOTE: note})
        final, part = self.path / RESULTS, temporary(self.path / RESULTS)
        finished = [row for row in rows if row.key in done]
        try:
            with open(part, "wb") as file:
                with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                    for at in range(0, len(finished), RUNS_AT_A_TIME):
                        tables = [self._joined(row, parameters, schema) for row in finished[at:at + RUNS_AT_A_TIME]]
                        table = pa.concat_tables(tables).combine_chunks()
                        writer.write_table(table, row_group_size=max(1, table.num_rows))
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, final)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise

    def _results_schema(self, parameters: pa.Table, note: Mapping | None = None) -> pa.Schema:
        import pyarrow as pa

        return pa.schema([*_row_schema(), *(f for f in parameters.schema if f.name != "draw"), *_value_schema()],
                         metadata=note)

    def _joined(self, row: Row, parameters: pa.Table, schema: pa.Schema) -> pa.Table:
        import pyarrow as pa

        run = self.read_run(row.key)
        given = dict(row._asdict())
        for name in parameters.column_names[1:]:
            given[name] = parameters[name][row.draw].as_py()
        columns = [run[f.name].cast(f.type) if f.name in ("outcome", "month", "days", "value")
                   else pa.repeat(pa.scalar(given[f.name], f.type), run.num_rows) for f in schema]
        return pa.table(columns, schema=schema)

    def _write_ledger(self, rows: Sequence[Row], done: set[str]) -> None:
        import pyarrow as pa

        failed = {f["key"]: f for f in self.failed()}
        known: dict[str, dict] = {}
        before = self._old_ledger()
        columns: dict[str, list] = {name: [] for name in ("row", "key", "status", *LEDGER_KEYS)}
        for row in rows:
            if row.key in done:
                if row.key not in known:
                    known[row.key] = before.get(row.key) or self.ledger(row.key)
                status, note = "done", known[row.key]
            elif row.key in failed:
                status, note = failed[row.key].get("kind", "error"), failed[row.key]
            else:
                status, note = "missing", {}
            for name, value in zip(columns, (row.row, row.key, status, *(note.get(k) for k in LEDGER_KEYS))):
                columns[name].append(value)
        types = {"row": pa.int64(), "wall_seconds": pa.float64(), "cpu_seconds": pa.float64(), "process": pa.int64()}
        schema = pa.schema([(name, types.get(name, pa.string())) for name in columns],
                           metadata={NOTE: json.dumps(self._about(), sort_keys=True)})
        put_table(self.path / LEDGER, pa.table(columns, schema=schema))

    def _old_ledger(self) -> dict[str, dict[str, Any]]:
        """Ledger of finished runs that was put together before; it need not be read again from each run."""
        import pyarrow.parquet as pq

        try:
            with open(self.path / LEDGER, "rb") as file:
                rows = pq.ParquetFile(file).read().to_pylist()
        except (OSError, ValueError):
            return {}
        return {row["key"]: row for row in rows if row["status"] == "done"}

    def _write_failures(self) -> None:
        failures = self.failed()
        path = self.path / FAILURES
        if not failures:
            path.unlink(missing_ok=True)
            return
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*Row._fields, "kind", "error", "traceback"])
        for failure in failures:
            writer.writerow([failure.get(name, "") for name in (*Row._fields, "kind", "error", "traceback")])
        put(path, text.getvalue().encode())

    def results(self, outcomes: Sequence[str] | None = None, months: Sequence[int] | None = None) -> pa.Table:
        """Return the results of all finished runs, joined with the run table and the parameters, sorted by row.

        Parameters
        ----------
        outcomes, months : sequence, optional
            Keep only these; month -1 is the whole scored period.
        """
        self.compact()
        filters = []
        if outcomes is not None:
            filters.append(("outcome", "in", list(outcomes)))
        if months is not None:
            filters.append(("month", "in", list(months)))
        return self.read_results(filters=filters or None)

    def long(self, month: int, columns: Sequence[str]) -> pa.Table:
        """Some columns of the results of one month, -1 for the whole period; nothing is written."""
        import pyarrow as pa
        import pyarrow.compute as pc

        rows, done = self.rows(), self.done_keys()
        if self._state_of(RESULTS) == self._state(rows, done):
            return self.read_results(columns=list(columns), filters=[("month", "=", month)])
        parameters = self.plan.design.table()
        schema = self._results_schema(parameters)
        tables = []
        for row in rows:
            if row.key in done:
                table = self._joined(row, parameters, schema)
                tables.append(table.filter(pc.equal(table["month"], month)).select(list(columns)))
        return pa.concat_tables(tables) if tables else schema.empty_table().select(list(columns))

    def ledgers(self) -> dict[str, dict[str, Any]]:
        """Return :meth:`ledger` of every finished run by key."""
        before = self._old_ledger()
        return {key: before.get(key) or self.ledger(key) for key in sorted(self.done_keys())}

    def read_results(self, **more: Any) -> pa.Table:
        """Read ``results.parquet`` as it is; keyword arguments are those of `pyarrow.parquet.read_table`."""
        return read_table(self.path / RESULTS, remedy="delete it, and lamplighter resume puts it together again",
                          **more)

    def values(self, outcome: str, month: int = -1) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Return one outcome by scenario and arm: arrays (draw, replication, value), sorted by draw and replication.

        Failed and missing runs are absent; :meth:`failed` lists the failed ones.

        Raises
        ------
        SpecError
            When no finished run has that outcome.
        """
        self._table = None
        known = self._values_by_key(outcome, month)
        found: dict[tuple[str, str], list[tuple[int, int, float]]] = {}
        for row in self.rows():
            if row.key in known:
                found.setdefault((row.scenario, row.arm), []).append((row.draw, row.replication, known[row.key]))
        out = {}
        for pair in self.plan.specs:
            listed = sorted(found.get(pair, []))
            out[pair] = (np.array([d for d, _, _ in listed], np.int64), np.array([r for _, r, _ in listed], np.int64),
                         np.array([v for _, _, v in listed], float))
        return out

    def _values_by_key(self, outcome: str, month: int) -> dict[str, float]:
        import pyarrow.compute as pc

        known = self._read.setdefault((outcome, month), {})
        done = self.done_keys()
        missing = done - set(known)
        if missing and self._state_of(RESULTS) == self._state(self.rows(), done):
            table = self.read_results(columns=["key", "value"],
                                      filters=[("outcome", "=", outcome), ("month", "=", month)])
            known.update(zip(table["key"].to_pylist(), table["value"].to_pylist()))
            missing = set()
        for key in missing:
            run = self.read_run(key)
            at = pc.index(pc.and_(pc.equal(run["outcome"], outcome), pc.equal(run["month"], month)), True).as_py()
            if at >= 0:
                known[key] = run["value"][at].as_py()
        if done and not known:
            from sim.parameters import unknown_key

            names = sorted(set(self.read_run(min(done))["outcome"].to_pylist()))
            line = str(unknown_key(outcome, names, "outcome"))
            raise SpecError(line.replace("unknown key", "unknown outcome").replace("known keys", "known outcomes"))
        return known

    # -- changes -----------------------------------------------------------------------------------------------

    def note_change(self, what: str, before: Any, after: Any) -> None:
        """Add to the list of what was changed after the start; call :meth:`save` afterwards."""
        self.manifest["changes"].append({"what": what, "when": now(), "before": before, "after": after})

    def save(self) -> None:
        put_json(self.path / MANIFEST, self.manifest)


@contextlib.contextmanager
def making(path: Path) -> Iterator[None]:
    """Let one process at a time make the folder of a sweep, so that parts started together find one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with lock(path.parent / f".{path.name}.making", wait=True):
        yield
    (path.parent / f".{path.name}.making").unlink(missing_ok=True)


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _failure(path: Path) -> dict[str, Any]:
    """What a file about a failed run says, with everything a reader counts on."""
    found = read_json(path) or {}
    out = {"kind": "error", "error": "the file about the failure is damaged", "traceback": ""}
    out |= {name: value for name, value in found.items() if isinstance(value, str) or name not in out}
    for name, kind in (("started", str), ("wall_seconds", (int, float)), ("cpu_seconds", (int, float)), ("host", str),
                       ("process", int)):
        if not isinstance(out.get(name), kind):
            out[name] = None
    return out


def _names(folder: Path, ending: str) -> set[str]:
    try:
        return {e.name[:-len(ending)] for e in os.scandir(folder) if e.name.endswith(ending) and e.name[0] != "."}
    except FileNotFoundError:
        return set()


def _row_schema() -> pa.Schema:
    import pyarrow as pa

    types = {"row": pa.int64(), "draw": pa.int32(), "replication": pa.int32(), "seed": pa.int64()}
    return pa.schema([(name, types.get(name, pa.string())) for name in Row._fields])


def _value_schema() -> list[pa.Field]:
    import pyarrow as pa

    return [pa.field("outcome", pa.string()), pa.field("month", pa.int32()), pa.field("days", pa.int32()),
            pa.field("value", pa.float64())]


def run_table(key: str, values: Sequence[tuple[str, int, int, float]], note: Mapping[str, Any]) -> pa.Table:
    """Outcomes of one run as a table: key, outcome, month (-1: whole scored period), days, value."""
    import pyarrow as pa

    names, months, days, numbers = zip(*values) if values else ((), (), (), ())
    schema = pa.schema([pa.field("key", pa.string()), *_value_schema()], metadata={NOTE: json.dumps(note)})
    columns = [pa.repeat(key, len(names)), pa.array(names, pa.string()), pa.array(months, pa.int32()),
               pa.array(days, pa.int32()), pa.array(numbers, pa.float64())]
    return pa.table(columns, schema=schema)


def _cities(plan: SweepPlan) -> dict[str, dict[str, Any]]:
    """Name and checksum of every scenario's city, which also checks that it can be built."""
    from experiments.cities import build_city

    out, known = {}, {}
    first = plan.arm_names[0]
    for scenario in plan.scenarios:
        spec = plan.specs[scenario, first]
        if spec.city not in known:
            city = build_city(spec)
            known[spec.city] = {"name": city.name or spec.city.preset, "checksum": city.checksum,
                                "residents": city.population}
        out[scenario] = known[spec.city]
    return out
