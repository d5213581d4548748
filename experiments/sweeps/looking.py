"""Replications by a rule of precision: run, look, and run more until the rule is content."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from experiments.arms import BASELINE
from experiments.engines import EngineOptions, Executor
from experiments.sweeps.carry_out import Limits, Outcome, carry_out
from experiments.sweeps.expanding import expand
from experiments.sweeps.precision import Decision, Rule, decide, paired_means
from experiments.sweeps.store import SweepFolder
from sim.errors import SpecError


def carry_out_by_rule(folder: SweepFolder, engine: EngineOptions | Executor, limits: Limits = Limits(),
                      **more: Any) -> Outcome:
    """Run what is missing of a sweep; where it has a rule of precision, add replications until it is content.

    The keyword arguments are those of :func:`experiments.sweeps.carry_out.carry_out`. With ``shard`` the rule cannot
    be applied, because a part does not see the other parts.
    """
    given = folder.plan.rule.get("precision")
    if given and more.get("shard"):
        raise SpecError("shard: a rule of precision needs all runs before it can decide; give replications=N instead")
    total = carry_out(folder, engine, limits, **more)
    if not given:
        return total
    rule, before = Rule(**given), None
    while not total.stopped:
        decision = look(folder, rule, before)
        have = folder.plan.replications
        text = describe(decision, have)
        print(f"look: {text}", flush=True)
        note = {**decision.as_dict(), "replications": have, "then": decision.replications, "text": text}
        if decision.reached or decision.replications <= have:
            looks = folder.manifest.setdefault("looks", [])
            if not looks or looks[-1]["replications"] != have:
                looks.append(note)
                folder.save()
            break
        expand(folder, decision.replications, by_rule=note)
        before = decision
        part = carry_out(folder, engine, limits.less(total.cpu_seconds), **more)
        total = Outcome(total.wanted + part.wanted, total.done + part.done, total.failed + part.failed, part.stopped,
                        total.cpu_seconds + part.cpu_seconds)
    return total


def look(folder: SweepFolder, rule: Rule, before: Decision | None = None) -> Decision:
    """Decide by the finished runs how many replications there should be; over several draws it is their mean."""
    plan = folder.plan
    values = folder.values(rule.outcome or plan.outcome)
    decisions = []
    roles = {name: role for name, role, _ in plan.arms}
    for scenario in plan.scenarios:
        tables = {}
        for arm in plan.arm_names:
            if arm == BASELINE or roles[arm] == "option":
                draw, replication, value = values[scenario, arm]
                tables[arm] = np.full((len(plan.design), plan.replications), np.nan)
                tables[arm][draw, replication] = value
        if len(tables) < 2:
            raise SpecError("precision: expected at least one arm to compare with the baseline")
        means = paired_means(tables)  # over the same draws in every arm, also when runs have failed
        options = {_named(plan, scenario, arm): means[arm] for arm in tables if arm != BASELINE}
        mine = None
        if before is not None:
            mine = Decision(before.reached, before.replications, {k: before.options[k] for k in options})
        decisions.append(decide(options, means[BASELINE], rule, before=mine))
    return Decision(all(d.reached for d in decisions), max(d.replications for d in decisions),
                    {name: x for d in decisions for name, x in d.options.items()},
                    "; ".join(d.why for d in decisions if d.why))


def _named(plan: Any, scenario: str, arm: str) -> str:
    return arm if len(plan.scenarios) == 1 else f"{scenario}/{arm}"


def describe(decision: Decision, have: int) -> str:
    """Say what a look found."""
    from experiments.tables import number

    parts = [f"{name} {number(x.half_width) if math.isfinite(x.half_width) else '?'} (wanted "
             f"{number(x.wanted) if math.isfinite(x.wanted) else '?'})" for name, x in decision.options.items()]
    then = ("reached" if decision.reached else f"not reached: {decision.why}" if decision.replications <= have
            else f"going on to {decision.replications}")
    # A width of zero meets every rule, and an interval of no width is no evidence: say what it comes from.
    same = [name for name, x in decision.options.items() if x.half_width == 0 and x.difference == 0]
    if same:
        then += (f"; the same as the baseline in every replication, which is no evidence of no effect: "
                 f"{', '.join(same)}")
    return f"half-widths after {have} replications: {', '.join(parts)}; {then}"
