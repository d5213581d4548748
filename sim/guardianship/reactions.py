"""What victims and neighbours do about a crime: report it or not, fear, trust, watch out.

Fear follows signs of disorder and weak collective efficacy more than victimisation (Hale, 1996; Prieto Curiel & Bishop,
2017); a victim's fear rises and fades over months. Reporting depends on the seriousness of the act, on loss, on who
did it and, weakly, on trust in the police (Tarling & Morris, 2010; Desmond, Papachristos & Kirk, 2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.columns import Column
from sim.draws import decision
from sim.errors import SpecError
from sim.guardianship.feelings import SLICE, feel, raise_alert, rows_of_day
from sim.guardianship.neighbourhood import block_mean, disadvantage
from sim.guardianship.news import news_of_justice
from sim.guardianship.reporting import report
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param
from sim.records import APART, CODE, TYPES
from sim.registry import mechanism

PERSON = decision("reactions.person")
REPORT = decision("reactions.report")
ADULT_DAYS = 18 * 365
COUNTED = np.array([name not in APART for name in TYPES])
VIOLENT = np.array([name in ("robbery", "assault", "homicide", "extortion") for name in TYPES])


@dataclass(frozen=True)
class ReactionsParams(MechanismParams):
    """Settings of reporting, fear and trust."""

    reporting: tuple[float, ...] = param(
        (0.52, 0.54, 0.33, 0.77, 0.44, 0.99, 0.0, 0.08, 0.15), unit="share", low=0, high=1, calibrated=True,
        source="Morgan & Truman (2020), NCVS 2019; Pew (2017); harassment: FRA (2021), order of magnitude",
        doc=f"share reported by a victim of average trust and loss, no weapon, a stranger; by type: {', '.join(TYPES)}")
    business_theft: float = param(0.30, unit="share", low=0, high=1, calibrated=True,
                                  source="Home Office (2014), Commercial Victimisation Survey (order of magnitude)",
                                  doc="share of thefts from shops that are reported")
    business_other: float = param(0.85, unit="share", low=0, high=1, calibrated=True,
                                  source="Home Office (2014), Commercial Victimisation Survey (order of magnitude)",
                                  doc="share of other offences against businesses that are reported")
    weapon: float = param(0.6, unit="logit", low=-2, high=3, source="Tarling & Morris (2010); modelling choice",
                          doc="rise of reporting when a weapon was used")
    loss: float = param(0.35, unit="logit per log unit", low=0, high=2,
                        source="Tarling & Morris (2010); modelling choice",
                        doc="rise of reporting with the loss relative to typical_loss: need and insurance")
    typical_loss: float = param(300.0, unit="money", low=1, high=100_000, source="modelling choice",
                                doc="loss at which the share of the type holds")
    trust: float = param(1.0, unit="logit per unit", low=0, high=6, source="Desmond et al. (2016); null in CSEW (2024)",
                         doc="rise of reporting with trust in the police (0-1); small, and to be swept")
    known_offender: float = param(0.4, unit="logit", low=0, high=3, source="Morgan & Truman (2020); modelling choice",
                                  doc="fall of reporting when the offender is a friend or a member of the household")
    domestic: float = param(0.5, unit="logit", low=0, high=3,
                            source="ONS (2018), partner abuse: 17 % told the police; NCVS higher; to be swept",
                            doc="further fall when it happens at home within the household")
    alert_half_life: float = param(15.0, unit="days", low=1, high=365, source="modelling choice",
                                   doc="half-life of neighbours' alert after a burglary")
    alert_beside: float = param(0.25, unit="ratio", low=0, high=1, source="modelling choice",
                                doc="alert in the cells next to a burgled one")
    fear_base: float = param(0.15, unit="0-1", low=0, high=1, source="modelling choice",
                             doc="fear in calm surroundings")
    fear_disorder: float = param(0.15, unit="0-1", low=0, high=1, source="Hale (1996): direction",
                                 doc="fear in strong disorder around the home")
    fear_efficacy: float = param(0.04, unit="0-1 per sd", low=0, high=0.3, source="Hale (1996): direction",
                                 doc="fear that collective efficacy takes away")
    fear_person: float = param(0.08, unit="0-1", low=0, high=0.3, source="modelling choice",
                               doc="lasting differences in fear between people (sd)")
    fear_violence: float = param(0.25, unit="share", low=0, high=1,
                                 source="modelling choice after Prieto Curiel & Bishop (2017)",
                                 doc="rise of a victim's fear, as a share of what is missing to 1, after violence")
    fear_burglary: float = param(0.15, unit="share", low=0, high=1, source="modelling choice",
                                 doc="the same after a burglary")
    fear_theft: float = param(0.03, unit="share", low=0, high=1, source="modelling choice",
                              doc="the same after other theft")
    fear_harassment: float = param(0.05, unit="share", low=0, high=1, source="FRA (2021): direction; modelling choice",
                                   doc="the same after harassment in public")
    fear_half_life: float = param(180.0, unit="days", low=7, high=3_650,
                                  source="Prieto Curiel & Bishop (2017), order of size",
                                  doc="half-life of a victim's added fear")
    fear_talk: float = param(0.10, unit="share", low=0, high=0.5, source="Prieto Curiel & Bishop (2018): direction",
                             doc="weight of friends' fear at every monthly update")
    unsafe: float = param(0.33, unit="0-1", low=0, high=1, calibrated=True,
                          source="Gallup (2023): about a quarter of adults in Western Europe",
                          doc="fear above which somebody does not feel safe walking alone after dark (SDG 16.1.4)")
    trust_base: float = param(0.60, unit="0-1", low=0, high=1, source="modelling choice",
                              doc="mean trust in the police")
    trust_disadvantage: float = param(0.06, unit="0-1 per sd", low=0, high=0.3,
                                      source="Sampson & Bartusch (1998): direction",
                                      doc="lower trust where disadvantage is concentrated")
    trust_person: float = param(0.12, unit="0-1", low=0, high=0.3, source="modelling choice",
                                doc="lasting differences in trust between people (sd)")
    trust_half_life: float = param(170.0, unit="days", low=30, high=10_000, source="modelling choice",
                                   doc="half-life of an experience with the police")
    trust_stop: float = param(0.03, unit="0-1", low=0, high=0.5, source="Tyler, Fagan & Geller (2014): direction",
                              doc="loss of trust at being stopped")
    trust_arrest: float = param(0.06, unit="0-1", low=0, high=0.5, source="modelling choice",
                                doc="loss of trust at being arrested")
    trust_ignored: float = param(0.05, unit="0-1", low=0, high=0.5, source="modelling choice",
                                 doc="loss of trust of a victim whose report is not recorded")
    trust_cleared: float = param(0.04, unit="0-1", low=0, high=0.5, source="modelling choice",
                                 doc="gain of trust of a victim whose case is cleared")

    def check(self, where: str) -> None:
        if len(self.reporting) != len(TYPES):
            raise SpecError(f"{where}.reporting: expected {len(TYPES)} shares ({', '.join(TYPES)}), "
                            f"found {len(self.reporting)}")


@mechanism
class Reactions(Mechanism):
    """Reporting, fear, trust, victimisations and alert."""

    name = "reactions"
    cadence = "tick"
    Params = ReactionsParams
    columns = {"residents": {
        "fear": Column("f4", 0.2, "0-1", "fear of crime", low=0, high=1),
        "trust": Column("f4", 0.6, "0-1", "trust in the police", low=0, high=1),
        "victimisations": Column("i2", 0, "count", "times a victim", low=0),
    }}
    layers = {
        "alert": Column("f4", 0.0, "burglaries", "neighbours' alert after burglaries: a fading count", low=0),
    }
    log = ("reported",)

    def setup(self, model) -> None:
        p = self.params
        self.state.update(next=0, judged=0,
                          area_trust=(p.trust_base - p.trust_disadvantage * disadvantage(model)).astype(np.float32),
                          today=dict(victims=0))
        self._feel(model, everybody=True)

    def step(self, model) -> None:
        if model.slot == 0:
            self.state["today"] = dict(victims=0)
            days = model.tick // model.calendar.ticks_per_day
            model.layers["alert"] *= np.float32(0.5 ** (1 / self.params.alert_half_life))
            self._feel(model, day=days % SLICE)
        start, end = self.state["next"], len(model.log)
        self.state["next"] = end
        if end > start:
            self._report(model, start, end)
            self._suffer(model, slice(start, end))
        self._judge(model)

    def record(self, model) -> dict[str, float]:
        r = model.residents
        alive = r["alive"]
        adult = alive & (r["birth_day"] <= model.day - ADULT_DAYS)
        unsafe = np.count_nonzero(adult & (r["fear"] > self.params.unsafe)) / max(np.count_nonzero(adult), 1)
        people = max(np.count_nonzero(alive), 1)
        # The dead stay in the columns until the end of the month, so they are left out by a product.
        fear, trust = (float((r[name] * alive).sum(dtype=float)) / people for name in ("fear", "trust"))
        return {"fear.unsafe": unsafe, "fear": fear, "trust": trust,
                "victims": float(self.state["today"]["victims"])}

    # -- reporting ----------------------------------------------------------------------------------------------------

    def _report(self, model, start: int, end: int) -> None:
        p, log, r = self.params, model.log, model.residents
        weights = (p.business_theft, p.business_other, p.weapon, p.loss, p.typical_loss, p.trust, p.trust_base,
                   p.known_offender, p.domestic)
        report(start, end, model.seed, REPORT, model.tick, log["type"], log["minute"], log["offender_id"],
               log["victim_id"], log["domestic"], log["weapon"], log["loss"], r.row_of, r["key"], r["ties"],
               r["dwelling"], r["trust"], np.asarray(p.reporting), weights, model.levers["reporting_ease"],
               log["reported"])

    # -- victims and neighbours ---------------------------------------------------------------------------------------

    def _suffer(self, model, which: slice) -> None:
        p, log, r, grid = self.params, model.log, model.residents, model.city.grid
        kind, victim, cell = log["type"][which], log["victim_id"][which], log["cell"][which]
        rows = np.where(victim >= 0, r.row_of[victim], -1)
        known = rows >= 0
        counted = known & COUNTED[kind]
        np.add.at(r["victimisations"], rows[counted], 1)
        self.state["today"]["victims"] += int(counted.sum())
        if not model.spec.interactions:
            return
        rise = np.where(VIOLENT, p.fear_violence, p.fear_theft)
        rise[CODE["burglary"]], rise[CODE["harassment"]], rise[CODE["drugs"]] = p.fear_burglary, p.fear_harassment, 0.0
        if known.any():
            people, at = np.unique(rows[known], return_inverse=True)
            calm = np.zeros(len(people))
            np.add.at(calm, at, np.log1p(-np.minimum(rise[kind[known]], 0.999)))
            fear = r["fear"]
            fear[people] = 1 - (1 - fear[people]) * np.exp(calm)
        burgled = cell[kind == CODE["burglary"]]
        raise_alert(burgled, grid.width, grid.height, model.layers["alert"], np.float32(p.alert_beside))

    def _judge(self, model) -> None:
        """Experiences with the police since the last tick: stops, arrests, cases recorded or not, cases cleared.

        Without interactions nobody's trust moves: what a victim thinks of the police decides about others' cases.
        """
        if not model.spec.interactions:
            return
        state = news_of_justice(model)
        p, r, log = self.params, model.residents, model.log
        felt = 1.0 - min(1.0, max(0.0, model.levers["fairness"]))
        news = [(state.get("stopped"), -p.trust_stop * felt), (state.get("arrested"), -p.trust_arrest * felt)]
        done = slice(self.state["judged"], min(self.state["next"], state.get("next", 0)))
        self.state["judged"] = max(done.start, done.stop)
        if done.stop > done.start:
            ignored = log["reported"][done] & ~log["recorded"][done]
            news.append((log["victim_id"][done][ignored], -p.trust_ignored))
        solved = state.get("solved")
        if solved is not None and len(solved):
            news.append((log["victim_id"][solved], p.trust_cleared))
        for ids, change in news:
            if ids is None or not len(ids):
                continue
            ids, times = np.unique(ids[ids >= 0], return_counts=True)
            rows = r.row_of[ids]
            known = rows >= 0
            trust = r["trust"]
            changed = trust[rows[known]] + np.float32(change) * times[known].astype(np.float32)
            trust[rows[known]] = np.clip(changed, 0, 1)

    # -- slow changes -------------------------------------------------------------------------------------------------

    def _area_trust(self, model) -> np.ndarray:
        """Trust to which residents of each area return: what governance makes of it, else that of the start."""
        governance = model.mechanisms.get("governance")
        running = governance is not None and governance.params.enabled
        return governance.state.get("trust", self.state["area_trust"]) if running else self.state["area_trust"]

    def welcome(self, model, rows) -> None:
        self._feel(model, everybody=True, rows=rows.astype(np.int32))

    def _feel(self, model, day: int = 0, everybody: bool = False, rows: np.ndarray | None = None) -> None:
        p, r = self.params, model.residents
        if rows is not None:
            pass
        elif everybody:
            rows = np.arange(len(r), dtype=np.int32)
        else:
            rows = np.empty(len(r) + 1, np.int32)
            rows = rows[:rows_of_day(r["key"], np.uint64(day), rows)]
        talk = p.fear_talk if model.spec.interactions and not everybody else 0.0
        signs = block_mean(model.layers["disorder"], model.city.grid.width)
        disorder = np.minimum(np.log1p(signs) / 2, 1.5).astype(np.float32)
        fear, trust = np.empty(len(rows), np.float32), np.empty(len(rows), np.float32)
        keep = [0.0 if everybody else 0.5 ** (SLICE / half) for half in (p.fear_half_life, p.trust_half_life)]
        model.parallel(feel, len(rows), rows, model.seed, PERSON, r["key"], r["home"], r["area"], r["ties"], r.row_of,
                       r["fear"], r["trust"], disorder, model.layers["efficacy"], self._area_trust(model), p.fear_base,
                       p.fear_disorder, p.fear_efficacy, p.fear_person, p.trust_person, *keep, talk, fear, trust)
        r["fear"][rows], r["trust"][rows] = fear, trust
