"""What a policy does with what was recognized: mask it, keep it, or route the exchange elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from guard.documents import Strict
from guard.types import Operator


@dataclass(frozen=True, slots=True)
class Kept:
    """The entities that a policy lets leave: those `named`, or with `others` all but those."""

    named: frozenset[str] = frozenset()
    others: bool = False

    def __contains__(self, entity: object) -> bool:
        return (entity in self.named) != self.others


KEEPS_NOTHING = Kept()


class Masking(Strict):
    """What is done with each entity; `default` is for those not named."""

    default: Operator = "placeholder"
    entities: dict[str, Operator] = Field(default_factory=dict)

    def operator(self, entity: str) -> Operator:
        """What is done with an entity."""
        return self.entities.get(entity, self.default)

    @property
    def kept(self) -> Kept:
        """The entities that leave as they are."""
        others = self.default == "keep"
        return Kept(frozenset(e for e, operator in self.entities.items() if (operator == "keep") != others), others)


class Route(Strict):
    """Where an exchange goes in which something was found whose operator is `route`.

    `to` names an upstream that is marked `trusted`, `model` the model to ask there; without one, the caller's own
    choice is asked for. What is not to be routed is masked as ever.
    """

    to: str
    model: str | None = None
