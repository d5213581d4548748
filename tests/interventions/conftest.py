import numpy as np
import pytest

from sim.model import CityModel


@pytest.fixture(scope="session")
def saved():
    """A tiny town at the end of June, with some recorded crime in memory."""
    model = CityModel(city={"residents": 3_000}, seed=11, years=2, burn_in_years=0, start_date="2024-06-29")
    streets = np.flatnonzero((model.city.area >= 0) & (model.layers["street"] > 0))
    worst = streets[:: max(1, len(streets) // 12)][:12]
    model.layers["believed"][worst] = np.arange(40, 28, -1)
    return model.snapshot()


@pytest.fixture
def town(saved):
    """Function: the town with interventions and their settings, as a model at day 0."""

    def make(day: int = 0, **interventions) -> CityModel:
        model = CityModel.restore(saved, saved["spec"].with_(intervention=interventions))
        model.run_days(day)
        return model

    return make


@pytest.fixture
def add_events():
    """Function: write events of the tick before into the log, as if they had happened."""

    def add(model, cells, minute: int, recorded: bool, kind: int, outdoors: bool = True) -> None:
        n = len(cells)
        model.log.append(tick=np.full(n, max(model.tick - 1, 0)), minute=np.full(n, minute), cell=np.asarray(cells),
                         type=np.full(n, kind), offender_id=np.arange(n), recorded=np.full(n, recorded),
                         outdoors=np.full(n, outdoors))

    return add
