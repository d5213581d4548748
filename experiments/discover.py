"""The task `discover`: where in the parameter space does one arm lose to another?"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from experiments.options import DiscoverOptions
from sim.errors import DataError, SpecError

if TYPE_CHECKING:
    import numpy as np

    from experiments.entry import Job
    from experiments.sweeps.discover import Box, Discovery
    from experiments.sweeps.study import Study

OPTIONS = DiscoverOptions
FILE, FULL = "discovery.csv", "discovery.json"
FEWEST = 20  # draws


def run(jobs: Sequence[Job]) -> int:
    """Look for rules in each job's folder."""
    for job in jobs:
        discover(job.options)
    return 0


def discover(options: DiscoverOptions) -> Discovery:
    """Look for boxes in which `arm` loses to `against`; write and print them.

    Raises
    ------
    DataError, SpecError
        One line: an arm is not there, nothing was varied, too few draws.
    """
    from experiments.sweeps.discover import find
    from experiments.sweeps.files import put, put_json
    from experiments.sweeps.ranking import direction
    from experiments.sweeps.study import as_csv, open_study

    study = open_study(options.out)
    outcome = study.check_outcome(options.outcome)
    good = direction(outcome, options.better)
    _check_arms(study, options)
    space = Space(study, options, outcome, good)
    found = find(space.x, space.lost, space.categorical, options.boxes, options.permutations,
                 seed=int(study.provenance().get("seed") or 0), method=options.method)
    print(space.summary())
    rows = [row for number, box in enumerate(found.boxes, 1) for row in space.rows(number, box)]
    print(space.text(found))
    print(study.line())
    if options.dry_run:
        print("dry run: nothing was written")
        return found
    put_json(study.path / FULL, {
        "provenance": study.provenance(), "arm": options.arm, "against": options.against, "outcome": outcome,
        "good": good, "method": options.method, "points": found.points, "lost": found.cases,
        "p": None if math.isnan(found.p) else found.p, "permutations": options.permutations, "rules": rows})
    put(study.path / FILE, as_csv(rows)
        if rows else (",".join(COLUMNS) + "\n").encode())
    print(f"rules: {study.path / FILE}; with their provenance: {FULL}")
    return found


COLUMNS = ("box", "parameter", "low", "high", "values", "quasi_p", "coverage", "density", "points", "lost")


def _check_arms(study: Study, options: DiscoverOptions) -> None:
    from sim.parameters import unknown_key

    if not options.arm:
        raise SpecError(f"arm: expected the arm that may lose, one of {', '.join(study.roles)}, found nothing")
    for key in ("arm", "against"):
        name = getattr(options, key)
        if name not in study.roles:
            line = str(unknown_key(name, study.roles, key))
            raise SpecError(line.replace("unknown key", "unknown arm").replace("known keys", "known arms"))
    if options.arm == options.against:
        raise SpecError(f"against: expected another arm than {options.arm}")
    if options.scenario and options.scenario not in study.scenarios:
        line = str(unknown_key(options.scenario, study.scenarios, "scenario"))
        raise SpecError(line.replace("unknown key", "unknown scenario").replace("known keys", "known scenarios"))


class Space:
    """Draws as points, and in which of them the arm has lost.

    Attributes
    ----------
    names : list of str
    categorical : list of bool
    labels : dict of column number to list
        Values that codes stand for.
    x : array of float, shape (points, parameters)
    lost : array of bool, shape (points,)
    """

    def __init__(self, study: Study, options: DiscoverOptions, outcome: str, good: str):
        import numpy as np

        design = study.parameters()
        if design is None:
            raise DataError(f"{study.path}: no parameter was varied, so there is nowhere to look; make a sweep with "
                            "parameters and a design, as in design=lhs draws=200")
        self.options, self.outcome = options, outcome
        scenarios = [options.scenario] if options.scenario else list(study.scenarios)
        self.names = [n for n in design.column_names if n != "draw"]
        columns, self.labels = self._codes(design)
        self.categorical = [j in self.labels for j in range(len(self.names))]
        if len(scenarios) > 1:
            self.names.append("scenario")
            self.categorical.append(True)
            self.labels[len(self.names) - 1] = scenarios
        points, lost, noise, equal = [], [], [], 0
        for number, scenario in enumerate(scenarios):
            values = study.values(outcome, scenario)
            worse = (1 if good == "fewer" else -1) * (values[options.arm] - values[options.against])
            for draw, d in enumerate(worse):
                d = d[np.isfinite(d)]
                if len(d):
                    points.append([*(c[draw] for c in columns), *([number] if len(scenarios) > 1 else [])])
                    lost.append(d.mean() > 0)
                    equal += not d.any()
                    noise.append(len(d) > 1 and abs(d.mean()) < 2 * d.std(ddof=1) / math.sqrt(len(d)))
        if len(points) < FEWEST:
            raise DataError(f"{study.path}: expected at least {FEWEST} draws in which both arms have finished, found "
                            f"{len(points)}")
        self.x, self.lost, self.unsettled = np.array(points, float), np.array(lost, bool), int(sum(noise))
        self.equal = equal
        self.runs = min(values[options.arm].shape[1], values[options.against].shape[1])

    def _codes(self, design: Any) -> tuple[list[np.ndarray], dict[int, list]]:
        import numpy as np

        columns, labels = [], {}
        for j, name in enumerate(self.names):
            values = design[name].to_pylist()
            if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
                columns.append(np.array(values, float))
            else:
                labels[j] = sorted(set(values), key=str)
                columns.append(np.array([labels[j].index(v) for v in values], float))
        return columns, labels

    def summary(self) -> str:
        """Say how often the arm loses at all."""
        o, n, lost = self.options, len(self.lost), int(self.lost.sum())
        text = f"{o.arm} loses to {o.against} on {self.outcome} in {lost:,} of {n:,} draws"
        text += f"; in {self.equal:,} every run of both is equal" if self.equal else ""
        if self.runs == 1:
            return text + "; one replication a draw: chance alone makes some of these labels"
        return text + (f"; in {self.unsettled:,} the difference is within two standard errors of zero"
                       if self.unsettled else "")

    def text(self, found: Discovery) -> str:
        """Say what was found, or that there is nothing to find."""
        if not found.cases or found.cases == found.points:
            return f"nothing to find: it loses {'nowhere' if not found.cases else 'everywhere'}"
        if not found.boxes:
            shown = "" if math.isnan(found.p) or found.p == 1 else f" (p {found.p:.2f})"
            return ("nothing to find: shuffled labels give boxes as good as any here" + shown +
                    "; no parameter tells where it loses")
        lines = []
        for number, box in enumerate(found.boxes, 1):
            lines.append(f"box {number}: coverage {box.coverage:.2f} (of the draws in which it loses), density "
                         f"{box.density:.2f} (of the draws in the box), {box.points:,} draws")
            for j in sorted(box.limits, key=box.quasi_p.get):
                lines.append(f"  {self._rule(j, box)}  (quasi-p {_p(box.quasi_p[j])})")
        lines.append(f"p {found.p:.3f} of the first box, against {self.options.permutations} shuffles of the labels")
        return "\n".join(lines)

    def _rule(self, j: int, box: Box) -> str:
        limit = box.limits[j]
        if limit.kept is not None:
            return f"{self.names[j]} is {' or '.join(str(self.labels[j][c]) for c in sorted(limit.kept))}"
        low, high = math.isfinite(limit.low), math.isfinite(limit.high)
        if low and high:
            return f"{self.names[j]} between {limit.low:.4g} and {limit.high:.4g}"
        return f"{self.names[j]} {'above' if low else 'below'} {limit.low if low else limit.high:.4g}"

    def rows(self, number: int, box: Box) -> list[dict[str, Any]]:
        """One row a restriction, in the order of `COLUMNS`."""
        out = []
        for j, limit in sorted(box.limits.items()):
            kept = "" if limit.kept is None else ";".join(str(self.labels[j][c]) for c in sorted(limit.kept))
            cells = (number, self.names[j], limit.low if math.isfinite(limit.low) else None,
                     limit.high if math.isfinite(limit.high) else None, kept, box.quasi_p[j], box.coverage,
                     box.density, box.points, box.cases)
            out.append(dict(zip(COLUMNS, cells)))
        return out


def _p(p: float) -> str:
    return f"{p:.3f}" if p >= 0.001 else f"{p:.0e}"


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["discover", *sys.argv[1:]]))
