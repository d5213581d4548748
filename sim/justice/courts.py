"""From arrest to sentence: caution, diversion, detention before the sentence, the court's queue, the sentence.

Cases wait in a docket. The time a case needs is fixed when it is entered; courts with more cases than they are made for
take longer for each, so that a wave of arrests fills the cells with people who are not sentenced.
"""

from __future__ import annotations

import numpy as np

from sim.draws import uniforms
from sim.drugs.tables import empty, keep
from sim.records import CODE

DOCKET = {
    "id": "i8",
    "key": "u8",  # of the person and the event: the case's own draws
    "kind": "i1",
    "minor": "?",  # under 18 at the arrest
    "remand": "?",  # detained until the sentence
    "breach": "?",  # arrested under supervision
    "left": "f8",  # days of proceedings still needed
    "since": "i4",  # tick of the arrest
}
SENTENCES = {"id": "i8", "key": "u8", "kind": "i1", "custody": "?", "until": "i4", "drug_court": "?"}


def odds(share: np.ndarray) -> np.ndarray:
    """Logarithm of the odds of a share; finite for 0 and 1."""
    share = np.clip(np.asarray(share, float), 1e-6, 1 - 1e-6)
    return np.log(share / (1 - share))


def chance(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logit))


def supervised(model, rows: np.ndarray) -> np.ndarray:
    """True for residents under supervision now."""
    r = model.residents
    return r["supervised_until"][rows] > model.tick if "supervised_until" in r else np.zeros(len(rows), bool)


def keep_out_of_court(model, p, rows, kind, key, minor) -> tuple[np.ndarray, np.ndarray]:
    """Which cases end with a caution and which in a diversion programme.

    A programme takes its share of all minor first cases, also of those that a caution would have ended: these are drawn
    in, the widening of the net.

    Returns
    -------
    cautioned, programme : bool arrays
        A case in both is one that the programme has drawn in.
    """
    base = np.asarray(p.cautioned)[kind]
    eligible = (base > 0) & (model.residents["convictions"][rows] == 0) & ~supervised(model, rows)
    often = chance(odds(base) + p.youth * minor)
    cautioned = eligible & (uniforms(model.seed, "justice.caution", 0, key) < often)
    programme = eligible & (uniforms(model.seed, "justice.diversion", 0, key) < model.levers["diversion"])
    return cautioned, programme


def charge(model, p, state: dict, ids, rows, kind, key, minor) -> np.ndarray:
    """Enter cases into the docket; returns which of them are detained until the sentence."""
    r = model.residents
    breach = supervised(model, rows)
    logit = (odds(np.asarray(p.remand)[kind]) + p.record * np.log1p(r["convictions"][rows]) - p.youth * minor
             + p.breach * breach)
    remand = uniforms(model.seed, "justice.remand", 0, key) < chance(logit)
    days = -np.log(uniforms(model.seed, "justice.proceedings", 0, key)) * p.court_days
    new = dict(id=ids, key=key, kind=kind, minor=minor, remand=remand, breach=breach,
               left=days * np.where(remand, 1.0, p.bail_wait), since=np.full(len(ids), model.tick))
    docket = {name: np.concatenate([state[name], np.asarray(new[name], dtype)]) for name, dtype in DOCKET.items()}
    order = np.lexsort((docket["key"], docket["id"]))
    for name, values in docket.items():
        state[name] = values[order]
    return remand


def proceed(model, p, docket: dict, days: float) -> dict:
    """Courts work for some days; takes out the cases they decide and returns them. The dead are not tried."""
    rows = model.residents.find(docket["id"])
    keep(docket, (rows >= 0) & model.residents["alive"][np.maximum(rows, 0)])
    pending = len(docket["id"])
    if not pending:
        return empty(DOCKET)
    load = pending / max(p.court_cases * len(model.residents) / 1000, 1e-9)
    pace = days * min(1.0, load**-0.5)
    docket["left"] -= np.where(docket["remand"], pace * np.exp(model.levers["court_speed"]), pace)
    done = docket["left"] <= 0
    decided = {name: values[done] for name, values in docket.items()}
    keep(docket, ~done)
    return decided


def sentence(model, p, cases: dict) -> tuple[dict, int]:
    """Sentence the cases that end with a conviction.

    The length of a term does not depend on how long proceedings took; time in detention counts towards it.

    Returns
    -------
    dict, int
        The sentences (columns `SENTENCES`), and how many went to a drug court without custody having been due.
    """
    guilty = uniforms(model.seed, "justice.verdict", 0, cases["key"]) >= p.dismissed
    c = {name: values[guilty] for name, values in cases.items()}
    r = model.residents
    rows = r.rows(c["id"])
    logit = (odds(np.asarray(p.custody_share)[c["kind"]]) + p.record * np.log1p(r["convictions"][rows])
             - p.youth * c["minor"] + p.breach * c["breach"] + model.levers["custody_use"])
    jailed = uniforms(model.seed, "justice.custody", 0, c["key"]) < chance(logit)
    days = -np.log(uniforms(model.seed, "justice.term", 0, c["key"])) * np.asarray(p.custody_days)[c["kind"]]
    days *= np.where(c["minor"], 0.5, 1.0) * model.spec.city.custody_terms
    days = np.maximum(days, 1) * np.exp(model.levers["custody_length"])
    begin = np.where(c["remand"], c["since"], model.tick)
    barred = np.isin(c["kind"], [CODE[kind] for kind in p.drug_court_barred])
    corrections = model.mechanisms.get("corrections")
    served = corrections is not None and corrections.params.enabled and "use" in r
    drug_court = (uniforms(model.seed, "justice.drug_court", 0, c["key"]) < model.levers["drug_court"]) & ~barred
    drug_court &= (r["use"][rows] == 2) if served else False
    until = begin + np.minimum(np.ceil(days * model.calendar.ticks_per_day), 2**28)
    custody = jailed & ~drug_court
    out = dict(id=c["id"], key=c["key"], kind=c["kind"], custody=custody, drug_court=drug_court,
               until=np.where(custody, until, 0))
    return {name: np.asarray(out[name], dtype) for name, dtype in SENTENCES.items()}, int((drug_court & ~jailed).sum())
