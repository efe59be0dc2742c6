import pytest

from guard.mask.context import Named, beside


def said(text, **names):
    found = [
        Named(text.index(value), text.index(value) + len(value), entity)
        for entity, values in names.items()
        for value in values
    ]
    return [(text[one.start : one.end], one.entity) for one in beside(text, found)]


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("founders: Meyer, Baker and White.", {"PERSON": ["Meyer", "Baker"]}, [("White", "PERSON")]),
        ("He is at Jones, Mitchell and Williams now", {"PERSON": ["Jones", "Williams"]},
         [("Jones, Mitchell and Williams", "ORGANIZATION")]),
        ("The Davis, Hall and Clark Orchestra", {"PERSON": ["Davis", "Hall"]}, [("Davis, Hall and Clark", "ORGANIZATION")]),
        ("Kafka, Redis and Meyer", {"PERSON": ["Meyer"]}, []),
        ("we use Java, Go and Rust", {}, []),
        ("Nicole: Hello\nUbul: Yes\nNote: this", {"PERSON": ["Nicole"]}, [("Nicole", "PERSON"), ("Ubul", "PERSON")]),
        ("User: Hello\nVide: Yes", {}, []),
        ("Vide, can I speak to you?", {}, [("Vide", "PERSON")]),
        ("Finally, can you say?", {}, []),
        ("einojuhani pyysalo\nEinojuhaniPyysalo@example.com", {}, [("einojuhani pyysalo", "PERSON")]),
        ("write to support.team@example.com", {}, []),
        ("She is originally from Port Whangarei, he is not", {}, [("Port Whangarei", "LOCATION")]),
        ("i am from switzerland", {}, [("switzerland", "LOCATION")]),
        ("prices in Denmark rose", {}, [("Denmark", "LOCATION")]),
        ("they moved to Da Nang and Accra", {}, [("Da Nang", "LOCATION"), ("Accra", "LOCATION")]),
        ("TZ is Europe/Berlin", {}, []),
        ("so M. Park moved", {}, [("M. Park", "PERSON")]),
        ("A. Draft of it", {}, []),
        ("tell O. Weatherby P. now", {"PERSON": ["Weatherby"]}, [("O. Weatherby", "PERSON"), ("O. Weatherby P.", "PERSON")]),
        ("for Okonkwo, Art in May", {"PERSON": ["Okonkwo", "Art"]}, [("Okonkwo, Art", "PERSON")]),
        ("so Okonkwo, Art and Bob came", {"PERSON": ["Okonkwo", "Art"]}, [("Bob", "PERSON")]),
        ("it came from Redis to Kafka", {}, []),
    ],
)  # fmt: skip
def test_what_names_say_of_the_words_beside_them(text, names, expected):
    assert said(text, **names) == expected
