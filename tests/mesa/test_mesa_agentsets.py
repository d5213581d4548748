"""Operations on agent sets give what Mesa gives for ordinary agents: values, order and random stream."""

import copy
import operator
import random
import warnings

import mesa
import numpy as np
import pytest
from mesa.agent import AgentSet
from mesa_town import GUARDIANS, RESIDENTS, Person, PlainTown, Town, Unit, values

from sim.agentsets import LazyAgentSet
from sim.views import Guardian, Offender, Resident

INHERITED = {"clear", "count", "index", "isdisjoint", "pop"}  # the mix-ins of collections.abc are enough


def ids(agents) -> list[int]:
    return [a.unique_id for a in agents]


# Each takes (agents, Resident or Person, Guardian or Unit) and returns plain values or sets.
OPERATIONS = {
    "all": lambda a, r, g: a,
    "copy": lambda a, r, g: copy.copy(a),
    "select filter": lambda a, r, g: a.select(lambda x: x.unique_id % 3 == 0),
    "select nothing": lambda a, r, g: a.select(),
    "select type": lambda a, r, g: a.select(agent_type=g),
    "select type and filter": lambda a, r, g: a.select(lambda x: isinstance(x, r) and x.fear > 0.5, agent_type=r),
    "select at most": lambda a, r, g: a.select(at_most=5),
    "select fraction": lambda a, r, g: a.select(at_most=0.37),
    "select one": lambda a, r, g: a.select(at_most=1.0),
    "select filtered at most": lambda a, r, g: a.select(lambda x: x.unique_id > 7, at_most=4),
    "select in place": lambda a, r, g: copy.copy(a).select(lambda x: x.unique_id > 9, inplace=True),
    "select base class": lambda a, r, g: a.select(agent_type=mesa.Agent),
    "shuffle": lambda a, r, g: a.shuffle(),
    "shuffle twice": lambda a, r, g: a.shuffle().shuffle(),
    "shuffle in place": lambda a, r, g: copy.copy(a).shuffle(inplace=True),
    "sort": lambda a, r, g: a.select(agent_type=r).sort("fear"),
    "sort up": lambda a, r, g: a.select(agent_type=r).sort("fear", ascending=True),
    "sort function": lambda a, r, g: a.select(agent_type=r).sort(lambda x: (x.area, x.fear)),
    "sort in place": lambda a, r, g: a.select(agent_type=r).sort("area", inplace=True),
    "sort vector": lambda a, r, g: a.select(agent_type=r).sort("ties"),
    "get": lambda a, r, g: a.select(agent_type=r).get("fear"),
    "get vector": lambda a, r, g: a.select(agent_type=r).get("ties"),
    "get many": lambda a, r, g: a.select(agent_type=r).get(["fear", "area"]),
    "get default": lambda a, r, g: a.get("fear", handle_missing="default", default_value=-5),
    "get many default": lambda a, r, g: a.get(["fear", "area"], handle_missing="default"),
    "get coordinates": lambda a, r, g: [c.coordinate for c in a.get("cell")],
    "agg sum of small ints": lambda a, r, g: a.select(agent_type=r).agg("arrests", sum),
    "agg several": lambda a, r, g: a.select(agent_type=r).agg("arrests", [min, max, len, np.mean, np.median, sorted]),
    "agg bool": lambda a, r, g: a.select(agent_type=r).agg("partner", [sum, max, np.sum]),
    "agg lambda": lambda a, r, g: a.select(agent_type=r).agg("fear", lambda v: v[0] + v[-1]),
    "agg statistics": lambda a, r, g: a.select(agent_type=r).agg("fear", np.std),
    "agg of nobody": lambda a, r, g: a.select(lambda x: False).agg("fear", sum),
    "map": lambda a, r, g: a.map(lambda x: x.unique_id % 2),
    "map arguments": lambda a, r, g: a.select(agent_type=r).map(lambda x, k, *, j: x.fear + k * j, 2, j=3),
    "map name": lambda a, r, g: a.map("step"),
    "groupby": lambda a, r, g: {k: ids(v) for k, v in a.select(agent_type=r).groupby("area")},
    "groupby bool": lambda a, r, g: list(a.select(agent_type=r).groupby("partner").count().items()),
    "groupby function": lambda a, r, g: a.groupby(lambda x: x.cell.coordinate[0]).count(),
    "groupby list": lambda a, r, g: {k: ids(v) for k, v in a.select(agent_type=r).groupby("area", "list")},
    "groupby agg": lambda a, r, g: a.select(agent_type=r).groupby("area").agg("fear", max),
    "groupby map": lambda a, r, g: a.select(agent_type=r).groupby("area").map(lambda s: sum(s.get("fear"))),
    "len": lambda a, r, g: (len(a), bool(a), bool(a.select(lambda x: False))),
    "index": lambda a, r, g: ids([a[0], a[-1], a[17]]),
    "slice": lambda a, r, g: ids(a[3:30:4]),
    "backwards": lambda a, r, g: ids(a[::-1]),
    "in": lambda a, r, g: (a[3] in a, a[3] in a.select(lambda x: x.unique_id > 20), object() in a),
    "and": lambda a, r, g: a.select(agent_type=r) & a.select(lambda x: x.unique_id % 2 == 1),
    "or": lambda a, r, g: a.select(agent_type=g) | a.select(at_most=4),
    "minus": lambda a, r, g: a - a.select(agent_type=r),
    "xor": lambda a, r, g: a.select(at_most=6) ^ a.select(lambda x: x.unique_id % 2 == 1, at_most=4),
    "comparison": lambda a, r, g: (a == copy.copy(a), a >= a.select(at_most=3), copy.copy(a) < a.select(at_most=3)),
    "isdisjoint": lambda a, r, g: a.select(agent_type=r).isdisjoint(a.select(agent_type=g)),
    "count and index": lambda a, r, g: (copy.copy(a).count(a[4]), copy.copy(a).index(a[4])),
}


@pytest.mark.parametrize("which", ["everybody", "residents", "empty"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_same_as_mesa(name, which, town, plain):
    results = []
    for model, r, g in ((town, Resident, Guardian), (plain, Person, Unit)):
        model.random.seed(4)
        agents = {"everybody": model.agents, "residents": model.agents_by_type[r],
                  "empty": model.agents.select(lambda a: False)}[which]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                result = OPERATIONS[name](agents, r, g)
            except (ValueError, IndexError, KeyError) as error:
                result = type(error)
        if isinstance(result, AgentSet) or type(result).__name__ == "_HardKeyAgentSet":
            result = ids(result)
        results.append((result, model.random.random()))
    (ours, stream), (theirs, their_stream) = results
    assert stream == their_stream
    if name == "agg statistics":
        assert ours == pytest.approx(theirs, nan_ok=True)
    else:
        assert repr(ours) == repr(theirs) or ours == theirs


@pytest.mark.parametrize("method", ["do", "shuffle_do"])
def test_doing_visits_in_mesas_order_and_leaves_out_who_died_before_his_turn(method, town, plain):
    seen = []
    for model in (town, plain):
        model.random.seed(9)
        order = []

        def visit(agent, step, order=order):
            order.extend(ids([agent]))
            other = order[-1] + step
            gone = [a for a in agent.model.agents if ids([a]) == [other]]
            if gone and other % 4 == 0:
                gone[0].remove()

        getattr(model.agents, method)(visit, 3)
        seen.append(order)
    assert seen[0] == seen[1]
    assert len(seen[0]) < RESIDENTS + GUARDIANS


def test_set_writes_columns_and_cells(town):
    fearful = town.agents_by_type[Resident].select(lambda r: r.fear > 0.5)
    assert fearful.set("fear", 0.25) is fearful
    assert set(fearful.get("fear")) == {0.25}
    assert (town.residents["fear"] > 0.5).sum() == 0
    town.agents.set("cell", town.grid[0, 0])
    assert len(town.grid[0, 0].agents) == RESIDENTS + GUARDIANS
    with pytest.raises(AttributeError, match="declare it"):
        town.agents.set("mood", 1)
    with pytest.raises(ValueError, match="expected 0..1"):
        fearful.set("fear", 3)


def test_missing_attribute_is_an_error_unless_a_default_is_wanted(town):
    with pytest.raises(AttributeError, match="no column 'fear'"):
        town.agents.get("fear")
    with pytest.raises(ValueError, match="handle_missing"):
        town.agents.get("fear", handle_missing="ignore")


def test_values_come_as_arrays_in_the_sets_order(town):
    residents = town.agents_by_type[Resident]
    assert residents.array("fear").tolist() == values()["fear"].tolist()
    assert residents.sort("fear").array("ties").shape == (RESIDENTS, 3)
    fearful = residents.where(residents.array("fear") > 0.9)
    assert fearful.ids.tolist() == np.flatnonzero(values()["fear"] > 0.9).tolist()
    array = residents.array("fear")
    array[:] = 0
    assert residents.array("fear").max() > 0, "an array is a copy"


def test_get_gives_python_scalars(town):
    residents = town.agents_by_type[Resident]
    kinds = {type(v) for name in ("fear", "area", "partner", "unique_id") for v in residents.get(name)}
    assert kinds <= {int, float, bool}


def test_live_sets_follow_the_model_and_refuse_to_be_changed(town):
    agents, offenders = town.agents, town.agents_by_type[Offender]
    some = agents.select(lambda a: a.unique_id < 6)
    before = len(offenders)
    gone = town.agents_by_type[Offender][0]
    gone.remove()
    assert len(agents) == RESIDENTS + GUARDIANS - 1 and len(offenders) == before - 1
    assert gone not in agents and gone not in some
    town.residents["last"][:] = -1
    assert len(offenders) == 0 and not list(offenders)
    for change in (lambda: agents.add(agents[0]), lambda: agents.remove(agents[0]), lambda: agents.discard(agents[0]),
                   lambda: agents.sort("unique_id", inplace=True), lambda: agents.clear(), lambda: agents.pop(),
                   lambda: agents.shuffle(inplace=True), lambda: agents.select(at_most=2, inplace=True)):
        with pytest.raises(TypeError, match="copy"):
            change()


def test_sets_of_ones_own_can_be_changed(town):
    some = town.agents.select(at_most=3)
    some.add(town.agents[10])
    some.add(town.agents[10])
    assert ids(some) == [0, 1, 2, 10]
    some.discard(town.agents[30])
    some.remove(town.agents[1])
    with pytest.raises(KeyError):
        some.remove(town.agents[1])
    assert ids(some) == [0, 2, 10] and ids([some.pop()]) == [0] and len(some) == 2
    some.clear()
    assert not some


def test_offenders_appear_as_offenders_until_others_join(town):
    offenders = town.agents_by_type[Offender]
    assert {type(a) for a in offenders.sort("fear")} == {Offender}
    assert {type(a) for a in town.agents.select(agent_type=Offender)} == {Offender}
    assert {type(a) for a in town.agents} == {Resident, Guardian}
    assert {type(a) for a in town.agents & offenders} == {Resident}
    assert {type(a) for a in offenders | town.agents_by_type[Resident]} == {Resident}
    mixed = offenders.copy()
    mixed.add(next(a for a in town.agents_by_type[Resident] if a not in offenders))
    assert {type(a) for a in mixed} == {Resident}
    assert set(offenders) < set(town.agents_by_type[Resident])
    residents = [town.agent(i) for i in offenders.ids.tolist()]
    assert all(o == r and hash(o) == hash(r) for o, r in zip(offenders, residents))


def test_random_choices_draw_what_mesa_draws(town, plain):
    picks = []
    for model in (town, plain):
        model.random.seed(3)
        picks.append(ids([model.random.choice(copy.copy(model.agents)), *model.random.sample(list(model.agents), 5)]))
    assert picks[0] == picks[1]
    assert random.Random(0).choice(town.agents) in town.agents


def test_row_order_changes_nothing():
    results = []
    for order in (None, np.arange(RESIDENTS)[::-1]):
        model = Town(order=order)
        agents = model.agents_by_type[Resident]
        results.append((agents.shuffle().ids.tolist(), agents.get("fear"), agents.sort("area").ids.tolist(),
                        model.grid.agents.ids.tolist(), ids(model.agents_by_type[Offender])))
    assert results[0] == results[1]


def test_sets_survive_permutation_and_compaction(town):
    some = town.agents_by_type[Resident].select(lambda r: r.area == 1)
    before = dict(zip(ids(some), some.get("fear")))
    town.residents.permute(np.random.default_rng(1).permutation(RESIDENTS))
    assert dict(zip(ids(some), some.get("fear"))) == before
    gone = some[0]
    gone.remove()
    town.residents.compact()
    before.pop(gone.unique_id)
    assert dict(zip(ids(some), some.get("fear"))) == before


def test_compaction_inside_a_loop_is_survived(town):
    seen = []
    for agent in town.agents:
        seen.append((agent.unique_id, agent.cell_index))
        if agent.unique_id == 5:
            town.agent(7).remove()
            town.residents.compact()
    assert [i for i, _ in seen] == [i for i in range(RESIDENTS + GUARDIANS) if i != 7]
    cells = values()["cell"].tolist() + [0, 8, 8, 34]
    assert all(cells[i] == c for i, c in seen)


def test_every_public_callable_of_the_installed_agent_set_is_known():
    public = {name for name in dir(AgentSet) if not name.startswith("_") and callable(getattr(AgentSet, name))}
    inherited = {name for name in public if name not in LazyAgentSet.__dict__}
    assert inherited <= INHERITED, "Mesa has new methods: override them or check that they need no storage"


def test_set_operators_are_those_of_mesa():
    for name in ("__and__", "__or__", "__sub__", "__xor__", "__le__", "__eq__"):
        assert callable(getattr(operator, name)) and hasattr(LazyAgentSet, name)
    assert isinstance(Town().agents, AgentSet)


def test_ordinary_agents_live_beside_views(town):
    guest = Person(town, fear=0.125)
    assert guest.unique_id == RESIDENTS + GUARDIANS and guest in town.agents
    assert town.agents[-1] is guest and list(town.agents_by_type[Person]) == [guest]
    assert Person in town.agent_types and isinstance(town.agents, LazyAgentSet)
    both = town.agents.select(lambda a: not isinstance(a, Guardian)).sort("fear")
    assert len(both) == RESIDENTS + 1 and guest in both
    guest.cell = town.grid[3, 3]
    assert guest in town.grid[3, 3].agents and guest in town.grid.agents
    guest.remove()
    assert guest not in town.agents and guest not in both and guest not in town.grid[3, 3].agents
    assert len(town.agents) == RESIDENTS + GUARDIANS
    assert Person(town).unique_id == RESIDENTS + GUARDIANS + 1, "ids are never given twice"


def test_remove_all_agents(town):
    Person(town)
    town.remove_all_agents()
    assert len(town.agents) == 0 and not any(len(s) for s in town.agents_by_type.values())


def test_plain_town_is_a_fair_comparison(plain):
    assert isinstance(plain, PlainTown) and len(plain.agents) == RESIDENTS + GUARDIANS
