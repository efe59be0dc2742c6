"""The command line of `guard console`: who may sign in, and that each change is on record."""

import re
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from guard import config as configuration
from guard.audit.log import reader_of
from guard.cli import main
from guard.commands import acts as recording
from guard.commands import console as command
from guard.config import Config
from guard.console.links import Links
from guard.console.parts import open_register, sessions_of
from guard.console.seat import ROLES
from guard.types import Act
from tests.console.door import door, token_of

LINK = re.compile(r"http://127\.0\.0\.1:8080/console/sign-in/link/([A-Za-z0-9_-]{43})\n")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USER", "root-of-all")
    monkeypatch.setattr(recording.getpass, "getuser", lambda: "op")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["console", *arguments])


def acts() -> list[Act]:
    return [one.entry for one in reader_of(configuration.load(None, {})).entries() if isinstance(one.entry, Act)]


def test_choices_are_those_of_the_parts():
    assert command.ROLES == ROLES


def test_an_invitation_is_a_link_that_signs_in(folder):
    result = run("invite", "Ada@Example.com", "--role", "auditor", "--days", "2")
    found = LINK.fullmatch(result.stdout)
    assert found is not None, result.output
    assert "ada@example.com alone" in result.stderr
    (act,) = acts()
    assert (act.actor, act.role, act.action) == ("op", "operator", "key")
    assert (act.subject, act.note) == ("link for ada@example.com", "role auditor, good for 2 d")
    assert all(found[1].encode() not in path.read_bytes() for path in (folder / "guard-data").iterdir())


def test_a_console_in_another_process_takes_the_link(folder):
    with door(folder / "guard-data") as opened, httpx.Client(base_url=opened.url) as client:
        invited = LINK.fullmatch(run("invite", "ada", "--role", "auditor").stdout)
        opened.clock.now = acts()[0].time
        link = f"/console/sign-in/link/{invited[1]}"
        assert client.post(link, data={"csrf": token_of(client.get(link))}).status_code == 303
        assert client.get("/console/content").status_code == 200
        run("role", "ada", "viewer")
        assert client.get("/console/content").status_code == 403
        assert "1 session of ada ended" in run("sign-out", "ada").stdout
        assert client.get("/console").status_code == 303
        run("revoke", "ada")
    told = [(act.action, act.subject, act.note) for act in acts()]
    assert told[1:] == [
        ("sign_in", "console", "by link"),
        ("key", "role of ada", "auditor to viewer"),
        ("sign_out", "sessions of ada", "1 ended"),
        ("key", "role of ada", "revoked"),
    ]


def test_somebody_new_needs_a_role_and_somebody_known_keeps_theirs():
    assert "--role" in run("invite", "ada").stderr
    run("invite", "ada", "--role", "admin")
    assert run("invite", "ada").exit_code == 0
    assert "admin" in run("people").stdout
    run("revoke", "ada")
    assert run("invite", "ada").exit_code == 2
    assert run("invite", "ada", "--role", "viewer").exit_code == 0
    assert re.search(r"ada +viewer +\S+ +link +may sign in", run("people").stdout)


def test_a_newer_invitation_takes_the_place_of_the_older():
    first, second = (LINK.fullmatch(run("invite", "ada", "--role", "admin").stdout)[1] for _ in range(2))
    with closing(open_register(Config())) as register:
        assert (Links(register).look(first), Links(register).look(second)) == (None, "ada")


def test_who_is_revoked_is_out_at_once():
    run("invite", "ada", "--role", "admin")
    config = configuration.load(None, {})
    with closing(open_register(config)) as register:
        sessions = sessions_of(config, register)
        token = sessions.open("ada")
        assert "no longer sign in" in run("revoke", "ada").stdout
        assert sessions.find(token) is None
    assert "revoked" in run("people").stdout


@pytest.mark.parametrize("arguments", [("role", "bob", "admin"), ("revoke", "bob")])
def test_nobody_is_said_to_be_nobody(arguments):
    result = run(*arguments)
    assert (result.exit_code, "guard console people" in result.stderr) == (1, True)
    assert not Path("guard-data/audit.db").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("invite", "a\nb", "--role", "admin"),
        ("invite", "ada", "--role", "root"),
        ("invite", "ada", "--role", "admin", "--days", "8"),
    ],
)
def test_what_is_no_name_no_role_and_too_long_is_refused(arguments):
    assert run(*arguments).exit_code != 0
    assert "ada" not in run("people").stdout


@pytest.mark.parametrize(
    ("settings", "base"),
    [
        ("console: {public_url: 'https://guard.example'}", "https://guard.example/console/"),
        ("listen: {host: '::1', port: 9000}", "http://[::1]:9000/console/"),
        ("listen: {port: 0}", None),
        ("listen: {host: 0.0.0.0}", None),
    ],
)
def test_a_link_leads_to_where_people_reach_guard(settings, base):
    Path("guard.yaml").write_text(settings)
    result = run("invite", "ada", "--role", "admin")
    if base is None:
        assert "console.public_url" in result.stderr
        assert "ada" not in run("people").stdout
    else:
        assert result.stdout.startswith(base)


def test_a_user_without_a_name_is_a_number(monkeypatch):
    def nameless():
        raise KeyError(1)

    monkeypatch.setattr(recording.getpass, "getuser", nameless)
    run("invite", "ada", "--role", "admin")
    assert re.fullmatch(r"user \d+", acts()[0].actor)
