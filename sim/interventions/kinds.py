"""Three kinds that most interventions are of: measures of the whole city, works at places, programmes for people.

A kind does the bookkeeping (who or where, for how long, at what cost); an intervention says which levers it moves, by
how much, and how its targets are chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sim.draws import uniforms
from sim.errors import SpecError
from sim.interventions import selection, survey
from sim.interventions.contract import Intervention, InterventionParams, redeclare
from sim.levers import LEVERS
from sim.parameters import param

__all__ = ["FORGOTTEN", "Measure", "PeopleParams", "PlaceParams", "Programme", "WEEK", "Works", "YEAR", "redeclare",
           "within"]
YEAR = 365
WEEK = 7
FORGOTTEN = 0.01  # share of a gain below which a former participant is no longer followed


def within(model, lever: str, where: Any, value: Any) -> Any:
    """Keep a contribution within what the lever can hold: shares up to 1, light and management up to a full layer."""
    if LEVERS[lever].unit != "0-1" and lever != "occupied":
        return value
    if lever in ("light", "management"):
        return np.minimum(value, 1 - model.layers[lever][where])
    return np.minimum(value, 1.0)


class Measure(Intervention):
    """A rule or service of the whole city: values on city-wide levers, paid for by the resident and year."""

    target: ClassVar[str] = "the whole city"
    level = "national"

    def amounts(self, model) -> dict[str, float]:
        """Lever: value at strength 1."""
        raise NotImplementedError

    def begin(self, model):
        self.state["people"] = int(model.residents["alive"].sum())

    def apply(self, model, dose):
        for lever, value in self.amounts(model).items():
            self.put(model, lever, None, float(within(model, lever, None, dose * value)))

    def cost(self, model, dose):
        return dose * self.state["people"] * self.params.cost_per_resident / YEAR


@dataclass(frozen=True)
class PlaceParams(InterventionParams):
    """Works at a list of places."""

    share: float = param(0.05, unit="share of street cells", low=0.0005, high=1, source="modelling choice",
                         doc="places treated at most")
    targets: str = param("believed", unit="-", choices=("believed", "survey", "lot"), source="modelling choice",
                         doc="places chosen by crime as the police believe it, by a survey of residents, or by lot")
    trial: bool = param(False, unit="-", source="modelling choice",
                        doc="treat a random half of the list and keep the other half as control")
    cost_per_cell: float = param(1_000.0, unit="USD of 2022 per place and year", low=0, high=1e7, source="judgement",
                                 doc="works, spread over their life, and upkeep")


class Works(Intervention):
    """Changes of places, as long as they are kept up."""

    level = "local"
    Params = PlaceParams
    side_effects = "displacement to places that were left as they are"

    def candidates(self, model) -> np.ndarray:
        """Places that can be treated, in ascending order."""
        return selection.street_cells(model)

    def score(self, model, cells: np.ndarray) -> np.ndarray:
        """Value by which candidates are put on the list, highest first."""
        return model.layers["believed"][cells]

    def voices(self, model) -> np.ndarray:
        """Voices by cell in a survey of residents on the worst place they know, where ``targets`` is "survey"."""
        return survey.named(model, self.name)

    def amounts(self, model, cells: np.ndarray) -> dict[str, Any]:
        """Lever: value at strength 1, for all of the cells or for each."""
        raise NotImplementedError

    def count(self, model, cells: np.ndarray) -> int:
        """How many of the candidates are put on the list."""
        return min(len(cells), selection.share_of(selection.street_cells(model), self.params.share))

    def begin(self, model):
        p, cells = self.params, self.candidates(model)
        if p.targets == "survey":
            score = self.voices(model)[cells]
        else:
            score = np.zeros(len(cells)) if p.targets == "lot" else self.score(model, cells)
        listed = selection.top(model, self.name, cells, score, self.count(model, cells))
        treated = selection.halve(model, self.name, listed) if p.trial else np.ones(len(listed), bool)
        listed = listed.astype(np.int32)
        self.state.update(treated_cells=listed[treated], control_cells=listed[~treated])

    def apply(self, model, dose):
        cells = self.state["treated_cells"]
        for lever, value in self.amounts(model, cells).items():
            self.put(model, lever, cells, within(model, lever, cells, dose * np.asarray(value, float)))

    def cost(self, model, dose):
        return dose * len(self.state["treated_cells"]) * self.params.cost_per_cell / YEAR


@dataclass(frozen=True)
class PeopleParams(InterventionParams):
    """A programme for people, in rounds."""

    min_age: int = param(12, unit="years", low=0, high=100, source="modelling choice", doc="youngest age")
    max_age: int = param(18, unit="years", low=0, high=120, source="modelling choice", doc="oldest age")
    poor_share: float = param(0.3, unit="share of residents", low=0.01, high=1, source="modelling choice",
                              doc="the poorest areas with this share of residents take part; 1 is everywhere")
    coverage: float = param(0.2, unit="share of the eligible", low=0, high=1, source="modelling choice",
                            doc="places for this share of the eligible in each round")
    places_per_1000: float = param(100.0, unit="per 1,000 residents", low=0, high=1_000, source="modelling choice",
                                   doc="places in a round at most")
    trial: bool = param(False, unit="-", source="modelling choice",
                        doc="name twice as many and treat a random half of them")
    weeks: int = param(26, unit="weeks", low=1, high=520, source="modelling choice", doc="time in the programme")
    round_days: int = param(365, unit="days", low=7, high=3_650, source="modelling choice", doc="days between rounds")
    rounds: int = param(0, unit="rounds", low=0, high=1_000, source="modelling choice",
                        doc="rounds in all; 0 goes on until the end")
    half_life_days: float = param(365.0, unit="days", low=1, high=36_500, source="modelling choice",
                                  doc="time in which half of what stays is lost after the programme")
    cost_per_person: float = param(1_000.0, unit="USD of 2022 per participant", low=0, high=1e6, source="judgement",
                                   doc="cost of one round for one participant")

    def check(self, where):
        super().check(where)
        if self.max_age < self.min_age:
            raise SpecError(f"{where}.max_age: expected at least min_age ({self.min_age}), found {self.max_age}")


class Programme(Intervention):
    """People enrol in rounds, take part for some weeks, and keep a part of what they gained for a while."""

    level = "local"
    Params = PeopleParams
    side_effects = "being named as at risk"

    def eligible(self, model) -> np.ndarray:
        """Mask of residents who may be named: by age, neighbourhood and being reachable."""
        p, r, age = self.params, model.residents, model.age()
        poor = selection.poor_areas(model, p.poor_share)[np.maximum(r["area"], 0)] & (r["area"] >= 0)
        return selection.reachable(model) & (age >= p.min_age) & (age <= p.max_age) & poor

    def concern(self, model, rows: np.ndarray) -> np.ndarray:
        """Value by which the eligible are named, highest first; equals are drawn by lot."""
        return np.zeros(len(rows))

    def during(self, model) -> dict[str, float]:
        """Lever: value at strength 1 while in the programme."""
        return {}

    def lasting(self, model) -> dict[str, float]:
        """Lever: value at strength 1 that is gained, kept while in the programme and fades afterwards."""
        return {}

    def here(self, model, ids: np.ndarray) -> np.ndarray:
        """Mask of participants who can be reached."""
        return selection.present(model, ids)

    def begin(self, model):
        self.state.update(treated_ids=np.empty(0, np.int64), control_ids=np.empty(0, np.int64),
                          enrolled=np.empty(0, np.int32), next_round=model.day, rounds=0)

    def _enrol(self, model) -> None:
        p, r, state = self.params, model.residents, self.state
        ok = self.eligible(model)
        known = r.find(np.concatenate([state["treated_ids"], state["control_ids"]]))
        ok[known[known >= 0]] = False
        rows = np.flatnonzero(ok)
        places = min(round(p.coverage * len(rows)), round(p.places_per_1000 * int(r["alive"].sum()) / 1000))
        keys = r["key"][rows]
        u = uniforms(model.seed, f"{self.name}.named", model.tick, keys)
        order = np.lexsort((keys, u, -np.asarray(self.concern(model, rows), float)))
        named = rows[order[: places * (2 if p.trial else 1)]]
        chosen = selection.halve(model, self.name, r["key"][named]) if p.trial else np.ones(len(named), bool)
        new = np.sort(r["id"][named[chosen]])
        state["treated_ids"] = np.concatenate([state["treated_ids"], new])
        state["control_ids"] = np.concatenate([state["control_ids"], np.sort(r["id"][named[~chosen]])])
        state["enrolled"] = np.concatenate([state["enrolled"], np.full(len(new), model.day, np.int32)])
        state["next_round"] = model.day + p.round_days
        state["rounds"] += 1

    def attending(self, model) -> np.ndarray:
        """Mask of ``treated_ids``: in the programme today."""
        return ((model.day - self.state["enrolled"] < WEEK * self.params.weeks)
                & self.here(model, self.state["treated_ids"]))

    def kept(self, day: int) -> np.ndarray:
        """Share of the gain that each participant has on a day: 1 in the programme, then halving."""
        since = day - self.state["enrolled"] - WEEK * self.params.weeks
        return 0.5 ** (np.maximum(since, 0) / self.params.half_life_days)

    def apply(self, model, dose):
        if model.day >= self.state["next_round"] and not 0 < self.params.rounds <= self.state["rounds"]:
            self._enrol(model)
        ids, now, kept = self.state["treated_ids"], self.attending(model), self.kept(model.day)
        follow = (kept > FORGOTTEN) & (model.residents.find(ids) >= 0)
        for lever, value in self.during(model).items():
            self.put(model, lever, ids[now], np.full(int(now.sum()), within(model, lever, None, dose * value)))
        for lever, value in self.lasting(model).items():
            self.put(model, lever, ids[follow], within(model, lever, None, dose * value * kept[follow]))

    def cost(self, model, dose):
        p = self.params
        return dose * int(self.attending(model).sum()) * p.cost_per_person / (WEEK * p.weeks)
