"""Mesa's drawing tools accept the model: SpaceRenderer and older functions on matplotlib, SolaraViz if installed."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import warnings
from unittest.mock import MagicMock

import mesa
import numpy as np
import pytest

from sim.views import Guardian

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

# Mesa's drawing imports these for the browser and for Altair charts; drawing with matplotlib uses none of them.
SOLARA = importlib.util.find_spec("solara") is not None
BROWSER = ("solara", "reacton", "altair", "ipyvuetify")


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds an empty stand-in for packages that are not installed, and for everything inside them."""

    def __init__(self):
        self.missing = tuple(name for name in BROWSER if importlib.util.find_spec(name) is None)

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.missing:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return MagicMock(__path__=[], __name__=spec.name)

    def exec_module(self, module):
        pass


@pytest.fixture(scope="module")
def visualization():
    """``mesa.visualization``, with stand-ins for the packages of the browser that are not installed."""
    before, finder = set(sys.modules), StandIns()
    sys.meta_path.append(finder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield importlib.import_module("mesa.visualization")
    pyplot.close("all")
    sys.meta_path.remove(finder)
    if finder.missing:
        for name in set(sys.modules) - before:
            if name.split(".")[0] in finder.missing or name.startswith("mesa.visualization"):
                del sys.modules[name]
        mesa.__dict__.pop("visualization", None)


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_space_renderer_draws_agents_and_layers(town, visualization):
    from mesa.visualization.components.portrayal_components import AgentPortrayalStyle, PropertyLayerStyle

    town.agents[0].cell = None  # who is away is not drawn
    renderer = visualization.SpaceRenderer(town, backend="matplotlib")
    renderer.draw_structure()
    renderer.draw_agents(lambda a: AgentPortrayalStyle(color="blue" if isinstance(a, Guardian) else "red", size=20))
    renderer.draw_propertylayer(lambda layer: PropertyLayerStyle(colormap="viridis") if layer.name == "light" else None)
    axes = renderer.canvas
    points = [c.get_offsets() for c in axes.collections if c.get_offsets().shape[0] > 1]
    drawn = sorted(map(tuple, np.concatenate(points).astype(int).tolist()))
    assert drawn == sorted(a.pos for a in town.agents if a.pos) and len(drawn) == len(town.agents) - 1
    (image,) = axes.images
    assert (np.asarray(image.get_array()).ravel() == town.layers["light"]).all()
    axes.get_figure().canvas.draw()


def test_older_drawing_functions(town, visualization):
    from mesa.visualization.mpl_space_drawing import collect_agent_data, draw_property_layers

    figure, axes = pyplot.subplots()
    visualization.draw_space(town.grid, lambda a: {"color": "red"}, ax=axes)
    draw_property_layers(town.grid, {"light": {"colormap": "viridis"}}, ax=axes)
    assert len(collect_agent_data(town.grid, lambda a: {"color": "red"})["loc"]) == len(town.grid.agents)
    figure.canvas.draw()


@pytest.mark.skipif(not SOLARA, reason="Solara is not installed: docs/mesa.md names versions that work together")
def test_solara_viz_makes_a_page(town):
    from mesa.visualization import SolaraViz, SpaceRenderer, make_plot_component

    page = SolaraViz(town, renderer=SpaceRenderer(town, backend="matplotlib"), components=[make_plot_component("tick")])
    assert page is not None
