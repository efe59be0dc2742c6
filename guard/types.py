"""The values that the parts exchange: frozen, valid once made, without behaviour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, runtime_checkable

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
Progress: TypeAlias = Callable[[str], None]

SurfaceName = Literal[
    "chat", "responses", "messages", "count_tokens", "completions", "embeddings", "moderations",
    "gemini", "gemini_tokens", "gemini_embeddings",
]  # fmt: skip
# the APIs that callers speak; guard.surfaces.table holds one surface for each

Operator = Literal["placeholder", "redact", "hash", "keep", "block", "route"]
# placeholder  replace by a code that restore turns back into the value
# redact       replace by the entity's name in brackets; cannot be restored
# hash         replace by a keyed hash; equal values stay equal, cannot be restored
# keep         let the value leave; the log still counts it
# block        refuse the whole exchange
# route        send the whole exchange to an in-house upstream, which sees the value as it is

Decision = Literal["allow", "revise", "escalate", "block"]
# allow     the reply went out as the upstream wrote it
# revise    the reply went out changed
# escalate  the reply is held until a person has decided about it
# block     nothing of the reply went out

ContentMode = Literal["masked", "encrypted", "none"]
# masked     the log keeps the masked words, sealed with a key of the person's that the tenant key opens
# encrypted  it keeps them sealed with a key of the person's that only the break-glass key opens
# none       it keeps no words

State = Literal["clear", "unsure", "fired", "not_judged"]
# clear       the principle is not violated
# unsure      the critic abstains: its score lies inside the band in which it is often wrong
# fired       the principle is violated
# not_judged  the critic failed, was late or answered nonsense; never counted as clear

Outcome = Literal["completed", "refused", "blocked", "held", "upstream_error", "client_gone", "not_judged", "failed"]
# completed       the reply, changed or not, was released to the client
# refused         the upstream answered with an error status, which was passed on
# blocked         the review or the policy withheld the reply
# held            the reply waits for a person; what the person decides is an entry of its own
# upstream_error  the upstream could not be reached, broke off or answered nonsense
# client_gone     the client left before the end
# not_judged      the critic failed and the policy blocks what is not judged
# failed          guard itself failed


@dataclass(frozen=True, slots=True)
class Span:
    """One found entity: characters `start` to `end` (exclusive) of one text; `score` 0 to 1, higher is surer."""

    start: int
    end: int
    entity: str
    score: float
    recognizer: str


@dataclass(frozen=True, slots=True)
class Spelling:
    """One spelling of a value. `escaped` is how it stood inside JSON where that was not the plain way to write it."""

    text: str
    escaped: str | None = None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What a critic reads: the prompt and the reply as plain text, both masked."""

    prompt: str
    reply: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a reviewer said of one dialogue: whether it violates the principle of that id."""

    principle: str
    dialogue: Dialogue
    violates: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the critic says of one principle.

    `score` is 0 to 1, higher is worse. `spans` are (start, end) character ranges of the reply that show the
    violation, in order, disjoint; empty where the critic cannot point at one. `reason` is one short sentence that
    holds no value. `scores` are the names and the scores of the critics that were asked one after the other; empty
    where it was one.
    """

    principle: str
    score: float
    state: State
    spans: tuple[tuple[int, int], ...] = ()
    reason: str = ""
    scores: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. `user` is a name given to a guard key, or a keyed hash of the provider key presented."""

    user: str
    team: str = ""
    application: str = ""


@dataclass(frozen=True, slots=True)
class FoundSpan:
    """A span as the log keeps it: where and what kind, and a keyed hash of the value, never the value."""

    field: str
    entity: str
    recognizer: str
    score: float
    operator: Operator
    value_hash: str


@dataclass(frozen=True, slots=True)
class Revision:
    """One attempt to mend a choice of the reply: by whom, for which principles, and what became of it."""

    choice: int
    round: int
    principles: tuple[str, ...]
    method: Literal["redaction", "template", "rewrite"]
    critique: str
    accepted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Keeping:
    """How the log keeps the words of an exchange: sealed for `person`, who is the principal's user.

    `until` is when they are destroyed (Unix seconds); 0 leaves that to the configuration.
    """

    content: ContentMode = "masked"
    person: str = ""
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Opening:
    """The first half of an audit entry, durable before a byte leaves. Times are Unix seconds.

    `upstream` is asked first, then the `fallbacks`, in order, where those before them fail. `routed` are the entities
    because of which the exchange stays in the house. `verdicts` are those of the principles for prompts: of each, the
    worst of any turn.
    """

    exchange: str
    time: float
    principal: Principal
    tenant: str
    surface: str
    stream: bool
    upstream: str
    fallbacks: tuple[str, ...]
    model: str
    policy: str
    policy_digest: str
    constitution: str
    constitution_digest: str
    critic: str
    critic_digest: str
    spans: tuple[FoundSpan, ...]
    routed: tuple[str, ...]
    not_scanned: tuple[str, ...]
    request: str
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    keeping: Keeping = Keeping()


@dataclass(frozen=True, slots=True)
class Closing:
    """The second half of an audit entry. `reply` and `sent` are masked text; they differ where guard revised.

    `verdicts` and `revisions` hold the judgement of each choice, the first judgement before the last one.
    `not_judged` are the principles that were not applied, "reply" where none was, and the places of pictures.
    `failed` are the upstreams that were asked in vain, each with its status or the code of its failure, before
    `upstream`.
    """

    exchange: str
    time: float
    outcome: Outcome
    decision: Decision
    reason: str
    status: int
    upstream: str
    failed: tuple[tuple[str, str], ...]
    model: str
    reply: str
    sent: str
    spans: tuple[FoundSpan, ...]
    verdicts: tuple[tuple[int, Verdict], ...]
    revisions: tuple[Revision, ...]
    not_judged: tuple[str, ...]
    unknown_placeholders: int
    usage: Mapping[str, int]
    timings_ms: Mapping[str, float]
    keeping: Keeping = Keeping()


Action = Literal[
    "look", "export", "report", "replay", "label", "break_glass", "approve", "reject", "hold", "release", "erase",
    "expire", "publish", "sign_in", "sign_out", "key",
]  # fmt: skip
# look         content of an exchange was shown to a person
# export       entries were written out
# report       a report was made
# replay       recorded traffic was judged anew
# label        a person said whether a verdict is right
# break_glass  encrypted content was opened
# approve      a held reply was released by a person
# reject       a held reply was refused by a person
# hold         content was put under legal hold, so that it does not expire
# release      a legal hold was ended
# erase        a person's content was destroyed on request
# expire       content was destroyed because its time was over
# publish      a checkpoint was handed to a place elsewhere
# sign_in      a person signed in to the console
# sign_out     a person signed out
# key          a key or a role was given or taken


@dataclass(frozen=True, slots=True)
class Act:
    """What a person or guard itself did with the log: an entry of its own. Times are Unix seconds.

    `actor` is a name, never a credential; `subject` is the exchange, person or thing that it was done to, `note` one
    short sentence that holds no value of an exchange.
    """

    exchange: str
    time: float
    actor: str
    role: str
    action: Action
    subject: str
    note: str = ""


Entry: TypeAlias = Opening | Closing | Act


class Rule(Protocol):
    """What a critic needs to know of a principle; `guard.constitution.Principle` is one."""

    @property
    def id(self) -> str:
        """Its name in verdicts and in the log."""
        ...

    @property
    def statement(self) -> str:
        """What the assistant does, for people."""
        ...

    @property
    def question(self) -> str:
        """Whether the reply violates it, for a model."""
        ...

    @property
    def violates(self) -> tuple[Dialogue, ...]:
        """Examples of its violation, near the line."""
        ...

    @property
    def complies(self) -> tuple[Dialogue, ...]:
        """Examples that look alike and do not violate it."""
        ...


class Critic(Protocol):
    """A model that judges. It blocks the calling thread, so drivers call it off the event loop.

    `name` and `digest` identify the model and its thresholds in the log. `writes` says whether `write` may be asked
    for critiques and revisions; a critic that cannot write well says no.
    """

    name: str
    digest: str
    writes: bool

    def score(self, dialogue: Dialogue, principles: Sequence[Rule]) -> tuple[Verdict, ...]:
        """One verdict per principle, in order. Raises CriticError."""
        ...

    def write(self, prompt: str, *, max_tokens: int) -> str:
        """The model's answer to one instruction. Raises CriticError."""
        ...


@runtime_checkable
class Learner(Protocol):
    """A critic that is fitted to the examples of principles, and so must not be tested on them as it is."""

    def left_out(self, principle: Rule) -> tuple[Verdict, ...]:
        """The verdict on each example by a fit that did not see it: the violating ones, then the complying ones.

        Raises CriticError.
        """
        ...
