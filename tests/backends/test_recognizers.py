import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import guard.backends.stack as stack_module
import guard.backends.workers as processes
from guard.backends.recognizers import Cache, CachedRecognizer, Spec, Stack, Workers
from guard.backends.stack import OVERLAP, PIECE, split
from guard.errors import ConfigError, RecognizerError
from guard.types import Span
from tests.backends.presidio_examples import Broken, Words

EXAMPLES = "tests.backends.presidio_examples"
WORDS = Spec(profile="patterns", extra=((f"{EXAMPLES}.Words", {"word": "Falcon"}),))
DEADLY = Spec(profile="patterns", extra=((f"{EXAMPLES}.Deadly", {}),))


def shown(text, spans):
    return [(text[s.start : s.end], s.entity) for s in spans]


@pytest.fixture(scope="session")
def full():
    return Stack.of(Spec())


@pytest.fixture(scope="module")
def workers():
    pool = Workers(DEADLY)
    steps = []
    pool.start(steps.append)
    assert steps == ["loading recognizers", "recognizers ready"]
    yield pool
    pool.close()


# --- a stack -----------------------------------------------------------------------------------------------------


def test_patterns_and_names_together(full):
    text = "Write a short mail to Alice Meyer (alice.meyer@example.com, card 4111 1111 1111 1111) about the invoice."
    assert shown(text, full.recognize([text])[0]) == [
        ("Alice Meyer", "PERSON"),
        ("alice.meyer@example.com", "EMAIL_ADDRESS"),
        ("4111 1111 1111 1111", "CREDIT_CARD"),
    ]


def test_names_in_three_languages(full):
    texts = [
        "김민수 과장은 (주)하늘소프트에 다닙니다.",
        "株式会社アクメの佐藤様",
        "Please ask Alice Meyer about it.\n\n박서연 님께도 물어봐 주세요.",
    ]
    assert [shown(text, spans) for text, spans in zip(texts, full.recognize(texts), strict=True)] == [
        [("김민수", "PERSON"), ("과장", "TITLE"), ("(주)하늘소프트", "ORGANIZATION")],
        [("株式会社アクメ", "ORGANIZATION"), ("佐藤", "PERSON")],
        [("Alice Meyer", "PERSON"), ("박서연", "PERSON")],
    ]


def test_only_the_languages_that_are_asked_for_are_read():
    stack = Stack.of(Spec(languages=("ja",)))
    texts = ["김민수 씨", "佐藤様", "Alice Meyer"]
    assert [shown(text, spans) for text, spans in zip(texts, stack.recognize(texts), strict=True)] == [
        [],
        [("佐藤", "PERSON")],
        [],
    ]


def test_what_is_hidden_is_found_and_carried_back(full):
    text = "메일 al\u200bice@x.com으로, ４１１１ １１１１ １１１１ １１１１입니다"
    assert shown(text, full.recognize([text])[0]) == [
        ("al\u200bice@x.com", "EMAIL_ADDRESS"),
        ("４１１１ １１１１ １１１１ １１１１", "CREDIT_CARD"),
    ]


def test_what_is_found_once_is_found_again():
    text = "my password is hunter2, really: hunter2"
    (spans,) = Stack().recognize([text])
    assert shown(text, spans) == [("hunter2", "SECRET")] * 2


def test_one_name_of_a_person_is_found_again(full):
    text = "Faina Yefremova wrote it. Do you know Yefremova?"
    (spans,) = full.recognize([text])
    assert [s.start for s in spans] == [0, text.rindex("Yefremova")]


def test_each_text_gets_its_own_spans_and_equal_texts_are_read_once():
    words = Words()
    texts = ["Falcon one", "nothing", "Falcon one", "", "two Falcon"]
    spans = Stack([words]).recognize(texts)
    assert [len(s) for s in spans] == [1, 0, 1, 0, 1]
    assert words.seen == ["Falcon one", "nothing", "", "two Falcon"]


def test_below_the_threshold_nothing_counts():
    weak = Words(score=0.5)
    assert Stack([weak], threshold=0.6).recognize(["Falcon"]) == ((),)
    assert len(Stack([weak], threshold=0.5).recognize(["Falcon"])[0]) == 1


def test_the_profile_none_recognizes_nothing():
    assert Stack.of(Spec(profile="none")).recognize(["alice@x.com"]) == ((),)


def test_a_recognizer_that_fails_is_named_and_its_text_is_not():
    with pytest.raises(RecognizerError) as raised:
        Stack([Broken()]).recognize(["my secret text"])
    assert raised.value.message == "recognizer Words failed (ValueError)"
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_results_outside_the_text_are_dropped():
    class Wild(Words):
        def analyze(self, text, entities, nlp_artifacts=None):
            found = super().analyze("Falcon", entities)[0]
            return [type(found)("X", -1, 3, 1.0), type(found)("X", 2, 2, 1.0), type(found)("X", 0, 99, 1.0)]

    assert Stack([Wild()]).recognize(["Falcon"]) == ((),)


def test_a_recognizer_may_answer_none():
    class Silent(Words):
        def analyze(self, text, entities, nlp_artifacts=None):
            return None

    assert Stack([Silent()]).recognize(["Falcon"]) == ((),)


@given(st.text(st.sampled_from("ab \n"), max_size=400))
@settings(max_examples=60)
def test_pieces_cover_the_text_and_overlap(text):
    whole = text * (3 * PIECE // max(len(text), 1))
    pieces = split(whole)
    assert all(whole[start : start + len(piece)] == piece for start, piece in pieces)
    assert all(len(piece) <= PIECE for _, piece in pieces)
    for (start, piece), (after, _) in pairwise(pieces):
        assert start < after <= start + len(piece) - OVERLAP
    assert pieces[-1][0] + len(pieces[-1][1]) == len(whole)


@pytest.mark.parametrize("at", range(PIECE - 12, PIECE + 6, 3))
def test_no_value_at_a_seam_is_lost(at):
    text = "x" * at + " Falcon " + "y " * PIECE
    (spans,) = Stack([Words()]).recognize([text])
    assert shown(text, spans) == [("Falcon", "CODE_NAME")]
    secret = (
        "x" * (at - 1) + " -----BEGIN PRIVATE KEY-----\n" + "QUJD" * 600 + "\n-----END PRIVATE KEY----- " + "y" * PIECE
    )
    (spans,) = Stack([Words()]).recognize([secret])
    assert [s.end - s.start for s in spans] == [secret.index("y") - 1 - at]


def test_a_very_long_text_is_read_in_pieces():
    words = Words()
    text = "lorem ipsum " * 20_000
    Stack([words]).recognize([text])
    assert len(words.seen) > 4
    assert max(map(len, words.seen)) <= PIECE


# --- a specification ---------------------------------------------------------------------------------------------


def test_the_version_changes_with_everything_that_changes_what_is_found(monkeypatch):
    specs = [
        Spec(),
        Spec(profile="patterns"),
        Spec(threshold=0.5),
        Spec(languages=("ko",)),
        WORDS,
        Spec(profile="patterns", extra=((f"{EXAMPLES}.Words", {"word": "Kestrel"}),)),
    ]
    versions = {spec.version for spec in specs}
    monkeypatch.setattr(stack_module, "VERSION", "another table")
    assert len(versions | {Spec().version}) == len(specs) + 1
    assert Spec().version == Spec().version


def test_what_needs_no_model_is_quick():
    assert Spec(profile="patterns").quick
    assert Spec(profile="none").quick
    assert not Spec().quick
    assert not WORDS.quick


# --- worker processes --------------------------------------------------------------------------------------------


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


# --- the cache ---------------------------------------------------------------------------------------------------

SPANS = (Span(0, 1, "X", 1.0, "test"),)


def test_the_least_recently_used_is_forgotten():
    cache = Cache(2)
    for key in (b"a", b"b"):
        cache.put(key, SPANS)
    assert cache.get(b"a") == SPANS
    cache.put(b"c", ())
    assert (cache.get(b"a"), cache.get(b"b"), cache.get(b"c")) == (SPANS, None, ())
    assert len(cache) == 2


def test_a_key_depends_on_text_and_version_and_start_and_holds_neither():
    cache = Cache()
    keys = {cache.key("text", "1"), cache.key("text", "2"), cache.key("other", "1"), Cache().key("text", "1")}
    assert len(keys) == 4
    assert cache.key("text", "1") == cache.key("text", "1")
    assert cache.key("lone \ud800 half", "1")
    assert all(len(key) == 16 and b"text" not in key for key in keys)


def test_it_may_be_used_from_many_threads():
    cache = Cache(10)

    def use():
        for i in range(2_000):
            cache.put(str(i % 20).encode(), SPANS)
            cache.get(b"7")

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache) == 10


def cached():
    words = Words()
    return words, CachedRecognizer(Stack([words]), Cache(), version="1")


def test_only_what_is_new_is_read():
    words, recognizer = cached()
    history = ["Falcon", "two", "Falcon"]
    first = recognizer.recognize_blocking(history)
    assert words.seen == ["Falcon", "two"]
    assert recognizer.recognize_blocking([*history, "three"])[:3] == first
    assert words.seen == ["Falcon", "two", "three"]
    assert [len(s) for s in first] == [1, 0, 1]


async def test_the_same_without_blocking():
    words, recognizer = cached()
    first = await recognizer.recognize(["Falcon", "Falcon"])
    assert await recognizer.recognize(["Falcon", "Falcon"]) == first
    assert words.seen == ["Falcon"]


async def test_a_failure_is_not_cached():
    recognizer = CachedRecognizer(Stack([Broken()]), Cache(), version="1")
    for _ in range(2):
        with pytest.raises(RecognizerError):
            recognizer.recognize_blocking(["text"])
        with pytest.raises(RecognizerError):
            await recognizer.recognize(["text"])


async def test_workers_behind_a_cache(workers):
    recognizer = CachedRecognizer(workers, Cache())
    assert recognizer.version == DEADLY.version
    assert not recognizer.quick
    (first,) = await recognizer.recognize(["a Falcon"])
    assert recognizer.recognize_blocking(["a Falcon", "b"]) == (first, ())


async def test_a_quick_stack_behind_a_cache():
    recognizer = CachedRecognizer(Stack(), Cache(), version="1")
    assert recognizer.quick
    assert [len(s) for s in await recognizer.recognize(["alice@x.com"])] == [1]
    recognizer.close()


def test_closing_a_cached_recognizer_closes_its_workers():
    pool = Workers(WORDS)
    CachedRecognizer(pool, Cache()).close()
    with pytest.raises(RecognizerError, match="closed"):
        pool.recognize_blocking(["x"])
