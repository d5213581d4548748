"""Populations against an oracle that keeps one dict per living thing."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sim.columns import Column, Layers, Population

COLUMNS = {
    "trust": Column("f4", 0.5, low=0, high=1),
    "count": Column("i2", 7),
    "friends": Column("i8", -1, width=2),
    "late": Column("u1", 3),
}
small = st.integers(0, 2**16)


class Rows(RuleBasedStateMachine):
    """Random births, removals, tidying, reordering, writing, copying and restoring."""

    @initialize(ids=st.lists(st.integers(0, 40), unique=True, max_size=8))
    def begin(self, ids):
        self.pop = Population("things", np.array(ids, np.int64))
        self.rows = [dict(id=i, key=i, alive=True) for i in ids]  # in the order of storage
        self.known = []
        for name in ("trust", "count", "friends"):
            self.declare(name)
        self.next_id, self.saved, self.most = 41, None, max(ids, default=-1) + 1

    def declare(self, name):
        self.pop.declare(name, COLUMNS[name])
        self.known.append(name)
        for row in self.rows:
            row[name] = self.default(name)

    @staticmethod
    def default(name):
        c = COLUMNS[name]
        return [c.default] * c.width if c.width else c.default

    @precondition(lambda self: "late" not in self.known)
    @rule()
    def declare_later(self):
        self.declare("late")

    @rule(gap=st.integers(0, 3), count=st.integers(0, 9), trust=st.integers(0, 4))
    def add(self, gap, count, trust):
        ids = np.arange(self.next_id + gap, self.next_id + gap + count)
        before = self.pop.version
        rows = self.pop.add(ids, ids.astype(np.uint64) * np.uint64(3), trust=trust / 4)
        assert rows.tolist() == list(range(len(self.rows), len(self.rows) + count))
        assert count == 0 or self.pop.version > before
        for i in ids.tolist():
            new = {name: self.default(name) for name in self.known}
            self.rows.append({**new, "id": i, "key": 3 * i, "alive": True, "trust": trust / 4})
        self.next_id += gap + count
        self.most = self.next_id if count else self.most

    @rule(data=st.data())
    def remove(self, data):
        rows = data.draw(st.lists(st.integers(0, len(self.rows) - 1), unique=True) if self.rows else st.just([]))
        self.pop.remove(np.array(rows, np.int64))
        for row in rows:
            self.rows[row]["alive"] = False

    @rule()
    def compact(self):
        self.pop.compact()
        self.rows = [row for row in self.rows if row["alive"]]

    @rule(random=st.randoms(use_true_random=False))
    def permute(self, random):
        order = random.sample(range(len(self.rows)), len(self.rows))
        epoch = self.pop.epoch
        self.pop.permute(np.array(order, np.int64))
        assert self.pop.epoch > epoch
        self.rows = [self.rows[j] for j in order]

    @rule(data=st.data(), value=small)
    def write(self, data, value):
        if self.rows:
            who = data.draw(st.sampled_from([row["id"] for row in self.rows]))
            row = self.pop.rows([who])
            self.pop["count"][row], self.pop["friends"][row] = value % 1000, (value, who)
            next(r for r in self.rows if r["id"] == who).update(count=value % 1000, friends=[value, who])

    @rule()
    def save(self):
        self.saved = self.pop.snapshot(), copy.deepcopy(self.rows), list(self.known)

    @precondition(lambda self: self.saved is not None)
    @rule()
    def restore(self):
        columns, rows, known = self.saved
        self.pop.restore(columns)
        self.rows = copy.deepcopy(rows)
        for name in set(self.known) - set(known):  # declared since: the default for everybody
            for row in self.rows:
                row[name] = self.default(name)

    @rule(how=st.sampled_from([copy.deepcopy, lambda pop: pickle.loads(pickle.dumps(pop))]))
    def go_on_with_a_copy(self, how):
        old, self.pop = self.pop, how(self.pop)
        old["alive"][:], old["count"][:] = False, -1  # the original is nothing to the copy

    @invariant()
    def agrees(self):
        pop, rows = self.pop, self.rows
        assert len(pop) == pop.n == len(rows)
        for name in ("id", "key", "alive", *self.known):
            assert pop[name].tolist() == [row[name] for row in rows], name
            assert pop[name].dtype == pop.declared[name].dtype
        assert pop.names == list(pop.declared)

    @invariant()
    def finds(self):
        pop, where = self.pop, {row["id"]: j for j, row in enumerate(self.rows)}
        asked = [-1, *range(self.next_id + 5)]
        assert pop.find(asked).tolist() == [where.get(i, -1) for i in asked]
        assert all(pop.row_of[i] == j for i, j in where.items())
        assert pop.row_of.size >= self.most, "whoever has been named before may be asked for"
        assert pop.rows(list(where)).tolist() == list(where.values())
        with pytest.raises(KeyError, match="no row with id"):
            pop.rows([self.next_id + 5])


Rows.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
test_population = Rows.TestCase


def test_a_column_is_declared_once():
    pop = Population("things", np.arange(3))
    pop.declare("trust", COLUMNS["trust"])
    with pytest.raises(ValueError, match="declared twice"):
        pop.declare("trust", COLUMNS["trust"])


def test_adopted_values_are_checked_for_length_and_turned_into_the_type():
    pop = Population("things", np.arange(3))
    pop.declare("trust", COLUMNS["trust"])
    pop.adopt("trust", np.array([0, 0.25, 1]))
    assert pop["trust"].dtype == np.float32 and pop["trust"].tolist() == [0, 0.25, 1]
    with pytest.raises(ValueError, match="expected 3 rows, found 2"):
        pop.adopt("trust", np.zeros(2))
    pop.add(np.array([9]), np.array([9]))
    pop.adopt("trust", np.ones(4))
    assert pop["trust"].tolist() == [1] * 4


def test_the_gone_can_be_asked_for():
    """Ties and memories go on naming people who have died, also those with the highest ids, also after a restore."""
    pop = Population("things", np.arange(10))
    pop.remove([8, 9])
    pop.compact()
    assert pop.row_of.size == 10 and pop.row_of[9] == -1 and pop.row_of[7] == 7
    other = Population("things", np.arange(0))
    other.restore(pop.snapshot())
    other.reserve(10)
    assert other.row_of.tolist() == pop.row_of.tolist()
    other.reserve(3)
    assert other.row_of.size == 10


def test_keys_may_differ_from_ids():
    pop = Population("things", np.array([5, 2]), np.array([2**63, 1], np.uint64))
    assert pop["key"].tolist() == [2**63, 1] and pop["id"].tolist() == [5, 2]
    pop.permute([1, 0])
    assert pop["key"].tolist() == [1, 2**63]


def test_the_size_in_memory_counts_every_column():
    pop = Population("things", np.arange(1000))
    before = pop.nbytes()
    pop.declare("friends", COLUMNS["friends"])
    assert pop.nbytes() - before == 1000 * 2 * 8


def test_a_wrong_name_is_answered_with_the_nearest():
    people = Population("residents", np.arange(3))
    people.declare("trust", COLUMNS["trust"])
    with pytest.raises(KeyError, match="residents have no column 'trst'; did you mean 'trust'"):
        people["trst"]
    with pytest.raises(KeyError, match="no layer 'school'; did you mean 'schools'"):
        Layers(schools=np.zeros(2), light=np.zeros(2))["school"]
    layers = pickle.loads(pickle.dumps(Layers(light=np.zeros(2))))
    assert list(copy.deepcopy(layers)) == ["light"] and layers.get("dark") is None and "dark" not in layers


def test_a_mask_is_not_taken_for_ids():
    people = Population("residents", np.arange(3))
    with pytest.raises(TypeError, match="ids of residents.*a mask"):
        people.find(np.array([True, False, True]))
    assert people.find([]).tolist() == [] and people.find([1, 7]).tolist() == [1, -1]
