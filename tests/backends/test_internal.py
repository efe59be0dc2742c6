from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.backends.internal import InternalNames
from guard.errors import ConfigError

NAMES = [
    "corp.example.com",
    "com.example.internal",
    "/srv/example/",
    "git.example.com",
    "example_core",
    "C:\\Build\\Out",
]
RECOGNIZER = InternalNames(NAMES)


def found(text):
    return [text[r.start : r.end] for r in RECOGNIZER.analyze(text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("see https://wiki.corp.example.com/x/y?z=1.", ["wiki.corp.example.com/x/y?z=1"]),
        ("CORP.example.com, then", ["CORP.example.com"]),
        ("a.b.corp.example.com:8080/health 확인", ["a.b.corp.example.com:8080/health"]),
        ("corp.example.com에 접속", ["corp.example.com"]),
        ("git clone git@git.example.com:team/repo.git", ["git.example.com:team/repo.git"]),
        ("git.example.com: the host", ["git.example.com"]),
        ("  at com.example.internal.auth.Token.check(Token.java:42)", ["com.example.internal.auth.Token.check"]),
        ("import com.example.internal.auth.*;", ["com.example.internal.auth"]),
        ("src/main/java/com/example/internal/Auth.java", ["com/example/internal/Auth.java"]),
        ("from example_core.auth import X", ["example_core.auth"]),
        ('File "/srv/example/app/main.py", line 3', ["/srv/example/app/main.py"]),
        ("cd /srv/example && ls /srv/example.", ["/srv/example", "/srv/example"]),
        ("file:///srv/example/보고서.pdf", ["/srv/example/보고서.pdf"]),
        ("dir c:\\build\\out\\bin now", ["c:\\build\\out\\bin"]),
        # other names
        ("my-corp.example.com", []),
        ("xcorp.example.com corp.example.community corp.example.com2 corp.example.com-x", []),
        ("/srv/example2 /srv/example-old /srv/example.bak", []),
        ("example_core2 my_example_core", []),
    ],
)
def test_whole_names_are_found_and_other_names_are_not(text, names):
    assert found(text) == names
    assert found(f"({text})") == names


def test_results():
    (result,) = RECOGNIZER.analyze("git.example.com")
    assert (result.entity_type, result.score) == ("INTERNAL_NAME", 1.0)
    assert RECOGNIZER.analyze("git.example.com", ["INTERNAL_NAME"]) == [result]
    assert RECOGNIZER.analyze("git.example.com", ["PERSON"]) == []


@pytest.mark.parametrize("name", ["", "/", "abc", "/srv/"])
def test_a_name_that_is_too_short_is_refused(name):
    with pytest.raises(ConfigError, match=r"recognize.code.internal, name 2: is shorter than 4 characters"):
        InternalNames(["git.example.com", name])


@given(st.lists(st.sampled_from([*"a./-_: 한é", *NAMES]), max_size=20))
def test_results_are_in_the_text_and_none_is_inside_another(parts):
    text = "".join(parts)
    results = RECOGNIZER.analyze(text)
    assert all(0 <= r.start < r.end <= len(text) for r in results)
    assert all(a.start < b.start and a.end < b.end for a, b in pairwise(results))
