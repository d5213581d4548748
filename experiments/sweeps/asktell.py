"""Search for the best point by ask and tell, with a sampler of Optuna; lucky points are tried again until they die.

A trial is a batch of replications on seeds that all trials share. Every third batch spends its runs on the incumbents,
with fresh seeds, and their distance is that of the mean over all their runs (as OpenMOLE does with stochastic models:
Reuillon, Leclaire and Rey-Coyrehourcq 2013). What the sampler learns from are these pooled distances.

Nothing is kept between batches but the runs themselves, and each batch's sampler is seeded by its number: a search that
was interrupted asks for the same points again, finds their runs done, and goes on as if nothing had happened.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from experiments.sweeps.abc import between_runs, mad
from experiments.sweeps.priors import Prior, sample
from sim.errors import SpecError

EXTRA = "method=optuna needs Optuna: pip install 'lamplighter[calibrate]'"
RECHECK_EVERY = 3
# (points float64[n, k], number of the first replication, replications, label) -> summaries float64[n, r, s]
Run = Callable[[np.ndarray, int, int, str], np.ndarray]


@dataclass(frozen=True)
class Search:
    """Everything that was tried.

    Attributes
    ----------
    points : float64[n, k]
    summaries : float64[n, r, s]
        By replication; NaN where a point was not run.
    distance, error : float64[n]
        Distance of the mean over a point's runs, and its standard error.
    best : int
        Row of the best point among those that were tried again.
    candidates : int64[c]
        Rows that cannot be told from the best.
    scale : float64[s]
    runs : int
    """

    points: np.ndarray
    summaries: np.ndarray
    distance: np.ndarray
    error: np.ndarray
    best: int
    candidates: np.ndarray
    scale: np.ndarray
    runs: int


def load_optuna() -> Any:
    """Import Optuna, or say in one line how to get it."""
    try:
        import optuna
    except ImportError:
        raise SpecError(EXTRA) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def search(run: Run, priors: Sequence[Prior], observed: np.ndarray, error: np.ndarray, *, budget: int,
           replications: int, batch: int = 8, seed: int = 1, study: Path | None = None, title: str = "calibration",
           ) -> Search:
    """Look for the parameters whose mean outcomes are nearest to the observed ones.

    Parameters
    ----------
    run : function
        Runs points, see `Run`. Replication r has the same seed in all calls.
    priors : sequence of Prior
        Ranges; the first batches are drawn from the priors.
    observed, error : float64[s]
        Observed summaries and the standard deviations of their errors.
    budget : int
        Runs in all; not exceeded.
    replications : int
        Of each trial.
    batch : int
        Trials asked for at a time.
    seed : int
    study : path, optional
        File in which the study is kept for Optuna's own tools, written anew after each batch.
    """
    optuna = load_optuna()
    batch = max(1, min(batch, budget // (2 * replications)))
    points = np.zeros((0, len(priors)))
    summaries = np.full((0, replications, len(observed)), np.nan)
    used, number, scale = 0, 0, None
    final = max(replications, budget // 5)  # of the runs, for the last comparison of the best

    while used + replications <= budget - final:
        recheck = number % RECHECK_EVERY == RECHECK_EVERY - 1
        room = min(batch, (budget - final - used) // replications)
        if recheck:
            distance = _distance(summaries, observed, scale)[0]
            rows = _incumbents(distance, summaries, max(1, room // 2))
            summaries, ran = _again(run, points, summaries, rows, replications, f"batch-{number:04d}")
        else:
            new = (_first(priors, room, seed, len(points)) if scale is None or len(points) < 2 * batch
                   else _ask(optuna, priors, points, _distance(summaries, observed, scale)[0], room, seed, number))
            made = run(new, 0, replications, f"batch-{number:04d}")
            points = np.vstack([points, new])
            filled = np.full((len(new), summaries.shape[1], len(observed)), np.nan)
            filled[:, :replications] = made
            summaries, ran = np.concatenate([summaries, filled]), len(new) * replications
            scale = _scale(summaries, error) if scale is None else scale
        used, number = used + ran, number + 1
        if study is not None:
            _keep(optuna, study, priors, points, _distance(summaries, observed, scale)[0], title)

    while used + replications <= budget:  # the best of all, again and again
        distance = _distance(summaries, observed, scale)[0]
        room = min(3, (budget - used) // replications)
        rows = _incumbents(distance, summaries, room)
        summaries, ran = _again(run, points, summaries, rows, replications, f"batch-{number:04d}")
        used, number = used + ran, number + 1
    distance, uncertain = _distance(summaries, observed, scale)
    if study is not None:
        _keep(optuna, study, priors, points, distance, title)
    best, candidates = _best(summaries, observed, scale, distance)
    return Search(points, summaries, distance, uncertain, best, candidates, scale, used)


def _scale(summaries: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Unit of the distance: error of observation and chance between runs; spread of the first points without these."""
    noise = np.nan_to_num(between_runs(summaries))
    scale = np.sqrt(error**2 + noise**2)
    spread = mad(np.nan_to_num(summaries).max(axis=1))
    return np.where(scale > 0, scale, np.where(spread > 0, spread, 1.0))


def _distance(summaries: np.ndarray, observed: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared distance of each point's mean, and its standard error by leaving replications out in turn."""
    done = np.isfinite(summaries).all(axis=2)
    count = done.sum(axis=1)
    total = np.where(done[:, :, None], summaries, 0.0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count[:, None]
        value = (((mean - observed) / scale) ** 2).sum(axis=1)
        left = (total[:, None] - np.where(done[:, :, None], summaries, 0.0)) / (count[:, None, None] - 1)
        each = (((left - observed) / scale) ** 2).sum(axis=2)
        middle = np.where(done, each, 0.0).sum(axis=1) / count
        squares = np.where(done, (each - middle[:, None]) ** 2, 0.0).sum(axis=1)
        error = np.sqrt(squares * (count - 1) / count)
    return np.where(count > 0, value, np.inf), np.where(count > 1, error, np.nan)


def _incumbents(distance: np.ndarray, summaries: np.ndarray, n: int) -> np.ndarray:
    """The nearest points; among the five nearest those with the fewest runs come first."""
    nearest = np.argsort(distance, kind="stable")[:max(5, n)]
    runs = np.isfinite(summaries).all(axis=2).sum(axis=1)[nearest]
    return np.sort(nearest[np.argsort(runs, kind="stable")][:n])


def _again(run: Run, points: np.ndarray, summaries: np.ndarray, rows: np.ndarray, replications: int,
           label: str) -> tuple[np.ndarray, int]:
    """Run points with seeds that they have not met; points with equally many runs go together."""
    tried = np.isfinite(summaries).any(axis=2)
    last = np.where(tried.any(axis=1), tried.shape[1] - np.argmax(tried[:, ::-1], axis=1), 0)
    blocks = -(-last // replications)
    for block in np.unique(blocks[rows]):
        mine, first = rows[blocks[rows] == block], int(max(block, 1)) * replications
        made = run(points[mine], first, replications, f"{label}-{block}")
        if first + replications > summaries.shape[1]:
            more = np.full((len(points), first + replications - summaries.shape[1], summaries.shape[2]), np.nan)
            summaries = np.concatenate([summaries, more], axis=1)
        summaries[mine, first : first + replications] = made
    return summaries, len(rows) * replications


def _first(priors: Sequence[Prior], n: int, seed: int, skip: int) -> np.ndarray:
    return sample(priors, skip + n, seed)[skip:]


def _distributions(optuna: Any, priors: Sequence[Prior]) -> dict[str, Any]:
    made = {}
    for p in priors:
        if p.whole:
            made[p.key] = optuna.distributions.IntDistribution(int(np.ceil(p.low)), int(np.floor(p.high)))
        else:
            made[p.key] = optuna.distributions.FloatDistribution(p.low, p.high, log=p.kind == "loguniform")
    return made


def _study(optuna: Any, priors: Sequence[Prior], points: np.ndarray, distance: np.ndarray, **where: Any) -> Any:
    """A study that holds every point with its pooled distance."""
    study = optuna.create_study(direction="minimize", **where)
    distributions = _distributions(optuna, priors)
    for point, value in zip(points, distance):
        params = {p.key: int(x) if p.whole else float(x) for p, x in zip(priors, point)}
        state = optuna.trial.TrialState.COMPLETE if np.isfinite(value) else optuna.trial.TrialState.FAIL
        study.add_trial(optuna.trial.create_trial(state=state, params=params, distributions=distributions,
                                                  value=float(value) if np.isfinite(value) else None))
    return study


def _ask(optuna: Any, priors: Sequence[Prior], points: np.ndarray, distance: np.ndarray, n: int, seed: int,
         number: int) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # multivariate sampling is marked experimental
        sampler = optuna.samplers.TPESampler(seed=(seed * 1_000_003 + number) % 2**32, multivariate=True,
                                             constant_liar=True, n_startup_trials=0)
        study = _study(optuna, priors, points, distance, sampler=sampler)
        distributions = _distributions(optuna, priors)
        asked = [study.ask(distributions) for _ in range(n)]
    return np.array([[trial.params[p.key] for p in priors] for trial in asked], float)


def _keep(optuna: Any, path: Path, priors: Sequence[Prior], points: np.ndarray, distance: np.ndarray,
          title: str) -> None:
    """Write the study beside its place and rename it, so that a reader never meets half of it."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".study-", dir=path.parent) as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        part = Path(folder, path.name)
        _study(optuna, priors, points, distance, study_name=title,
               storage=JournalStorage(JournalFileBackend(str(part))))
        os.replace(part, path)


def _best(summaries: np.ndarray, observed: np.ndarray, scale: np.ndarray,
          distance: np.ndarray) -> tuple[int, np.ndarray]:
    """The nearest point with the most runs' worth of evidence, and the points that paired runs cannot tell from it."""
    done = np.isfinite(summaries).all(axis=2)
    count = done.sum(axis=1)
    ceiling = np.sort(count)[::-1][:3].min()
    sure = np.flatnonzero(count >= max(2, min(ceiling, count.max() // 2 + 1)))
    sure = sure if len(sure) else np.arange(len(count))
    best = int(sure[np.argmin(distance[sure])])
    own = ((summaries - observed) / scale) ** 2
    each = own.sum(axis=2)
    candidates = []
    for row in range(len(count)):
        pairs = done[row] & done[best]
        difference = each[row, pairs] - each[best, pairs]
        if row == best or (pairs.sum() > 1 and difference.mean() <= stats.t.ppf(0.95, pairs.sum() - 1)
                           * difference.std(ddof=1) / np.sqrt(pairs.sum())):
            candidates.append(row)
    return best, np.array(candidates)
