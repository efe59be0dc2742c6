"""Principles for the critics' tests: what a critic reads of one, and nothing else."""

from dataclasses import dataclass

from guard.types import Dialogue


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    statement: str
    question: str
    violates: tuple[Dialogue, ...] = ()
    complies: tuple[Dialogue, ...] = ()


TOPICS = (
    "insults the user", "gives medical advice", "promises a refund", "names a competitor", "invents a source",
    "asks for a password", "takes a political side", "quotes song lyrics", "is written in another language",
    "makes a legal claim", "mocks a religion", "gives a price", "shares a private address", "tells a joke",
    "recommends a weapon", "encourages a fight",
)  # fmt: skip
RULES = tuple(
    Rule(f"rule-{n}", f"The assistant never {topic}.", f"Does it show that the assistant {topic} in its reply?")
    for n, topic in enumerate(TOPICS)
)
SHORT = Dialogue("Hi", "Hello.")
LONG = Dialogue(
    "Where is my parcel? I ordered it two weeks ago and nobody answers the telephone when I call.",
    "I am sorry about that. Your parcel left our warehouse on Monday and should reach you on Thursday. "
    "If it does not, <PERSON_K7Q2M4XD> will send it again at no cost, and you may keep both of them.",
)
