"""Flows from beyond the city: drugs, firearms, people and money, under one contract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.draws import decision, mix, uniforms
from sim.errors import SpecError
from sim.flows import contract, money, routes
from sim.flows.entries import entry_points
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param
from sim.registry import mechanism

USUAL = 1.0 / 60.0  # per day: memory of the usual flow


@dataclass(frozen=True)
class FlowsParams(MechanismParams):
    """Settings of the flows; values by flow stand in the order drugs, firearms, people, money."""

    volume: tuple[float, ...] = param((0.0, 0.12, 0.03, 0.0), unit="per week and 1,000 residents", low=0, high=100,
                                      calibrated=True,
                                      source="firearms: about two firearm crimes per 1,000 residents of a city of the "
                                             "United States (Morgan and Truman 2020); people: ILO 2022, order of "
                                             "magnitude",
                                      doc="units offered; firearms: times city.firearms; 0: ordered by the market")
    price: tuple[float, ...] = param((0.0, 1.5, 4.0, 1.0), unit="weekly median wages", low=0, high=1000,
                                     source="modelling choice",
                                     doc="price of a unit beyond the city; drugs: see mechanism.drugs")
    seizure: tuple[float, ...] = param((0.12, 0.08, 0.04, 0.02), unit="share", low=0, high=0.95,
                                       source="UNODC 2011 (drugs; less than 1 % of money), modelling choice",
                                       doc="share lost on the way to the city where controls are spread evenly")
    carriage: tuple[float, ...] = param((0.22, 0.15, 0.3, 0.06), unit="share", low=0, high=5,
                                        source="Caulkins and Reuter 2010 (order of magnitude)",
                                        doc="cost of the way on top of the price beyond the city")
    entries: int = param(6, unit="count", low=1, high=24, source="modelling choice", doc="entry points")
    sharpness: float = param(8.0, unit="-", low=0, high=100, source="Magliocca et al. 2019 (form)",
                             doc="how strongly senders prefer the cheapest way")
    crowding: float = param(0.5, unit="-", low=0, high=10, source="Magliocca et al. 2019 (form)",
                            doc="what it costs to use the way that all others use")
    memory_days: float = param(45.0, unit="days", low=5, high=2000, source="modelling choice",
                               doc="memory of senders for losses")
    follow: float = param(0.5, unit="share", low=0, high=1, source="Magliocca et al. 2019 (form)",
                          doc="share of the controls that goes where something was seized lately")
    follow_rate: float = param(0.1, unit="per day with seizures", low=0, high=1, source="Magliocca et al. 2019 (0.8 "
                               "a week)", doc="how fast controls follow")
    answer: float = param(1.0, unit="-", low=0, high=5, source="modelling choice",
                          doc="rise of the firearms offered per unit of relative unmet demand")
    recruits: float = param(0.3, unit="share", low=0, high=1, source="modelling choice",
                            doc="share of the flow of people who come as recruits; the others are trafficked")
    exploited_days: float = param(730.0, unit="days", low=10, high=10_000, source="modelling choice; ILO 2022",
                                  doc="mean time until a trafficked person gets free")
    exploited_earns: float = param(0.5, unit="weekly median wages", low=0, high=10, source="ILO 2014 (profits of "
                                   "forced labour)", doc="what exploiters make of one person in a week")
    launder: float = param(0.3, unit="share", low=0, high=1, source="modelling choice; UNODC 2011",
                           doc="share of the proceeds that leaves the city besides what pays for goods")
    finance: float = param(0.05, unit="per day", low=0, high=1, source="modelling choice",
                           doc="part of a lack of illicit capital that comes in from beyond the city in a day")

    def check(self, where: str) -> None:
        for name in ("volume", "price", "seizure", "carriage"):
            found = len(getattr(self, name))
            if found != len(contract.NAMES):
                raise SpecError(f"{where}.{name}: expected {len(contract.NAMES)} values "
                                f"({', '.join(contract.NAMES)}), found {found}")


@mechanism
class Flows(Mechanism):
    """What comes from beyond the city, by flow and entry point.

    Senders spread over the entry points by cost over the chance to get through and learn from losses; controls follow
    what was seized; both move (Magliocca et al. 2019). Drugs are ordered by the importers of the market, which ships
    through :meth:`share` and :meth:`risk` and keeps the books of its doses; firearms, people and money are sent here.
    Switched off, nothing arrives from beyond the city.

    Readers call :meth:`landed`, :meth:`price` and :meth:`capital`, or read ``state[flow]`` (arrays by entry point).
    """

    name = "flows"
    cadence = "day"
    Params = FlowsParams

    # -- what others may ask -------------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """False when the mechanism is switched off: nothing comes in."""
        return self.params.enabled

    def landed(self, flow: str) -> np.ndarray:
        """Units that landed today, by entry point (`state["cells"]` names their cells)."""
        st = self.state[flow]
        return st["landed_today"] if self.open else np.zeros(len(st["cost"]))

    def price(self, model, flow: str) -> float:
        """Price of a unit landed in the city, in weekly median wages; inf when nothing comes."""
        if not self.open:
            return float("inf")
        price = contract.declared(self.params)[flow].price
        return price * self.rise(model, flow) * self.delivered(flow)

    def rise(self, model, flow: str) -> float:
        """Price beyond the city relative to the usual one (lever `external_price`)."""
        rise = sum(order["share"] for order in model.levers["external_price"] if order["flow"] == flow)
        return max(1.0 + rise, 0.01)

    def delivered(self, flow: str) -> float:
        """Carriage of a unit, as a factor on its price beyond the city; losses on the way apart."""
        st = self.state[flow]
        return 1.0 + float((st["share"] * st["cost"]).sum())

    def pieces(self) -> int:
        """In how many parcels a load of drugs is split."""
        return routes.parcels(self.state["drugs"], contract.declared(self.params)["drugs"])

    def change(self, model, flow: str) -> float:
        """Change of what may arrive against the usual flow (lever `inflow`): -0.6 for a cut by 60 %, 0 for none."""
        return max(sum(order["share"] for order in model.levers["inflow"] if order["flow"] == flow), -1.0)

    def added(self, model, flow: str) -> np.ndarray:
        """Seizures put on top by the levers `interdiction` and `checks`, by entry point."""
        names = self.state["names"]
        out = np.zeros(len(names))
        if flow == "drugs":
            out += model.levers["interdiction"]
        for order in model.levers["checks"]:
            if order["flow"] == flow:
                route = order["route"]
                if isinstance(route, str) and route not in names:
                    raise SpecError(f"checks: expected a route among {', '.join(names)}, found {route!r}")
                out[names.index(route) if isinstance(route, str) else int(route) % len(names)] += order["share"]
        return out

    def capital(self) -> float:
        """Illicit capital in the city relative to what the trade usually holds; 1 at the start."""
        st = self.state["money"]
        return 1.0 if st["target"] <= 0 else float(st["held"] / st["target"])

    # -- the mechanism -------------------------------------------------------------------------------------------

    def setup(self, model) -> None:
        if self.state:  # a mechanism that ships through the flows may have asked for them before
            return
        cells, size, names = entry_points(model.city, self.params.entries)
        self.state.update(cells=cells, names=names, wage=0.0)
        for name, flow in contract.declared(self.params).items():
            keys = np.array([mix(np.uint64(decision(f"flows.{name}")), np.uint64(c)) for c in cells], np.uint64)
            st = contract.begin(flow, keys, size, uniforms(model.spec.seed, "flows.waiting", 0, keys))
            st["usual_loss"] = flow.seizure
            st["usual"] = self._offer(model, name, flow)
            self.state[name] = st
            for _ in range(60):
                routes.plan(st, flow, self.params, np.zeros(len(cells)))
        self.state["people"].update(recruits_today=0.0, held=self._held(model), earnings_today=0.0, recruits_part=0.5)
        money.begin(self.state["money"])

    def prepare(self, model) -> None:
        self._flows = contract.declared(self.params)
        self.setup(model)

    def step(self, model) -> None:
        p = self.params
        self.state["wage"] = self.wage(model)
        self._books_of_the_market(model)
        for name, flow in self._flows.items():
            st = self.state[name]
            routes.learn(st, p)
            routes.plan(st, flow, p, self.added(model, name))
            if name in ("firearms", "people"):
                self._send(model, name, flow, st)
        self._people()
        money.step(self, model, self.state["money"])

    def record(self, model) -> dict[str, float]:
        out = {f"flows.{name}": float(self.landed(name).sum()) for name in contract.NAMES}
        drugs = self.state["drugs"]
        out["flows.routes"] = float(1.0 / max((drugs["share"] ** 2).sum(), 1e-9))
        out["flows.drugs_belief"] = float((drugs["share"] * drugs["belief"]).sum())
        out["flows.exploited"] = float(self.state["people"]["held"]) if self.open else 0.0
        out["flows.recruits"] = float(self.state["people"]["recruits_today"]) if self.open else 0.0
        out["flows.money_out"] = float(self.state["money"]["out_today"]) if self.open else 0.0
        out["flows.capital"] = float(self.state["money"]["held"])
        return out

    @staticmethod
    def wage(model) -> float:
        """Weekly median wage of the city, the unit of prices here."""
        median = float(model.mechanisms["economy"].state.get("median", 0.0))
        return median if median > 0 else 500.0

    def _offer(self, model, name: str, flow) -> float:
        """Units offered a day before any signal from the city."""
        people = len(model.residents) / 1_000.0
        dial = model.spec.city.firearms if name == "firearms" else 1.0
        return flow.volume * people * dial / 7.0

    def _held(self, model) -> float:
        p = self.params
        return (1.0 - p.recruits) * p.exploited_days * self._offer(model, "people", contract.declared(p)["people"])

    def _send(self, model, name: str, flow, st: dict) -> None:
        """Ship a day of firearms or people."""
        units = self._offer(model, name, flow)
        if name == "firearms":
            short = float(model.mechanisms["firearms"].state.get("unmet", 0.0)) if model.spec.interactions else 0.0
            units *= 1.0 + self.params.answer * min(max(short, 0.0), 3.0)
        change = self.change(model, name)
        if change < 0.0:  # what arrives is capped against the flow before; more orders do not undo it
            units = min(units, (1.0 + change) * st["usual"])
        elif change > 0.0:
            units += change * st["usual"]
        else:
            st["usual"] += USUAL * (units - st["usual"])
        routes.ship(model.seed, model.tick, name, st, units)

    def _people(self) -> None:
        """Of the people who landed some are recruits, the others are held and exploited until they get free."""
        st, p = self.state["people"], self.params
        st["recruits_part"] += p.recruits * st["landed_today"].sum()
        st["recruits_today"] = float(np.floor(st["recruits_part"]))
        st["recruits_part"] -= st["recruits_today"]
        st["held"] = float(st["held"] * np.exp(-1.0 / p.exploited_days)
                           + (1.0 - p.recruits) * st["landed_today"].sum())
        st["earnings_today"] = st["held"] * p.exploited_earns * self.state["wage"] / 7.0

    def _books_of_the_market(self, model) -> None:
        """What the importers' loads met yesterday, kept by the drug market."""
        drugs = model.mechanisms.get("drugs")
        books = drugs.state.get("ways") if drugs is not None and drugs.params.enabled else None
        if books is not None:
            routes.settle(self.state["drugs"], books["sent"].copy(), books["seized"].copy(), books["landed"].copy())
