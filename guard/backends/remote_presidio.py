"""A Presidio analyzer of the company's own, asked over HTTP (POST /analyze), as a recognizer.

It is sent the text as it is, so it must be in-house. A connection is kept open, and opened anew once where the server
has closed it; redirects and proxies of the environment are not followed. Whatever goes wrong is a RecognizerError.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from guard.errors import ConfigError, RecognizerError
from guard.mask.patterns import Result

NAME = "presidio"
LARGEST = 64 * 2**20  # bytes of an answer

_CLOSED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class RemotePresidio:
    """`entities` are those to ask for, all where there are none; `key_env` names the variable with a bearer token.

    `timeout` is in seconds, for each step of the connection. Raises ConfigError.
    """

    name = NAME
    supported_language = "*"

    def __init__(
        self,
        url: str,
        *,
        language: str = "en",
        entities: Sequence[str] = (),
        threshold: float = 0.0,
        timeout: float = 5.0,
        key_env: str | None = None,
    ) -> None:
        address = urlsplit(url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ConfigError("the url of a Presidio analyzer begins with http:// or https:// and names a host.")
        self.supported_entities = list(entities)
        self._asked: dict[str, Any] = {"language": language, "score_threshold": threshold}
        if entities:
            self._asked["entities"] = list(entities)
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(address.hostname, address.port, timeout=timeout)
        self._path = f"{address.path.rstrip('/')}/analyze"
        self._headers = {"Content-Type": "application/json", **_authorization(key_env)}

    def analyze(
        self,
        text: str,
        entities: Sequence[str] | None = None,
        nlp_artifacts: Any = None,  # noqa: ARG002  Presidio's signature
    ) -> list[Result]:
        """What the analyzer finds in one text; only `entities` where they are given. Raises RecognizerError."""
        results = self._ask(text) if text and not text.isspace() else []
        return [result for result in results if not entities or result.entity_type in entities]

    def analyze_batch(self, texts: Sequence[str]) -> list[list[Result]]:
        """What the analyzer finds in each text, asked for one after the other. Raises RecognizerError."""
        return [self.analyze(text) for text in texts]

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        self._connection.close()

    def _ask(self, text: str) -> list[Result]:
        body = json.dumps({"text": text, **self._asked}).encode()
        failure = ""
        try:
            status, answer = self._post(body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            failure = "was slow" if isinstance(error, TimeoutError) else f"failed ({type(error).__name__})"
        if not failure and status != 200:
            failure = f"answered {status}"
        if not failure:
            try:
                return _results(json.loads(answer), len(text))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                failure = "answered nonsense"
        # Outside the handlers, so that the first error does not hang on it: its message may hold text.
        raise RecognizerError(f"the Presidio analyzer at {self._connection.host} {failure}")

    def _post(self, body: bytes) -> tuple[int, bytes]:
        fresh = self._connection.sock is None
        try:
            return self._exchange(body)
        except _CLOSED:
            self.close()
            if fresh:
                raise
        return self._exchange(body)

    def _exchange(self, body: bytes) -> tuple[int, bytes]:
        self._connection.request("POST", self._path, body, self._headers)
        response = self._connection.getresponse()
        answer = response.read(LARGEST + 1)
        if len(answer) > LARGEST:
            raise http.client.HTTPException("the answer is too large")
        return response.status, answer


def _authorization(key_env: str | None) -> Mapping[str, str]:
    if key_env is None:
        return {}
    key = os.environ.get(key_env)
    if not key:
        raise ConfigError(f"a Presidio analyzer: the environment variable {key_env} is not set. Set it to its token.")
    return {"Authorization": f"Bearer {key}"}


def _results(answer: Any, length: int) -> list[Result]:
    """The finds in an answer. Raises ValueError, TypeError or KeyError where it has another shape."""
    if not isinstance(answer, list):
        raise TypeError("no list")
    results = [Result(str(r["entity_type"]), int(r["start"]), int(r["end"]), float(r["score"])) for r in answer]
    if not all(0 <= r.start < r.end <= length for r in results):
        raise ValueError("no range of the text")
    return results
