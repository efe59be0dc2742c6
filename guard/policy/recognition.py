"""What a policy has recognized: profiles, languages, models, and lists of the company's own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from guard.documents import Strict

Profile = Literal["full", "fast", "patterns", "none"]
# full      patterns and every model for names
# fast      patterns and the quicker models for names: of the two for English the one that knows forms
# patterns  patterns alone: no model is loaded
# none      nothing is recognized, so nothing is masked; the log says so and keeps no content

MODELLED: frozenset[Profile] = frozenset({"full", "fast"})  # the profiles that load models for names

Language = Literal["en", "ko", "ja"]
# which models for names run: English (and other Latin script), Korean, Japanese

Entity = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=60)]


class HuggingFace(Strict):
    """A token classifier: an id of the Hugging Face hub, or a folder. `entities` says what labels are called here."""

    model: str = Field(min_length=1)
    entities: dict[str, Entity | None] = Field(default_factory=dict)
    threshold: float = Field(0.4, gt=0, le=1)
    window: int = Field(512, ge=16)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    download: bool = False


class Gliner(Strict):
    """A GLiNER model: an id of the Hugging Face hub, or a folder. `labels` says which entity each of its labels is."""

    model: str = Field(min_length=1)
    labels: dict[str, Entity] = Field(min_length=1)
    threshold: float = Field(0.4, gt=0, le=1)
    words: int = Field(256, ge=16)
    device: str = "cpu"
    download: bool = False


class RemoteAnalyzer(Strict):
    """A Presidio analyzer that is asked over HTTP. `key_env` names the variable that holds its bearer token."""

    url: str = Field(pattern=r"^https?://[^\s/]+")
    language: str = "en"
    entities: tuple[Entity, ...] = ()
    threshold: float = Field(0.0, ge=0, le=1)
    timeout: float = Field(5.0, gt=0, le=600)
    key_env: str | None = None


_CLASSES = {
    "huggingface": "guard.backends.token_classifier.TokenClassifier",
    "gliner": "guard.backends.gliner_names.GlinerNames",
    "presidio": "guard.backends.remote_presidio.RemotePresidio",
}


class Extra(Strict):
    """A recognizer besides guard's own: a model by a short name, or any Presidio recognizer by its class path."""

    of_class: str | None = Field(None, alias="class", pattern=r"^[A-Za-z_][\w.]*\.[A-Za-z_]\w*$")
    with_options: dict[str, Any] = Field(default_factory=dict, alias="options")
    huggingface: HuggingFace | None = None
    gliner: Gliner | None = None
    presidio: RemoteAnalyzer | None = None

    @model_validator(mode="after")
    def _is_one_recognizer(self) -> Extra:
        named = [name for name in ("of_class", *_CLASSES) if getattr(self, name) is not None]
        if len(named) != 1:
            raise ValueError("a recognizer is one of 'class', 'huggingface', 'gliner' and 'presidio': name one of them")
        if self.with_options and self.of_class is None:
            raise ValueError("'options' goes with 'class': write the options below the name of the recognizer")
        return self

    @property
    def class_path(self) -> str:
        """The class that is the recognizer."""
        return self.of_class or next(path for name, path in _CLASSES.items() if getattr(self, name) is not None)

    @property
    def options(self) -> dict[str, Any]:
        """What it is made with."""
        chosen = self.huggingface or self.gliner or self.presidio
        return chosen.model_dump() if chosen else self.with_options


class Terms(Strict):
    """A list of the company's own: terms that are one kind of entity, in a file (one a line), here, or both.

    A file is named from the folder of the policy.
    """

    entity: str = Field(pattern=r"^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$", max_length=60)
    file: str | None = Field(None, min_length=1)
    terms: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _holds_terms(self) -> Terms:
        if self.file is None and not self.terms:
            raise ValueError("a list needs 'file' or 'terms': name a file with one term a line, or write terms")
        return self


class CodeRules(Strict):
    """What of the company's programs is found: blocks of source code, and names of hosts, packages and folders."""

    source_code: bool = False
    internal: tuple[str, ...] = ()


class Recognition(Strict):
    """Which recognizers run. `threshold` is the score from which a span counts, 0 to 1."""

    profile: Profile = "full"
    threshold: float = Field(0.4, ge=0, le=1)
    languages: tuple[Language, ...] = Field(("en", "ko", "ja"), min_length=1)
    recognizers: tuple[Extra, ...] = ()
    lists: tuple[Terms, ...] = ()
    fingerprints: tuple[str, ...] = ()
    code: CodeRules = Field(default_factory=CodeRules)

    @model_validator(mode="after")
    def _recognizes_what_it_names(self) -> Recognition:
        if self.profile == "none" and (self.lists or self.fingerprints or self.code != CodeRules()):
            raise ValueError(
                "profile 'none' recognizes nothing: choose 'patterns', or drop 'lists', 'fingerprints' and 'code'"
            )
        return self
