"""People, sessions and links in one file."""

import sqlite3
import threading
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from guard.audit.drawer_models import LINK, SESSION
from guard.audit.drawers import SqliteDrawer
from guard.audit.tables import prepare
from guard.console.links import KEPT_S, Links
from guard.console.people import People, proper
from guard.console.register import Register
from guard.console.seat import Viewer
from guard.console.sessions import MOST, Sessions
from guard.errors import AuditError, ConfigError
from tests.console.door import Clock


def number(register, table):
    """How many rows a table of the register has."""
    return register.rows(prepare(select(func.count()).select_from(table), register.dialect))[0][0]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def register(tmp_path, clock):
    with closing(Register(SqliteDrawer(tmp_path / "console.db", "console"), clock=clock)) as made:
        yield made


@pytest.fixture
def people(register):
    made = People(register)
    made.admit("ada", "auditor")
    return made


@pytest.fixture
def sessions(register, people):
    return Sessions(register, idle_s=600, lifetime_s=3600)


@pytest.fixture
def links(register, people):
    return Links(register)


# --- people ------------------------------------------------------------------------------------------------------


def test_people_are_admitted_get_other_roles_and_are_revoked(people, clock):
    made = clock.now
    clock.now += 5
    assert people.admit("ada", "admin").role == "admin"
    assert people.change_role("ada", "viewer").role == "viewer"
    gone = people.revoke("ada")
    assert (gone.made, gone.revoked) == (made, clock.now)
    with pytest.raises(ConfigError, match="guard console people"):
        people.change_role("ada", "admin")
    assert people.admit("ada", "viewer").revoked is None
    assert people.list() == (people.find("ada"),)


def test_nobody_is_not_changed(people):
    with pytest.raises(ConfigError):
        people.revoke("bob")
    with pytest.raises(ConfigError):
        people.change_role("bob", "viewer")
    assert people.find("bob") is None


def test_a_subject_is_bound_once(people):
    people.admit("bob", "viewer")
    assert people.bind("ada", "iss 1")
    assert not people.bind("ada", "iss 2")
    assert not people.bind("bob", "iss 1")
    assert people.known_as("iss 1").name == "ada"
    assert people.known_as("iss 2") is None


def test_who_is_vouched_for_takes_nobodys_name_or_subject(people):
    people.enrol("ada", "admin", "iss 1")
    assert people.find("ada").role == "auditor"
    assert people.known_as("iss 1") is None
    people.enrol("bob", "viewer", "iss 1")
    people.enrol("eve", "admin", "iss 1")
    assert people.known_as("iss 1").name == "bob"
    assert people.find("eve") is None


def test_a_role_that_there_is_not_is_refused_by_the_file_too(people):
    with pytest.raises(AuditError):
        people.admit("bob", "root")


@pytest.mark.parametrize(
    ("given_", "name"),
    [(" Ada@Example.COM ", "ada@example.com"), ("Ada", "Ada"), ("김지수", "김지수"), ("e\u0301", "\u00e9")],
)
def test_names_have_one_form(given_, name):
    assert proper(given_) == name


@given(st.text())
def test_a_name_is_proper_or_refused(text):
    try:
        name = proper(text)
    except ConfigError as error:
        assert len(text) < 3 or text not in error.message
    else:
        assert name.isprintable()
        assert proper(name) == name


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00b", "x" * 201, "a\u202eb"])
def test_improper_names(name):
    with pytest.raises(ConfigError):
        proper(name)


# --- sessions ----------------------------------------------------------------------------------------------------


def test_a_session_is_whose_it_is(sessions):
    token = sessions.open("ada")
    assert sessions.find(token) == Viewer("ada", "auditor")
    sessions.close(token)
    assert sessions.find(token) is None


@settings(max_examples=30, deadline=None)
@given(st.text() | st.text("abcdefABCDEF0123-_", min_size=43, max_size=43))
def test_no_other_token_is_a_session(tmp_path_factory, text):
    with closing(Register(SqliteDrawer(tmp_path_factory.getbasetemp() / "any.db", "console"))) as register:
        People(register).admit("ada", "admin")
        sessions = Sessions(register, idle_s=60, lifetime_s=60)
        sessions.open("ada")
        assert sessions.find(text) is None


def test_the_file_holds_no_token(sessions, links, tmp_path):
    tokens = [sessions.open("ada"), links.make("ada", 60)]
    for path in tmp_path.iterdir():
        assert not any(token.encode() in path.read_bytes() for token in tokens)


def test_a_session_ends_when_it_is_idle(sessions, clock):
    token = sessions.open("ada")
    for _ in range(3):
        clock.now += 599
        assert sessions.find(token)
    clock.now += 600
    assert sessions.find(token) is None


def test_a_session_ends_when_it_is_old_however_busy(sessions, clock):
    token, begun = sessions.open("ada"), clock.now
    while clock.now < begun + 3600:
        assert sessions.find(token)
        clock.now += 300
    assert sessions.find(token) is None


def test_a_session_has_the_role_of_now_and_ends_with_the_person(sessions, people):
    token = sessions.open("ada")
    people.change_role("ada", "viewer")
    assert sessions.find(token) == Viewer("ada", "viewer")
    people.revoke("ada")
    assert sessions.find(token) is None
    people.admit("ada", "viewer")
    assert sessions.find(token) is None  # who is let in again signs in again


def test_a_sign_in_that_a_revocation_overtook_is_worth_nothing(sessions, links, people):
    people.revoke("ada")
    assert sessions.find(sessions.open("ada")) is None
    token = links.make("ada", 60)
    assert (links.look(token), links.use(token)) == (None, None)


def test_signing_in_anew_ends_the_session_before(sessions):
    first = sessions.open("ada")
    second = sessions.open("ada", instead_of=first)
    assert first != second
    assert sessions.find(first) is None
    assert sessions.find(second)


def test_all_sessions_of_a_person_end_and_no_others(sessions, people):
    people.admit("bob", "viewer")
    mine, other = [sessions.open("ada") for _ in range(3)], sessions.open("bob")
    assert sessions.close_all("ada") == 3
    assert [sessions.find(token) for token in mine] == [None] * 3
    assert sessions.find(other)


def test_a_person_has_so_many_sessions_and_no_more(sessions, clock):
    tokens = []
    for _ in range(MOST + 2):
        clock.now += 1
        tokens.append(sessions.open("ada"))
    assert [sessions.find(token) is None for token in tokens] == [True] * 2 + [False] * MOST


def test_the_newest_session_stays_also_where_all_are_of_one_moment(sessions, register):
    for _ in range(2 * MOST):
        assert sessions.find(sessions.open("ada"))
    assert number(register, SESSION) == MOST


def test_sessions_that_are_over_are_forgotten(sessions, register, clock):
    sessions.open("ada")
    clock.now += 601
    sessions.open("ada")
    assert number(register, SESSION) == 1


# --- links -------------------------------------------------------------------------------------------------------


def test_a_link_is_good_once(links):
    token = links.make("ada", 60)
    assert [links.look(token), links.look(token)] == ["ada", "ada"]
    assert links.use(token) == "ada"
    assert links.use(token) is None
    assert links.look(token) is None
    assert links.whose(token) == "ada"


def test_a_link_expires(links, clock):
    token = links.make("ada", 60)
    clock.now += 59.9
    assert links.look(token) == "ada"
    clock.now += 0.1
    assert links.look(token) is None
    assert links.use(token) is None


def test_a_newer_link_takes_the_place_of_the_older(links):
    first = links.make("ada", 60)
    second = links.make("ada", 60)
    assert links.use(first) is None
    assert links.use(second) == "ada"


def test_links_end_with_the_person(links, people):
    token = links.make("ada", 60)
    people.revoke("ada")
    assert links.use(token) is None
    people.admit("ada", "admin")
    assert links.use(token) is None


def test_of_many_at_once_one_uses_a_link(links, tmp_path):
    token = links.make("ada", 60)
    start = threading.Barrier(6)
    got = []

    def use(links):
        start.wait()
        got.append(links.use(token))

    with closing(Register(SqliteDrawer(tmp_path / "console.db", "console"), clock=Clock())) as other:
        threads = [threading.Thread(target=use, args=[one]) for one in [links, Links(other)] * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (got.count("ada"), got.count(None)) == (1, 5)


@settings(max_examples=30, deadline=None)
@given(st.text())
def test_no_other_token_is_a_link(tmp_path_factory, text):
    with closing(Register(SqliteDrawer(tmp_path_factory.getbasetemp() / "any.db", "console"))) as register:
        People(register).admit("ada", "admin")
        links = Links(register)
        links.make("ada", 60)
        assert (links.look(text), links.use(text), links.whose(text)) == (None, None, None)


def test_old_links_are_forgotten(links, register, clock):
    links.use(links.make("ada", 60))
    clock.now += KEPT_S + 61
    links.make("ada", 60)
    assert number(register, LINK) == 1


def test_a_file_that_is_no_register_says_so(tmp_path):
    (tmp_path / "console.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(AuditError):
        Register(SqliteDrawer(tmp_path / "console.db", "console"))


def test_a_closed_register_says_so(register, people):
    register.close()
    with pytest.raises(AuditError):
        people.admit("bob", "viewer")
    with pytest.raises(AuditError):
        people.list()


def test_the_file_is_its_owners_alone(register, tmp_path):
    assert (tmp_path / "console.db").stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(tmp_path / "console.db")) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
