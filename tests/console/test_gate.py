"""The gate over a socket: host names, sessions, forms, headers, and what is told of failures."""

import re
import socket

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.console.secure import HEADERS
from tests.console.door import SECRET_WORD, Door, door, token_of


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with door(tmp_path_factory.mktemp("gate")) as opened:
        yield opened


@pytest.fixture
def client(shared):
    shared.parts.limits._of_late.clear()
    with httpx.Client(base_url=shared.url) as made:
        yield made


def label(client: httpx.Client, token: str | None, headers: dict[str, str] | None = None) -> httpx.Response:
    data = {"verdict": "right"} if token is None else {"verdict": "right", "csrf": token}
    return client.post("/console/label", data=data, headers=headers or {})


def token_at(client: httpx.Client) -> str:
    return client.get("/console").text.split()[-1]


# --- who may -----------------------------------------------------------------------------------------------------


def test_nobody_is_let_in_without_a_session(client):
    for path in ("/console", "/console/content", "/console/health"):
        reply = client.get(path + "?a=b%26c")
        assert reply.status_code == 303
        assert reply.headers["location"] == f"/console/sign-in?next={path.replace('/', '%2F')}%3Fa%3Db%2526c"


def test_a_form_without_a_session_leads_to_the_sign_in_page(client):
    sign_in = client.get("/console/sign-in")
    assert client.get("/console").status_code == 303
    link_page = client.get("/console/sign-in")
    assert link_page.status_code == sign_in.status_code == 200
    assert label(client, None).status_code == 403


@pytest.mark.parametrize(
    ("role", "seen"),
    [("viewer", (200, 403, 403)), ("auditor", (200, 200, 403)), ("admin", (200, 200, 200))],
)
def test_each_role_sees_its_pages(shared, client, role, seen):
    shared.enter(client, f"{role}-1", role)
    replies = [client.get(path) for path in ("/console", "/console/content", "/console/health")]
    assert tuple(reply.status_code for reply in replies) == seen
    assert replies[0].text.split()[:2] == [f"{role}-1", role]
    assert (SECRET_WORD in replies[1].text) is (role != "viewer")


def test_a_role_that_is_taken_is_gone_with_the_next_page(shared, client):
    shared.enter(client, "bob", "admin")
    assert client.get("/console/health").status_code == 200
    shared.parts.people.change_role("bob", "viewer")
    assert client.get("/console/health").status_code == 403
    shared.parts.people.revoke("bob")
    assert client.get("/console").status_code == 303


@pytest.mark.parametrize("cookie", ["", "x", "a" * 43, "a" * 5000, "%00", "키".encode().decode("latin-1")])
def test_a_cookie_that_is_no_session_lets_nobody_in(client, cookie):
    assert client.get("/console", headers={"cookie": f"guard_session={cookie}".encode("latin-1")}).status_code == 303


def test_a_tampered_cookie_lets_nobody_in(shared, client):
    shared.enter(client, "ann")
    token = client.cookies["guard_session"]
    for at in (0, 20, 42):
        other = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert httpx.get(f"{shared.url}/console", headers={"cookie": f"guard_session={other}"}).status_code == 303
    assert client.get("/console").status_code == 200


# --- forms -------------------------------------------------------------------------------------------------------


def test_a_form_with_the_token_of_the_session_is_taken_and_its_body_can_be_read_again(shared, client):
    shared.enter(client)
    reply = label(client, token_at(client))
    assert (reply.status_code, reply.text) == (200, "right True")


def test_a_form_without_the_token_is_refused(shared, client):
    shared.enter(client)
    token = token_at(client)
    with httpx.Client(base_url=shared.url) as other:
        shared.enter(other, "eve")
        foreign = token_at(other)
    for wrong in (None, "", "0" * 64, token[:-1], token.upper() + "x", foreign, "\U0001f600"):
        reply = label(client, wrong)
        assert reply.status_code == 403, wrong
        assert "right" not in reply.text
    assert label(client, token).status_code == 200


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("0123456789abcdef", min_size=64, max_size=64) | st.text(st.characters(codec="utf-8")))
def test_no_other_text_is_the_token(shared, client, text):
    if "guard_session" not in client.cookies:
        shared.enter(client, "carl")
    assert label(client, text).status_code == 403


def test_the_token_of_a_visit_is_worth_nothing_after_signing_in(shared, client):
    link = shared.invite("dora")
    before = token_of(client.get(link))
    assert client.post(link, data={"csrf": before}).status_code == 303
    assert label(client, before).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1:1"},
    ],
)
def test_a_form_of_another_site_is_refused_even_with_the_token(shared, client, headers):
    shared.enter(client)
    assert label(client, token_at(client), headers).status_code == 403


def test_a_form_of_this_site_is_taken(shared, client):
    shared.enter(client)
    own = {"origin": shared.url, "sec-fetch-site": "same-origin"}
    assert label(client, token_at(client), own).status_code == 200


def test_forms_of_other_kinds_and_sizes_are_refused(shared, client):
    shared.enter(client)
    token = token_at(client)
    assert client.post("/console/label", json={"csrf": token, "verdict": "right"}).status_code == 415
    assert client.post("/console/label", files={"csrf": token}).status_code == 415
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/console/label", content=b"csrf=" + b"a" * 70_000, headers=form).status_code == 413
    assert client.post("/console/label", content=b"&".join([b"a=b"] * 300), headers=form).status_code == 400
    assert client.post("/console/label", content=b"csrf=\xff", headers=form).status_code == 400
    assert client.post("/console/label", content=b"csrf=%ff", headers=form).status_code == 400


def test_who_leaves_in_the_middle_of_a_form_is_no_failure_of_guard(shared, client, caplog):
    shared.enter(client)
    address = httpx.URL(shared.url)
    cookie = f"guard_session={client.cookies['guard_session']}"
    head = f"POST /console/label HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nContent-Length: 99\r\n"
    with socket.create_connection((address.host, address.port)) as raw:
        raw.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\ncsrf=".encode())
    assert client.get("/console").status_code == 200
    assert [record for record in caplog.records if record.name == "guard"] == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(shared, client, method):
    shared.enter(client)
    assert client.request(method, "/console/label").status_code == 405
    assert client.request(method, "/console/content").status_code == 405  # a route that would take it is not reached


# --- what every answer says --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/console",
        "/console/sign-in",
        "/console/nowhere",
        "/console/label",
        "/console/sign-in/link/x",
        "/console/broken",
    ],
)
def test_every_answer_has_the_headers(shared, client, path):
    shared.enter(client)
    reply = client.get(path)
    assert {name: reply.headers[name] for name in HEADERS} == HEADERS
    assert reply.headers.get_list("content-security-policy") == [HEADERS["content-security-policy"]]


def test_the_style_sheet_may_be_kept(client):
    reply = client.get("/console/sign-in/style.css")
    assert reply.headers["content-type"].startswith("text/css")
    assert reply.headers["cache-control"] == "public, max-age=3600"
    assert "set-cookie" not in reply.headers


def test_a_page_holds_no_script_and_no_style_of_its_own(client):
    for language in ("en", "ko", "ja"):
        text = client.get(f"/console/sign-in?lang={language}").text
        assert not re.search(r"<script|<style|style=|\son\w+=", text)
        assert f'<html lang="{language}">' in text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "guard.evil", "127.0.0.1.evil", "a/127.0.0.1", ""]
)
def test_another_host_name_is_refused(shared, client, host):
    shared.enter(client)
    reply = client.get("/console", headers={"host": host})
    assert reply.status_code == 400
    assert "evil" not in reply.text


def test_names_of_this_machine_are_taken(client):
    for host in ("localhost", "localhost:9", "127.0.0.1"):
        assert client.get("/console/sign-in", headers={"host": host}).status_code == 200


def test_two_host_names_are_refused(shared):
    address = httpx.URL(shared.url)
    with socket.create_connection((address.host, address.port)) as raw:
        raw.sendall(b"GET /console/sign-in HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n")
        assert b" 400 " in raw.recv(4096).split(b"\r\n")[0]


def test_the_language_is_chosen_and_remembered(client):
    assert '<html lang="ja">' in client.get("/console/sign-in", headers={"accept-language": "ja, en;q=0.5"}).text
    assert '<html lang="ko">' in client.get("/console/sign-in?lang=ko").text
    assert '<html lang="ko">' in client.get("/console/sign-in", headers={"accept-language": "ja"}).text
    reply = client.get("/console/sign-in?lang=xx%0d%0aSet-Cookie:a=b")
    assert "set-cookie" not in reply.headers
    assert '<html lang="ko">' in reply.text


def test_another_language_still_leads_on(client):
    text = client.get("/console/sign-in?next=/console/content").text
    assert 'href="?lang=ja&amp;next=%2Fconsole%2Fcontent"' in text
    assert "evil" not in client.get("/console/sign-in?next=https://evil.example/").text


def test_what_a_page_raises_is_told_to_nobody(shared, client, caplog, capfd):
    shared.enter(client)
    reply = client.get("/console/broken")
    assert reply.status_code == 500
    told = reply.text + caplog.text + "".join(capfd.readouterr())
    assert SECRET_WORD not in told
    assert "ValueError at" in caplog.text
    assert "Traceback" not in told


def test_what_is_not_there_is_said_in_a_page(shared, client):
    shared.enter(client)
    reply = client.get("/console/<b>nowhere")
    assert (reply.status_code, "There is no such page" in reply.text) == (404, True)
    assert "nowhere" not in reply.text
    assert client.get("/console/label").status_code == 405


# --- with TLS in front -------------------------------------------------------------------------------------------


def test_behind_tls_cookies_are_for_this_host_alone_and_the_public_name_is_taken(tmp_path):
    with door(tmp_path, public_url="https://guard.example") as opened:
        link = opened.invite("ada").replace(opened.url, "")
        with httpx.Client(base_url=opened.url, headers={"host": "guard.example"}) as client:
            shown = client.get(link)
            visit = shown.headers["set-cookie"]
            assert re.fullmatch(r"__Host-guard_visit=[\w-]{43}; Path=/; Secure; HttpOnly; SameSite=Lax", visit)
            assert shown.headers["strict-transport-security"] == "max-age=31536000"
            carried = {"cookie": visit.partition(";")[0], "origin": "https://guard.example"}
            plain = client.post(
                link, data={"csrf": token_of(shown)}, headers={**carried, "origin": "http://guard.example"}
            )
            assert plain.status_code == 403
            reply = client.post(link, data={"csrf": token_of(shown)}, headers=carried)
            session, forgotten = reply.headers.get_list("set-cookie")
            assert re.fullmatch(
                r"__Host-guard_session=[\w-]{43}; Max-Age=604800; Path=/; Secure; HttpOnly; SameSite=Lax", session
            )
            assert forgotten.startswith("__Host-guard_visit=; Max-Age=0; ")
            entered = client.get("/console", headers={"cookie": session.partition(";")[0]})
            assert entered.status_code == 200
            renamed = session.partition(";")[0].replace("__Host-", "")
            assert client.get("/console", headers={"cookie": renamed}).status_code == 303


def test_a_websocket_is_closed(shared: Door):
    address = httpx.URL(shared.url)
    ask = "GET /console HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    with socket.create_connection((address.host, address.port)) as raw:
        raw.sendall(ask.encode())
        assert raw.recv(4096).split(b"\r\n")[0].split()[1] in {b"303", b"403"}
