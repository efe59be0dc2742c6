"""Who is calling, and what of its credentials goes on."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from guard.access import Caller, identify, pseudonym
from guard.errors import AccessError
from guard.types import Principal

SECRET = b"s" * 32
ANN = Principal("ann", "legal", "mailer")
KEY = "guard_0a1b_c2d3"
PROVIDER = "Bearer sk-provider"


def find(token: str) -> Principal:
    if token != KEY:
        raise AccessError("not known")
    return ANN


def caller(*, require_key: bool = False, **headers: str) -> Caller:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return identify(given, find, SECRET, require_key=require_key)


@pytest.mark.parametrize("require_key", [False, True])
@pytest.mark.parametrize(
    ("headers", "credentials"),
    [
        ({"authorization": f"Bearer {KEY}"}, {}),
        ({"authorization": f"bearer  {KEY} "}, {}),
        ({"authorization": KEY}, {}),
        ({"x_guard_key": KEY}, {}),
        ({"x_api_key": KEY}, {}),
        ({"x_api_key": KEY, "authorization": PROVIDER}, {"authorization": PROVIDER}),
        ({"x_guard_key": KEY, "authorization": PROVIDER}, {"authorization": PROVIDER}),
        ({"x_guard_key": KEY, "authorization": f"Bearer {KEY}"}, {}),
        ({"x_guard_key": KEY, "authorization": "Bearer guard_of_old"}, {}),
    ],
)
def test_a_guard_key_stands_for_its_caller_wherever_it_is(
    headers: dict[str, str], credentials: dict[str, str], require_key: bool
) -> None:
    assert caller(require_key=require_key, **headers) == Caller(ANN, credentials)


@pytest.mark.parametrize("require_key", [False, True])
@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer guard_of_old"},
        {"x_guard_key": "anything"},
        {"x_guard_key": "sk-provider", "authorization": f"Bearer {KEY}"},  # what is meant is not guessed
    ],
)
def test_a_key_that_is_not_known_is_refused_whatever_else_there_is(headers: dict[str, str], require_key: bool) -> None:
    with pytest.raises(AccessError, match="not known"):
        caller(require_key=require_key, **headers)


def test_without_a_guard_key_the_provider_key_goes_on_under_a_pseudonym() -> None:
    found = caller(authorization=PROVIDER)
    assert found == Caller(Principal(pseudonym("sk-provider", SECRET)), {"authorization": PROVIDER})
    for header in ("x-api-key", "x-goog-api-key"):
        other = caller(**{header.replace("-", "_"): "sk-provider"})
        assert (other.principal, other.credentials) == (found.principal, {header: "sk-provider"})
    assert caller() == caller(authorization="") == Caller(Principal("anonymous"), {})


@pytest.mark.parametrize("headers", [{}, {"authorization": PROVIDER}, {"x_guard_key": ""}])
def test_where_a_guard_key_is_required_nothing_else_will_do(headers: dict[str, str]) -> None:
    with pytest.raises(AccessError, match="A guard key is required") as caught:
        caller(require_key=True, **headers)
    assert "sk-provider" not in caught.value.message


@given(
    st.lists(st.sampled_from(("Bearer", "Basic", "sk-1", KEY, "guard_", "guard_\udcff")), max_size=4),
    st.sampled_from((" ", "  ", "\t")),
    st.sampled_from(("authorization", "x_api_key", "x_goog_api_key")),
)
def test_no_guard_key_goes_on(words: list[str], space: str, header: str) -> None:
    try:
        found = caller(**{header: space.join(words)})
    except AccessError:
        return
    assert "guard_" not in repr(found.credentials)


@given(st.text(), st.text(), st.binary(min_size=1, max_size=40))
def test_a_pseudonym_tells_holders_apart_and_nothing_else(one: str, other: str, secret: bytes) -> None:
    assume(one != other)
    name = pseudonym(one, SECRET)
    assert name == pseudonym(one, SECRET) != pseudonym(other, SECRET)
    assert secret == SECRET or pseudonym(one, secret) != name
    assert len(name) == len("key-") + 16


def test_credentials_that_are_no_text_have_a_pseudonym_too() -> None:
    assert caller(authorization="Bearer \udcff").principal.user.startswith("key-")
