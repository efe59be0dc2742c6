"""Load a causal language model: any that transformers reads, or the small one that comes as a package.

torch and transformers are imported where they are first used, so that importing this module is quick.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import Any, Literal, TypeAlias

from guard.backends import packaged
from guard.backends.causal_model import CausalModel
from guard.backends.packaged import file_digest, no_progress_bars
from guard.errors import ConfigError
from guard.types import Progress

Device: TypeAlias = str
# auto    a GPU if there is one, else the CPU
# others  a torch device: cpu, cuda, cuda:1
Precision = Literal["auto", "float32", "bfloat16", "float16", "int8", "int4"]
# auto         bfloat16 on a GPU, float32 on a CPU: there scores are exact
# int8, int4   on a GPU alone, by bitsandbytes: a half and a quarter of bfloat16's memory; the rest in bfloat16

# What is fetched of a model of the hub: not its weights in older formats, which can run code, nor its code.
FILES = ("*.json", "*.safetensors", "*.jinja", "*.model", "*.txt")
TWICE = ("*/*", "consolidated*")  # the same weights in other forms

_CONFIG_ERRORS = (OSError, ValueError, KeyError, ImportError, RuntimeError)


def _silent(message: str) -> None:
    del message


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
