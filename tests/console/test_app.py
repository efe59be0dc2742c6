"""The console as a whole: who reaches what, what failures look like, and that the proxy is still the proxy."""

import re

import httpx
import pytest

from guard.console.app import PAGES
from guard.console.language import LANGUAGES
from guard.console.seat import ROLES
from tests.console.desk import desk, send
from tests.house import leaks_of_files

READING = [
    path.replace("{exchange}", "000-sample").replace("{name}", "test")
    for path, method, *_ in PAGES
    if method == "GET" and path != "/held/{exchange}"
]


@pytest.mark.parametrize("path", READING)
def test_nobody_sees_a_page_without_signing_in(shared, path):
    reply = httpx.get(f"{shared.url}/console{path}")
    assert reply.status_code == 303
    assert reply.headers["location"].startswith("/console/sign-in?next=")


def test_who_may_what_is_as_it_was_decided():
    needed = {(method, path): role for path, method, _, role in PAGES}
    admins = {("GET", "/log"), ("POST", "/log/check")}
    auditors = {("GET", "/queue"), ("GET", "/held"), ("GET", "/held/{exchange}"), ("POST", "/held/{exchange}"),
                ("POST", "/exchanges/{exchange}/labels")}  # fmt: skip
    assert {page for page, role in needed.items() if role == "admin"} == admins
    assert {page for page, role in needed.items() if role == "auditor"} == auditors


@pytest.mark.parametrize(("path", "method", "role"), [(path, method, role) for path, method, _, role in PAGES])
def test_who_may_less_than_a_page_needs_is_refused(shared, path, method, role):
    less = ROLES[: ROLES.index(role)]
    assert less or role == "viewer"
    for name in less:
        with shared.client(name) as client:
            address = f"/console{path}".replace("{exchange}", "000-sample").replace("{name}", "test")
            reply = client.get(address) if method == "GET" else send(client, "/console", address)
            assert reply.status_code == 403


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", READING)
def test_every_page_can_be_read_in_every_language(admin, path, language):
    reply = admin.get(f"/console{path}", headers={"accept-language": language})
    assert reply.status_code == 200
    assert f'<html lang="{language}">' in reply.text
    assert reply.headers["content-language"] == language
    assert not re.search(r"\{\w+\}", re.sub(r"<pre.*?</pre>", "", reply.text))


@pytest.mark.parametrize("path", READING)
def test_a_page_lives_with_the_strictest_policy(admin, path):
    reply = admin.get(f"/console{path}")
    assert reply.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert reply.headers["cache-control"] == "no-store"
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:|https?://(?!127\.0\.0\.1)", reply.text)


def test_the_language_is_switched_on_the_page_where_one_is(viewer):
    text = viewer.get("/console/exchanges?team=legal&lang=ko").text
    assert '<html lang="ko">' in text
    assert "/console/exchanges?team=legal&amp;lang=ja" in text
    assert '<html lang="ko">' in viewer.get("/console").text  # remembered
    assert '<html lang="en">' in viewer.get("/console?lang=en").text


def test_the_menu_shows_what_the_role_may_see(viewer, auditor, admin):
    def menu(client):
        return re.findall(r"<li><a href=\"(/console[^\"]*)\"", client.get("/console").text.split("</header>")[0])

    assert "/console/queue" not in menu(viewer)
    assert "/console/queue" in menu(auditor)
    assert "/console/log" not in menu(auditor)
    assert "/console/log" in menu(admin)
    assert all(admin.get(address).status_code == 200 for address in menu(admin))


class Broken:
    """A policy that fails with a value in its message."""

    digest = ""

    @property
    def policy(self):
        raise ValueError("alice.meyer@example.com")


def test_a_page_that_fails_says_so_without_a_value(tmp_path, caplog):
    with desk(tmp_path) as here, here.client("auditor") as client:
        here.service.policies = (Broken(),)
        reply = client.get("/console/policies")
        assert reply.status_code == 500
        assert "guard could not make this page" in reply.text
        assert "alice" not in reply.text + caplog.text
        assert "console: ValueError at" in caplog.text


def test_a_damaged_log_is_said(tmp_path):
    with desk(tmp_path) as here, here.client("viewer") as client:
        (here.service.config.data / "audit.db").unlink()
        reply = client.get("/console/exchanges")
        assert reply.status_code == 503
        assert "audit.db" in reply.text


def test_signing_out_ends_it(shared):
    with shared.client("viewer", "gone") as client:
        assert send(client, "/console", "/console/sign-out").status_code == 303
        assert client.get("/console").status_code == 303


def test_the_sheet_of_styles_is_for_everybody_and_nothing_else_is_there(shared):
    sheet = httpx.get(f"{shared.url}/console/static/console.css")
    assert sheet.status_code == 200
    assert "url(" not in sheet.text
    for path in ("/console/static/../app.py", "/console/static/%2e%2e/app.py", "/console/static/"):
        assert httpx.get(f"{shared.url}{path}").status_code in {303, 404}


def test_the_proxy_is_still_the_proxy(shared):
    assert httpx.get(f"{shared.url}/healthz").json() == {"status": "alive"}
    assert httpx.get(f"{shared.url}/consoles").status_code == 404
    assert "error" in httpx.get(f"{shared.url}/consoles").json()
    assert httpx.post(f"{shared.url}/console/v1/chat/completions", json={}).status_code == 415


def test_what_the_console_writes_holds_no_planted_value(shared):
    assert leaks_of_files(shared.service.config.data) == []
