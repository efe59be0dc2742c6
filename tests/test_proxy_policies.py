"""Who is calling, which policy applies, and what it does with what is found."""

import time

import httpx

from tests.conftest import OpenHouse
from tests.house import MAIL, PHONE, PROMPT, PROVIDER_KEY, TOKEN, House, leaks, policy
from tests.upstream import FakeUpstream

# --- who is calling ----------------------------------------------------------------------------------------------


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_a_provider_key_passes_and_its_holder_has_a_pseudonym(house: House, upstream: FakeUpstream) -> None:
    first, second = (house.post("echo", PROMPT, headers=bearer(PROVIDER_KEY)) for _ in range(2))
    other, nobody = house.post("echo", PROMPT, headers=bearer("sk-other")), house.post("echo", PROMPT)
    assert [headers.get("authorization") for headers in upstream.seen_headers] == [
        f"Bearer {PROVIDER_KEY}",
        f"Bearer {PROVIDER_KEY}",
        "Bearer sk-other",
        None,
    ]
    users = [house.opening(response).principal.user for response in (first, second, other, nobody)]
    assert users[0] == users[1] != users[2]
    assert users[3] == "anonymous"
    assert users[0].startswith("key-")
    assert all(leaks(file.read_bytes(), [PROVIDER_KEY]) == [] for file in house.data.iterdir())


def test_a_guard_key_stands_for_its_caller_and_never_goes_on(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    house = open_house(environ={"KEY": PROVIDER_KEY}, config={
        "upstreams": [{"name": "fake", "url": f"{upstream.url}/v1", "key_env": "KEY"}],
        "access": {"require_key": True},
    })  # fmt: skip
    token, record = house.service.keys.create("ann", "legal", "mailer")
    for headers in (bearer(token), {"x-guard-key": token}, {"x-guard-key": token, **bearer("sk-own")}):
        response = house.post("echo", PROMPT, headers=headers)
        who = house.opening(response).principal
        assert (who.user, who.team, who.application) == ("ann", "legal", "mailer")
        assert upstream.seen_headers[-1]["authorization"] == f"Bearer {PROVIDER_KEY}"
        assert token not in repr(upstream.seen_headers[-1])
    assert all(leaks(file.read_bytes(), [token, PROVIDER_KEY]) == [] for file in house.data.iterdir())

    house.service.keys.revoke(record.id)
    expired, _ = house.service.keys.create("ben", expires=time.time() - 1)
    for headers in ({}, bearer("sk-own"), bearer(token), bearer(expired), bearer("guard_0_0"), {"x-guard-key": "x"}):
        response = house.post("echo", PROMPT, headers=headers)
        assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")
        assert response.headers["www-authenticate"] == "Bearer"
        assert httpx.get(f"{house.url}/v1/models", headers=headers).status_code == 401
    assert len(upstream.seen) == 3


def test_a_guard_key_beside_the_providers_leaves_that_to_the_upstream(
    open_house: OpenHouse, upstream: FakeUpstream
) -> None:
    house = open_house()
    token, _ = house.service.keys.create("ann")
    house.post("echo", PROMPT, headers={"x-guard-key": token, **bearer(PROVIDER_KEY)})
    house.post("echo", PROMPT, headers=bearer(token))
    assert [headers.get("authorization") for headers in upstream.seen_headers] == [f"Bearer {PROVIDER_KEY}", None]


def test_policies_are_chosen_by_who_is_calling(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    house = open_house(
        policy("by-user", applies_to={"users": ["ann"]}, precedence=3, mask={"default": "redact"}),
        policy("by-team", applies_to={"teams": ["legal", "tax"]}, precedence=2),
        policy("by-app", applies_to={"applications": ["mail*"]}, precedence=1),
        policy("by-model", applies_to={"models": ["echo"]}),
    )
    made = {who: house.service.keys.create(*who)[0] for who in (
        ("ann", "legal", ""), ("ben", "tax", "mailer"), ("cat", "sales", "mailer"), ("dan", "", ""),
    )}  # fmt: skip
    chosen = [house.opening(house.post("echo", PROMPT, headers=bearer(token))).policy for token in made.values()]
    assert chosen == ["by-user", "by-team", "by-app", "by-model"]
    response = house.post("split", PROMPT)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden_by_policy")
    assert len(upstream.seen) == 4


def test_the_first_upstream_that_serves_a_model_gets_the_call(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    upstreams = [
        {"name": "dead", "url": "http://127.0.0.1:1/v1", "models": ["dead*"]},
        {"name": "fake", "url": f"{upstream.url}/v1/", "models": ["echo", "split"]},
    ]
    house = open_house(config={"upstreams": upstreams})
    assert house.opening(house.post("echo", PROMPT)).upstream == "fake"
    assert house.post("dead-1", PROMPT).status_code == 502
    response = house.post("unknown", PROMPT)
    assert (response.status_code, response.json()["error"]["param"]) == (400, "model")


# --- operators ---------------------------------------------------------------------------------------------------


def said(response: httpx.Response) -> str:
    text: str = response.json()["choices"][0]["message"]["content"]
    return text


def test_what_is_redacted_or_hashed_does_not_come_back(house: House, upstream: FakeUpstream) -> None:
    redacted = house.post("redact/echo", PROMPT)
    assert said(redacted) == "Write to [EMAIL_ADDRESS], card [CREDIT_CARD], phone [PHONE_NUMBER]."
    assert {span.operator for span in house.opening(redacted).spans} == {"redact"}
    first, second = said(house.post("hash/echo", PROMPT)), said(house.post("hash/echo", f"{MAIL} {PHONE}"))
    mark = first.split("[")[1].split("]")[0]
    assert mark.startswith("EMAIL_ADDRESS ")
    assert f"[{mark}]" in second


def test_what_is_kept_leaves(house: House, upstream: FakeUpstream) -> None:
    response = house.post("keep/echo", f"ping 192.0.2.7 for {MAIL}")
    assert said(response) == f"ping 192.0.2.7 for {MAIL}"
    assert b"192.0.2.7" in upstream.seen[0]


CODE = """import smtplib

def notify(order):
    server = smtplib.SMTP("localhost")
    if order.late and not order.told:
        server.sendmail("shop@example.org", "MAIL", "late: %s" % order.number)
    return order.number
"""


def test_what_is_kept_hides_nothing_in_it_that_is_masked(open_house: OpenHouse, upstream: FakeUpstream) -> None:
    keeping = {"SOURCE_CODE": "keep", "PHONE_NUMBER": "keep"}
    code = {"profile": "patterns", "code": {"source_code": True}}
    house = open_house(policy(recognize=code, mask={"entities": keeping}))
    text = f"Mend this:\n```python\n{CODE.replace('MAIL', MAIL)}```\nCall 010-1234-5678."
    response = house.post("echo", text)
    assert said(response) == text
    assert leaks(upstream.seen[0], [MAIL, "shop@example.org"]) == []
    assert b"import smtplib" in upstream.seen[0]
    assert b"010-1234-5678" in upstream.seen[0]
    operators = {(span.entity, span.operator) for span in house.opening(response).spans}
    assert operators == {("SOURCE_CODE", "keep"), ("PHONE_NUMBER", "keep"), ("EMAIL_ADDRESS", "placeholder")}


def test_what_is_blocked_is_logged_and_never_leaves(house: House, upstream: FakeUpstream) -> None:
    response = house.post("block/echo", f"the token is {TOKEN}")
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["type"]) == (
        403,
        "blocked_by_guard",
        "invalid_request_error",
    )
    assert "SECRET" in error["message"]
    assert upstream.seen == []
    closing = house.closing(response)
    assert (closing.outcome, closing.decision, closing.status) == ("blocked", "block", 403)
    assert [span.operator for span in house.opening(response).spans] == ["block"]


IMAGE = [{"type": "text", "text": MAIL}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]


def test_what_guard_cannot_look_into_leaves_only_where_the_policy_says_so(house: House, upstream: FakeUpstream) -> None:
    refused = house.post("echo", IMAGE)
    assert refused.status_code == 403
    assert refused.json()["error"]["param"] == "messages[0].content[1]"
    assert upstream.seen == []
    allowed = house.post("opaque/echo", IMAGE)
    assert said(allowed) == MAIL
    assert b"data:image/png;base64,AAAA" in upstream.seen[0]
    assert "messages[0].content[1]" in house.opening(allowed).not_scanned


def test_the_log_keeps_no_content_where_the_policy_says_so(house: House, upstream: FakeUpstream) -> None:
    response = house.post("discreet/echo", PROMPT)
    assert house.opening(response).request == ""
    assert house.closing(response).reply == house.closing(response).sent == ""
    assert len(house.opening(response).spans) == 3


def test_a_policy_that_masks_nothing_says_so_in_the_log(house: House, upstream: FakeUpstream) -> None:
    response = house.post("unmasked/echo", "ask 192.0.2.7")
    assert said(response) == "ask 192.0.2.7"
    assert house.opening(response).not_scanned == ("request",)
    assert house.closing(response).not_judged == ("reply",)
