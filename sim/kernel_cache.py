"""Where compiled kernels are kept: a folder for each version of their sources.

Numba keeps a compiled function until its own file changes, but a kernel also contains what it calls from other files.
A folder named after the hash of all files with kernels is always right: one edit, one new folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from pathlib import Path

KEEP_DAYS = 30


def use() -> None:
    """Point Numba at the folder for these sources, unless NUMBA_CACHE_DIR is set. Must run before Numba is imported."""
    if "NUMBA_CACHE_DIR" in os.environ or "numba" in sys.modules:
        return
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lamplighter"
    folder = home / f"kernels-{sys.version_info[0]}{sys.version_info[1]}-{sources_hash()}"
    try:
        fresh = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        if fresh:
            _prune(home)
    except OSError:
        return  # no place to write: Numba finds one of its own or compiles anew
    os.environ["NUMBA_CACHE_DIR"] = str(folder)


def sources_hash() -> str:
    """Hash (12 hex digits) of the files of the model that contain kernels."""
    root = Path(__file__).parent
    h = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        text = path.read_bytes()
        if b"njit" in text:
            h.update(path.relative_to(root).as_posix().encode() + b"\0" + text)
    return h.hexdigest()[:12]


def _prune(home: Path) -> None:
    """Drop folders that no process has asked for in a month."""
    for old in home.glob("kernels-*"):
        if time.time() - old.stat().st_mtime > KEEP_DAYS * 86_400:
            shutil.rmtree(old, ignore_errors=True)
