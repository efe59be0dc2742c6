import time

from hypothesis import given
from hypothesis import strategies as st

from guard.console.changes import MOST_WORDS, Change, changes

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


def test_long_texts_do_not_keep_a_page_waiting():
    before = " ".join(f"a{n}" for n in range(MOST_WORDS))
    began = time.process_time()
    found = changes(f"head {before} tail", f"head {before[::-1]} tail")
    assert time.process_time() - began < 0.5
    assert (found[0].text[:4], found[-1].text[-4:]) == ("head", "tail")
