"""Result folders: refused when they hold something else, written beside their place, put there whole.

A folder is made under a temporary name next to its final one and renamed at the end, so nobody ever sees half a
result under the name that was asked for. What is replaced (``force=true``) must consist of our files only.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from pathlib import Path

from sim.errors import SpecError
from sim.parameters import show

MANIFEST = "manifest.json"
OURS = {"events.parquet", "people.parquet", "places.parquet", "series.parquet", MANIFEST, "summary.parquet",
        "table.csv", "variance.csv", "indicators.csv", "iccs.csv", "observed.parquet", "report.html",
        "areas.csv", "areas.geojson", "facilities.csv", "bench.json", "diagnosis.json", "diagnosis.html",
        "ranking.csv", "ranking.json", "discovery.csv", "discovery.json", "facts.json", "facts.md", "facts.html",
        "measured.json", "counted.json", "arms.json", "outcomes.npz", "watched.npz"}
LEFT_OVER = ".part-"
# Files at the top of a sweep's folder; what is made of a sweep later belongs here too.
OF_SWEEPS = {MANIFEST, "experiment.yaml", "design.parquet", "table.parquet", "results.parquet", "ledger.parquet",
             "failures.csv", "indices.csv", "indices.json", "indices.svg", "indices.png"}
_OF_RUNS = re.compile(r"\.?[0-9a-f]{20}\.(parquet|json)(\..+\.part)?$")


def check_out(out: str, force: bool) -> Path:
    """Return the absolute folder, or say why results cannot go there. Makes nothing.

    Raises
    ------
    SpecError
        One line.
    """
    if not out.strip():
        raise SpecError("out: expected the name of a folder, found nothing")
    path = Path(os.path.abspath(os.path.expanduser(out)))
    try:
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise SpecError(f"out: expected a folder, found that {show(out)} is something else")
        if path.is_dir() and any(path.iterdir()):
            _check_taken(path, out, force)
        _check_parent(path, out)
        inside = next((folder for folder in path.parents if is_ours(folder)), None)
        if inside is not None:
            raise SpecError(f"out: {show(out)} lies within results, {show(str(inside))}; choose another folder")
    except OSError as error:
        raise SpecError(f"out: {show(out)} cannot be used: {error.strerror or error}") from None
    return path


def _check_taken(path: Path, out: str, force: bool) -> None:
    if not is_ours(path):
        raise SpecError(f"out: {show(out)} holds files that are not results of ours; choose another folder")
    if not force:
        raise SpecError(f"out: {show(out)} already holds results; choose another folder, or force=true to replace them")
    foreign = first_foreign(path)
    if foreign is not None:
        raise SpecError(f"out: {show(out)} holds {show(foreign)}, which is not ours to delete; move it or choose "
                        "another folder")


def _check_parent(path: Path, out: str) -> None:
    parent = path.parent
    while not parent.exists():
        if parent.is_symlink():
            raise SpecError(f"out: {show(str(parent))} is a link to nowhere")
        parent = parent.parent
    if not parent.is_dir():
        raise SpecError(f"out: {show(out)} cannot be made: {show(str(parent))} is not a folder")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise SpecError(f"out: {show(out)} cannot be made: no permission to write in {show(str(parent))}")
    limit = os.pathconf(parent, "PC_NAME_MAX") if hasattr(os, "pathconf") else 255
    for part in path.relative_to(parent).parts:
        if len(os.fsencode(part)) + 24 > limit:  # room for the temporary name
            raise SpecError(f"out: expected names of at most {limit - 24} bytes, found {show(part)}")


def is_ours(path: Path) -> bool:
    """True for a folder whose manifest says that we wrote it."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and str(manifest.get("format", "")).startswith("lamplighter-")


def first_foreign(path: Path) -> str | None:
    """Return the first file below `path` that is not ours, or None."""
    manifest = path / MANIFEST
    if manifest.is_file() and '"lamplighter-sweep"' in manifest.read_text(encoding="utf-8")[:200]:
        return _foreign_in_sweep(path)
    for folder, folders, files in os.walk(path):
        folders.sort()
        at = Path(folder)
        for name in sorted(files) + [f for f in folders if (at / f).is_symlink()]:
            if name not in OURS or (at / name).is_symlink():
                return str((at / name).relative_to(path))
        inner = at.relative_to(path).parts
        if inner and (inner[0] != "runs" or len(inner) > 3):
            return str(at.relative_to(path))
    return None


def _foreign_in_sweep(path: Path) -> str | None:
    for entry in sorted(path.iterdir()):
        if entry.is_symlink():
            return entry.name
        if entry.is_dir():
            if entry.name == "records":
                found = next((f"records/{f.name}/{inner}" for f in sorted(entry.iterdir())
                              if (inner := first_foreign(f))), None)
            elif entry.name in ("runs", "errors"):
                found = next((f"{entry.name}/{f.name}" for f in sorted(entry.iterdir()) if not _OF_RUNS.match(f.name)),
                             None)
            else:
                found = None if entry.name == "claims" else entry.name
            if found:
                return found
        elif entry.name not in OF_SWEEPS and not entry.name.startswith(".lock") and not (
                entry.name.startswith(".") and entry.name.endswith(".part")):
            return entry.name
    return None


class OutFolder:
    """A context manager: a temporary folder that takes its final name on :meth:`keep`, and vanishes otherwise."""

    def __init__(self, path: Path, force: bool):
        self.path, self.force = path, force
        self.kept = False

    def __enter__(self) -> OutFolder:
        self._made = []
        parent = self.path.parent
        missing = []
        while not parent.exists():
            missing.append(parent)
            parent = parent.parent
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            self._made.append(folder)
        self.folder = Path(tempfile.mkdtemp(prefix=f".{self.path.name}{LEFT_OVER}", dir=self.path.parent))
        self.folder.chmod(0o777 & ~_umask())
        return self

    def keep(self) -> Path:
        """Put the folder in its place."""
        if self.path.is_dir() and any(self.path.iterdir()):
            check_out(str(self.path), self.force)  # somebody may have written there meanwhile
            old = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.old-", dir=self.path.parent))
            os.replace(self.path, old)
            os.replace(self.folder, self.path)
            shutil.rmtree(old)
        else:
            os.replace(self.folder, self.path)
        self.kept = True
        return self.path

    def __exit__(self, *exc) -> None:
        if self.kept:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        for folder in reversed(self._made):
            try:
                folder.rmdir()
            except OSError:
                break


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
