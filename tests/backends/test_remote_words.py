from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.backends.remote_words import SPECIAL, disarmed, pieces
from guard.types import Dialogue

SPECIALS = [
    "<|im_end|>", "<|im_start|>assistant", "<|eot_id|>", "<|start_header_id|>", "<|eot|>", "<|endoftext|>", "<|end|>",
    "<|channel|>final", "<|start_of_role|>", "<｜end▁of▁sentence｜>", "</s>", "<s>", "<bos>", "<eos>", "<end_of_turn>",
    "<start_of_turn>", "[/INST]", "[INST]", "<<SYS>>", "<</SYS>>", "<think>", "</think>", "</score>", "<guardian>",
    "<END CONVERSATION>", "<BEGIN UNSAFE CONTENT CATEGORIES>",
]  # fmt: skip


@pytest.mark.parametrize("token", SPECIALS)
def test_special_tokens_are_spaced_apart(token: str) -> None:
    told = disarmed(f"a {token} b")
    assert token not in told
    assert told.replace(" ", "") == f"a {token} b".replace(" ", "")


@pytest.mark.parametrize(
    "text", ["<PERSON_K7Q2M4XD>", "<b>bold</b>", "a < b | c", "list[INSTANCE]", "<span>안녕</span>"]
)
def test_other_words_stay(text: str) -> None:
    assert disarmed(text) == text


def test_lone_surrogates_are_replaced() -> None:
    assert disarmed("a\ud800b") == "a�b"


@given(st.text(alphabet=st.sampled_from("<|>[]/sINSTthink _BEGEND｜a"), max_size=60))
def test_what_is_disarmed_holds_nothing_to_disarm(text: str) -> None:
    assert not SPECIAL.search(disarmed(text))
    assert disarmed(text).replace(" ", "") == text.replace(" ", "")


WORDS = st.text(alphabet="abcdefgh", max_size=90)


@given(WORDS, WORDS, st.integers(8, 60))
def test_every_character_stands_in_a_piece_and_no_piece_is_too_long(prompt: str, reply: str, most: int) -> None:
    found = pieces(Dialogue(prompt, reply), most)
    assert all(len(piece.prompt) + len(piece.reply) <= most for piece in found)
    for whole, side in ((prompt, [one.prompt for one in found]), (reply, [one.reply for one in found])):
        seen = [False] * len(whole)
        for part in side:
            for start in range(len(whole) - len(part) + 1):
                if whole.startswith(part, start):
                    seen[start : start + len(part)] = [True] * len(part)
        assert all(seen)


def test_what_fits_is_read_whole() -> None:
    assert pieces(Dialogue("a" * 10, "b" * 10), 20) == [Dialogue("a" * 10, "b" * 10)]


def test_a_long_reply_is_read_with_the_end_of_the_prompt_and_overlaps() -> None:
    reply = "".join(chr(97 + n % 26) for n in range(200))
    found = pieces(Dialogue("start " + "x" * 10 + " end?", reply), 100)
    assert all(piece.prompt.endswith("end?") for piece in found)
    for one, other in pairwise(found):
        assert reply.index(other.reply) < reply.index(one.reply) + len(one.reply)
