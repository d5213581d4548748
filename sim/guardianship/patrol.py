"""Patrol units: how many, where they go, and what they believe about crime.

Patrols see recorded crime only (Brantingham, 2016; Lum & Isaac, 2016, on feedback). Uncommitted time is spent in
visits: to places of recent recorded events, to hot spots or roaming a beat; interventions order visits in their place.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from sim.columns import Column
from sim.draws import decision, uniforms
from sim.guardianship.dispatch import enter_recorded, ordered_visits, regular_visits
from sim.guardianship.events import event_keys
from sim.guardianship.visits import Visits, empty, join, take
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param
from sim.people.schedules import AWAKE
from sim.records import CODE
from sim.registry import mechanism

STRATEGIES = ("none", "random", "believed", "hot_spots")
ENTRIES_PER_RESIDENT = 1 / 40  # size of the table of recorded events: several months of them
MOST_COMMITTED = 0.95  # share of a tick that calls and paperwork can take
CARRY_MINUTES = 120  # visits that ended this recently are kept into the next tick
VISIT = decision("patrol.visit")
WHERE = decision("patrol.where")
ORDERED = decision("patrol.ordered")
ENTRY = decision("patrol.entry")


@dataclass(frozen=True)
class PatrolParams(MechanismParams):
    """Settings of the patrols."""

    officers_per_1000: float = param(2.5, unit="per 1,000 residents", low=0, high=20, source="FBI (2019), table 74",
                                     doc="sworn officers of the force")
    on_street: float = param(0.12, unit="share", low=0, high=1,
                             source="modelling choice (60 % of officers patrol; one post round the clock takes five)",
                             doc="share of officers on street patrol at any time")
    crew: float = param(1.3, unit="officers", low=1, high=10, source="modelling choice", doc="officers of a unit")
    uncommitted: float = param(0.5, unit="share", low=0, high=1,
                               source="Famega, Frank & Mazerolle (2005): more than half",
                               doc="share of a shift not taken by calls and paperwork, spent in visits")
    visit_minutes: float = param(15.0, unit="minutes", low=1, high=120, source="Koper (1995)",
                                 doc="mean length of a visit (exponential, within its slot)")
    travel_minutes: float = param(5.0, unit="minutes", low=0, high=120, source="modelling choice",
                                  doc="way to the next visit")
    cut_passed: float = param(1.0, unit="ratio", low=0, high=3, source="modelling choice",
                              doc="share of patrol hours lost for each share of the safety budget that is cut")
    calls_stay: float = param(0.0, unit="share", low=0, high=1,
                              source="modelling choice: calls are made by the city, paperwork follows arrests",
                              doc="share of the time taken by calls and paperwork that stays as it is when the force "
                                  "changes; the hours of further officers are uncommitted to that degree")
    strategy: str = param("believed", unit="-", choices=STRATEGIES, source="modelling choice",
                          doc="where units go when not ordered: nowhere, anywhere in the beat, to places of recorded "
                              "events, or to the cells with the most of them")
    targeted_share: float = param(0.5, unit="share", low=0, high=1, source="modelling choice",
                                  doc="share of visits that follow the strategy; the rest roam the beat")
    calls_follow: float = param(0.0, unit="share", low=0, high=1,
                                source="modelling choice: units are busiest when most people are about",
                                doc="share of the time taken by calls that follows the number of people awake at home "
                                    "or in public; the rest is the same at all hours")
    dispatch_minutes: float = param(4.0, unit="minutes", low=0, high=60, source="modelling choice",
                                    doc="from an urgent call until a unit that is free sets out")
    drive_kmh: float = param(25.0, unit="km/h", low=3, high=120, source="modelling choice",
                             doc="speed of units on their way to a call, along streets at right angles")
    backup: float = param(0.0, unit="share", low=0, high=1,
                          source="modelling choice after Boydstun, Sherry & Moelter (1977): who is alone waits",
                          doc="urgent calls about violence at which a unit of one officer waits for a second unit")
    around_calls: float = param(0.0, unit="share", low=0, high=1,
                                source="modelling choice: units are where the last call brought them",
                                doc="share of the other visits that are made around places of recorded events instead "
                                    "of anywhere in the beat")
    around_cells: int = param(2, unit="cells", low=0, high=50, source="modelling choice",
                              doc="how far around, to each side")
    hot_share: float = param(0.05, unit="share of cells", low=0.001, high=0.5, source="Weisburd (2015)",
                             doc="cells that count as hot spots under the strategy hot_spots")
    half_life_days: float = param(60.0, unit="days", low=1, high=3_650, source="modelling choice",
                                  doc="half-life of a recorded event in what the police believe")
    count_discovered_drugs: bool = param(False, unit="-", source="Lum & Isaac (2016)",
                                         doc="drug offences found by patrols count as recorded crime of the place: a "
                                             "feedback from where patrols go to where they are sent")
    stops_per_visit: float = param(0.01, unit="stops", low=0, high=5,
                                   source="Harrell & Davis (2020): 1-2 % of residents a year",
                                   doc="expected stops of persons in public during a visit")


@mechanism
class Patrol(Mechanism):
    """Patrol units and their visits.

    Each tick sets ``model.visits`` (:class:`sim.guardianship.visits.Visits`). Orders are read from the lever
    ``visits``: dicts with ``cells`` (array), ``minutes``, ``per_day`` (number or array), and optionally ``extra``
    (true: officers on top of the force), ``hours`` (pair: first and last hour; only ticks that begin in between) and
    ``stops`` (expected stops per visit).
    """

    name = "patrol"
    cadence = "tick"
    Params = PatrolParams
    columns = {"guardians": {
        "unit": Column("i4", 0, "index", "number of the unit"),
        "beat": Column("i2", -1, "index", "police beat; -1 is the whole city"),
        "cell": Column("i4", -1, "cell", "place of the last regular visit"),
    }}
    layers = {"believed": Column("f4", 0.0, "events", "recorded crime as the police remember it: a fading count",
                                 low=0)}

    def units(self, residents: int) -> int:
        """Units on duty at any time for a city of so many residents."""
        p = self.params
        return round(residents / 1000 * p.officers_per_1000 * p.on_street / p.crew)

    def visits_per_unit(self, tick_minutes: int) -> float:
        """Expected regular visits of one unit in a tick."""
        p = self.params
        return min(tick_minutes * p.uncommitted / (p.visit_minutes + p.travel_minutes), tick_minutes / 2)

    def alone(self) -> float:
        """Chance that the first unit at violence has to wait for a second one: `crew` is the mean of ones and twos."""
        return self.params.backup * min(max(2.0 - self.params.crew, 0.0), 1.0)

    def hours(self, model) -> float:
        """Patrol hours relative to those of the baseline at the usual load of calls.

        Where calls keep their time (`calls_stay`) hours lost are lost by the patrols; those of further officers are
        not in it but in :meth:`further`.
        """
        p = self.params
        usual = 1.0 if p.calls_follow == 0 else (1 - self._committed()) / max(p.uncommitted, 1e-9)
        if p.calls_stay == 0:
            return max(0.0, usual * max(0.0, 1.0 + self._change(model)))
        return max(0.0, usual + min(0.0, self._change(model)) * self._share_free() / max(p.uncommitted, 1e-9))

    def further(self, model) -> float:
        """Visits in a tick of the officers added, as a multiple of those of the units there are."""
        p = self.params
        if p.calls_stay == 0:
            return 0.0
        return max(0.0, self._change(model)) * self._share_free() / max(p.uncommitted, 1e-9)

    def _committed(self) -> float:
        """Share of the tick that calls and paperwork take: calls come from the people who are about."""
        p, s = self.params, self.state
        about = s["about"] / s["usual"] if p.calls_follow > 0 and s["usual"] > 0 else 1.0
        return min(MOST_COMMITTED, (1 - p.uncommitted) * (1 - p.calls_follow + p.calls_follow * about))

    def _count_about(self, model) -> None:
        """People awake at home or in public now, against the mean of the last weeks."""
        s, hours = self.state, model.calendar.tick_hours
        awake = AWAKE[model.slot * hours:(model.slot + 1) * hours].mean()
        people = int(model.layers["in_public"].sum()) + int(model.layers["at_home"].sum())
        s["about"] = float(awake * people) if model.spec.interactions else 1.0
        s["looks"] = min(s["looks"] + 1, 28 * model.calendar.ticks_per_day)
        s["usual"] += (s["about"] - s["usual"]) / s["looks"]

    def to_calls(self, model) -> tuple[float, float, float]:
        """Minutes on the way to a visit, from a call to setting out, and per cell of the way to a call."""
        p = self.params
        return p.travel_minutes, p.dispatch_minutes, model.city.grid.cell_m * 0.06 / p.drive_kmh

    def _change(self, model) -> float:
        return model.levers["force"] - self.params.cut_passed * model.levers["budget_cut"]

    def _share_free(self) -> float:
        """Uncommitted share of the hours by which the force changes."""
        p = self.params
        return p.uncommitted + (1 - p.uncommitted) * p.calls_stay

    def setup(self, model) -> None:
        guardians = model.guardians
        guardians["unit"][:] = np.arange(len(guardians))
        size = max(64, int(len(model.residents) * ENTRIES_PER_RESIDENT))
        self.state.update(next=0, table_cell=np.full(size, -1, np.int32), table_day=np.zeros(size, np.int32),
                          carried=empty(), about=0.0, usual=0.0, looks=0, hot=np.empty(0, np.int32))
        beat = model.city.layers.get("beat")
        inside = model.city.area >= 0
        if beat is None or not (beat[inside] >= 0).any():
            return
        homes = np.bincount(beat[inside & (beat >= 0)], model.city.layers["dwellings"][inside & (beat >= 0)] + 1e-6)
        guardians["beat"][:] = shares(homes, len(guardians))

    def prepare(self, model) -> None:
        layers, inside = model.city.layers, model.city.area >= 0
        walkable = inside & (layers["street"] > 0) if "street" in layers else inside
        self._walkable = (walkable if walkable.any() else inside).astype(np.uint8)
        self._cells = np.flatnonzero(self._walkable).astype(np.int32)
        beat = layers.get("beat", np.full(model.city.grid.cells, -1, np.int16))[self._cells]
        order = np.argsort(beat, kind="stable")
        order = order[beat[order] >= 0]
        self._beat_cells = self._cells[order]
        self._beat_count = np.bincount(beat[order], minlength=1).astype(np.int32)
        self._beat_first = (np.cumsum(self._beat_count) - self._beat_count).astype(np.int32)
        model.visits = Visits(model.city.grid.cells)

    def step(self, model) -> None:
        if model.slot == 0:
            self._fade(model)
        self._learn(model)
        if self.params.calls_follow > 0:
            self._count_about(model)
        new = join([self._plan(model), self.state["carried"]])
        model.visits.replace(new)
        minutes = model.calendar.tick_minutes
        late = (new["start"] >= 0) & (new["start"].astype(int) + new["minutes"] > minutes - CARRY_MINUTES)
        carried = take(new, late)
        carried["start"] = carried["start"] - np.int16(minutes)
        self.state["carried"] = carried

    # -- what the police believe ------------------------------------------------------------------------------------

    def _fade(self, model) -> None:
        p, layer = self.params, model.layers["believed"]
        layer *= np.float32(0.5 ** (1 / p.half_life_days))
        if p.strategy == "hot_spots" and (len(self.state["hot"]) == 0 or (model.day % 7) == 0):
            top = max(1, round(p.hot_share * len(self._cells)))
            order = np.lexsort((self._cells, -layer[self._cells]))[:top]
            self.state["hot"] = self._cells[order[layer[self._cells[order]] > 0]]

    def _learn(self, model) -> None:
        """Enter the events recorded since the last look."""
        log, start = model.log, self.state["next"]
        self.state["next"] = len(log)
        if start >= len(log):
            return
        which = start + np.flatnonzero(log["recorded"][start:])
        if not self.params.count_discovered_drugs:
            which = which[log["type"][which] != CODE["drugs"]]
        if len(which):
            cells = log["cell"][which]
            np.add.at(model.layers["believed"], cells, np.float32(1))
            enter_recorded(model.seed, ENTRY, cells, event_keys(model, which), log["tick"][which], model.day,
                           self.state["table_cell"], self.state["table_day"])

    # -- visits -----------------------------------------------------------------------------------------------------

    def _plan(self, model) -> dict:
        regular = self._regular(model)
        if not model.levers["visits"]:
            return regular
        orders = [(bool(order.get("extra", False)), self._order(model, order)) for order in model.levers["visits"]]
        extra = [table for added, table in orders if added]
        instead = join([table for added, table in orders if not added], rank=True)
        if len(instead["cell"]):
            regular = self._replace(model, regular, instead)
        return join([regular, *extra])

    def _regular(self, model) -> dict:
        regular = self._visits(model, self.hours(model), 0)
        last = np.flatnonzero(np.diff(regular["unit"], append=-1) != 0)  # a unit's visits stand in the order of time
        model.guardians["cell"][model.guardians.rows(regular["unit"][last])] = regular["cell"][last]
        further = self.further(model)
        if further <= 0:
            return regular
        # Further officers are units beside those there are, whose visits stay where they were.
        extra = [self._visits(model, min(1.0, further - k), 1 + k) for k in range(int(np.ceil(further)))]
        return join([regular, *extra])

    def _visits(self, model, hours: float, salt: int) -> dict:
        """Visits of as many units as there are, with their hours relative to the baseline's."""
        p, g, minutes = self.params, model.guardians, model.calendar.tick_minutes
        strategy = p.strategy if model.spec.interactions else {"none": "none"}.get(p.strategy, "random")
        wanted = 0.0 if strategy == "none" else min(self.visits_per_unit(minutes) * hours, minutes / 2)
        near = p.around_calls if model.spec.interactions else 0.0
        size = len(g) * (int(wanted) + 1)
        cell, start, stay = np.empty(size, np.int32), np.empty(size, np.int16), np.empty(size, np.int16)
        unit, key = np.empty(size, np.int64), np.empty(size, np.uint64)
        code = {"believed": 1, "hot_spots": 2}.get(strategy, 0)
        n = regular_visits(model.seed, VISIT, WHERE, model.tick, g["key"], g["beat"], wanted, minutes, p.visit_minutes,
                           p.targeted_share, code, self.state["table_cell"], self.state["table_day"], model.day,
                           p.half_life_days, self.state["hot"], self._beat_first, self._beat_count, self._beat_cells,
                           self._cells, near, p.around_cells, self._walkable, model.city.grid.width, salt,
                           cell, start, stay, unit, key) if size else 0
        return dict(cell=cell[:n], start=start[:n], minutes=stay[:n], key=key[:n], ordered=np.zeros(n, bool),
                    unit=g["id"][unit[:n]] if salt == 0 else np.full(n, -1, np.int64),
                    stop_rate=np.full(n, p.stops_per_visit, np.float32))

    def _order(self, model, order: dict) -> dict:
        """Visits of this tick under one order."""
        minutes, calendar = model.calendar.tick_minutes, model.calendar
        cells = np.asarray(order["cells"], np.int32)
        per_day = np.broadcast_to(np.asarray(order["per_day"], float), cells.shape).copy()
        size = int(np.floor(per_day).sum()) + len(cells)
        cell, start, stay = np.empty(size, np.int32), np.empty(size, np.int16), np.empty(size, np.int16)
        key, rank = np.empty(size, np.uint64), np.empty(size, np.uint32)
        slots = np.arange(calendar.ticks_per_day)
        if order.get("hours") is not None:
            first, last = order["hours"]
            begin = slots * calendar.tick_hours
            inside = (begin >= first) & (begin < last) if first <= last else (begin >= first) | (begin < last)
            slots = slots[inside] if inside.any() else slots
        source = np.uint64(zlib.crc32(str(order["source"]).encode()))
        n = ordered_visits(model.seed, ORDERED, model.tick // calendar.ticks_per_day, model.slot, slots, source, cells,
                           per_day, float(order["minutes"]), minutes, cell, start, stay, key, rank)
        rate = float(order.get("stops", self.params.stops_per_visit))
        return dict(cell=cell[:n], start=start[:n], minutes=stay[:n], key=key[:n], rank=rank[:n],
                    unit=np.full(n, -1, np.int64), ordered=np.ones(n, bool), stop_rate=np.full(n, rate, np.float32))

    def _replace(self, model, regular: dict, wanted: dict) -> dict:
        """Let ordered visits take the time of regular ones; no more than the force has."""
        p, g = self.params, model.guardians
        each = p.visit_minutes + p.travel_minutes
        capacity = (len(g) * self.visits_per_unit(model.calendar.tick_minutes)
                    * (self.hours(model) + self.further(model)))
        wanted = take(wanted, np.lexsort((wanted["key"], wanted["rank"])))
        need = np.cumsum(wanted["minutes"] + p.travel_minutes) / each
        served = int(np.searchsorted(need, capacity, side="right"))
        if not served:
            return regular
        wanted, lost = take(wanted, np.arange(served)), float(need[served - 1])
        lost = int(lost) + int(uniforms(model.seed, "patrol.yield", model.tick, [0], k=1)[0] < lost - int(lost))
        # Which regular visits give way: the same ones whatever the dose, more of them at a higher dose.
        order = np.lexsort((regular["key"], uniforms(model.seed, "patrol.yield", model.tick, regular["key"])))
        units = regular["unit"][order] if len(order) else g["id"]
        wanted["unit"] = units[np.arange(served) % len(units)]
        return join([take(regular, np.sort(order[lost:])), wanted])


def shares(weights: np.ndarray, units: int) -> np.ndarray:
    """Divide units among beats in proportion to weights (largest remainders); returns the beat of each unit."""
    quota = weights / weights.sum() * units
    count = np.floor(quota).astype(int)
    rest = np.lexsort((np.arange(len(weights)), -(quota - count)))[: units - count.sum()]
    count[rest] += 1
    return np.repeat(np.arange(len(weights)), count)
