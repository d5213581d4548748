"""Courts: who stays out of them, the queue, detention before the sentence, sentences."""

import numpy as np
import pytest

from sim.justice import courts, custody
from sim.justice.corrections import Corrections, CorrectionsParams
from sim.justice.justice import Justice, JusticeParams
from sim.records import CODE


class Levers(dict):
    def __missing__(self, key):
        return 0.0


@pytest.fixture
def world(make):
    def build(n=400, **levers):
        model = make([Justice(JusticeParams()), Corrections(CorrectionsParams())], residents=n)
        model.levers = Levers(levers)
        return model
    return build


def cases(n, kind="theft", seed=0, **more):
    key = np.random.default_rng(seed).integers(1, 2**62, n).astype(np.uint64)
    out = dict(id=np.arange(n), key=key, kind=np.full(n, CODE[kind]), minor=np.zeros(n, bool),
               remand=np.zeros(n, bool), breach=np.zeros(n, bool), left=np.zeros(n), since=np.zeros(n))
    return {k: np.asarray(more.get(k, v), courts.DOCKET[k]) for k, v in out.items()}


def test_a_diversion_programme_draws_in_cases_that_a_caution_would_have_ended(world):
    model, p, n = world(4000, diversion=0.5), JusticeParams(), 4000
    rows, key = np.arange(n), cases(n)["key"]
    model.residents["convictions"][: n // 4] = 1
    model.residents["supervised_until"][n // 4: n // 2] = 10
    kind = np.where(rows % 4 == 3, CODE["robbery"], CODE["theft"])
    cautioned, programme = courts.keep_out_of_court(model, p, rows, kind, key, np.zeros(n, bool))
    eligible = (rows >= n // 2) & (kind == CODE["theft"])
    assert not (cautioned | programme)[~eligible].any()
    assert programme[eligible].mean() == pytest.approx(0.5, abs=0.04)
    assert cautioned[eligible].mean() == pytest.approx(p.cautioned[CODE["theft"]], abs=0.04)
    assert (cautioned & programme).sum() > 100  # drawn in
    model.levers["diversion"] = 0.0
    again, none = courts.keep_out_of_court(model, p, rows, kind, key, np.zeros(n, bool))
    assert (again == cautioned).all() and not none.any()


def test_courts_keep_every_case_and_slow_down_when_overloaded(world):
    model, p = world(), JusticeParams(court_cases=100.0)
    docket = cases(400, left=np.repeat([0.5, 1.5, 30.0, 30.0], 100), remand=np.arange(400) % 2 == 0)
    model.residents["alive"][350:] = False
    decided = courts.proceed(model, p, docket, 1.0)
    pace = (350 / 40) ** -0.5
    assert len(decided["id"]) + len(docket["id"]) == 350
    assert (decided["left"] <= 0).all() and (docket["left"] > 0).all()
    assert docket["left"].max() == pytest.approx(30 - pace)
    model.levers["court_speed"] = np.log(10.0)  # those detained are heard faster, the others as before
    before = docket["left"].copy()
    held = docket["remand"].copy()
    courts.proceed(model, p, docket, 0.01)
    gone = before[: len(docket["left"])] - docket["left"]
    assert gone[held].min() / gone[~held].max() == pytest.approx(10.0, rel=1e-3)


def test_levers_of_the_court_change_shares_and_lengths_of_the_same_cases(world):
    model, p, n = world(4000), JusticeParams(), 4000
    c = cases(n, "burglary", remand=np.arange(n) % 2 == 0, since=np.full(n, -300))
    plain, _ = courts.sentence(model, p, c)
    assert len(plain["id"]) == pytest.approx(n * (1 - p.dismissed), rel=0.05)
    assert plain["custody"].mean() == pytest.approx(p.custody_share[CODE["burglary"]], abs=0.03)
    model.levers["custody_use"] = 1.0
    more, _ = courts.sentence(model, p, c)
    assert (more["custody"] >= plain["custody"]).all() and more["custody"].sum() > 1.3 * plain["custody"].sum()
    model.levers.update(custody_use=0.0, custody_length=np.log(2.0))
    longer, _ = courts.sentence(model, p, c)
    assert (longer["custody"] == plain["custody"]).all()
    free = plain["custody"] & (longer["id"] % 2 == 1)  # time counts from the sentence, or from the arrest
    assert (longer["until"][free] / plain["until"][free]).mean() == pytest.approx(2.0, abs=0.05)
    held = plain["custody"] & (plain["id"] % 2 == 0)
    assert ((longer["until"][held] + 300) / (plain["until"][held] + 300)).mean() == pytest.approx(2.0, abs=0.05)


def test_a_drug_court_takes_dependents_only_and_no_violent_cases(world):
    from sim.columns import Column

    model, p, n = world(2000, drug_court=1.0), JusticeParams(dismissed=0.0), 2000
    model.residents.declare("use", Column("u1", 0))
    model.residents["use"][: n // 2] = 2
    out, drawn_in = courts.sentence(model, p, cases(n, "burglary"))
    assert (out["drug_court"] == (out["id"] < n // 2)).all() and not (out["drug_court"] & out["custody"]).any()
    assert drawn_in == pytest.approx(n / 2 * (1 - p.custody_share[0]), rel=0.1)
    out, _ = courts.sentence(model, p, cases(n, "robbery"))
    assert not out["drug_court"].any()


def test_detention_ends_with_the_decision_and_counts_towards_the_term(make):
    model = make([Justice(JusticeParams()), Corrections(CorrectionsParams())])
    r, s = model.residents, custody.new_state()
    custody.commit_to_custody(s, np.array([3, 5, 9]), np.array([4, 4, 4]), r)
    custody.detain(s, np.array([3, 9]), r)
    custody.release(s, 4, r)
    assert s["inmates"].tolist() == [3, 9] and s["freed"].tolist() == [5]
    assert (r["custody_until"][[3, 9]] == custody.OPEN).all()
    custody.end_detention(s, np.array([3, 9]), 50, r)
    custody.commit_to_custody(s, np.array([9]), np.array([90]), r, served=True)
    assert s["until"].tolist() == [51, 90] and s["served"].tolist() == [False, True]
    custody.release(s, 51, r)
    assert s["inmates"].tolist() == [9] and r["custody_until"][3] == 51
