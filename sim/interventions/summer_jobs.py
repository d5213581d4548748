"""Summer jobs for youths of poor neighbourhoods, given by lot (Heller, 2014)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.draws import uniforms
from sim.errors import SpecError
from sim.interventions import selection
from sim.interventions.contract import Intervention, InterventionParams
from sim.parameters import param
from sim.registry import intervention

WORKER, SHIFT_WORKER = 3, 4
FORGOTTEN = 0.01


@dataclass(frozen=True)
class SummerJobsParams(InterventionParams):
    """A programme of jobs."""

    min_age: int = param(14, unit="years", low=10, high=30, source="Heller (2014)", doc="youngest age")
    max_age: int = param(21, unit="years", low=10, high=30, source="Heller (2014)", doc="oldest age")
    poor_share: float = param(0.3, unit="share of residents", low=0.01, high=1, source="modelling choice",
                              doc="youths of the poorest areas with this share of residents may apply")
    apply_share: float = param(0.3, unit="share of the eligible", low=0, high=1, source="modelling choice",
                               doc="those without a job who apply; half of them win the lottery")
    month: int = param(7, unit="month", low=1, high=12, source="Heller (2014)",
                       doc="month on whose first day the jobs start")
    weeks: int = param(8, unit="weeks", low=1, high=26, source="Heller (2014)", doc="length of the job")
    occupied: float = param(0.3, unit="share of free waking hours", low=0, high=1,
                            source="Heller (2014): 25 hours a week, of about 80 free ones",
                            doc="time under supervision")
    wage: float = param(175.0, unit="per week", low=0, high=5_000, source="Heller (2014): 1,400 in 8 weeks",
                        doc="legal earnings")
    mentor: float = param(0.5, unit="ties", low=0, high=5, source="Heller (2014): one adult mentor for ten youths",
                          doc="tie to the mentor while the job lasts")
    gain: float = param(0.32, unit="sd of self-control", low=0, high=2,
                        source="Piquero et al. (2016), 0.32; Heller (2014): social-emotional learning beside the job",
                        doc="mean restraint that the time with a mentor leaves behind; people differ")
    half_life_days: float = param(365.0, unit="days", low=1, high=3_650,
                                  source="modelling choice (Heller 2014: seen for 16 months)",
                                  doc="time in which half of that is lost")
    cost_per_youth: float = param(3_800.0, unit="USD of 2022 per job", low=0, high=1e5,
                                  source="Heller (2014): 3,000, raised by US consumer prices",
                                  doc="cost of one job for one summer")

    def check(self, where):
        super().check(where)
        if self.max_age < self.min_age:
            raise SpecError(f"{where}.max_age: expected at least min_age ({self.min_age}), found {self.max_age}")


@intervention
class SummerJobs(Intervention):
    """A random half of the applicants is busy and paid for eight weeks; what they learn stays for a while."""

    name = "summer_jobs"
    level = "local"
    target = "youths without work in poor areas who apply, by lot"
    levers = ("occupied", "earnings", "bond", "restraint")
    evidence = ("I18",)
    side_effects = "more property crime is possible: income and errands take youths to new places"
    Params = SummerJobsParams

    def begin(self, model):
        self.state.update(treated_ids=np.empty(0, np.int64), control_ids=np.empty(0, np.int64),
                          started=np.empty(0, np.int32), gain=np.empty(0), year=0)

    def day_of_season(self, model) -> int:
        """Days since this year's jobs started; negative before."""
        today = model.calendar.date(model.day)
        return (today - today.replace(month=self.params.month, day=1)).days

    def _lottery(self, model) -> None:
        p, r, state = self.params, model.residents, self.state
        age, area = model.age(), r["area"]
        ok = (selection.reachable(model) & (age >= p.min_age) & (age <= p.max_age) & (area >= 0)
              & selection.poor_areas(model, p.poor_share)[np.maximum(area, 0)]
              & (r["routine"] != WORKER) & (r["routine"] != SHIFT_WORKER))
        known = r.find(np.concatenate([state["treated_ids"], state["control_ids"]]))
        ok[known[known >= 0]] = False
        ids, keys = r["id"][ok], r["key"][ok]
        applies = uniforms(model.seed, f"{self.name}.apply", model.tick, keys) < p.apply_share
        order = np.argsort(ids[applies])
        ids, keys = ids[applies][order], keys[applies][order]
        won = selection.halve(model, self.name, keys)
        # Some take much from it, some nothing: between 0 and twice the mean.
        gain = 2 * p.gain * uniforms(model.seed, f"{self.name}.gain", model.tick, keys[won])
        state["treated_ids"] = np.concatenate([state["treated_ids"], ids[won]])
        state["control_ids"] = np.concatenate([state["control_ids"], ids[~won]])
        state["started"] = np.concatenate([state["started"], np.full(len(gain), model.day, np.int32)])
        state["gain"] = np.concatenate([state["gain"], gain])

    def working(self, model) -> np.ndarray:
        """Participants who are in their job on the day, alive and free: mask of ``treated_ids``."""
        days = model.day - self.state["started"]
        return (days < 7 * self.params.weeks) & selection.present(model, self.state["treated_ids"])

    def apply(self, model, dose):
        p, state = self.params, self.state
        year = model.calendar.date(model.day).year
        # A programme that begins in the middle of a season waits for the next one.
        if self.day_of_season(model) == 0 and state["year"] != year:
            state["year"] = year
            self._lottery(model)
        busy = state["treated_ids"][self.working(model)]
        self.put(model, "occupied", busy, min(1.0, dose * p.occupied))
        self.put(model, "earnings", busy, dose * p.wage)
        self.put(model, "bond", busy, dose * p.mentor)
        after = model.day - state["started"] - 7 * p.weeks
        kept = np.where(after >= 0, 0.5 ** (np.maximum(after, 0) / p.half_life_days), 0.0)
        here = (kept > FORGOTTEN) & selection.present(model, state["treated_ids"])
        self.put(model, "restraint", state["treated_ids"][here], dose * state["gain"][here] * kept[here])

    def cost(self, model, dose):
        p = self.params
        return dose * int(self.working(model).sum()) * p.cost_per_youth / (7 * p.weeks)
