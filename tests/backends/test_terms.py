from pathlib import Path

import pytest

from guard.backends.terms import checked, parse
from guard.errors import ConfigError

FILE = Path("lists/names.txt")


def test_one_term_a_line_without_comments_each_once():
    data = "# code names\n\ufeffFalcon\n  Blue Harbor   # since 2024\n\nC#9\r\nFalcon\n한빛전자\n#\n".encode()
    assert parse(data.replace(b"\xef\xbb\xbf", b""), FILE) == ("Falcon", "Blue Harbor", "C#9", "한빛전자")
    assert parse(b"\xef\xbb\xbfFalcon", FILE) == ("Falcon",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "lists/names.txt: holds no term. Write one a line"),
        (b"\n# nothing yet\n", "lists/names.txt: holds no term. Write one a line"),
        (b"Falcon\n\nX\n", "lists/names.txt, line 3: the term has fewer than two letters or digits"),
        (b"C++\n", "lists/names.txt, line 1: the term has fewer than two letters or digits"),
        ("ok\n한\n".encode(), "lists/names.txt, line 2: the term has fewer than two letters or digits"),
        ("ok\n한빛\n".encode("euc-kr"), "lists/names.txt, line 2: is not UTF-8. Save the file as UTF-8."),
        ("Falcon\n".encode("utf-16"), "lists/names.txt, line 1: is not UTF-8"),
    ],
)
def test_what_is_wrong_names_file_line_and_remedy(data, message):
    with pytest.raises(ConfigError) as raised:
        parse(data, FILE)
    assert message in raised.value.message
    assert raised.value.__cause__ is None
    assert "Falcon" not in raised.value.message


def test_terms_of_the_policy_are_held_to_the_same():
    assert checked(("Falcon", "한빛"), "CODE_NAME") == ("Falcon", "한빛")
    with pytest.raises(ConfigError, match=r"recognize.lists, CODE_NAME, term 2: has fewer than two"):
        checked(("Falcon", "-x-"), "CODE_NAME")
