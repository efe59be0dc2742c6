"""A time-stamp bounds when entries were made, whoever has the key; none that was altered or strange is believed."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import tsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from guard.audit import checkpoint as notes
from guard.audit.checkpoint import Checkpoint
from guard.audit.places import Timestamps
from guard.audit.store import SqliteStore
from guard.audit.timestamps import FOREVER_MS, Authority, Bounds, Stamp, accept, load, request, time_of
from guard.errors import AuditError, ConfigError
from tests.audit.outside import TimeAuthority, serving
from tests.audit.samples import ACT, NOW, signed

NOTE = "guard/x\n1\n"


@pytest.fixture(scope="module")
def tsa() -> TimeAuthority:
    return TimeAuthority(lambda: NOW)


@pytest.fixture(scope="module")
def authority(tsa: TimeAuthority, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.load(tsa.pem(tmp_path_factory.mktemp("root") / "root.pem"))


def answer_to(tsa: TimeAuthority, note: str = NOTE) -> tuple[bytes, Any]:
    asked = request(note)
    return tsa.answer(asked.as_bytes(), {})[1], asked


# --- one token -----------------------------------------------------------------------------------------------------


def test_an_answer_is_taken_and_says_when(tsa: TimeAuthority, authority: Authority) -> None:
    answer, asked = answer_to(tsa)
    assert accept(answer, asked) == time_of(answer, NOTE, authority) == int(NOW * 1000)


def test_an_answer_to_another_question_is_refused(tsa: TimeAuthority, authority: Authority) -> None:
    answer, asked = answer_to(tsa)
    for other in (request(NOTE), request("other\n")):
        with pytest.raises(AuditError, match="not over what was asked"):
            accept(answer, other)
    with pytest.raises(AuditError, match="does not stand"):
        time_of(answer, "other\n", authority)
    assert accept(answer, asked)


def test_a_stamp_over_something_else_with_the_right_nonce_is_refused(tsa: TimeAuthority) -> None:
    asked = request(NOTE)
    other = tsp.TimeStampReq.load(request("other\n").as_bytes())["message_imprint"]
    with pytest.raises(AuditError, match="not over what was asked"):
        accept(tsa.stamp(other, asked.nonce), asked)


def test_a_refusal_and_nonsense_are_told_apart(tsa: TimeAuthority) -> None:
    refused = b"\x30\x05\x30\x03\x02\x01\x02"  # a TimeStampResp with the status "rejection" and no token
    with pytest.raises(AuditError, match=r"refused \(status 2\)"):
        accept(refused, request(NOTE))
    for nonsense in (b"", b"<html>", b"\x30\x00"):
        with pytest.raises(AuditError):
            accept(nonsense, request(NOTE))
        with pytest.raises(AuditError):
            time_of(nonsense, NOTE, Authority((tsa.root,)))


def test_a_strange_authority_is_not_believed(tsa: TimeAuthority, authority: Authority) -> None:
    answer, _ = answer_to(TimeAuthority(lambda: NOW))
    with pytest.raises(AuditError):
        time_of(answer, NOTE, authority)


def test_a_certificate_for_something_else_makes_no_time_stamps() -> None:
    server = TimeAuthority(lambda: NOW, usage=ExtendedKeyUsageOID.SERVER_AUTH)
    with pytest.raises(AuditError):
        time_of(answer_to(server)[0], NOTE, Authority((server.root,)))


def test_a_certificate_is_checked_as_of_its_time() -> None:
    for year, sound in ((2019, False), (2021, True), (2039, True), (2041, False)):
        old = TimeAuthority(lambda year=year: (year - 1970) * 365.25 * 86_400 + 86_400)  # type: ignore[misc]
        answer, _ = answer_to(old)
        if sound:
            assert time_of(answer, NOTE, Authority((old.root,)))
        else:
            with pytest.raises(AuditError):
                time_of(answer, NOTE, Authority((old.root,)))


def test_no_byte_of_a_token_can_be_altered_so_that_it_says_something_else(
    tsa: TimeAuthority, authority: Authority
) -> None:
    answer, _ = answer_to(tsa)
    refused = 0
    for place in range(0, len(answer), 2):
        changed = answer[:place] + bytes([answer[place] ^ 1]) + answer[place + 1 :]
        try:
            assert time_of(changed, NOTE, authority) == int(NOW * 1000)
        except AuditError:
            refused += 1
    assert refused > 0.9 * len(answer) / 2  # what is left names versions that nobody reads


def test_certificates_that_cannot_be_used_are_told(tsa: TimeAuthority, tmp_path: Path) -> None:
    for text in (None, "", "no certificate"):
        path = tmp_path / "root.pem"
        if text is not None:
            path.write_text(text)
        with pytest.raises(ConfigError, match=r"root\.pem"):
            Authority.load(path)


# --- bounds --------------------------------------------------------------------------------------------------------

stamps = st.builds(
    Stamp,
    st.builds(Checkpoint, st.just("x"), st.integers(1, 9), st.just(b""), st.just(0), st.just(0)),
    st.integers(1, 99),
)


@given(st.lists(stamps, max_size=6), st.integers(1, 10))
def test_what_was_added_lies_between_the_stamps_around_it(given_: list[Stamp], size: int) -> None:
    before = [stamp.time_ms for stamp in given_ if stamp.checkpoint.size < size]
    after = [stamp.time_ms for stamp in given_ if stamp.checkpoint.size >= size]
    assert Bounds.of(given_).around(size) == (max(before, default=0), min(after, default=FOREVER_MS))


class Log:
    """A log in a folder, and an authority, both with clocks that a test sets."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.now = self.world = NOW
        self.tsa = TimeAuthority(lambda: self.world)
        self.authority = Authority((self.tsa.root,))
        self.stamps = folder / "timestamps"
        self.store = SqliteStore(folder / "audit.db", clock=lambda: self.now)
        self.count = 0

    def add(self, time: float) -> None:
        """One entry, dated and signed at `time` by the log's own clock."""
        self.now, self.count = time, self.count + 1
        self.store.append([dataclasses.replace(ACT, exchange=f"{self.count}", time=time)])

    def stamp(self, time: float) -> None:
        """A time-stamp over all that there is, asked for at `time` by the world's clock."""
        self.world = time
        note = signed(self.store)
        with serving(self.tsa.answer) as url:
            Timestamps(url, self.stamps, self.authority).publish(note, notes.verify(note, self.store.public_key))

    def found(self, **options: Any) -> list[str]:
        key = self.store.public_key
        loaded = [*load(self.stamps, self.authority, key)]
        assert not [name for name in loaded if isinstance(name, str)]
        return [finding.kind for finding in self.store.verify(key, stamps=loaded, **options).findings]  # type: ignore[arg-type]


@pytest.fixture
def log(tmp_path: Path) -> Any:
    made = Log(tmp_path)
    yield made
    made.store.close()


def test_a_log_that_is_stamped_as_it_grows_is_sound(log: Log) -> None:
    for hour in range(4):
        log.add(NOW + 3600 * hour)
        log.add(NOW + 3600 * hour + 1800)
        log.stamp(NOW + 3600 * hour + 2000)
    log.add(NOW + 4 * 3600)
    assert log.found() == []
    loaded = [stamp for stamp in load(log.stamps, log.authority, log.store.public_key) if isinstance(stamp, Stamp)]
    report = log.store.verify(log.store.public_key, stamps=loaded)
    assert (report.stamped, report.latest_ms) == (8, 2_000_000)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda log: (log.stamp(NOW + 7200), log.add(NOW + 60)), ["back-dated"]),  # added later, dated before the stamp
        (lambda log: (log.add(NOW + 7200), log.stamp(NOW + 60)), ["back-dated"]),  # dated after the stamp over it
        (lambda log: (log.add(NOW + 60), log.stamp(NOW + 3 * 86_400)), ["late", "late"]),  # nobody knows until when
        (lambda log: (log.add(NOW + 60), log.stamp(NOW + 86_000)), []),
    ],
)
def test_who_has_the_key_cannot_choose_the_time(log: Log, change: Callable[[Log], Any], found: list[str]) -> None:
    log.add(NOW)
    change(log)
    assert log.found() == found


def test_a_log_that_was_made_anew_and_dated_back_is_found_by_the_stamps_of_the_old_one(
    log: Log, tmp_path: Path
) -> None:
    log.add(NOW)
    log.stamp(NOW + 60)
    key = log.store.path.with_suffix(".key").read_bytes()
    anew = tmp_path / "anew"
    anew.mkdir()
    (anew / "audit.key").write_bytes(key)
    (anew / "audit.key").chmod(0o600)
    forged = Log(anew)
    forged.tsa, forged.authority, forged.stamps = log.tsa, log.authority, log.stamps
    forged.count = 7  # other entries, the same time
    forged.add(NOW)
    assert forged.found() == ["truncated"]
    forged.stamps = anew / "timestamps"  # without the old ones, a stamp of today says when it was made
    log.world = NOW + 30 * 86_400
    note = signed(forged.store)
    with serving(log.tsa.answer) as url:
        Timestamps(url, forged.stamps).publish(note, notes.verify(note, log.store.public_key))
    assert forged.found() == ["late"]
    forged.store.close()


# --- a folder of them ----------------------------------------------------------------------------------------------


def test_files_that_were_altered_are_named(log: Log) -> None:
    log.add(NOW)
    log.stamp(NOW)
    log.add(NOW + 1)
    log.stamp(NOW + 1)
    first, second = sorted(log.stamps.glob("*.tsr"))
    key = log.store.public_key
    for path, data in (
        (first, second.read_bytes()),
        (first, b""),
        (first.with_suffix(".note"), second.with_suffix(".note").read_bytes()),
        (first.with_suffix(".note"), b"\xff"),
    ):
        sound = path.read_bytes()
        path.write_bytes(data)
        found = [*load(log.stamps, log.authority, key)]
        assert (found[0], type(found[1])) == (first.name, Stamp)
        path.write_bytes(sound)
    # A stamp that stands, over what this log did not sign.
    forged = first.with_suffix(".note").read_text().replace("1\n", "9\n", 1)
    first.with_suffix(".note").write_text(forged)
    first.write_bytes(log.tsa.answer(request(forged).as_bytes(), {})[1])
    assert next(load(log.stamps, log.authority, key)) == first.name
    first.with_suffix(".note").unlink()
    assert next(load(log.stamps, log.authority, key)) == first.name
