"""What a worker does with a piece of a sweep: it simulates, writes its own results, and returns only a status."""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import functools
import gc
import os
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from experiments.engines.base import Stopped
from experiments.sweeps.files import read_json, temporary
from experiments.sweeps.plan import Row
from experiments.sweeps.store import CLAIMS, DESIGN, ERRORS, RECORDS, RUNS, TABLE, SweepFolder, now
from sim.errors import DataError

LOOK = 0.3  # seconds between looks at the stop file
MAX_LOSSES = 2  # deaths of a worker after which the run it was on counts as failed
watch: Callable[[float], None] | None = None  # told the simulated days of a chunk that is done in this process
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


@dataclass(frozen=True)
class Limits:
    """What a run may take. Noughts stand for no limit."""

    seconds: float = 0.0
    memory_gb: float = 0.0
    cpu_hours: float = 0.0

    def less(self, cpu_seconds: float) -> Limits:
        """Return what is left of them after some processor time."""
        if not self.cpu_hours:
            return self
        return replace(self, cpu_hours=max(1e-9, self.cpu_hours - cpu_seconds / 3600))


@dataclass(frozen=True)
class Chunk:
    """A piece of work: groups of rows that share the time before the first scored day.

    `session` is a word that stands in the file `session_file` for as long as the work is wanted.
    """

    folder: str
    number: int
    session: str
    session_file: str
    source_hash: str
    worlds: tuple[tuple[Row, ...], ...]
    limits: Limits = Limits()
    apart: bool = True  # in a process that may die of it


class Status(NamedTuple):
    """What became of a chunk. `problem` says why the whole sweep cannot go on."""

    done: int
    failed: tuple[str, ...]
    cpu_seconds: float
    problem: str = ""


class TimeLimit(Exception):
    """A run took longer than it may."""


def do_chunk(chunk: Chunk) -> Status:
    """Carry out what is missing of a chunk and store it.

    Rows that were stored meanwhile are left alone, so a chunk can be given to another worker when one was lost.
    """
    from experiments.provenance import source_hash

    begun = time.process_time()
    if source_hash() != chunk.source_hash:
        return Status(0, (), 0.0, f"{socket.gethostname()}: a worker has another version of the model's source: "
                                  f"{source_hash()} instead of {chunk.source_hash}")
    desk = _Desk(chunk)
    if chunk.limits.seconds:
        _warm()
    try:
        with _memory_limit(chunk.limits.memory_gb):
            for world in chunk.worlds:
                desk.do_world(world)
    except Stopped:
        pass
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        desk.problem = f"{chunk.folder}: {error.strerror}"
    finally:
        desk.leave()
        gc.collect()  # models hold themselves in circles, and hide their size from the collector
    return Status(desk.done, tuple(desk.failed), time.process_time() - begun, desk.problem)


@functools.cache
def _warm() -> None:
    """Load or compile the kernels once in a process, so that no run's time is spent on it."""
    from sim.model import CityModel

    CityModel(city={"residents": 500}, burn_in_years=0).run_days(2)


@functools.lru_cache(maxsize=2)
def _folder(path: str, made: str) -> SweepFolder:
    """The sweep, read once in a process; `made` changes with its manifest."""
    return SweepFolder.open(path)


def open_folder(path: str) -> SweepFolder:
    stat = os.stat(os.path.join(path, "manifest.json"))
    return _folder(path, f"{stat.st_mtime_ns} {stat.st_ino}")


class _Desk:
    """The work of one chunk in one process."""

    def __init__(self, chunk: Chunk):
        self.chunk = chunk
        self.folder = open_folder(chunk.folder)
        self.plan = self.folder.plan
        self.done, self.failed, self.problem = 0, [], ""
        self.host = socket.gethostname()
        self.name = f"{self.host}-{os.getpid()}" + (
            "" if threading.current_thread() is threading.main_thread() else f"-{threading.get_ident() % 100_000}")
        claims = Path(chunk.folder, CLAIMS)
        self.claim_file, self.trace_file = claims / f"{self.name}.json", claims / f"{self.name}.trace"
        self.units = 0.0  # simulated days of this chunk
        self.claim: dict[str, Any] = {}
        self._looked = self._told = time.monotonic()
        self._deadline = 0.0
        self._trace: Any = None
        self.losses = self._losses()

    # -- who was lost --------------------------------------------------------------------------------------------

    def _losses(self) -> dict[str, list[dict[str, Any]]]:
        """Claims of other workers on rows of this chunk: they died on them, else the chunk would not be here."""
        keys = {row.key for world in self.chunk.worlds for row in world}
        out: dict[str, list[dict[str, Any]]] = {}
        for entry in os.scandir(Path(self.chunk.folder, CLAIMS)):
            if entry.name.endswith(".json") and entry.name != self.claim_file.name:
                claim = read_json(Path(entry.path)) or {}
                if claim.get("session") == self.chunk.session:
                    for key in claim.get("keys", ()):
                        if key in keys:
                            out.setdefault(key, []).append({**claim, "file": entry.path})
        return out

    def _given_up(self, row: Row) -> bool:
        """Store a row as failed when the workers that were on it died; True if so."""
        for claim in self.losses.get(row.key, ()):
            with contextlib.suppress(OSError):
                text = Path(claim["file"]).with_suffix(".trace").read_text(errors="replace")
                if text.strip():
                    limit = self.chunk.limits.seconds
                    self._fail(row, "timeout", f"TimeLimit: took more than {limit:g} s and did not come back", text,
                               claim)
                    return True
        lost = self.losses.get(row.key, ())
        if len(lost) < MAX_LOSSES:
            return False
        where = ", ".join(f"process {c.get('process')} on {c.get('host')}" for c in lost)
        self._fail(row, "lost", f"Lost: {len(lost)} worker processes died on it ({where}), perhaps for lack of memory",
                   "", lost[-1])
        return True

    # -- worlds --------------------------------------------------------------------------------------------------

    def do_world(self, world: tuple[Row, ...]) -> None:
        self._look()
        todo, keys = [], set()
        for row in world:
            if row.key not in keys and not self._finished(row.key) and not self._given_up(row):
                todo.append(row)
                keys.add(row.key)
        if not todo:
            return
        if len(todo) == 1:
            self._do(todo, todo[0], lambda row, spec, tell: self._alone(spec, tell))
            return
        start: dict[str, Any] = {}

        def burn_in(row: Row, spec: Any, tell: Callable[[float, str], None]) -> None:
            from experiments.arms import warm_up
            from experiments.replicate import burn_in

            start["snapshot"], start["marks"] = burn_in(warm_up(spec), tell)

        begun = _Clock()
        if not self._try(todo, todo[0], burn_in):
            return
        for row in todo:
            self._do([row], row, lambda row, spec, tell: self._from(start, spec, tell), begun)
            begun = None  # the burn-in is counted once

    def _finished(self, key: str) -> bool:
        return (os.path.exists(f"{self.chunk.folder}/{RUNS}/{key}.parquet")
                or os.path.exists(f"{self.chunk.folder}/{ERRORS}/{key}.json"))

    def _alone(self, spec: Any, tell: Callable[[float, str], None]) -> tuple[Any, Any]:
        from experiments.replicate import world
        from experiments.run import simulate
        from sim.model import CityModel

        city, people = world(spec.city)
        model = CityModel(spec, city=city, people=people)
        return model, simulate(model, tell)

    def _from(self, start: Mapping[str, Any], spec: Any, tell: Callable[[float, str], None]) -> tuple[Any, Any]:
        from sim.model import CityModel

        model = CityModel.restore(start["snapshot"], spec)
        model.run_days(spec.days - model.day, lambda done, of: tell(1, ""))
        return model, start["marks"]

    def _do(self, rows: list[Row], row: Row, simulate: Callable, clock: _Clock | None = None) -> None:
        clock = clock or _Clock()

        def carry_out(row: Row, spec: Any, tell: Callable[[float, str], None]) -> None:
            model, marks = simulate(row, spec, tell)
            self._store(row, model, marks, clock)
            self.done += 1

        self._try(rows, row, carry_out)

    def _try(self, rows: list[Row], row: Row, work: Callable) -> bool:
        """Do something for rows under the limits; on a failure all of them have failed. False if so."""
        clock = _Clock()
        try:
            spec = self.plan.spec(row.scenario, row.arm, row.draw, row.replication)
            self._check_key(row, spec)
            self._take(rows, row)
            with self._time_limit():
                work(row, spec, self._tell)
            return True
        except (Stopped, KeyboardInterrupt):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise
            self._look()  # a worker whose work is not wanted any more says nothing about it
            kind = ("memory" if isinstance(error, MemoryError) else "timeout" if isinstance(error, TimeLimit)
                    else "error")
            text = "".join(traceback.format_exception(error))
            for failed in rows:
                self._fail(failed, kind, f"{type(error).__name__}: {error}", text, clock.read(self.host))
            return False

    def _check_key(self, row: Row, spec: Any) -> None:
        """Refuse a row whose content is not what its key stands for; other source may well give another key."""
        manifest = self.folder.manifest
        if manifest["source_hash"] == self.chunk.source_hash:
            key = self.plan.key(spec, manifest["cities"][row.scenario]["checksum"])
            if (key, spec.seed) != (row.key, row.seed):
                raise DataError(f"row {row.row}: its key does not belong to its settings; manifest, {DESIGN} or "
                                f"{TABLE} was changed by hand")

    def _store(self, row: Row, model: Any, marks: Any, clock: _Clock) -> None:
        from experiments.outcomes import outcomes
        from experiments.store import LiveRun

        values = list(outcomes(LiveRun(model)))
        if self.plan.records == "full":
            self._store_records(row, model, marks)
        note = {"key": row.key, "spec_hash": model.spec.hash(), "seed": row.seed,
                "schema_version": self.folder.manifest["schema_version"], "source_hash": self.chunk.source_hash,
                **clock.read(self.host)}
        self.folder.write_run(row.key, values, note)

    def _store_records(self, row: Row, model: Any, marks: Any) -> None:
        from experiments.provenance import Stopwatch, run_manifest
        from experiments.replicate import store_whole

        target = self.folder.path / RECORDS / row.key
        if not target.exists():
            store_whole(target, model, run_manifest(model, Stopwatch(), row.arm, row.replication), marks)

    def _fail(self, row: Row, kind: str, error: str, text: str, note: Mapping[str, Any]) -> None:
        ledger = {k: note.get(k) for k in ("started", "wall_seconds", "cpu_seconds", "host", "process")}
        self.folder.write_error(row, kind, error, text, attempts=1 + len(self.losses.get(row.key, ())), **ledger)
        self.failed.append(row.key)

    # -- signs of life -------------------------------------------------------------------------------------------

    def _take(self, rows: list[Row], row: Row) -> None:
        """Say what this worker is on, so that it can be told what became of it should it die."""
        self.claim = {"session": self.chunk.session, "chunk": self.chunk.number, "keys": [r.key for r in rows],
                      "row": row.row, "scenario": row.scenario, "arm": row.arm, "draw": row.draw,
                      "replication": row.replication, "host": self.host, "process": os.getpid(), "started": now()}
        self._claim()

    def _claim(self) -> None:
        import json

        part = temporary(self.claim_file)
        part.write_text(json.dumps({**self.claim, "units": self.units}))
        os.replace(part, self.claim_file)
        self._told = time.monotonic()

    def _tell(self, days: float, note: str) -> None:
        self.units += days
        now = time.monotonic()
        if now - self._looked >= LOOK:
            self._look()
        if now - self._told >= 1.0:
            self._claim()
            if watch is not None:
                watch(self.units)
        if self._deadline and now > self._deadline:
            raise TimeLimit(f"took more than {self.chunk.limits.seconds:g} s")

    def _look(self) -> None:
        """Stop when the work is not wanted any more."""
        self._looked = time.monotonic()
        try:
            with open(self.chunk.session_file) as file:
                wanted = file.read() == self.chunk.session
        except FileNotFoundError:
            wanted = False
        if not wanted:
            raise Stopped

    @contextlib.contextmanager
    def _time_limit(self) -> Iterator[None]:
        """End a run that takes too long: at the next simulated day, and if that never comes, with the process."""
        seconds = self.chunk.limits.seconds
        if not seconds:
            yield
            return
        self._deadline = time.monotonic() + seconds
        hard = self.chunk.apart
        if hard:
            self._trace = self._trace or open(self.trace_file, "w")  # noqa: SIM115 - closed by leave()
            faulthandler.dump_traceback_later(seconds + max(1.0, 0.1 * seconds), exit=True, file=self._trace)
        try:
            yield
        finally:
            self._deadline = 0.0
            if hard:
                faulthandler.cancel_dump_traceback_later()

    def leave(self) -> None:
        """Clear the desk: nothing is claimed any more."""
        if self._trace is not None:
            self._trace.close()
            self.trace_file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.claim_file.unlink(missing_ok=True)


class _Clock:
    """When a run started, and what it took."""

    def __init__(self) -> None:
        self.started, self.wall, self.cpu = now(), time.perf_counter(), time.process_time()

    def read(self, host: str) -> dict[str, Any]:
        return {"started": self.started, "wall_seconds": round(time.perf_counter() - self.wall, 4),
                "cpu_seconds": round(time.process_time() - self.cpu, 4), "host": host, "process": os.getpid()}


@contextlib.contextmanager
def _memory_limit(gigabytes: float) -> Iterator[None]:
    """Let this process hold no more than that, so that a run asking for more fails instead of the machine."""
    if not gigabytes:
        yield
        return
    try:
        import resource
    except ImportError:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = int(gigabytes * 1e9)
    if before[1] != resource.RLIM_INFINITY:
        wanted = min(wanted, before[1])
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
