"""Mesa's tools around a model: data collector, batch runs, copies and pickles, other processes."""

import concurrent.futures
import copy
import inspect
import multiprocessing
import pickle
import subprocess
import sys
import warnings

import mesa
import numpy as np
import pytest
from mesa_town import GUARDIANS, RESIDENTS, Person, Unit, Walk, count, run, state

from sim.views import Guardian, Offender, Resident


def test_data_collector_gives_what_it_gives_for_ordinary_agents(town, plain):
    frames = []
    for model, resident, guardian in ((town, Resident, Guardian), (plain, Person, Unit)):
        collector = mesa.DataCollector(
            model_reporters={"n": count, "fear": lambda m, r=resident: m.agents_by_type[r].agg("fear", max)},
            agent_reporters={"id": "unique_id", "fear": lambda a: getattr(a, "fear", None),
                             "x": lambda a: a.cell.coordinate[0]},
            agenttype_reporters={resident: {"ties": "ties", "area": "area"},
                                 guardian: {"y": lambda a: a.cell.coordinate[1]}})
        for _ in range(2):
            collector.collect(model)
            model.step()
        frames.append([collector.get_model_vars_dataframe(), collector.get_agent_vars_dataframe(),
                       *(collector.get_agenttype_vars_dataframe(cls) for cls in (resident, guardian))])
    for ours, theirs in zip(*frames):
        assert len(ours) and ours.equals(theirs)


def test_data_collector_reports_offenders(town):
    collector = mesa.DataCollector(agenttype_reporters={Offender: {"arrests": "arrests"}})
    collector.collect(town)
    frame = collector.get_agenttype_vars_dataframe(Offender)
    assert frame.index.get_level_values("AgentID").tolist() == town.agents_by_type[Offender].ids.tolist()


@pytest.mark.parametrize("how", ["pickle", "deepcopy"])
def test_copies_continue_identically(how):
    model = Walk()
    run(model, 2)
    model.held = model.agents[5]
    model.chosen = model.agents.select(lambda a: a.fear > 0.5, agent_type=Resident, at_most=4)
    model.place, model.live, model.guest = model.grid[2, 2], model.agents_by_type[Offender], Person(model)
    model.guest.cell = model.place
    model.grid.create_property_layer("paint", 0.0)
    model.place.paint = 3
    other = pickle.loads(pickle.dumps(model)) if how == "pickle" else copy.deepcopy(model)
    assert other.held.model is other and other.held == other.agents[5] and other.held != model.held
    assert other.chosen.ids.tolist() == model.chosen.ids.tolist() and other.chosen[0].model is other
    assert other.place is other.grid[2, 2] and other.place.paint == 3 and other.guest in other.place.agents
    assert np.shares_memory(other.grid.light.data, other.layers["light"])
    assert not np.shares_memory(other.layers["light"], model.layers["light"])
    other.held.fear = 0.125
    assert model.held.fear != 0.125 or model.residents["fear"][5] == 0.125
    assert len(other.live) == len(model.live)
    assert run(other, 3) == run(model, 3)


@pytest.mark.parametrize("start", ["cells", "views", "grid"])
def test_parts_of_a_model_can_be_pickled_with_it(start):
    model = Walk()
    guest = Person(model)
    guest.cell = model.grid[1, 1]
    part = {"cells": [model.grid[1, 1], guest], "views": [model.agents[3], model.agents], "grid": [model.grid]}[start]
    loaded = pickle.loads(pickle.dumps(part))
    if start == "cells":
        assert loaded[1] in loaded[0].agents and loaded[1].cell is loaded[0]
    elif start == "views":
        assert loaded[0] in loaded[1] and len(loaded[1]) == RESIDENTS + GUARDIANS + 1
    else:
        assert len(loaded[0].agents) == RESIDENTS + GUARDIANS + 1
    assert state(pickle.loads(pickle.dumps(model))) == state(copy.deepcopy(model)) == state(model)


def test_continues_identically_in_another_process():
    model = Walk()
    run(model, 2)
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        assert pool.submit(run, model, 3).result(timeout=120) == run(model, 3)


def test_batch_run():
    wanted = {"rng": [1, 2]} if "rng" in inspect.signature(mesa.batch_run).parameters else {"iterations": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = mesa.batch_run(Walk, {}, number_processes=1, max_steps=2, display_progress=False, **wanted)
    assert len(rows) == 2 and {row["people"] for row in rows} == {RESIDENTS + GUARDIANS}


def test_mesas_generators_are_those_of_an_ordinary_model(town, plain):
    assert town.random.random() == plain.random.random() and town.rng.random() == plain.rng.random()
    assert town.steps == 0 and town.running


def test_importing_the_model_imports_no_drawing():
    heavy = ("matplotlib", "solara", "altair", "sim.space", "numba", "mesa.visualization")
    code = f"import sys, sim.mesa_model; print([m for m in {heavy} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["ABMSimulator", "DEVSimulator"])
def test_simulators_drive_the_model(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mesa.experimental import devs

        model, simulator = Walk(), getattr(devs, name)()
        simulator.setup(model)
        fired = []

        def event():
            fired.append(model.tick)

        simulator.schedule_event_absolute(event, 2 if name == "ABMSimulator" else 2.0)
        simulator.run_until(4)
    assert len(fired) == 1 and (model.tick >= 3 or name == "DEVSimulator")
