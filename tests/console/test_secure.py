import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.console.cookies import Cookies
from guard.console.secure import POLICY, headers, host_of, is_own


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("guard.example", "guard.example"), ("GUARD.example:8080", "guard.example"), ("127.0.0.1:1", "127.0.0.1"), ("[::1]:80", "::1"),
        ("", None), ("a/b", None), ("user@guard.example", None), ("a, b", None), ("[::1", None), ("a#b", None), ("a?b", None), ("a\\b", None),
    ],
)  # fmt: skip
def test_the_name_in_a_host_header(header, name):
    assert host_of(header) == name


@given(st.text())
def test_any_host_header_is_read_or_refused(header):
    host_of(header)


@pytest.mark.parametrize(
    ("sent", "secure", "own"),
    [
        ({}, False, True),
        ({"origin": "http://g:1"}, False, True),
        ({"origin": "https://g:1"}, True, True),
        ({"origin": "http://g:1"}, True, False),
        ({"origin": "http://g:2"}, False, False),
        ({"origin": "http://evil"}, False, False),
        ({"origin": "null"}, False, False),
        ({"origin": ""}, False, False),
        ({"origin": "http://g:1", "sec-fetch-site": "same-origin"}, False, True),
        ({"origin": "http://g:1", "sec-fetch-site": "same-site"}, False, False),
        ({"sec-fetch-site": "cross-site"}, False, False),
        ({"sec-fetch-site": "none"}, False, True),
    ],
)
def test_forms_of_other_sites_are_told_apart(sent, secure, own):
    assert is_own({"host": "g:1", **sent}, secure=secure) is own


def test_the_policy_allows_no_script_and_no_frame():
    told = headers("/console", secure=False)
    assert told["content-security-policy"] == POLICY
    assert "script-src" not in POLICY
    assert "unsafe" not in POLICY
    assert told["cache-control"] == "no-store"
    assert "strict-transport-security" not in told
    assert "strict-transport-security" in headers("/console", secure=True)
    assert headers("/console/static/console.css", secure=False)["cache-control"].startswith("public")
    assert headers("/console/staticx", secure=False)["cache-control"] == "no-store"


def test_cookies_are_for_this_host_alone():
    plain, safe = Cookies(secure=False), Cookies(secure=True)
    assert plain.header("session", "x") == "guard_session=x; Path=/console; HttpOnly; SameSite=Lax"
    assert (
        safe.header("session", "x", seconds=9.9)
        == "__Host-guard_session=x; Max-Age=9; Path=/; Secure; HttpOnly; SameSite=Lax"
    )
    assert "Max-Age=0" in safe.gone("visit")
