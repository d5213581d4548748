"""Work on a Dask cluster: one whose scheduler has an address, or one that is started by the name of its kind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any

from experiments.engines.base import Executor, Lost
from experiments.options import EngineOptions
from sim.errors import SpecError

# Names and classes; a name in a configuration chooses from this table and nothing else.
CLUSTERS = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster", "oar": "OARCluster",
            "htcondor": "HTCondorCluster"}
ANSWER = 20.0  # seconds that a scheduler gets to answer


class DaskExecutor(Executor):
    """Hands work to the workers of a Dask scheduler. They must see the same folder and have the same source."""

    chunk_seconds = 5.0

    def __init__(self, options: EngineOptions):
        try:
            from distributed import Client
        except ImportError:
            raise SpecError("engine=dask: the package distributed is not installed; pip install 'lamplighter[dask]'"
                            ) from None
        self._cluster = None if options.address else _start(options)
        try:
            self.client = Client(options.address or self._cluster, timeout=ANSWER, set_as_default=False)
        except (OSError, TimeoutError, ValueError, TypeError) as error:
            raise SpecError(f"engine.address: expected the address of a Dask scheduler that answers, as in "
                            f"tcp://host:8786, found {options.address!r} ({type(error).__name__})") from None
        self._wanted = options.workers
        self._futures: dict[Future, Any] = {}

    @property
    def workers(self) -> int:  # workers come and go
        threads = self.client.scheduler_info(n_workers=-1)["workers"]
        there = sum(w["nthreads"] for w in threads.values())
        return max(1, min(there, self._wanted) if self._wanted else there)

    def submit(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Future:
        future: Future = Future()
        theirs = self.client.submit(function, *args, **named, pure=False, retries=0)
        self._futures[future] = theirs
        theirs.add_done_callback(lambda done: self._pass_on(done, future))
        return future

    def _pass_on(self, theirs: Any, future: Future) -> None:
        from distributed import KilledWorker

        self._futures.pop(future, None)
        if future.cancelled():
            return
        try:
            result, error = theirs.result(), None
        except (KilledWorker, CancelledError, TimeoutError, ConnectionError) as problem:
            error = Lost(f"{type(problem).__name__}: {problem}")
        except Exception as problem:
            error = Lost(str(problem)) if type(problem).__name__ == "FutureCancelledError" else problem
        with contextlib.suppress(Exception):  # cancelled meanwhile
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if cancel_futures:
            with contextlib.suppress(Exception):
                self.client.cancel(list(self._futures.values()), force=True)
        with contextlib.suppress(Exception):
            self.client.close(timeout=ANSWER)
        if self._cluster is not None:
            with contextlib.suppress(Exception):
                self._cluster.close(timeout=ANSWER)


def _start(options: EngineOptions) -> Any:
    """Start a cluster of a known kind."""
    if options.cluster == "local":
        from distributed import LocalCluster

        return LocalCluster(n_workers=options.count, threads_per_worker=1, dashboard_address=None,
                            memory_limit=0, silence_logs=40)
    try:
        import dask_jobqueue
    except ImportError:
        raise SpecError(f"engine.cluster={options.cluster}: the package dask-jobqueue is not installed; "
                        "pip install 'lamplighter[dask]'") from None
    settings: dict[str, Any] = {"cores": 1, "processes": 1, "memory": f"{options.memory_gb}GB"}
    if options.cluster != "htcondor":
        minutes = options.walltime_minutes
        settings["walltime"] = f"{minutes // 60:02d}:{minutes % 60:02d}:00"
        if options.queue:
            settings["queue"] = options.queue
        if options.account and options.cluster in ("slurm", "pbs"):
            settings["account"] = options.account
        elif options.account:
            settings["project"] = options.account
    else:
        settings["disk"] = "2GB"
    cluster = getattr(dask_jobqueue, CLUSTERS[options.cluster])(**settings)
    cluster.scale(options.workers or 10)
    return cluster
