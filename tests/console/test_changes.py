import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.console.changes import Change, changes

texts = st.lists(st.sampled_from(["pay", "now", " ", ", ", "<PERSON_K7Q2M4XD>", "위협", "脅す", "\n", "or else"])).map(
    "".join
)


@given(texts | st.text(), texts | st.text())
def test_both_texts_can_be_read_out_of_the_changes(before, after):
    found = changes(before, after)
    assert "".join(c.text for c in found if c.kind != "added") == before
    assert "".join(c.text for c in found if c.kind != "removed") == after


def test_a_change_is_told_by_words():
    assert changes("Pay today, or else. Bye", "Pay tomorrow. Bye") == (
        Change("same", "Pay "),
        Change("removed", "today, or else"),
        Change("added", "tomorrow"),
        Change("same", ". Bye"),
    )


def test_a_placeholder_is_one_word():
    found = changes("to <PERSON_K7Q2M4XD>", "to <PERSON_K7Q2M4XA>")
    assert [c.text for c in found] == ["to ", "<PERSON_K7Q2M4XD>", "<PERSON_K7Q2M4XA>"]


def test_a_language_without_blanks_is_told_by_characters():
    assert [c.text for c in changes("今日支払って", "明日支払って")] == ["今", "明", "日支払って"]


def test_what_is_equal_has_no_change():
    assert changes("same", "same") == (Change("same", "same"),)


N = 1500


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("pay now " * N, "pay or else now " * N),
        (" ".join(f"a{n}" for n in range(20 * N)), " ".join(f"a{n} b{n}" for n in range(20 * N))),
        ("".join("abcdefghijklmno"[n * n % 15] + " " for n in range(N)), "a b c " * N),
        ("x" * 100_000 + " y" * 40_000, " y x" * 40_000),
        ("脅" * N, "脅迫" * N),
    ],
)
def test_long_texts_do_not_keep_a_page_waiting(before, after):
    began = time.process_time()
    found = changes(f"head {before} tail", f"head {after} tail")
    assert time.process_time() - began < 2.0
    assert (found[0].text[:4], found[-1].text[-4:]) == ("head", "tail")
    assert "".join(c.text for c in found if c.kind != "added") == f"head {before} tail"


def test_a_long_text_is_still_told_by_words():
    words = [f"word{n % 700}" for n in range(N)]
    others = [word if n % 10 else "other" for n, word in enumerate(words)]
    found = changes("first " + " ".join(words) + " last", "begun " + " ".join(others) + " ended")
    assert sum(c.kind == "same" for c in found) > 100
