"""The files of values beside the defaults, as the tests compare them."""

from pathlib import Path

import yaml

from experiments.safe_yaml import read_yaml

VALUES = Path(__file__).parents[1] / "configs" / "values"


def settings_of(name: str) -> dict:
    """Settings of configs/values/NAME.yaml by their dotted keys, e.g. ``mechanism.offending.skill``."""
    pairs = (text.partition("=") for text in read_yaml(VALUES / f"{name}.yaml")["overrides"])
    return {key: yaml.safe_load(value) for key, _, value in pairs}
