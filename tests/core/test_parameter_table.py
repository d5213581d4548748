"""The documented table of parameters is the declared one."""

from pathlib import Path

from experiments.parameter_table import table

DOCS = Path(__file__).parents[2] / "docs"


def test_parameters_are_documented_as_declared():
    written = (DOCS / "parameters.md").read_text(encoding="utf-8")
    assert written == table(), "write it anew: python -m experiments.parameter_table > docs/parameters.md"
