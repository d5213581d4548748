"""The task `rank`: which arms can still be the best, and what the differences are made of."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.options import RankOptions

if TYPE_CHECKING:
    from experiments.entry import Job
    from experiments.sweeps.ranking import Rank

OPTIONS = RankOptions
FILE, FULL = "ranking.csv", "ranking.json"


def run(jobs: Sequence[Job]) -> int:
    """Rank the arms of each job's folder."""
    for job in jobs:
        rank_folder(job.options)
    return 0


def rank_folder(options: RankOptions) -> dict[str, list[Rank]]:
    """Rank the arms of a sweep or a comparison, scenario by scenario; write and print the ranking.

    Raises
    ------
    DataError, SpecError
        One line: controls are missing, nothing is finished, or what is good is not known.
    """
    from experiments.sweeps.files import put, put_json
    from experiments.sweeps.ranking import direction, rank
    from experiments.sweeps.study import as_csv, open_study

    study = open_study(options.out)
    outcome = study.check_outcome(options.outcome)
    good = direction(outcome, options.better)
    found = {scenario: rank(study.values(outcome, scenario), study.roles, good, bounds=study.bounds())
             for scenario in study.scenarios}
    cpu, provenance = study.cpu_seconds(), study.provenance()
    for scenario, ranks in found.items():
        print(f"rank: {outcome}, better with {good}" + (f", scenario {scenario}" if len(found) > 1 else ""))
        print(f"{table(ranks)}\n\n{sentences(ranks, cpu)}\n")
    print(study.line())
    if options.dry_run:
        print("dry run: nothing was written")
        return found
    rows = [{"scenario": scenario, "outcome": outcome, **r.as_dict()} for scenario, ranks in found.items()
            for r in ranks]
    put_json(study.path / FULL, {"provenance": provenance, "outcome": outcome, "good": good, "cpu_seconds": cpu,
                                 "cpu_hours_to_halve_run_noise": 3 * cpu / 3600, "ranks": rows})
    put(study.path / FILE, as_csv(rows))
    print(f"ranking: {study.path / FILE}; with its provenance: {FULL}")
    return found


def table(ranks: Sequence[Rank]) -> str:
    """Lay a ranking out for the terminal."""
    from experiments.tables import layout, number, signed

    rows = []
    for r in ranks:
        place = (f"{r.rank} possible best" if r.possible_best else f"{r.rank} rejected by {r.beaten_by}"
                 if r.rank else "shown only")
        base = r.role == "baseline"
        rows.append([r.arm, place, number(r.mean), *(["", "", "", ""] if base else [
            f"{signed(r.difference)} ({signed(r.low)} to {signed(r.high)})", _p(r.p_holm), f"{100 * r.better:.0f}",
            f"{signed(r.random_difference)} ({signed(r.random_low)} to {signed(r.random_high)})"
            if r.random_difference == r.random_difference else ""])])
    titles = ["arm", "place", "mean", "minus baseline (95 %)", "p (Holm)", "better, % of pairs", "minus random (95 %)"]
    if any(r.parts is not None and r.parts.draws > 1 for r in ranks):
        titles.append("95 % of draws")
        for row, r in zip(rows, ranks):
            there = r.parts is not None and r.parts.draws > 1
            row.append(f"{signed(r.parts.range_low)} to {signed(r.parts.range_high)}" if there else "")
    return layout(titles, rows)


def _p(p: float) -> str:
    return "" if math.isnan(p) else "<0.001" if p < 0.001 else f"{p:.3f}"


def sentences(ranks: Sequence[Rank], cpu: float) -> str:
    """Say what the ranking means, and both uncertainties of every option."""
    from experiments.sweeps.uncertainty import sentence

    best = [r.arm for r in ranks if r.possible_best]
    lines = [f"possible best: {', '.join(best)}. The true best arm is among them in at least 95 % of such experiments, "
             "as far as chance between runs goes."]
    if "baseline" in best:
        lines.append("Doing nothing is among them: no option is shown to be better.")
    for r in ranks:
        if r.role == "option" and r.parts is not None:
            lines.append(f"{r.arm}: {sentence(r.parts, cpu)}")
            worse = r.random_low <= 0 <= r.random_high
            if r.rank and worse and r.p_holm < 0.05:
                lines.append(f"{r.arm}: not told apart from patrols at random places (same_cost_random)")
    return "\n".join(lines)


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["rank", *sys.argv[1:]]))
