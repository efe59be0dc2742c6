"""Any token classifier of the Hugging Face hub, or of a folder, as a recognizer: openai/privacy-filter among them.

A text longer than the model reads at once is read in windows that overlap; of what two windows say of one token the one
counts that sees more on both sides. A word is found as a whole where a part of it is. Torch and transformers are
imported where they are first used. The network is used only where the policy allows a download.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from guard.errors import ConfigError
from guard.mask.patterns import Result

Device = Literal["auto", "cpu", "cuda"]

NAME = "huggingface"
BATCH = 8  # windows that the model reads at once
WINDOW = 512  # tokens of a window, the special ones included, where the model reads more

# What labels of public models are called here; others become an entity of their own name.
ENTITIES = {
    "per": "PERSON",
    "person": "PERSON",
    "private_person": "PERSON",
    "name": "PERSON",
    "firstname": "PERSON",
    "givenname": "PERSON",
    "lastname": "PERSON",
    "surname": "PERSON",
    "loc": "LOCATION",
    "location": "LOCATION",
    "gpe": "LOCATION",
    "city": "LOCATION",
    "street": "LOCATION",
    "address": "LOCATION",
    "private_address": "LOCATION",
    "org": "ORGANIZATION",
    "organization": "ORGANIZATION",
    "company": "ORGANIZATION",
    "email": "EMAIL_ADDRESS",
    "private_email": "EMAIL_ADDRESS",
    "phone": "PHONE_NUMBER",
    "telephonenum": "PHONE_NUMBER",
    "private_phone": "PHONE_NUMBER",
    "private_url": "URL",
    "date": "DATE_TIME",
    "private_date": "DATE_TIME",
    "creditcardnumber": "CREDIT_CARD",
    "password": "SECRET",
    "secret": "SECRET",
}

_PREFIX = re.compile("([BIOESLU])[-_](.+)", re.DOTALL)
_FIRST = {"B-", "S-", "U-"}  # the marks of an entity's first token
_GLUED = re.compile("[0-9A-Za-zÀ-ÖØ-öø-ɏͰ-ϿЀ-ӿ]")  # letters of scripts that part words by spaces
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError, json.JSONDecodeError)


@dataclass(frozen=True, slots=True)
class _Window:
    """What the model reads at once of text number `text`: the tokens from `first` on, `ids` with special ones."""

    text: int
    first: int
    ids: Sequence[int]
    special: Sequence[int]


class TokenClassifier:
    """`entities` says what a label is called here; a label that it maps to None is not looked for.

    `threshold` is the probability, 0 to 1, from which a token counts. Raises ConfigError.
    """

    name = NAME
    supported_language = "*"

    def __init__(
        self,
        model: str,
        *,
        entities: Mapping[str, str | None] | None = None,
        threshold: float = 0.4,
        window: int = WINDOW,
        device: Device = "auto",
        download: bool = False,
    ) -> None:
        self._tokenizer, self._model, self._device = _load(model, device, download=download)
        self._entities = _classes(self._model.config.id2label, entities or {}, model)
        self._first = {index for index, label in self._model.config.id2label.items() if label[:2] in _FIRST}
        self.supported_entities = sorted({entity for entity in self._entities if entity})
        self._threshold = threshold
        self._window = min([window, *_limits(self._tokenizer, self._model.config)])

    def analyze(
        self,
        text: str,
        entities: Sequence[str] | None = None,
        nlp_artifacts: Any = None,  # noqa: ARG002  Presidio's signature
    ) -> list[Result]:
        """What the model finds in one text; only `entities` where they are given."""
        (results,) = self.analyze_batch([text])
        return [result for result in results if entities is None or result.entity_type in entities]

    def analyze_batch(self, texts: Sequence[str]) -> list[list[Result]]:
        """What the model finds in each text."""
        offsets: list[list[tuple[int, int]]] = [[] for _ in texts]
        windows: list[_Window] = []
        for index, text in enumerate(texts):
            if text and not text.isspace():
                offsets[index], made = self._windows(index, text)
                windows += made
        scores = self._read(windows, [len(each) for each in offsets])
        return [
            list(self._results(text, places, of_tokens))
            for text, places, of_tokens in zip(texts, offsets, scores, strict=True)
        ]

    def _windows(self, index: int, text: str) -> tuple[list[tuple[int, int]], list[_Window]]:
        """Where each token stands in the text, and the windows over them."""
        encoded = self._tokenizer(
            text,
            truncation=True,
            max_length=self._window,
            stride=self._window // 4,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        places: list[tuple[int, int]] = []
        windows: list[_Window] = []
        for ids, mapping, special in zip(
            encoded["input_ids"], encoded["offset_mapping"], encoded["special_tokens_mask"], strict=True
        ):
            own = [tuple(place) for place, mark in zip(mapping, special, strict=True) if not mark]
            first = max(len(places) - self._window // 4, 0) if windows else 0
            places += own[len(places) - first :]
            windows.append(_Window(index, first, ids, special))
        return places, windows

    def _read(self, windows: Sequence[_Window], lengths: Sequence[int]) -> list[list[Sequence[float]]]:
        """The probability of each entity for each token of each text."""
        scores: list[list[Sequence[float]]] = [[()] * length for length in lengths]
        depth = [[-1] * length for length in lengths]  # how many tokens were seen on the side where fewer were
        order = sorted(windows, key=lambda window: len(window.ids))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            for window, rows in zip(batch, self._probabilities([w.ids for w in batch]), strict=True):
                own = [row for row, mark in zip(rows, window.special, strict=False) if not mark]
                for at, row in enumerate(own):
                    seen = min(at if window.first else len(own), len(own) - 1 - at)
                    if seen > depth[window.text][window.first + at]:
                        scores[window.text][window.first + at] = row
                        depth[window.text][window.first + at] = seen
        return scores

    def _probabilities(self, batch: Sequence[Sequence[int]]) -> list[list[list[float]]]:
        import torch

        longest = max(map(len, batch))
        pad = self._tokenizer.pad_token_id or 0
        ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in batch], device=self._device)
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in batch], device=self._device)
        with torch.inference_mode():
            logits = self._model(input_ids=ids, attention_mask=mask).logits
        found: list[list[list[float]]] = logits.float().softmax(-1).cpu().tolist()
        return found

    def _results(
        self, text: str, places: Sequence[tuple[int, int]], scores: Sequence[Sequence[float]]
    ) -> Iterator[Result]:
        current: Result | None = None
        for (start, end), row in zip(places, scores, strict=True):
            found = self._token(row, start, end)
            if current and found and _goes_on(current, found, text) and not self._begins(row, current.end < start):
                current = replace(current, end=max(end, current.end), score=max(found.score, current.score))
                continue
            if current:
                yield _whole(current, text)
            current = found
        if current:
            yield _whole(current, text)

    def _token(self, row: Sequence[float], start: int, end: int) -> Result | None:
        """The likeliest entity of a token, whatever part of it the token is; None where none is likely enough."""
        sums = dict.fromkeys(self.supported_entities, 0.0)
        for entity, score in zip(self._entities, row, strict=True):
            if entity:
                sums[entity] += score
        entity = max(sums, key=sums.__getitem__)
        return Result(entity, start, end, min(sums[entity], 1.0)) if sums[entity] >= self._threshold else None

    def _begins(self, row: Sequence[float], apart: bool) -> bool:  # noqa: FBT001  it follows from the text
        """Whether the likeliest class marks a first token; one glued to the token before goes on with its word."""
        return apart and max(range(len(row)), key=row.__getitem__) in self._first


def _goes_on(current: Result, found: Result, text: str) -> bool:
    return found.entity_type == current.entity_type and not text[current.end : found.start].strip()


def _whole(result: Result, text: str) -> Result:
    """The span, widened to the ends of the words that it cuts, in scripts that part words by spaces."""
    start, end = result.start, result.end
    start += len(text[start:end]) - len(text[start:end].lstrip())
    while 0 < start < len(text) and _GLUED.match(text[start]) and _GLUED.match(text[start - 1]):
        start -= 1
    while 0 < end < len(text) and _GLUED.match(text[end]) and _GLUED.match(text[end - 1]):
        end += 1
    return replace(result, start=start, end=end)


def _load(name: str, device: Device, *, download: bool) -> tuple[Any, Any, str]:
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    place = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=not download)
        # Safetensors alone: the older format can run code.
        model = AutoModelForTokenClassification.from_pretrained(
            name, local_files_only=not download, use_safetensors=True
        ).to(place)
    except _UNREADABLE as error:
        remedy = "Check the name" if download else "Put it into that folder, or set 'download: true'"
        raise ConfigError(f"token classifier '{name}' cannot be read ({type(error).__name__}). {remedy}.") from error
    if not tokenizer.is_fast:
        raise ConfigError(f"token classifier '{name}' has no fast tokenizer, which tells where a token stands.")
    model.eval().requires_grad_(False)
    return tokenizer, model, place


def _limits(tokenizer: Any, config: Any) -> list[int]:
    """How many tokens the model reads at once at most, as its files say."""
    said = (getattr(tokenizer, "model_max_length", None), getattr(config, "max_position_embeddings", None))
    return [limit for limit in said if limit]


def _classes(labels: Mapping[int, str], wanted: Mapping[str, str | None], model: str) -> list[str | None]:
    """The entity of each class of the model, None for those that are none. Raises ConfigError for unknown labels."""
    stems = [_stem(labels[index]) for index in sorted(labels)]
    unknown = sorted(set(wanted) - set(stems))
    if unknown:
        known = ", ".join(sorted(set(stems) - {""}))
        raise ConfigError(f"token classifier '{model}' has no label {', '.join(unknown)}. Its labels are {known}.")
    entities = [wanted[stem] if stem in wanted else _entity_of(stem) for stem in stems]
    if not any(entities):
        raise ConfigError(f"token classifier '{model}' has no label that is looked for. Name some under 'entities'.")
    return entities


def _stem(label: str) -> str:
    """A label without the mark of a token's place in BIO, BIOES or BILOU; "" for the class of what is no entity."""
    match = _PREFIX.fullmatch(label)
    return match[2] if match else "" if label == "O" else label


def _entity_of(stem: str) -> str | None:
    return ENTITIES.get(stem.lower()) or re.sub("[^0-9A-Za-z]+", "_", stem).strip("_").upper() or None
