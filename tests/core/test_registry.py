"""The registry: what registers itself, and packages that bring rules of their own."""

import importlib
import sys

import pytest

from sim import registry
from sim.columns import Column
from sim.errors import SpecError
from sim.mechanism import Mechanism
from sim.model import CityModel

RULE = """
from lamplighter import Mechanism, mechanism


@mechanism
class Rule(Mechanism):
    \"\"\"Does nothing.\"\"\"

    name = "strange_rule"
    after = "reactions"
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Function: put a package with one module where Python finds it, with an entry point for it."""
    registry.load()
    monkeypatch.setattr(registry, "MECHANISMS", dict(registry.MECHANISMS))
    monkeypatch.setattr(registry, "_loaded", False)

    def make(code: str) -> None:
        (tmp_path / "strange_rules.py").write_text(code, encoding="utf-8")
        info = tmp_path / "strange_rules-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-rules\nVersion: 1.2\n", encoding="utf-8")
        (info / "entry_points.txt").write_text("[lamplighter.plugins]\nrules = strange_rules\n", encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()

    yield make
    sys.modules.pop("strange_rules", None)


def test_an_installed_package_brings_its_mechanism(install):
    install(RULE)
    registry.load()
    assert registry.MECHANISMS["strange_rule"].__module__ == "strange_rules"


def test_a_package_that_cannot_be_imported_is_named(install):
    install("import lamplighter\n\nlamplighter.nothing_of_the_kind()\n")
    with pytest.raises(SpecError, match=r"^the plugin 'rules' \(strange_rules\) of strange-rules 1.2 cannot "
                                        r"be imported: AttributeError: .*strange_rules.py, line 3\); mend it"):
        registry.load()


def test_a_cadence_that_never_comes_is_refused():
    with pytest.raises(ValueError, match="Daily.cadence: expected one of tick, day, week, month, found 'daily'"):
        registry.mechanism(type("Daily", (Mechanism,), {"name": "daily", "cadence": "daily"}))


@pytest.mark.parametrize("body, error, message", [
    ({"after": "reaction"}, SpecError, "steps after 'reaction', which does not exist; did you mean 'reactions'"),
    ({"columns": {"people": {"mood": Column("f4")}}}, ValueError, "'people', which is no population; populations: res"),
])
def test_a_slip_in_a_rule_is_named(body, error, message, monkeypatch):
    registry.load()
    monkeypatch.setitem(registry.MECHANISMS, "slip", type("Slip", (Mechanism,), {"name": "slip", **body}))
    with pytest.raises(error, match=message):
        CityModel(city={"residents": 300}, burn_in_years=0)
