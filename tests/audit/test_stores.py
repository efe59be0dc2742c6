"""What holds of the log in every database."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace

import psycopg
import pytest

from guard.audit.committing import LogBusyError, RefusedEntryError
from guard.audit.content import Lack
from guard.audit.entries import Content, decode, fits
from guard.audit.reading import Count, Dimension, Filters, Kept, Numbered, Recorded
from guard.audit.retention import Steward, erase
from guard.audit.store import Store
from guard.errors import AuditError, ConfigError
from guard.types import Closing, Entry, Keeping, Opening, Principal
from tests.audit.conftest import Place
from tests.audit.samples import ACT, CLOSING, NOW, OPENING, closing, opening


@pytest.fixture
def store(place: Place) -> Store:
    return place.store()


def telling(entry: Opening | Closing, words: str | None, person: str = "ann") -> Entry:
    """`entry` as one in which a person says `words`, where there are any."""
    said = replace(entry, keeping=Keeping("masked", person))
    if isinstance(said, Opening):
        return replace(said, principal=replace(said.principal, user=person), request=words or said.request)
    if words is None:
        return said
    return replace(said, reply=words, sent=words, revisions=())


def found(place: Place, **filters: object) -> list[str]:
    return [row.exchange for row in place.reader().list(filters=Filters(**filters))]  # type: ignore[arg-type]


# --- appending -----------------------------------------------------------------------------------------------------


def test_what_was_appended_is_listed_and_shown_and_sound(place: Place, store: Store) -> None:
    store.append([OPENING])
    signed = store.append([CLOSING, ACT, opening("1-second")])
    reader = place.reader()
    newest, first = reader.list()
    assert (newest.exchange, newest.ended, newest.decision, newest.outcome) == ("1-second", None, None, None)
    assert (first.user, first.team, first.application, first.surface) == ("ann", "legal", "mailer", "chat")
    assert (first.model, first.time, first.ended) == ("small-2026", OPENING.time, CLOSING.time)
    assert (first.decision, first.outcome) == ("revise", "completed")
    assert reader.show("0-first") == Recorded(OPENING, CLOSING)
    assert reader.show("1-second") == Recorded(opening("1-second"), None)
    assert reader.show(ACT.exchange) is None
    assert list(reader.entries(after=0, until=3)) == [Numbered(1, CLOSING), Numbered(2, ACT)]
    report = reader.verify(reader.public_key)
    assert (report.ok, report.entries, report.checkpoints, report.unfinished) == (True, 4, 2, 1)
    assert (signed.size, signed.time_ms) == (4, NOW * 1000)
    assert report.last == reader.checkpoint()


def test_a_log_goes_on_after_a_restart(place: Place) -> None:
    for number in range(3):
        store = place.store()
        assert store.append([opening(f"{number}"), closing(f"{number}")]).size == 2 * number + 2
        store.close()
    assert place.reader().verify(store.public_key).ok


def test_a_long_log_starts_from_a_kept_frontier(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guard.audit.tables.SNAPSHOT", 4)
    for number in range(5):
        place.store().append([opening(f"{number}"), closing(f"{number}")])
    assert place.reader().verify(place.reader().public_key).ok


def test_several_writers_keep_one_log(place: Place, store: Store) -> None:
    other = place.store()
    for number in range(4):
        store.append([opening(f"{number}")])
        other.append([closing(f"{number}")])
    assert place.reader().verify(store.public_key).ok
    assert [row.outcome for row in place.reader().list()] == ["completed"] * 4


def test_an_end_that_comes_before_its_beginning_is_listed_with_it(place: Place, store: Store) -> None:
    store.append([CLOSING])
    assert place.reader().list() == ()
    store.append([OPENING])
    assert [row.outcome for row in place.reader().list()] == ["completed"]
    assert place.reader().verify(store.public_key).ok


def test_one_half_of_an_exchange_is_recorded_once_and_a_commit_is_whole(place: Place, store: Store) -> None:
    store.append([telling(OPENING, "hello")])
    with pytest.raises(RefusedEntryError):
        store.append([telling(opening("1"), "hello"), OPENING])
    assert found(place) == ["0-first"]
    assert len(place.reader().kept()) == 1
    store.append([CLOSING])
    assert place.reader().verify(store.public_key).ok


def test_the_tables_take_no_change(place: Place, store: Store) -> None:
    store.append([OPENING, CLOSING])
    for change in (
        "UPDATE leaf SET kind = 'other'",
        "DELETE FROM leaf",
        "UPDATE checkpoint SET size = 9",
        "DELETE FROM checkpoint",
        "DELETE FROM listed",
        "UPDATE listed SET decision = 'allow'",
    ):
        with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RestrictViolation), match="append-only"):
            place.raw(change)


def test_a_commit_of_nothing_is_a_mistake_and_a_closed_store_says_so(store: Store) -> None:
    with pytest.raises(ValueError, match="needs an entry"):
        store.append([])
    store.close()
    with pytest.raises(AuditError, match="closed"):
        store.append([OPENING])


# --- what a store does not build on --------------------------------------------------------------------------------

COPY = "SELECT 1, hash, 'slipped', kind, time, \"user\", team, application, surface, model, decision, outcome, body"


def test_what_somebody_slipped_in_is_not_signed(place: Place, store: Store) -> None:
    store.append([OPENING])
    place.raw(f"INSERT INTO leaf {COPY} FROM leaf")
    with pytest.raises(AuditError):
        store.append([CLOSING])
    place.raw("INSERT INTO checkpoint SELECT 2, note, frontier FROM checkpoint")
    with pytest.raises(AuditError, match="does not fit its last checkpoint"):
        store.append([CLOSING])
    with pytest.raises(AuditError, match="guard audit verify"):
        place.store()


def test_a_log_that_became_shorter_is_not_gone_on_with(place: Place, store: Store) -> None:
    store.append([OPENING])
    store.append([CLOSING])
    place.without_triggers("DELETE FROM checkpoint WHERE size = 2", "DELETE FROM leaf WHERE seq = 1")
    with pytest.raises(AuditError, match="not what this process wrote"):
        store.append([opening("1")])


def test_a_lost_key_is_not_silently_replaced(place: Place, store: Store) -> None:
    store.append([OPENING])
    place.key.unlink()
    with pytest.raises(ConfigError, match="key of the audit log is gone"):
        place.store()


def test_another_key_is_refused(place: Place, store: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    store.append([OPENING])
    other = place.key
    place.key = tmp_path_factory.mktemp("other") / "audit.key"
    place.key.write_bytes(other.read_bytes())  # a replica shares the key
    place.key.chmod(0o600)
    for suffix in (".key", ".pub"):
        other.with_suffix(suffix).unlink()
    from guard.audit.store import SqliteStore

    foreign = SqliteStore(place.key.parent / "foreign.db")
    foreign.close()
    shutil.copy(foreign.path.with_suffix(".key"), other)
    place.key = other
    with pytest.raises((AuditError, ConfigError), match=r"is of another log|is not the signing key of the log"):
        place.store()


def test_a_list_that_was_altered_is_found(place: Place, store: Store) -> None:
    store.append([OPENING, CLOSING, opening("1")])
    for change, back in (
        ("UPDATE listed SET decision = 'allow' WHERE seq = 0", "UPDATE listed SET decision = 'revise' WHERE seq = 0"),
        ("INSERT INTO listed (seq, exchange, time) VALUES (9, 'x', 0)", "DELETE FROM listed WHERE seq = 9"),
    ):
        place.without_triggers(change)
        report = place.reader().verify(store.public_key)
        assert [(finding.kind, finding.at) for finding in report.findings] == [("altered", 0)]
        assert (report.ok, report.problems) == (False, 1)
        place.without_triggers(back)
    assert place.reader().verify(store.public_key).ok
    place.without_triggers("DELETE FROM listed WHERE seq = 2")
    assert not place.reader().verify(store.public_key).ok


def test_an_altered_entry_is_found(place: Place, store: Store) -> None:
    store.append([OPENING, CLOSING])
    place.without_triggers("UPDATE leaf SET team = 'sales' WHERE seq = 0")
    assert [finding.kind for finding in place.reader().verify(store.public_key).findings] == ["altered"]
    place.without_triggers("UPDATE leaf SET team = 'legal' WHERE seq = 0", "DELETE FROM leaf WHERE seq = 1")
    assert "removed" in {finding.kind for finding in place.reader().verify(store.public_key).findings}


# --- lists -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["3", "2", "1", "0"]),
        ({"since": NOW + 1}, ["3", "2", "1"]),
        ({"until": NOW + 1}, ["0"]),
        ({"since": NOW + 1, "until": NOW + 9000}, ["2", "1"]),
        ({"user": "bob"}, ["1"]),
        ({"team": "legal", "model": "small-2026"}, ["2", "0"]),
        ({"model": "small"}, ["3", "1"]),
        ({"application": "mailer", "surface": "chat"}, ["3", "2", "1", "0"]),
        ({"surface": "messages"}, []),
        ({"decision": "revise"}, ["0"]),
        ({"decision": "allow"}, ["2"]),
        ({"outcome": "completed"}, ["0"]),
        ({"outcome": "blocked", "decision": "allow"}, ["2"]),
        ({"outcome": "unfinished"}, ["3", "1"]),
        ({"outcome": "completed", "user": "bob"}, []),
        ({"text": "invoice"}, ["3"]),
        ({"text": "invoice*"}, ["3", "1"]),
        ({"text": "계약", "team": "legal"}, ["2"]),
        ({"text": "계약", "until": NOW + 1}, []),
        ({"text": "unknown"}, []),
        ({"text": "?"}, []),
    ],
)
def test_a_list_holds_what_its_filters_let_through(
    place: Place, store: Store, filters: dict[str, object], expected: list[str]
) -> None:
    bob = replace(opening("1", NOW + 1), principal=Principal("bob", "sales", "mailer"))
    late = replace(CLOSING, exchange="2", time=NOW + 3, decision="allow", outcome="blocked")
    store.append([
        opening("0"), telling(bob, "The invoices, please", "bob"), opening("2", NOW + 2), telling(opening("3", NOW + 9000), "invoice"),
        closing("0"), telling(late, "계약서를 보냅니다"),
    ])  # fmt: skip
    assert store.index() == 6
    assert store.index() == 0
    assert found(place, **filters) == expected


def test_pages_put_together_are_the_list(place: Place, store: Store) -> None:
    store.append([telling(opening(f"{number}"), "word") for number in range(5)])
    store.append([telling(closing(f"{number}"), "word") for number in range(5)])
    store.index()
    for filters in (Filters(), Filters(text="word"), Filters(team="legal")):
        pages, before = [], None
        while page := place.reader().list(2, before, filters):
            pages.append([row.exchange for row in page])
            before = page[-1].seq
        assert pages == [["4", "3"], ["2", "1"], ["0"]]


def test_words_that_wait_are_found_after_a_restart(place: Place, store: Store) -> None:
    store.append([telling(opening(f"{number}"), "many") for number in range(70)])
    store.close()
    later = place.store()
    assert [later.index(), later.index(), later.index()] == [64, 6, 0]
    assert len(place.reader().list(100, filters=Filters(text="many"))) == 70


@pytest.mark.parametrize("indexed", [True, False])
def test_what_is_destroyed_is_found_no_more_and_the_log_is_sound(place: Place, store: Store, indexed: bool) -> None:
    store.append([telling(OPENING, "hello"), telling(CLOSING, "hello"), telling(opening("1"), "hello", "bob")])
    if indexed:
        store.index()
    assert erase(store, "ann", "asked", Steward("op", "operator", lambda: NOW)).entries == 2
    store.index()
    assert found(place, text="hello") == ["1"]
    assert place.reader().kept() == (Kept("1", "opening", NOW, "bob"),)
    told = place.reader().show(OPENING.exchange)
    assert told is not None
    assert str(told.lack) == str(told.closing_lack) == "content destroyed on 2025-11-24"
    assert place.reader().verify(store.public_key).ok


def test_what_is_kept_is_found_by_person_and_time(place: Place, store: Store) -> None:
    store.append([telling(opening("1", NOW + 1), None, "bob"), telling(opening("0"), None)])
    ann, bob = Kept("0", "opening", NOW, "ann"), Kept("1", "opening", NOW + 1, "bob")
    reader = place.reader()
    assert reader.kept() == (ann, bob)
    assert reader.kept("bob") == (bob,)
    assert reader.kept(until=NOW + 1) == (ann,)
    assert reader.kept("ann", until=NOW) == ()
    assert reader.kept(limit=1) == (ann,)


def test_content_is_given_to_who_opens_it(place: Place, store: Store) -> None:
    store.append([OPENING])
    seen = []

    def opener(body: bytes, content: Content | None) -> tuple[Entry, Lack | None]:
        seen.append((body, content))
        return ACT, Lack("sealed")

    assert list(place.reader(opener).entries()) == [Numbered(0, ACT, Lack("sealed"))]
    ((body, content),) = seen
    assert decode(body) == replace(OPENING, request="")
    assert content is not None
    assert fits(body, content)
    assert content.key is not None
    assert (content.person, content.key.person, content.key.id) == ("ann", "ann", content.key_id)


@pytest.mark.parametrize(
    ("by", "since", "expected"),
    [
        (("day",), None, {(20416 * 86400,): 3, (20417 * 86400,): 1}),
        (("hour",), NOW + 1, {(490000 * 3600,): 2, (490019 * 3600,): 1}),
        (("outcome", "team"), None, {("completed", "legal"): 1, ("unfinished", "legal"): 3}),
        (("decision",), None, {("",): 3, ("revise",): 1}),
        (("user",), NOW + 99999, {}),
    ],
)
def test_exchanges_are_counted(
    place: Place,
    store: Store,
    by: tuple[Dimension, ...],
    since: float | None,
    expected: dict[tuple[str | int, ...], int],
) -> None:
    times = (NOW, NOW + 10, NOW + 3599, NOW + 19 * 3600)
    store.append([opening(f"{number}", time) for number, time in enumerate(times)])
    store.append([closing("0")])
    rows = [Count(keys, number) for keys, number in sorted(expected.items())]
    assert list(place.reader().counts(since, NOW + 10**6, by)) == rows
    assert place.reader().counts(until=NOW, by=by) == ()
    with pytest.raises(ValueError, match="counted by some of"):
        place.reader().counts(by=("exchange",))  # type: ignore[arg-type]


def test_an_impatient_caller_does_not_wait_for_others(place: Place, store: Store) -> None:
    other = place.store()
    other.append([OPENING])
    with holding(place), pytest.raises(LogBusyError):
        store.append([CLOSING], patient=False)
    store.append([CLOSING], patient=False)


class holding:  # noqa: N801 - reads as a verb
    """Hold the lock of the log, as a writer in the middle of its commit does."""

    def __init__(self, place: Place) -> None:
        from tests.audit.conftest import InPostgres, InSqlite

        if isinstance(place, InSqlite):
            self._connection: object = sqlite3.connect(place.path, isolation_level=None)
            self._take = "BEGIN IMMEDIATE"
        else:
            assert isinstance(place, InPostgres)
            self._connection = psycopg.connect(place.url)
            self._take = "SELECT pg_advisory_xact_lock(1735746930, 'leaf'::regclass::oid::integer)"

    def __enter__(self) -> None:
        self._connection.execute(self._take)  # type: ignore[attr-defined]

    def __exit__(self, *_: object) -> None:
        self._connection.rollback()  # type: ignore[attr-defined]
        self._connection.close()  # type: ignore[attr-defined]
