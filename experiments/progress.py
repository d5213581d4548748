"""Progress with an estimate of the time left, on standard error."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from pathlib import Path
from typing import TextIO

WINDOW = 30.0  # seconds by which the speed is judged: what came before, such as compiling, says nothing about the rest
KEPT = "done before"  # the note of work that was found done: there is less to do, and no speed to judge by
FEW = 5  # with fewer reports in them the speed is judged by the whole time since the first report


def duration(seconds: float) -> str:
    """Return a duration as people say it."""
    seconds = max(0.0, seconds)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


COMPILING = "compiling the kernels of this version first, once: a minute or two, not in the estimate"


def kernels_are_new() -> bool:
    """True when no kernel of a tick is kept yet for this version of the sources, so that they will be compiled.

    Numba makes its folders when modules are imported; only a file in them says that something was compiled. Building a
    city compiles kernels too, so a dry run before must not count: the room that is asked for is one that a run needs.
    """
    folder = Path(os.environ.get("NUMBA_CACHE_DIR", os.devnull))
    return folder.is_dir() and not any(folder.glob("offending_*/*.nbi"))


class Progress:
    """Counts simulated days and says how far it is.

    On a terminal one line is rewritten; elsewhere a line is printed now and then.

    Parameters
    ----------
    total : float
        Work to do, in any unit.
    label : str
    note : str, optional
        What is going on at first.
    stream : text file, optional
    """

    def __init__(self, total: float, label: str, note: str = "", stream: TextIO | None = None):
        self.total, self.label = max(float(total), 1e-9), label
        self.stream = sys.stderr if stream is None else stream
        self.live = self.stream.isatty()
        self.done, self.note = 0.0, note
        self._start = self._shown = time.monotonic()
        self._lately: deque[tuple[float, float]] = deque()
        self._first: tuple[float, float] | None = None
        self._pause = 0.2 if self.live else 5.0
        self._width = 0

    def add(self, work: float, note: str | None = None) -> None:
        """Count some work as done, or as not to be done with the note :data:`KEPT`."""
        if note == KEPT:
            self.total, work = max(self.total - work, self.done, 1e-9), 0.0
        self.done += work
        if note is not None:
            self.note = note
        now = time.monotonic()
        if work:
            self._lately.append((now, self.done))
            self._first = self._first or self._lately[0]
        while len(self._lately) > 2 and now - self._lately[0][0] > WINDOW:
            self._lately.popleft()
        if now - self._shown >= self._pause:
            self._shown = now
            self._pause = min(self._pause * 1.3, 30.0) if not self.live else self._pause
            self.show()

    def left(self) -> float | None:
        """Return the seconds that are probably left; None while there is nothing to judge by."""
        if self._first is None:
            return None
        (t0, done0), (t1, done1) = self._lately[0] if len(self._lately) >= FEW else self._first, self._lately[-1]
        if done1 <= done0 or t1 - t0 < 0.5:
            return None
        return (t1 - t0) / (done1 - done0) * max(0.0, self.total - self.done)

    def show(self) -> None:
        left = self.left()
        text = f"{self.label}: {min(100, 100 * self.done / self.total):.0f} %"
        text += f", {duration(time.monotonic() - self._start)} so far"
        text += f", about {duration(left)} left" if left is not None else ""
        text += f" ({self.note})" if self.note else ""
        if self.live:
            print("\r" + text.ljust(self._width), end="", file=self.stream, flush=True)
            self._width = len(text)
        else:
            print(text, file=self.stream, flush=True)

    def say(self, text: str) -> None:
        """Print a line of its own."""
        self.close()
        print(text, file=self.stream, flush=True)

    def close(self) -> None:
        if self.live and self._width:
            print("\r" + " " * self._width + "\r", end="", file=self.stream, flush=True)
            self._width = 0
