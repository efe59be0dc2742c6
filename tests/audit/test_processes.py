"""Several processes, and processes that die: L4."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from guard.audit.reading import SqliteReader
from guard.audit.store import SqliteStore

ROOT = Path(__file__).parents[2]

# Records openings and closings from many tasks, and writes each exchange's name once its entry is durable.
WRITE = """
import asyncio, itertools, os, sys, time
from pathlib import Path
from guard.audit.store import SqliteStore
from guard.audit.writer import Writer
from tests.audit.samples import closing, opening

folder, name, most, inline_s = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
store = SqliteStore(folder / "audit.db")
writer = Writer(store, inline_s=inline_s)
numbers = itertools.count()

async def caller():
    while (number := next(numbers)) < most:
        for half in (opening, closing):
            await writer.record_async(half(f"{name}-{number}", time.time()))
            os.write(1, f"{half.__name__} {name}-{number}\\n".encode())

async def main():
    await asyncio.gather(*(caller() for _ in range(16)))

asyncio.run(main())
writer.close()
store.close()
"""


def start(folder, name, most, inline_s=0.001):
    command = [sys.executable, "-c", WRITE, str(folder), name, str(most), str(inline_s)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_processes_that_append_at_once_keep_one_valid_log(tmp_path):
    running = [start(tmp_path, name, 150) for name in ("a", "b", "c")]
    for process in running:
        process.communicate()
        assert process.returncode == 0
    reader = SqliteReader(tmp_path / "audit.db")
    report = reader.verify(reader.public_key)
    assert report.findings == ()
    assert (report.entries, report.unfinished) == (900, 0)
    names = [row.exchange for row in reader.list(limit=1000)]
    assert sorted(names) == sorted(f"{name}-{number}" for name in "abc" for number in range(150))


@pytest.mark.parametrize("inline_s", [0.001, 0.0])
@pytest.mark.parametrize("after", [1, 100, 333])
def test_a_killed_process_loses_nothing_that_was_recorded(tmp_path, after, inline_s):
    process = start(tmp_path, "x", 10**9, inline_s)
    told = [process.stdout.readline() for _ in range(after)]
    process.send_signal(signal.SIGKILL)
    told += process.stdout.read().splitlines()
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()

    store = SqliteStore(tmp_path / "audit.db")  # the log goes on after the crash
    report = store.verify(store.public_key)
    assert report.findings == ()
    halves = [line.decode().split() for line in told]
    assert len(halves) >= after
    for half, exchange in halves:
        kept = store.show(exchange)
        assert kept is not None, exchange
        assert half == "opening" or kept.closing is not None, exchange
    assert report.entries >= len(halves)
    store.close()
