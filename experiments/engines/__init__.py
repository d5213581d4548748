"""Engines: they do pieces of work one after the other, in processes, on a Dask cluster or as jobs of Slurm.

Every engine is an executor of :mod:`concurrent.futures` with a few attributes more (:class:`Executor`), so whatever
hands out work is written once. Workers write their own results and return only a status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from experiments.engines.base import Executor, Lost, Stopped, Tell
from experiments.engines.local import processes, serial
from experiments.options import EngineOptions

__all__ = ["EngineOptions", "Executor", "Lost", "Stopped", "Tell", "executor", "processes", "results", "serial"]


def executor(options: EngineOptions, folder: str = "") -> Executor:
    """Return the executor of an engine.

    Parameters
    ----------
    options : EngineOptions
    folder : path
        Where an engine may keep files of its own that its workers must see; only Slurm needs it.

    Raises
    ------
    SpecError
        When the engine's packages are not installed, or its scheduler does not answer.
    """
    made = _made(options, folder)
    if options.chunk_seconds:
        made.chunk_seconds = options.chunk_seconds
    return made


def _made(options: EngineOptions, folder: str) -> Executor:
    if options.name == "serial":
        from experiments.engines.local import Serial

        return Serial()
    if options.name == "processes":
        from experiments.engines.local import Processes

        return Processes(options.count)
    if options.name == "dask":
        from experiments.engines.dask_cluster import DaskExecutor

        return DaskExecutor(options)
    from experiments.engines.slurm_jobs import SlurmExecutor

    return SlurmExecutor(options, folder)


def results(function: Callable[[Any, Tell], Any], works: Iterable[Any], tell: Tell, options: EngineOptions,
            workers: int, folder: str = "") -> Iterator[tuple[Any, Any]]:
    """Yield (work, result) as they finish with any engine; a result may be an exception."""
    if options.name == "serial" or (options.name == "processes" and workers == 1):
        return serial(function, works, tell)
    if options.name == "processes":
        return processes(function, works, tell, workers)
    return _far_away(function, list(works), tell, executor(options, folder))


def _far_away(function: Callable[[Any, Tell], Any], works: list[Any], tell: Tell,
              pool: Executor) -> Iterator[tuple[Any, Any]]:
    from concurrent.futures import FIRST_COMPLETED, wait

    try:
        futures = {pool.submit(_untold, function, work): work for work in works}
        pool.flush()
        while futures:
            done, _ = wait(futures, timeout=0.5, return_when=FIRST_COMPLETED)
            tell(0.0, None)
            for future in done:
                error = future.exception()
                yield futures.pop(future), future.result() if error is None else error
    finally:
        pool.abandon()


def _untold(function: Callable[[Any, Tell], Any], work: Any) -> Any:
    return function(work, lambda amount, note: None)
