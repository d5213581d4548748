"""The figure of a calibration: prior and posterior, profiles, and how the targets are met."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.sweeps.profiles import FLAT, RISE

if TYPE_CHECKING:
    from experiments.sweeps.fit import Fit, Problem

BINS = 24
UNITS = {"rate": "per 1,000 residents and year", "total": "in the scored period", "share": "share",
         "mean": "mean of the days"}
INK, PRIOR, FITTED, WARN = "#222222", "#b9bec6", "#1f6f8b", "#b5541c"


def draw(problem: Problem, fit: Fit, note: Mapping[str, Any]) -> bytes:
    """Draw the figure: PNG bytes; where it comes from stands at its foot and in its metadata."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    k = len(problem.priors)
    figure = Figure(figsize=(11, 2.5 * k + 1.1 + 0.42 * (len(problem.all_targets) + 2)), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(k + 1, 2, height_ratios=[2.5] * k + [0.42 * (len(problem.all_targets) + 2)])
    unknown = fit.identifiability.not_identifiable()
    for j in range(k):
        _beliefs(figure.add_subplot(grid[j, 0]), problem, fit, j, unknown)
        _profile(figure.add_subplot(grid[j, 1]), problem, fit, j)
    _targets(figure.add_subplot(grid[k, :]), problem, fit)
    code = note["code"]
    foot = (f"calibration {note['calibration_hash']}, seed {note['seed']}, {fit.runs} runs; "
            f"city {note.get('city_name') or note['city'] or '-'}; "
            f"lamplighter {code['version']}, commit {(code['git_commit'] or '-')[:12]}"
            f"{' with changes' if code['git_dirty'] else ''}, source {code['source_hash']}")
    figure.suptitle(note["question"] or f"Calibration: {note['name']}", fontsize=12, color=INK, wrap=True)
    figure.supxlabel(foot, fontsize=7, color="#666666")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=130, metadata={"Title": f"Calibration {note['calibration_hash']}",
                                                         "Description": foot, "Software": "lamplighter"})
    return out.getvalue()


def _plain(axes: Any) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=8)


def _range(prior: Any) -> tuple[float, float]:
    """What is shown of a parameter: of a normal prior four standard deviations, within its range."""
    if prior.kind != "normal":
        return prior.low, prior.high
    left, right = max(prior.low, prior.mean - 4 * prior.sd), min(prior.high, prior.mean + 4 * prior.sd)
    return (left, right) if left < right else (prior.low, prior.high)  # a mean far beyond the range


def _bins(weights: np.ndarray) -> int:
    """Bins of a weighted sample: more than its effective size supports would show chance as peaks."""
    size = weights.sum() ** 2 / max((weights**2).sum(), 1e-300)
    return int(np.clip(2 * np.sqrt(size), 8, BINS))


def _beliefs(axes: Any, problem: Problem, fit: Fit, j: int, unknown: Mapping[str, str]) -> None:
    """Prior and posterior densities of one parameter; with Optuna the distance of every trial, of a match the way."""
    prior = problem.priors[j]
    log = prior.kind == "loguniform"
    left, right = _range(prior)
    bins = BINS if fit.posterior is None else _bins(fit.posterior.weights)
    edges = np.geomspace(left, right, bins + 1) if log else np.linspace(left, right, bins + 1)
    if log:
        axes.set_xscale("log")
    if fit.posterior is not None:
        share = np.diff(prior.to_unit(edges))
        axes.stairs(share, edges, fill=True, color=PRIOR, alpha=0.6, label="prior")
        counts, _ = np.histogram(fit.posterior.sample[:, j], edges, weights=fit.posterior.weights)
        axes.stairs(counts, edges, fill=True, color=FITTED, alpha=0.75, label="posterior")
        axes.set_ylabel("probability", fontsize=8)
    elif fit.path is not None:
        trail = fit.path.points[:, j]
        axes.plot(trail, np.arange(1, len(trail) + 1), "o-", ms=4, lw=1, color=FITTED, label="points in turn")
        axes.set_ylim(0.5, 1.3 * len(trail) + 0.5)  # room for the legend
        axes.set_ylabel("point", fontsize=8)
    else:
        found = fit.search
        runs = np.isfinite(found.summaries).all(axis=2).sum(axis=1)
        axes.scatter(found.points[:, j], found.distance, s=6 + 3 * runs, color=FITTED, alpha=0.5, linewidths=0,
                     label="trial; larger: more runs")
        axes.set_yscale("log")
        axes.set_ylabel("distance", fontsize=8)
    low, high = fit.intervals[0.9][j]
    axes.axvline(fit.estimate[j], color=INK, lw=1.4, label=f"estimate {fit.estimate[j]:.4g}")
    axes.axvspan(low, high, color=FITTED, alpha=0.08)
    reason = unknown.get(prior.key)
    axes.set_title(f"{prior.key}: {low:.3g} to {high:.3g} (90 %)" + (f"\nnot identified: {reason}" if reason else ""),
                   fontsize=9, loc="left", color=WARN if reason else INK)
    axes.set_xlim(left, right)
    if fit.posterior is not None:
        axes.set_ylim(top=1.22 * axes.get_ylim()[1])  # room for the legend
    axes.legend(fontsize=7, ncol=3, loc="upper right", facecolor="white", framealpha=0.85, edgecolor="none")
    _plain(axes)


def _profile(axes: Any, problem: Problem, fit: Fit, j: int) -> None:
    """The smallest distance that each value of one parameter can still reach."""
    prior, profile = problem.priors[j], fit.identifiability.profiles[j]
    if prior.kind == "loguniform":
        axes.set_xscale("log")
    axes.plot(profile.values, profile.distance, color=WARN if profile.kind == FLAT else FITTED, lw=1.8)
    axes.axhline(RISE, color=INK, lw=0.8, ls=":")
    axes.text(0.99, RISE, " 90 % ", transform=axes.get_yaxis_transform(), fontsize=7, va="bottom", ha="right",
              color=INK)
    axes.set_ylim(0, max(2.5 * RISE, min(float(profile.distance.max()), 20) * 1.05))
    axes.set_xlim(*_range(prior))
    axes.set_title(f"profile: {profile.kind}", fontsize=9, loc="left", color=INK)
    axes.set_ylabel("distance above the best", fontsize=8)
    _plain(axes)


def _targets(axes: Any, problem: Problem, fit: Fit) -> None:
    """Simulated minus observed, in tolerances: a band of one is what was asked for."""
    names = []
    for row, t in enumerate(problem.all_targets):
        unit = t.tolerance or 2 * t.sd or max(abs(t.observed), 1e-12) * 0.1
        names.append(f"{t.name}{' (held out)' if t.held_out else ''}: {t.observed:.3g}\n"
                     f"{UNITS.get(t.form, t.form)}")
        for values, colour, at in ((fit.predictive, FITTED, -0.15), (fit.simulated, INK, 0.15)):
            if not len(values):
                continue
            scaled = (values[:, row] - t.observed) / unit
            low, middle, high = np.quantile(scaled, [0.05, 0.5, 0.95])
            axes.plot([low, high], [row + at] * 2, color=colour, lw=2, solid_capstyle="butt")
            axes.plot([scaled.mean()], [row + at], "o", ms=4, color=colour)
    axes.axvspan(-1, 1, color=PRIOR, alpha=0.35)
    axes.axvline(0, color=INK, lw=0.8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_title("targets: mean and 90 % of runs at the estimate (black)"
                   + (" and at draws of the posterior (blue)" if len(fit.predictive) else ""),
                   fontsize=9, loc="left", color=INK)
    axes.set_xlabel("simulated minus observed, in tolerances (two standard deviations where no tolerance is given); "
                    "band: within", fontsize=8)
    _plain(axes)
