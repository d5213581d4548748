"""Work on this machine: one piece after the other, or in processes.

Workers are spawned (not forked: compiled code with threads does not survive a fork) and stay alive between pieces of
work.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from experiments.engines.base import Executor, Lost, Stopped, Tell
from experiments.memory import return_large_arrays


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
        pool.shutdown(wait=True)  # a worker sends what it still has to tell before it ends
        _pass_on(messages, tell)
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
    global _messages, _stop
    _messages, _stop = messages, stop
    _settle_in()


def _settle_in() -> None:
    import multiprocessing

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return_large_arrays()
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


class Serial(Executor):
    """One piece of work after the other, in this process, when it is submitted."""

    chunk_seconds = 1.0
    apart = False

    def submit(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Future:
        future: Future = Future()
        try:
            future.set_result(function(*args, **named))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing goes on in the background."""


class Processes(Executor):
    """Worker processes, each in a pool of its own: the death of one disturbs no other, and another takes its place."""

    chunk_seconds = 5.0

    def __init__(self, workers: int):
        self.workers = workers
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="worker")
        self._own = threading.local()
        self._pools: set[Any] = set()
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Future:
        return self._threads.submit(self._call, function, args, named)

    def _call(self, function: Callable[..., Any], args: tuple, named: dict) -> Any:
        from concurrent.futures.process import BrokenProcessPool

        try:
            return self._pool().submit(function, *args, **named).result()
        except BrokenProcessPool:
            pool, self._own.pool = self._own.pool, None
            with self._lock:
                self._pools.discard(pool)
            pool.shutdown(wait=True)
            raise Lost("a worker process died") from None

    def _pool(self) -> Any:
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        pool = getattr(self._own, "pool", None)
        if pool is None:
            with self._lock:
                if self._closed:
                    raise Stopped
                context = multiprocessing.get_context("spawn")
                pool = ProcessPoolExecutor(1, mp_context=context, initializer=_settle_in)
                self._pools.add(pool)
            self._own.pool = pool
        return pool

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        with self._lock:
            self._closed = True
            pools, self._pools = list(self._pools), set()
        for pool in pools:
            pool.shutdown(wait=wait, cancel_futures=cancel_futures)

    def abandon(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._closed = True
            pools = list(self._pools)
        for pool in pools:
            for process in list((pool._processes or {}).values()):
                process.kill()
        self.shutdown(wait=True, cancel_futures=True)
