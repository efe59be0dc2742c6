"""Recognizers in Presidio's shape, as a user might bring them: tests name them by class path."""

import os
import signal
from dataclasses import dataclass

from guard.backends.stack import Spec


@dataclass
class Found:
    entity_type: str
    start: int
    end: int
    score: float


class Words:
    """Finds one word; counts the texts it was given."""

    supported_language = "en"

    def __init__(self, word="Falcon", entity="CODE_NAME", score=0.9, context=()):
        self.name = "Words"
        self.supported_entities = [entity]
        self.context = list(context)
        self.seen = []
        self._word = word
        self._score = score

    def analyze(self, text, entities, nlp_artifacts=None):
        self.seen.append(text)
        starts = [i for i in range(len(text)) if text.startswith(self._word, i)]
        return [Found(self.supported_entities[0], i, i + len(self._word), self._score) for i in starts]


class Broken(Words):
    """Fails, with the text in its message."""

    def analyze(self, text, entities, nlp_artifacts=None):
        raise ValueError(f"cannot read {text}")


class Deadly(Words):
    """Kills its own process when it is shown a text that says so."""

    def analyze(self, text, entities, nlp_artifacts=None):
        if "die" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().analyze(text, entities, nlp_artifacts)


class Unloadable(Words):
    """Its model file is broken."""

    def __init__(self):
        raise OSError("disk on fire")


class Shapeless:
    """Not a recognizer."""


DEADLY = Spec(profile="patterns", extra=((f"{__name__}.Deadly", {}),))
