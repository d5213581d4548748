"""The grid gives the cells, neighbours, occupants and layers that Mesa's own grid gives, and builds none in advance."""

import copy

import numpy as np
import pytest
from mesa.discrete_space import CellAgent, CellCollection, FixedAgent, OrthogonalMooreGrid
from mesa.discrete_space.property_layer import PropertyLayer
from mesa_town import GUARDIANS, HEIGHT, RESIDENTS, WIDTH, Person, Town, values

from sim.views import Guardian, Resident


def members(cell) -> list[int]:
    return sorted(agent.unique_id for agent in cell.agents)


def test_it_is_mesas_grid(town, plain):
    assert isinstance(town.grid, OrthogonalMooreGrid) and town.grid is town.grid
    assert (town.grid.width, town.grid.height, town.grid.dimensions) == (WIDTH, HEIGHT, (WIDTH, HEIGHT))
    assert [c.coordinate for c in town.grid.all_cells] == [c.coordinate for c in plain.grid.all_cells]
    assert len(town.grid.all_cells) == WIDTH * HEIGHT == len(list(town.grid))
    with pytest.raises(KeyError):
        town.grid[WIDTH, 0]
    with pytest.raises(KeyError):
        town.grid[-1, 0]
    assert town.grid[np.int64(2), np.int64(3)] is town.grid[2, 3]


def test_a_cell_is_the_same_object_while_it_is_held(town):
    cell = town.grid[1, 2]
    assert town.grid[1, 2] is cell is town.grid.cell(2 * WIDTH + 1) and cell.index == 2 * WIDTH + 1
    assert town.grid.index(cell) == cell.index
    del cell
    assert len(town.grid._made) == 0


def test_same_occupants_as_mesa(town, plain):
    for cell in plain.grid.all_cells:
        ours = town.grid[cell.coordinate]
        assert members(ours) == members(cell) and ours.is_empty == cell.is_empty == ours.empty
        assert ours.is_full is False and ours.capacity is None
    assert sorted(a.unique_id for a in town.grid.agents) == sorted(a.unique_id for a in plain.grid.agents)
    assert [a.unique_id for a in town.grid.agents] == [a.unique_id for a in plain.grid.agents]
    assert [c.coordinate for c in town.grid.empties] == [c.coordinate for c in plain.grid.empties]


def test_same_neighbours_as_mesa(town, plain):
    for coordinate in ((0, 0), (3, 2), (WIDTH - 1, HEIGHT - 1), (0, 3)):
        ours, theirs = town.grid[coordinate], plain.grid[coordinate]
        assert {k: c.coordinate for k, c in ours.connections.items()} == {
            k: c.coordinate for k, c in theirs.connections.items()}
        assert list(ours.connections) == list(theirs.connections)
        assert [c.coordinate for c in ours.neighborhood] == [c.coordinate for c in theirs.neighborhood]
        for radius in (1, 2, 3):
            for centre in (False, True):
                a, b = (c.get_neighborhood(radius, include_center=centre) for c in (ours, theirs))
                assert {c.coordinate for c in a} == {c.coordinate for c in b} and isinstance(a, CellCollection)
                assert sorted(x.unique_id for x in a.agents) == sorted(x.unique_id for x in b.agents)
        mask = town.grid.get_neighborhood_mask(coordinate, radius=2)
        assert (mask == plain.grid.get_neighborhood_mask(coordinate, radius=2)).all()
    with pytest.raises(ValueError, match="radius"):
        town.grid[0, 0].get_neighborhood(0)


def test_same_random_choices_as_mesa(town, plain):
    picks = []
    for model in (town, plain):
        model.random.seed(6)
        picks.append([model.grid.all_cells.select_random_cell().coordinate,
                      model.grid.select_random_empty_cell().coordinate,
                      model.grid[3, 3].neighborhood.select_random_cell().coordinate,
                      model.grid.all_cells.select_random_agent().unique_id,
                      [c.coordinate for c in model.grid.all_cells.select(lambda c: len(c.agents) > 1)],
                      [c.coordinate for c in model.grid.all_cells.select(at_most=0.2)]])
    assert picks[0] == picks[1]


def test_same_walk_as_mesa(town, plain):
    """Everybody moves in Mesa's activation order to a random neighbouring cell, several times."""

    def move(agent):
        agent.move_to(agent.cell.neighborhood.select_random_cell())

    for _ in range(5):
        for model in (town, plain):
            model.agents.shuffle_do(move)
        assert [a.cell.coordinate for a in town.agents] == [a.cell.coordinate for a in plain.agents]
        for cell in plain.grid.all_cells:
            assert members(town.grid[cell.coordinate]) == members(cell)


def test_moving(town):
    agent = town.agents[3]
    there = len(town.grid[2, 2].agents)
    agent.cell = town.grid[2, 2]
    assert agent in town.grid[2, 2].agents and len(town.grid[2, 2].agents) == there + 1
    assert agent.pos == (2, 2) == agent.cell.coordinate and agent.cell_index == 2 * WIDTH + 2
    assert town.residents["cell"][town.residents.row_of[3]] == 2 * WIDTH + 2
    agent.move_relative((1, -1))
    assert agent.pos == (3, 1) and agent not in town.grid[2, 2].agents
    agent.cell.remove_agent(agent)
    assert agent.cell is None and agent.pos is None and agent.cell_index == -1
    assert agent not in town.grid.agents and agent in town.agents
    town.grid[0, 0].add_agent(agent)
    assert agent.pos == (0, 0)
    with pytest.raises(ValueError, match="direction"):
        agent.move_relative((-1, 0))
    with pytest.raises(ValueError, match="not in"):
        town.grid[4, 4].remove_agent(agent)
    for elsewhere in (Town().grid[0, 0], 5, OrthogonalMooreGrid((2, 2), random=town.random)[0, 0]):
        with pytest.raises(TypeError, match=r"cell of model\.grid"):
            agent.cell = elsewhere


def test_occupants_follow_kernels(town):
    cell = town.grid[0, 0]
    assert len(cell.agents) < RESIDENTS
    town.residents["cell"][:] = 0
    town.grid.moved()
    assert len(cell.agents) == RESIDENTS + 1
    town.residents["cell"][:] = 1
    town.step()  # between steps nobody has to say anything
    assert len(cell.agents) == 1
    town.residents.permute(np.random.default_rng(2).permutation(RESIDENTS))
    assert len(town.grid[1, 0].agents) == RESIDENTS + 2 - 1 - 1
    town.agents[0].remove()
    assert len(town.grid[1, 0].agents) == RESIDENTS - 1


def test_occupants_notice_moves_births_and_deaths_one_by_one(town):
    rng = np.random.default_rng(0)
    for turn in range(200):
        alive = town.agents_by_type[Resident]
        agent = alive[int(rng.integers(len(alive)))]
        if turn % 7 == 0:
            agent.remove()
        elif turn % 5 == 0:
            Resident(town, cell=int(rng.integers(WIDTH * HEIGHT)))
        elif turn % 31 == 0:
            town.residents.compact()
        else:
            agent.cell = None if turn % 9 == 0 else town.grid.cell(int(rng.integers(WIDTH * HEIGHT)))
        cell = town.grid.cell(int(rng.integers(WIDTH * HEIGHT)))
        assert members(cell) == sorted(a.unique_id for a in town.agents if a.cell_index == cell.index)
        assert len(cell._agents) == len(cell.agents)


def test_ordinary_agents_share_the_cells(town):
    class Tree(FixedAgent):
        def __init__(self, model, cell):
            super().__init__(model)
            self.cell = cell

    free = town.grid.select_random_empty_cell()
    guest, tree = Person(town), Tree(town, free)
    guest.cell = free
    assert free.agents == [tree, guest] and isinstance(guest, CellAgent)
    guest.move_relative((0, 1) if free.coordinate[1] < HEIGHT - 1 else (0, -1))
    assert free.agents == [tree] and guest in town.grid.agents
    tree.remove()
    assert free.is_empty


def test_layers_are_the_models_own_memory(town):
    grid, light = town.grid, town.layers["light"]
    assert isinstance(grid.light, PropertyLayer) and grid.light.data.shape == (WIDTH, HEIGHT)
    assert np.shares_memory(grid.light.data, light) and grid.light.data[3, 2] == light[2 * WIDTH + 3]
    grid.light.data[3, 2] = 7
    assert light[2 * WIDTH + 3] == 7 and grid[3, 2].light == 7
    grid[3, 2].light = 8
    grid.light.modify_cells(np.add, 1)
    assert light[2 * WIDTH + 3] == 9
    grid.light.set_cells(0.5, lambda v: v > 5)
    grid.set_property("bars", 2)
    grid.modify_properties("bars", np.multiply, 3)
    assert light[2 * WIDTH + 3] == 0.5 and (town.layers["bars"] == 6).all() and town.layers["bars"].dtype == np.int16
    assert grid.light.aggregate(np.max) == light.max()
    town.layers["light"] = np.zeros(WIDTH * HEIGHT)
    assert grid[3, 2].light == 0 and grid.light.data.max() == 0
    town.layers["noise"] = np.ones(WIDTH * HEIGHT)
    assert grid.noise.data.sum() == WIDTH * HEIGHT


def test_choosing_cells_by_layers(town):
    grid = town.grid
    free = {c.coordinate for c in grid.empties}
    assert set(map(tuple, np.argwhere(grid.empty.data).tolist())) == free == {
        (int(x), int(y)) for x, y in grid.select_cells(only_empty=True)}
    found = grid.select_cells(conditions={"light": lambda v: v > 0.5}, extreme_values={"bars": "highest"})
    assert [(int(x), int(y)) for x, y in found] == [(WIDTH - 1, HEIGHT - 1)]
    with pytest.raises(TypeError, match="computed"):
        grid.empty.set_cells(True)


def test_layers_of_a_users_own(town):
    layer = town.grid.create_property_layer("paint", 0.0)
    town.grid[2, 1].paint = 4
    assert layer.data[2, 1] == 4 and town.grid.paint.data.sum() == 4 and town.grid[2, 1].paint == 4
    for name in ("paint", "light", "agents"):
        with pytest.raises(ValueError, match=name):
            town.grid.create_property_layer(name, 0.0)
    town.grid.remove_property_layer("paint")
    with pytest.raises(AttributeError):
        town.grid[2, 1].paint  # noqa: B018
    with pytest.raises(KeyError, match="added"):
        town.grid.remove_property_layer("light")


def test_what_the_grid_cannot_do(town):
    with pytest.raises(TypeError, match="Network"):
        town.grid.add_connection(town.grid[0, 0], town.grid[4, 4])
    with pytest.raises(TypeError, match="Network"):
        town.grid[0, 0].connect(town.grid[4, 4])
    with pytest.raises(AttributeError, match="property layer"):
        town.grid[0, 0].colour = "red"


def test_nothing_is_built_before_somebody_asks():
    town = Town()
    assert town._grid is None and not town._cache
    town.step()
    assert town._grid is None
    grid = town.grid
    assert len(grid._made) == 0 and not grid._occupancy
    grid.all_cells.select_random_cell()
    assert len(grid._made) == 0


def test_counts_match_columns(town):
    cells = values()["cell"]
    assert [len(town.grid.cell(c)._agents) for c in range(WIDTH * HEIGHT)] == (
        np.bincount(cells, minlength=WIDTH * HEIGHT) + np.bincount([0, 8, 8, 34], minlength=WIDTH * HEIGHT)).tolist()
    assert len(copy.copy(town.agents_by_type[Guardian])) == GUARDIANS
