"""Offending: motivation, opportunity, choice, act and what is learned from it."""

from __future__ import annotations

import numpy as np

from sim.columns import Column
from sim.draws import decision
from sim.mechanism import Mechanism
from sim.offending import aftermath, choice, fights, memory, motivation, quarrels, thefts
from sim.offending.deeds import still_drawn
from sim.offending.looking import find_ready
from sim.offending.params import OffendingParams
from sim.offending.situation import meet, trust_around
from sim.people import schedules
from sim.registry import mechanism

READY, THIN = decision("offending.ready"), decision("offending.thin")
NEVER = -(2**30)
LOOKS_A_DAY = 6  # readiness is the chance in four hours; a day's chance is six times that


@mechanism
class Offending(Mechanism):
    name = "offending"
    cadence = "tick"
    Params = OffendingParams
    columns = {
        "residents": {
            "ready_property": Column(
                "f4", 0, "per tick", "chance that an outing of four hours is spent looking for something to take"
            ),
            "ready_violence": Column("f4", 0, "per tick", "chance that a provocation is taken up in four hours"),
            "capital_property": Column("f4", 0, "units", "criminal capital in property crime", low=0, high=6),
            "capital_violence": Column("f4", 0, "units", "criminal capital in violence", low=0, high=6),
            "offences": Column("i2", 0, "count", "offences committed"),
            "last_offence": Column("i4", NEVER, "tick", "last offence"),
            "last_property": Column("i4", NEVER, "tick", "last property offence"),
            "drawn_back": Column("u1", 0, "0/1", "a good place is fresh in memory"),
            "places": Column("i4", -1, "index", "row of the memory of good places"),
        }
    }

    # -- set-up --------------------------------------------------------------------------------------------------

    def setup(self, model) -> None:
        self.state.update(
            memory=memory.empty(),
            remembered=0,
            look=dict(id=np.empty(0, np.int64), slot=np.empty(0, np.int64)),
            quarrel=dict(id=np.empty(0, np.int64), slot=np.empty(0, np.int64)),
            grudge_who=np.empty(0, np.int64),
            grudge_at=np.empty(0, np.int64),
            grudge_tick=np.empty(0, np.int64),
            home_id=np.empty(0, np.int64),
            home_tick=np.empty(0, np.int64),
            domestic=0,
            parted=0,
            judged=False,
        )

    def prepare(self, model) -> None:
        p = self.params
        self.motivation = motivation.weight_vector(p)
        learned = model.mechanisms["deterrence"].params
        self.weights, self.theta = choice.weight_vector(p, learned), choice.theta_vector(p)
        self.quarrel = quarrels.weight_vector(p, learned)
        self.skill_step = memory.skill_steps(p)
        d = model.dwellings
        cells = d["cell"]
        if len(cells) and (np.diff(cells) < 0).any():
            raise ValueError("dwellings must be stored in the order of their cells")
        self.dwelling_first = np.searchsorted(cells, np.arange(model.city.grid.cells + 1)).astype(np.int32)
        self.hours_of = self.hours_of_ticks(model)
        self.passing = schedules.passing()
        lots = model.city.layers.get("vacant_lots", np.zeros(model.city.grid.cells))
        self.lots = np.minimum(lots, 1).astype(np.float32)
        outlets = model.city.layers.get("outlets", np.zeros(model.city.grid.cells))
        self.outlets = np.minimum(outlets, 1).astype(np.float32)
        self._make_room(model)
        self.found = np.zeros((model.chunks, 2), np.int64)
        self.hit_count = np.zeros(model.chunks, np.int64)
        self.bitmap = np.zeros(model.city.grid.cells, np.uint8)
        self.banned = np.array(sorted(model.spec.banned), np.int64)
        if model.tick == 0 and not self.state.get("judged"):  # once: a model restored at the start has been judged
            self._update(model, -1)
            self.state["judged"] = True

    def _make_room(self, model) -> None:
        """Scratch memory for as many residents as there are, and some more."""
        size = len(model.residents) // model.chunks + 1024
        self.lookers = np.empty((model.chunks, 2, size), np.int32)
        self.quarrellers = np.empty((model.chunks, 2, size), np.int32)
        self.hits = np.empty((model.chunks, size), np.int32)

    @staticmethod
    def hours_of_ticks(model) -> np.ndarray:
        """Cumulated shares of the hours of a tick by (slot, day kind, routine, activity)."""
        h = model.calendar.tick_hours
        table = schedules.hourly().transpose(1, 0, 3, 2)  # day kind, routine, activity, hour
        parts = table.reshape(*table.shape[:3], 24 // h, h).transpose(3, 0, 1, 2, 4) + 1e-9
        parts = np.cumsum(parts, axis=-1)
        return np.ascontiguousarray(parts / parts[..., -1:])

    # -- a tick --------------------------------------------------------------------------------------------------

    def step(self, model) -> None:
        model.sightings = []
        if len(model.residents) // model.chunks + 1 >= self.hits.shape[1]:
            self._make_room(model)
        if model.slot == 0:
            self.state["domestic"] = self.state["parted"] = 0
            memory.unlearn(self.state["memory"], self.state["remembered"], self.params.skill_days)
            self._update(model, (model.day + model.calendar.burn_in_days) % 7)
            if self.params.self_help > 0:
                self.state["trusted"] = trust_around(model)
            self._who_is_ready(model)
        lookers, quarrellers = self._lookers(model), self._quarrellers(model)
        deeds, blows = thefts.choose(self, model, lookers), fights.choose(self, model, quarrellers)
        asked = [(d["cell"], d["rows"], d["person"], d["taste"]) for d in (deeds, blows) if d is not None]
        met = meet(self, model, asked)
        events = []
        for chosen, room in ((deeds, thefts), (blows, fights)):
            if chosen is not None:
                made = room.finish(self, model, chosen, met.pop(0))
                if made is not None:
                    events.append(made)
        if events:
            aftermath.commit(self, model, {k: np.concatenate([e[k] for e in events]) for k in events[0]})

    def record(self, model) -> dict[str, float]:
        """Violence at home, counted apart from that in public, and quarrels that the police ended before blows."""
        out = {"offending.domestic": float(self.state["domestic"])}
        if self.params.called_early > 0:
            out["offending.parted"] = float(self.state["parted"])
        return out

    def _update(self, model, slice_: int) -> None:
        """Motivation of a seventh of the residents (of all of them when `slice_` is negative)."""
        r, p = model.residents, self.params
        model.parallel(
            motivation.update_readiness,
            len(r),
            slice_,
            r["key"],
            r["alive"],
            model.age(),
            r["sex"],
            r["routine"],
            r["partner"],
            r["self_control"],
            self._restraint(model),
            self._hold(model),
            model.levers["labelled"],
            model.levers["family"],
            r["hardship"],
            r["gap"],
            r["trust"],
            r["group"],
            r["ties"],
            r.row_of,
            r["last_offence"],
            r["last_property"],
            r["offences"],
            model.tick,
            model.calendar.ticks_per_day,
            self.motivation,
            np.float32(0.5 ** (7 / (p.capital_days * np.log(2)))),
            bool(model.spec.interactions),
            r["capital_property"],
            r["capital_violence"],
            r["drawn_back"],
            r["ready_property"],
            r["ready_violence"],
        )

    @staticmethod
    def _restraint(model) -> np.ndarray:
        """Self-control gained in programmes outside and inside prison."""
        gained = model.residents["skills"]
        return gained if model.levers.idle("restraint") else model.levers["restraint"] + gained

    @staticmethod
    def _hold(model) -> np.ndarray:
        """Ties to people who would mind, from programmes and from those who follow the released."""
        followed = model.residents["followed"]
        return model.levers["bond"] + followed.astype(np.float32) if followed.any() else model.levers["bond"]

    def _who_is_ready(self, model) -> None:
        """Draw who will look for an opportunity, or take up a provocation, today, and in which tick."""
        r = model.residents
        self.found[:] = 0
        model.parallel_indexed(
            find_ready,
            len(r),
            model.seed,
            READY,
            model.tick,
            float(LOOKS_A_DAY),
            model.calendar.ticks_per_day,
            r["key"],
            r["ready_property"],
            r["ready_violence"],
            self.lookers,
            self.quarrellers,
            self.found,
        )
        for name, table, counts in (
            ("look", self.lookers, self.found[:, 0]),
            ("quarrel", self.quarrellers, self.found[:, 1]),
        ):
            rows, slot = np.concatenate([table[i, :, :n] for i, n in enumerate(counts)], axis=1)
            order = np.argsort(r["key"][rows])
            ids, slot = r["id"][rows][order], slot[order]
            if len(self.banned):
                free = ~np.isin(ids, self.banned)
                ids, slot = ids[free], slot[free]
            self.state[name] = dict(id=ids, slot=slot)

    def _now(self, model, name: str) -> np.ndarray:
        """Rows of those whose tick has come and who are about."""
        ready = self.state[name]
        rows = model.residents.find(ready["id"][ready["slot"] == model.slot]).astype(np.int64)
        rows = rows[rows >= 0]
        return rows[model.residents["activity"][rows] <= 5]

    def _quarrellers(self, model) -> np.ndarray:
        return self._now(model, "quarrel")

    def _lookers(self, model) -> np.ndarray:
        """Those who are out and whom fresh proceeds do not keep from looking."""
        r, p = model.residents, self.params
        rows = self._now(model, "look")
        rows = rows[r["activity"][rows] >= 2]
        keep = np.ones(len(rows), bool)
        still_drawn(
            rows,
            model.seed,
            THIN,
            model.tick,
            model.calendar.ticks_per_day,
            r["key"],
            r["last_property"],
            r["drawn_back"],
            r["ready_property"],
            p.satiation,
            p.satiation_days,
            p.memory_pull,
            p.good_days,
            p.readiness_scale,
            keep,
        )
        return rows[keep]
