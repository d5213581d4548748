from pathlib import Path

import pytest
from made_comparison import write_comparison


@pytest.fixture(scope="session")
def comparison_folder(tmp_path_factory) -> Path:
    return write_comparison(tmp_path_factory.mktemp("comparison"), observed=True, skip={("street_lighting", 5)})
