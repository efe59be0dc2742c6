"""A causal language model at work: its tokens, and the tokens that ask it in its own chat template."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

from guard.backends.copying import Vocabulary

Quantized = Literal["int8", "int4"]

Turn: TypeAlias = tuple[str, str]
"""A role (system, user or assistant) and what it says."""


@dataclass
class CausalModel:
    """A loaded model with its tokenizer. `digest` identifies the weights; `context` is its length in tokens.

    Its methods may be called from several threads: `lock` is held while the tokenizer or the model works.
    """

    id: str
    digest: str
    model: Any
    tokenizer: Any
    quantized: Quantized | None = None
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def precision(self) -> str:
        """How exact its weights are: their type, and what they were packed into while it was loaded."""
        return f"{self.model.dtype}{f' {self.quantized}' if self.quantized else ''}"

    @cached_property
    def context(self) -> int:
        """The most tokens a prompt and its answer may have together."""
        config = self.model.config.get_text_config()
        return int(getattr(config, "max_position_embeddings", None) or 2048)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The text of every token, as it reads in the middle of a text."""
        anchor = self.encode("a")[:1]
        size = len(self.tokenizer)
        with self.lock:
            texts = self.tokenizer.batch_decode(
                [anchor, *([*anchor, token] for token in range(size))], clean_up_tokenization_spaces=False
            )
        return Vocabulary.of([text[len(texts[0]) :] for text in texts[1:]])

    @cached_property
    def ends(self) -> frozenset[int]:
        """The tokens that end an answer."""
        found: set[int] = set()
        for owner in (self.tokenizer, self.model.generation_config, self.model.config.get_text_config()):
            value = getattr(owner, "eos_token_id", None)
            found.update(value if isinstance(value, list) else [] if value is None else [value])
        return frozenset(found)

    def encode(self, text: str, *, trusted: bool = False) -> list[int]:
        """The tokens of `text`; unless `trusted`, a special token spelled out in it is plain characters.

        Raises ValueError for a text that is not Unicode.
        """
        try:
            with self.lock:
                encoded = self.tokenizer(
                    text, add_special_tokens=False, split_special_tokens=not trusted, verbose=False
                )
        except TypeError as error:
            raise ValueError("the text is not Unicode") from error
        return list(encoded.input_ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of `tokens`, without special tokens."""
        with self.lock:
            return str(
                self.tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False)
            )

    def chat(self, turns: Sequence[Turn]) -> list[int]:
        """The tokens that ask the model to answer `turns`, in its own chat template.

        What the turns say is tokenized apart from the template, so no one can write a turn of their own.
        Raises ValueError when the template has no form for these turns.
        """
        frame, contents = self._frame(turns)
        tokens = self.encode(frame[0], trusted=True)
        for content, after in zip(contents, frame[1:], strict=True):
            tokens += self.encode(content) + self.encode(after, trusted=True)
        return tokens

    def frame(self) -> tuple[list[int], list[int]]:
        """The tokens before and after the words of a single user turn."""
        (before, after), _ = self._frame([("user", "")])
        return self.encode(before, trusted=True), self.encode(after, trusted=True)

    def _frame(self, turns: Sequence[Turn]) -> tuple[list[str], list[str]]:
        """The template cut at its contents: one piece more than contents."""
        for form in (list(turns), _alternating(turns)):
            pieces = self._cut([role for role, _ in form])
            if pieces is not None:
                return pieces, [content for _, content in form]
        raise ValueError("the model's chat template has no form for these turns")

    def _cut(self, roles: Sequence[str]) -> list[str] | None:
        from jinja2 import TemplateError

        slots = [f"guardslot{index}end" for index in range(len(roles))]
        turns = [{"role": role, "content": slot} for role, slot in zip(roles, slots, strict=True)]
        try:
            text = self.tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=True, enable_thinking=False
            )
        except TemplateError:
            return None
        pieces: list[str] = []
        for slot in slots:
            before, found, text = text.partition(slot)
            if not found or slot in text:
                return None
            pieces.append(before)
        return [*pieces, text]


def _alternating(turns: Sequence[Turn]) -> list[Turn]:
    """The same words for a template that knows neither a system turn nor two turns of one role in a row."""
    form: list[Turn] = []
    for stated, content in turns:
        role = "user" if stated == "system" else stated
        if form and form[-1][0] == role:
            form[-1] = (role, f"{form[-1][1]}\n\n{content}")
        else:
            form.append((role, content))
    return form
