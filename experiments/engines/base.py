"""What every engine shares."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable

Tell = Callable[[float, "str | None"], None]


class Stopped(Exception):
    """Raised inside a worker when the run was interrupted."""


class Lost(Exception):
    """A worker process died, perhaps for lack of memory."""


class Executor(concurrent.futures.Executor):
    """An executor that says how it likes its work.

    Attributes
    ----------
    workers : int
        Pieces of work done at a time.
    chunk_seconds : float
        How long a piece of work should take: long enough that handing it out costs nothing.
    all_at_once : bool
        True when all the work is handed out at the start, as to a queue of jobs.
    apart : bool
        True when work is done in other processes than this one.
    """

    workers = 1
    chunk_seconds = 5.0
    all_at_once = False
    apart = True

    def flush(self) -> None:
        """Send what was submitted so far on its way; for engines that send it together."""

    def abandon(self) -> None:
        """End at once, whatever the workers are doing."""
        self.shutdown(wait=False, cancel_futures=True)
