"""Carrying out the run table: chunks are handed to an engine, lost ones handed out again, progress is shown."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.engines import EngineOptions, Executor, Lost, executor
from experiments.progress import Progress
from experiments.sweeps import worker
from experiments.sweeps.files import read_json
from experiments.sweeps.plan import Row, SweepPlan
from experiments.sweeps.store import CLAIMS, SweepFolder
from experiments.sweeps.worker import NO_ROOM, Chunk, Limits, Status, do_chunk
from sim.errors import LamplighterError

IN_FLIGHT = 2  # chunks per worker that are handed out at a time
GRACE = 30.0  # seconds that workers get to finish the day they are in
MAX_START_FAILURES = 3


class SweepError(LamplighterError):
    """A sweep cannot go on, through no fault of a single run."""


@dataclass
class Outcome:
    """What became of the rows that were asked for."""

    wanted: int
    done: int = 0
    failed: int = 0
    stopped: str = ""  # why not all was done: interrupted, fail_fast, budget, or what kept it
    cpu_seconds: float = 0.0

    @property
    def status(self) -> int:
        """Exit status of a command."""
        if self.stopped == "interrupted":
            return 130
        return 1 if self.failed or self.stopped else 0


def shard_of(text: str) -> tuple[int, int]:
    """Take ``k/n`` apart.

    Raises
    ------
    SpecError
    """
    from sim.errors import SpecError
    from sim.parameters import show

    k, _, n = text.partition("/")
    if not (k.isdecimal() and n.isdecimal() and len(text) < 16 and 1 <= int(k) <= int(n)):
        raise SpecError(f"shard: expected a part such as 1/4, found {show(text)}")
    return int(k), int(n)


def worlds_of(plan: SweepPlan, rows: Sequence[Row], shard: str = "") -> list[tuple[Row, ...]]:
    """Group rows that share their burn-in, those of a part of the sweep only if one is asked for."""
    groups: dict[tuple, list[Row]] = {}
    for row in rows:
        groups.setdefault(plan.world(row.scenario, row.arm, row.draw, row.replication), []).append(row)
    made = [tuple(group) for group in groups.values()]
    if shard:
        k, n = shard_of(shard)
        made = [world for world in made if world[0].row // len(plan.arms) % n == k - 1]
    return made


def limits_of(options: Any, folder: SweepFolder) -> Limits:
    """Limits from the settings of a task and the budget of a sweep."""
    return Limits(options.time_limit, options.memory_limit, folder.plan.budget.get("cpu_hours", 0.0))


def missing(folder: SweepFolder, shard: str = "", rows: Sequence[Row] | None = None) -> list[tuple[Row, ...]]:
    """Rows that are neither finished nor failed, in groups that share their burn-in."""
    settled = folder.done_keys() | folder.failed_keys()
    rows = folder.rows() if rows is None else rows
    todo = [row for row in rows if row.key not in settled]
    return worlds_of(folder.plan, todo, shard) if todo else []


def carry_out(folder: SweepFolder, engine: EngineOptions | Executor, limits: Limits = Limits(), *, shard: str = "",
              fail_fast: bool = False, progress: Progress | bool | None = True, label: str = "sweep",
              rows: Sequence[Row] | None = None) -> Outcome:
    """Run what is missing of a sweep, and put the results together.

    Parameters
    ----------
    folder : SweepFolder
        Locked by the caller.
    engine : EngineOptions or Executor
        An executor is used and left open.
    limits : Limits
    shard : str
        ``k/n``: this part only.
    fail_fast : bool
        Stop at the first run that fails.
    progress : Progress or bool
        True shows one on standard error.
    rows : sequence of Row, optional
        These rows only.

    Raises
    ------
    SweepError
        When workers cannot start, or the disk is full.
    """
    worlds = missing(folder, shard, rows)
    wanted = {row.key for world in worlds for row in world}
    outcome = Outcome(len(wanted))
    if worlds:
        work = _Work(folder, engine, limits, worlds, fail_fast, progress, label, shard)
        try:
            work.go(outcome)
        finally:
            work.close()
        outcome.done, outcome.failed = len(wanted & folder.done_keys()), len(wanted & folder.failed_keys())
    elif not shard and rows is None:  # nobody can be at work: whoever was killed after the last run left these behind
        _clear_sessions(folder.path / CLAIMS)
    if not outcome.stopped.startswith("disk"):
        try:
            folder.compact()
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            outcome.stopped = f"disk: {folder.path}: {error.strerror}"
    return outcome


class _Work:
    """One go at the missing rows."""

    def __init__(self, folder: SweepFolder, engine: EngineOptions | Executor, limits: Limits,
                 worlds: list[tuple[Row, ...]], fail_fast: bool, progress: Any, label: str, shard: str):
        from experiments.provenance import source_hash

        self.folder, self.limits, self.fail_fast = folder, limits, fail_fast
        self.claims = folder.path / CLAIMS
        self.session = secrets.token_hex(8)
        self.session_file = self.claims / f"session{f'-{shard}'.replace('/', 'of') if shard else ''}"
        self.source = source_hash()
        self.costs = _Costs(folder)
        self.worlds = deque((self.costs.world(world), world) for world in worlds)
        self.left = self.total = sum(cost for cost, _ in self.worlds)
        self.finished = 0.0
        self.rate: float | None = None  # seconds of a worker per unit of cost
        self.number = 0
        self.flying: dict[Future, tuple[Chunk, float]] = {}
        self.dead_starts = 0
        if not shard:
            _clear(self.claims)
        if progress is True:
            progress = Progress(self.total, label, "starting")
        elif isinstance(progress, Progress):
            progress.total = max(self.total, 1e-9)
        self.progress = progress or None
        self.owned = isinstance(engine, EngineOptions)
        self.pool: Executor = executor(engine, str(self.claims)) if isinstance(engine, EngineOptions) else engine
        self.seconds = self.pool.chunk_seconds
        self.session_file.write_text(self.session)

    # -- the loop ------------------------------------------------------------------------------------------------

    def go(self, outcome: Outcome) -> None:
        try:
            while (self.worlds or self.flying) and not outcome.stopped:
                self._hand_out(outcome)
                done, _ = wait(self.flying, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    self._take_back(future, outcome)
                self._show(outcome)
        except KeyboardInterrupt:
            outcome.stopped = "interrupted"
        if outcome.stopped:
            self._stop(outcome)

    def _hand_out(self, outcome: Outcome) -> None:
        limit = float("inf") if self.pool.all_at_once else IN_FLIGHT * self.pool.workers if self.pool.apart else 1
        sent = False
        while self.worlds and len(self.flying) < limit:
            chunk = self._next()
            self._submit(chunk)
            sent = True
        if sent:
            self.pool.flush()

    def _submit(self, chunk: Chunk) -> None:
        cost = self._cost(chunk)
        if self.pool.apart:
            self.flying[self.pool.submit(do_chunk, chunk)] = chunk, cost
            return
        days = sum(map(self.costs.days, chunk.worlds))
        worker.watch = lambda units: self._advance(self.finished + cost * min(1.0, units / days))
        try:
            self.flying[self.pool.submit(do_chunk, chunk)] = chunk, cost
        finally:
            worker.watch = None

    def _next(self) -> Chunk:
        """The next chunk: as many worlds as make up the engine's time, fewer at the start and at the end."""
        rate = self.rate if self.rate is not None else 1.0  # costs are in seconds by the rough rates of the model
        seconds = self.seconds
        if self.rate is None and not self.pool.all_at_once:
            seconds = min(seconds, 2.0)
        per_worker = (self.total if self.pool.all_at_once else self.left) * rate / self.pool.workers
        wanted = min(seconds, per_worker if self.pool.all_at_once else max(0.5, per_worker / 3)) / max(rate, 1e-9)
        taken, cost = [], 0.0
        while self.worlds and (not taken or cost < wanted):
            its, world = self.worlds.popleft()
            taken.append(world)
            cost += its
        self.left -= cost
        self.number += 1
        return Chunk(str(self.folder.path), self.number, self.session, str(self.session_file), self.source,
                     tuple(taken), self.limits, self.pool.apart)

    def _take_back(self, future: Future, outcome: Outcome) -> None:
        chunk, cost = self.flying.pop(future)
        error = future.exception()
        if isinstance(error, Lost):
            self._lost(chunk, error)
            return
        if error is not None:
            self._stop(outcome)
            raise error
        status: Status = future.result()
        self.dead_starts = 0
        self.finished += cost
        outcome.cpu_seconds += status.cpu_seconds
        outcome.done += status.done
        outcome.failed += len(status.failed)
        if status.done and status.cpu_seconds > 0:
            rate = status.cpu_seconds / max(cost, 1e-9)
            self.rate = rate if self.rate is None else 0.7 * self.rate + 0.3 * rate
        if status.problem:
            outcome.stopped = f"disk: {status.problem}" if "version" not in status.problem else status.problem
        elif status.failed and self.fail_fast:
            outcome.stopped = "fail_fast"
        elif self.limits.cpu_hours and outcome.cpu_seconds > self.limits.cpu_hours * 3600:
            outcome.stopped = f"the budget of {self.limits.cpu_hours:g} CPU hours is spent"

    def _lost(self, chunk: Chunk, error: Lost) -> None:
        """Give the chunk to another worker, which leaves alone what is finished and sees who died on what."""
        if not self._any_claim(chunk):
            self.dead_starts += 1
            if self.dead_starts > MAX_START_FAILURES:
                raise SweepError(f"workers die before they begin: {error}")
        self._submit(chunk)
        self.pool.flush()

    def _any_claim(self, chunk: Chunk) -> bool:
        return any(claim.get("chunk") == chunk.number for claim in self._live())

    def _live(self) -> list[dict[str, Any]]:
        """Claims of this session."""
        out = []
        with contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(self.claims):
                if entry.name.endswith(".json"):
                    claim = read_json(Path(entry.path)) or {}
                    if claim.get("session") == self.session:
                        out.append(claim)
        return out

    # -- progress ------------------------------------------------------------------------------------------------

    def _cost(self, chunk: Chunk) -> float:
        return sum(map(self.costs.world, chunk.worlds))

    def _show(self, outcome: Outcome) -> None:
        if self.progress is None:
            return
        flying = {chunk.number: (chunk, cost) for chunk, cost in self.flying.values()}
        done = self.finished
        for claim in self._live():
            if claim.get("chunk") in flying:
                chunk, cost = flying[claim["chunk"]]
                days = sum(map(self.costs.days, chunk.worlds))
                done += cost * min(1.0, claim.get("units", 0.0) / max(days, 1e-9))
        note = f"{outcome.done + outcome.failed} of {outcome.wanted} runs"
        if outcome.failed:
            note += f", {outcome.failed} failed"
        self._advance(done, note)

    def _advance(self, done: float, note: str | None = None) -> None:
        if self.progress is not None:
            self.progress.add(max(0.0, done - self.progress.done), note)

    # -- the end -------------------------------------------------------------------------------------------------

    def _stop(self, outcome: Outcome) -> None:
        """Ask the workers to stop at the next simulated day and wait for them."""
        self.session_file.unlink(missing_ok=True)
        try:
            for future in self.flying:
                future.cancel()
            wait(self.flying, timeout=GRACE)
        except KeyboardInterrupt:  # asked twice
            pass
        if any(not future.done() for future in self.flying):
            self.pool.abandon()

    def close(self) -> None:
        self.session_file.unlink(missing_ok=True)
        if any(not future.done() for future in self.flying):
            self.pool.abandon()
        elif self.owned:
            self.pool.shutdown(wait=True, cancel_futures=True)
        if self.progress is not None:
            self.progress.close()
        with contextlib.suppress(OSError):
            _clear(self.claims, self.session)
            if not self.worlds and not self.flying:
                shutil.rmtree(self.claims / "slurm", ignore_errors=True)


class _Costs:
    """What worlds cost, in seconds by the rough rates of the model, and their simulated days."""

    def __init__(self, folder: SweepFolder):
        from experiments.cities import SECONDS_PER_RESIDENT_TICK, SECONDS_PER_TICK

        self.plan = folder.plan
        self.per_day = {}
        for (scenario, _), spec in self.plan.specs.items():
            residents = spec.city.residents or folder.manifest["cities"][scenario]["residents"]
            self.per_day[scenario] = 24 // spec.tick_hours * (SECONDS_PER_TICK + residents * SECONDS_PER_RESIDENT_TICK)

    def days(self, world: tuple[Row, ...]) -> float:
        spec = self.plan.specs[world[0].scenario, world[0].arm]
        return spec.burn_in_days + len(world) * spec.days + 1e-3

    def world(self, world: tuple[Row, ...]) -> float:
        return self.per_day[world[0].scenario] * self.days(world)


def _clear_sessions(claims: Path) -> None:
    """Remove everything that sessions at work keep."""
    with contextlib.suppress(FileNotFoundError):
        _clear(claims)
        for path in claims.glob("session*"):
            path.unlink(missing_ok=True)


def _clear(claims: Path, session: str = "") -> None:
    """Remove claims and traces, those of one session only if it is named."""
    for entry in os.scandir(claims):
        path = Path(entry.path)
        if path.suffix in (".json", ".trace"):
            claim = read_json(path.with_suffix(".json")) or {}
            if not session or claim.get("session") in (session, None):
                path.unlink(missing_ok=True)


