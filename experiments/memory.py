"""What the commands ask of the system's allocator."""

from __future__ import annotations

import ctypes
import sys

LARGE = 6_000_000  # bytes: whole columns of the largest cities; smaller arrays are worked with at every tick
_MMAP_THRESHOLD = -3  # of mallopt(3) in glibc


def return_large_arrays() -> None:
    """Let arrays of several megabytes go back to the system as soon as they are freed.

    By itself glibc keeps them after a while, and what lies between them is lost: about a tenth of the memory of a city
    of a million. Where there is no glibc nothing happens; results do not depend on it.
    """
    if sys.platform.startswith("linux"):
        try:
            ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE)
        except (AttributeError, OSError):
            pass
