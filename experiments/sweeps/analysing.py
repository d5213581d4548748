"""Sensitivity analysis of a sweep's folder: values in, indices out, written beside the results."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.sweeps.files import put, put_json
from experiments.sweeps.salib import JUDGED, MEASURES, Indices, analyse
from experiments.tables import layout, number
from sim.errors import SpecError
from sim.parameters import unknown_key

if TYPE_CHECKING:
    from experiments.sweeps.store import SweepFolder

BASELINE = "baseline"
TITLES = {"mu_star": "mu*", "mu": "mu", "sigma": "sigma", "ST": "total (ST)", "S1": "first order (S1)",
          "S2": "second order (S2)", "median": "PAWN median", "maximum": "PAWN maximum"}
WORDS = {"morris": "Morris", "sobol": "Sobol'", "pawn": "PAWN"}
CSV, JSON, FIGURE = "indices.csv", "indices.json", "indices"


@dataclass(frozen=True)
class Analysis:
    """Indices of one outcome in one scenario.

    Attributes
    ----------
    scenario, arm, outcome : str
        Arm: empty for the level in the baseline, else the arm whose difference from the baseline it is.
    indices : Indices
    """

    scenario: str
    arm: str
    outcome: str
    indices: Indices

    @property
    def title(self) -> str:
        what = f"difference of {self.arm} from the baseline in {self.outcome}" if self.arm else self.outcome
        return what if self.scenario == "base" else f"{what}, {self.scenario}"


def analyse_folder(folder: SweepFolder, outcomes: Sequence[str], arm: str = "", *, resamples: int = 300,
                   confidence: float = 0.95) -> list[Analysis]:
    """Analyse outcomes of a finished sweep in each of its scenarios.

    Parameters
    ----------
    folder : SweepFolder
    outcomes : sequence of str
    arm : str
        Empty: the level in the baseline. Else the paired difference of that arm from the baseline.
    resamples, confidence
        See :func:`experiments.sweeps.salib.analyse`.
    """
    plan = folder.plan
    if arm and arm not in plan.arm_names:
        raise SpecError(str(unknown_key(arm, plan.arm_names, "arm")).replace("unknown key", "unknown arm"))
    if arm == BASELINE:
        raise SpecError("arm: the baseline has no difference from itself; leave arm out for its level")
    found = []
    for outcome in outcomes:
        values = folder.values(outcome)
        for scenario in plan.scenarios:
            table = matrix(*values[scenario, BASELINE], len(plan.design), plan.replications)
            if arm:
                table = matrix(*values[scenario, arm], *table.shape) - table
            found.append(Analysis(scenario, arm, outcome, analyse(plan.design, table, resamples=resamples,
                                                                  confidence=confidence)))
    return found


def matrix(draw: np.ndarray, replication: np.ndarray, value: np.ndarray, draws: int, replications: int) -> np.ndarray:
    """Values by draw and replication, nan where a run is missing."""
    out = np.full((draws, replications), np.nan)
    out[draw, replication] = value
    return out


def write(folder: SweepFolder, analyses: Sequence[Analysis], confidence: float, resamples: int) -> list[Path]:
    """Write ``indices.csv``, ``indices.json`` and the figure into the sweep's folder; return their paths."""
    from experiments.sweeps.index_figure import draw

    about = provenance(folder)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["scenario", "arm", "outcome", "parameter", "measure", "value", "low", "high", "noise_floor",
                     "verdict", "confidence", "experiment_hash", "source_hash", "git_commit", "seed"])
    tail = [confidence, about["experiment_hash"], about["source_hash"], about["code"]["git_commit"] or "",
            about["seed"]]
    for a in analyses:
        for row in a.indices.rows:
            cells = ["" if c is None else c for c in row.as_dict().values()]
            writer.writerow([a.scenario, a.arm or BASELINE, a.outcome, *cells, *tail])
    put(folder.path / CSV, text.getvalue().encode())
    put_json(folder.path / JSON, {**about, "confidence": confidence, "resamples": resamples, "analyses": [
        {"scenario": a.scenario, "arm": a.arm or BASELINE, "outcome": a.outcome,
         "of": "paired difference from the baseline" if a.arm else "level", **a.indices.as_dict()} for a in analyses]})
    figures = draw(folder.path / FIGURE, analyses, confidence, f"{setting(folder, analyses)}\n{footer(about)}",
                   json.dumps(about, sort_keys=True), ranges={p.key: p.span for p in folder.plan.design.parameters},
                   units={a.outcome: unit(a.outcome) for a in analyses})
    return [folder.path / CSV, folder.path / JSON, *figures]


def provenance(folder: SweepFolder) -> dict[str, Any]:
    """Where the indices come from."""
    m = folder.manifest
    keys = {row.key for row in folder.rows()}
    return {"format": "lamplighter-sensitivity", "schema_version": m["schema_version"],
            "experiment_hash": m["experiment_hash"], "source_hash": m["source_hash"], "code": m["code"],
            "packages": {**m["packages"], **_salib()}, "seed": folder.plan.design.seed,
            "cities": {name: city["checksum"] for name, city in m["cities"].items()}, "changes": m["changes"],
            "runs": {"planned": len(keys), "done": len(keys & folder.done_keys()), "rows": folder.table().num_rows},
            "design": m["experiment"]["design"]}


def unit(outcome: str) -> str:
    """What a value of an outcome is, for the axis of a figure."""
    from experiments.outcomes import event_outcomes, is_sum

    if outcome.startswith(("cost.", "loss.")):
        return "total of the scored days"
    return ("count over the scored days" if outcome in event_outcomes() or is_sum(outcome)
            else "mean of the scored days")


def setting(folder: SweepFolder, analyses: Sequence[Analysis]) -> str:
    """City, time and size of the design in one line, for figures."""
    plan = folder.plan
    spec = next(iter(plan.specs.values()))
    residents = f"{spec.city.residents:,} residents" if spec.city.residents else "all residents"
    kept = sorted({f"{a.indices.kept:,} {a.indices.unit}" for a in analyses})
    return (f"city {spec.city.preset}, {residents}; {spec.burn_in_days:,} days of burn-in, {spec.days:,} scored; "
            f"{' or '.join(kept)}, {plan.replications} replications")


def _salib() -> dict[str, str]:
    from importlib import metadata

    return {"SALib": metadata.version("SALib")}


def footer(about: dict[str, Any]) -> str:
    """Provenance in one line, for figures."""
    code = about["code"]
    commit = f"commit {code['git_commit'][:10]}" if code["git_commit"] else f"version {code['version']}"
    state = " (modified)" if code["git_dirty"] else ""
    runs = about["runs"]
    text = (f"experiment {about['experiment_hash']} · {commit}{state} · source {about['source_hash']} · "
            f"{runs['done']:,} of {runs['planned']:,} runs · seed {about['seed']}")
    return text + (f" · {len(about['changes'])} changes after the start" if about["changes"] else "")


def show(a: Analysis) -> str:
    """The table of one analysis for the terminal."""
    found = a.indices
    measures = [m for m in MEASURES[found.method] if any(r.measure == m for r in found.rows)]
    head = ["parameter"]
    for m in measures:
        head += [TITLES[m], "interval"] if m in JUDGED else [TITLES[m]]
    rows = []
    for main in found.main:
        cells = [main.name]
        for m in measures:
            row = next((r for r in found.rows if (r.name, r.measure) == (main.name, m)), None)
            if row is None:
                cells += ["-", "-"] if m in JUDGED else ["-"]
                continue
            cells += [number(row.value)]
            cells += [f"{number(row.low)} to {number(row.high)}"] if m in JUDGED else []
        rows.append([*cells, main.verdict or "the noise floor"])
    lines = [f"{WORDS[found.method]}: {a.title}", layout([*head, f"by {TITLES[measures[0]]}"], rows)]
    pairs = [r for r in found.rows if r.measure == "S2"]
    if pairs:
        lines.append(layout(["pair", TITLES["S2"], "interval", "verdict"],
                            [[r.name, number(r.value), f"{number(r.low)} to {number(r.high)}", r.verdict]
                             for r in pairs]))
    noise = found.noise
    lines.append(f"{found.kept:,} {found.unit}, {noise.replications} replications. Run noise: variance within a draw "
                 f"{number(noise.within)}, of a mean {number(noise.within / noise.replications)}; between the means of "
                 f"draws {number(noise.total)}, of which {percent(noise.share)} is run noise (what seeds do to all "
                 "draws alike cancels).")
    return "\n".join([*lines, *(f"note: {note}" for note in found.notes)])


def percent(share: float) -> str:
    """A share in words: few digits, and never a false zero."""
    return "an unknown share" if share != share else "less than 0.1 %" if share < 0.001 else f"{100 * share:.2g} %"


def short(path: Path) -> str:
    """A path as the person at the keyboard would write it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
