import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from guard.backends import causal
from guard.backends.causal import load
from guard.backends.causal_model import CausalModel
from guard.errors import ConfigError

Tiny = Callable[[str], CausalModel]


@pytest.fixture(scope="module")
def folder(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny-llama")
    model = tiny("llama")
    model.model.save_pretrained(path)
    model.tokenizer.save_pretrained(path)
    return path


def test_importing_it_loads_no_torch() -> None:
    code = (
        "import sys, guard.backends.local, guard.backends.packed;"
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_packaged_model_answers_in_english(smollm: CausalModel) -> None:
    ids = torch.tensor([smollm.encode("The capital of France is")])
    assert smollm.decode([int(smollm.model(ids).logits[0, -1].argmax())]) == " Paris"
    assert smollm.context == 8192
    assert smollm.model.dtype == torch.float32
    assert {smollm.decode([token]) for token in smollm.ends} == {""}


def test_a_folder_is_loaded_without_the_network(folder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    model = load(str(folder), cache=tmp_path, progress=said.append)
    assert model.id == str(folder)
    assert said == [f"loading {folder}"]
    assert load(str(folder), cache=tmp_path).digest == model.digest


def test_the_digest_changes_with_the_weights(folder: Path, tmp_path: Path) -> None:
    before = causal._folder_digest(folder)
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-1] + b"x")
    for file in folder.iterdir():
        if file.name != "model.safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    assert causal._folder_digest(tmp_path) != before


@pytest.mark.parametrize(
    ("asked", "kind"), [("auto", torch.float32), ("bfloat16", torch.bfloat16), ("float16", torch.float16)]
)
def test_the_type_of_the_weights_is_chosen(folder: Path, tmp_path: Path, asked: Any, kind: torch.dtype) -> None:
    assert load(str(folder), cache=tmp_path, device="cpu", dtype=asked).model.dtype == kind


def test_a_gpu_gets_bfloat16() -> None:
    assert causal._precision("auto", "cuda") == "bfloat16"


def test_auto_takes_a_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert causal._device("auto") == "cuda"
    assert causal._device("cuda:0") == "cuda:0"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert causal._device("auto") == "cpu"
    with pytest.raises(ConfigError, match="not on this machine"):
        causal._device("cuda")
    with pytest.raises(ConfigError, match="unknown"):
        causal._device("abacus")


def test_a_base_model_is_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        if file.name != "chat_template.jinja":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ConfigError, match="no chat template"):
        load(str(tmp_path), cache=tmp_path)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load(str(tmp_path), cache=tmp_path)


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(folder: Path, tmp_path: Path) -> Path:
    """A cache of the Hugging Face hub with the tiny model in it, as its own library lays it out."""
    model = tmp_path / "models--owner--tiny"
    snapshot = model / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(COMMIT)
    for file in folder.iterdir():
        shutil.copy(file, snapshot / file.name)
    return tmp_path


OFFLINE = """
import socket, sys
tried = []

def refuse(*arguments, **options):
    tried.append(arguments)
    raise OSError("there is no network here")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
from pathlib import Path
from guard.backends.causal import load
from guard.errors import ConfigError
try:
    model = load(sys.argv[1], cache=Path("."), device="cpu")
    print(model.id, model.digest, model.encode("Hello") != [], model.context)
except ConfigError as error:
    print("refused", "cannot be loaded" in error.message)
print(len(tried))
"""


def load_offline(name: str, hub: Path) -> list[str]:
    environ = {**os.environ, "HF_HUB_CACHE": str(hub), "HF_HUB_OFFLINE": "0"}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OFFLINE, name], capture_output=True, text=True, check=True, env=environ
    )
    return ran.stdout.split("\n")[:2]


def test_a_model_of_the_hub_that_is_here_is_loaded_without_asking_the_network(hub: Path) -> None:
    assert load_offline("owner/tiny", hub) == [f"owner/tiny {COMMIT} True 512", "0"]


@pytest.mark.parametrize("missing", ["model.safetensors", "config.json", "tokenizer*"])
def test_half_a_model_is_not_taken_for_one(hub: Path, missing: str) -> None:
    snapshot = hub / "models--owner--tiny" / "snapshots" / COMMIT
    assert causal._is_whole(snapshot)
    for file in list(snapshot.glob(missing)):
        file.unlink()
    assert not causal._is_whole(snapshot)


def test_of_weights_in_several_files_every_one_has_to_be_here(hub: Path) -> None:
    snapshot = hub / "models--owner--tiny" / "snapshots" / COMMIT
    (snapshot / "model.safetensors").rename(snapshot / "model-1.safetensors")
    index = snapshot / "model.safetensors.index.json"
    index.write_text('{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}')
    assert not causal._is_whole(snapshot)
    (snapshot / "model-2.safetensors").touch()
    assert causal._is_whole(snapshot)
    index.write_text("[]")
    assert not causal._is_whole(snapshot)


def test_an_id_that_is_neither_here_nor_reachable_is_refused(hub: Path) -> None:
    told, tried = load_offline("owner/other", hub)
    assert told == "refused True"
    assert int(tried) > 0


def test_what_is_no_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load("not//an id", cache=tmp_path)


def test_packed_weights_need_a_gpu_and_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for dtype in ("int8", "int4"):
        with pytest.raises(ConfigError, match=f"'{dtype}' needs a GPU"):
            causal._weights(dtype, "cpu")
        with pytest.raises(ConfigError, match="pip install bitsandbytes"):
            causal._weights(dtype, "cuda")


def test_packed_weights_are_asked_for_as_transformers_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "bitsandbytes" or None)
    eight, four = causal._weights("int8", "cuda:1"), causal._weights("int4", "cuda")
    assert (eight["device_map"], eight["dtype"]) == ("cuda:1", torch.bfloat16)
    assert eight["quantization_config"].load_in_8bit
    assert four["quantization_config"].load_in_4bit
    assert four["quantization_config"].bnb_4bit_compute_dtype == torch.bfloat16
    assert causal._weights("auto", "cuda") == {"dtype": torch.bfloat16, "device_map": "cuda"}
    assert causal._weights("auto", "cpu") == {"dtype": torch.float32}
