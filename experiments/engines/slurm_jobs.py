"""Work as array jobs of Slurm, by submitit: each job is a piece of work of some minutes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from experiments.engines.base import Executor, Lost
from experiments.options import EngineOptions, usable_cores
from sim.errors import SpecError

JOBS = 100


class SlurmExecutor(Executor):
    """Hands all the work to the queue at once; with ``engine.cluster=local`` it is tried out on this machine."""

    chunk_seconds = 600.0
    all_at_once = True

    def __init__(self, options: EngineOptions, folder: str):
        try:
            import submitit
        except ImportError:
            raise SpecError("engine=slurm: the package submitit is not installed; pip install 'lamplighter[slurm]'"
                            ) from None
        if options.cluster not in ("local", "slurm"):
            raise SpecError(f"engine.cluster: with engine=slurm expected slurm or local, found {options.cluster!r}")
        local = options.cluster == "local"
        self.workers = options.workers or (usable_cores() if local else JOBS)
        self._look = 0.5 if local else 15.0
        try:
            self._auto = submitit.AutoExecutor(folder=str(Path(folder, "slurm")),
                                               cluster="local" if local else "slurm")
        except RuntimeError as error:
            raise SpecError(f"engine=slurm: {str(error) or 'no Slurm here'}; engine.cluster=local tries it on this "
                            "machine") from None
        settings: dict[str, Any] = {"timeout_min": options.walltime_minutes, "name": "lamplighter"}
        if not local:
            settings |= {"mem_gb": options.memory_gb, "cpus_per_task": 1, "slurm_array_parallelism": self.workers}
            settings |= {"slurm_partition": options.queue} if options.queue else {}
            settings |= {"slurm_account": options.account} if options.account else {}
        self._auto.update_parameters(**settings)
        self._waiting: list[tuple[Future, Callable, tuple, dict]] = []
        self._jobs: dict[Future, Any] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def submit(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Future:
        future: Future = Future()
        self._waiting.append((future, function, args, named))
        return future

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        with self._lock, self._auto.batch():
            made = [(future, self._auto.submit(function, *args, **named)) for future, function, args, named in waiting]
        with self._lock:
            self._jobs.update(made)

    def _watch(self) -> None:
        while not self._closed.wait(self._look):
            with self._lock:
                jobs = list(self._jobs.items())
            for future, job in jobs:
                with contextlib.suppress(Exception):
                    if not job.done():
                        continue
                    with self._lock:
                        self._jobs.pop(future, None)
                    error = job.exception()
                    if error is None:
                        future.set_result(job.result())
                    elif type(error).__module__.startswith("submitit"):  # the job died
                        future.set_exception(Lost(f"job {job.job_id}: {' '.join(str(error).split())[:200]}"))
                    else:
                        future.set_exception(error)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._closed.set()
        if cancel_futures:
            for job in list(self._jobs.values()):
                with contextlib.suppress(Exception):
                    job.cancel()
