import pytest

from tests.console.desk import Desk, desk


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory):
    with desk(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


@pytest.fixture
def viewer(shared: Desk):
    with shared.client("viewer") as client:
        yield client


@pytest.fixture
def auditor(shared: Desk):
    with shared.client("auditor") as client:
        yield client


@pytest.fixture
def admin(shared: Desk):
    with shared.client("admin") as client:
        yield client
