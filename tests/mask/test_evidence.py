import pytest

from guard.mask.evidence import Candidate, believed, ordinary, technical


def judged(text, value, entity="PERSON", support=0.9, *, rare=False, grammar=True):
    start = text.index(value)
    extent = believed(text, Candidate(start, start + len(value), entity, support, rare, grammar))
    return text[slice(*extent)] if extent else None


@pytest.mark.parametrize(
    ("text", "value", "options", "expected"),
    [
        ("ask Alice Meyer", "Alice Meyer", {}, "Alice Meyer"),
        ("we met Rose today", "Rose", {}, "Rose"),
        ("Explain Meyer now", "Explain Meyer", {}, "Meyer"),
        ("see Haskell syntax", "Haskell syntax", {}, None),
        ("we use Claude", "Claude", {}, None),
        ("dear Claude", "Claude", {}, None),
        ("it runs on MCPServer", "MCPServer", {}, None),
        ("a Zustand store", "Zustand", {"support": 0.0, "rare": True}, None),
        ("a Ström store", "Ström", {"support": 0.0, "rare": True}, "Ström"),
        ("with Usamov Bowers", "Usamov Bowers", {"support": 0.0, "rare": True}, "Usamov Bowers"),
        ("Bayes' theorem", "Bayes", {}, None),
        ("a Bloom filter", "Bloom", {}, None),
        ("from sklearn", "sklearn", {"grammar": False}, None),
        ("my name is vitoria", "vitoria", {"grammar": False}, "vitoria"),
        ("call alice tomorrow", "alice", {"grammar": False}, "alice"),
        ("call alice tomorrow", "alice", {"grammar": False, "support": 0.6}, None),
        ("so alice meyer said", "alice meyer", {"grammar": False}, "alice meyer"),
        ("foo(Alice)", "Alice", {}, None),
        ("x.Alice", "Alice", {}, None),
        ("Mr. Young came", "Young", {}, "Young"),
        ("the Young came", "Young", {}, None),
        ("EKS에서 파드가 Meyer", "EKS에서 파드가 Meyer", {}, None),
    ],
)
def test_who_is_a_person(text, value, options, expected):
    assert judged(text, value, **options) == expected


@pytest.mark.parametrize(
    ("text", "value", "options", "expected"),
    [
        ("in Springfield", "Springfield", {}, "Springfield"),
        ("in Rohod", "Rohod", {"support": 0.0, "rare": True}, None),
        ("in Denmark", "Denmark", {"support": 0.0}, "Denmark"),
        ("in United States", "United States", {"support": 0.0}, "United States"),
        ("in Cyprus (Greek)", "Cyprus (Greek)", {}, "Cyprus (Greek)"),
        ("380ms, p99", "380ms, p99", {"grammar": False}, None),
        ("UUID v4", "UUID v4", {"grammar": False}, None),
        ("i am in paris", "paris", {"grammar": False}, "paris"),
        ("install pandas in pandas", "pandas", {"grammar": False}, None),
        ("TZ=Europe/Berlin", "Berlin", {}, None),
    ],
)
def test_what_is_a_place(text, value, options, expected):
    assert judged(text, value, "LOCATION", **options) == expected


@pytest.mark.parametrize(
    ("text", "value", "options", "expected"),
    [
        ("at Miller Group today", "Miller Group", {"support": 0.0}, "Miller Group"),
        ("at Abt Associates", "Abt Associates", {"support": 0.0}, "Abt Associates"),
        ("the Next Steps", "Next Steps", {"support": 0.0}, None),
        ("we run RabbitMQ", "RabbitMQ", {"support": 0.0, "rare": True}, None),
        ("code ERESOLVE", "ERESOLVE", {"support": 0.0, "rare": True}, None),
        ("SELECT DATE_TRUNC('month'", "DATE_TRUNC('month", {"support": 0.0, "rare": True}, None),
        ("Bob,Hamburg", "Bob,Hamburg", {}, None),
    ],
)
def test_what_is_an_organisation(text, value, options, expected):
    assert judged(text, value, "ORGANIZATION", **options) == expected


def test_everyday_words_and_words_of_technology():
    assert all(map(ordinary, ("Streams", "Kafka", "Next", "42", "Docs.")))
    assert not ordinary("Meyer")
    assert technical("Cloud Redis")
    assert not technical("Cloud Meyer")
