"""Events as a SIEM receives them, over real sockets."""

import json
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import closing as closed
from dataclasses import replace

import pytest

from guard.monitoring.syslog import Syslog
from tests.audit.samples import ACT, CLOSING, OPENING

LINE = re.compile(r"<(\d+)>1 (\S+) \S+ guard \d+ (\S+) - \ufeff(.*)", re.DOTALL)


@pytest.fixture
def udp() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        yield server


def address(server: socket.socket, kind: str = "udp") -> str:
    return f"{kind}://127.0.0.1:{server.getsockname()[1]}"


def test_a_decision_arrives_as_cef(udp: socket.socket) -> None:
    with closed(Syslog(address(udp))) as syslog:
        syslog.ended(OPENING, CLOSING)
        match = LINE.fullmatch(udp.recv(65_536).decode())
    assert match is not None
    assert match[1] == str(13 * 8 + 5)
    assert match[2] == "2025-11-24T16:00:01.500Z"
    assert match[3] == "exchange-revise"
    head, extension = match[4].rsplit("|", 1)
    assert re.fullmatch(r"CEF:0\|guard\|guard\|[\w.]+\|exchange-revise\|Exchange completed\|3", head)
    assert (
        "rt=1764000001500 externalId=0-first suser=ann act=revise outcome=completed app=chat dhost=spare" in extension
    )
    assert "cs1=PERSON cs1Label=entities" in extension
    assert "cs3=no-threats" in extension


def test_what_was_plain_is_no_event_and_what_was_blocked_is_grave(udp: socket.socket) -> None:
    plain = replace(OPENING, spans=())
    with closed(Syslog(address(udp), "json")) as syslog:
        syslog.began(plain)
        syslog.ended(plain, replace(CLOSING, decision="allow", spans=()))
        syslog.ended(plain, replace(CLOSING, decision="block", outcome="blocked", spans=()))
        match = LINE.fullmatch(udp.recv(65_536).decode())
    assert match is not None
    assert match[1] == str(13 * 8 + 4)
    told = json.loads(match[4])
    assert (told["event"], told["outcome"], told["suser"]) == ("exchange-block", "blocked", "ann")


def test_nothing_in_an_event_ends_it_or_a_field_early(udp: socket.socket) -> None:
    nasty = replace(ACT, actor="a|b=c\nCEF:0\\", note="x=y|z\u2028")
    with closed(Syslog(address(udp))) as syslog:
        syslog.acted(nasty)
        text = udp.recv(65_536).decode()
    assert "suser=a|b\\=c CEF:0\\\\ act=look" in text
    assert "msg=x\\=y|z " in text
    assert "\n" not in text


def test_over_tcp_each_event_says_its_length_and_a_lost_connection_is_made_anew() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        with closed(Syslog(address(server, "tcp"))) as syslog:
            for round_ in range(2):
                if round_:  # the server went away and came back: what finds that out is sent again
                    for _ in range(3):
                        syslog.acted(ACT)
                else:
                    syslog.acted(ACT)
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(10)
                    data = connection.recv(65_536)
                    length, _, rest = data.partition(b" ")
                    assert len(rest) >= int(length)
                    assert LINE.fullmatch(rest[: int(length)].decode())


def test_a_server_that_is_not_there_holds_nothing_up_and_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        nowhere = address(server, "tcp")
    with caplog.at_level(logging.WARNING, "guard"), closed(Syslog(nowhere)) as syslog:
        syslog.acted(ACT)
    assert any("could not be sent" in record.getMessage() for record in caplog.records)


def test_what_waits_too_long_is_dropped_and_told(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guard.monitoring.syslog.WAITING", 1)
    monkeypatch.setattr(Syslog, "_work", lambda self: None)
    syslog = Syslog("udp://127.0.0.1:9")
    monkeypatch.setattr("guard.monitoring.syslog.PATIENCE_S", 0.01)
    with caplog.at_level(logging.WARNING, "guard"):
        for _ in range(4):
            syslog.acted(ACT)
    syslog.close()
    assert [record.getMessage().split(" were")[0] for record in caplog.records] == [
        "syslog: 1 events", "syslog: 2 events"
    ]  # fmt: skip
