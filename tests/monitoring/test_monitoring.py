"""What watchers are told, and that nothing of theirs reaches an exchange."""

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from guard import monitoring
from guard.config import MonitoringConfig
from guard.errors import ConfigError
from guard.monitoring import Monitor
from guard.monitoring.watchers import monitor_of
from guard.types import Act, Closing, Opening
from tests.audit.samples import ACT, CLOSING, OPENING, closing, opening


class Noting:
    def __init__(self, fail: Callable[[], None] = lambda: None) -> None:
        self.told: list[tuple[str, ...]] = []
        self._fail = fail

    def began(self, opening: Opening) -> None:
        self._fail()
        self.told.append(("began", opening.exchange))

    def ended(self, opening: Opening, closing: Closing) -> None:
        self.told.append(("ended", opening.exchange, closing.exchange))

    def forgotten(self, opening: Opening) -> None:
        self.told.append(("forgotten", opening.exchange))

    def acted(self, act: Act) -> None:
        self.told.append(("acted", act.subject))

    def close(self) -> None:
        self.told.append(("closed",))


def test_watchers_are_told_an_end_together_with_its_beginning() -> None:
    watcher = Noting()
    monitor = Monitor([watcher])
    for entry in (OPENING, opening("2"), CLOSING, ACT, closing("2"), closing("2"), closing("never begun here")):
        monitor.recorded(entry)
    monitor.close()
    assert watcher.told == [
        ("began", "0-first"), ("began", "2"), ("ended", "0-first", "0-first"), ("acted", "0-first"),
        ("ended", "2", "2"), ("closed",),
    ]  # fmt: skip


def test_exchanges_that_never_end_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "MOST_OPEN", 2)
    watcher = Noting()
    monitor = Monitor([watcher])
    for name in ("1", "2", "3"):
        monitor.recorded(opening(name))
    for name in ("1", "2"):
        monitor.recorded(closing(name))
    assert watcher.told == [
        ("began", "1"), ("began", "2"), ("began", "3"), ("forgotten", "1"), ("ended", "2", "2"),
    ]  # fmt: skip


def test_exchanges_that_never_end_are_open_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "MOST_OPEN", 2)
    monitor = monitor_of(MonitoringConfig(), {})
    for name in ("1", "2", "3", "4"):
        monitor.recorded(opening(name))
    for name in ("1", "2", "3", "4"):
        monitor.recorded(closing(name))
    page = (monitor.page() or b"").decode().splitlines()
    assert {"guard_exchanges_open 0.0", "guard_exchanges_forgotten_total 2.0"} <= set(page)


def test_a_watcher_that_fails_is_told_of_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError("alice@example.com")

    with caplog.at_level(logging.ERROR, "guard"):
        Monitor([Noting(fail)]).recorded(OPENING)
    assert [record.getMessage() for record in caplog.records] == [
        "what was recorded could not be told to a watcher: ValueError"
    ]


def test_without_watchers_there_is_no_monitor_to_ask() -> None:
    assert not monitor_of(MonitoringConfig(metrics=False), {})
    assert monitor_of(MonitoringConfig(metrics=False), {}).page() is None
    assert monitor_of(MonitoringConfig(), {}).page()


def test_a_key_that_is_not_set_is_told() -> None:
    wish = MonitoringConfig(metrics=False, otlp="http://127.0.0.1:1", otlp_key_env="KEY")
    with pytest.raises(ConfigError, match="KEY is not set"):
        monitor_of(wish, {})


def test_all_watchers_of_a_configuration_are_made_and_closed() -> None:
    wish = MonitoringConfig.model_validate({"otlp": "http://127.0.0.1:9", "syslog": {"address": "udp://127.0.0.1:9"}})
    monitor = monitor_of(wish, {})
    monitor.recorded(replace(OPENING, spans=()))
    monitor.close()
