"""What chat completions and completions share: a list of choices, each of which ends for itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from guard.surfaces.fields import index_of, listed
from guard.surfaces.parts import Key, Part
from guard.surfaces.surface import Surface
from guard.surfaces.walk import Path
from guard.types import Json

# What Azure says of its content filter beside each prompt and choice; it is none of the model's words.
FILTER_KEYS = frozenset(
    """
    prompt_filter_results prompt_index content_filter_results content_filter_result content_filter_offsets check_offset
    start_offset end_offset filtered detected severity hate self_harm sexual violence profanity jailbreak
    indirect_attack protected_material_text protected_material_code citation license custom_blocklists details
    """.split()  # noqa: SIM905 - twenty quoted words would be harder to read
)
SEVERITY = re.compile("safe|low|medium|high")
# What an event may hold besides content and still be read without walking it: nothing here can hold a placeholder.
FRAME = frozenset({"id", "object", "created", "model", "choices", "system_fingerprint", "service_tier", "usage"})


class Choices(Surface):
    """A surface whose replies are a list of `choices`."""

    done = b"[DONE]"
    content: frozenset[Path] = frozenset()  # where in a choice its content stands

    def reply_problem(self, body: Mapping[str, Json]) -> str:
        """Why `body` is not a reply of this surface."""
        choices = body.get("choices")
        good = isinstance(choices, list) and all(isinstance(choice, dict) for choice in choices)
        return "" if good else "it has no list of choices"

    def placed(self, body: Mapping[str, Json], path: Path) -> Part | None:
        """Which text of a choice the string at `path` belongs to. Lists count by the `index` of their items."""
        if len(path) < 3 or path[0] != "choices" or not isinstance(path[1], int):
            return None
        key: list[str | int] = []
        value: Any = body["choices"]
        for step in path[1:]:
            value = value[step]
            key.append(index_of(value, step) if isinstance(step, int) and isinstance(value, dict) else step)
        content = path[2:] in self.content
        return Part(int(key[0]), tuple(key), content, piece=self.is_piece(body, path))

    def is_piece(self, body: Mapping[str, Json], path: Path) -> bool:
        """Whether the string at `path` is a part of a text that goes on over events."""
        del body, path
        raise AssertionError  # a subclass says so

    def finished(self, body: Mapping[str, Json]) -> tuple[Key, ...]:
        """The choices whose texts end with this event."""
        return tuple((index,) for index in self.ended(body))

    def begun(self, body: Mapping[str, Json]) -> tuple[int, ...]:
        """The choices of this body."""
        return tuple(index_of(choice, place) for place, choice in enumerate(listed(body, "choices")))

    def ended(self, body: Mapping[str, Json]) -> tuple[int, ...]:
        """The choices that end with this event."""
        places = enumerate(listed(body, "choices"))
        return tuple(index_of(choice, place) for place, choice in places if choice.get("finish_reason"))

    def without_tokens(self, body: dict[str, Json]) -> dict[str, Json]:
        """A reply or event without the tokens of its choices; the same object where it has none."""
        choices = listed(body, "choices")
        if not any(choice.get("logprobs") for choice in choices):
            return body
        return {**body, "choices": [{**c, "logprobs": None} if c.get("logprobs") else c for c in choices]}
