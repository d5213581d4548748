"""Chunks of rows in threads: kernels release the interpreter lock, results never depend on the number of threads."""

from __future__ import annotations

from collections.abc import Callable


class Chunks:
    """Splits 0..n into as many chunks as threads and runs a ``nogil`` kernel on each."""

    def __init__(self, threads: int):
        self.count = threads
        self._pool = None

    def _bounds(self, n: int) -> list[tuple[int, int]]:
        edges = [n * i // self.count for i in range(self.count + 1)]
        return list(zip(edges, edges[1:]))

    def run(self, kernel: Callable, n: int, args: tuple) -> None:
        if self.count == 1:
            kernel(0, n, *args)
            return
        for future in [self._executor().submit(kernel, lo, hi, *args) for lo, hi in self._bounds(n)]:
            future.result()

    def run_indexed(self, kernel: Callable, n: int, args: tuple) -> None:
        if self.count == 1:
            kernel(0, 0, n, *args)
            return
        futures = [self._executor().submit(kernel, i, lo, hi, *args) for i, (lo, hi) in enumerate(self._bounds(n))]
        for future in futures:
            future.result()

    def _executor(self):
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(self.count)
        return self._pool

    def __getstate__(self):
        return {"count": self.count, "_pool": None}

    def __deepcopy__(self, memo):
        return Chunks(self.count)
