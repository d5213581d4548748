"""Virtual trials: published evaluations, run in the model as they were run in the world.

Each trial names its places or people as the study did, gives the dose for as long, measures the study's outcome on
the layer of crime that it used, and is judged by the band of the evidence catalogue. The catalogue is spread over
families (:mod:`places`, :mod:`people`, :mod:`markets`, :mod:`state`); a new trial is one entry in one of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from experiments.trials.contract import WORLDS, Trial

FAMILIES = ("places", "people", "markets", "state")


def catalogue() -> Mapping[str, Trial]:
    """Return every trial by its id, in the order of the ids."""
    found: dict[str, Trial] = {}
    for family in FAMILIES:
        for trial in importlib.import_module(f"experiments.trials.{family}").TRIALS:
            if trial.id in found:
                raise ValueError(f"the trial {trial.id!r} is declared twice")
            found[trial.id] = trial
    return dict(sorted(found.items()))


__all__ = ["FAMILIES", "WORLDS", "Trial", "catalogue"]
