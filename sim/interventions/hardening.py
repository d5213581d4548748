"""Hardening of homes and cars: repeat victims of burglary, immobilisers in new cars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.draws import uniforms
from sim.interventions import selection
from sim.interventions.contract import Intervention, InterventionParams
from sim.interventions.kinds import YEAR
from sim.parameters import param
from sim.records import CODE
from sim.registry import intervention

MONTH = 28  # days after which a burglary is no longer followed up


@dataclass(frozen=True)
class RepeatVictimParams(InterventionParams):
    """Locks for those just burgled, and for some neighbours."""

    hardened: float = param(1.0, unit="sd", low=0, high=5, source="modelling choice after Grove et al. (2012)",
                            doc="security gained by a home")
    delay_days: int = param(2, unit="days", low=0, high=365, source="evidence row I53 (within 2 days)",
                            doc="days from the record to the locks")
    neighbours: int = param(2, unit="homes", low=0, high=20, source="Kirkholt: a cocoon of neighbours",
                            doc="homes in the same cell that are hardened with it")
    homes_per_week: float = param(3.0, unit="per week and 1,000 homes", low=0, high=100, source="modelling choice",
                                  doc="homes that the staff can visit")
    trial: bool = param(False, unit="-", source="modelling choice",
                        doc="offer it to a random half of the victims and keep the other half as control")
    cost_per_home: float = param(500.0, unit="USD of 2022 per home", low=0, high=1e5,
                                 source="evidence row I53: hundreds of GBP", doc="visit, locks and alarm")


@intervention
class RepeatVictims(Intervention):
    """Each home with a recorded burglary is hardened within days, and a few homes beside it (Kirkholt)."""

    name = "repeat_victims"
    level = "local"
    target = "homes with a recorded burglary, and neighbours"
    levers = ("hardened",)
    evidence = ("I53",)
    side_effects = "displacement to other homes; those who do not report are left out"
    waits = True
    Params = RepeatVictimParams

    def begin(self, model):
        self.state.update(homes=np.empty(0, np.int64), control=np.empty(0, np.int64),
                          since=model.day, today=0, worked=model.day - 1)

    def _visit(self, model) -> None:
        p, state, log, d = self.params, self.state, model.log, model.dwellings
        events = selection.events_since(model, p.delay_days + MONTH)
        ticks = model.calendar.ticks_per_day
        due = model.tick - p.delay_days * ticks
        known = (log["recorded"][events] & (log["type"][events] == CODE["burglary"]) & (log["dwelling_id"][events] >= 0)
                 & (log["tick"][events] < due))
        homes = np.unique(log["dwelling_id"][events][known]).astype(np.int64)
        homes = homes[~np.isin(homes, np.concatenate([state["homes"], state["control"]]))]
        if p.trial:
            # the lot is drawn for each home, whenever it is burgled
            won = uniforms(model.seed, f"{self.name}.lottery", 0, homes) < 0.5
            state["control"] = np.concatenate([state["control"], homes[~won]])
            homes = homes[won]
        every = [homes[:0]]
        for home in homes:
            row = d.find(home)
            beside = d["id"][d["cell"] == d["cell"][row]] if p.neighbours else homes[:0]
            beside = np.setdiff1d(beside, np.concatenate([state["homes"], state["control"], [home]]))
            u = uniforms(model.seed, f"{self.name}.beside", int(home), beside)
            every += [np.array([home]), beside[np.lexsort((beside, u))][: p.neighbours]]
        wanted = np.concatenate(every)
        wanted = wanted[np.sort(np.unique(wanted, return_index=True)[1])]  # each once, in the order of need
        room = p.homes_per_week / 7 * len(d) / 1000
        allowed = int(np.floor(room * (model.day - state["since"] + 1))) - len(state["homes"])
        new = wanted[: max(0, allowed)]
        state["homes"] = np.concatenate([state["homes"], new])
        state["today"] = len(new)

    def apply(self, model, dose):
        if self.state["worked"] < model.day:
            self.state["worked"] = model.day
            self._visit(model)
        self.put(model, "hardened", self.state["homes"], dose * self.params.hardened)

    def cost(self, model, dose):
        return dose * self.state["today"] * self.params.cost_per_home


@dataclass(frozen=True)
class ImmobiliserParams(InterventionParams):
    """Immobilisers in new cars."""

    new_cars: float = param(0.10, unit="share of cars a year", low=0, high=1, source="evidence row I52 (10 % a year)",
                            doc="cars replaced by new ones that have one")
    immobilised: float = param(1.5, unit="sd", low=0, high=5, source="modelling choice",
                               doc="security gained by a car")
    cost_per_car: float = param(100.0, unit="USD of 2022 per new car", low=0, high=1e4,
                                source="evidence row I52: 50-100 EUR", doc="cost, borne by the buyer")


@intervention
class Immobilisers(Intervention):
    """New cars must have an immobiliser; old ones stay as they are (van Ours and Vollaard, 2016)."""

    name = "immobilisers"
    level = "national"
    target = "households with cars, as they replace them; the well-off first"
    levers = ("immobilised",)
    evidence = ("I52",)
    side_effects = "thefts move to older cars, which the poor drive"
    Params = ImmobiliserParams

    def begin(self, model):
        d = model.dwellings
        rows = np.flatnonzero(d["cars"] > 0)
        # The order in which cars are replaced: by lot, with the well-off sooner.
        u = uniforms(model.seed, f"{self.name}.replaced", 0, d["key"][rows])
        rank = u - 0.25 * d["value"][rows].astype(float)
        self.state.update(homes=d["id"][rows[np.lexsort((d["id"][rows], rank))]], since=model.day,
                          cars=float(d["cars"].sum(dtype=np.int64)))

    def _share(self, model) -> float:
        return min(1.0, self.params.new_cars * (model.day - self.state["since"] + 1) / YEAR)

    def apply(self, model, dose):
        have = self.state["homes"][: int(round(self._share(model) * len(self.state["homes"])))]
        self.put(model, "immobilised", have, dose * self.params.immobilised)

    def cost(self, model, dose):
        more = self._share(model) < 1
        return dose * more * self.state["cars"] * self.params.new_cars * self.params.cost_per_car / YEAR
