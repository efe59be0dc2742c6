"""guard inside guardrails-ai and LiteLLM's proxy, and validators inside guard: tried where these are installed.

`make install-integrations` makes that place. The tests are those of the folder `inside`, run by its own Python.
"""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-integrations" / "bin" / "python"
CHECKS = sorted((Path(__file__).parent / "inside").glob("check_*.py"))


def test_it_works_where_the_others_are() -> None:
    # In one process, because to import the others' packages takes longest. What they warn of is for them to mend.
    command = [
        PYTHON,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-W",
        "ignore::DeprecationWarning",
        "-W",
        "ignore::UserWarning",
        *CHECKS,
    ]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(CHECKS) == 3
