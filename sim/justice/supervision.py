"""Probation, parole and drug courts: conditions, violations, and what answers them.

Usual supervision finds some violations, warns and now and then revokes: rarely and late, but for months. Swift
sanctions answer a share of all violations at once and briefly. What a person learns from an answer is that he is found:
it raises his perceived risk, whatever its length.
"""

from __future__ import annotations

import numpy as np

from sim.draws import uniforms
from sim.drugs.tables import insert, keep, position

TABLE = {"id": "i8", "kind": "u1", "until": "i4", "found": "i2"}
PROBATION, PAROLE, DRUG_COURT = 1, 2, 3


def place(table: dict, ids: np.ndarray, kind: np.ndarray, until: np.ndarray) -> None:
    """Put people (ids without repetition) under supervision; who is there already stays longer, on stricter terms."""
    at = position(table, ids)
    old = at >= 0
    table["until"][at[old]] = np.maximum(table["until"][at[old]], until[old])
    table["kind"][at[old]] = np.maximum(table["kind"][at[old]], kind[old])
    insert(table, dict(id=ids[~old], kind=kind[~old], until=until[~old]))


def violations(model, p, rows: np.ndarray) -> np.ndarray:
    """Probability of a violation in a week."""
    r = model.residents
    usual = model.mechanisms["deterrence"].params.base if "deterrence" in model.mechanisms else 0.3
    log = -p.violation_control * (r["self_control"][rows] + r["skills"][rows]).astype(float)
    log -= p.violation_risk * (r["risk"][rows].astype(float) - usual)
    if "use" in r:
        log += p.violation_use * np.where(r["treatment"][rows] == 2, 0, r["use"][rows])
    return -np.expm1(-p.violations * np.exp(np.clip(log, -10, 5)))


def dropped_out(model, rows: np.ndarray) -> np.ndarray:
    """Dependent and neither in treatment nor waiting for it: what a drug court does not let pass."""
    r = model.residents
    return (r["use"][rows] == 2) & (r["treatment"][rows] == 0) if "use" in r else np.zeros(len(rows), bool)


def check(model, p, table: dict, turn: np.ndarray) -> dict[str, np.ndarray]:
    """A week of those whose turn it is (bool by position, all of them free).

    Returns
    -------
    dict of positions in the table
        ``warned``, ``brief`` (custody for days), ``revoked`` (custody for months), ``failed`` (in a drug court).
    """
    who = np.flatnonzero(turn)
    rows = model.residents.rows(table["id"][who])
    key = model.residents["key"][rows]

    def draw(name):
        return uniforms(model.seed, f"corrections.{name}", model.tick, key)

    court = table["kind"][who] == DRUG_COURT
    lapsed = court & dropped_out(model, rows)
    violated = draw("violation") < violations(model, p, rows)
    swift = violated & (draw("swift") < model.levers["swift_sanctions"])
    found = swift | violated & (draw("found") < np.where(court, p.court_found, p.found))
    table["found"][who[found & lapsed]] += 1
    failed = found & lapsed & (table["found"][who] >= p.court_patience)
    brief = (swift | found & lapsed) & ~failed
    revoked = found & ~brief & ~court & (draw("revoked") < p.revoked)
    return dict(warned=who[found & ~brief & ~revoked & ~failed], brief=who[brief], revoked=who[revoked],
                failed=who[failed])


def end(model, table: dict) -> np.ndarray:
    """Drop those whose time is over or who are gone; returns the ids of drug-court participants among them."""
    rows = model.residents.find(table["id"])
    here = (rows >= 0) & model.residents["alive"][np.maximum(rows, 0)]
    stay = here & (table["until"] > model.tick)
    done = table["id"][here & ~stay & (table["kind"] == DRUG_COURT)]
    keep(table, stay)
    return done
