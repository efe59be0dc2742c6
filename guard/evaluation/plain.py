"""Presidio as it comes, to compare with: its AnalyzerEngine and its default recognizers on the packaged spaCy model.

For Korean its five Korean recognizers, which ship disabled, run beside them; for Japanese it has none. Results below
its own default threshold are dropped by it, overlaps are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guard.backends.presidio import forbid_downloads, load_model
from guard.evaluation.scoring import Find

KOREAN = (
    "KrBrnRecognizer",
    "KrDriverLicenseRecognizer",
    "KrFrnRecognizer",
    "KrPassportRecognizer",
    "KrRrnRecognizer",
)


def plain_presidio() -> Callable[[str, str], list[Find]]:
    """A function from a text and its language to what Presidio finds in it."""
    forbid_downloads()
    from presidio_analyzer import predefined_recognizers as predefined

    default = _engine([])
    korean = _engine([getattr(predefined, name)(supported_language="en") for name in KOREAN])

    def find(text: str, language: str) -> list[Find]:
        engine = korean if language == "ko" else default
        return [(found.start, found.end, found.entity_type) for found in engine.analyze(text, language="en")]

    return find


def _engine(more: list[Any]) -> Any:
    """An AnalyzerEngine on the model with all its pipes, and with more recognizers."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

    models = [{"lang_code": "en", "model_name": "packaged"}]
    nlp = SpacyNlpEngine(models=models, ner_model_configuration=NerModelConfiguration())
    nlp.nlp = {"en": load_model(pipes=None)}
    engine = AnalyzerEngine(nlp_engine=nlp)
    for recognizer in more:
        engine.registry.add_recognizer(recognizer)
    return engine
