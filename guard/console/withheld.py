"""What the pages need of the replies that are withheld until a person has decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeAlias

Ended = Literal["approved", "rejected"]
RecordAct: TypeAlias = Callable[[Literal["approve", "reject"], str, str], None]  # action, exchange, note


class Held(Protocol):
    """A reply that is held."""

    @property
    def exchange(self) -> str:
        """Whose reply it is."""
        ...

    @property
    def prompt(self) -> str:
        """What was asked, masked."""
        ...

    @property
    def reply(self) -> str:
        """What the upstream wrote, masked."""
        ...

    @property
    def sent(self) -> str:
        """What would go out, masked."""
        ...

    @property
    def principles(self) -> tuple[str, ...]:
        """Because of which it is held."""
        ...


class Kept(Protocol):
    """A held reply as it is kept: until when, in Unix seconds, and what was decided about it."""

    @property
    def held(self) -> Held:
        """The reply."""
        ...

    @property
    def expires(self) -> float:
        """When it is destroyed."""
        ...

    @property
    def decided(self) -> str:
        """One of "pending", "approved" and "rejected"."""
        ...

    @property
    def actor(self) -> str:
        """Who decided."""
        ...


class HeldReplies(Protocol):
    """The held replies of a guard."""

    def list(self) -> Sequence[Kept]:
        """Those whose time is not over, the oldest first."""
        ...

    def find(self, exchange: str) -> Kept:
        """That of `exchange`. Raises GuardError where there is none, or its time is over."""
        ...

    def decide(self, exchange: str, decided: Ended, actor: str, note: str, record: RecordAct) -> Any:
        """Decide about one, once; `record` makes it durable in the log before it has an effect. Raises GuardError."""
        ...
