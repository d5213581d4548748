"""The city itself as a Mesa model, and the documented rule of a user's own, run as it stands in the documentation."""

import copy
import importlib.util
import pickle
import re
from pathlib import Path

import mesa
import numpy as np
import pytest

from sim import registry, spec
from sim.errors import OwnershipError
from sim.mechanism import Mechanism
from sim.model import CityModel
from sim.views import Guardian, Offender, Resident

SMALL = {"city": {"residents": 1_500}, "burn_in_years": 0}
DOCS = Path(__file__).parents[2] / "docs"
GUIDE = DOCS / "extending.md"


@pytest.fixture(scope="module")
def built():
    """One city, shared; tests that change a model make their own from it."""
    return pickle.dumps(CityModel(**SMALL))


@pytest.fixture
def city(built):
    return pickle.loads(built)


def test_building_a_city_builds_nothing_for_mesa():
    city = CityModel(**SMALL)
    for _ in range(2):
        city.step()
    assert city._grid is None and not any(isinstance(key, int) or key == "all" for key in city._cache)


def test_everybody_is_there_once(city):
    n, units = len(city.residents), len(city.guardians)
    assert len(city.agents) == n + units and city.agents.ids.tolist() == list(range(n + units))
    assert {type(a) for a in city.agents} <= {Resident, Guardian}
    assert len(city.agents_by_type[Guardian]) == units and Offender in city.agents_by_type


def test_offenders_are_those_with_an_offence_in_the_last_year(city):
    assert len(city.agents_by_type[Offender]) == 0
    ticks = city.calendar.ticks_per_day
    rows = city.residents.rows([3, 4, 5])
    city.tick = 400 * ticks
    city.residents["offences"][rows] = 1
    city.residents["last_offence"][rows] = [city.tick - 1, city.tick - 364 * ticks, city.tick - 366 * ticks]
    offenders = city.agents_by_type[Offender]
    assert offenders.ids.tolist() == [3, 4] and offenders[0] == city.agents[3] and len(city.agents & offenders) == 2
    assert city.agents.select(agent_type=Offender) == offenders.copy()


def test_columns_layers_and_cells_agree(city):
    city.step()
    for agent in city.agents_by_type[Resident][::100]:
        row = city.residents.row_of[agent.unique_id]
        assert agent.cell_index == city.residents["cell"][row] and agent.ties == tuple(city.residents["ties"][row])
        assert agent.cell is None or agent in agent.cell.agents
    cell = city.agents[0].cell or city.grid.cell(int(city.residents["home"][0]))
    assert cell.light == city.layers["light"][cell.index]
    assert (city.grid.light.data[cell.coordinate]) == city.layers["light"][cell.index]
    assert city.grid.at_home.data.sum() == city.layers["at_home"].sum()


def test_data_collector_on_the_city(city):
    collector = mesa.DataCollector(
        model_reporters={"fear": lambda m: m.agents_by_type[Resident].agg("fear", np.mean), "tick": "tick"},
        agenttype_reporters={Resident: {"fear": "fear"}, Guardian: {"cell": "cell_index"}})
    for _ in range(2):
        city.step()
        collector.collect(city)
    assert collector.get_model_vars_dataframe()["tick"].tolist() == [1, 2]
    frame = collector.get_agenttype_vars_dataframe(Resident)
    assert len(frame) == 2 * len(city.residents)
    assert frame["fear"].to_numpy()[: len(city.residents)].dtype == float


@pytest.mark.parametrize("how", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_copies_of_the_city_continue_to_the_bit(city, how):
    for _ in range(6):
        city.step()
    other = how(city)
    for model in (city, other):
        for _ in range(12):
            model.step()
    assert other.residents["cell"] is not city.residents["cell"]
    for name in city.residents.names:
        assert np.array_equal(other.residents[name], city.residents[name]), name
    for name in ("tick", "cell", "type", "offender_id"):
        assert np.array_equal(other.log[name], city.log[name]), name


def test_looking_through_views_changes_nothing(city, built):
    other = pickle.loads(built)
    for model in (city, other):
        for _ in range(6):
            if model is city:
                model.agents.shuffle_do(lambda a: a.cell)
                model.grid.select_random_empty_cell()
            model.step()
    assert all(np.array_equal(city.residents[name], other.residents[name]) for name in city.residents.names)


def test_who_is_removed_leaves_the_household(city):
    agent = next(a for a in city.agents_by_type[Resident] if a.next_member >= 0)
    successor = city.agent(agent.next_member)
    agent.remove()
    dwelling = city.dwellings.rows(successor.dwelling)
    chain, at = [], int(city.dwellings["first_member"][dwelling])
    while at >= 0:
        chain.append(at)
        at = city.agent(at).next_member
    assert agent.unique_id not in chain and successor.unique_id in chain and agent not in city.agents
    for _ in range(6):
        city.step()
    with pytest.raises(TypeError, match="residents cannot be made through views"):
        Resident(city)
    if len(city.guardians):
        with pytest.raises(TypeError, match="mechanism.patrol"):
            city.agents_by_type[Guardian][0].remove()


def test_a_mechanism_that_writes_a_foreign_column_through_a_view_is_stopped(city):
    class Meddler(Mechanism):
        name = "meddler"

        def step(self, model):
            model.agents[0].fear = 0.0

    city._story.append(Meddler(None))
    with pytest.raises(OwnershipError, match=r"'meddler' does not own residents\.fear"):
        city.step()
    city._story.pop()
    city.agents[0].fear = 0.0  # between steps a user may


def blocks(section: str, page: Path = GUIDE) -> list[str]:
    text = page.read_text(encoding="utf-8").split(f"# {section}\n")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", text, re.S)


@pytest.fixture
def documented():
    """The names defined by the documented rule; the registry is put back as it was."""
    spec.build()  # registers the built-in mechanisms
    before = dict(registry.MECHANISMS)
    names: dict = {"__name__": "documented_rule"}
    rule, use, fast = blocks("A rule of your own over Mesa views")
    exec(compile(rule, str(GUIDE), "exec"), names)
    yield names, use, fast
    registry.MECHANISMS.clear()
    registry.MECHANISMS.update(before)


def test_the_documented_rule_runs_as_documented(documented, capsys):
    names, use, fast = documented
    exec(compile(use, str(GUIDE), "exec"), names)
    assert "keep watch" in capsys.readouterr().out
    model = names["model"]
    watching = model.residents["vigilant"]
    assert 0 < watching.sum() == len(names["members"]) and (model.residents["victimisations"][watching] > 0).all()
    assert model.owner["residents", "vigilant"] == "neighbourhood_watch"
    one_by_one = model.agents_by_type[Resident].select(lambda r: r.victimisations > 0 and not r.vigilant)
    exec(compile(fast, str(GUIDE), "exec"), names)
    assert names["people"].ids.tolist() == one_by_one.ids.tolist()


def test_the_documented_rule_changes_what_it_says_and_nothing_depends_on_row_order(documented):
    names, _, _ = documented
    base = CityModel(**SMALL)
    people = np.arange(40)
    results = []
    for turned in (False, True):
        model = CityModel(**SMALL, mechanism={"neighbourhood_watch": {"joining": 0.5}})
        if turned:
            model.rearrange(np.arange(len(model.residents))[::-1])
        model.residents["victimisations"][model.residents.rows(people)] = 1
        model.residents["fear"][:] = 0.5
        model._run(model.mechanisms["neighbourhood_watch"])
        fear = [model.agents[i].fear for i in people]
        assert fear == [0.5] * 40, "a proposal waits for the end of the tick"
        model._settle()
        joined = [i for i in people.tolist() if model.agents[i].vigilant]
        assert 5 < len(joined) < 35
        assert [i for i in people.tolist() if model.agents[i].fear < 0.5] == joined
        assert model.agents[joined[0]].fear == pytest.approx(0.3)
        results.append(joined)
    assert results[0] == results[1] and "vigilant" in base.residents


def test_the_documented_first_look_at_the_city_runs(capsys):
    (look,) = blocks("The city as a Mesa model", DOCS / "mesa.md")
    exec(compile(look, "mesa.md", "exec"), {})
    assert capsys.readouterr().out.startswith("5001 1 ")


@pytest.mark.skipif(importlib.util.find_spec("solara") is None, reason="Solara is not installed: see docs/mesa.md")
def test_the_documented_page_for_the_browser_runs():
    (page,) = blocks("In the browser", DOCS / "mesa.md")
    names: dict = {"__name__": "app"}
    exec(compile(page, "mesa.md", "exec"), names)
    assert names["page"] is not None
