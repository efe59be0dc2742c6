"""Places outside that keep checkpoints: a folder, a webhook, an RFC 3161 time-stamp authority. Blocking."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from guard.audit import keyfile, timestamps
from guard.audit.checkpoint import Checkpoint
from guard.audit.timestamps import ANSWER, NOTE, STAMPS, Authority
from guard.config import Config, PublishConfig
from guard.errors import AuditError
from guard.times import moment

TIMEOUT_S: Final = 10.0
LONGEST_ANSWER: Final = 1_000_000
READABLE: Final = 0o644


class Place(Protocol):
    """Where checkpoints are published. `name` is for people and never holds a secret; `address` tells places apart."""

    @property
    def name(self) -> str:
        """What it is called in the log."""
        ...

    @property
    def address(self) -> str:
        """What it is, in full."""
        ...

    def publish(self, note: str, checkpoint: Checkpoint) -> None:
        """Hand over the signed note of `checkpoint`. Raises AuditError, ConfigError."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that only grows: a file for each checkpoint, never written twice."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's own name: where it lies is nobody's business."""
        return f"folder {self.path.name}"

    @property
    def address(self) -> str:
        """Its path."""
        return f"file:{self.path.absolute()}"

    def publish(self, note: str, checkpoint: Checkpoint) -> None:
        """Write the note to a file of its own. Raises AuditError where another one of this size lies there."""
        _keep(self.path / f"{file_name(checkpoint)}{NOTE}", note.encode())


@dataclass(frozen=True, slots=True)
class Webhook:
    """A server that takes `{"text": …, "checkpoint": NOTE}` by POST; `key` is sent as a bearer token."""

    url: str
    key: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Its host; its path may be a secret."""
        return f"webhook at {urlsplit(self.url).hostname}"

    @property
    def address(self) -> str:
        """Its URL."""
        return self.url

    def publish(self, note: str, checkpoint: Checkpoint) -> None:
        """Post the note. Raises AuditError."""
        signed = moment(checkpoint.time_ms / 1000)
        text = f"The audit log {checkpoint.origin} held {checkpoint.size} entries at {signed} UTC."
        headers = {"content-type": "application/json"}
        if self.key is not None:
            headers["authorization"] = f"Bearer {self.key}"
        post(self.url, json.dumps({"text": text, "checkpoint": note}, ensure_ascii=False).encode(), headers, self.name)


@dataclass(frozen=True, slots=True)
class Timestamps:
    """An RFC 3161 authority; its answers are kept in `folder`, and checked by `authority` where that is given."""

    url: str
    folder: Path
    authority: Authority | None = None

    @property
    def name(self) -> str:
        """Its host."""
        return f"time-stamp authority at {urlsplit(self.url).hostname}"

    @property
    def address(self) -> str:
        """Its URL."""
        return self.url

    def publish(self, note: str, checkpoint: Checkpoint) -> None:
        """Have the note stamped, and keep the answer. Raises AuditError."""
        asked = timestamps.request(note)
        answer = post(self.url, asked.as_bytes(), {"content-type": "application/timestamp-query"}, self.name)
        timestamps.accept(answer, asked)
        if self.authority is not None:
            timestamps.time_of(answer, note, self.authority)
        path = self.folder / file_name(checkpoint)
        _keep(path.with_suffix(NOTE), note.encode())
        keyfile.create(path.with_suffix(ANSWER), answer, mode=READABLE)


def places_of(config: Config, environ: Mapping[str, str]) -> tuple[tuple[Place, float], ...]:
    """The places of a configuration, each with the seconds between two publications. Raises ConfigError."""
    return tuple((_place(one, config, environ), one.every_s) for one in config.audit.publish)


def file_name(checkpoint: Checkpoint) -> str:
    """The name of a file for one checkpoint: sorts by size."""
    return f"{re.sub(r'[^A-Za-z0-9-]', '-', checkpoint.origin)}-{checkpoint.size:012}"


def post(url: str, body: bytes, headers: Mapping[str, str], name: str) -> bytes:
    """What the server at `url` answers to `body`; a redirection is a failure. Raises AuditError."""
    request = Request(url, body, dict(headers), method="POST")  # noqa: S310 - the configuration allows http and https
    try:
        with build_opener(_NoRedirection()).open(request, timeout=TIMEOUT_S) as response:
            answer: bytes = response.read(LONGEST_ANSWER)
            return answer
    except HTTPError as error:
        error.close()
        raise AuditError(f"the {name} answered with status {error.code}") from None  # its text names the URL
    except (OSError, HTTPException, ValueError) as error:
        raise AuditError(f"the {name} cannot be reached ({type(error).__name__})") from None


class _NoRedirection(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow none: what is posted goes to who was named, and to nobody else."""


def _place(one: PublishConfig, config: Config, environ: Mapping[str, str]) -> Place:
    if one.file is not None:
        return Folder(one.file)
    if one.webhook is not None:
        return Webhook(one.webhook, one.key(environ))
    authority = None if one.certificates is None else Authority.load(one.certificates)
    return Timestamps(str(one.timestamp), config.data / STAMPS, authority)


def _keep(path: Path, data: bytes) -> None:
    """Write a file that is never written again. Raises AuditError where it holds something else, ConfigError."""
    keyfile.create(path, data, mode=READABLE)
    try:
        same = path.read_bytes() == data
    except OSError as error:
        raise AuditError(f"{path}: cannot be read ({error.strerror}). Check its rights.") from error
    if not same:
        raise AuditError(f"{path}: is another checkpoint of the same size: the log was made anew. Find out by whom.")
