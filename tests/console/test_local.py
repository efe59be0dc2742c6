from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.console.local import HOME, local

HERE = "https://guard.example/console/sign-in"


@pytest.mark.parametrize(
    "target",
    ["/console", "/console/", "/console/exchanges/01-ab", "/console?decision=block&q=%20a", "/console/a?next=//x"],
)
def test_pages_of_the_console_are_led_to(target):
    assert local(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None, "", "/", "//evil.example", "https://evil.example/console", "/\\evil.example", "\\\\evil.example", "/consoles",
        "/console//evil.example", "/console/..//evil.example", "/console/../v1/models", "/console/%2e%2e/x", "javascript:alert(1)",
        "/console/a\r\nSet-Cookie: a=b", "/console/a\tb", " /console", "/console/ ", "console", "/console@evil.example",
        "/console/\\evil", "/console#x/../..", "/console/sign-out", "/console/sign-in?next=/console/sign-in", "/console/한글", "/console/" + "a" * 2000,
        "/console\n", "/console/a\n",
    ],
)  # fmt: skip
def test_nothing_else_is(target):
    assert local(target) == HOME


@given(
    st.text()
    | st.text("/\\.%?#@:\r\n console", max_size=30).map("/console".__add__)
    | st.text("/\\evil.cosn:@", max_size=20)
)
def test_a_browser_stays_in_the_console(target):
    led = urlsplit(urljoin(HERE, local(target)))
    assert (led.scheme, led.netloc) == ("https", "guard.example")
    assert led.path == "/console" or led.path.startswith("/console/")
    assert not set(local(target)) & set("\r\n\\ \t")
