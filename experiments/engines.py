"""Engines: they do pieces of work one after the other or in processes, and pass on progress.

An engine is a thin layer over :mod:`concurrent.futures`. Workers are spawned (not forked: compiled code with threads
does not survive a fork), stay alive between pieces of work, write their own results and return only a status.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Tell = Callable[[float, "str | None"], None]


class Stopped(Exception):
    """Raised inside a worker when the run was interrupted."""


class Lost(Exception):
    """A worker process died, perhaps for lack of memory."""


def serial(function: Callable[[Any, Tell], Any], works: Iterable[Any], tell: Tell) -> Iterator[tuple[Any, Any]]:
    """Yield (work, result) one after the other; a result may be an exception."""
    for work in works:
        try:
            result = function(work, tell)
        except Exception as error:
            result = error
        yield work, result


def processes(function: Callable[[Any, Tell], Any], works: Iterable[Any], tell: Tell,
              workers: int) -> Iterator[tuple[Any, Any]]:
    """Yield (work, result) as they finish in worker processes; a result may be an exception.

    Closing the generator, as an interruption does, asks the workers to stop at the next simulated day.
    """
    import multiprocessing
    from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("spawn")
    messages, stop = context.Queue(), context.Event()
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(messages, stop))
    try:
        futures = {pool.submit(_call, function, work): work for work in works}
        while futures:
            done, _ = wait(futures, timeout=0.2, return_when=FIRST_COMPLETED)
            _pass_on(messages, tell)
            tell(0.0, None)  # so that a line shows that it is alive
            for future in done:
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    error = Lost("a worker process died, perhaps for lack of memory")
                yield futures.pop(future), error if error is not None else future.result()
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
        messages.close()
        messages.cancel_join_thread()


def _pass_on(messages: Any, tell: Tell) -> None:
    while True:
        try:
            work, note = messages.get_nowait()
        except queue.Empty:
            return
        tell(work, note)


_messages: Any = None
_stop: Any = None


def _start(messages: Any, stop: Any) -> None:
    """Prepare a worker: interruptions are the parent's business, and without a parent there is nothing to do."""
    import multiprocessing

    global _messages, _stop
    _messages, _stop = messages, stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def leave_with_parent() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=leave_with_parent, daemon=True).start()


def _call(function: Callable[[Any, Tell], Any], work: Any) -> Any:
    pending = 0.0

    def tell(amount: float, note: str) -> None:
        nonlocal pending
        if _stop.is_set():
            raise Stopped
        pending += amount
        if pending >= 5:  # few messages: they cost the parent time
            _messages.put((pending, note))
            pending = 0.0

    try:
        return function(work, tell)
    finally:
        _messages.put((pending, None))
