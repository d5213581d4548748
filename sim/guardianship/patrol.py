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
from sim.records import CODE
from sim.registry import mechanism

STRATEGIES = ("none", "random", "believed", "hot_spots")
ENTRIES_PER_RESIDENT = 1 / 40  # size of the table of recorded events: several months of them
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
    strategy: str = param("believed", unit="-", choices=STRATEGIES, source="modelling choice",
                          doc="where units go when not ordered: nowhere, anywhere in the beat, to places of recorded "
                              "events, or to the cells with the most of them")
    targeted_share: float = param(0.5, unit="share", low=0, high=1, source="modelling choice",
                                  doc="share of visits that follow the strategy; the rest roam the beat")
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

    def hours(self, model) -> float:
        """Patrol hours relative to those of the baseline."""
        return max(0.0, 1.0 + model.levers["force"] - self.params.cut_passed * model.levers["budget_cut"])

    def setup(self, model) -> None:
        guardians = model.guardians
        guardians["unit"][:] = np.arange(len(guardians))
        size = max(64, int(len(model.residents) * ENTRIES_PER_RESIDENT))
        self.state.update(next=0, table_cell=np.full(size, -1, np.int32), table_day=np.zeros(size, np.int32),
                          carried=empty(), hot=np.empty(0, np.int32))
        beat = model.city.layers.get("beat")
        inside = model.city.area >= 0
        if beat is None or not (beat[inside] >= 0).any():
            return
        homes = np.bincount(beat[inside & (beat >= 0)], model.city.layers["dwellings"][inside & (beat >= 0)] + 1e-6)
        guardians["beat"][:] = shares(homes, len(guardians))

    def prepare(self, model) -> None:
        layers, inside = model.city.layers, model.city.area >= 0
        walkable = inside & (layers["street"] > 0) if "street" in layers else inside
        self._cells = np.flatnonzero(walkable if walkable.any() else inside).astype(np.int32)
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
        p, g, minutes = self.params, model.guardians, model.calendar.tick_minutes
        strategy = p.strategy if model.spec.interactions else {"none": "none"}.get(p.strategy, "random")
        wanted = 0.0 if strategy == "none" else min(self.visits_per_unit(minutes) * self.hours(model), minutes / 2)
        size = len(g) * (int(wanted) + 1)
        cell, start, stay = np.empty(size, np.int32), np.empty(size, np.int16), np.empty(size, np.int16)
        unit, key = np.empty(size, np.int64), np.empty(size, np.uint64)
        code = {"believed": 1, "hot_spots": 2}.get(strategy, 0)
        n = regular_visits(model.seed, VISIT, WHERE, model.tick, g["key"], g["beat"], wanted, minutes, p.visit_minutes,
                           p.targeted_share, code, self.state["table_cell"], self.state["table_day"], model.day,
                           p.half_life_days, self.state["hot"], self._beat_first, self._beat_count, self._beat_cells,
                           self._cells, cell, start, stay, unit, key) if size else 0
        rows = unit[:n]
        g["cell"][rows] = cell[:n]  # visits of a unit stand in the order of time: the last one stays
        return dict(cell=cell[:n], start=start[:n], minutes=stay[:n], unit=g["id"][rows], key=key[:n],
                    ordered=np.zeros(n, bool), stop_rate=np.full(n, p.stops_per_visit, np.float32))

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
        capacity = len(g) * self.visits_per_unit(model.calendar.tick_minutes) * self.hours(model)
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
