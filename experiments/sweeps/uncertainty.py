"""Two kinds of uncertainty, kept apart: chance between runs, which more runs shrink, and parameters, which they do not.

Values are a table of parameter draws by replications. Within a draw, values differ by chance alone (W); between draws,
true means differ because parameters do (B). Where the draws share their seeds, as in our sweeps, a replication is a
block: chance that all draws have in common is no difference between draws and is taken out of B, but it stays in the
mean (crossed variance components, Searle, Casella and McCulloch 1992).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

NAN = float("nan")


@dataclass(frozen=True)
class TwoParts:
    """A mean with its two uncertainties.

    Attributes
    ----------
    draws, replications : int
        Those used: draws that lack a run are left out, as long as one is complete.
    mean : float
    within, within_low, within_high : float
        W, the variance between runs of one draw, with its interval.
    between, between_low, between_high : float
        B, the variance of the draws' true means, with its interval; NaN when nothing was drawn.
    se_runs : float
        Standard error of the mean from chance between runs; the square falls as one over the replications.
    low, high : float
        Interval of the mean from chance between runs alone.
    spread : float
        Standard deviation between draws, the root of B. More replications estimate it better, and do not shrink it.
    range_low, range_high : float
        Where the draws' true means lie, of the share `level` of draws; NaN when nothing was drawn.
    level : float
    """

    draws: int
    replications: int
    mean: float
    within: float
    within_low: float
    within_high: float
    between: float
    between_low: float
    between_high: float
    se_runs: float
    low: float
    high: float
    spread: float
    range_low: float
    range_high: float
    level: float

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    def as_dict(self) -> dict[str, Any]:
        """Plain values; None for what is not known."""
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in asdict(self).items()}


def two_parts(values: Any, shared_seeds: bool = True, level: float = 0.95) -> TwoParts:
    """Split the uncertainty of a mean into chance between runs and parameters.

    Parameters
    ----------
    values : array of float, shape (draws, replications)
        NaN where a run is missing.
    shared_seeds : bool
        Replication r of every draw shares its random numbers. If not, W is the mean variance within draws and
        B = Var(means of draws) - W / R.

    Raises
    ------
    ValueError
        When not one value is there.
    """
    x = np.atleast_2d(np.asarray(values, float))
    x = x[:, np.isfinite(x).any(axis=0)]
    x = x[np.isfinite(x).all(axis=1)]
    draws, runs = x.shape
    if not x.size:
        raise ValueError("expected at least one draw with all its replications, found none")
    mean = float(x.mean())
    within = w_low = w_high = between = b_low = b_high = se = low = high = range_low = range_high = NAN
    if runs > 1:
        within = float(x.var(axis=1, ddof=1).mean())
        ms_rows, ms_runs, ms_rest, df_rest = _mean_squares(x, shared_seeds)
        if shared_seeds:
            variance, df = ms_runs / (draws * runs), runs - 1
            df_within = _satterthwaite([(ms_runs / draws, runs - 1), ((1 - 1 / draws) * ms_rest, df_rest)])
        else:
            variance, df = within / (draws * runs), draws * (runs - 1)
            df_within = df
        w_low, w_high = _variance_interval(within, df_within, level)
        se = math.sqrt(variance)
        half = _t(0.5 + level / 2, df) * se
        low, high = mean - half, mean + half
        if draws > 1:
            between = max(0.0, (ms_rows - ms_rest) / runs)
            b_low, b_high = _between_interval(ms_rows, ms_rest, draws - 1, df_rest, runs, level)
            means = x.mean(axis=1)
            spread = means.std(ddof=1)
            # Means of draws scatter by chance too; pulled in so that their variance is B.
            pulled = mean + (means - mean) * (math.sqrt(between) / spread if spread > 0 else 0.0)
            range_low, range_high = map(float, np.quantile(pulled, [0.5 - level / 2, 0.5 + level / 2]))
    return TwoParts(draws, runs, mean, within, w_low, w_high, between, b_low, b_high, se, low, high,
                    math.sqrt(between) if between >= 0 else NAN, range_low, range_high, level)


def _mean_squares(x: np.ndarray, shared: bool) -> tuple[float, float, float, int]:
    """Mean squares of draws, of replications and of the rest, and the degrees of freedom of the rest."""
    draws, runs = x.shape
    rows, columns = x.mean(axis=1), x.mean(axis=0)
    ms_rows = runs * float(rows.var(ddof=1)) if draws > 1 else NAN
    ms_runs = draws * float(columns.var(ddof=1))
    if not shared:
        return ms_rows, ms_runs, float(x.var(axis=1, ddof=1).mean()), draws * (runs - 1)
    df = max(1, (draws - 1) * (runs - 1))
    rest = x - rows[:, None] - columns[None, :] + x.mean()
    return ms_rows, ms_runs, float((rest**2).sum()) / df, df


def _satterthwaite(parts: list[tuple[float, int]]) -> float:
    """Degrees of freedom of a sum of mean squares (Satterthwaite 1946)."""
    total = sum(v for v, _ in parts)
    weight = sum(v**2 / df for v, df in parts)
    return total**2 / weight if weight > 0 else float(sum(df for _, df in parts))


def _variance_interval(variance: float, df: float, level: float) -> tuple[float, float]:
    from scipy.stats import chi2

    low, high = chi2.ppf([0.5 - level / 2, 0.5 + level / 2], df)
    return float(df * variance / high), float(df * variance / low)


def _between_interval(ms_rows: float, ms_rest: float, df_rows: int, df_rest: int, runs: int,
                      level: float) -> tuple[float, float]:
    """Interval of the variance between draws (Williams 1962, as in Searle, Casella and McCulloch 1992)."""
    from scipy.stats import chi2, f

    c_low, c_high = chi2.ppf([0.5 - level / 2, 0.5 + level / 2], df_rows)
    f_low, f_high = f.ppf([0.5 - level / 2, 0.5 + level / 2], df_rows, df_rest)
    low = df_rows * (ms_rows - ms_rest * f_high) / (runs * c_high)
    high = df_rows * (ms_rows - ms_rest * f_low) / (runs * c_low)
    return max(0.0, float(low)), max(0.0, float(high))


def _t(p: float, df: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(df, p))


def price_of_halving(cpu_seconds: float) -> float:
    """CPU hours, besides those spent, for half the run noise: four times the replications in all."""
    return 3 * cpu_seconds / 3600


def sentence(parts: TwoParts, cpu_seconds: float = NAN, digits: int = 3) -> str:
    """Say both uncertainties, which of them more runs would shrink, and what that would take."""
    from experiments.tables import number, signed

    if parts.replications < 2:
        return "run noise: not known from one replication"
    if parts.half_width == 0 and parts.mean == 0 and not parts.within and not parts.between > 0:
        return (f"no difference in any of {parts.replications} replications: it changed nothing of this outcome "
                "in this city and time. That is no evidence of no effect in a larger city or a longer time")
    if parts.half_width == 0:
        return f"run noise: none, {signed(parts.mean, digits)} in each of {parts.replications} pairs"
    text = (f"run noise: {signed(parts.mean, digits)} +/- {number(parts.half_width, digits)}; more runs shrink only "
            f"this part, half of it takes {3 * parts.replications:,} more replications")
    if math.isfinite(cpu_seconds) and cpu_seconds > 0:
        hours = price_of_halving(cpu_seconds)
        text += f", about {f'{hours:,.2g}' if hours >= 0.01 else 'under 0.01'} CPU hours"
    if parts.draws < 2:
        return text + "; parameters: not varied, so nothing is known of that part"
    return text + (f"; parameters: {signed(parts.range_low, digits)} to {signed(parts.range_high, digits)} over "
                   f"{100 * parts.level:g} % of {parts.draws} draws, whatever the number of runs")
