"""Constitutions to write into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from guard.constitution import Constitution, load


def principle(id_: str, **keys: Any) -> dict[str, Any]:
    """A principle as it stands in a file; one for prompts has examples without a reply."""
    asked = keys.get("applies_to") == "prompt"

    def examples(word: str) -> list[dict[str, str]]:
        return [
            {"prompt": f"{word} {id_} {n}?"} | ({} if asked else {"reply": f"The {word} answer {n} on {id_}."})
            for n in range(2)
        ]

    plain = {
        "statement": f"The assistant keeps {id_}.",
        "question": f"Does the reply break {id_}?",
        "applies_to": "reply",
        "severity": "high",
        "on_violation": "block",
        "violates": examples("wrong"),
        "complies": examples("right"),
    }
    return {"id": id_, **plain, **keys}


def write(folder: Path, name: str, *principles: dict[str, Any], **keys: Any) -> Path:
    """The file of a constitution."""
    path = folder / f"{name}.yaml"
    document = {"constitution": name, "version": 1, **keys}
    if principles:
        document["principles"] = list(principles)
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def made(folder: Path, name: str, *principles: dict[str, Any], **keys: Any) -> Constitution:
    """The constitution that the file comes to."""
    return load(write(folder, name, *principles, **keys))
