"""Budget, services and legitimacy: what residents get from the state and what they make of it."""

from __future__ import annotations

import numpy as np

from sim.columns import Column
from sim.draws import uniforms
from sim.governance import institutions
from sim.governance.bribe import wages
from sim.governance.governance_params import GovernanceParams
from sim.guardianship.neighbourhood import disadvantage
from sim.mechanism import Mechanism
from sim.registry import mechanism


@mechanism
class Governance(Mechanism):
    """Offices divert part of the budget; the rest buys services; areas judge the state by what they live through.

    ``state["trust"]`` is the trust in the police to which residents of each area return, ``state["legitimacy"]`` that
    of the state, ``state["available"]`` the money per day for prevention, ``state["spent"]`` the day's costs of
    interventions, ``state["overspent"]`` their excess over what was available so far.
    """

    name = "governance"
    cadence = "day"
    Params = GovernanceParams
    layers = {"service": Column("f4", 0.5, "0-1", "quality of public services", low=0, high=1)}

    def setup(self, model) -> None:
        p, s, areas = self.params, self.state, len(model.city.areas)
        reactions = model.mechanisms.get("reactions")
        trust = np.full(areas, 0.6)
        if reactions is not None:
            trust = reactions.params.trust_base - reactions.params.trust_disadvantage * disadvantage(model)
        s.update(base=trust, diverted=institutions.diverted(model, p), legitimacy=np.full(areas, p.neutral),
                 scandal=0.0, shown=0.0, available=0.0, spent=0.0, overspent=0.0, presence=institutions.presence(model))
        if not p.enabled:
            return
        self._serve(model)
        s["legitimacy"] = p.neutral + p.by_service * (self._by_area(model) - p.usual_service)
        self._measure(model)
        self._publish()

    def step(self, model) -> None:
        p, s = self.params, self.state
        self._spend(model)
        self._shame(model)
        if not model.levers.idle("contacts"):
            self._meet(model)
        if (model.day + model.calendar.burn_in_days) % 7 == 6:
            s["diverted"] += (institutions.diverted(model, p) - s["diverted"]) * -np.expm1(-7 / p.budget_days)
            self._serve(model)
            judged = institutions.judged(model, p, self._by_area(model))
            s["legitimacy"] += (judged - s["legitimacy"]) * -np.expm1(-7 / p.opinion_days)
        if (model.day + model.calendar.burn_in_days) % 7 == 6 or "people" not in s:  # or switched on since
            self._measure(model)
        self._publish()

    def record(self, model) -> dict[str, float]:
        s = self.state
        return {
            "governance.legitimacy": float(np.average(s["legitimacy"], weights=s["people"])) - s["scandal"],
            "governance.services": s["services"],
            "governance.diverted": float(s["diverted"].mean()),
            "governance.available": s["available"],
            "governance.overspent": s["overspent"],
        }

    # -- money and services -----------------------------------------------------------------------------------------

    def _spend(self, model) -> None:
        """What there is for prevention today and what interventions cost."""
        p, s = self.params, self.state
        budget = p.budget / 7 * wages(model) * int(model.residents["alive"].sum()) * self._left(model)
        s["available"] = float(p.programmes * budget * (1 - s["diverted"].mean()))
        s["spent"] = float(sum(model._costs[name] for name in sorted(model._costs)))
        s["overspent"] += max(0.0, s["spent"] - s["available"])

    def _left(self, model) -> float:
        return max(0.0, 1.0 - model.levers["budget_cut"])

    def _serve(self, model) -> None:
        """Quality of services in every cell: what reaches the area, where the state is present at all."""
        p, s, area = self.params, self.state, model.city.area
        arrives = (self._left(model) * (1 - s["diverted"])) ** p.by_money
        quality = (p.reference * s["presence"] * arrives)[np.maximum(area, 0)]
        model.layers["service"][:] = np.where(area >= 0, np.clip(quality + model.levers["services"], 0, 1), 0)

    def _measure(self, model) -> None:
        """Weights and means for the daily series, once a week."""
        homes = model.city.layers["dwellings"] * (model.city.area >= 0)
        services = float(np.average(model.layers["service"], weights=homes)) if homes.any() else 0.0
        self.state.update(people=self._people(model), services=services)

    def _people(self, model) -> np.ndarray:
        return np.bincount(model.residents["area"], model.residents["alive"], len(model.city.areas)) + 1e-9

    def _by_area(self, model) -> np.ndarray:
        """Mean quality of services where the residents of each area live."""
        homes = np.where(model.city.area >= 0, model.city.layers["dwellings"] + 1e-6, 0)
        area = np.maximum(model.city.area, 0)
        count = len(model.city.areas)
        return np.bincount(area, homes * model.layers["service"], count) / np.maximum(
            np.bincount(area, homes, count), 1e-12)

    # -- trust ------------------------------------------------------------------------------------------------------

    def _shame(self, model) -> None:
        """A scandal breaks: everybody loses trust, some more than others; what is left of it fades."""
        p, s = self.params, self.state
        s["scandal"] *= 0.5 ** (1 / p.scandal_half_life)
        shown = model.levers["scandal"]
        rise, s["shown"] = max(0.0, shown - s["shown"]), shown
        if rise > 0:
            s["scandal"] += rise * p.scandal
            r = model.residents
            size = 0.5 + uniforms(model.seed, "governance.shocked", 0, r["key"][r["alive"]])
            model.propose("residents", "trust", r["id"][r["alive"]], -rise * p.scandal * size)

    def _meet(self, model) -> None:
        """Officers look for friendly contact; it builds trust where there is something behind it."""
        p, r = self.params, model.residents
        rate = model.levers["contacts"].astype(float)[r["home"]] / 700
        rows = np.flatnonzero((rate > 0) & r["alive"])
        met = rows[uniforms(model.seed, "governance.met", model.tick, r["key"][rows]) < -np.expm1(-rate[rows])]
        behind = (model.layers["service"][r["home"][met]].astype(float) - p.capacity) / max(1 - p.capacity, 1e-9)
        gain = p.friendly * np.clip(behind, 0, 1)
        met, gain = met[gain > 0], gain[gain > 0]
        if len(met):
            model.propose("residents", "trust", r["id"][met], gain)

    def _publish(self) -> None:
        p, s = self.params, self.state
        s["trust"] = np.clip(s["base"] + p.into_trust * (s["legitimacy"] - p.neutral) - s["scandal"], 0, 1
                             ).astype(np.float32)
