"""A fake upstream, proxies before it, and after every test a search for values where none may be."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.house import (
    CLIENTS,
    House,
    Scripted,
    leaks,
    leaks_of_files,
    logged,
    policy,
    proxy,
    start,
)
from tests.upstream import FakeUpstream, serve_fake

OpenHouse = Callable[..., House]

# The policies of the house that most tests share: the part of a model's name before the slash chooses one.
SHARED = (
    policy(),
    policy("observe", applies_to={"models": ["observe/*"]}, precedence=1, review={"stream": "observe"}),
    policy("hold", applies_to={"models": ["hold/*"]}, precedence=1, review={"stream": "hold"}),
    policy("redact", applies_to={"models": ["redact/*"]}, precedence=1, mask={"default": "redact"}),
    policy("hash", applies_to={"models": ["hash/*"]}, precedence=1, mask={"default": "hash"}),
    policy("keep", applies_to={"models": ["keep/*"]}, precedence=1, mask={"entities": {"IP_ADDRESS": "keep"}}),
    policy("block", applies_to={"models": ["block/*"]}, precedence=1, mask={"entities": {"SECRET": "block"}}),
    policy("opaque", applies_to={"models": ["opaque/*"]}, precedence=1, opaque="allow"),
    policy("discreet", applies_to={"models": ["discreet/*"]}, precedence=1, log={"content": "none"}),
    policy(
        "unmasked",
        applies_to={"models": ["unmasked/*"]},
        precedence=1,
        recognize={"profile": "none"},
        log={"content": "none"},
    ),
    policy("reviewed", applies_to={"models": ["reviewed/*"]}, precedence=1, review={"constitution": "test"}),
    policy(
        "lenient",
        applies_to={"models": ["lenient/*"]},
        precedence=1,
        review={"constitution": "test", "on_failure": "allow"},
    ),
    policy(
        "watched",
        applies_to={"models": ["watched/*"]},
        precedence=1,
        review={"constitution": "test", "stream": "observe"},
    ),
)


@pytest.fixture(scope="session")
def _upstream() -> Iterator[FakeUpstream]:
    with serve_fake() as fake:
        yield fake


@pytest.fixture
def upstream(_upstream: FakeUpstream) -> FakeUpstream:
    _upstream.forget()
    return _upstream


@pytest.fixture(scope="session")
def _house(_upstream: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    service = start(folder, _upstream.url, SHARED, critic=Scripted())
    with proxy(service, folder) as house:
        yield house


@pytest.fixture
def discretion(
    upstream: FakeUpstream, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Iterator[list[Path]]:
    """Laws L1 and L8, after every test: no planted value reached the upstream, a file of these folders, or a log."""
    caplog.set_level("DEBUG")
    for name in CLIENTS:
        caplog.set_level("WARNING", logger=name)
    folders: list[Path] = []
    yield folders
    assert [leak for body in upstream.seen for leak in leaks(body)] == []
    assert [leak for headers in upstream.seen_headers for leak in leaks(repr(headers).encode())] == []
    assert [leak for folder in folders for leak in leaks_of_files(folder)] == []
    assert leaks("".join(capfd.readouterr()).encode()) == []
    assert leaks(logged(caplog.get_records("call"))) == []


@pytest.fixture
def house(_house: House, discretion: list[Path]) -> Iterator[House]:
    """The proxy that most tests share."""
    discretion.append(_house.folder)
    yield _house
    _house.close_clients()


@pytest.fixture
def open_house(tmp_path: Path, upstream: FakeUpstream, discretion: list[Path]) -> Iterator[OpenHouse]:
    """A function that starts a proxy of its own: it takes what `start` takes."""
    discretion.append(tmp_path)
    with ExitStack() as stack:

        def begin(*rules: dict[str, Any], environ: dict[str, str] | None = None, **options: Any) -> House:
            address = options.pop("address", upstream.url)
            service = start(tmp_path, address, rules or (policy(),), **options)
            house = stack.enter_context(proxy(service, tmp_path, environ))
            stack.callback(house.close_clients)
            return house

        yield begin
