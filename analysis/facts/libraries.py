"""Libraries of the extra `validate`, imported when they are needed."""

from __future__ import annotations

import importlib
from types import ModuleType

from sim.errors import SpecError

PARTS = {"libpysal": "libpysal.weights"}


def library(name: str) -> ModuleType:
    """Import a library of spatial statistics.

    Raises
    ------
    SpecError
        One line that names the extra, when it is not installed.
    """
    try:
        importlib.import_module(PARTS.get(name, name))
        return importlib.import_module(name)
    except ImportError:
        raise SpecError(f"validate: needs the library {name}; install it with: pip install \"lamplighter[validate]\""
                        ) from None
