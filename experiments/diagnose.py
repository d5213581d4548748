"""The task `diagnose`: five steps before anything is chosen (UNODC's Safety Governance Approach).

Which flow matters, which insecurity it feeds, through which networks, which nodes could change, what builds resilience.
Each answer is a paired experiment on the scenario: something is cut or removed, and the city is run again.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.options import DiagnoseOptions, EngineOptions
from sim.errors import SpecError

if TYPE_CHECKING:
    from analysis.effects import Effect
    from experiments.entry import Job
    from experiments.paired import Pairs
    from sim.model import CityModel

OPTIONS = DiagnoseOptions
GROUPS = {"engine": EngineOptions}
FLOWS = ("drugs", "firearms", "people", "money")
NETWORKS = {
    "drug market": {"mechanism": {"drugs": {"enabled": False}}},
    "groups": {"mechanism": {"groups": {"enabled": False}}},
    "bribery": {"mechanism": {"bribery": {"enabled": False}}},
}
STRENGTHS = {
    "stronger communities": {
        "intervention": {"resilience_added": {"services": 0.0, "integrity": 0.0, "fairness": 0.0}}},
    "stronger institutions": {"intervention": {"resilience_added": {"organising": 0.0, "mediation": 0.0}}},
    "less vulnerability": {"intervention": {"vulnerability_removed": {}}},
    "better conditions": {"intervention": {"conditions_improved": {}}},
}
OUTCOMES = {
    "true.violence": "Violence", "true.homicide": "Homicide", "true.property": "Property crime",
    "link.systemic": "Violence of markets", "link.economic-compulsive": "Crime for drug money",
    "sum.bribery.bribes": "Bribes", "mean.fear": "Fear",
}
COURSES = {"true.victimisations": ("Crimes with a victim", 1), "trust": ("Trust in the police", -1),
           "community.efficacy": ("Collective efficacy", -1)}


def run(jobs: Sequence[Job]) -> int:
    """Diagnose every job."""
    from experiments.outfolder import check_out

    outs = [check_out(job.options.out, job.options.force) for job in jobs]
    for job in jobs:
        _check(job)
    for job, out in zip(jobs, outs):
        _diagnose(job, out)
    return 0


def _check(job: Job) -> None:
    from sim import registry
    from sim.parameters import unknown_key

    name = job.options.stress
    if name not in registry.SHOCKS:
        raise SpecError(str(unknown_key(name, registry.SHOCKS, "stress")).replace("unknown key", "unknown shock"))
    if job.spec.years < 0.25:
        raise SpecError(f"years: expected at least 0.25 for a diagnosis, found {job.spec.years:g}")


def arms(shock: str) -> dict[str, dict[str, Any]]:
    """Everything that is cut, removed or added, by a name that says so."""
    out = {f"no {flow}": {"shock": {"flow_cut": {"flow": flow, "share": 1.0}}} for flow in FLOWS}
    out.update({f"without {name}": change for name, change in NETWORKS.items()})
    out.update({f"places: {name}": change for name, change in nodes().items()})
    hit = {"shock": {shock: {"start": 30}}}
    out["shock"] = hit
    for name, change in STRENGTHS.items():
        out[name] = change
        out[f"{name}, shock"] = {**change, **hit}
    return out


def nodes() -> dict[str, dict[str, Any]]:
    """Arms that act on nodes: the hottest places, the most connected people, the hours of night."""
    return {
        "the worst places well managed": {"intervention": {"problem_oriented_places": {"analysis_days": 0}}},
        "the dark streets lit": {"intervention": {"street_lighting": {}}},
    }


def outcome(model: CityModel) -> dict[str, Any]:
    """Totals and daily series of a run, and how crime is spread over places, people and hours."""
    from analysis.concentration import share_of_places
    from experiments.paired import totals

    out: dict[str, Any] = totals(model)
    series = model.series.columns()
    days = series["day"] >= 0
    for name in COURSES:
        if name in series:
            out[f"series.{name}"] = series[name][days]
    kinds = [t for t in ("burglary", "robbery", "theft", "vehicle", "assault", "homicide", "extortion")]
    out["series.true.victimisations"] = np.sum([series[f"true.{k}"] for k in kinds], axis=0)[days]
    log, calendar = model.log, model.calendar
    scored = slice(int(np.searchsorted(log["tick"], calendar.burn_in_days * calendar.ticks_per_day)), len(log))
    from sim.records import CODE

    violent = np.isin(log["type"][scored], [CODE[k] for k in ("robbery", "assault", "homicide", "extortion")])
    streets = model.city.area >= 0
    cells = np.bincount(log["cell"][scored][violent & ~log["domestic"][scored]], minlength=model.city.grid.cells)
    out["half of violence: places"] = share_of_places(cells[streets]) if cells.any() else np.nan
    people = np.bincount(log["offender_id"][scored][violent & (log["offender_id"][scored] >= 0)])
    alive = int(model.residents["alive"].sum())
    top = np.sort(people)[::-1]
    out["half of violence: people"] = (
        float((np.cumsum(top) < 0.5 * top.sum()).sum() + 1) / alive if top.sum() else np.nan)
    night = (log["minute"][scored] >= 20 * 60) | (log["minute"][scored] < 6 * 60)
    out["violence at night"] = float(night[violent].mean()) if violent.any() else np.nan
    together = log["co_offenders"][scored][:, 0] >= 0
    out["offences together"] = float(together.mean()) if len(together) else np.nan
    return out


def _diagnose(job: Job, out: Any) -> None:
    from analysis.diagnosis import page
    from experiments.cities import build_city, estimate
    from experiments.outfolder import OutFolder
    from experiments.paired import run_pairs
    from experiments.progress import Progress, duration
    from experiments.provenance import Stopwatch, machine
    from experiments.store import write_json

    spec, options = job.spec, job.options
    planned = arms(options.stress)
    print(f"diagnose: {len(planned) + 1} worlds x {options.replications} replications of {spec.days} days")
    workers = min(job.groups["engine"].count, options.replications)
    cost = estimate(spec, build_city(spec).population, (len(planned) + 1) * options.replications,
                    options.replications, workers)
    print(f"{cost.runs} runs, {cost.residents:,} residents; about {duration(cost.wall_seconds)}", flush=True)
    if options.dry_run:
        print(f"dry run: nothing was written; results would go to {out}")
        return
    watch = Stopwatch()
    with OutFolder(out, options.force) as place:
        progress = Progress(options.replications, "diagnose")
        seeds = [spec.seed + k for k in range(options.replications)]
        pairs = run_pairs(spec.as_dict(), planned, seeds, outcome=outcome, workers=workers,
                          tell=lambda line: progress.add(1, line))
        progress.close()
        found = findings(pairs, options.stress, spec)
        found["provenance"] = {"spec_hash": spec.hash(), "seed": spec.seed, **machine(), **watch.read()}
        write_json(place.folder / "diagnosis.json", _without_nan(found))
        (place.folder / "diagnosis.html").write_text(page(found), encoding="utf-8")
        place.keep()
    print("\n".join(found["summary"]))
    print(f"page: {out / 'diagnosis.html'}")


def _without_nan(value: Any) -> Any:
    """Nested plain values with null where a number is not known."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, (float, np.floating)) and not np.isfinite(value) else value


def _effect(e: Effect) -> dict[str, float]:
    return {"percent": e.percent, "low": e.percent_low, "high": e.percent_high, "baseline": e.baseline, "arm": e.arm}


def findings(pairs: Pairs, shock: str, spec: Any) -> dict[str, Any]:
    """What the five steps found, as plain values for the page and the JSON file."""
    from analysis.resilience import response

    def effects(names: Sequence[str]) -> dict[str, dict[str, dict[str, float]]]:
        return {name: {o: _effect(pairs.effect(name, o)) for o in OUTCOMES
                       if o in pairs.values[name] and o in pairs.values["baseline"]} for name in names}

    base = pairs.values["baseline"]
    described = {k: float(np.nanmean(v)) for k, v in base.items() if v.ndim == 1 and np.isfinite(v).any()}
    resilience = {}
    for name in ("", *STRENGTHS):
        hit, calm = (f"{name}, shock", name) if name else ("shock", "baseline")
        resilience[name or "as it is"] = {
            course: vars(response(pairs.values[hit][f"series.{course}"], pairs.values[calm][f"series.{course}"], 30,
                                  worse))
            for course, (_, worse) in COURSES.items() if f"series.{course}" in pairs.values[calm]}
    found = {
        "city": spec.city.preset, "residents": described.get("mean.population", 0.0), "years": spec.years,
        "replications": len(next(iter(base.values()))), "shock": shock,
        "outcomes": OUTCOMES, "courses": {k: v[0] for k, v in COURSES.items()},
        "flows": effects([f"no {flow}" for flow in FLOWS]),
        "networks": effects([f"without {name}" for name in NETWORKS]),
        "nodes": effects([name for name in pairs.values if name.startswith("places: ")]),
        "strengths": effects(list(STRENGTHS)), "resilience": resilience, "described": described,
    }
    found["summary"] = _summary(found)
    return found


def _summary(found: dict[str, Any]) -> list[str]:
    """One sentence for each step."""

    def strongest(group: str, outcomes: Sequence[str] = tuple(OUTCOMES)) -> tuple[str, str, dict] | None:
        best = None
        for name, by in found[group].items():
            for o in outcomes:
                e = by.get(o)
                if e and e["high"] < 0 and (best is None or e["percent"] < best[2]["percent"]):
                    best = name, o, e
        return best

    def said(e: dict) -> str:
        return f"{e['percent']:+.0f} % [{e['low']:+.0f}, {e['high']:+.0f}]"

    lines = []
    flow = strongest("flows", ("true.violence", "true.homicide", "true.property", "mean.fear"))
    lines.append("1 Flow: " + (f"{flow[0]} changes {OUTCOMES[flow[1]].lower()} most, {said(flow[2])}" if flow else
                               "no single flow changes violence, property crime or fear beyond chance here"))
    fed = []
    for name, by in found["flows"].items():
        settled = [f"{OUTCOMES[o].lower()} {said(e)}" for o, e in by.items() if e["low"] > 0 or e["high"] < 0]
        fed.append(f"{name.removeprefix('no ')}: {', '.join(settled) or 'nothing settled'}")
    lines.append("2 Insecurity it feeds (change without the flow): " + "; ".join(fed))
    net = strongest("networks", ("true.violence", "true.homicide", "true.property"))
    lines.append("3 Network: " + (f"{net[0]}: {OUTCOMES[net[1]].lower()} {said(net[2])}" if net else
                                  "no network changes crime beyond chance when it is taken out"))
    d = found["described"]
    lines.append("4 Nodes: half of public violence happens at "
                 f"{100 * d.get('half of violence: places', float('nan')):.1f} % of places, is done by "
                 f"{100 * d.get('half of violence: people', float('nan')):.2f} % of residents, and "
                 f"{100 * d.get('violence at night', float('nan')):.0f} % of it falls between 20 and 6 o'clock")
    best, course = None, "true.victimisations"
    for name, by in found["resilience"].items():
        if name != "as it is" and course in by and np.isfinite(by[course]["area"]):
            best = min(best or (np.inf, ""), (by[course]["area"], name))
    strong = strongest("strengths", ("true.violence",))
    lines.append("5 Resilience: " + (f"{strong[0]} lowers violence most, {said(strong[2])}" if strong else
                                     "nothing tried lowers violence beyond chance")
                 + (f"; after the shock least is lost with {best[1]}" if best else ""))
    return lines


if __name__ == "__main__":
    from experiments.entry import main

    sys.exit(main(["diagnose", *sys.argv[1:]]))
