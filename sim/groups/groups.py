"""Groups: turf, recruits, feuds, extortion."""

from __future__ import annotations

import numpy as np

from sim.columns import Column
from sim.draws import uniforms
from sim.groups import feuds, fights, leaders, places, recruits, start, turf
from sim.groups.params import GroupsParams
from sim.groups.people import free, living, members
from sim.groups.table import mixed, position
from sim.mechanism import Mechanism
from sim.registry import mechanism

SPENT = 0.1  # share of the money kept that is used up in a week
SMOOTH = 0.25  # weight of the last week in what a group takes for its income and pay


@mechanism
class Groups(Mechanism):
    """Groups live on places: on a share of the turnover of drug sales and on businesses that pay for being left alone.

    They contest places of others where it promises to pay (Tullock 1980), avenge attacks (Papachristos 2009), recruit
    the young through ties, unemployment and weak supervision (Howell and Egley 2005), split when leaders are taken away
    (Calderon et al. 2015), lose parts when they grow and are absorbed when they shrink. How many groups and members
    there are, and how much they fight, follows from what the market pays.

    Fights are planned at the end of a day and carried out when members meet those they look for. With interactions
    switched off there are no groups. ``state["wanted_leaders"]`` names leaders the police are to arrest.
    """

    name = "groups"
    cadence = "tick"
    Params = GroupsParams
    columns = {"residents": {"group": Column("i4", -1, "id", "group he belongs to, -1 none")}}
    layers = {"turf": Column("i4", -1, "id", "group that holds the place, -1 none")}

    def setup(self, model) -> None:
        if self.params.enabled:
            start.begin(model, self.state, self.params)

    def prepare(self, model) -> None:
        if self.params.enabled and not self.state:  # a restored run that was without groups so far
            start.begin(model, self.state, self.params)

    def step(self, model) -> None:
        s = self.state
        if not model.spec.interactions:
            return
        if model.slot == 0:
            s["today"] = dict.fromkeys(start.TODAY, 0)
        fights.act(model, s, self.params)
        if model.slot == model.calendar.ticks_per_day - 1:
            self._day(model)

    def record(self, model) -> dict[str, float]:
        s = self.state
        if not s:
            return {}
        today = s["today"]
        rows, _ = members(model, s["groups"])
        return {"groups.number": float(len(s["groups"]["id"])), "groups.members": float(len(rows)),
                "groups.fights": float(today["fights"]), "groups.killed": float(today["killed"]),
                "groups.extorted": float(today["extorted"]), "groups.revenue": float(s["revenue"] * s["wage"]),
                "groups.turf": float((model.layers["turf"] >= 0).sum()), "groups.joined": float(today["joined"]),
                "groups.left": float(today["left"]), "groups.mediated": float(today["mediated"]),
                "groups.splits": float(today["splits"])}

    # -- the end of a day ----------------------------------------------------------------------------------------

    def _day(self, model) -> None:
        s, p = self.state, self.params
        table, today = s["groups"], s["today"]
        s["wage"] = places.wage(model)
        s["fee"] = p.fee * s["wage"]
        self._wanted(model)
        leaders.succession(model, s, p)
        s["revenue"] = self._collect(model)
        turn_of_people = (model.day + model.calendar.burn_in_days) % 7
        turn = table["key"] % np.uint64(7) == np.uint64(turn_of_people)
        self._pay(model, turn)
        turf.contests(model, s, turn, p)
        self._extort(model, turn)
        self._discipline(model, turn)
        today["mediated"] = feuds.retaliate(model, s, p)
        # Hazards of joining and leaving are weekly; once a week is as good as a seventh of the people every day.
        today["left"] = today["joined"] = 0
        if turn_of_people == 0:
            today["left"] = recruits.leave(model, s, p, -1)
            today["joined"] = recruits.join(model, s, p, -1) + recruits.join_inside(model, s, p, -1)
        today["recruits"] = recruits.from_beyond(model, s, p)
        leaders.secede(model, s, turn, p)
        turn = table["key"] % np.uint64(7) == np.uint64(turn_of_people)
        leaders.merge(model, s, turn, p)
        leaders.establish(model, s, p)

    def _collect(self, model) -> float:
        """Take the day's share of the turnover at held places; returns the income of all groups a week."""
        table, m = self.state["groups"], places.market(model)
        at = position(table, model.layers["turf"][m["cell"]])
        held = at >= 0
        rent = np.bincount(at[held], self.params.rent * m["turnover"][held], len(table["id"]))
        table["week"] += rent / 7.0
        return float(rent.sum())

    def _pay(self, model, turn: np.ndarray) -> None:
        """Pay day: part of the week's income goes to those who are free."""
        s, p = self.state, self.params
        table = s["groups"]
        rows, at = members(model, table)
        here = free(model, rows)
        heads = np.bincount(at[here], minlength=len(table["id"]))
        wages = np.where(turn, p.wages * table["week"], 0.0)
        each = wages / np.maximum(heads, 1)
        table["cash"] += np.where(turn, table["week"] - wages, 0.0)
        table["cash"] *= np.where(turn, 1.0 - SPENT, 1.0)
        table["income"] += np.where(turn, SMOOTH * (table["week"] - table["income"]), 0.0)
        table["pay"] += np.where(turn, SMOOTH * (each - table["pay"]), 0.0)
        table["week"][turn] = 0.0
        paid = here & turn[at]
        if paid.any():
            model.propose("residents", "cash", model.residents["id"][rows[paid]], each[at[paid]] * s["wage"])

    def _extort(self, model, turn: np.ndarray) -> None:
        """Plan the week's visits to businesses of held places that do not refuse."""
        s, p = self.state, self.params
        table = s["groups"]
        held = np.flatnonzero(model.layers["turf"] >= 0)
        count = (model.layers["shops"][held] + model.layers["bars"][held]).astype(np.int64)
        at = position(table, model.layers["turf"][held])
        ok = (count > 0) & (at >= 0) & turn[np.maximum(at, 0)]
        if not ok.any():
            return
        cell, at = np.repeat(held[ok], count[ok]), np.repeat(at[ok], count[ok])
        number = np.concatenate([np.arange(n) for n in count[ok]])
        business = mixed(cell, number)
        # Who refuses one group this year does not pay it next week.
        year = model.day // 365 + 1_000
        pays = uniforms(model.seed, "groups.refusal", year, mixed(table["key"][at], business))
        strong = turf.strength(model, table, p)[at]
        pays = pays < places.willing(model, cell, strong, p)
        week = (model.day + model.calendar.burn_in_days) // 7
        every = places.weeks_between(table, p)[at]
        pays &= business % every == np.uint64(week) % every
        cell, at, business = cell[pays], at[pays], business[pays]
        if not len(cell):
            return
        key = mixed(table["key"][at], business)
        day = 1 + np.floor(uniforms(model.seed, "groups.visit", model.tick, key) * 7).astype(np.int64)
        feuds.plan(s, attacker=table["id"][at], defender=np.full(len(cell), -1), cell=cell, motive=feuds.EXTORTION,
                   key=key, due=feuds.out_tick(model, key, day), member=owners(model, cell, number[pays]))

    def _discipline(self, model, turn: np.ndarray) -> None:
        """Punishments within groups whose members do not stand together."""
        s, p = self.state, self.params
        table = s["groups"]
        rows, at = members(model, table)
        hazard = p.discipline * np.bincount(at, minlength=len(table["id"])) * (2.0 - table["cohesion"])
        draw = uniforms(model.seed, "groups.discipline", model.tick, table["key"])
        hit = np.flatnonzero(turn & (draw < 1.0 - np.exp(-hazard)))
        if len(hit):
            key = mixed(table["key"][hit], table["key"][hit])
            feuds.plan(s, attacker=table["id"][hit], defender=table["id"][hit], cell=table["home"][hit],
                       motive=feuds.DISCIPLINE, key=key, due=feuds.out_tick(model, key))

    def _wanted(self, model) -> None:
        """Name the leaders to be arrested: those of the largest groups, as many as the lever asks for in all."""
        s, table = self.state, self.state["groups"]
        asked = int(round(model.levers["arrest_leaders"]))
        if asked <= 0:
            s["wanted_leaders"] = s["taken_leaders"] = np.empty(0, np.int64)
            return
        rows = living(model, s["wanted_leaders"])
        held = np.zeros(len(rows), bool)
        held[rows >= 0] = model.residents["custody_until"][rows[rows >= 0]] > model.tick
        s["taken_leaders"] = np.union1d(s["taken_leaders"], s["wanted_leaders"][held]).astype(np.int64)
        keep = s["wanted_leaders"][~held & (rows >= 0)]
        keep = keep[np.isin(keep, table["leader"])]
        at_large = ~np.isin(table["leader"], s["taken_leaders"]) & ~np.isin(table["leader"], keep)
        row = living(model, table["leader"])
        at_large &= row >= 0
        at_large[at_large] = model.residents["custody_until"][row[at_large]] <= model.tick
        missing = max(asked - len(s["taken_leaders"]) - len(keep), 0)
        _, at = members(model, table)
        size = np.bincount(at, minlength=len(table["id"]))
        order = np.lexsort((table["key"], -size))
        new = table["leader"][order[at_large[order]]][:missing]
        s["wanted_leaders"] = np.sort(np.concatenate([keep, new]))


def owners(model, cells: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Ids of residents who work at the cells, the oldest first, one for each business number; -1 for nobody."""
    r = model.residents
    out = np.full(len(cells), -1, np.int64)
    asked = np.zeros(model.city.grid.cells + 1, bool)  # the last stands for those without a place of work
    asked[cells] = True
    works = np.flatnonzero(asked[r["anchor"]] & r["alive"] & (r["routine"] >= 3))
    works = works[np.lexsort((r["id"][works], r["birth_day"][works], r["anchor"][works]))]
    first = np.searchsorted(r["anchor"][works], cells) + number
    ok = first < len(works)
    ok[ok] = r["anchor"][works[first[ok]]] == cells[ok]
    out[ok] = r["id"][works[first[ok]]]
    return out
