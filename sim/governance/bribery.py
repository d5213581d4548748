"""Bribery at contacts of residents with officers: who meets whom, what is paid, found and told."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from sim.columns import Column
from sim.draws import uniforms
from sim.governance import officers
from sim.governance.bribe import Bargain, active, bargain, refresh, risk, wages
from sim.governance.params import BriberyParams
from sim.guardianship.news import news_of_justice
from sim.mechanism import Mechanism
from sim.registry import mechanism

SLICE = 28  # days in which everybody's turn for ordinary contacts comes once
COUNTS = ("contacts", "bribes", "asked", "hidden", "found", "let_go", "complaints", "unfair", "police_bribes")


@njit(cache=True, nogil=True)
def turn_of_day(keys, alive, born, last, day, out):
    """Write the rows of the living born up to day `last` whose turn it is, and return their number.

    Blocks of 64 keys take turns through `SLICE` days.
    """
    n = 0
    for i in range(keys.size):
        out[n] = i
        n += ((keys[i] >> uint64(6)) % uint64(SLICE) == uint64(day)) & alive[i] & (born[i] <= last)
    return n


@mechanism
class Bribery(Mechanism):
    """Officers, and what passes between them and residents.

    Those who paid to escape an arrest are read from the state of ``justice``: ``bribed`` (ids of the tick, each
    once) and ``bribed_days`` (the custody each could expect).
    """

    name = "bribery"
    cadence = "tick"
    Params = BriberyParams
    columns = {"residents": {
        "last_contact": Column("i4", -(2**30), "day", "last contact with an official"),
        "last_bribe": Column("i4", -(2**30), "day", "last bribe paid or asked for"),
    }}

    def setup(self, model) -> None:
        p, n = self.params, len(model.residents)
        patrol = model.mechanisms.get("patrol")
        per_1000 = patrol.params.officers_per_1000 if patrol is not None else 2.5
        police, officials = max(1, round(n / 1000 * per_1000)), max(1, round(n / 1000 * p.officials_per_1000))
        homes = np.bincount(model.residents["area"], minlength=len(model.city.areas)).astype(float)
        self.state.update(officers.found(n, police, officials, model.spec.seed, p), span=officers.spans(homes),
                          today=dict.fromkeys(COUNTS, 0), amount=0.0,
                          police_amount=0.0, experience=np.zeros((len(homes), 4)))
        self.state["belief"][:] = risk(model, p, True) * self.state["caution"] if model.levers is not None else 0.0
        refresh(self.state)

    def step(self, model) -> None:
        if model.slot == 0:
            self.state.update(today=dict.fromkeys(COUNTS, 0), amount=0.0, police_amount=0.0)
        if not active(model):
            return
        self._meet_police(model, news_of_justice(model))
        if model.slot == model.calendar.ticks_per_day - 1:
            ids = self._callers(model)
            if len(ids):
                self._book(model, "service", ids, bargain(model, "service", ids))
            self._learn(model)

    def _meet_police(self, model, news: dict) -> None:
        """Contacts of the tick with the police: stops, arrests made, arrests bought off."""
        stopped, arrested, bribed = (news.get(name, ()) for name in ("stopped", "arrested", "bribed"))
        if not len(stopped) and not len(arrested) and not len(bribed):
            return
        stopped, arrested = np.unique(stopped).astype(np.int64), np.unique(arrested).astype(np.int64)
        deals = []  # all are struck before any is booked: as the officers stood when justice asked
        if len(bribed):
            bribed, first = np.unique(bribed, return_index=True)
            days = np.asarray(news["bribed_days"], float)[first]
            deals.append(("arrest", bribed, bargain(model, "arrest", bribed, days)))
            self.state["today"]["let_go"] += len(bribed)
        if len(stopped):
            deals.append(("stop", stopped, bargain(model, "stop", stopped)))
        for deal in deals:
            self._book(model, *deal)
        if len(arrested):
            self._touch(model, arrested, "last_contact")
            self.state["today"]["contacts"] += len(arrested)
            rows = model.residents.rows(arrested)
            np.add.at(self.state["experience"], (model.residents["area"][rows], 0), 1.0)
        self._treat(model, np.union1d(stopped, arrested))

    def record(self, model) -> dict[str, float]:
        s, today = self.state, self.state["today"]
        series = {f"bribery.{name}": float(today[name]) for name in COUNTS if name != "complaints"}
        series["complaints"] = float(today["complaints"])
        series["bribery.paid_share"] = today["bribes"] / max(today["contacts"], 1)
        series["bribery.total"] = s["amount"] * wages(model)
        series["bribery.police_total"] = s["police_amount"] * wages(model)
        series["bribery.mean"] = s["amount"] * wages(model) / max(today["bribes"], 1)
        series["bribery.takers"] = float((s["takes"] > 0.5).mean())
        return series

    # -- contacts ---------------------------------------------------------------------------------------------------

    def _callers(self, model) -> np.ndarray:
        """Ids of residents with an ordinary contact today, each at most once in `SLICE` days."""
        r, p = model.residents, self.params
        turn = np.empty(len(r) + 1, np.int32)
        turn = turn[:turn_of_day(r["key"], r["alive"], r["birth_day"], model.day - p.adult * 365, model.day % SLICE,
                                 turn)]
        if "custody_until" in r:
            turn = turn[r["custody_until"][turn] <= model.tick]
        u = uniforms(model.seed, "bribery.caller", model.tick, r["key"][turn])
        return np.sort(r["id"][turn[u < -np.expm1(-p.contacts * SLICE / 365)]])

    def _book(self, model, kind: str, ids: np.ndarray, deal: Bargain) -> None:
        """Enter contacts and bribes: memories, money, trust, what controls find."""
        p, s, r, today = self.params, self.state, model.residents, self.state["today"]
        self._touch(model, ids, "last_contact")
        self._touch(model, ids[deal.asked], "last_bribe")
        today["contacts"] += len(ids)
        today["asked"] += int(deal.asked.sum())
        today["bribes"] += int(deal.paid.sum())
        today["hidden"] += int((deal.paid & deal.hidden).sum())
        area = r["area"][r.rows(ids)]
        np.add.at(s["experience"], (area, 0), 1.0)
        np.add.at(s["experience"], (area[deal.asked], 1), 1.0)
        refused = ids[deal.asked & ~deal.paid]
        if len(refused):
            model.propose("residents", "trust", refused, -p.trust_asked)
        if not deal.paid.any():
            return
        payers, amount, officer = ids[deal.paid], deal.amount[deal.paid], deal.officer[deal.paid]
        s["amount"] += float(np.sum(amount))
        s["police_amount"] += float(np.sum(amount)) if kind != "service" else 0.0
        today["police_bribes"] += len(payers) if kind != "service" else 0
        np.add.at(s["takes"], officer, 1.0)
        rows = r.rows(payers)
        model.propose("residents", "trust", payers, -p.trust_bribe)
        friends = r["ties"][rows].ravel()
        friends = friends[r.find(friends) >= 0]
        if len(friends):
            model.propose("residents", "trust", friends, -p.trust_told)
        if "cash" in r:
            model.propose("residents", "cash", payers, -np.minimum(amount * wages(model), r["cash"][rows]))
        chance = risk(model, p, kind != "service") * np.where(deal.hidden[deal.paid], p.hidden, 1.0)
        caught = uniforms(model.seed, f"bribery.{kind}.found", model.tick, r["key"][rows]) < chance
        if caught.any():
            self._dismiss(model, np.unique(officer[caught]))

    def _touch(self, model, ids: np.ndarray, column: str) -> None:
        r = model.residents
        r[column][r.rows(ids)] = model.day

    def _treat(self, model, ids: np.ndarray) -> None:
        """Are the stopped and the arrested treated fairly, as they see it? Some of the others complain."""
        p, s, levers, r = self.params, self.state, model.levers, model.residents
        watched = np.exp(-p.looked_at * min(1.0, max(0.0, levers["accountability"])))
        share = p.rudeness * watched * (1 - min(1.0, max(0.0, levers["fairness"])))
        rude = ids[model.draw("bribery.rude", ids) < share]
        area = r["area"][r.rows(ids)]
        np.add.at(s["experience"], (area, 3), 1.0)
        if not len(rude):
            return
        np.add.at(s["experience"], (r["area"][r.rows(rude)], 2), 1.0)
        s["today"]["unfair"] += len(rude)
        s["today"]["complaints"] += int((model.draw("bribery.complain", rude) < p.complain).sum())
        model.propose("residents", "trust", rude, -p.trust_rude)

    # -- officers ---------------------------------------------------------------------------------------------------

    def _dismiss(self, model, found: np.ndarray) -> None:
        """Officers found out lose their posts; colleagues take note, successors start anew."""
        p, s = self.params, self.state
        s["today"]["found"] += len(found)
        beside = s["colleagues"][found].ravel()
        np.add.at(s["belief"], beside[beside >= 0], p.example)
        s["successor"][found] += 1
        s["moral"][found], s["caution"][found] = officers.hire(model.spec.seed, found, s["successor"][found], p)
        s["belief"][found] = risk(model, p, True) * s["caution"][found]
        s["takes"][found] = 0.0

    def _learn(self, model) -> None:
        """Beliefs follow the controls; what colleagues and areas remember fades."""
        p, s = self.params, self.state
        s["belief"] += (risk(model, p, True) * s["caution"] - s["belief"]) / p.belief_days
        s["takes"] *= 0.5 ** (1 / p.memory_days)
        s["experience"] *= 0.5 ** (1 / 180)
        refresh(s)
