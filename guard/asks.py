"""What the core asks of the shell that drives it, and what it is sent back.

The core is made of generators that do no I/O. Each yields one of these values and is sent the answer named in its
docstring; a failure is thrown in as a `GuardError`, so that the core decides, by policy, what a failure means.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

from guard.types import Decision, Dialogue, Entry, Principal, Rule, Spelling, SurfaceName

HELD = "/v1/guard/held/"  # where what is held is asked for, by the name of its exchange


@dataclass(frozen=True, slots=True)
class Recognize:
    """Find the entities in `texts` with the recognizers of a policy.

    Sent: a tuple of spans per text, disjoint and sorted. May raise RecognizerError.
    """

    texts: tuple[str, ...]
    policy: str


@dataclass(frozen=True, slots=True)
class Extract:
    """Read a file or a picture (`kind` is its MIME type) as a policy wants it. Sent: an Extracted.

    May raise RequestError where it cannot be read, RecognizerError.
    """

    kind: str
    data: bytes
    policy: str


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was read: the text of a file; or, where `kind` names a MIME type, a picture with black boxes.

    `finds` are what was painted over: entity, recognizer, score, the line in which it stands, and its value.
    """

    text: str = ""
    kind: str = ""
    picture: bytes = b""
    finds: tuple[tuple[str, str, float, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """What a code stands for: an entity, a normalised value, and its spellings by form."""

    entity: str
    value: str
    spellings: Mapping[str, Spelling]


@dataclass(frozen=True, slots=True)
class Bind:
    """Remember in the tenant vault what `codes` stand for. May raise AuditError.

    Sent: the set of codes that already stand for another value, and of forms (`CODE_FORM`) that already stand for
    another spelling: neither may be used.
    """

    codes: Mapping[str, Bound]


@dataclass(frozen=True, slots=True)
class Note:
    """Keep `texts` in the tenant vault under `name`, encrypted, for a later exchange. Sent: None.

    May raise AuditError.
    """

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Noted:
    """What is kept in the tenant vault under each of `names`. Sent: the texts by name, without those not kept.

    May raise AuditError.
    """

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recall:
    """What `codes` stand for. Sent: entity and spellings by code, without those not kept. May raise AuditError."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """Append `entry` to the audit log. Sent: None, once it is durable. May raise AuditError."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Held:
    """A reply about which a person must decide, and what is needed to give it out later.

    `prompt`, `reply` (as the upstream wrote it) and `sent` (as it would go out) are masked, for whoever decides. `body`
    is the whole reply in the shape of its surface, as it would go out but for its placeholders: `names` says what these
    stand for. `decision` is what the reply counts as once it is let out, `principles` are those that ask for a person.

    Where the request itself is held there is no reply: `prompt` is what a person must decide about, and `turns` names
    its turns for `Decisions`.
    """

    exchange: str
    time: float
    principal: Principal
    surface: SurfaceName
    model: str
    principles: tuple[str, ...]
    prompt: str
    reply: str
    sent: str
    body: bytes
    names: Mapping[str, Spelling]
    decision: Decision
    turns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep a reply until a person has decided about it. Sent: None, once that is durable. May raise AuditError."""

    held: Held


@dataclass(frozen=True, slots=True)
class Decisions:
    """What people have decided about turns of requests of `principal`, by the names under which they are held.

    Sent: by name the exchange in which a turn is held, and "pending", "approved" or "rejected"; without those that are
    not held. May raise AuditError.
    """

    principal: Principal
    turns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What an upstream is sent. `headers` are what the caller may pass on; `body` is masked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    stream: bool


@dataclass(frozen=True, slots=True)
class Send:
    """Send `request` to `upstream`. Sent: a Response. May raise UpstreamError."""

    upstream: str
    request: Request


@dataclass(frozen=True, slots=True)
class Response:
    """What an upstream answered: the whole body, or, where `streaming`, an empty one and events to ask for."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    streaming: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """Read on in the stream. Sent: the events that have arrived, each with its blank line; none at the end.

    May raise UpstreamError when the stream breaks.
    """


@dataclass(frozen=True, slots=True)
class Judge:
    """Judge `dialogue`. Sent: one Verdict per principle, in order. May raise CriticError."""

    dialogue: Dialogue
    principles: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Validate:
    """Have `text` validated by the validators that a policy names for prompts or for replies.

    Sent: one Verdict per validator, in the policy's order. May raise CriticError.
    """

    text: str
    on: Literal["prompt", "reply"]
    policy: str


@dataclass(frozen=True, slots=True)
class Write:
    """Let the critic answer one instruction. Sent: its text. May raise CriticError."""

    prompt: str
    max_tokens: int = 256


@dataclass(frozen=True, slots=True)
class Head:
    """How a reply to the client begins."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Emit:
    """Send bytes to the client; the first Emit of an exchange carries its head, the `last` ends it. Sent: None."""

    data: bytes
    head: Head | None = None
    last: bool = False


Ask: TypeAlias = (
    Recognize
    | Extract
    | Bind
    | Note
    | Noted
    | Recall
    | Record
    | Hold
    | Decisions
    | Send
    | Next
    | Judge
    | Validate
    | Write
    | Emit
)
Returned = TypeVar("Returned")
Story: TypeAlias = Generator[Ask, Any, Returned]
