"""The critic that judges replies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from guard.config.credentials import key_of
from guard.documents import Strict

CriticForm = Literal["logprobs", "safeguard", "granite", "llama-guard", "qwen3guard"]
# logprobs     an instruction model that is asked for one token, on a server that tells its log-probabilities
# safeguard    gpt-oss-safeguard
# granite      Granite Guardian
# llama-guard  Llama Guard
# qwen3guard   Qwen3Guard-Gen


class CriticConfig(Strict):
    """The critic: `embedded`, the id or path of a causal language model, or with `url` the name of one on a server.

    With `calibrate` a language model is fitted to the constitution's examples, once. `first: embedded` lets the
    embedded critic judge first, and the model only what is not clearly fine; `recall` is the share of violating
    examples that have to reach the model. With `labels` what people say of verdicts is an example too. `options` go
    into every request to the server. In `cache_mb` a model in this process keeps what it read lately.
    """

    model: str = "embedded"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16", "int8", "int4"] = "auto"
    cache_mb: int = Field(256, ge=0)
    calibrate: bool = True
    timeout_s: float = Field(30, gt=0)
    url: str | None = Field(None, pattern=r"^https?://[^\s@?#]+$")
    key_env: str | None = None
    key_file: Path | None = None
    form: CriticForm = "logprobs"
    options: dict[str, Any] | None = None
    concurrency: int = Field(8, ge=1, le=256)
    most_characters: int = Field(24_000, ge=1000)
    first: Literal["embedded"] | None = None
    recall: float = Field(0.9, gt=0, lt=1)
    harm: bool = True
    labels: bool = True

    @model_validator(mode="after")
    def _goes_together(self) -> CriticConfig:
        if self.url is not None and self.model == "embedded":
            raise ValueError("a critic with a 'url' needs 'model', its name on the server")
        if self.first is not None and self.model == "embedded":
            raise ValueError("'first: embedded' needs a 'model' that is asked second; without one drop 'first'")
        if self.key_env and self.key_file:
            raise ValueError("give either 'key_env' or 'key_file'")
        if self.url is None:
            of_a_server = ("key_env", "key_file", "form", "options", "most_characters")
            given = next((key for key in of_a_server if key in self.model_fields_set), None)
            if given is not None and getattr(self, given) != type(self).model_fields[given].default:
                raise ValueError(f"'{given}' is for a critic on a server; add its 'url', or drop '{given}'")
        return self

    def key(self, environ: Mapping[str, str]) -> str | None:
        """The key for the server, where there is one. Raises ConfigError."""
        return key_of("critic", self.key_env, self.key_file, environ)
