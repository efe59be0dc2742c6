"""What is kept of recognition, so that only what is new costs anything."""

import threading

import pytest

from guard.backends.recognizers import Cache, CachedRecognizer, Spec, Stack, Workers
from guard.errors import RecognizerError
from guard.types import Span
from tests.backends.presidio_examples import DEADLY, Broken, Words

EXAMPLES = "tests.backends.presidio_examples"
WORDS = Spec(profile="patterns", extra=((f"{EXAMPLES}.Words", {"word": "Falcon"}),))


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
