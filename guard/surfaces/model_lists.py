"""The lists of models of OpenAI and of Google, each in the shape of the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from guard.types import Json

_FOLDER = "models/"


def from_google(body: object, owner: str) -> list[dict[str, object]] | None:
    """The models that Google's list names, as OpenAI lists them; None where it is no such list."""
    found = body.get("models") if isinstance(body, dict) else None
    if not isinstance(found, list):
        return None
    names = (item.get("name") for item in found if isinstance(item, dict))
    ids = [name.removeprefix(_FOLDER) for name in names if isinstance(name, str)]
    return [{"id": id_, "object": "model", "created": 0, "owned_by": owner} for id_ in ids]


def to_google(models: Iterable[Mapping[str, Json]]) -> dict[str, Json]:
    """Models as OpenAI lists them, in Google's shape."""
    return {"models": [{"name": f"{_FOLDER}{model['id']}"} for model in models]}
