"""Which guard this is."""

import tomllib
from pathlib import Path

import pytest

from guard.release import release


def test_the_version_is_that_of_the_package() -> None:
    stated = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]["version"]
    assert release() in {stated, "0"}


def test_a_guard_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    assert release() == "0"
