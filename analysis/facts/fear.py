"""Fear of crime (F22)."""

from __future__ import annotations

import numpy as np

from analysis.facts.base import Found, Unscored, measure
from analysis.facts.records import VIOLENT, Records
from analysis.facts.repeats import ADULT, suffered


def _fear(run: Records) -> np.ndarray:
    if "fear" not in run.people:
        raise Unscored("fear is not in the record")
    return run.people["fear"]


def _r(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(x, y)[0, 1]) if x.std() > 0 and y.std() > 0 else float("nan")


@measure("F22a")
def victimisation(run: Records) -> Found:
    """Correlation of fear with the last year's own victimisations; that with disorder near home must be higher."""
    run.need_years(1)
    fear, adult = _fear(run), run.people["age"] >= ADULT
    mine = _r(fear[adult], suffered(run).astype(float))
    home = run.people["place"]
    there = adult & (home >= 0)
    disorder = _r(fear[there], np.log1p(run.places["disorder"][home[there]])) if "disorder" in run.places else np.nan
    return Found(mine, bool(disorder > mine), f"with disorder {disorder:.2f}")


@measure("F22b")
def women(run: Records) -> Found:
    """Mean fear of women over that of men; recorded violence of strangers against women must be no higher."""
    fear, adult, male = _fear(run), run.people["age"] >= ADULT, run.people["male"]
    e = run.events
    rows = run.row_of(e["victim"][run.mask(VIOLENT, "recorded", domestic=False) & (e["victim"] >= 0)])
    victims = male[rows[rows >= 0]]
    return Found(float(fear[adult & ~male].mean() / fear[adult & male].mean()), bool((~victims).sum() <= victims.sum()),
                 f"{(~victims).sum()} women and {victims.sum()} men were victims of recorded public violence")
