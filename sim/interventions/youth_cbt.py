"""Cognitive-behavioural groups at school for the boys whom a school would name (Heller et al., 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.draws import uniforms
from sim.errors import SpecError
from sim.interventions import selection
from sim.interventions.contract import Intervention, InterventionParams
from sim.parameters import param
from sim.registry import intervention

PUPIL = 1
FORGOTTEN = 0.01  # share of the gain below which a former participant is no longer followed


@dataclass(frozen=True)
class YouthCBTParams(InterventionParams):
    """A programme of weekly groups."""

    min_age: int = param(12, unit="years", low=6, high=30, source="Heller et al. (2017): grades 7-10",
                         doc="youngest age")
    max_age: int = param(18, unit="years", low=6, high=30, source="Heller et al. (2017)", doc="oldest age")
    boys_only: bool = param(True, unit="-", source="Heller et al. (2017)", doc="false takes girls too")
    poor_share: float = param(0.3, unit="share of residents", low=0.01, high=1, source="modelling choice",
                              doc="the poorest areas with this share of residents take part")
    coverage: float = param(0.15, unit="share of the eligible", low=0, high=1, source="evidence row I19 (15 % of boys)",
                            doc="places for this share of the eligible in each round")
    trial: bool = param(False, unit="-", source="Heller et al. (2017)",
                        doc="name twice as many and treat a random half of them")
    weeks: int = param(30, unit="weeks", low=1, high=260, source="Heller et al. (2017): a school year",
                       doc="time in the groups")
    round_days: int = param(365, unit="days", low=30, high=3_650, source="modelling choice", doc="days between rounds")
    gain: float = param(0.5, unit="sd of self-control", low=0, high=2,
                        source="between Piquero et al. (2016), 0.32, and Sukhodolsky et al. (2004), 0.67 for anger",
                        doc="restraint gained while in the groups")
    half_life_days: float = param(120.0, unit="days", low=1, high=3_650,
                                  source="modelling choice (Heller et al. 2017: gone within a year or two)",
                                  doc="time in which half of the gain is lost after the groups")
    cost_per_youth: float = param(2_300.0, unit="USD of 2022 per participant", low=0, high=1e5,
                                  source="Heller et al. (2017): 1,850 at most; to prices of 2022 by judgement",
                                  doc="cost of one round for one participant")

    def check(self, where):
        super().check(where)
        if self.max_age < self.min_age:
            raise SpecError(f"{where}.max_age: expected at least min_age ({self.min_age}), found {self.max_age}")


@intervention
class YouthCBT(Intervention):
    """Restraint while in the groups, fading afterwards.

    Selection is what a school and a youth office see: age, sex, the neighbourhood, arrests, and being out of school at
    school age. Nobody's propensity is known to them.
    """

    name = "youth_cbt"
    level = "local"
    target = "youths in poor areas, by arrests and absence from school"
    levers = ("restraint",)
    evidence = ("I19",)
    side_effects = "being named as at risk"
    Params = YouthCBTParams

    def begin(self, model):
        self.state.update(treated_ids=np.empty(0, np.int64), control_ids=np.empty(0, np.int64),
                          enrolled=np.empty(0, np.int32), next_round=model.day)

    def _enrol(self, model) -> None:
        p, r, state = self.params, model.residents, self.state
        age = model.age()
        ok = (selection.reachable(model) & (age >= p.min_age) & (age <= p.max_age)
              & selection.poor_areas(model, p.poor_share)[np.maximum(r["area"], 0)] & (r["area"] >= 0))
        if p.boys_only:
            ok &= r["sex"] == 1
        known = r.find(np.concatenate([state["treated_ids"], state["control_ids"]]))
        ok[known[known >= 0]] = False
        rows = np.flatnonzero(ok)
        places = round(p.coverage * len(rows))
        keys = r["key"][rows]
        # Arrests first, then absence from school; the rest of the list is as good as drawn by lot.
        absent = (age[rows] < 16) & (r["routine"][rows] != PUPIL)
        concern = np.minimum(r["arrests"][rows], 5).astype(float) + 0.5 * absent
        u = uniforms(model.seed, f"{self.name}.named", model.tick, keys)
        named = rows[np.lexsort((keys, u, -concern))[: places * (2 if p.trial else 1)]]
        chosen = selection.halve(model, self.name, r["key"][named]) if p.trial else np.ones(len(named), bool)
        new = np.sort(r["id"][named[chosen]])
        state["treated_ids"] = np.concatenate([state["treated_ids"], new])
        state["control_ids"] = np.concatenate([state["control_ids"], np.sort(r["id"][named[~chosen]])])
        state["enrolled"] = np.concatenate([state["enrolled"], np.full(len(new), model.day, np.int32)])
        state["next_round"] = model.day + p.round_days

    def kept(self, day: int) -> np.ndarray:
        """Share of the gain that each participant has on a day: 1 in the groups, then halving."""
        since = day - self.state["enrolled"] - 7 * self.params.weeks
        return 0.5 ** (np.maximum(since, 0) / self.params.half_life_days)

    def apply(self, model, dose):
        if model.day >= self.state["next_round"]:
            self._enrol(model)
        kept = self.kept(model.day)
        here = (kept > FORGOTTEN) & selection.present(model, self.state["treated_ids"])
        self.put(model, "restraint", self.state["treated_ids"][here], dose * self.params.gain * kept[here])

    def cost(self, model, dose):
        p = self.params
        attending = model.day - self.state["enrolled"] < 7 * p.weeks
        attending &= selection.present(model, self.state["treated_ids"])
        return dose * int(attending.sum()) * p.cost_per_youth / (7 * p.weeks)
