"""L4: `kill -9` at any moment loses nothing that has reached an upstream."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from guard.audit.reading import Recorded, SqliteReader
from tests.house import MAIL, policy, write_files
from tests.upstream import FakeUpstream

EXCHANGES = 100
LIVES = 4
AT_ONCE = 8
MODELS = ("echo", "split", "observe/echo", "observe/stall", "stall", "slow")


@contextmanager
def guard(file: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A guard process and its address, once it listens; killed at the end."""
    command = [sys.executable, "-m", "guard", "-c", str(file), "serve"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GUARD_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        try:
            assert process.stdout is not None
            found = None
            while found is None:
                line = process.stdout.readline()
                assert line, "guard ended before it listened"
                found = re.search(r"listens on (http://[\d.:]+)\. ", line)
            yield process, found[1]
        finally:
            os.kill(process.pid, signal.SIGKILL)


class Callers:
    """Threads that send numbered exchanges; `finished` holds the ids of those whose whole reply arrived."""

    def __init__(self, url: str, numbers: Iterator[int]) -> None:
        self._url = url
        self._numbers = numbers
        self._lock = threading.Lock()
        self.finished: list[str] = []
        self._threads = [threading.Thread(target=self._call) for _ in range(AT_ONCE)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        while True:
            with self._lock:
                number = next(self._numbers, None)
            if number is None:
                return
            model = MODELS[number % len(MODELS)]
            text = f"exchange {number} of {MAIL}"
            body = {"model": model, "stream": number % 2 == 0, "messages": [{"role": "user", "content": text}]}
            try:
                response = httpx.post(f"{self._url}/v1/chat/completions", json=body, timeout=2)
            except httpx.TimeoutException:
                continue  # the model stalls: the next one, and this one is in the log as left by its client
            except httpx.TransportError:
                return  # guard is dead
            self.finished.append(response.headers["x-guard-exchange"])


def read_log(path: Path) -> list[Recorded]:
    reader = SqliteReader(path)
    found = [reader.show(row.exchange) for row in reader.list(10_000)]
    return [recorded for recorded in found if recorded is not None]


def test_nothing_that_reached_an_upstream_is_lost(
    tmp_path: Path, upstream: FakeUpstream, discretion: list[Path]
) -> None:
    discretion.append(tmp_path)
    observed = policy("observe", applies_to={"models": ["observe/*"]}, precedence=1, review={"stream": "observe"})
    file = write_files(tmp_path, upstream.url, [policy(), observed], {})
    log = tmp_path / "guard-data" / "audit.db"
    moments = random.Random(4)
    finished: list[str] = []
    for life in range(LIVES):
        numbers = iter(range(life * EXCHANGES // LIVES, (life + 1) * EXCHANGES // LIVES))
        with guard(file) as (_, url):
            callers = Callers(url, numbers)
            time.sleep(moments.uniform(0.05, 0.6))
        callers.join()
        finished += callers.finished
        for number in numbers:  # what the dead guard could not take counts for the next
            finished += _one_more(file, number) if life == LIVES - 1 and number % 10 == 0 else []

    recorded = read_log(log)
    left = Counter(upstream.seen)
    assert left
    assert left - Counter(one.opening.request.encode() for one in recorded) == Counter()
    ended = {one.opening.exchange for one in recorded if one.closing}
    assert set(finished) <= ended
    assert len(ended) < len(recorded), "no exchange was cut short: the test shows nothing"

    verify = [sys.executable, "-m", "guard", "-c", str(file), "audit", "verify"]
    told = subprocess.run(verify, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0, told.stdout
    assert f"{len(recorded) - len(ended)} exchanges unfinished: sound" in told.stdout

    with guard(file) as (_, url):
        body = {"model": "echo", "messages": [{"role": "user", "content": "still here?"}]}
        assert httpx.post(f"{url}/v1/chat/completions", json=body, timeout=20).status_code == 200
    assert len(read_log(log)) == len(recorded) + 1
