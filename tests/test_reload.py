"""A list that changes takes effect in a running proxy and in the library: over a socket, with files on disk."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guard import config as configuration
from guard.library import Guard
from guard.service import start as start_service
from tests.house import House, policy, proxy, start, write_files
from tests.upstream import FakeUpstream, serve_fake

WORKERS = {"class": "tests.backends.presidio_examples.Words", "options": {"word": "Merlin"}}


def rules(folder: Path, **recognize: Any) -> dict[str, Any]:
    """A policy with a list in a file beside it, which holds one term."""
    (folder / "policies" / "lists").mkdir(parents=True)
    (folder / "policies" / "lists" / "names.txt").write_text("Falcon\n")
    lists = [{"entity": "CODE_NAME", "file": "lists/names.txt"}, {"entity": "CUSTOMER", "terms": ["한빛전자"]}]
    return policy(recognize={"profile": "patterns", "lists": lists, **recognize})


def add(folder: Path, *lines: str) -> None:
    with (folder / "policies" / "lists" / "names.txt").open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def until(condition: Callable[[], bool], seconds: float = 15) -> float:
    """How long it took; fails where it takes too long."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds
        time.sleep(0.1)
    return time.monotonic() - began


def sent(house: House, upstream: FakeUpstream, text: str) -> str:
    """What the upstream gets of a message."""
    assert house.post("echo", text).status_code == 200
    return str(json.loads(upstream.seen[-1])["messages"][-1]["content"])


@pytest.mark.parametrize("recognize", [{}, {"recognizers": [WORKERS]}], ids=["in-process", "worker-processes"])
def test_a_term_that_is_added_is_masked_in_the_next_request(tmp_path: Path, recognize: dict[str, Any]) -> None:
    text = "Falcon, Kestrel and Merlin for 한빛전자에서"
    with serve_fake() as upstream:
        service = start(tmp_path, upstream.url, [rules(tmp_path, **recognize)])
        with proxy(service, tmp_path) as house:
            before = sent(house, upstream, text)
            assert "Falcon" not in before
            assert "한빛전자" not in before
            assert "Kestrel" in before
            assert ("Merlin" in before) == (not recognize)
            add(tmp_path, "Kestrel")
            # The same text again: what was found of it before is in the cache.
            assert until(lambda: "Kestrel" not in sent(house, upstream, text)) < 10  # 1 s on a quiet machine
            masked = sent(house, upstream, text)
            assert not any(word in masked for word in ("Falcon", "Kestrel", "한빛전자"))
            assert masked.split()[0].rstrip(",") == before.split()[0].rstrip(",")
            house.close_clients()
        service.close()


def test_a_list_that_breaks_keeps_what_it_held_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    file = write_files(tmp_path, "http://127.0.0.1:9", [rules(tmp_path)], {})
    service = start_service(configuration.load(file, {}), said.append)
    recognizer = service.recognizers["default"]
    add(tmp_path, "x")
    until(lambda: bool(said))
    assert [len(spans) for spans in recognizer.recognize_blocking(["Falcon"])] == [1]
    assert "names.txt, line 2: the term has fewer than two letters" in said[0]
    service.close()


def test_a_list_of_the_library(tmp_path: Path) -> None:
    file = write_files(tmp_path, "http://127.0.0.1:9", [rules(tmp_path)], {})
    with Guard.from_files(file) as guard:
        text = "Falcon, Kestrel"
        assert guard.restore(guard.mask(text)) == text
        assert "Kestrel" in guard.mask(text)
        add(tmp_path, "Kestrel")
        until(lambda: "Kestrel" not in guard.mask(text))
        assert guard.restore(guard.mask(text)) == text
