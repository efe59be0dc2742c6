import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.console.marks import Piece, pieces

scraps = st.sampled_from(
    [
        "<PERSON_K7Q2M4XD>",
        "<person_k7q2m4xd>",
        "&lt;KR_RRN_0WT060KG_9DS1&gt;",
        "<b>",
        "MAX_PASSWORD",
        "가",
        " ",
        "<",
        "_",
    ]
)


@given(st.lists(scraps | st.text(max_size=8)).map("".join))
def test_the_pieces_joined_are_the_text(text):
    assert "".join(piece.text for piece in pieces(text)) == text


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("<PERSON_K7Q2M4XD>", "PERSON"),
        ("<EMAIL_ADDRESS_BSG30DC4>", "EMAIL_ADDRESS"),
        ("<PHONE_NUMBER_0WT060KG_9DS1>", "PHONE_NUMBER"),
        ("&lt;kr_rrn_k7q2m4xd&gt;", "KR_RRN"),
        (r"<CREDIT\_CARD\_1XS7AMFY>", "CREDIT_CARD"),
    ],
)
def test_a_placeholder_names_its_entity(text, entity):
    assert pieces(f"a {text}는") == (Piece("a "), Piece(text, entity), Piece("는"))


@pytest.mark.parametrize("text", ["<b>bold</b>", "MAX_PASSWORD", "no mark", ""])
def test_what_is_no_placeholder_is_not_marked(text):
    assert [piece for piece in pieces(text) if piece.entity] == []
