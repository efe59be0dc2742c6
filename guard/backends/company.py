"""What a company says itself that must not leave: its lists of terms, fingerprints of documents, internal names.

These recognizers are exact and quick, and their files change while guard runs. So they are kept apart from the models:
the process that serves reads the files, once, and worker processes are told what was found. A thread looks at the files
twice a second; what has changed is loaded there and then takes the place of the old edition in one assignment.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from guard.backends.dictionary import Dictionary
from guard.backends.terms import TermList, checked, parse
from guard.errors import ConfigError, RecognizerError
from guard.mask.normalise import normalise
from guard.policy import Policy
from guard.types import Operator, Progress, Span

Spans = tuple[Span, ...]

_GRAVITY: dict[Operator, int] = {"keep": 0, "route": 2, "block": 3}
_PAUSE_S = 0.3  # between two looks at the files; one that was still for a pause is read


@dataclass(frozen=True, slots=True)
class Company:
    """What a policy says of the company's own. Paths are whole.

    `gravity` is what becomes of each entity, `usual` of those not named: 0 it leaves, 1 it is masked, 2 or 3 the whole
    exchange stays in the house or is refused.
    """

    lists: tuple[TermList, ...] = ()
    fingerprints: tuple[Path, ...] = ()
    internal: tuple[str, ...] = ()
    source_code: bool = False
    gravity: tuple[tuple[str, int], ...] = ()
    usual: int = 1

    @classmethod
    def of(cls, policy: Policy, folder: Path) -> Company:
        """What `policy`, whose file is in `folder`, says."""
        wish, mask = policy.recognize, policy.mask
        if not (wish.lists or wish.fingerprints or wish.code.internal or wish.code.source_code):
            return cls()
        gravity = {entity: _GRAVITY.get(operator, 1) for entity, operator in mask.entities.items()}
        return cls(
            tuple(TermList(item.entity, folder / item.file if item.file else None, item.terms) for item in wish.lists),
            tuple(folder / file for file in wish.fingerprints),
            wish.code.internal,
            wish.code.source_code,
            tuple(sorted(gravity.items())),
            _GRAVITY.get(mask.default, 1),
        )

    @property
    def without_lists(self) -> Company:
        """What is left for a stack that is told what the lists find."""
        return replace(self, lists=(), fingerprints=(), internal=())

    def beside(self, spans: Sequence[Span], listed: Sequence[Span]) -> list[Span]:
        """`spans` and what is listed, so that no listed term passes as a part of what the policy treats more mildly.

        What shares characters with such a term and would leave is dropped; what would only be masked, while the term
        stops the exchange, counts as the term.
        """
        gravity = dict(self.gravity)

        def weight(span: Span) -> int:
            return gravity.get(span.entity, self.usual)

        settled: list[Span] = []
        for span in sorted(listed, key=weight, reverse=True):  # a listed term may stand inside another
            settled += _beneath(span, settled, weight)
        return settled + [one for span in spans for one in _beneath(span, settled, weight)]


def _beneath(span: Span, listed: Sequence[Span], weight: Callable[[Span], int]) -> tuple[Span, ...]:
    """What is left of a span beside terms that the policy takes more seriously."""
    over = [item for item in listed if span.start < item.end and item.start < span.end]
    gravest = max(over, key=weight, default=span)
    if weight(gravest) <= weight(span):
        return (span,)
    return (replace(gravest, start=span.start, end=span.end),) if weight(span) else ()


NO_COMPANY = Company()


@dataclass(frozen=True, slots=True)
class Edition:
    """The recognizers as they are until a file changes. `version` is a digest of the files."""

    version: str = ""
    recognizers: tuple[Any, ...] = ()

    def find(self, texts: Sequence[str]) -> tuple[Spans, ...] | None:
        """What is found in the clean form of each text, overlaps included. Raises RecognizerError.

        None where there is nothing to look for.
        """
        if not self.recognizers:
            return None
        return tuple(exact(self.recognizers, normalise(text)[0]) for text in texts)


NOTHING = Edition()


def exact(recognizers: Iterable[Any], clean: str) -> Spans:
    """What recognizers that need the whole of a clean text find in it. Raises RecognizerError."""
    spans: list[Span] = []
    failure = ""
    for recognizer in recognizers:
        try:
            found = recognizer.analyze(clean)
        except Exception as error:  # noqa: BLE001  whatever it raises means: not recognized
            failure = f"recognizer {recognizer.name} failed ({type(error).__name__})"
            break
        spans += [Span(r.start, r.end, r.entity_type, float(r.score), recognizer.name) for r in found]
    if failure:  # outside the handler, so that the first error does not hang on it: its message may hold text
        raise RecognizerError(failure)
    return tuple(span for span in spans if 0 <= span.start < span.end <= len(clean))


@dataclass(slots=True)
class _File:
    """A file as it was last read. `seen` and `read` say when it was changed and how long it was."""

    path: Path
    kind: Literal["terms", "fingerprints"]
    seen: tuple[int, ...] = ()
    read: tuple[int, ...] = ()
    digest: str = ""
    content: Any = None

    def load(self) -> None:
        """Read it. Raises ConfigError, and then keeps what it held."""
        self.read = self.seen = _state(self.path)
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"{self.path}: cannot be read ({error.strerror}). Check the path and its rights."
            ) from error
        digest = hashlib.blake2b(data, digest_size=16).hexdigest()
        if digest != self.digest:
            self.content = parse(data, self.path) if self.kind == "terms" else _fingerprints(self.path)
            self.digest = digest


def _fingerprints(path: Path) -> Any:
    from guard.backends import fingerprints

    return fingerprints.load(path)


def _state(path: Path) -> tuple[int, ...]:
    try:
        stat = path.stat()
    except OSError:
        return (0,)
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


@dataclass(slots=True)
class Lists:
    """The current edition of what `company` says. Made with the files read; raises ConfigError.

    `watch` keeps it current until `close`. A file that cannot be read any more leaves the old edition in force;
    `progress` is told so, once for each state of the file.
    """

    company: Company
    progress: Progress = lambda _: None
    edition: Edition = field(init=False)
    _files: tuple[_File, ...] = field(init=False)
    _dictionary: Dictionary | None = field(init=False, default=None)
    _closed: threading.Event = field(init=False, default_factory=threading.Event)
    _thread: threading.Thread | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        terms = (_File(item.file, "terms") for item in self.company.lists if item.file)
        self._files = (*terms, *(_File(path, "fingerprints") for path in self.company.fingerprints))
        for file in self._files:
            file.load()
        self.edition = self._edition(renew=True)

    def watch(self) -> None:
        """Look after the files from now on, in a thread of its own; nothing to do where there are none."""
        if self._files and self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="guard-lists", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """Read what has changed and has been still since the last look, and put it in force."""
        renewed = [file for file in self._files if self._renewed(file)]
        if self._version() != self.edition.version:  # of this look, or of one that did not come to its end
            terms = any(file.kind == "terms" for file in renewed) or not renewed
            self.edition = self._edition(renew=terms)
            for file in renewed:
                self.progress(f"{file.path}: read anew")

    def _watch(self) -> None:
        while not self._closed.wait(_PAUSE_S):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  the thread must go on; the old edition is in force
                self.progress(f"the lists could not be read anew ({type(error).__name__}); the former stay in force")

    def _renewed(self, file: _File) -> bool:
        state = _state(file.path)
        if state != file.seen:
            file.seen = state  # it may be in the middle of being written
            return False
        if state == file.read:
            return False
        before = file.digest
        try:
            file.load()
        except ConfigError as error:
            self.progress(f"{error.message} Until then, what it held before stays in force.")
        except Exception:
            file.read = ()  # to be tried again
            raise
        return file.digest != before

    def _version(self) -> str:
        return "/".join(file.digest for file in self._files)

    def _edition(self, *, renew: bool) -> Edition:
        if renew:
            self._dictionary = self._terms()
        recognizers: list[Any] = [self._dictionary] if self._dictionary is not None else []
        recognizers += [file.content for file in self._files if file.kind == "fingerprints"]
        if self.company.internal:
            from guard.backends.internal import InternalNames

            recognizers.append(InternalNames(self.company.internal))
        return Edition(self._version(), tuple(recognizers))

    def _terms(self) -> Dictionary | None:
        if not self.company.lists:
            return None
        held = {file.path: file.content for file in self._files}
        terms: dict[str, list[str]] = {}
        for item in self.company.lists:
            own = terms.setdefault(item.entity, [])
            own.extend(checked(item.terms, item.entity))
            if item.file:
                own.extend(held[item.file])
        return Dictionary(terms)
