"""The model servers that calls go to."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from guard.config.credentials import key_of
from guard.documents import Strict
from guard.types import SurfaceName

Api = Literal["openai", "anthropic", "gemini"]
HOSTS: Mapping[str, Api] = {  # whose API is known by its address
    "https://api.anthropic.com/": "anthropic",
    "https://generativelanguage.googleapis.com/": "gemini",
}
SPOKEN: Mapping[Api, frozenset[SurfaceName]] = {
    "openai": frozenset({"chat", "responses", "completions", "embeddings", "moderations"}),
    "anthropic": frozenset({"messages", "count_tokens"}),
    "gemini": frozenset({"gemini", "gemini_tokens", "gemini_embeddings"}),
}
# What litellm does not translate for an upstream that does not speak it.
UNTRANSLATED: frozenset[SurfaceName] = frozenset({"count_tokens", *SPOKEN["gemini"]})


class UpstreamConfig(Strict):
    """One model server: `url` (an API), `litellm` (a provider, by litellm's name) or `model` (run inside guard).

    `models` are shell patterns of the model names it serves; the first upstream that serves a name gets the call.
    `api` says what a `url` speaks and how it takes its key, `surfaces` where it speaks fewer or more than that API.
    Upstreams with the same `pool` share the calls and stand in for each other; then `fallbacks` are asked, by name.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    url: str | None = Field(None, pattern=r"^https?://[^\s@?#]+$")
    litellm: str | None = Field(None, pattern=r"^[a-z0-9_-]+/\S+$")
    model: str | None = None
    models: tuple[str, ...] = ("*",)
    api: Api = "openai"
    surfaces: frozenset[SurfaceName] | None = None
    key_env: str | None = None
    key_file: Path | None = None
    timeout_s: float = Field(120, gt=0)
    trusted: bool = False
    pool: str | None = None
    fallbacks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> UpstreamConfig:
        kinds = {"url": self.url, "litellm": self.litellm, "model": self.model}
        given = {kind for kind, value in kinds.items() if value is not None}
        if given not in ({"url"}, {"litellm"}, {"litellm", "url"}, {"model"}):
            raise ValueError("give one of 'url', 'litellm' and 'model'; 'litellm' may have a 'url' beside it")
        if self.key_env and self.key_file:
            raise ValueError("give either 'key_env' or 'key_file'")
        return self

    def speaks(self, surface: SurfaceName) -> bool:
        """Whether a call of this surface passes through as it is."""
        if self.model is not None:
            return surface == "chat"
        return self.litellm is None and surface in (SPOKEN[self.api] if self.surfaces is None else self.surfaces)

    def serves(self, model: str, surface: SurfaceName) -> bool:
        """Whether it takes a call of this surface for `model`, as it is or translated by litellm."""
        translated = self.model is None and surface not in UNTRANSLATED
        return (self.speaks(surface) or translated) and self.has(model)

    def has(self, model: str) -> bool:
        """Whether it serves a model of this name, on whatever surface."""
        return any(fnmatchcase(model, pattern) for pattern in self.models)

    def key(self, environ: Mapping[str, str]) -> str | None:
        """The key it is to be called with, where it has one of its own. Raises ConfigError."""
        return key_of(f"upstream '{self.name}'", self.key_env, self.key_file, environ)
