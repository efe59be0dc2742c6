"""The proxy publishes its checkpoints while it serves; what cannot be published holds nothing up, and is said."""

import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from guard.audit import checkpoint as notes
from guard.errors import ConfigError
from tests.conftest import OpenHouse
from tests.house import logged


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_checkpoints_are_published_while_exchanges_go_on(
    open_house: OpenHouse, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        dead = f"http://127.0.0.1:{free.getsockname()[1]}/secret-path"
    places = [{"file": "kept", "every_s": 1}, {"webhook": dead, "every_s": 1}]
    house = open_house(config={"audit": {"publish": places}})
    kept = tmp_path / "kept"
    assert house.post("echo", "hello").status_code == 200
    until(lambda: kept.exists() and [*kept.iterdir()])
    until(lambda: httpx.get(f"{house.url}/readyz").json() == {
        "status": "ready", "unpublished": ["webhook at 127.0.0.1"],
    })  # fmt: skip
    assert house.post("echo", "hello again").status_code == 200
    service = house.service
    note = (sorted(kept.iterdir()))[-1].read_text()
    assert notes.verify(note, service.store.public_key).size >= 1
    assert service.store.verify(service.store.public_key, trusted=note).ok
    assert b"secret-path" not in logged(caplog.records)
    assert b"no checkpoint could be published at the webhook at 127.0.0.1" in logged(caplog.records)


def test_a_configuration_with_a_place_without_its_key_does_not_start(open_house: OpenHouse) -> None:
    with pytest.raises(ConfigError, match="NO_SUCH_VARIABLE is not set"):
        open_house(config={"audit": {"publish": [{"webhook": "https://x.example/", "key_env": "NO_SUCH_VARIABLE"}]}})
