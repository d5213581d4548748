"""The catalogue in the documentation is that of the registry, and every row of the evidence has its intervention."""

from pathlib import Path

from experiments.intervention_table import NOT_COMPARED, ROWS, table
from sim import registry

PAGE = Path(__file__).parents[2] / "docs" / "interventions.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == table()  # python -m experiments.intervention_table


def test_every_row_of_the_evidence_is_covered():
    registry.load()
    named = {row for cls in registry.INTERVENTIONS.values() for row in cls.evidence}
    assert set(ROWS) == named == {f"I{n:02d}" for n in range(1, 56)}
    assert set(NOT_COMPARED) <= set(ROWS)
