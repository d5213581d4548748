"""What each mechanism, and each factor of the causal product, does to the main outcomes: the switch table of the docs.

``python -m experiments.switches > docs/switches.md`` runs a paired experiment on one preset: each mechanism off with a
burn-in of its own, then flows, vulnerability and conditions taken away and resilience added, alone and together.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence

import numpy as np

from analysis.effects import t_interval
from experiments.paired import BASELINE, Pairs, run_pairs
from sim import registry

OUTCOMES = {
    "true.violence": "violence", "true.homicide": "homicide", "true.property": "property", "true.drugs": "dealing",
    "recorded.victimisations": "recorded", "sum.bribery.bribes": "bribes", "mean.fear": "fear", "mean.trust": "trust",
    "mean.in_custody": "custody",
}
FACTORS = {
    "flows": {"mechanism": {"flows": {"enabled": False}}},
    "vulnerability": {"intervention": {"vulnerability_removed": {}}},
    "conditions": {"intervention": {"conditions_improved": {}}},
    "resilience": {"intervention": {"resilience_added": {}}},
}
SIGNS = {"flows": "removed", "vulnerability": "removed", "conditions": "improved", "resilience": "added"}
NEEDED = ("routines",)  # without them nobody is anywhere


def mechanism_arms() -> dict[str, dict]:
    """One arm per mechanism: off where it is on by default, and the other way round."""
    registry.load()
    arms = {}
    for name, cls in sorted(registry.MECHANISMS.items()):
        if name not in NEEDED and cls.__module__.startswith("sim."):
            arms[name] = {"mechanism": {name: {"enabled": not cls.Params().enabled}}}
    return arms


def factor_arms() -> dict[str, dict]:
    """All combinations of the four factors: 15 arms beside the baseline."""
    from sim.spec import merge

    arms = {}
    for size in range(1, len(FACTORS) + 1):
        for names in itertools.combinations(FACTORS, size):
            change: dict = {}
            for name in names:
                change = merge(change, FACTORS[name])
            arms["+".join(names)] = change
    return arms


def interactions(pairs: Pairs, outcome: str, factors: Sequence[str] = tuple(FACTORS)) -> list[tuple[str, tuple]]:
    """Main effects and interactions of a full factorial on the log scale, with 95 % t intervals over seeds.

    The effect of a set of factors is the alternating sum of log outcomes over its subsets: for two factors
    ``ln y(ab) - ln y(a) - ln y(b) + ln y(0)``. Zero for an interaction means that shares multiply.
    """
    logs = {name: np.log(values[outcome] + 0.5) for name, values in pairs.values.items()}
    out = []
    for size in range(1, len(factors) + 1):
        for names in itertools.combinations(factors, size):
            total = 0.0
            for k in range(size + 1):
                for part in itertools.combinations(names, k):
                    total = total + (-1) ** (size - k) * logs["+".join(part) if part else BASELINE]
            out.append((" x ".join(names), t_interval(total)))
    return out


def _cell(pairs: Pairs, arm: str, outcome: str) -> str:
    if outcome not in pairs.values[arm] or outcome not in pairs.values[BASELINE]:
        return "-"
    e = pairs.effect(arm, outcome)
    if not np.isfinite(e.percent):
        return "-"
    text = f"{e.percent:+.1f} [{e.percent_low:+.1f}, {e.percent_high:+.1f}]"
    return f"**{text}**" if _settled(e) else text


def _settled(e) -> bool:
    return e.percent_low > 0 or e.percent_high < 0


def _table(pairs: Pairs, arms: Sequence[str], first: str) -> list[str]:
    head = [first, *OUTCOMES.values()]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join([arm, *(_cell(pairs, arm, o) for o in OUTCOMES)]) + " |" for arm in arms]
    return lines


def page(switched: Pairs, factors: Pairs, described: str) -> str:
    """Return docs/switches.md."""
    off = [a for a in switched.values if a != BASELINE]
    silent = [a for a in off if all(o not in switched.values[a] or o not in switched.values[BASELINE]
                                    or not _settled(switched.effect(a, o)) for o in OUTCOMES)]
    lines = [
        "# What each part of the model does", "",
        f"Written by `python -m experiments.switches`: {described}. Changes in per cent of the baseline with 95 % "
        "intervals over paired seeds; bold where the interval leaves out zero. They hold run-to-run chance only.", "",
        "## Mechanisms switched off", "",
        "Each with a burn-in of its own (`extremism` is off by default and is switched on).", "",
        *_table(switched, off, "mechanism"), "",
        "Without an effect that these runs can tell from zero: " + (", ".join(silent) or "none") + ".", "",
        "## Flows x vulnerability x conditions, held back by resilience", "",
        "Flows: nothing illicit arrives from beyond the city. Vulnerability, conditions, resilience: the bounds "
        "`vulnerability_removed`, `conditions_improved`, `resilience_added`, from the first scored day.", "",
        *_table(factors, [a for a in factors.values if a != BASELINE], "factors"), "",
        "Interactions on the log scale (0: shares multiply; below 0: together they do more than that):", "",
        "| factors | violence | homicide | property |", "|---|---|---|---|",
    ]
    found = {o: dict(interactions(factors, o)) for o in ("true.violence", "true.homicide", "true.property")}
    for name in found["true.violence"]:
        cells = []
        for o in found:
            mean, low, high = found[o][name]
            cells.append(f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]")
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run both experiments and print the page."""
    parser = argparse.ArgumentParser(prog="python -m experiments.switches", description=__doc__.split("\n")[0])
    parser.add_argument("--preset", default="latin_american_hillsides")
    parser.add_argument("--residents", type=int, default=15_000)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--years", type=float, default=1.0)
    parser.add_argument("--burn-in-years", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args(argv)
    base = {"city": preset(given.preset, given.residents), "years": given.years, "burn_in_years": given.burn_in_years}
    seeds = range(1, given.seeds + 1)

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    arms = mechanism_arms()
    switched = run_pairs(base, arms, seeds, apart=list(arms), workers=given.workers, tell=tell)
    factors = run_pairs(base, factor_arms(), seeds, workers=given.workers, tell=tell)
    described = (f"preset `{given.preset}`, {given.residents:,} residents, {given.burn_in_years:g} years of burn-in, "
                 f"{given.years:g} scored, {given.seeds} seeds")
    print(page(switched, factors, described), end="")
    return 0


def preset(name: str, residents: int) -> dict:
    """Settings of a city preset of the configuration, with another number of residents."""
    from experiments.compose import compose
    from experiments.options import RunOptions

    return {**compose("run", [f"city={name}"], RunOptions)["city"], "residents": residents}


if __name__ == "__main__":
    sys.exit(main())
