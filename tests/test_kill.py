"""L4: `kill -9` at any moment loses nothing that has reached an upstream."""

from __future__ import annotations

import itertools
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

from guard.audit.reading import Recorded, SqliteReader
from tests.house import MAIL, policy, write_files
from tests.upstream import FakeUpstream

EXCHANGES = 100
LIVES = 4
AT_ONCE = 8
MODELS = ("echo", "split", "observe/echo", "observe/split", "tool", "echo", "status:500", "observe/tool", "stall")


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
    """Threads that send numbered exchanges until guard is dead; `finished` are those whose whole reply arrived."""

    def __init__(self, url: str, numbers: Iterator[int]) -> None:
        self._url = url
        self._numbers = numbers
        self.finished: list[str] = []
        self._threads = [threading.Thread(target=self._call) for _ in range(AT_ONCE)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        for number in self._numbers:
            message = {"role": "user", "content": f"exchange {number} of {MAIL}"}
            body = {"model": MODELS[number % len(MODELS)], "stream": number % 2 == 0, "messages": [message]}
            try:
                response = httpx.post(f"{self._url}/v1/chat/completions", json=body, timeout=60)
            except httpx.TransportError:
                return
            self.finished.append(response.headers["x-guard-exchange"])


def read_log(path: Path) -> list[Recorded]:
    reader = SqliteReader(path)
    found = [reader.show(row.exchange) for row in reader.list(10_000)]
    return [recorded for recorded in found if recorded is not None]


def live_and_die(file: Path, upstream: FakeUpstream, numbers: Iterator[int], moments: random.Random) -> list[str]:
    """Let callers at a guard process, kill it at a random moment; gives the exchanges that were answered."""
    with guard(file) as (process, url):
        callers = Callers(url, numbers)
        enough = len(upstream.seen) + moments.randint(10, 40)
        while len(upstream.seen) < enough:
            assert process.poll() is None
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.01))
    callers.join()
    return callers.finished


def test_nothing_that_reached_an_upstream_is_lost(
    tmp_path: Path, upstream: FakeUpstream, discretion: list[Path]
) -> None:
    discretion.append(tmp_path)
    observed = policy("observe", applies_to={"models": ["observe/*"]}, precedence=1, review={"stream": "observe"})
    file = write_files(tmp_path, upstream.url, [policy(), observed], {})
    log = tmp_path / "guard-data" / "audit.db"
    numbers, moments = itertools.count(), random.Random(4)
    answered: list[str] = []
    for life in itertools.count(1):
        answered += live_and_die(file, upstream, numbers, moments)
        if life >= LIVES and len(upstream.seen) >= EXCHANGES:
            break

    recorded = read_log(log)
    left = Counter(upstream.seen)
    assert left - Counter(one.opening.request.encode() for one in recorded) == Counter()
    ended = {one.opening.exchange for one in recorded if one.closing}
    assert set(answered) <= ended
    assert answered
    assert len(ended) < len(recorded), "no exchange was cut short: the test shows nothing"

    verify = [sys.executable, "-m", "guard", "-c", str(file), "audit", "verify"]
    told = subprocess.run(verify, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0, told.stdout
    assert f"{len(recorded) - len(ended)} exchanges unfinished: sound" in told.stdout

    with guard(file) as (_, url):
        body = {"model": "echo", "messages": [{"role": "user", "content": "still here?"}]}
        assert httpx.post(f"{url}/v1/chat/completions", json=body, timeout=20).status_code == 200
    assert len(read_log(log)) == len(recorded) + 1
