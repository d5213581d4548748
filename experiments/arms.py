"""The arms of a comparison: from names, or from an experiment file that maps arms to lists of overrides."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.compose import CONFIG_DIR, compose, group_options, parse, split, unknown_choice
from experiments.options import CompareOptions, EngineOptions
from experiments.safe_yaml import read_yaml
from experiments.sweeps.precision import Rule, read_rule
from sim.errors import SpecError
from sim.parameters import show, unknown_key
from sim.spec import RunSpec

TASK = "compare"
GROUPS = {"engine": EngineOptions}
BASELINE, PLACEBO, RANDOM = "baseline", "placebo", "same_cost_random"
CONTROLS = (PLACEBO, RANDOM)
# What an arm may change. The city, the seed and the clock are shared: else there would be no pairs.
ARM_KEYS = ("interventions", "intervention", "budget", "spend_all", "mechanism", "interactions", "banned")
FILE_KEYS = ("question", "outcome", "replications", "precision", "overrides", "arms")
SWEEP_KEYS = ("scenarios", "parameters", "design", "draws", "budget")  # what a sweep reads besides
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}$")


@dataclass(frozen=True)
class Arm:
    """One arm: a specification that departs from the baseline's.

    Attributes
    ----------
    name, role : str
        Role: baseline, placebo, same_cost_random or option.
    interventions : tuple of str
    overrides : tuple of str
        What the arm adds to the overrides of the comparison.
    spec : RunSpec
    """

    name: str
    role: str
    interventions: tuple[str, ...]
    overrides: tuple[str, ...]
    spec: RunSpec

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "role": self.role, "interventions": list(self.interventions),
                "overrides": list(self.overrides), "spec": self.spec.as_dict(), "spec_hash": self.spec.hash()}


@dataclass(frozen=True)
class Experiment:
    """The content of an experiment file."""

    name: str = ""
    question: str = ""
    file_hash: str = ""
    overrides: tuple[str, ...] = ()
    arms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rule: Rule | None = None  # says how many replications, where the file does not
    sweep: Mapping[str, Any] = field(default_factory=dict)  # the keys of SWEEP_KEYS, checked when a sweep is planned
    text: str = ""

    def as_dict(self) -> dict[str, Any] | None:
        if not self.name:
            return None
        rule = {"precision": self.rule.as_dict()} if self.rule else {}
        return {"name": self.name, "question": self.question, "file_hash": self.file_hash, **rule}


def read_experiment(name: str) -> Experiment:
    """Read an experiment file: a name of ``configs/experiment`` or the path of a file of the user's.

    Raises
    ------
    SpecError
        One line that names the file and the key.
    """
    if "/" in name or "\\" in name or name.endswith((".yaml", ".yml")):
        path, shown = Path(name).expanduser(), name
    else:
        shipped = sorted(p.stem for p in (CONFIG_DIR / "experiment").glob("*.yaml"))
        if name not in shipped:
            raise unknown_choice(name, shipped, "experiment")
        path, shown = CONFIG_DIR / "experiment" / f"{name}.yaml", f"experiment {name}"
    content = read_yaml(path)
    for key in content:
        if key not in FILE_KEYS + SWEEP_KEYS:
            raise unknown_key(key, FILE_KEYS + SWEEP_KEYS, shown)
    sweep = {key: content[key] for key in SWEEP_KEYS if key in content}
    arms = content.get("arms", {} if sweep else None)
    if not isinstance(arms, dict) or not (arms or sweep):
        raise SpecError(f"{shown}: arms: expected a mapping of arm names to lists of overrides, found {show(arms)}")
    overrides = list(_override_list(content.get("overrides", []), f"{shown}: overrides"))
    for override in parse(overrides):
        if override.key_or_group in ("experiment", "arms"):
            raise SpecError(f"{shown}: overrides: {override.key_or_group} cannot be set here")
    for key in ("outcome", "replications"):
        if key in content:
            overrides.append(f"{key}={content[key]}")
    if "precision" in content and "replications" in content:
        raise SpecError(f"{shown}: expected replications or precision, found both")
    rule = read_rule(content["precision"], f"{shown}: precision") if "precision" in content else None
    made = {}
    for arm, listed in arms.items():
        if not _NAME.match(arm) or arm in (BASELINE, *CONTROLS):
            raise SpecError(f"{shown}: arms: expected a name of lower case letters, digits and _ that is not "
                            f"reserved, found {show(arm)}")
        made[arm] = _override_list(listed, f"{shown}: arms.{arm}")
    question = content.get("question", "")
    if not isinstance(question, str):
        raise SpecError(f"{shown}: question: expected text, found {show(question)}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return Experiment(path.stem, " ".join(question.split()), digest, tuple(overrides), made, rule, sweep,
                      path.read_text(encoding="utf-8-sig"))


def _override_list(given: Any, where: str) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise SpecError(f"{where}: expected a list of overrides such as key=value, found {show(given)}")
    for text, override in zip(given, parse(given)):
        if override.is_sweep_override():
            raise SpecError(f"{where}: expected one value, found {show(text)}")
    return tuple(given)


class Plan:
    """The overrides of a comparison, sorted into what all arms share and what each adds."""

    def __init__(self, overrides: Sequence[str], scenario: Sequence[str] = ()):
        parsed = parse(overrides)
        for text, override in zip(overrides, parsed):
            if override.is_sweep_override():
                raise SpecError(f"{show(text)}: several values need --multirun; a list needs brackets: arms=[a,b]")
        values = {o.key_or_group: _names(o) for o in parsed}
        name = values.get("experiment", "")
        self.experiment = read_experiment(name) if isinstance(name, str) and name else Experiment()
        given = [*self.experiment.overrides, *scenario, *overrides]
        parsed = [*parse(self.experiment.overrides), *parse(scenario), *parsed]
        self.doses, base, arms = [], [], []
        shared: dict[str, str] = {}
        for text, override in zip(given, parsed):
            key = override.key_or_group
            if key == "interventions":
                base = _list(override)
            elif key.startswith("intervention."):
                self.doses.append((key.split(".")[1], text))
            else:
                arms = _list(override) if key == "arms" else arms
                shared.pop(key, None)  # the command line comes after the file, and the last word counts
                shared[key] = text
        self.shared, self.base = list(shared.values()), base
        self.arms: dict[str, tuple[str, ...]] = {}
        self.named: set[str] = set()  # arms that are the intervention of that name
        for name in arms:
            self._add_named(name)
        for name, listed in self.experiment.arms.items():
            if name in self.arms:
                raise SpecError(f"arms: {name!r} is also an arm of the experiment file")
            self.arms[name] = listed

    def _add_named(self, name: str) -> None:
        known = group_options("interventions")
        parts = name.split("+") if isinstance(name, str) else [name]
        for part in parts:
            if part not in known:
                raise unknown_choice(part, known, "arms")
        if len(parts) > 1:
            self._add_package(parts)
            return
        if name in (BASELINE, *CONTROLS):
            return  # always there
        if name in self.arms:
            raise SpecError(f"arms: expected every name once, found {name!r} twice")
        if name in self.base:
            raise SpecError(f"arms: {name!r} is in interventions, so every arm has it already")
        self.arms[name] = ()
        self.named.add(name)

    def _add_package(self, parts: list[str]) -> None:
        """Several interventions at once, as in ``arms=[a+b]``: an arm called a_and_b."""
        name = "_and_".join(parts)
        for part in parts:
            if part in (BASELINE, *CONTROLS) or parts.count(part) > 1 or part in self.base:
                raise SpecError(f"arms: {show('+'.join(parts))}: expected different interventions that are neither "
                                f"controls nor in every arm already, found {part!r}")
        if name in self.arms:
            raise SpecError(f"arms: expected every name once, found {name!r} twice")
        if not _NAME.match(name):
            raise SpecError(f"arms: {show('+'.join(parts))}: the name is too long; give the package a name of its own "
                            "in an experiment file")
        self.arms[name] = (f"interventions=[{','.join(parts)}]",)

    def chosen(self, name: str) -> list[str]:
        """Interventions of an arm: those of all arms and its own."""
        listed = self.arms.get(name, ())
        own = [n for o in parse(listed) if o.key_or_group == "interventions" for n in _list(o)]
        if name in CONTROLS or name in self.named:
            own = [name]
        return list(dict.fromkeys([*self.base, *own]))

    def all_names(self) -> list[str]:
        """Every arm, the baseline first, then the options, then the controls."""
        known = group_options("interventions")
        return [BASELINE, *self.arms, *(c for c in CONTROLS if c in known)]

    def union(self) -> list[str]:
        """Overrides that compose everything the comparison holds, for checks and listings."""
        chosen = [i for name in self.all_names() for i in self.chosen(name)]
        return [*self.shared, f"interventions=[{','.join(dict.fromkeys(chosen))}]", *(text for _, text in self.doses)]

    def overrides_of(self, name: str) -> list[str]:
        """Overrides of one arm, complete."""
        chosen = self.chosen(name)
        listed = self.arms.get(name, ())
        own = [text for text, o in zip(listed, parse(listed)) if o.key_or_group != "interventions"]
        doses = [text for intervention, text in self.doses if intervention in chosen]
        return [*self.shared, f"interventions=[{','.join(chosen)}]", *doses, *own]


def _names(override: Any) -> Any:
    value = override.value()
    return getattr(value, "text", value)


def _list(override: Any) -> list[str]:
    key, value = override.key_or_group, _names(override)
    if not isinstance(value, list):
        raise SpecError(f"{key}: expected a list of names, as in {key}=[a,b], found {show(value)}")
    names = [getattr(v, "text", v) for v in value]
    for name in names:
        if not isinstance(name, str):
            raise SpecError(f"{key}: expected a list of names, found {show(name)}")
    return names


def make_arms(overrides: Sequence[str]) -> tuple[Experiment, list[Arm]]:
    """Compose and validate every arm of a comparison.

    Raises
    ------
    SpecError
        When there is no arm, when arms differ in what they must share, or when two arms are the same.
    """
    plan = Plan(overrides)
    if not plan.arms:
        raise SpecError("arms: expected at least one intervention, as in arms=[street_lighting], or an experiment=")
    if plan.experiment.sweep:
        raise SpecError(f"experiment {plan.experiment.name}: {next(iter(plan.experiment.sweep))} is for a sweep: "
                        "lamplighter sweep experiment=...")
    return plan.experiment, arms_of(plan, plan.all_names(), TASK, CompareOptions)


def arms_of(plan: Plan, names: Sequence[str], task: str, options: type) -> list[Arm]:
    """Compose and validate the arms of a plan, the baseline first."""
    arms: list[Arm] = []
    for name in names:
        spec = split(compose(task, plan.overrides_of(name), options), task, options, GROUPS)[0]
        role = name if name in (BASELINE, *CONTROLS) else "option"
        arms.append(Arm(name, role, tuple(sorted(spec.intervention)), plan.arms.get(name, ()), spec))
        _check_arm(arms[-1], arms[0])
    seen: dict[str, str] = {}
    for arm in arms:
        if arm.role not in CONTROLS and seen.setdefault(arm.spec.hash(), arm.name) != arm.name:
            raise SpecError(f"arms: {arm.name!r} is the same as {seen[arm.spec.hash()]!r}")
    return arms


def _check_arm(arm: Arm, baseline: Arm) -> None:
    for override in parse(arm.overrides):
        key = override.key_or_group.split(".")[0]
        if key not in ARM_KEYS:
            raise SpecError(f"arms.{arm.name}: an arm may change {', '.join(ARM_KEYS)}; what all arms share stands in "
                            f"overrides, found {show(override.key_or_group)}")
    for f in dataclasses.fields(RunSpec):
        if f.name not in ARM_KEYS and getattr(arm.spec, f.name) != getattr(baseline.spec, f.name):
            raise SpecError(f"arms.{arm.name}: {f.name} must be the same in all arms")


def warm_up(spec: RunSpec) -> RunSpec:
    """Return the specification of an arm's burn-in: no intervention starts before the first scored day."""
    return dataclasses.replace(spec, intervention=type(spec.intervention)({}), budget=0.0, spend_all=False)
