"""Offending: motivation, opportunity, choice, act and what is learned from it."""

from __future__ import annotations

import numpy as np

from sim.columns import Column
from sim.draws import decision, mix_arrays, normals, uniforms
from sim.mechanism import Mechanism
from sim.offending import choice, memory, motivation, quarrels
from sim.offending.deeds import earliest, find_accomplices, keyed_minutes, still_drawn, strike
from sim.offending.looking import find_people, find_ready
from sim.offending.params import OffendingParams
from sim.people import schedules
from sim.records import CO_SLOTS, CODE
from sim.registry import mechanism

READY, THIN, MINUTE, MINUTE_V = (decision(f"offending.{n}") for n in ("ready", "thin", "minute", "minute_quarrel"))
CHOICE = np.array([decision("offending.choice"), decision("offending.notice"), 0, 0])
QUARREL = np.array([decision("offending.quarrel"), decision("offending.notice_quarrel"), 0, 0])
VICTIM, JOIN, STRIKE, GRUDGE = (decision(f"offending.{n}") for n in ("victim", "join", "strike", "grudge"))
# Median loss by kind of property offence and spread of its logarithm (Heeks et al. 2018, orders of magnitude).
LOSS = {
    choice.BURGLARY: (900.0, 1.1),
    choice.SHOP: (60.0, 0.9),
    choice.PERSON: (120.0, 0.9),
    choice.VEHICLE: (4000.0, 0.8),
    choice.ROBBERY: (150.0, 0.9),
    choice.TILL: (400.0, 0.8),
}
TYPE_OF = np.array(
    [CODE["burglary"], CODE["theft"], CODE["theft"], CODE["vehicle"], CODE["robbery"], CODE["robbery"]], np.int8
)
SKILL_OF = np.array([0, 1, 1, 1, 2, 2])
SKILL_STEP = np.array([0.3, 0.08, 0.2], np.float32)  # learning by kind; theft teaches little
NEVER = -(2**30)


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
            grudge_who=np.empty(0, np.int64),
            grudge_at=np.empty(0, np.int64),
            grudge_tick=np.empty(0, np.int64),
        )

    def prepare(self, model) -> None:
        p = self.params
        self.motivation = motivation.weight_vector(p)
        learned = model.mechanisms["deterrence"].params
        self.weights, self.theta = choice.weight_vector(p, learned), choice.theta_vector(p)
        self.quarrel = quarrels.weight_vector(p, learned)
        d = model.dwellings
        cells = d["cell"]
        if len(cells) and (np.diff(cells) < 0).any():
            raise ValueError("dwellings must be stored in the order of their cells")
        self.dwelling_first = np.searchsorted(cells, np.arange(model.city.grid.cells + 1)).astype(np.int32)
        self.minutes_of = self._minute_weights(model)
        n = len(model.residents)
        size = n // model.chunks + 1024
        self.lookers = np.empty((model.chunks, size), np.int32)
        self.quarrellers = np.empty((model.chunks, size), np.int32)
        self.hits = np.empty((model.chunks, size), np.int32)
        self.found = np.zeros((model.chunks, 2), np.int64)
        self.hit_count = np.zeros(model.chunks, np.int64)
        self.bitmap = np.zeros(model.city.grid.cells, np.uint8)
        self.banned = np.array(sorted(model.spec.banned), np.int64)
        if model.tick == 0:
            self._update(model, -1)

    @staticmethod
    def _minute_weights(model) -> np.ndarray:
        """Cumulated shares of the hours of a tick by (slot, day kind, routine, activity)."""
        h = model.calendar.tick_hours
        table = schedules.hourly().transpose(1, 0, 3, 2)  # day kind, routine, activity, hour
        parts = table.reshape(*table.shape[:3], 24 // h, h).transpose(3, 0, 1, 2, 4) + 1e-9
        parts = np.cumsum(parts, axis=-1)
        return np.ascontiguousarray(parts / parts[..., -1:])

    # -- a tick --------------------------------------------------------------------------------------------------

    def step(self, model) -> None:
        model.sightings = []
        if model.slot == 0:
            self._update(model, (model.day + model.calendar.burn_in_days) % 7)
        lookers, quarrellers = self._ready(model)
        deeds, blows = self._property(model, lookers), self._violence(model, quarrellers)
        met = self._meet(
            model, [(d["cell"], d["rows"], d["person"], d["taste"]) for d in (deeds, blows) if d is not None]
        )
        events = []
        for chosen, finish in ((deeds, self._events), (blows, self._fights)):
            if chosen is not None:
                made = finish(model, chosen, met.pop(0))
                if made is not None:
                    events.append(made)
        if events:
            self._commit(model, {k: np.concatenate([e[k] for e in events]) for k in events[0]})

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
            model.levers["restraint"],
            r["hardship"],
            r["gap"],
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

    def _ready(self, model) -> tuple[np.ndarray, np.ndarray]:
        r, p = model.residents, self.params
        self.found[:] = 0
        model.parallel_indexed(
            find_ready,
            len(r),
            model.seed,
            READY,
            model.tick,
            model.calendar.tick_hours / 4.0,
            r["key"],
            r["activity"],
            r["ready_property"],
            r["ready_violence"],
            self.lookers,
            self.quarrellers,
            self.found,
        )
        lists = []
        for array, counts in ((self.lookers, self.found[:, 0]), (self.quarrellers, self.found[:, 1])):
            rows = np.concatenate([array[i, :n] for i, n in enumerate(counts)]).astype(np.int64)
            if len(self.banned):
                rows = rows[~np.isin(r["id"][rows], self.banned)]
            lists.append(rows[np.argsort(r["key"][rows])])
        lookers, quarrellers = lists
        keep = np.ones(len(lookers), bool)
        still_drawn(
            lookers,
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
        return lookers[keep], quarrellers

    def _light_of_day(self, model, minutes: np.ndarray) -> np.ndarray:
        """True where it is dark: sunset moves between 17 and 21, sunrise between 5:30 and 8:30 (latitude 40-50)."""
        season = model.calendar.season(model.day)
        hour = model.slot * model.calendar.tick_hours + minutes / 60.0
        return (hour >= 19 + 2 * season) | (hour < 7 - 1.5 * season)

    def _minutes(self, model, rows: np.ndarray, code: int) -> np.ndarray:
        out = np.zeros(len(rows), np.int16)
        r = model.residents
        table = self.minutes_of[model.slot, schedules.day_kind(model.calendar.weekday(model.day))]
        keyed_minutes(rows, model.seed, code, model.tick, r["key"], r["routine"], r["activity"], table, out)
        return out

    def _property(self, model, rows: np.ndarray) -> dict | None:
        if not len(rows):
            return None
        r, d, layers, levers, v = model.residents, model.dwellings, model.layers, model.levers, model.visits
        grid, city = model.city.grid, model.spec.city
        minutes = self._minutes(model, rows, MINUTE)
        hour = (model.slot * model.calendar.tick_hours + minutes // 60).astype(int)
        open_share = np.where((hour >= 9) & (hour < 19), 1.0, np.where((hour >= 8) & (hour < 22), 0.5, 0.0))
        # Share of a day's passers who pass in this hour: busy by day, few at night.
        passing = np.where((hour >= 7) & (hour < 20), 0.06, np.where((hour >= 20) & (hour < 24), 0.03, 0.006))
        n = len(rows)
        kind, cell = np.empty(n, np.int8), np.empty(n, np.int32)
        dwelling, seen_place = np.full(n, -1, np.int64), np.empty((n, choice.PLACES), np.int32)
        table = self.state["memory"]
        s = model.mechanisms["deterrence"].state
        choice.choose_property(
            rows,
            minutes,
            self._light_of_day(model, minutes),
            passing,
            model.seed,
            CHOICE,
            model.tick,
            model.calendar.ticks_per_day,
            bool(model.spec.interactions),
            r["key"],
            r["home"],
            r["cell"],
            r["shop_nodes"],
            r["risk"],
            r["places"],
            r["sighted"],
            r["next_member"],
            r["activity"],
            r.row_of,
            grid.width,
            grid.height,
            city.street_period,
            city.street_order,
            model.city.area,
            layers["dwellings"],
            self.dwelling_first,
            layers["shops"],
            layers["bars"],
            layers["stops"],
            layers["flow"],
            layers["light"],
            layers["management"],
            layers["efficacy"],
            layers["alert"],
            layers["at_home"],
            layers["in_public"],
            levers["light"],
            levers["management"],
            levers["security"],
            open_share,
            d["id"],
            d["first_member"],
            d["security"],
            d["value"],
            d["cover"],
            table["cell"],
            table["dwelling"],
            table["tick"],
            table["skill"],
            s["cells"],
            s["ticks"],
            s["times"],
            v.first,
            v.count,
            v.start,
            v.minutes,
            self.weights,
            self.theta,
            kind,
            cell,
            dwelling,
            seen_place,
        )
        noticed = seen_place >= 0
        if noticed.any():
            who = np.broadcast_to(r["id"][rows][:, None], seen_place.shape)
            model.sightings.append((who[noticed], seen_place[noticed]))
        act = kind >= 0
        if not act.any():
            return None
        kind = kind[act]
        return dict(
            rows=rows[act],
            kind=kind,
            cell=cell[act],
            dwelling=dwelling[act],
            minutes=minutes[act],
            taste=0,
            person=(kind == choice.PERSON) | (kind == choice.ROBBERY),
        )

    def _events(self, model, chosen: dict, met: np.ndarray) -> dict | None:
        """Targets of property offences: households, car owners, people present."""
        r, d = model.residents, model.dwellings
        rows, kind, cell, dwelling, minutes, person = (
            chosen[k] for k in ("rows", "kind", "cell", "dwelling", "minutes", "person")
        )
        n = len(rows)
        key = r["key"][rows]
        victim = np.full(n, -1, np.int64)
        cars = kind == choice.VEHICLE
        if cars.any():
            first, last = self.dwelling_first[cell], self.dwelling_first[cell + 1]
            u = uniforms(model.seed, "offending.car", model.tick, key)
            dwelling = np.where(
                cars & (last > first), np.minimum(first + (u * (last - first)).astype(np.int64), last - 1), dwelling
            )
        homes = dwelling >= 0
        victim[homes] = d["first_member"][dwelling[homes]]
        dwelling_id = np.where(homes, d["id"][np.maximum(dwelling, 0)], -1)
        victim[person] = np.where(met >= 0, r["id"][np.maximum(met, 0)], -1)
        keep = np.ones(n, bool)
        keep[person] = met >= 0
        if model.spec.interactions:
            taken = np.where(kind == choice.BURGLARY, dwelling_id, -1)
            keep &= earliest(taken, minutes, key)
            keep &= earliest(np.where(person, victim, -1), minutes, key)
        if not keep.any():
            return None
        shop = (kind == choice.SHOP) | (kind == choice.TILL)
        count = np.maximum(1, model.layers["shops"][cell])
        which = (uniforms(model.seed, "offending.shop", model.tick, key) * count).astype(np.int64)
        thing = np.where(shop, which, np.where(homes, dwelling_id, key.astype(np.int64) + model.tick))
        loss = np.zeros(n, np.float32)
        z = normals(model.seed, "offending.loss", model.tick, key)
        for k, (median, spread) in LOSS.items():
            loss[kind == k] = median * np.exp(spread * z[kind == k])
        weapon, lethal = np.zeros(n, bool), np.zeros(n, bool)
        if person.any():
            self._strike(model, rows, person & (kind == choice.ROBBERY), False, weapon, lethal)
        type_ = TYPE_OF[kind]
        type_[lethal] = CODE["homicide"]
        return {
            name: value[keep]
            for name, value in dict(
                rows=rows,
                minute=minutes,
                cell=cell,
                spot=self._spot(cell, thing, kind),
                type=type_,
                victim_id=victim,
                dwelling_id=dwelling_id,
                domestic=np.zeros(n, bool),
                weapon=weapon,
                lethal=lethal,
                loss=loss,
                kind=kind,
                outdoors=np.isin(kind, (choice.PERSON, choice.VEHICLE, choice.ROBBERY)),
            ).items()
        }

    def _strike(self, model, rows, which, assault, weapon, lethal) -> None:
        p, r = self.params, model.residents
        m = int(which.sum())
        if m:
            w, x = np.zeros(m, bool), np.zeros(m, bool)
            strike(
                rows[which],
                np.full(m, assault),
                model.seed,
                STRIKE,
                model.tick,
                r["key"],
                r["capital_violence"],
                p.weapon,
                p.lethal_weapon,
                p.lethal_unarmed,
                w,
                x,
            )
            weapon[which], lethal[which] = w, x

    @staticmethod
    def _spot(cell, thing, kind) -> np.ndarray:
        out = np.empty(len(cell), np.uint64)
        mix_arrays(cell.astype(np.uint64) * np.uint64(8) + kind.astype(np.uint64), thing.astype(np.uint64), out)
        return (out >> np.uint64(32)).astype(np.uint32)

    def _meet(self, model, asked: list[tuple]) -> list[np.ndarray]:
        """Rows of the victims (-1: nobody there) of offences against people present, in one pass over the residents.

        asked : list of (cells, rows of offenders, bool which of them need a victim, taste).
        """
        if not any(which.any() for _, _, which, _ in asked):
            return [np.empty(0, np.int64) for _ in asked]
        r = model.residents
        cells = np.concatenate([c[which] for c, _, which, _ in asked])
        rows = np.concatenate([o[which] for _, o, which, _ in asked])
        taste = np.concatenate([np.full(int(which.sum()), t, np.int8) for _, _, which, t in asked])
        self.bitmap[cells] = 1
        self.hit_count[:] = 0
        model.parallel_indexed(find_people, len(r), self.bitmap, r["activity"], r["cell"], self.hits, self.hit_count)
        self.bitmap[cells] = 0
        hits = np.concatenate([self.hits[i, :n] for i, n in enumerate(self.hit_count)])
        out = np.empty(len(cells), np.int64)
        quarrels.choose_victims(
            cells,
            rows,
            taste,
            model.seed,
            VICTIM,
            model.tick,
            r["key"],
            model.age(),
            r["ready_violence"],
            r["activity"],
            r["cell"],
            hits,
            out,
        )
        return np.split(out, np.cumsum([int(which.sum()) for _, _, which, _ in asked])[:-1])

    def _violence(self, model, rows: np.ndarray) -> dict | None:
        r, layers, v = model.residents, model.layers, model.visits
        avengers, foes = self._grudges(model)
        if not len(rows) and not len(avengers):
            return None
        n = len(rows)
        minutes = self._minutes(model, rows, MINUTE_V)
        kind, cell = np.full(n, -1, np.int8), np.zeros(n, np.int32)
        member, seen_at = np.full(n, -1, np.int64), np.full(n, -1, np.int32)
        if n:
            s = model.mechanisms["deterrence"].state
            hour = model.slot * model.calendar.tick_hours + minutes // 60
            first = model.dwellings["first_member"][model.dwellings.rows(r["dwelling"][rows])]
            quarrels.choose_quarrel(
                rows,
                minutes,
                self._light_of_day(model, minutes),
                schedules.AWAKE[hour],
                model.seed,
                QUARREL,
                model.tick,
                model.calendar.ticks_per_day,
                16,
                bool(model.spec.interactions),
                r["key"],
                r["cell"],
                r["activity"],
                model.age(),
                r["risk"],
                r["sighted"],
                first,
                r["next_member"],
                r.row_of,
                r["partner"],
                model.city.grid.width,
                layers["in_public"],
                layers["management"],
                layers["light"],
                model.levers["management"],
                model.levers["light"],
                s["cells"],
                s["ticks"],
                s["times"],
                v.first,
                v.count,
                v.start,
                v.minutes,
                self.quarrel,
                kind,
                cell,
                member,
                seen_at,
            )
            if (seen_at >= 0).any():
                model.sightings.append((r["id"][rows][seen_at >= 0], seen_at[seen_at >= 0]))
        act = kind >= 0
        return dict(
            rows=rows[act],
            minute=minutes[act],
            cell=cell[act],
            victim_id=member[act],
            taste=1,
            person=kind[act] == quarrels.STRANGER,
            avengers=avengers,
            foes=foes,
        )

    def _fights(self, model, chosen: dict, met: np.ndarray) -> dict | None:
        """Quarrels that found their victim, and the blows of those who strike back."""
        r, avengers, foes = model.residents, chosen["avengers"], chosen["foes"]
        victim, street = chosen["victim_id"].copy(), chosen["person"]
        victim[street] = np.where(met >= 0, r["id"][np.maximum(met, 0)], -1)
        hit = victim >= 0
        parts = dict(
            rows=chosen["rows"][hit],
            minute=chosen["minute"][hit],
            cell=chosen["cell"][hit],
            victim_id=victim[hit],
            domestic=~street[hit],
        )
        if len(avengers):
            extra = dict(
                rows=avengers,
                minute=self._minutes(model, avengers, GRUDGE),
                cell=r["cell"][r.rows(foes)],
                victim_id=foes,
                domestic=np.zeros(len(avengers), bool),
            )
            parts = {k: np.concatenate([parts[k], extra[k]]) for k in parts}
        if not len(parts["rows"]):
            return None
        key = r["key"][parts["rows"]]
        if model.spec.interactions:
            keep = earliest(parts["victim_id"], parts["minute"], key)
            parts, key = {k: x[keep] for k, x in parts.items()}, key[keep]
        m = len(parts["rows"])
        weapon, lethal = np.zeros(m, bool), np.zeros(m, bool)
        self._strike(model, parts["rows"], np.ones(m, bool), True, weapon, lethal)
        type_ = np.where(lethal, CODE["homicide"], CODE["assault"]).astype(np.int8)
        indoors = (r["activity"][parts["rows"]] <= 3) | parts["domestic"]
        home = r["dwelling"][parts["rows"]]
        thing = np.where(parts["domestic"], home, key.astype(np.int64) + model.tick)
        kinds = np.full(m, 7, np.int8)
        return dict(
            **parts,
            spot=self._spot(parts["cell"], thing, kinds),
            type=type_,
            dwelling_id=np.where(parts["domestic"], home, -1),
            weapon=weapon,
            lethal=lethal,
            loss=np.zeros(m, np.float32),
            kind=kinds,
            outdoors=~indoors,
        )

    def _grudges(self, model) -> tuple[np.ndarray, np.ndarray]:
        """Victims of assault who strike back now: (rows of avengers, ids of foes)."""
        s, r, p = self.state, model.residents, self.params
        fresh = s["grudge_tick"] > model.tick - p.grudge_days * model.calendar.ticks_per_day
        for name in ("grudge_who", "grudge_at", "grudge_tick"):
            s[name] = s[name][fresh]
        nobody = np.empty(0, np.int64)
        if not len(s["grudge_who"]) or not model.spec.interactions:
            return nobody, nobody
        who, at = s["grudge_who"], s["grudge_at"]
        known = (who < r.row_of.size) & (at < r.row_of.size)
        a, b = r.row_of[np.where(known, who, 0)], r.row_of[np.where(known, at, 0)]
        ok = known & (a >= 0) & (b >= 0)
        width = model.city.grid.width
        ca, cb = r["cell"][a], r["cell"][b]
        near = np.maximum(abs(ca % width - cb % width), abs(ca // width - cb // width)) <= 6
        ok &= (ca >= 0) & (cb >= 0) & near & (r["activity"][a] >= 1) & (r["activity"][b] >= 1)
        ok &= r["ready_violence"][a] > 0
        if len(self.banned):
            ok &= ~np.isin(who, self.banned)
        pair = np.empty(len(who), np.uint64)
        mix_arrays(r["key"][a], r["key"][b], pair)
        base = 1 / (1 + np.exp(self.params.violence_threshold / self.params.readiness_scale))
        temper = np.clip((r["ready_violence"][a] / base) ** 0.5, 0.1, 5.0)
        ok &= (
            uniforms(model.seed, "offending.grudge", model.tick, pair)
            < p.grudge * temper * model.calendar.tick_hours / 4
        )
        rows, foes = a[ok].astype(np.int64), at[ok]
        order = np.lexsort((foes, r["key"][rows]))
        rows, foes = rows[order], foes[order]
        once = np.ones(len(rows), bool)
        once[1:] = rows[1:] != rows[:-1]
        if ok.any():
            done = np.isin(s["grudge_who"], r["id"][rows[once]])
            for name in ("grudge_who", "grudge_at", "grudge_tick"):
                s[name] = s[name][~done]
        return rows[once], foes[once]

    # -- commit --------------------------------------------------------------------------------------------------

    def _commit(self, model, e: dict[str, np.ndarray]) -> None:
        r, tick = model.residents, model.tick
        order = np.lexsort((e["type"], r["id"][e["rows"]], e["minute"]))
        e = {name: value[order] for name, value in e.items()}
        rows = e["rows"]
        co = np.empty((len(rows), CO_SLOTS), np.int64)
        ready = np.where(e["kind"][:, None] == 7, 1, 0)  # quarrels are joined by friends ready for violence
        for violent in (0, 1):
            part = ready[:, 0] == violent
            if part.any():
                out = np.empty((int(part.sum()), CO_SLOTS), np.int64)
                find_accomplices(
                    rows[part],
                    model.seed,
                    JOIN,
                    tick,
                    bool(model.spec.interactions),
                    r["key"],
                    r["ties"],
                    r.row_of,
                    r["activity"],
                    r["ready_violence" if violent else "ready_property"],
                    self.params.joint,
                    out,
                )
                co[part] = out
        co[e["domestic"]] = -1
        if len(self.banned):
            co[np.isin(co, self.banned)] = -1
        co[co == e["victim_id"][:, None]] = -1
        model.log.append(
            tick=np.full(len(rows), tick, np.int32),
            minute=(e["minute"] + model.slot * model.calendar.tick_minutes).astype(np.int16),
            cell=e["cell"],
            spot=e["spot"],
            type=e["type"],
            offender_id=r["id"][rows],
            victim_id=e["victim_id"],
            dwelling_id=e["dwelling_id"],
            co_offenders=co,
            domestic=e["domestic"],
            weapon=e["weapon"],
            outdoors=e["outdoors"],
            loss=e["loss"],
        )
        self._learn(model, e, co)
        self._consequences(model, e, co)

    def _learn(self, model, e, co) -> None:
        """Offences, capital, skill and good places of offenders and accomplices."""
        r, p, s = model.residents, self.params, self.state
        for j, row in enumerate(e["rows"].tolist()):
            violent = e["kind"][j] == 7
            for person in [row, *[int(r.row_of[i]) for i in co[j] if i >= 0]]:
                r["offences"][person] = min(32_000, int(r["offences"][person]) + 1)
                r["last_offence"][person] = model.tick
                capital = r["capital_violence"] if violent else r["capital_property"]
                capital[person] = min(6.0, float(capital[person]) + p.capital_step)
                if violent:
                    continue
                if not r["drawn_back"][person]:
                    r["drawn_back"][person] = 1
                    x = float(np.clip(r["ready_property"][person], 1e-12, 1 - 1e-9))
                    x = np.log(x / (1 - x)) + p.memory_pull / p.readiness_scale
                    if r["ready_property"][person] > 0:
                        r["ready_property"][person] = 1 / (1 + np.exp(-x))
                r["last_property"][person] = model.tick
                self._remember(model, person, e["kind"][j], int(e["cell"][j]), int(e["dwelling_id"][j]))

    def _remember(self, model, row: int, kind: int, cell: int, dwelling: int) -> None:
        r, s = model.residents, self.state
        index = int(r["places"][row])
        if index < 0:
            index = s["remembered"]
            s["memory"] = memory.grow(s["memory"], index + 1)
            s["remembered"] = index + 1
            r["places"][row] = index
            s["memory"]["owner"][index] = r["id"][row]
        t = s["memory"]
        memory.remember_place(
            index, kind == choice.BURGLARY, cell, dwelling, model.tick, t["cell"], t["dwelling"], t["tick"]
        )
        which = SKILL_OF[kind]
        t["skill"][index, which] = min(3.0, t["skill"][index, which] + SKILL_STEP[which])

    def _consequences(self, model, e, co) -> None:
        """Money for the offenders; deaths and grudges of the victims."""
        r, p, s = model.residents, self.params, self.state
        paid = e["loss"] > 0
        if paid.any():
            heads = 1 + (co[paid] >= 0).sum(axis=1)
            share = e["loss"][paid] * p.fence / heads
            ids = np.concatenate([r["id"][e["rows"][paid]], co[paid].ravel()])
            money = np.concatenate([share, np.repeat(share, CO_SLOTS)])
            model.propose("residents", "cash", ids[ids >= 0], money[ids >= 0])
        if not model.spec.interactions:
            return
        dead = np.unique(e["victim_id"][e["lethal"] & (e["victim_id"] >= 0)])
        if len(dead):
            model.bury(dead, "homicide")
        hurt = (e["type"] == CODE["assault"]) & ~e["domestic"] & (e["victim_id"] >= 0)
        if hurt.any():
            offenders = r["id"][e["rows"][hurt]]
            s["grudge_who"] = np.concatenate([s["grudge_who"], e["victim_id"][hurt]])
            s["grudge_at"] = np.concatenate([s["grudge_at"], offenders])
            s["grudge_tick"] = np.concatenate([s["grudge_tick"], np.full(int(hurt.sum()), model.tick, np.int64)])
