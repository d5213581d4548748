"""Shares the stand-in model of the tests of guardianship."""

import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("stand_in", Path(__file__).parents[1] / "guardianship" / "conftest.py")
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)


@pytest.fixture
def make():
    return _module.stand_in
