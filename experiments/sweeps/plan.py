"""The plan of a sweep: scenarios x arms x draws x replications, resolved and hashed before the first run."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from experiments.arms import BASELINE, CONTROLS, Arm, Experiment, Plan, arms_of, warm_up
from experiments.compose import parse
from experiments.options import SweepOptions
from experiments.sweeps import design as designs
from experiments.sweeps.design import Design
from sim.errors import SpecError
from sim.parameters import convert, one_of, show, unknown_key
from sim.spec import SCHEMA_VERSION, RunSpec, build, merge

TASK = "sweep"
ONLY = "base"  # name of the scenario of a sweep that names none
KINDS = ("grid", "list", "lhs", "sobol")
MAX_ROWS = 5_000_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")


class Row(NamedTuple):
    """One run that the sweep wants."""

    row: int
    scenario: str
    arm: str
    draw: int
    replication: int
    seed: int
    key: str

    def __str__(self) -> str:
        return (f"row {self.row} (scenario {self.scenario}, arm {self.arm}, draw {self.draw}, replication "
                f"{self.replication}, seed {self.seed})")


@dataclass(frozen=True, eq=False)
class SweepPlan:
    """What a sweep is.

    Attributes
    ----------
    question, outcome : str
        The primary outcome is chosen before the first run.
    replications : int
        Replications of every scenario, arm and draw.
    rule : mapping
        The replication rule as given: ``{"replications": n}`` or ``{"precision": {...}}``.
    scenarios : mapping of name to tuple of str
        Overrides of each scenario.
    arms : tuple of (name, role, overrides)
    specs : mapping of (scenario, arm) to RunSpec
    design : Design
    overrides : tuple of str
        What was given on the command line.
    experiment : mapping
        Name and hash of the experiment file, or empty.
    budget : mapping
        ``{"cpu_hours": x}`` or empty.
    records : str
        summary or full.
    text : str
        The experiment file as given.
    """

    outcome: str
    replications: int
    scenarios: Mapping[str, tuple[str, ...]]
    arms: tuple[tuple[str, str, tuple[str, ...]], ...]
    specs: Mapping[tuple[str, str], RunSpec]
    design: Design = field(default_factory=designs.none)
    question: str = ""
    rule: Mapping[str, Any] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()
    experiment: Mapping[str, Any] = field(default_factory=dict)
    budget: Mapping[str, float] = field(default_factory=dict)
    records: str = "summary"
    text: str = ""

    @property
    def parameters(self) -> tuple[designs.Parameter, ...]:
        return self.design.parameters

    @property
    def arm_names(self) -> tuple[str, ...]:
        return tuple(name for name, _, _ in self.arms)

    def spec(self, scenario: str, arm: str, draw: int = 0, replication: int = 0) -> RunSpec:
        """Return the specification of one row; a parameter that an arm does not have leaves it as it is."""
        spec = self._drawn(scenario, arm, draw)
        return dataclasses.replace(spec, seed=spec.seed + replication)

    @functools.cached_property
    def _drawn(self) -> Any:
        @functools.lru_cache(maxsize=256)
        def drawn(scenario: str, arm: str, draw: int) -> RunSpec:
            spec = self.specs[scenario, arm]
            return apply(spec, self.design.values(draw)) if self.design.parameters else spec

        return drawn

    def world(self, scenario: str, arm: str, draw: int, replication: int) -> tuple:
        """Whatever decides about the time before the first scored day: rows that agree in it share one burn-in."""
        shared = tuple(x for x, p in zip(self.design.points[draw], self.parameters) if not _only_scored(p.key))
        return self._warm[scenario, arm], replication, *shared

    @functools.cached_property
    def _warm(self) -> dict[tuple[str, str], str]:
        return {pair: warm_up(spec).hash() for pair, spec in self.specs.items()}

    def cells(self, draws: range | None = None, replications: range | None = None) -> Iterator[tuple]:
        """Yield (scenario, arm, draw, replication) in the order of the run table."""
        for scenario in self.scenarios:
            for draw in range(len(self.design)) if draws is None else draws:
                for replication in range(self.replications) if replications is None else replications:
                    for arm in self.arm_names:
                        yield scenario, arm, draw, replication

    def __len__(self) -> int:
        return len(self.scenarios) * len(self.arms) * len(self.design) * self.replications

    def key(self, spec: RunSpec, checksum: str) -> str:
        """Content of a run in 20 hex digits: specification with its seed, data of the city, schema of the records."""
        text = f"{spec.hash()} {spec.seed} {checksum} {SCHEMA_VERSION}"
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, complete but for the points of the design."""
        return {"question": self.question, "outcome": self.outcome, "replications": self.replications,
                "rule": dict(self.rule), "scenarios": {name: list(o) for name, o in self.scenarios.items()},
                "arms": [{"name": n, "role": r, "overrides": list(o)} for n, r, o in self.arms],
                "design": self.design.as_dict(), "overrides": list(self.overrides), "file": dict(self.experiment),
                "budget": dict(self.budget), "records": self.records}

    def identity(self) -> str:
        """Hash of the resolved experiment, 16 hex digits: any change of what is asked or run gives another one."""
        content = {k: v for k, v in self.as_dict().items() if k not in ("overrides", "file")}
        content["specs"] = [[s, a, spec.hash()] for (s, a), spec in self.specs.items()]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def with_(self, **changes: Any) -> SweepPlan:
        return dataclasses.replace(self, **changes)


def _only_scored(key: str) -> bool:
    """True for what cannot matter before the first scored day."""
    return key.startswith("intervention.") or key in ("budget", "spend_all", designs.dummy().key)


@functools.cache
def _hints(cls: type) -> tuple[dict, dict]:
    return typing.get_type_hints(cls), {f.name: f.metadata for f in dataclasses.fields(cls)}


def apply(spec: RunSpec, values: Mapping[str, Any]) -> RunSpec:
    """Return a specification with some keys changed, each checked; keys of what it does not have are left out."""
    nested: dict[tuple[str, str], dict[str, Any]] = {}
    plain: dict[str, Any] = {}
    for key, value in values.items():
        head, *rest = key.split(".")
        if head == "city":
            nested.setdefault(("city", ""), {})[rest[0]] = value
        elif rest:
            if rest[0] in getattr(spec, head):
                nested.setdefault((head, rest[0]), {})[rest[1]] = value
        else:
            plain["seed" if key == designs.FIRST_SEED else key] = value
    changes: dict[str, Any] = {}
    for (head, name), given in nested.items():
        if head == "city":
            changes["city"] = _changed(spec.city, given, "city")
        else:
            group = changes.setdefault(head, dict(getattr(spec, head)))
            group[name] = _changed(group[name], given, f"{head}.{name}")
    from types import MappingProxyType

    changes = {k: MappingProxyType(v) if isinstance(v, dict) else v for k, v in changes.items()}
    spec = dataclasses.replace(spec, **changes) if changes else spec
    return build(merge(spec.as_dict(), plain)) if plain else spec


def _whole_lists(params: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Turn elements such as ``report[2]`` into the lists they belong to."""
    out: dict[str, Any] = {}
    for key, value in given.items():
        name, _, item = key.partition("[")
        if item:
            held = list(out.get(name, getattr(params, name)))
            held[int(item[:-1])] = value
            out[name] = tuple(held)
        else:
            out[name] = value
    return out


def _changed(params: Any, given: Mapping[str, Any], where: str) -> Any:
    kinds, meta = _hints(type(params))
    given = _whole_lists(params, given)
    made = dataclasses.replace(params, **{k: convert(v, kinds[k], meta[k], f"{where}.{k}") for k, v in given.items()})
    check = getattr(made, "check", None)
    if check is not None:
        check(where)
    return made


def make_plan(overrides: Sequence[str], options: SweepOptions) -> SweepPlan:
    """Compose and check everything a sweep holds.

    Parameters
    ----------
    overrides : sequence of str
        As given to the command; ``experiment=`` names the experiment file.
    options : SweepOptions

    Raises
    ------
    SpecError, DataError
        One line: which file and key, what was expected, what was found.
    """
    from experiments.outcomes import check_outcome

    check_outcome(options.outcome)
    first = Plan(overrides)
    experiment = first.experiment
    shown = f"experiment {experiment.name}" if experiment.name else "sweep"
    scenarios, listed, specs = compose_all(overrides, experiment.sweep.get("scenarios"), shown)
    given = experiment.sweep.get("parameters")
    design = make_design(given, options.design or experiment.sweep.get("design", ""),
                         options.draws or experiment.sweep.get("draws", 0), first_seed(specs), shown)
    rule, replications = _rule(experiment, overrides, options)
    made = SweepPlan(options.outcome, replications, scenarios, listed, specs, design, experiment.question, rule,
                     tuple(overrides), experiment.as_dict() or {}, _budget(experiment.sweep.get("budget"), shown),
                     options.records, experiment.text)
    check(made)
    return made


def compose_all(overrides: Sequence[str], given: Any, shown: str = "sweep") -> tuple[dict, tuple, dict]:
    """Compose every scenario with every arm; return the scenarios, the arms and the specifications of the pairs."""
    scenarios = _scenarios(given, shown)
    specs: dict[tuple[str, str], RunSpec] = {}
    listed: tuple = ()
    for scenario, own in scenarios.items():
        plan = Plan(overrides, own)
        names = plan.all_names() if plan.arms else [BASELINE]
        arms = arms_of(plan, names, TASK, SweepOptions)
        if arms[0].spec.days < 1:
            raise SpecError(f"years: expected at least a day to score (0.003), found {arms[0].spec.years:g}")
        specs.update({(scenario, arm.name): arm.spec for arm in arms})
        listed = tuple((arm.name, arm.role, arm.overrides) for arm in arms)
    return scenarios, listed, specs


def simple_plan(spec: RunSpec, design: Design | None = None, replications: int = 1,
                outcome: str = "true.victimisations", question: str = "", **more: Any) -> SweepPlan:
    """Return the plan of one scenario and its baseline: what calibration and sensitivity analysis vary."""
    made = SweepPlan(outcome, replications, {ONLY: ()}, ((BASELINE, BASELINE, ()),), {(ONLY, BASELINE): spec},
                     design if design is not None else designs.none(), question,
                     more.pop("rule", {"replications": replications}), **more)
    check(made)
    return made


def first_seed(specs: Mapping[tuple[str, str], RunSpec]) -> int:
    """Seed that sampling of the design is keyed by: that of the first scenario."""
    return next(iter(specs.values())).seed


def check(plan: SweepPlan) -> None:
    """Refuse what could never be carried out, before anything is written."""
    if len(plan) > MAX_ROWS:
        raise SpecError(f"sweep: expected at most {MAX_ROWS:,} runs, found {len(plan):,} ({len(plan.scenarios)} "
                        f"scenarios x {len(plan.arms)} arms x {len(plan.design):,} draws x {plan.replications:,} "
                        "replications)")
    for p in plan.parameters:
        head, *rest = p.key.split(".")
        if rest and head in ("intervention", "shock") and not any(rest[0] in getattr(spec, head)
                                                                 for spec in plan.specs.values()):
            raise SpecError(f"parameters: {p.key}: {rest[0]} is in none of the arms")
    # The corners of the design and its first draws: a value that cannot be is found before the first run.
    points = plan.design.points
    corners = {0, *(int(i) for i in points.argmin(axis=0)), *(int(i) for i in points.argmax(axis=0))}
    for pair in plan.specs:
        for draw in sorted(corners):
            if plan.spec(*pair, draw).days < 1:
                raise SpecError("parameters: years: expected at least a day to score (0.003) in every draw, found "
                                f"{plan.spec(*pair, draw).years:g}")


def make_design(given: Any, kind: Any, draws: Any, seed: int, shown: str = "sweep") -> Design:
    """Return the design that an experiment file and the settings describe."""
    kind = kind if kind else ("grid" if given else "")
    if not isinstance(kind, str):
        raise SpecError(f"{shown}: design: expected one of {one_of(KINDS)}, or a file, found {show(kind)}")
    draws = convert(draws, int, {"low": 0, "high": designs.MAX_DRAWS, "unit": "draws"}, f"{shown}: draws")
    varied = designs.parameters(given, f"{shown}: parameters") if given is not None else ()
    if not kind:
        if draws:
            raise SpecError(f"{shown}: draws: expected parameters to draw, found none")
        return designs.none()
    if kind not in KINDS:
        if "." not in kind and "/" not in kind:
            raise SpecError(str(unknown_key(kind, KINDS, f"{shown}: design")).replace("unknown key", "unknown design")
                            .replace("known keys", "known, besides files"))
        if draws:
            raise SpecError(f"{shown}: draws: a design file has as many as it has rows; leave it out")
        return designs.from_file(Path(kind), varied)
    if not varied:
        raise SpecError(f"{shown}: design={kind}: expected parameters to vary in the experiment file, found none")
    if kind in ("grid", "list"):
        if draws:
            raise SpecError(f"{shown}: draws: a design of kind {kind} has as many as its values give; leave it out")
        return designs.grid(varied) if kind == "grid" else designs.listed(varied)
    if not draws:
        raise SpecError(f"{shown}: design={kind}: expected the number of draws, as in draws=64")
    return (designs.latin_hypercube if kind == "lhs" else designs.sobol)(varied, draws, seed)


def _scenarios(given: Any, shown: str) -> dict[str, tuple[str, ...]]:
    from experiments.arms import _override_list
    if not given and given in ({}, None):
        return {ONLY: ()}
    if not isinstance(given, dict):
        raise SpecError(f"{shown}: scenarios: expected a mapping of names to lists of overrides, found {show(given)}")
    made = {}
    for name, listed in given.items():
        if not _NAME.match(name):
            raise SpecError(f"{shown}: scenarios: expected a name of lower case letters, digits and _, "
                            f"found {show(name)}")
        made[name] = _override_list(listed, f"{shown}: scenarios.{name}")
        for override in parse(made[name]):
            if override.key_or_group.split(".")[0] in ("arms", "experiment", "out", "outcome", "replications", "design",
                                                       "draws", "records", "engine", "force", "dry_run", "shard"):
                raise SpecError(f"{shown}: scenarios.{name}: {override.key_or_group} is the same in all scenarios")
    return made


def _rule(experiment: Experiment, overrides: Sequence[str], options: SweepOptions) -> tuple[dict[str, Any], int]:
    """Replications as given, or those of the pilot where a rule of precision says how many there will be."""
    from experiments.outcomes import check_outcome

    if experiment.rule is None or any(o.key_or_group == "replications" for o in parse(overrides)):
        return {"replications": options.replications}, options.replications
    check_outcome(experiment.rule.outcome or options.outcome)
    return {"precision": experiment.rule.as_dict()}, experiment.rule.minimum


def _budget(given: Any, shown: str) -> dict[str, float]:
    if given is None:
        return {}
    if not isinstance(given, dict) or set(given) - {"cpu_hours"}:
        raise SpecError(f"{shown}: budget: expected {{cpu_hours: x}}, found {show(given)}")
    if not given:
        return {}
    hours = convert(given["cpu_hours"], float, {"low": 0, "unit": "h"}, f"{shown}: budget.cpu_hours")
    if not hours > 0:
        raise SpecError(f"{shown}: budget.cpu_hours: expected more than 0 h, found {hours:g}")
    return {"cpu_hours": hours}


def from_manifest(manifest: Mapping[str, Any], table: Any) -> SweepPlan:
    """Restore a plan from a sweep's manifest and its table of draws."""
    given = manifest["experiment"]
    specs = {(scenario, arm): build(spec) for scenario, arms in manifest["specs"].items() for arm, spec in arms.items()}
    arms = tuple((a["name"], a["role"], tuple(a["overrides"])) for a in given["arms"])
    scenarios = {name: tuple(overrides) for name, overrides in given["scenarios"].items()}
    return SweepPlan(given["outcome"], given["replications"], scenarios, arms, specs,
                     designs.from_table(given["design"], table), given["question"], given["rule"],
                     tuple(given["overrides"]), given["file"], given["budget"], given["records"])


__all__ = ["Arm", "CONTROLS", "Row", "SweepPlan", "apply", "from_manifest", "make_design", "make_plan", "simple_plan"]
