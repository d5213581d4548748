import pytest
from workbench import Bench, install_plugin


@pytest.fixture(scope="session")
def plugin(tmp_path_factory):
    return install_plugin(tmp_path_factory.mktemp("plugin"))


@pytest.fixture
def bench(tmp_path, plugin):
    return Bench(tmp_path, plugin)


@pytest.fixture(scope="session")
def shared_bench(tmp_path_factory, plugin):
    return Bench(tmp_path_factory.mktemp("shared"), plugin)
