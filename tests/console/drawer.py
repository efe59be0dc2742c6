"""Held replies in memory, in the shape that the console asks for."""

from dataclasses import dataclass, field

from guard.errors import RequestError


@dataclass(frozen=True)
class Reply:
    exchange: str
    principles: tuple[str, ...] = ("no-<threats>",)
    prompt: str = "Write to <PERSON_K7Q2M4XD>."
    reply: str = "Pay <b>now</b>, or else."
    sent: str = "Pay <b>now</b>."


@dataclass(frozen=True)
class Kept:
    held: Reply
    expires: float = 1_900_000_000.0
    decided: str = "pending"
    actor: str = ""


@dataclass
class Drawer:
    """Held replies in memory, decided once, as those on disk are."""

    kept: dict[str, Kept] = field(default_factory=dict)

    def list(self):
        return tuple(self.kept.values())

    def find(self, exchange):
        if exchange not in self.kept:
            raise RequestError("guard holds no reply of that name.")
        return self.kept[exchange]

    def decide(self, exchange, decided, actor, note, record):
        if self.kept[exchange].decided != "pending":
            raise RequestError("A decision stands.")
        record("approve" if decided == "approved" else "reject", exchange, note)
        self.kept[exchange] = Kept(Reply(exchange), decided=decided, actor=actor)
