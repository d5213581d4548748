"""A view reads and writes its row, says plainly what it cannot do, and survives what happens to the store."""

import mesa
import numpy as np
import pytest
from mesa.discrete_space import CellAgent
from mesa_town import GUARDIANS, RESIDENTS, Stepping, Town, values

from sim.errors import OwnershipError
from sim.mesa_model import ColumnModel
from sim.views import Guardian, Offender, Resident, View


def test_a_view_is_a_mesa_agent(town):
    agent = town.agents[3]
    assert isinstance(agent, mesa.Agent) and isinstance(agent, CellAgent) and type(agent) is Resident
    assert agent.model is town and agent.random is town.random and agent.rng is town.rng and agent.unique_id == 3
    assert repr(agent) == "<Resident 3>"


def test_columns_are_attributes(town):
    given = values()
    for i in (0, 7, RESIDENTS - 1):
        agent = town.agent(i)
        assert (agent.fear, agent.area, agent.partner) == (given["fear"][i], given["area"][i], given["partner"][i])
        assert agent.id == agent.key == agent.unique_id == i and agent.alive is True
    agent.ties = (4, 5, 6)
    assert agent.ties == (4, 5, 6) and type(agent.fear) is float and type(agent.area) is int
    agent.fear = 0.5
    assert town.residents["fear"][town.residents.row_of[agent.unique_id]] == 0.5


def test_all_views_of_a_row_are_equal(town):
    row = town.agents_by_type[Offender][0]
    same = town.agent(row.unique_id)
    assert row == same and hash(row) == hash(same) and type(row) is not type(same) and isinstance(row, Resident)
    assert row != town.agents[row.unique_id + 1] and row != Town().agent(row.unique_id) and row != row.unique_id


@pytest.mark.parametrize("name", ["mood", "unique_id", "model", "pos", "id", "key", "alive", "_uid", "step"])
def test_what_is_not_a_column_cannot_be_assigned(town, name):
    with pytest.raises(AttributeError):
        setattr(town.agents[0], name, 1)


def test_unknown_names_say_how_to_declare_a_column(town):
    agent = town.agents[0]
    for attempt in (lambda: agent.mood, lambda: setattr(agent, "mood", 1)):
        with pytest.raises(AttributeError, match=r'no column \'mood\'.*"residents": \{"mood": Column'):
            attempt()
    assert not hasattr(agent, "mood")
    with pytest.raises(AttributeError, match='"guardians"'):
        town.agents[RESIDENTS].fear  # noqa: B018


def test_values_outside_the_range_are_refused(town):
    for value in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match=r"Resident.fear: expected 0..1"):
            town.agents[0].fear = value
    with pytest.raises(OverflowError):
        town.agents[0].arrests = 300


def test_while_a_mechanism_steps_only_its_own_columns_can_be_written(town):
    town._stepping = Stepping()
    agent = town.agents[0]
    agent.fear = 0.5
    town.agents_by_type[Resident].set("fear", 0.25)
    for attempt in (lambda: setattr(agent, "area", 2), lambda: town.agents_by_type[Resident].set("area", 2),
                    lambda: agent.move_to(town.grid[0, 0])):
        with pytest.raises(OwnershipError, match=r"'worry' does not own residents\.(area|cell)"):
            attempt()
    for attempt in (agent.remove, lambda: Resident(town), lambda: setattr(town.grid[0, 0], "light", 1),
                    lambda: town.grid.light.set_cells(0)):
        with pytest.raises(OwnershipError, match="'worry'"):
            attempt()
    with pytest.raises(ValueError, match="read-only"):
        town.grid.light.data[0, 0] = 1
    town._stepping = None
    agent.area = 2
    assert agent.area == 2


def test_a_removed_row_can_be_read_until_it_is_dropped(town):
    agent = town.agents[17]
    fear = agent.fear
    agent.remove()
    agent.remove()  # as in Mesa, a second time does nothing
    assert agent.fear == fear and agent not in town.agents and not agent.alive
    town.residents.compact()
    with pytest.raises(ReferenceError, match="Resident 17 was removed"):
        agent.fear  # noqa: B018
    with pytest.raises(ReferenceError):
        agent.fear = 1
    assert agent.unique_id == 17 and agent not in town.agents
    with pytest.raises(KeyError, match="17"):
        town.agent(17)


def test_views_survive_permutation(town):
    held = [town.agent(i) for i in range(RESIDENTS)]
    town.residents.permute(np.arange(RESIDENTS)[::-1])
    assert [v.fear for v in held] == values()["fear"].tolist()


def test_births_through_views(town):
    one = Resident(town, fear=0.5, cell=town.grid[6, 4])
    many = Resident.create_agents(town, 3, fear=[0.125, 0.25, 0.375], area=2)
    pandas = pytest.importorskip("pandas")
    framed = Resident.from_dataframe(town, pandas.DataFrame({"fear": [0.0, 1.0]}), area=3)
    assert one.unique_id == RESIDENTS + GUARDIANS and one in town.grid[6, 4].agents and type(one) is Resident
    assert many.get("fear") == [0.125, 0.25, 0.375] and many.get("area") == [2] * 3 and framed.get("fear") == [0.0, 1.0]
    assert len(town.agents) == RESIDENTS + GUARDIANS + 6 and len(set(town.residents["key"])) == RESIDENTS + 6
    assert Resident(town, key=99).key == 99
    with pytest.raises(TypeError, match="no column 'mood'"):
        Resident(town, mood=1)


def test_keys_of_newcomers_do_not_depend_on_who_left():
    keys = []
    for leaves in (False, True):
        town = Town()
        if leaves:
            town.agents[0].remove()
            mesa.Agent(town)
        keys.append(Resident(town).key)
    assert keys[0] == keys[1]


def test_a_model_that_admits_nobody_says_so(town, monkeypatch):
    monkeypatch.setattr(Town, "admit", ColumnModel.admit)
    with pytest.raises(TypeError, match="residents cannot be made through views in a Town"):
        Resident(town)


def test_a_view_class_holds_no_data_of_its_own():
    with pytest.raises(TypeError, match="declare columns"):
        type("Bad", (Resident,), {"__init__": lambda self: None})


def test_views_of_a_users_own_add_methods_and_membership(town):
    class Worrier(Resident):
        @classmethod
        def members(cls, model, rows):
            return model.residents["fear"][rows] > 0.6

        def calm_down(self, by):
            self.fear = max(0.0, self.fear - by)

    with pytest.raises(LookupError, match="add_view"):
        town.add_view(type("Tree", (View,), {}))
    town.add_view(Worrier)
    worriers = town.agents_by_type[Worrier]
    before = worriers.ids.tolist()
    assert before and len(town.agents) == RESIDENTS + GUARDIANS
    worriers.shuffle_do("calm_down", by=0.5)
    assert len(worriers) == 0 and town.residents["fear"].max() <= 0.6
    assert len(town.agents.select(agent_type=Worrier)) == 0 and Worrier in town.agent_types


def test_model_sets_cannot_be_replaced(town):
    with pytest.raises(AttributeError, match="model.agents"):
        town.agents = []
    assert {Resident, Guardian, Offender} == set(town.agent_types)


@pytest.mark.skipif(not hasattr(mesa.Model, "schedule_event"), reason="Mesa 3.3 has no events in the model")
def test_events_are_refused_for_views_and_data_sets_too(town):
    with pytest.raises(TypeError, match="weakly"):
        town.schedule_event(town.agents[0].remove, after=2)
    fired = []

    def handler():
        fired.append(town.time)

    town.schedule_event(handler, after=1)
    town.step()
    assert fired == [1.0]
    with pytest.raises(TypeError, match="columns already"):
        town.data_registry.track_agents_numpy(Resident, "fear_data", fields=["fear"], n=5)


@pytest.mark.skipif(not hasattr(mesa.Model, "observe"), reason="Mesa 3.3 sends no signals")
def test_signals_are_sent_for_views(town):
    from mesa.experimental.mesa_signals import ModelSignals

    heard = []

    def listen(message):
        heard.append(message.additional_kwargs["args"][0])

    town.observe("agents", ModelSignals.AGENT_ADDED, listen)
    town.observe("agents", ModelSignals.AGENT_REMOVED, listen)
    agent = Resident(town)
    agent.remove()
    assert heard == [agent, agent]
