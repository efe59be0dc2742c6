"""What the critic said of the turns of a conversation, so that only the new one costs anything.

Chat tools send the whole history with every request. Of a turn only a hash is kept, and its verdicts.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeAlias

from guard.types import Critic, Dialogue, Rule, Verdict

MOST = 10_000  # turns

_Rule: TypeAlias = tuple[str, str, str, tuple[Dialogue, ...], tuple[Dialogue, ...]]
_Key: TypeAlias = tuple[str, bytes, tuple[_Rule, ...]]


class JudgedPrompts:
    """Remembers verdicts on prompts (dialogues without a reply), the newest `most` of them; thread-safe."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[_Key, tuple[Verdict, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def score(self, critic: Critic, dialogue: Dialogue, principles: Sequence[Rule]) -> tuple[Verdict, ...]:
        """As `Critic.score`. A verdict that is none, and a reply's, is not remembered. Raises CriticError."""
        if dialogue.reply:
            return critic.score(dialogue, principles)
        text = hashlib.sha256(dialogue.prompt.encode("utf-8", "surrogatepass")).digest()
        key = (critic.digest, text, tuple((p.id, p.statement, p.question, p.violates, p.complies) for p in principles))
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
                return known
        verdicts = critic.score(dialogue, principles)
        if all(verdict.state != "not_judged" for verdict in verdicts):
            with self._lock:
                self._kept[key] = verdicts
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
        return verdicts
