"""What guard offers to programs, and what importing it costs."""

import subprocess
import sys

import pytest

import guard

HEAVY = {"aiohttp", "presidio_analyzer", "spacy", "starlette", "tldextract", "torch", "transformers", "uvicorn"}


def loaded(program: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after `program`."""
    told = f"{program}\nimport sys\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_public_names_are_these() -> None:
    assert guard.__all__ == ["Guard", "GuardError", "HeldError", "Reviewed", "WithheldError"]
    assert guard.__all__ == sorted(guard.__all__)
    assert all(getattr(guard, name).__name__ == name for name in guard.__all__)
    assert set(guard.__all__) <= set(dir(guard))


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Manager'"):
        guard.Manager  # noqa: B018 - the access is what is tested


def test_importing_guard_loads_nothing_else() -> None:
    assert {name for name in loaded("import guard") if name.startswith("guard")} == {"guard"}


def test_help_and_the_library_load_nothing_heavy() -> None:
    help_ = "from click.testing import CliRunner\nfrom guard.cli import main\nCliRunner().invoke(main, ['--help'])"
    assert HEAVY & loaded(help_) == set()
    assert HEAVY & loaded("from guard import Guard") == set()


def test_helps_first_word_loads_no_part_of_guard() -> None:
    parts = {name for name in loaded("import guard.cli") if name.startswith("guard.")}
    commands = {name for name in parts if name.startswith("guard.commands")}
    assert parts - commands == {"guard.cli", "guard.errors", "guard.times", "guard.types"}
