"""Proposals: clipped to the range of the column, and independent of the order in which they are made."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.columns import Column
from sim.mechanism import Mechanism
from sim.model import CityModel

RESIDENTS = 200
COLUMNS = {"fear": (0.0, 1.0), "risk": (0.0, 3.0), "cash": (0.0, 20_000.0), "victimisations": (0, None)}
START = {"fear": 0.25, "risk": 1.5, "cash": 64.0, "victimisations": 3}


@pytest.fixture(scope="module")
def model():
    made = CityModel(city={"residents": RESIDENTS}, burn_in_years=0)
    made.residents.permute(np.random.default_rng(3).permutation(len(made.residents)))
    return made


def settle(model, proposals):
    """Values of the columns, by id, after the proposals (source, column, op, ids, values) were made in that order."""
    r = model.residents
    for name, value in START.items():
        r[name][:] = value
    for source, column, op, ids, values in proposals:
        model._stepping = SimpleNamespace(name=source) if source else None
        model.propose("residents", column, ids, values, op)
    model._stepping = None
    model._settle()
    order = np.argsort(r["id"])
    return {name: r[name][order].copy() for name in COLUMNS}


def by_oracle(proposals):
    """The rule in plain Python: per person add, clip; then the last "set" by (proposer, value), clip."""
    out = {name: [START[name]] * RESIDENTS for name in COLUMNS}
    asked = [
        (op, column, person, source, value)
        for source, column, op, ids, values in proposals
        for person, value in zip(ids, values)
    ]
    for op in ("add", "set"):
        for column, (low, high) in COLUMNS.items():
            for person in sorted({a[2] for a in asked if a[:2] == (op, column)}):
                mine = sorted(a[3:] for a in asked if a[:3] == (op, column, person))
                now = out[column][person]
                now = now + sum(value for _, value in mine) if op == "add" else mine[-1][1]
                out[column][person] = max(now if high is None else min(now, high), low)
    return out


eighths = st.integers(-24, 24).map(lambda x: x / 8)  # sums are exact: the oracle need not add in the same order
whole = st.integers(-3, 3).map(float)


def proposals(numbers):
    def one(column):
        values = whole if column == "victimisations" else numbers
        pairs = st.lists(st.tuples(st.integers(0, RESIDENTS - 1), values), min_size=1, max_size=60)
        return st.tuples(st.sampled_from(["", "drugs", "justice", "reactions"]), st.just(column),
                         st.sampled_from(["add", "add", "set"]), pairs)

    return st.lists(st.sampled_from(sorted(COLUMNS)).flatmap(one), max_size=8).map(
        lambda found: [(s, c, op, [p[0] for p in pairs], [p[1] for p in pairs]) for s, c, op, pairs in found]
    )


@settings(max_examples=60, deadline=None)
@given(proposals(eighths))
def test_proposals_agree_with_an_oracle(model, given_):
    got, expect = settle(model, given_), by_oracle(given_)
    for name, (low, high) in COLUMNS.items():
        assert got[name].tolist() == expect[name], name
        assert (got[name] >= low).all() and (high is None or (got[name] <= high).all())


@settings(max_examples=60, deadline=None)
@given(proposals(st.floats(-10, 10, width=32)), st.randoms(use_true_random=False))
def test_the_order_of_proposals_changes_no_bit(model, given_, random):
    """Neither the order of calls nor that of the people within a call, nor one call in place of many, matters."""
    first = settle(model, given_)
    mixed = []
    for source, column, op, ids, values in given_:
        order = random.sample(range(len(ids)), len(ids))
        cut = random.randint(0, len(ids))
        for part in (order[:cut], order[cut:]):
            if part:
                mixed.append((source, column, op, [ids[j] for j in part], [values[j] for j in part]))
    random.shuffle(mixed)
    second = settle(model, mixed)
    for name in COLUMNS:
        assert first[name].tobytes() == second[name].tobytes(), name


def test_many_and_few_proposals_add_up_alike(model):
    """One way of adding serves few people, another many; both give the same bits."""
    ids = np.arange(RESIDENTS)
    values = np.linspace(-0.1, 0.1, RESIDENTS) / 3
    many = settle(model, [("a", "fear", "add", ids, values), ("b", "fear", "add", ids[::-1], values)])
    for person in (0, 57, 199):
        few = settle(model, [("a", "fear", "add", [person], [values[person]]),
                             ("b", "fear", "add", [person], [values[RESIDENTS - 1 - person]])])
        assert few["fear"][person] == many["fear"][person]


def test_wrong_proposals_are_refused(model):
    with pytest.raises(KeyError, match="no mechanism owns residents.birth_day"):
        model.propose("residents", "birth_day", [1], 1)
    with pytest.raises(KeyError, match="no mechanism owns residents.feer; did you mean 'fear'"):
        model.propose("residents", "feer", [1], 1)
    with pytest.raises(TypeError, match="residents.fear.*a mask"):
        model.propose("residents", "fear", np.zeros(RESIDENTS, bool), 1)
    with pytest.raises(KeyError, match="residents.home cannot be proposed"):
        model.propose("residents", "home", [1], 1)
    with pytest.raises(ValueError, match="expected 'add' or 'set', found 'mul'"):
        model.propose("residents", "fear", [1], 1, "mul")
    assert not model._proposals


class Generous(Mechanism):
    """Proposes more than the range holds, every tick."""

    name = "generous"
    columns = {"residents": {"mood": Column("f4", 0, "-", "its own", low=-1, high=1)}}

    def step(self, model):
        r = model.residents
        model.propose("residents", "fear", r["id"], 5.0)
        model.propose("residents", "trust", r["id"], -5.0)
        model.propose("residents", "mood", r["id"][::2], 5.0, "set")


def test_proposals_of_a_mechanism_are_clipped_in_a_run(monkeypatch):
    from sim import registry

    monkeypatch.setitem(registry.MECHANISMS, "generous", Generous)
    model = CityModel(city={"residents": 300}, burn_in_years=0)
    for _ in range(6):
        model.step()
        assert (model.residents["fear"] == 1).all() and (model.residents["trust"] == 0).all()
        assert (model.residents["mood"][::2] == 1).all() and (model.residents["mood"][1::2] == 0).all()


def test_a_proposal_for_somebody_who_dies_in_the_tick_is_harmless(model):
    living = model.residents["alive"].sum()
    model.propose("residents", "fear", [7], 1.0, "set")
    model.bury([7], "test")
    model._settle()
    model._turn_over()
    assert model.residents["alive"].sum() == living - 1 and model.residents["fear"][model.residents.rows([7])] == 1
    model.bury([7, 7], "test")
    model._turn_over()
    assert model.residents["alive"].sum() == living - 1, "nobody dies twice"
