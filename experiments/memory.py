"""What the commands ask of the system's allocator."""

from __future__ import annotations

import ctypes
import sys

LARGE = 6_000_000  # bytes: whole columns of the largest cities; smaller arrays are worked with at every tick
KEPT = 8_000_000  # bytes: free memory at the end of the heap from which it is given back
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3) in glibc


def return_large_arrays() -> None:
    """Let arrays of several megabytes go back to the system as soon as they are freed.

    By itself glibc keeps them after a while, and what lies between them is lost: about a tenth of the memory of a city
    of a million. Saying so fixes the other limits too, and one has to be raised: when all but 128 KiB at the end of
    the heap goes back, the arrays of a city of a hundred thousand get fresh pages at every step, which takes a tenth of
    the time. Where there is no glibc nothing happens; results do not depend on it.
    """
    if sys.platform.startswith("linux"):
        try:
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_MMAP_THRESHOLD, LARGE)
            mallopt(_TRIM_THRESHOLD, KEPT)
        except (AttributeError, OSError):
            pass
