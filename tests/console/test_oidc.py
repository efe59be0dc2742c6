"""Signing in at an identity provider: a certified one, and one that lies in every way that matters."""

import base64
import hashlib
import json
import logging
import socket
import time
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from guard.console.limits import FAILURES
from tests.console.door import Door, door, token_of
from tests.console.issuer import CLIENT, Issuer, certified, issuer, log_in

SECRET = "client-secret-3k9x"
ACCOUNTS = {
    "ada": {"email": "Ada@example.com", "email_verified": True, "groups": ["staff", "guard-audit"]},
    "bob": {"email": "bob@example.com", "email_verified": True, "groups": ["staff"]},
    "eve": {"email": "ada@example.com", "email_verified": False, "groups": ["guard-admin"]},
}
ROLES = {"claim": "groups", "map": {"guard-audit": "auditor", "guard-admin": "admin"}}


@pytest.fixture
def secret(monkeypatch):
    monkeypatch.setenv("OIDC_SECRET", SECRET)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Browser:
    """What a person does: begin at guard, go to the provider, come back. Addresses of guard lead to its socket."""

    def __init__(self, opened: Door) -> None:
        self.opened = opened
        self.client = httpx.Client(base_url=opened.url)

    def begin(self, path: str = "/console/sign-in/begin", **headers: str) -> httpx.Response:
        return self.client.get(path, headers=headers)

    def come_back(self, target: str) -> httpx.Response:
        parts = urlsplit(target)
        return self.client.get(f"{parts.path}?{parts.query}")

    def sign_in(self, path: str = "/console/sign-in/begin") -> httpx.Response:
        away = self.begin(path)
        assert away.status_code == 303, away.text
        with httpx.Client() as there:
            return self.come_back(there.get(away.headers["location"]).headers["location"])


@pytest.fixture
def said():
    with issuer() as one:
        yield one


@pytest.fixture
def open_door(tmp_path, secret, said):
    """A function that opens a console whose provider is the issuer that a test tells what to say."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def begin(public_url: str = "http://localhost:8080", **oidc: object) -> Browser:
            settings = {"issuer": said.url, "client_id": CLIENT, "client_secret_env": "OIDC_SECRET", **oidc}
            opened = stack.enter_context(door(tmp_path, public_url=public_url, oidc=settings))
            opened.clock.now = time.time()
            browser = Browser(opened)
            stack.callback(browser.client.close)
            return browser

        yield begin


# --- a certified provider ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """node-oidc-provider with three accounts, and a console before it that takes roles from groups."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OIDC_SECRET", SECRET)
        public = f"http://localhost:{free_port()}"
        with certified(ACCOUNTS, f"{public}/console/sign-in/callback", SECRET) as address:
            oidc = {"issuer": address, "client_id": CLIENT, "client_secret_env": "OIDC_SECRET", "roles": ROLES}
            with door(tmp_path_factory.mktemp("oidc"), public_url=public, oidc=oidc) as opened:
                opened.clock.now = time.time()
                yield opened


def through(opened: Door, login: str, back_to: str = "") -> tuple[Browser, httpx.Response]:
    browser = Browser(opened)
    opened.parts.limits._of_late.clear()
    away = browser.begin(f"/console/sign-in/begin?next={back_to}")
    assert away.status_code == 303, away.text
    with httpx.Client() as there:
        return browser, browser.come_back(log_in(there, away.headers["location"], login))


def test_a_certified_provider_signs_a_person_in_with_the_role_of_their_groups(provider):
    browser, reply = through(provider, "ada", "/console/content")
    with closing(browser.client):
        assert (reply.status_code, reply.headers["location"]) == (303, "/console/content"), reply.text
        assert browser.client.get("/console").text.startswith("ada@example.com auditor ")
    role, sign_in = provider.acts()[-2:]
    assert (role.action, role.subject, role.note) == (
        "key",
        "role of ada@example.com",
        "auditor, by the identity provider",
    )
    assert (sign_in.actor, sign_in.action, sign_in.note) == ("ada@example.com", "sign_in", "by OpenID Connect")
    person = provider.parts.people.find("ada@example.com")
    assert person is not None
    assert person.subject == f"{provider.config.console.oidc.issuer} ada"


def test_a_certified_provider_knows_people_who_have_no_role_here(provider):
    browser, reply = through(provider, "bob")
    with closing(browser.client):
        assert (reply.status_code, "no role" in reply.text) == (403, True)
        assert browser.client.get("/console").status_code == 303
    assert provider.parts.people.find("bob@example.com") is None


def test_an_address_that_the_provider_has_not_verified_is_nobodys_name(provider):
    browser, reply = through(provider, "eve")
    with closing(browser.client):
        assert reply.status_code == 403
        assert browser.client.get("/console").status_code == 303


def test_a_certified_provider_finds_a_code_without_its_verifier_wrong(provider):
    """It insists on PKCE: what guard sends is not decoration."""
    browser = Browser(provider)
    with closing(browser.client), httpx.Client() as there:
        back = log_in(there, browser.begin().headers["location"], "ada")
        asked = {"grant_type": "authorization_code", "code": parse_qs(urlsplit(back).query)["code"][0]}
        asked["redirect_uri"] = f"{provider.config.console.public_url}/console/sign-in/callback"
        address = f"{provider.config.console.oidc.issuer}/token"
        stolen = there.post(address, data={**asked, "code_verifier": "a" * 43}, auth=(CLIENT, SECRET))
        assert stolen.json()["error"] == "invalid_grant"


# --- what is asked of the provider -------------------------------------------------------------------------------


def test_what_is_asked_has_state_nonce_and_a_challenge(open_door, said):
    browser = open_door()
    away = browser.begin()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(away.headers["location"]).query).items()}
    assert asked["response_type"] == "code"
    assert asked["client_id"] == CLIENT
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://localhost:8080/console/sign-in/callback"
    assert asked["scope"] == "openid email profile"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert all(len(asked[name]) == 43 for name in ("state", "nonce", "code_challenge"))
    kept = away.headers["set-cookie"]
    assert kept.endswith("; Max-Age=600; Path=/console; HttpOnly; SameSite=Lax")
    assert asked["state"] not in kept
    browser.opened.parts.people.admit("ada@example.com", "viewer")
    assert browser.sign_in().status_code == 303
    sent = said.redeemed[0]
    verifier = sent["code_verifier"]
    asked_last = said._asked["code"]
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert asked_last["code_challenge"] == digest
    assert sent["authorization"] == "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    assert SECRET not in json.dumps({**sent, "authorization": ""})


def test_a_client_without_a_secret_proves_itself_by_pkce_alone(open_door, said):
    browser = open_door(client_secret_env=None)
    browser.opened.parts.people.admit("ada@example.com", "viewer")
    assert browser.sign_in().status_code == 303
    assert said.redeemed[0]["authorization"] == ""
    assert said.redeemed[0]["client_id"] == CLIENT
    assert "client_secret" not in said.redeemed[0]


def test_a_provider_that_takes_the_secret_in_the_form_alone_gets_it_there(open_door, said):
    said.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    browser = open_door()
    browser.opened.parts.people.admit("ada@example.com", "viewer")
    assert browser.sign_in().status_code == 303
    assert (said.redeemed[0]["authorization"], said.redeemed[0]["client_secret"]) == ("", SECRET)


def test_nobody_is_asked_before_somebody_signs_in(open_door, said):
    browser = open_door(label="House <login>")
    text = browser.begin("/console/sign-in?next=/console/content").text
    assert "Sign in with House &lt;login&gt;" in text
    assert 'href="/console/sign-in/begin?next=%2Fconsole%2Fcontent"' in text
    assert said.seen == []


def test_the_provider_is_asked_once_for_what_it_is(open_door, said):
    browser = open_door()
    browser.opened.parts.people.admit("ada@example.com", "viewer")
    for _ in range(2):
        assert browser.sign_in().status_code == 303
    assert said.seen == ["discovery", "jwks", "token", "token"]
    browser.opened.clock.now += 3600
    browser.begin()
    assert said.seen[4:] == ["discovery", "jwks"]


# --- who it is ---------------------------------------------------------------------------------------------------


def test_the_table_of_people_gives_the_role_where_claims_do_not(open_door, said):
    browser = open_door()
    assert browser.sign_in().status_code == 403
    browser.opened.parts.people.admit("ada@example.com", "auditor")
    assert browser.sign_in().status_code == 303
    assert browser.client.get("/console/content").status_code == 200
    assert [act.action for act in browser.opened.acts()] == ["sign_in"]


def test_a_person_stays_who_they_are_when_their_address_changes(open_door, said):
    browser = open_door()
    browser.opened.parts.people.admit("ada@example.com", "auditor")
    browser.sign_in()
    said.claims = {"email": "countess@example.com"}
    assert browser.sign_in().status_code == 303
    assert browser.client.get("/console").text.startswith("ada@example.com ")


def test_somebody_else_with_the_same_address_is_somebody_else(open_door, said):
    browser = open_door()
    browser.opened.parts.people.admit("ada@example.com", "admin")
    browser.sign_in()
    said.claims = {"sub": "2"}
    browser.client.cookies.clear()
    assert browser.sign_in().status_code == 403
    assert browser.client.get("/console").status_code == 303


def test_somebody_else_with_the_same_address_changes_nobodys_role(open_door, said):
    browser = open_door(roles=ROLES)
    said.claims = {"groups": ["guard-admin"]}
    assert browser.sign_in().status_code == 303
    said.claims = {"sub": "2", "groups": ["guard-audit"]}
    assert browser.sign_in().status_code == 403
    assert browser.opened.parts.people.find("ada@example.com").role == "admin"
    assert [act.action for act in browser.opened.acts()] == ["key", "sign_in"]


def test_who_was_revoked_stays_out_whatever_the_claims_say(open_door, said):
    browser = open_door(roles=ROLES)
    said.claims = {"groups": ["guard-admin"]}
    assert browser.sign_in().status_code == 303
    browser.opened.parts.people.revoke("ada@example.com")
    reply = browser.sign_in()
    assert (reply.status_code, "no longer sign in" in reply.text) == (403, True)
    assert browser.opened.parts.people.find("ada@example.com").revoked is not None


def test_a_role_that_the_claims_take_is_taken_and_that_is_on_record(open_door, said):
    browser = open_door(roles=ROLES)
    said.claims = {"groups": ["guard-admin", "guard-audit", 7, None]}
    browser.sign_in()
    assert browser.client.get("/console/health").status_code == 200
    said.claims = {"groups": "guard-audit"}
    browser.sign_in()
    assert browser.client.get("/console/health").status_code == 403
    keys = [act.note for act in browser.opened.acts() if act.action == "key"]
    assert keys == ["admin, by the identity provider", "auditor, by the identity provider"]
    said.claims = {"groups": {"guard-admin": True}}
    assert browser.sign_in().status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False}, {"email_verified": "true"}, {"email": None}, {"email": ["ada@example.com"]}, {"email": " "},
        {"email": "ada\n@example.com"}, {"email": "x" * 300},
    ],
)  # fmt: skip
def test_a_name_that_is_not_certain_is_none(open_door, said, claims):
    browser = open_door(roles=ROLES)
    said.claims = {"groups": ["guard-admin"], **claims}
    assert browser.sign_in().status_code == 403
    assert browser.opened.parts.people.list() == ()


def test_another_claim_may_be_the_name(open_door, said):
    browser = open_door(name_claim="preferred_username", roles=ROLES)
    said.claims = {"groups": ["guard-audit"], "preferred_username": "Ada"}
    said.without = ("email", "email_verified")
    browser.sign_in()
    assert browser.client.get("/console").text.startswith("Ada auditor ")


def test_what_the_id_token_lacks_is_asked_of_userinfo(open_door, said):
    said.metadata = {"userinfo_endpoint": f"{said.url}/userinfo"}
    said.without = ("email", "email_verified")
    said.userinfo = {"sub": "1", "email": "ada@example.com", "email_verified": True, "iss": "https://evil.example"}
    browser = open_door()
    browser.opened.parts.people.admit("ada@example.com", "auditor")
    assert browser.sign_in().status_code == 303
    assert said.seen[-1] == "userinfo Bearer at"
    assert browser.opened.parts.people.find("ada@example.com").subject == f"{said.url} 1"
    said.userinfo["sub"] = "2"
    assert browser.sign_in().status_code == 403


# --- what is refused ---------------------------------------------------------------------------------------------


def refused(browser: Browser, status: int = 403) -> None:
    reply = browser.sign_in()
    assert reply.status_code == status, reply.text
    assert browser.client.get("/console").status_code == 303
    assert browser.opened.acts() == []


@pytest.fixture
def ready(open_door):
    browser = open_door()
    browser.opened.parts.people.admit("ada@example.com", "admin")
    return browser


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": []},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"nonce": "another"},
        {"exp": 1},
        {"exp": "never"},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"sub": 7},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_a_claim_that_does_not_hold_lets_nobody_in(ready, said, claims):
    said.claims = claims
    refused(ready)
    assert ready.opened.parts.limits.reasons == {"token": 1}


@pytest.mark.parametrize("claim", ["iss", "aud", "nonce", "exp", "sub", "iat"])
def test_a_claim_that_is_missing_lets_nobody_in(ready, said, claim):
    said.without = (claim,)
    refused(ready)


def test_a_token_of_another_key_lets_nobody_in(ready, said):
    said.key = Issuer.new_key("one")  # the name of the published one
    refused(ready)


def test_a_token_that_is_not_signed_lets_nobody_in(ready, said):
    ready.begin()
    now = int(time.time())
    claims = {"iss": said.url, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 60, "email": "ada@example.com"}

    def part(values):
        return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()

    for algorithm in ("none", "HS256"):
        said.id_token = f"{part({'alg': algorithm})}.{part(claims)}."
        refused(ready)
    said.id_token = "nonsense"
    refused(ready)


def test_a_key_that_is_new_is_asked_for_but_not_at_every_turn(ready, said):
    assert ready.sign_in().status_code == 303
    said.key = Issuer.new_key("two")
    said.published = [said.key]
    assert ready.sign_in().status_code == 403  # just asked
    assert said.seen.count("jwks") == 1
    ready.opened.clock.now += 61
    said.claims = {"exp": int(time.time()) + 600}
    assert ready.sign_in().status_code == 303
    assert said.seen.count("jwks") == 2
    said.key = Issuer.new_key("three")  # never published
    ready.opened.clock.now += 61
    assert ready.sign_in().status_code == 403
    assert ready.sign_in().status_code == 403
    assert said.seen.count("jwks") == 3


@pytest.mark.parametrize(
    "back",
    [{"state": "another"}, {"state": ""}, {"iss": "https://evil.example"}, {"code": ""}, {"error": "access_denied"}],
)
def test_an_answer_to_another_question_lets_nobody_in(ready, said, back):
    said.back = back
    refused(ready)
    assert said.redeemed == []


def test_an_answer_that_must_name_its_issuer_and_does_not_lets_nobody_in(ready, said):
    said.metadata = {"authorization_response_iss_parameter_supported": True}
    said.back = {"iss": ""}
    refused(ready)


def test_an_answer_to_another_browser_lets_nobody_in(ready):
    with httpx.Client() as there:
        back = there.get(ready.begin().headers["location"]).headers["location"]
    victim = Browser(ready.opened)
    with closing(victim.client):
        assert victim.come_back(back).status_code == 403
        victim.begin()
        assert victim.come_back(back).status_code == 403
        assert victim.client.get("/console").status_code == 303


def test_an_answer_that_comes_too_late_or_twice_lets_nobody_in(ready, said):
    said.claims = {"exp": int(time.time()) + 3600}
    with httpx.Client() as there:
        back = there.get(ready.begin().headers["location"]).headers["location"]
        ready.opened.clock.now += 600
        assert ready.come_back(back).status_code == 403
        again = there.get(ready.begin().headers["location"]).headers["location"]
    assert ready.come_back(again).status_code == 303
    ready.client.cookies.delete("guard_session")
    assert ready.come_back(again).status_code == 403  # what the browser kept is gone


def test_a_kept_state_that_was_changed_lets_nobody_in(ready):
    with httpx.Client() as there:
        back = there.get(ready.begin().headers["location"]).headers["location"]
    kept = ready.client.cookies["guard_begun"]
    ready.client.cookies.clear()
    for other in ("", kept[:-4], "A" + kept[1:], "nonsense"):
        parts = urlsplit(back)
        reply = ready.client.get(f"{parts.path}?{parts.query}", headers={"cookie": f"guard_begun={other}"})
        assert reply.status_code == 403


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "https://evil.example/token"},
        {"jwks_uri": "http://127.0.0.1:1/jwks"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
        {"token_endpoint": ["x"]},
    ],
)
def test_a_provider_that_points_elsewhere_is_not_followed(ready, said, metadata):
    said.metadata = metadata
    reply = ready.begin()
    assert reply.status_code == 502
    assert "location" not in reply.headers
    assert said.seen == ["discovery"]


def test_userinfo_elsewhere_is_not_asked(ready, said):
    with issuer() as other:
        other.userinfo = {"sub": "1", "email": "ada@example.com", "email_verified": True}
        said.metadata = {"userinfo_endpoint": f"{other.url}/userinfo"}
        said.without = ("email",)
        refused(ready, 502)
        assert other.seen == []


def test_a_host_that_the_configuration_names_is_the_providers_too(open_door, said):
    with issuer() as keys:
        keys.published = [said.key]
        said.metadata = {"jwks_uri": f"{keys.url}/jwks"}
        browser = open_door(hosts=[urlsplit(keys.url).netloc])
        browser.opened.parts.people.admit("ada@example.com", "viewer")
        assert browser.sign_in().status_code == 303
        assert keys.seen == ["jwks"]


def test_a_provider_that_fails_is_said_to(ready, said, caplog, capfd):
    caplog.set_level(logging.INFO, logger="guard")
    said.status = 500
    assert ready.begin().status_code == 502
    said.status = 200
    ready.begin()
    said.status = 400
    with httpx.Client() as there:
        back = there.get(ready.begin().headers["location"]).headers["location"]
    reply = ready.come_back(back)
    assert reply.status_code == 403
    told = (
        reply.text + "".join(capfd.readouterr()) + "".join(r.getMessage() for r in caplog.records if r.name == "guard")
    )
    assert "zebra" not in told
    assert SECRET not in told


def test_a_provider_that_is_not_there_is_said_to(tmp_path, secret):
    oidc = {"issuer": f"http://127.0.0.1:{free_port()}", "client_id": CLIENT}
    with (
        door(tmp_path, public_url="http://localhost", oidc=oidc) as opened,
        httpx.Client(base_url=opened.url) as client,
    ):
        reply = client.get("/console/sign-in/begin")
        assert (reply.status_code, "cannot be reached" in reply.text) == (502, True)


def test_who_fails_too_often_waits_here_too(ready, said):
    said.back = {"state": "another"}
    for _ in range(FAILURES):
        assert ready.sign_in().status_code == 403
    assert ready.begin().status_code == 429


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/v1/models", "/console/x%0d%0aSet-Cookie:a=b"]
)
def test_no_sign_in_leads_away(ready, target):
    reply = ready.sign_in(f"/console/sign-in/begin?next={target}")
    assert (reply.status_code, reply.headers["location"]) == (303, "/console")


def test_without_a_provider_there_are_no_such_pages(tmp_path):
    with door(tmp_path) as opened, httpx.Client(base_url=opened.url) as client:
        assert client.get("/console/sign-in/begin").status_code == 404
        assert client.get("/console/sign-in/callback?code=a&state=b").status_code == 404
        assert token_of(client.get(opened.invite("ada")))
