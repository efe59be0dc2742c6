"""The examples run: against a proxy on a socket, and as programs of their own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import OpenHouse
from tests.house import MAIL

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(command: list[str], folder: Path, **environ: str) -> str:
    """What a program prints; it must end well."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environ}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_curl(open_house: OpenHouse, tmp_path: Path) -> None:
    house = open_house()
    said = run(["bash", str(EXAMPLES / "curl.sh")], tmp_path, GUARD_URL=f"{house.url}/v1", GUARD_MODEL="echo")
    assert said.endswith("data: [DONE]\n\n")
    assert "EMAIL_ADDRESS_" not in said


def test_openai_client(open_house: OpenHouse, tmp_path: Path) -> None:
    house = open_house()
    program = [sys.executable, str(EXAMPLES / "openai_client.py")]
    said = run(program, tmp_path, GUARD_URL=f"{house.url}/v1", GUARD_MODEL="echo")
    assert said == f"Write a short mail to Alice Meyer ({MAIL}).\n"


def test_library(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    rules = "policy: light\nrecognize: {profile: patterns}\nreview: {constitution: null}\n"
    (tmp_path / "policies" / "light.yaml").write_text(rules)
    said = run([sys.executable, str(EXAMPLES / "library.py")], tmp_path, GUARD_POLICIES=str(tmp_path / "policies"))
    seen = next(line for line in said.splitlines() if line.startswith("the model sees"))
    assert MAIL not in seen
    assert "EMAIL_ADDRESS_" in seen
    assert said.splitlines()[-1].endswith(f"Mail {MAIL}")
