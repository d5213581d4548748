"""Money and decisions: present values, cost per crime averted, and what it costs to choose under uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NAN = float("nan")


def present_value(flows, rate: float = 0.035) -> float:
    """Sum of x_t / (1 + rate)^t over years t = 0, 1, ... (HM Treasury 2022: 3.5 % in real terms)."""
    x = np.asarray(flows, float)
    return float((x / (1 + rate) ** np.arange(x.size)).sum())


@dataclass(frozen=True)
class Appraisal:
    """Present values of benefits and costs, their difference and ratio (NaN without costs)."""

    benefits: float
    costs: float
    net: float
    ratio: float


def appraise(benefits, costs, rate: float = 0.035) -> Appraisal:
    """Net present value and benefit-cost ratio of yearly flows.

    An avoided public cost must be counted once: as a benefit or as a negative cost.
    """
    b, c = present_value(benefits, rate), present_value(costs, rate)
    return Appraisal(b, c, b - c, b / c if c > 0 else NAN)


@dataclass(frozen=True)
class CostPerCrime:
    """Cost per crime averted, or why there is none.

    `verdict` is "ratio" (more effect for more money), "dominant" (more effect for no more money), "dominated" (no
    effect or harm for more money), "saves money, averts less", or "no difference".
    """

    verdict: str
    value: float = NAN


def cost_per_crime_averted(extra_cost: float, averted: float) -> CostPerCrime:
    """Incremental cost-effectiveness ratio where it means something.

    Parameters
    ----------
    extra_cost : float
        Cost of the option minus that of the baseline.
    averted : float
        Crimes averted (baseline minus option); negative when crime rose. A ratio is given in the north-east
        quadrant only, so that no effect or harm never looks cheap.
    """
    if not (np.isfinite(extra_cost) and np.isfinite(averted)):
        return CostPerCrime("not known")
    if averted > 0:
        return CostPerCrime("ratio", extra_cost / averted) if extra_cost > 0 else CostPerCrime("dominant")
    if extra_cost > 0:
        return CostPerCrime("dominated")
    if extra_cost < 0:
        return CostPerCrime("saves money, averts less" if averted < 0 else "dominant")
    return CostPerCrime("no difference" if averted == 0 else "dominated")


def monetise(counts: dict[str, float], unit_costs: dict[str, float]) -> float:
    """Value of crimes by type at their unit costs.

    Raises
    ------
    KeyError
        Names the types without a unit cost: a missing price must not mean zero.
    """
    missing = sorted(k for k, n in counts.items() if n and k not in unit_costs)
    if missing:
        raise KeyError(f"no unit cost for: {', '.join(missing)}")
    return float(sum(n * unit_costs[k] for k, n in counts.items() if n))


def net_benefit(effects, costs, value_of_effect: float) -> np.ndarray:
    """NB = lambda E - C for arrays of effects and costs of any equal shape."""
    return value_of_effect * np.asarray(effects, float) - np.asarray(costs, float)


@dataclass(frozen=True)
class Decision:
    """What choosing among options costs under uncertainty.

    Attributes
    ----------
    mean : float array, shape (options,)
        Expected net benefit.
    expected_loss : float array, shape (options,)
        Mean of (best option in that state - this option).
    evpi : float
        Expected value of perfect information: the smallest expected loss.
    max_regret : float array, shape (options,)
        Largest loss over the states.
    p_best : float array, shape (options,)
        Share of states in which the option is best; ties are shared.
    best : int
        Option with the highest mean, which also has the smallest expected loss.
    """

    mean: np.ndarray
    expected_loss: np.ndarray
    evpi: float
    max_regret: np.ndarray
    p_best: np.ndarray
    best: int


def decide(net_benefits) -> Decision:
    """Expected loss, perfect information and regret.

    Parameters
    ----------
    net_benefits : array of float, shape (options, states)
        States are equally likely (draws of parameters and run noise).
    """
    nb = np.atleast_2d(np.asarray(net_benefits, float))
    top = nb.max(axis=0)
    loss = top[None, :] - nb
    ties = (nb == top[None, :]).astype(float)
    expected = loss.mean(axis=1)
    return Decision(
        nb.mean(axis=1),
        expected,
        float(expected.min()),
        loss.max(axis=1),
        (ties / ties.sum(axis=0)).mean(axis=1),
        int(np.argmin(expected)),
    )


def acceptability(effects, costs, values_of_effect) -> np.ndarray:
    """Probability that each option has the highest net benefit at each value of an averted crime.

    Parameters
    ----------
    effects, costs : array of float, shape (options, states)
    values_of_effect : array of float, shape (values,)

    Returns
    -------
    float array, shape (values, options)
        Read it with expected losses: the curve alone does not name the best option (Fenwick, Claxton, Sculpher 2001).
    """
    return np.array([decide(net_benefit(effects, costs, v)).p_best for v in np.atleast_1d(values_of_effect)])


def satisficing(met) -> np.ndarray:
    """Share of states in which an option meets all thresholds; `met` is bool, shape (options, states, thresholds)."""
    return np.asarray(met, bool).all(axis=2).mean(axis=1)


def switching_value(advantage, low: float, high: float) -> float:
    """Root of an option's advantage over another between `low` and `high`; NaN when it does not change sign.

    Parameters
    ----------
    advantage : callable
        Maps a value of the assumption (price of a patrol hour ...) to NPV of one option minus NPV of the other.
    """
    from scipy.optimize import brentq

    at_low, at_high = advantage(low), advantage(high)
    if at_low == 0:
        return low
    if at_high == 0:
        return high
    if np.sign(at_low) == np.sign(at_high):
        return NAN
    return float(brentq(advantage, low, high, xtol=1e-12, rtol=1e-12))
