"""Signing in by a link and signing out, as a browser does it."""

import logging
import re
import sqlite3

import httpx
import pytest

from guard.console.limits import FAILURES
from guard.console.signin_pages import STYLE
from tests.console.door import SECRET_WORD, door, token_of

NOBODYS = "/console/sign-in/link/" + "a" * 43


@pytest.fixture
def opened(tmp_path):
    with door(tmp_path) as one:
        yield one


@pytest.fixture
def client(opened):
    with httpx.Client(base_url=opened.url) as made:
        yield made


def press(client, link):
    return client.post(link, data={"csrf": token_of(client.get(link))})


def test_a_link_signs_in_once_and_is_on_record(opened, client):
    link = opened.invite("ada", "auditor")
    shown = client.get(link)
    assert "signs you in as ada" in shown.text
    reply = client.post(link, data={"csrf": token_of(shown)})
    assert (reply.status_code, reply.headers["location"]) == (303, "/console")
    assert client.get("/console/content").text == SECRET_WORD
    (act,) = opened.acts()
    assert (act.actor, act.role, act.action, act.subject, act.note) == (
        "ada",
        "auditor",
        "sign_in",
        "console",
        "by link",
    )


def test_what_opens_links_in_mail_uses_none_up(opened, client):
    link = opened.invite("ada")
    for _ in range(30):
        assert client.get(link).status_code == 200
        assert client.head(link).status_code == 200
    assert "guard_session" not in client.cookies
    assert opened.acts() == []
    assert press(client, link).status_code == 303


def test_a_used_link_signs_nobody_in(opened, client):
    link = opened.invite("ada")
    with httpx.Client() as thief:
        seen = token_of(thief.get(link))
        press(client, link)
        assert thief.post(link, data={"csrf": seen}).status_code == 403
        assert thief.get(link).status_code == 403
        assert "guard_session" not in thief.cookies
    assert len(opened.acts()) == 1


def test_an_expired_link_signs_nobody_in(opened, client):
    link = opened.invite("ada", seconds=60)
    token = token_of(client.get(link))
    opened.clock.now += 60
    reply = client.post(link, data={"csrf": token})
    assert (reply.status_code, "expired" in reply.text) == (403, True)
    assert "guard_session" not in client.cookies


def test_a_link_of_somebody_who_was_revoked_signs_nobody_in(opened, client):
    link = opened.invite("ada")
    token = token_of(client.get(link))
    opened.parts.people.revoke("ada")
    assert client.post(link, data={"csrf": token}).status_code == 403


def test_no_other_site_signs_a_browser_in(opened, client):
    link = opened.invite("eve")
    client.get("/console/sign-in")
    assert client.post(link, data={"a": "b"}).status_code == 403
    with httpx.Client() as attacker:
        theirs = token_of(attacker.get(link))
    assert client.post(link, data={"csrf": theirs}).status_code == 403
    client.get(link)
    assert client.post(link, data={"csrf": theirs}).status_code == 403
    assert "guard_session" not in client.cookies
    assert opened.acts() == []


def test_a_session_that_was_planted_does_not_become_somebodys(opened, client):
    planted = "A" * 43
    client.cookies.set("guard_session", planted, domain="127.0.0.1", path="/console")
    client.cookies.set("guard_visit", planted, domain="127.0.0.1", path="/console")
    opened.enter(client)
    sessions = {value.partition(";")[0] for value in client.get("/console").request.headers["cookie"].split("; ")}
    assert f"guard_session={planted}" not in sessions
    assert httpx.get(f"{opened.url}/console", headers={"cookie": f"guard_session={planted}"}).status_code == 303


def test_signing_in_anew_ends_the_session_before(opened, client):
    opened.enter(client, "ada")
    before = client.cookies["guard_session"]
    opened.enter(client, "bob")
    assert client.cookies["guard_session"] != before
    assert httpx.get(f"{opened.url}/console", headers={"cookie": f"guard_session={before}"}).status_code == 303
    assert client.get("/console").text.startswith("bob ")


def test_names_are_shown_as_text(opened, client):
    opened.enter(client, "<b>&'\"ada")
    text = client.get("/console/sign-in").text
    assert "<b>" not in text
    assert "&lt;b&gt;&amp;&#39;&#34;ada" in text


def sign_out(client, **more):
    return client.post("/console/sign-out", data={"csrf": token_of(client.get("/console/sign-in")), **more})


def test_who_signs_out_is_out_and_it_is_on_record(opened, client):
    opened.enter(client)
    session = client.cookies["guard_session"]
    reply = sign_out(client)
    assert (reply.status_code, reply.headers["location"]) == (303, "/console/sign-in")
    assert "guard_session" not in client.cookies
    assert httpx.get(f"{opened.url}/console", headers={"cookie": f"guard_session={session}"}).status_code == 303
    assert [(act.action, act.note) for act in opened.acts()] == [("sign_in", "by link"), ("sign_out", "")]


def test_nobody_is_signed_out_by_another_site(opened, client):
    opened.enter(client)
    assert client.post("/console/sign-out", data={"everywhere": "1"}).status_code == 403
    assert client.get("/console/sign-out").status_code == 405
    assert client.get("/console").status_code == 200


def test_a_person_signs_out_everywhere(opened, client):
    opened.enter(client)
    with httpx.Client(base_url=opened.url) as other:
        opened.enter(other)
        opened_by_bob = httpx.Client(base_url=opened.url)
        with opened_by_bob:
            opened.enter(opened_by_bob, "bob")
            sign_out(client, everywhere="1")
            assert other.get("/console").status_code == 303
            assert opened_by_bob.get("/console").status_code == 200
    assert opened.acts()[-1].note == "everywhere"


def test_signing_out_without_a_session_is_nothing(opened, client):
    link = opened.invite("ada")
    reply = client.post("/console/sign-out", data={"csrf": token_of(client.get(link))})
    assert reply.status_code == 303
    assert opened.acts() == []


def test_a_session_ends_by_itself(opened, client):
    opened.enter(client)
    opened.clock.now += 12 * 3600 - 1
    assert client.get("/console").status_code == 200
    opened.clock.now += 12 * 3600
    assert client.get("/console").status_code == 303


def test_without_a_record_nobody_signs_in(opened, client, caplog):
    link = opened.invite("ada")
    token = token_of(client.get(link))
    with sqlite3.connect(opened.config.data / "audit.db") as raw:
        raw.execute("ALTER TABLE leaf RENAME TO gone")
    raw.close()
    reply = client.post(link, data={"csrf": token})
    assert reply.status_code == 503
    assert "cannot be put on record" in reply.text
    assert "guard_session" not in client.cookies
    assert client.get("/console").status_code == 303


# --- too often ---------------------------------------------------------------------------------------------------


def test_who_fails_too_often_waits(opened, client, caplog):
    caplog.set_level(logging.WARNING, logger="guard")
    link = opened.invite("ada")
    token = token_of(client.get(link))
    for _ in range(FAILURES):
        assert client.get(NOBODYS).status_code == 403
    reply = client.get(NOBODYS)
    assert reply.status_code == 429
    assert 0 < int(reply.headers["retry-after"]) <= 301
    assert client.post(link, data={"csrf": token}).status_code == 429  # even with what would do
    assert client.get("/console/sign-in").status_code == 200
    assert client.get(STYLE).status_code == 200
    assert opened.parts.limits.reasons == {"link": FAILURES}
    said = [record.getMessage() for record in caplog.records if record.name == "guard"]
    assert said == ["console: a sign-in was refused: link"] * FAILURES


def test_who_is_signed_in_is_not_kept_out_by_others_at_their_address(opened, client):
    opened.enter(client)
    for _ in range(FAILURES + 1):
        httpx.get(opened.url + NOBODYS)
    assert client.get("/console/content").status_code == 200
    assert sign_out(client).status_code == 303


def test_a_person_is_counted_apart_from_the_address(opened, client):
    for number in range(FAILURES):
        opened.parts.limits.failed("link", f"elsewhere {number}", "person ada")
    assert press(client, opened.invite("ada")).status_code == 429
    assert press(client, opened.invite("bob")).status_code == 303


# --- the pages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_pages_name_their_language_title_and_one_heading(opened, client, language):
    link = opened.invite("ada")
    for path in ("/console/sign-in", link, NOBODYS):
        text = client.get(f"{path}?lang={language}").text
        assert f'<html lang="{language}">' in text
        assert len(re.findall("<h1>", text)) == 1
        assert re.search(r"<title>[^<]+</title>", text)
        assert "{" not in text
        assert '<link rel="stylesheet" href="/console/sign-in/style.css">' in text
