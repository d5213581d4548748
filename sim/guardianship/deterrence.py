"""Perceived risk of arrest: learned from arrests, sightings and impunity, fading again.

People update on what happens to them and to those they know (Stafford & Warr, 1993; Anwar & Loughran, 2011), not on
police numbers; a scare fades within weeks (Sherman, 1990). The unit is that of the utility of an option in the choice
of targets: offending subtracts ``risk`` and the remembered sightings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, uint64

from sim.columns import Column
from sim.guardianship.memory import LONG_AGO, SLOTS, remember
from sim.guardianship.news import news_of_justice
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param
from sim.records import APART, TYPES
from sim.registry import mechanism
from sim.sets import distinct

SLICE = 8  # days between two updates of the same person (a power of two)
APART_TYPE = np.array([name in APART for name in TYPES])
FORGOTTEN = 12  # e-folds after which a memory is dropped; habituation to the place lasts until then


@dataclass(frozen=True)
class DeterrenceParams(MechanismParams):
    """Settings of perceived risk. Utility: the scale of an option's value in the choice of targets."""

    base: float = param(0.3, unit="utility", low=0, high=3, source="modelling choice",
                        doc="perceived risk of somebody without any experience")
    own_arrest: float = param(0.6, unit="utility", low=0, high=3,
                              source="modelling choice after Anwar & Loughran (2011)",
                              doc="rise at an arrest of one's own")
    tie_arrest: float = param(0.15, unit="utility", low=0, high=3,
                              source="modelling choice after Stafford & Warr (1993)",
                              doc="rise at the arrest of a friend or accomplice")
    sighting: float = param(0.02, unit="utility", low=0, high=1, source="modelling choice",
                            doc="rise at seeing police while looking for an opportunity")
    impunity: float = param(0.04, unit="utility", low=0, high=1,
                            source="modelling choice after Anwar & Loughran (2011)",
                            doc="fall with every offence of one's own")
    half_life_days: float = param(60.0, unit="days", low=1, high=3_650,
                                  source="Sherman (1990): initial deterrence decays",
                                  doc="half-life of what was learned")
    memory_strength: float = param(1.0, unit="utility", low=0, high=5, source="modelling choice",
                                   doc="perceived risk at a place where police were just seen")
    memory_days: float = param(5.0, unit="days", low=0.1, high=100, source="modelling choice",
                               doc="fading of a remembered sighting (e-fold)")
    memory_cells: float = param(1.5, unit="cells", low=0.1, high=20, source="modelling choice",
                                doc="reach of a remembered sighting (e-fold)")
    habituation: float = param(0.15, unit="-", low=0, high=5, source="modelling choice after Sorg et al. (2013)",
                               doc="loss of force with every further sighting at the same place that led to nothing")


@njit(cache=True, nogil=True)
def fade_risk(lo, hi, keys, risk, base, keep, day):
    """Move the risk of the day's slice of residents towards its base."""
    for i in range(lo, hi):
        if risk[i] != base and ((keys[i] >> uint64(6)) & uint64(SLICE - 1)) == day:
            risk[i] = base + (risk[i] - base) * keep


@njit(cache=True, nogil=True)
def add_risk(ids, row_of, risk, amount):
    """Add an amount to the risk of everybody mentioned (ids below 0 are nobody), within 0 and 3."""
    for i in ids:
        if i >= 0 and row_of[i] >= 0:
            row = row_of[i]
            risk[row] = min(max(risk[row] + amount, np.float32(0.0)), np.float32(3.0))


@mechanism
class Deterrence(Mechanism):
    """Perceived risk of arrest and memories of police.

    Offending reports sightings as ``model.sightings``, a list of (ids, cells) arrays made anew each tick. Kernels ask
    with :func:`sim.guardianship.memory.remembered`, given the column ``sighted`` and ``state["cells"], state["ticks"],
    state["times"]``.
    """

    name = "deterrence"
    cadence = "tick"
    Params = DeterrenceParams
    columns = {"residents": {
        "risk": Column("f4", 0.3, "utility", "perceived risk of arrest", low=0, high=3),
        "sighted": Column("i4", -1, "index", "where the memories of police are kept; -1 none"),
    }}

    def setup(self, model) -> None:
        model.residents["risk"][:] = self.params.base
        self.state.update(next=0, used=0, owner=np.empty(0, np.int64), cells=np.empty((0, SLOTS), np.int32),
                          ticks=np.empty((0, SLOTS), np.int32), times=np.empty((0, SLOTS), np.uint8))

    def prepare(self, model) -> None:
        model.sightings = []

    def welcome(self, model, rows) -> None:
        model.residents["risk"][rows] = self.params.base

    def step(self, model) -> None:
        p, tpd = self.params, model.calendar.ticks_per_day
        if model.slot == 0:
            r = model.residents
            day = np.uint64(model.tick // tpd % SLICE)
            model.parallel(fade_risk, len(r), r["key"], r["risk"], np.float32(p.base),
                           np.float32(0.5 ** (SLICE / p.half_life_days)), day)
            if day == 0:
                self._forget(model)
        self._see(model)
        self._learn(model)

    # -- general risk -------------------------------------------------------------------------------------------------

    def _learn(self, model) -> None:
        p, log = self.params, model.log
        new = slice(self.state["next"], len(log))
        self.state["next"] = len(log)
        # Sales and harassment say nothing to anybody about the risk of a theft or a fight.
        acted = ~APART_TYPE[log["type"][new]]
        if acted.any():
            people = np.concatenate([log["offender_id"][new][acted], log["co_offenders"][new][acted].ravel()])
            self._add(model, people, -p.impunity)
        arrested = news_of_justice(model).get("arrested")
        if arrested is not None and len(arrested):
            self._add(model, arrested, p.own_arrest)
            if model.spec.interactions:
                rows = model.residents.row_of[arrested]
                self._add(model, model.residents["ties"][rows[rows >= 0]].ravel(), p.tie_arrest)

    @staticmethod
    def _add(model, ids, amount: float) -> None:
        """Add an amount for every mention of a person; the order of mentions does not matter."""
        r = model.residents
        add_risk(np.ascontiguousarray(ids, np.int64), r.row_of, r["risk"], np.float32(amount))

    # -- places where police were seen --------------------------------------------------------------------------------

    def _see(self, model) -> None:
        if not model.sightings:
            return
        ids = np.concatenate([s[0] for s in model.sightings]).astype(np.int64)
        cells = np.concatenate([s[1] for s in model.sightings]).astype(np.int32)
        if not len(ids):
            return
        pairs = distinct(ids * np.int64(model.city.grid.cells) + cells)
        ids, cells = pairs // model.city.grid.cells, (pairs % model.city.grid.cells).astype(np.int32)
        rows = model.residents.row_of[ids]
        ids, cells, rows = ids[rows >= 0], cells[rows >= 0], rows[rows >= 0]
        s = self.state
        need = s["used"] + len(ids)
        if need > len(s["owner"]):
            more = max(need, 2 * len(s["owner"]), 256) - len(s["owner"])
            s["owner"] = np.concatenate([s["owner"], np.full(more, -1, np.int64)])
            s["cells"] = np.concatenate([s["cells"], np.full((more, SLOTS), -1, np.int32)])
            s["ticks"] = np.concatenate([s["ticks"], np.full((more, SLOTS), LONG_AGO, np.int32)])
            s["times"] = np.concatenate([s["times"], np.zeros((more, SLOTS), np.uint8)])
        s["used"] = int(remember(rows, ids, cells, model.tick, model.residents["sighted"], s["owner"], s["cells"],
                                 s["ticks"], s["times"], s["used"]))
        self._add(model, ids, self.params.sighting)

    def _forget(self, model) -> None:
        """Drop memories that are too old and those of people who are gone."""
        s, r = self.state, model.residents
        oldest = model.tick - FORGOTTEN * self.params.memory_days * model.calendar.ticks_per_day
        used = s["used"]
        rows = r.row_of[s["owner"][:used]]
        fresh = s["ticks"][:used] > oldest
        keep = np.flatnonzero((rows >= 0) & fresh.any(axis=1))
        r["sighted"][rows[rows >= 0]] = -1
        s["cells"][:used][~fresh] = -1
        for name in ("owner", "cells", "ticks", "times"):
            s[name] = s[name][keep].copy()
        s["used"] = len(keep)
        r["sighted"][rows[keep]] = np.arange(len(keep), dtype=np.int32)
