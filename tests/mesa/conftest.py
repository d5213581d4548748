import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers beside the tests, also in other processes

from mesa_town import RESIDENTS, PlainTown, Town  # noqa: E402


@pytest.fixture(params=["id order", "shuffled rows"])
def town(request):
    """The small model, with its rows in the order of ids and in another one."""
    return Town(order=None if request.param == "id order" else np.random.default_rng(5).permutation(RESIDENTS))


@pytest.fixture
def plain():
    return PlainTown()
