"""How a time is written, wherever guard writes one: in UTC, from Unix seconds."""

from __future__ import annotations

from datetime import UTC, datetime


def date(seconds: float) -> str:
    """A day, such as 2026-03-09."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def moment(seconds: float) -> str:
    """A time as people read it, such as 2026-03-09 14:05:00; that it is UTC is for the text around it to say."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def instant(seconds: float) -> str:
    """A time as programs read it (RFC 3339), such as 2026-03-09T14:05:00Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
