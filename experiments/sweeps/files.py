"""Files that are there whole or not at all, and locks on a folder."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from sim.errors import DataError, SpecError

PART = ".part"
OLD = 3600.0  # seconds after which a temporary file of another machine is given up


def put(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, and give it its name."""
    _put(path, lambda file: file.write(content))


def put_json(path: Path, content: Mapping[str, Any]) -> None:
    put(path, (json.dumps(content, indent=1, default=_plain) + "\n").encode())


def put_table(path: Path, table: Any) -> None:
    """Write an Arrow table as Parquet."""
    import pyarrow.parquet as pq

    _put(path, lambda file: pq.write_table(table, file, compression="zstd", write_statistics=False))


def read_table(path: Path, columns: Collection[str] = (), remedy: str = "", **more: Any) -> Any:
    """Read a Parquet file as an Arrow table.

    Parameters
    ----------
    path : Path
    columns : collection of str
        Columns that must be there.
    remedy : str
        What to do when it cannot be read, for the line of the error.
    more
        For `pyarrow.parquet.read_table`.

    Raises
    ------
    DataError
        When it is missing, damaged, or lacks a column.
    """
    import pyarrow.parquet as pq

    remedy = f"; {remedy}" if remedy else ""
    try:
        with open(path, "rb") as file:
            table = pq.read_table(file, **more) if more else pq.ParquetFile(file).read()  # that is faster
    except FileNotFoundError:
        raise DataError(f"{path}: the file is missing{remedy}") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path}: not a readable Parquet file ({type(error).__name__}){remedy}") from None
    absent = [name for name in columns if name not in table.column_names]
    if absent:
        raise DataError(f"{path}: expected a column {absent[0]}, found none{remedy}")
    return table


def _put(path: Path, write: Callable[[Any], Any]) -> None:
    part = temporary(path)
    try:
        with open(part, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise


def temporary(path: Path) -> Path:
    """A name that no reader looks at, in the same folder."""
    return path.with_name(f".{path.name}.{socket.gethostname()}-{os.getpid()}{PART}")


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"cannot be written as JSON: {type(value).__name__}")


def read_json(path: Path) -> dict[str, Any] | None:
    """Content of a JSON file; None when it is not there or not whole."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _abandoned(entry: os.DirEntry) -> bool:
    """True for a temporary file that nobody will finish: its process is gone, or it has lain there for an hour.

    A worker on a cluster may still be writing one although those who asked for it were killed.
    """
    host, _, process = entry.name.removesuffix(PART).rpartition("-")
    if host.endswith(f".{socket.gethostname()}") and process.isdecimal():
        try:
            os.kill(int(process), 0)
            return False
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
    return time.time() - entry.stat(follow_symlinks=False).st_mtime > OLD


def clear_parts(folder: Path) -> None:
    """Remove what killed processes left under temporary names."""
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(folder):
            if entry.name.startswith(".") and PART in entry.name and _abandoned(entry):
                if entry.is_dir(follow_symlinks=False):
                    import shutil

                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)


@contextlib.contextmanager
def lock(path: Path, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Hold a lock on a file; the system gives it back whatever ends this process.

    Raises
    ------
    SpecError
        When another process holds it and `wait` is false.
    """
    try:
        import fcntl
    except ImportError:  # no locks on this system
        yield
        return
    with open(path, "a+") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            file.seek(0)
            who = file.read(200).strip()
            raise SpecError(f"{path.parent}: another process is at work on this sweep"
                            f"{f' ({who})' if who else ''}; wait for it, or watch it with lamplighter status") from None
        except OSError:  # a file system without locks
            pass
        if not shared and not wait:
            with contextlib.suppress(OSError):
                file.truncate(0)
                file.write(f"process {os.getpid()} on {socket.gethostname()}")
                file.flush()
        yield
