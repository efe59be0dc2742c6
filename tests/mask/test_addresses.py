import pytest

from guard.mask.addresses import addresses
from guard.mask.spans import disjoint
from guard.types import Span


def whole(text, *places, people=()):
    spans = [
        Span(text.index(value), text.index(value) + len(value), entity, 0.8, "test")
        for entity, values in (("LOCATION", places), ("PERSON", people))
        for value in values
    ]
    return [text[span.start : span.end] for span in addresses(disjoint(spans, text), text)]


@pytest.mark.parametrize(
    ("text", "places", "people", "expected"),
    [
        ("at the corner of Dalbraut 99 and Mathias Pass.", ("Dalbraut 99",), ("Mathias Pass",),
         ["the corner of Dalbraut 99 and Mathias Pass"]),
        ("return to Leon and Eyrarodda 66 please", ("Leon", "Eyrarodda 66"), (), ["Leon and Eyrarodda 66"]),
        ("5 Main St\n Warwick\n United States", ("5 Main St", "Warwick"), (), ["5 Main St\n Warwick\n United States"]),
        ("479 Rue X GUÉRET LI now", ("479 Rue X GUÉRET",), (), ["479 Rue X GUÉRET LI"]),
        ("12 Hall Lane, 60810 Lyss. Then", ("12 Hall Lane",), (), ["12 Hall Lane, 60810"]),
        ("Berlin, Hamburg and Leeds", ("Berlin", "Hamburg", "Leeds"), (), []),
        ("5 Main St\nThanks for all", ("5 Main St",), (), []),
        ("Alice 5", (), ("Alice",), []),
        ("Alice and 5 Main St", ("5 Main St",), ("Alice",), []),
    ],
)  # fmt: skip
def test_pieces_of_an_address_are_one(text, places, people, expected):
    assert whole(text, *places, people=people) == expected
