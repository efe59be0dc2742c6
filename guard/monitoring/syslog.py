"""Security events for a SIEM, over syslog (RFC 5424) by UDP or TCP, in CEF (ArcSight's Common Event Format) or JSON.

Exchanges that were allowed and in which nothing was found make no event: a SIEM wants what happened, not traffic.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import socket
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from guard.release import release
from guard.types import Act, Closing, Opening

logger = logging.getLogger("guard")

Format = Literal["cef", "json"]

WAITING: Final = 10_000  # events that wait for the server at most; what comes after is dropped and told
PATIENCE_S: Final = 5.0
FACILITY: Final = 13  # log audit
NOTICE, WARNING = 5, 4  # severities of syslog


class Syslog:
    """Sends events to `address`, udp://host:port or tcp://host:port, from a thread of its own."""

    def __init__(self, address: str, form: Format = "cef") -> None:
        parts = urlsplit(address)
        self._kind = parts.scheme
        self._place = (parts.hostname or "", parts.port or 514)
        self._form = form
        self._host = socket.gethostname() or "-"
        self._waiting: queue.Queue[bytes | None] = queue.Queue(WAITING)
        self._socket: socket.socket | None = None
        self._dropped = 0
        self._thread = threading.Thread(target=self._work, name="guard-syslog", daemon=True)
        self._thread.start()

    def began(self, opening: Opening) -> None:
        """An exchange that has only begun is no event."""

    def ended(self, opening: Opening, closing: Closing) -> None:
        """Send the end of an exchange that was not plain."""
        entities = sorted({span.entity for span in (*opening.spans, *closing.spans)})
        if closing.decision == "allow" and closing.outcome == "completed" and not entities:
            return
        blocked = closing.decision == "block"
        self._send(
            closing.time,
            f"exchange-{closing.outcome}" if closing.decision == "allow" else f"exchange-{closing.decision}",
            f"Exchange {closing.outcome}",
            7 if blocked else 3,
            {
                "externalId": opening.exchange,
                "suser": opening.principal.user,
                "act": closing.decision,
                "outcome": closing.outcome,
                "app": opening.surface,
                "dhost": closing.upstream or opening.upstream,
                "cs1": " ".join(entities),
                "cs1Label": "entities",
                "cs2": opening.policy,
                "cs2Label": "policy",
                "cs3": " ".join(sorted({v.principle for _, v in closing.verdicts if v.state == "fired"})),
                "cs3Label": "principles",
                "reason": closing.reason,
            },
        )

    def forgotten(self, opening: Opening) -> None:
        """An exchange of which no end is known is no event: the log has it as unfinished."""

    def acted(self, act: Act) -> None:
        """Send an act."""
        told = {
            "suser": act.actor,
            "act": act.action,
            "externalId": act.exchange,
            "duser": act.subject,
            "msg": act.note,
        }
        self._send(act.time, f"act-{act.action}", f"Act {act.action}", 5, told)

    def close(self) -> None:
        """Send what waits, for a moment."""
        try:
            self._waiting.put(None, timeout=PATIENCE_S)
        except queue.Full:
            return
        self._thread.join(PATIENCE_S)

    def _send(self, time: float, event: str, title: str, severity: int, told: Mapping[str, str]) -> None:
        said = {key: value for key, value in told.items() if value}
        if self._form == "cef":
            text = _cef(event, title, severity, {"rt": str(int(time * 1000)), **said})
        else:
            text = json.dumps({"event": event, "severity": severity, "time": time, **said}, ensure_ascii=False)
        level = FACILITY * 8 + (WARNING if severity >= 7 else NOTICE)
        stamp = datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = f"<{level}>1 {stamp} {self._host} guard {os.getpid()} {event} - \ufeff{text}"
        try:
            self._waiting.put_nowait(line.encode("utf-8", "backslashreplace"))
        except queue.Full:
            self._dropped += 1
            if self._dropped & (self._dropped - 1) == 0:  # at 1, 2, 4, 8 …
                logger.warning("syslog: %d events were dropped, since the server takes none", self._dropped)

    def _work(self) -> None:
        """In the thread: send until told to stop; what cannot be sent is tried once more, on a new connection."""
        while (line := self._waiting.get()) is not None:
            for last in (False, True):
                try:
                    self._deliver(line)
                except OSError as error:
                    self._forget()
                    if last:
                        told = error.strerror or type(error).__name__
                        logger.warning("syslog: an event could not be sent (%s)", told)
                else:
                    break
        self._forget()

    def _deliver(self, line: bytes) -> None:
        if self._socket is None:
            if self._kind == "udp":
                family, kind, *_, place = socket.getaddrinfo(*self._place, type=socket.SOCK_DGRAM)[0]
                self._socket = socket.socket(family, kind)
                self._socket.connect(place)
            else:
                self._socket = socket.create_connection(self._place, PATIENCE_S)
        # Over TCP each message says its length first (RFC 6587 section 3.4.1).
        self._socket.sendall(line if self._kind == "udp" else b"%d %s" % (len(line), line))

    def _forget(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _cef(event: str, title: str, severity: int, told: Mapping[str, str]) -> str:
    head = "|".join(("CEF:0", "guard", "guard", release(), *map(_in_head, (event, title)), str(severity)))
    return f"{head}|{' '.join(f'{key}={_in_extension(value)}' for key, value in told.items())}"


def _in_head(text: str) -> str:
    return _one_line(text).replace("\\", "\\\\").replace("|", "\\|")


def _in_extension(text: str) -> str:
    return _one_line(text).replace("\\", "\\\\").replace("=", "\\=")


def _one_line(text: Any) -> str:
    return "".join(c if c.isprintable() else " " for c in str(text))
