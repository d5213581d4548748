"""Nothing at all: the arm that every other one is compared with."""

from __future__ import annotations

from sim.interventions.contract import Intervention
from sim.registry import intervention


@intervention
class Baseline(Intervention):
    """Do nothing."""

    name = "baseline"
    target = "nobody"
    side_effects = "none"

    def apply(self, model, dose):
        pass
