"""Calls the command in this process and looks at everything a user would see."""

import contextlib
import io
import os
import traceback
from dataclasses import dataclass
from pathlib import Path

from experiments.entry import main

SECRET = "lamplighter-secret-48151623"


@dataclass
class Outcome:
    status: int
    out: str
    err: str


def call(*argv: str) -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(list(argv))
        except Exception:  # what a process would print before it ends with status 1
            traceback.print_exc()
            status = 1
    return Outcome(status, out.getvalue(), err.getvalue())


def tree(folder: Path) -> dict[str, tuple]:
    """Every file and folder below, with size and time of change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        found[str(path.relative_to(folder))] = (stat.st_mode, 0 if path.is_dir() else stat.st_size, stat.st_mtime_ns)
    return found


def is_one_clear_line(outcome: Outcome) -> str:
    """Return what is wrong with the way a mistake was reported, or an empty string."""
    if outcome.status != 2:
        return f"status {outcome.status}: {outcome.err or outcome.out}"
    lines = outcome.err.splitlines()
    if len(lines) != 1 or not outcome.err.endswith("\n"):
        return f"expected one line, found {len(lines)}: {outcome.err}"
    if not lines[0].startswith("lamplighter: error: ") or len(lines[0]) > 640 or len(lines[0]) < 35:
        return f"not a clear line: {lines[0]}"
    if "Traceback" in outcome.err or SECRET in outcome.err or "object at 0x" in outcome.err:
        return f"says what it should not: {lines[0]}"
    return ""


@contextlib.contextmanager
def folder_of_work(path: Path):
    """Work in a folder, with a secret in the environment that no configuration may read."""
    before, had = os.getcwd(), os.environ.get("LAMPLIGHTER_SECRET")
    os.chdir(path)
    os.environ["LAMPLIGHTER_SECRET"] = SECRET
    try:
        yield path
    finally:
        os.chdir(before)
        if had is None:
            del os.environ["LAMPLIGHTER_SECRET"]
