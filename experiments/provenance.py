"""Where results come from: versions, code, checksums."""

from __future__ import annotations

import datetime
import functools
import hashlib
import platform
import subprocess
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.model import CityModel

PLUGIN = "plugin "  # before the names of packages that bring mechanisms or interventions
PACKAGES = ("mesa", "numpy", "numba", "scipy", "hydra-core", "omegaconf", "pyarrow", "shapely", "pyproj")


def version() -> str:
    """Version of the installed distribution; of the checkout when it is not installed."""
    try:
        return metadata.version("lamplighter")
    except metadata.PackageNotFoundError:
        from lamplighter import __version__

        return __version__


@functools.cache
def source_hash() -> str:
    """Hash (16 hex digits) of the model's source files: the same source gives the same hash, wherever it lies.

    The source of installed plugins is part of it, because their mechanisms and interventions are.
    """
    import sim

    digest = hashlib.sha256()
    _take_in(digest, Path(sim.__file__).parent)
    for package in _plugin_packages():
        _take_in(digest, package)
    return digest.hexdigest()[:16]


def _take_in(digest: Any, root: Path) -> None:
    files = [root] if root.is_file() else sorted(root.rglob("*.py"))
    for path in files:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")


def _plugin_packages() -> list[Path]:
    """Folder, or single file, of every package or module in which an installed plugin lies."""
    import importlib.util

    found = {}
    for entry in metadata.entry_points(group="lamplighter.plugins"):
        name = entry.module.partition(".")[0]
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            continue
        if spec is not None:
            places = list(spec.submodule_search_locations or ()) or [spec.origin]
            found[name] = [Path(place) for place in places if place and Path(place).exists()]
    return [place for name in sorted(found) for place in found[name]]


@functools.cache
def outcomes_hash() -> str:
    """Hash (16 hex digits) of the source that says how outcomes are taken from a run."""
    return hashlib.sha256(Path(__file__).with_name("outcomes.py").read_bytes()).hexdigest()[:16]


@functools.cache
def code() -> Mapping[str, Any]:
    """Version, hash of the source, and commit and state of the checkout if the code runs from one."""
    root = Path(__file__).resolve().parent.parent
    out: dict[str, Any] = {"version": version(), "source_hash": source_hash(), "git_commit": None, "git_dirty": None}
    if (root / ".git").exists() and (root / "pyproject.toml").exists():
        commit = _git(root, "rev-parse", "HEAD")
        if commit:
            out["git_commit"] = commit
            out["git_dirty"] = bool(_git(root, "status", "--porcelain", "--untracked-files=no", "--", "*.py", "*.yaml"))
    return out


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


@functools.cache
def packages() -> Mapping[str, str]:
    """Versions of the packages that results can depend on, plugins among them."""
    out = {}
    for name in PACKAGES:
        try:
            out[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    for entry in sorted(metadata.entry_points(group="lamplighter.plugins"), key=lambda e: e.name):
        if entry.dist is not None:
            out[f"{PLUGIN}{entry.dist.name}"] = entry.dist.version
    return out


class Stopwatch:
    """When something started, and how long it has taken."""

    def __init__(self) -> None:
        self.started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, Any]:
        return {"started": self.started, "wall_seconds": round(time.perf_counter() - self._wall, 3),
                "cpu_seconds": round(time.process_time() - self._cpu, 3)}


def machine() -> dict[str, Any]:
    """Code, Python and packages: what every manifest states."""
    return {"code": dict(code()), "python": platform.python_version(), "platform": platform.platform(),
            "packages": dict(packages())}


def describe_city(city: Any) -> dict[str, Any]:
    """What a manifest says about the city."""
    grid, areas = city.grid, city.areas
    rows = [{"id": i, "name": n, **{c: _number(v[k]) for c, v in areas.columns.items()}}
            for k, (i, n) in enumerate(zip(areas.ids, areas.names))]
    return {"name": city.name, "fictional": city.fictional, "checksum": city.checksum, "crs": grid.crs,
            "width": grid.width, "height": grid.height, "cell_m": grid.cell_m, "x0": grid.x0, "y0": grid.y0,
            "areas": rows, "notes": list(city.notes)}


def _number(value: Any) -> float | None:
    value = float(value)
    return value if value == value and abs(value) != float("inf") else None


def run_manifest(model: CityModel, watch: Stopwatch, arm: str | None = None,
                 replication: int | None = None) -> dict[str, Any]:
    """Return the manifest of one finished run."""
    from experiments.store import FORMAT
    from sim.spec import SCHEMA_VERSION

    spec = model.spec
    return {"format": FORMAT, "schema_version": SCHEMA_VERSION, "spec_hash": spec.hash(), "seed": spec.seed, "arm": arm,
            "replication": replication, "residents": int(model.residents["alive"].sum()), "events": len(model.log),
            "days": spec.days, "burn_in_days": spec.burn_in_days, "spec": spec.as_dict(),
            "city": describe_city(model.city), **machine(), **watch.read()}
