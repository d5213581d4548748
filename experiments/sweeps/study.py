"""One view of a sweep or a comparison that was run: values by arm, draw and replication, and where they come from."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.outcomes import TOTAL
from experiments.sweeps.files import read_table
from sim.errors import DataError, SpecError
from sim.parameters import show, unknown_key

if TYPE_CHECKING:
    import pyarrow as pa

COMPARISON, SWEEP = "lamplighter-comparison", "lamplighter-sweep"
IDS = ("scenario", "arm", "draw", "replication", "seed")
ONLY = "base"  # the scenario of a study that names none


def open_study(out: str | os.PathLike) -> Study:
    """Open the folder of a sweep or of a comparison.

    Raises
    ------
    DataError
        One line, when it is neither.
    """
    path = Path(os.path.abspath(os.path.expanduser(out)))
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        what = "there is none" if not path.is_dir() else f"manifest.json cannot be read ({type(error).__name__})"
        raise DataError(f"out: {show(str(out))}: expected the folder of a sweep or of a comparison, {what}") from None
    kind = manifest.get("format") if isinstance(manifest, dict) else None
    if kind == SWEEP:
        return SweepStudy(path, manifest)
    if kind == COMPARISON:
        return ComparisonStudy(path, manifest)
    raise DataError(f"out: {show(str(out))}: expected the folder of a sweep or of a comparison, found format "
                    f"{show(kind)}")


class Study:
    """Results of a sweep or a comparison.

    Attributes
    ----------
    path : Path
    manifest : dict
    outcome : str
        The primary outcome, chosen before the first run.
    question : str
    roles : dict of arm to role
    scenarios : tuple of str
    """

    outcome: str
    question: str
    roles: dict[str, str]
    scenarios: tuple[str, ...]

    def __init__(self, path: Path, manifest: dict[str, Any]):
        self.path, self.manifest = path, manifest

    def long(self) -> pa.Table:
        """Whole-period values: the columns of `IDS`, then outcome and value."""
        raise NotImplementedError

    def parameters(self) -> pa.Table | None:
        """The design: draw, then a column a parameter; None when nothing was varied."""
        return None

    def cpu_seconds(self) -> float:
        """Processor time of all finished runs, their share of burn-in included."""
        raise NotImplementedError

    def bounds(self) -> tuple[str, ...]:
        """Arms that nobody could choose, such as patrols with perfect information."""
        from analysis.words import feasible

        return tuple(name for name, chosen in self._interventions().items() if not all(map(feasible, chosen)))

    def _interventions(self) -> dict[str, list[str]]:
        raise NotImplementedError

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        table = self.long()
        return {name: np.asarray(table[name].to_pylist(), object) if name in ("scenario", "arm", "outcome")
                else table[name].to_numpy() for name in table.column_names}

    @cached_property
    def outcomes(self) -> list[str]:
        return sorted(set(self._columns["outcome"]))

    def check_outcome(self, name: str) -> str:
        """Return the outcome, or the primary one for an empty name.

        Raises
        ------
        SpecError
        """
        name = name or self.outcome
        if name not in self.outcomes:
            line = str(unknown_key(name, self.outcomes, "outcome"))
            raise SpecError(line.replace("unknown key", "unknown outcome").replace("known keys", "known outcomes"))
        return name

    def values(self, outcome: str, scenario: str) -> dict[str, np.ndarray]:
        """Values of one outcome by arm: arrays (draws, replications), NaN where a run is missing."""
        c = self._columns
        draws, runs = int(c["draw"].max(initial=0)) + 1, int(c["replication"].max(initial=0)) + 1
        mine = (c["outcome"] == outcome) & (c["scenario"] == scenario)
        out = {}
        for arm in self.roles:
            at = mine & (c["arm"] == arm)
            out[arm] = np.full((draws, runs), np.nan)
            out[arm][c["draw"][at], c["replication"][at]] = c["value"][at]
        return out

    def wide(self) -> dict[str, list[Any]]:
        """Columns of a table with one row a run: ids, parameters, outcomes; sorted by scenario, draw, replication, arm.

        Raises
        ------
        DataError
            When no run is finished.
        """
        c = self._columns
        cells = list(zip(c["scenario"], c["draw"].tolist(), c["replication"].tolist(), c["arm"]))
        seeds = dict(zip(cells, c["seed"].tolist()))
        if not seeds:
            raise DataError(f"{self.path}: holds no finished run")
        place = {name: i for names in (self.scenarios, self.roles) for i, name in enumerate(names)}
        ordered = sorted(seeds, key=lambda x: (place.get(x[0], -1), x[1], x[2], place.get(x[3], -1)))
        scenario, draw, replication, arm = map(list, zip(*ordered))
        out = {"scenario": scenario, "arm": arm, "draw": draw, "replication": replication,
               "seed": [seeds[cell] for cell in ordered]}
        design = self.parameters()
        for name in design.column_names if design is not None else ():
            if name != "draw":
                column = design[name].to_pylist()
                out[name] = [column[d] for d in draw]
        number = {cell: i for i, cell in enumerate(ordered)}
        at = np.array([number[cell] for cell in cells])
        for name in self.outcomes:
            mine = c["outcome"] == name
            column = np.full(len(ordered), np.nan)
            column[at[mine]] = c["value"][mine]
            out[name] = column.tolist()
        return out

    def provenance(self) -> dict[str, Any]:
        """Where results come from: what every file made from them says."""
        from experiments.provenance import machine

        now = machine()
        return {"made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), "from": self.path.name,
                "question": self.question, "primary_outcome": self.outcome, **self._provenance(), "made_with": now}

    def _provenance(self) -> dict[str, Any]:
        raise NotImplementedError

    def line(self) -> str:
        """The provenance in one line, for the terminal."""
        p = self._provenance()
        code = p.get("code") or {}
        commit = str(code.get("git_commit") or "no checkout")[:10] + (" dirty" if code.get("git_dirty") else "")
        changed = len(p["changes"])
        return (f"from {p['experiment_hash']}, {p['runs']['done']:,} of {p['runs']['planned']:,} runs, version "
                f"{code.get('version')}, {commit}" + (f"; changed after the start {changed} time"
                                                      f"{'s' * (changed > 1)}" if changed else ""))


class ComparisonStudy(Study):
    """Results of `compare`: one scenario, one draw."""

    def __init__(self, path: Path, manifest: dict[str, Any]):
        super().__init__(path, manifest)
        self.outcome = str(manifest.get("primary_outcome") or "true.victimisations")
        self.question = str((manifest.get("experiment") or {}).get("question") or "")
        self.scenarios = (ONLY,)
        self.roles = {a["name"]: a["role"] for a in manifest.get("arms", [])}

    def long(self) -> pa.Table:
        import pyarrow as pa
        import pyarrow.compute as pc

        table = read_table(self.path / "summary.parquet")
        table = table.filter(pc.equal(table["month"], TOTAL))
        n = table.num_rows
        columns = {name: table[name] for name in ("arm", "replication", "seed", "outcome", "value")}
        return pa.table({"scenario": pa.array([ONLY] * n), "draw": pa.array(np.zeros(n, np.int64)), **columns})

    def cpu_seconds(self) -> float:
        total = 0.0
        for path in self.path.glob("runs/*/*/manifest.json"):
            run = json.loads(path.read_text(encoding="utf-8"))
            total += float(run.get("cpu_seconds") or 0.0)
        spec = self.manifest.get("spec") or {}
        scored, warm = float(spec.get("years") or 1), float(spec.get("burn_in_years") or 0)
        # A run's own time does not hold its burn-in, which the arms share.
        return total * (1 + warm / scored / max(1, len(self.roles)))

    def _interventions(self) -> dict[str, list[str]]:
        return {a["name"]: list(a.get("interventions") or []) for a in self.manifest.get("arms", [])}

    def _provenance(self) -> dict[str, Any]:
        m = self.manifest
        experiment = m.get("experiment") or {}
        city = m.get("city") or {}
        arms = {a["name"]: a.get("spec_hash") for a in m.get("arms", [])}
        asked = [self.question, self.outcome, arms, m.get("seed"), experiment.get("precision") or m.get("replications")]
        return {"format": m.get("format"), "schema_version": m.get("schema_version"),
                "experiment_hash": hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16],
                "experiment": experiment,
                "changes": list(m.get("changes") or []), "code": m.get("code"), "python": m.get("python"),
                "packages": m.get("packages"), "city_checksums": {ONLY: city.get("checksum")}, "seed": m.get("seed"),
                "arms": arms,
                "runs": {k: (m.get("runs") or {}).get(k) for k in ("planned", "done", "failed")},
                "precision": m.get("precision")}


class SweepStudy(Study):
    """Results of a sweep."""

    def __init__(self, path: Path, manifest: dict[str, Any]):
        from experiments.sweeps.store import SweepFolder

        self.folder = SweepFolder.open(path)
        super().__init__(path, self.folder.manifest)
        experiment = self.manifest["experiment"]
        self.outcome, self.question = experiment["outcome"], experiment["question"]
        self.scenarios = tuple(experiment["scenarios"])
        self.roles = {a["name"]: a["role"] for a in experiment["arms"]}

    def long(self) -> pa.Table:
        return self.folder.long(TOTAL, [*IDS, "outcome", "value"])

    def parameters(self) -> pa.Table | None:
        table = read_table(self.path / "design.parquet")
        return table if table.num_columns > 1 else None

    def cpu_seconds(self) -> float:
        return float(sum(note.get("cpu_seconds") or 0.0 for note in self.folder.ledgers().values()))

    def _interventions(self) -> dict[str, list[str]]:
        return {arm: list(spec.get("intervention") or {})
                for arm, spec in next(iter(self.manifest["specs"].values())).items()}

    def _provenance(self) -> dict[str, Any]:
        m = self.manifest
        planned = {r.key for r in self.folder.rows()}
        done = len(planned & self.folder.done_keys())
        return {"format": m["format"], "schema_version": m["schema_version"], "experiment_hash": m["experiment_hash"],
                "experiment": m["experiment"], "changes": list(m["changes"]), "code": m["code"],
                "python": m.get("python"), "packages": m["packages"],
                "city_checksums": {name: city["checksum"] for name, city in m["cities"].items()},
                "seed": min((r.seed for r in self.folder.rows()), default=None),
                "runs": {"planned": len(planned), "done": done, "failed": len(self.folder.failed_keys())},
                "precision": {**m["experiment"]["rule"], "looks": list(m.get("looks") or [])}}


def place_for(study: Study, to: str, default: str, force: bool, *beside: str) -> Path:
    """Where a file goes: `to`, or a name of ours within the folder of the study, which may be replaced.

    Parameters
    ----------
    beside : str
        Endings of files that are written with it.

    Raises
    ------
    SpecError
        When something is in the way.
    """
    if not to:
        return study.path / default
    path = Path(os.path.abspath(os.path.expanduser(to)))
    if not path.parent.is_dir():
        raise SpecError(f"to: {show(to)}: the folder {show(str(path.parent))} is not there")
    if study.path in path.parents or path == study.path:
        raise SpecError(f"to: {show(to)} lies within results, {show(str(study.path))}; choose another place")
    for each in (path, *(path.with_name(path.name + end) for end in beside)):
        if each.is_dir() or each.is_symlink():
            raise SpecError(f"to: {show(str(each))}: expected the name of a file, found something else")
        if each.exists() and not force:
            raise SpecError(f"to: {show(str(each))} is there already; choose another name, or force=true to replace it")
    return path


def as_csv(rows: list[Mapping[str, Any]]) -> bytes:
    """Rows as CSV, with the columns of all of them; None is empty."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
