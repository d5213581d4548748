"""Answers to group violence: focused deterrence, mediation, and taking out the leaders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.draws import uniforms
from sim.interventions import selection
from sim.interventions.contract import Intervention, InterventionParams
from sim.interventions.kinds import YEAR, Measure, PlaceParams, Works, redeclare
from sim.interventions.policing import VIOLENT
from sim.parameters import param
from sim.registry import intervention


@dataclass(frozen=True)
class FocusedDeterrenceParams(InterventionParams):
    """Notification of the members of violent groups, with help on offer."""

    members_per_1000: float = param(2.0, unit="per 1,000 residents", low=0, high=100,
                                    source="Braga, Weisburd & Turchan (2018): less than half a per cent of residents",
                                    doc="people notified at most")
    audit: float = param(0.7, unit="share", low=0, high=1,
                         source="Braga, Kennedy, Waring & Piehl (2001): officers list the members of every group; the "
                                "share they know is a modelling choice",
                         doc="members, arrested before or not, whom officers know of groups with recorded violence")
    certainty: float = param(0.3, unit="0-1", low=0, high=1, source="evidence row I05: perceived certainty doubled",
                             doc="risk of arrest a member is told of")
    after_violence: float = param(0.6, unit="0-1", low=0, high=1, source="modelling choice",
                                  doc="the same for the whole group in the weeks after violence by one of it")
    attention_days: int = param(60, unit="days", low=1, high=730, source="modelling choice",
                                doc="how long the group has the attention of the police after that")
    accept: float = param(0.2, unit="share", low=0, high=1, source="modelling choice: few take the help on offer",
                          doc="members who take up work and support")
    earnings: float = param(200.0, unit="per week", low=0, high=5_000, source="modelling choice: half a low wage",
                            doc="legal income of those who do")
    bond: float = param(0.5, unit="ties", low=0, high=5, source="modelling choice",
                        doc="tie to the outreach worker or a family member brought in")
    review_days: int = param(182, unit="days", low=7, high=3_650, source="modelling choice",
                             doc="days after which new members are looked for")
    trial: bool = param(False, unit="-", source="modelling choice",
                        doc="notify a random half of the listed and keep the others as control")
    cost_per_member: float = param(4_000.0, unit="USD of 2022 per member and year", low=0, high=1e6,
                                   source="judgement (not found): case-work and officers' time", doc="cost")


@intervention
class FocusedDeterrence(Intervention):
    """Members of groups whom the police know are told what follows the next shooting, and offered a way out.

    The list begins with an audit: officers know most members of the groups that recorded violence is ascribed to. Then
    come people by their arrests.
    """

    name = "focused_deterrence"
    level = "local"
    target = "members of violent groups and people with arrests, as the police know them"
    levers = ("certainty", "earnings", "bond")
    evidence = ("I05",)
    side_effects = "labelling of those listed; lists can be misused"
    waits = True
    Params = FocusedDeterrenceParams

    def begin(self, model):
        self.state.update(treated_ids=np.empty(0, np.int64), control_ids=np.empty(0, np.int64),
                          accepts=np.empty(0, bool), next_review=model.day, people=0)

    def _list(self, model) -> None:
        p, r, state = self.params, model.residents, self.state
        log, events = model.log, selection.events_since(model, YEAR)
        named = np.unique(log["group"][events][log["recorded"][events]])
        reachable = selection.reachable(model)
        member = reachable & (r["group"] >= 0) & np.isin(r["group"], named)
        at = np.flatnonzero(member)
        # What officers know of a person does not change from review to review; an arrest tells them anyway.
        member[at] = (uniforms(model.seed, f"{self.name}.audit", 0, r["key"][at]) < p.audit) | (r["arrests"][at] > 0)
        rows = np.flatnonzero(member | (reachable & (r["arrests"] > 0)))
        concern = np.minimum(r["arrests"][rows], 20) + 100 * member[rows]
        keys = r["key"][rows]
        u = uniforms(model.seed, f"{self.name}.listed", model.tick, keys)
        known = np.concatenate([state["treated_ids"], state["control_ids"]])
        room = max(0, round(p.members_per_1000 * int(r["alive"].sum()) / 1000) - len(known))
        order = np.lexsort((keys, u, -concern))
        order = order[~np.isin(r["id"][rows][order], known)][:room]
        new, keys = rows[order], keys[order]
        treated = selection.halve(model, self.name, keys) if p.trial else np.ones(len(new), bool)
        accepts = uniforms(model.seed, f"{self.name}.accepts", model.tick, keys[treated]) < p.accept
        state["treated_ids"] = np.concatenate([state["treated_ids"], r["id"][new[treated]]])
        state["control_ids"] = np.concatenate([state["control_ids"], r["id"][new[~treated]]])
        state["accepts"] = np.concatenate([state["accepts"], accepts])
        state["next_review"] = model.day + p.review_days

    def apply(self, model, dose):
        p, r, state = self.params, model.residents, self.state
        if model.day >= state["next_review"]:
            self._list(model)
        rows = r.find(state["treated_ids"])
        here = rows >= 0
        ids, rows, accepts = state["treated_ids"][here], rows[here], state["accepts"][here]
        log, events = model.log, selection.events_since(model, p.attention_days)
        violent = log["recorded"][events] & np.isin(log["type"][events], VIOLENT) & (log["group"][events] >= 0)
        watched = np.isin(r["group"][rows], np.unique(log["group"][events][violent]))
        told = np.where(watched, p.after_violence, p.certainty)
        self.put(model, "certainty", ids, np.minimum(dose * told, 1.0))
        self.put(model, "earnings", ids[accepts], dose * p.earnings)
        self.put(model, "bond", ids[accepts], dose * p.bond)
        state["people"] = len(ids)

    def cost(self, model, dose):
        return dose * self.state["people"] * self.params.cost_per_member / YEAR


@dataclass(frozen=True)
class InterruptersParams(PlaceParams):
    """Mediators in the worst areas."""

    share: float = redeclare(PlaceParams, "share", 0.10, "evidence row I22 (10 % of areas)")
    mediation: float = param(0.3, unit="0-1", low=0, high=1, source="evidence row I22: retaliation cut by 30 %; what "
                             "is heard in time, not what is prevented",
                             doc="planned retaliation that mediators hear of in time")
    cost_per_cell: float = redeclare(PlaceParams, "cost_per_cell", 5_000.0,
                                     "judgement after NYC Council (2023): 12.7 million USD for many services and sites")


@intervention
class ViolenceInterrupters(Works):
    """People from the street who hear of planned retaliation and talk (Cure Violence)."""

    name = "violence_interrupters"
    target = "places by recorded violence of the last year"
    levers = ("mediation",)
    evidence = ("I22",)
    side_effects = "mediators lend groups some recognition"
    Params = InterruptersParams

    def score(self, model, cells):
        log, events = model.log, selection.events_since(model, YEAR)
        known = log["recorded"][events] & np.isin(log["type"][events], VIOLENT)
        believed = model.layers["believed"][cells].astype(float)
        return selection.count_by_cell(model, events, known)[cells] + believed / (1 + believed)

    def amounts(self, model, cells):
        return {"mediation": self.params.mediation}


@dataclass(frozen=True)
class LeadersParams(InterventionParams):
    """Arrests of leaders."""

    leaders: float = param(2.0, unit="leaders", low=0, high=100, source="modelling choice",
                           doc="leaders of groups arrested while it lasts")
    cost_per_leader: float = param(250_000.0, unit="USD of 2022 per leader", low=0, high=1e8, source="judgement",
                                   doc="investigation, spread over a year")


@intervention
class LeaderArrests(Measure):
    """Kingpin strategy: the leaders of the largest groups known are arrested."""

    name = "leader_arrests"
    target = "leaders of groups"
    levers = ("arrest_leaders",)
    evidence = ("I35",)
    side_effects = "groups split and fight: more homicide in most studies"
    Params = LeadersParams

    def amounts(self, model):
        return {"arrest_leaders": self.params.leaders}

    def cost(self, model, dose):
        return dose * self.params.leaders * self.params.cost_per_leader / YEAR
