"""Recognition in worker processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import guard.backends.workers as processes
from guard.backends.recognizers import Spec, Stack, Workers
from guard.errors import ConfigError, RecognizerError
from tests.backends.presidio_examples import DEADLY

EXAMPLES = "tests.backends.presidio_examples"
WORDS = Spec(profile="patterns", extra=((f"{EXAMPLES}.Words", {"word": "Falcon"}),))


def shown(text, spans):
    return [(text[s.start : s.end], s.entity) for s in spans]


async def test_a_worker_answers_as_a_stack_does(workers):
    texts = ["Falcon and alice@x.com", "nothing"]
    expected = Stack.of(DEADLY).recognize(texts)
    assert await workers.recognize(texts) == expected
    assert workers.recognize_blocking(texts) == expected
    assert len(expected[0]) == 2


async def test_the_event_loop_runs_on_while_a_worker_works(workers):
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await workers.recognize(["Falcon " * 5_000])
    ticking.cancel()
    assert ticks > 10


async def test_a_worker_that_dies_fails_the_call_and_the_next_finds_a_new_one(workers):
    with pytest.raises(RecognizerError, match="a recognizer process died"):
        await workers.recognize(["die now"])
    assert [len(s) for s in await workers.recognize(["Falcon"])] == [1]
    with pytest.raises(RecognizerError, match="a recognizer process died"):
        workers.recognize_blocking(["die again"])
    assert [len(s) for s in workers.recognize_blocking(["Falcon"])] == [1]


def children():
    return [p for p in psutil.Process().children() if "--multiprocessing-fork" in p.cmdline()]


def test_a_worker_that_died_while_idle_fails_nobody_for_good(workers):
    workers.recognize_blocking(["Falcon"])
    for process in children():
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    for _ in range(3):
        try:
            spans = workers.recognize_blocking(["Falcon"])
        except RecognizerError:
            continue
        break
    assert [len(s) for s in spans] == [1]


def test_ctrl_c_does_not_end_a_worker(workers):
    workers.recognize_blocking(["Falcon"])
    for process in children():
        os.kill(process.pid, signal.SIGINT)
    assert [len(s) for s in workers.recognize_blocking(["Falcon"])] == [1]


def test_errors_come_back_as_messages_without_text():
    pool = Workers(Spec(profile="patterns", extra=((f"{EXAMPLES}.Broken", {}),)))
    with pytest.raises(RecognizerError) as raised:
        pool.recognize_blocking(["my secret text"])
    pool.close()
    assert raised.value.message == "recognizer Words failed (ValueError)"
    assert raised.value.__cause__ is None


def test_a_recognizer_that_cannot_be_loaded_is_reported_at_the_start():
    pool = Workers(Spec(profile="patterns", extra=((f"{EXAMPLES}.Shapeless", {}),)))
    with pytest.raises(ConfigError, match="is not a Presidio EntityRecognizer"):
        pool.start()
    pool.close()


def test_after_closing_nothing_is_recognized(workers):
    pool = Workers(WORDS)
    pool.close()
    with pytest.raises(RecognizerError, match="closed"):
        pool.recognize_blocking(["Falcon"])
    pool.close()


async def test_patterns_alone_start_no_process():
    before = len(children())
    pool = Workers(Spec(profile="patterns"))
    pool.start()
    text = "alice@x.com"
    assert shown(text, (await pool.recognize([text]))[0]) == [("alice@x.com", "EMAIL_ADDRESS")]
    assert shown(text, pool.recognize_blocking([text])[0]) == [("alice@x.com", "EMAIL_ADDRESS")]
    assert len(children()) == before
    pool.close()


ORPHAN = """
import os, sys, time
from guard.backends.recognizers import Spec, Workers
if __name__ == "__main__":
    pool = Workers(Spec(profile="patterns", extra=(("tests.backends.presidio_examples.Words", {}),)))
    pool.start()
    import psutil
    print(*[p.pid for p in psutil.Process().children() if "--multiprocessing-fork" in p.cmdline()], flush=True)
    os.kill(os.getpid(), 9)
"""


def test_workers_end_with_a_parent_that_was_killed(tmp_path):
    script, output = tmp_path / "parent.py", tmp_path / "output"
    script.write_text(ORPHAN)
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with output.open("w") as file:  # a pipe would stay open as long as the worker lives
        subprocess.run([sys.executable, script], stdout=file, env=environment, check=False)
    pid = int(output.read_text())
    for _ in range(200):
        if not alive(pid):
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the worker outlived its parent")


def alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# What runs in a worker, run here as well: in its process no test can look at it.


@pytest.mark.parametrize(
    ("spec", "error", "configuration"),
    [
        (WORDS, "", False),
        (Spec(profile="patterns", extra=((f"{EXAMPLES}.Shapeless", {}),)), "EntityRecognizer", True),
        (Spec(profile="patterns", extra=((f"{EXAMPLES}.Unloadable", {}),)), "could not be loaded (OSError)", False),
        (Spec(profile="patterns", extra=((f"{EXAMPLES}.Broken", {}),)), "failed (ValueError)", False),
    ],
)
def test_what_a_worker_does(spec, error, configuration, monkeypatch):
    monkeypatch.setattr(processes, "_worker", None)
    processes.become(spec)
    answer = processes._work(("Falcon",))
    assert error in answer.error
    assert bool(answer.error) == bool(error)
    assert answer.configuration == configuration
    assert len(answer.spans) == (0 if error else 1)
