"""Load a causal language model: any that transformers reads, or the small one that comes as a package.

torch and transformers are imported where they are first used, so that importing this module is quick.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

from guard.backends import packaged
from guard.backends.copying import Vocabulary
from guard.backends.packaged import file_digest, no_progress_bars
from guard.errors import ConfigError
from guard.types import Progress

Device: TypeAlias = str
# auto    a GPU if there is one, else the CPU
# others  a torch device: cpu, cuda, cuda:1

Quantized = Literal["int8", "int4"]
Precision = Literal["auto", "float32", "bfloat16", "float16", "int8", "int4"]
# auto         bfloat16 on a GPU, float32 on a CPU: there scores are exact
# int8, int4   on a GPU alone, by bitsandbytes: a half and a quarter of bfloat16's memory; the rest in bfloat16

Turn: TypeAlias = tuple[str, str]
"""A role (system, user or assistant) and what it says."""

# What is fetched of a model of the hub: not its weights in older formats, which can run code, nor its code.
FILES = ("*.json", "*.safetensors", "*.jinja", "*.model", "*.txt")
TWICE = ("*/*", "consolidated*")  # the same weights in other forms

_CONFIG_ERRORS = (OSError, ValueError, KeyError, ImportError, RuntimeError)


def _silent(message: str) -> None:
    del message


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


def load(
    name: str,
    *,
    cache: Path,
    device: Device = "auto",
    dtype: Precision = "auto",
    progress: Progress = _silent,
) -> CausalModel:
    """Load the model `name`: a key of `packaged.NAMES`, a folder, or an id of the Hugging Face hub.

    `cache` keeps converted packaged models. The network is used only for an id that is not on this machine yet;
    weights are read as safetensors alone, for the older format can run code. Raises ConfigError.
    """
    if name in packaged.NAMES:
        folder = packaged.converted(name, cache=cache, progress=progress)
        return _read(name, str(folder), device, dtype, progress, digest=folder.name.rpartition("-")[2])
    path = Path(name).expanduser()
    if path.is_dir():
        return _read(name, str(path), device, dtype, progress, digest=_folder_digest(path))
    folder = _snapshot(name, progress)
    return _read(name, str(folder), device, dtype, progress, digest=folder.name)


def _read(name: str, source: str, device: Device, dtype: Precision, progress: Progress, *, digest: str) -> CausalModel:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = _device(device)
    options = _weights(dtype, place)
    progress(f"loading {name}")
    try:
        with no_progress_bars():
            tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
            if not getattr(tokenizer, "chat_template", None):
                raise ConfigError(
                    f"model '{name}' has no chat template, so it is a base model. Name an instruction model."
                )
            model = AutoModelForCausalLM.from_pretrained(source, local_files_only=True, use_safetensors=True, **options)
    except _CONFIG_ERRORS as error:
        raise _unreadable(name, error) from error
    model.eval().requires_grad_(False)
    return CausalModel(name, digest, model, tokenizer, dtype if dtype in ("int8", "int4") else None)


def _weights(dtype: Precision, place: str) -> dict[str, Any]:
    """How the weights are to be loaded, as transformers takes it. Raises ConfigError."""
    import torch

    placed = {} if place == "cpu" else {"device_map": place}
    if dtype not in {"int8", "int4"}:
        return {"dtype": getattr(torch, _precision(dtype, place)), **placed}
    if place == "cpu":
        raise ConfigError(f"dtype '{dtype}' needs a GPU, and this machine shows none. Write auto or bfloat16.")
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ConfigError(
            f"dtype '{dtype}' needs the package bitsandbytes, which is not installed. "
            "Install it: pip install bitsandbytes, or write bfloat16."
        )
    from transformers import BitsAndBytesConfig

    quantization = (
        BitsAndBytesConfig(load_in_8bit=True)
        if dtype == "int8"
        else BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    )
    return {"dtype": torch.bfloat16, "quantization_config": quantization, **placed}


def _snapshot(name: str, progress: Progress) -> Path:
    """The folder with the model of the id `name`, fetched only where it is not on this machine. Raises ConfigError.

    Its files are named by the commit, and read from there: asked for an id, transformers asks the network.
    """
    from httpx import HTTPError
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
        if _is_whole(folder):
            return folder
    except LocalEntryNotFoundError:
        pass
    except HFValidationError as error:
        raise _unreadable(name, error) from error
    progress(f"fetching {name} from the Hugging Face hub")
    try:
        with no_progress_bars():
            return Path(snapshot_download(name, allow_patterns=list(FILES), ignore_patterns=list(TWICE)))
    except (*_CONFIG_ERRORS, HTTPError) as error:
        raise _unreadable(name, error) from error


def _is_whole(folder: Path) -> bool:
    """Whether the files of a model are all here: another program may have fetched the configuration alone."""
    index = folder / "model.safetensors.index.json"
    try:
        parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()) if index.exists() else ()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    weights = [folder / part for part in parts] or [folder / "model.safetensors"]
    return all(file.exists() for file in (folder / "config.json", *weights)) and any(folder.glob("tokenizer*"))


def _unreadable(name: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"model '{name}' cannot be loaded ({type(error).__name__}). Name a folder with config, tokenizer and"
        " safetensors, or an id of the Hugging Face hub that this machine holds or can reach."
    )


def _device(device: Device) -> str:
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.device(device)
    except RuntimeError as error:
        raise ConfigError(f"device '{device}' is unknown. Write auto, cpu or cuda.") from error
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigError(f"device '{device}' is not on this machine. Write auto or cpu.")
    return device


def _precision(dtype: Precision, place: str) -> str:
    if dtype == "auto":
        return "float32" if place == "cpu" else "bfloat16"
    return dtype


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _folder_digest(path: Path) -> str:
    """The SHA-256 over the names and SHA-256 digests of the folder's files."""
    files = sorted(file for file in path.iterdir() if file.is_file())
    return _sha256("".join(f"{file.name} {file_digest(file)}\n" for file in files).encode())
