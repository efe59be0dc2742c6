"""What a newcomer does, for real: guard as it comes, with its own model, critic and recognizers, over a socket."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guard.audit.reading import Recorded, SqliteReader

README = Path(__file__).parent.parent / "README.md"
VALUES = ("Alice Meyer", "alice.meyer@example.com", "4111 1111 1111 1111")


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, str]]:
    """guard as a process in `folder`; gives its address and what it said until it listened."""
    environ = {**os.environ, "GUARD_LISTEN__PORT": "0", "GUARD_CRITIC__TIMEOUT_S": "120"}
    command = [sys.executable, "-m", "guard", "serve"]
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Read it with" in line:
                break
        # What comes later is read on, so that the process never waits for a full pipe.
        rest = threading.Thread(target=process.stdout.read)
        rest.start()
        try:
            yield re.search(r"http://[\d.]+:\d+", said)[0], said  # type: ignore[index]
        finally:
            process.terminate()
            rest.join()


def paste(address: str) -> str:
    """Send the README's request; gives the events of the answer."""
    body = re.search(r"-d '(\{.*?\})'", README.read_text(), re.DOTALL)
    assert body is not None
    request = {**json.loads(body[1].replace("\n", "")), "max_tokens": 60}
    call = urllib.request.Request(f"{address}/v1/chat/completions", json.dumps(request).encode())
    with urllib.request.urlopen(call, timeout=300) as reply:
        assert reply.headers["x-guard-exchange"]
        return str(reply.read().decode())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("newcomer")


@pytest.fixture(scope="module")
def first(folder: Path) -> tuple[str, str]:
    """What guard said at its first start, and what it answered."""
    with serving(folder) as (address, said):
        return said, paste(address)


def recorded(folder: Path) -> Recorded:
    reader = SqliteReader(folder / "guard-data" / "audit.db")
    found = reader.show(reader.list(1)[0].exchange)
    assert found is not None
    return found


def test_it_says_where_it_listens_and_where_the_log_is(first: tuple[str, str]) -> None:
    assert "curl -s" in first[0]
    assert "guard-data/audit.db" in first[0]


def test_the_answer_streams_and_shows_nothing_of_the_masking(first: tuple[str, str]) -> None:
    events = [json.loads(line[6:]) for line in first[1].splitlines() if line.startswith("data: {")]
    text = "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"])
    assert text.strip()
    assert not re.search(r"(PERSON|EMAIL_ADDRESS|CREDIT_CARD)_[0-9A-Z]{8}", first[1])
    assert ": x-guard-decision: " in first[1]
    assert first[1].endswith("data: [DONE]\n\n")


@pytest.mark.usefixtures("first")
def test_the_log_shows_what_left_and_every_score(folder: Path) -> None:
    entry = recorded(folder)
    assert entry.closing is not None
    assert all(value not in entry.opening.request for value in VALUES)
    assert {span.entity for span in entry.opening.spans} >= {"PERSON", "EMAIL_ADDRESS", "CREDIT_CARD"}
    judged = {verdict.principle for _, verdict in entry.closing.verdicts}
    assert len(judged) >= 8
    assert not entry.closing.not_judged


@pytest.mark.usefixtures("first")
def test_no_value_is_in_any_file_of_the_data_folder(folder: Path) -> None:
    kept = b"".join(file.read_bytes() for file in (folder / "guard-data").glob("*") if file.is_file())
    assert all(value.encode() not in kept for value in VALUES)


@pytest.mark.usefixtures("first")
def test_a_second_start_fits_nothing_anew_and_goes_on_in_the_same_log(folder: Path) -> None:
    placeholders = {span.value_hash for span in recorded(folder).opening.spans}
    with serving(folder) as (address, said):
        paste(address)
    assert "fitting" not in said
    assert "converting" not in said
    assert {span.value_hash for span in recorded(folder).opening.spans} == placeholders
    reader = SqliteReader(folder / "guard-data" / "audit.db")
    report = reader.verify(reader.public_key)
    assert report.ok
    assert report.unfinished == 0
