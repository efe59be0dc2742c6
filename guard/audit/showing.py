"""What others wrote, as it is shown in a terminal."""

from __future__ import annotations

from collections.abc import Iterator


def shown(line: str) -> str:
    """`line` without characters that would steer a terminal: a reply must not repaint what is shown around it."""
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in line)


def indented(text: str) -> Iterator[str]:
    """The lines of `text`, each indented and without characters that would steer a terminal."""
    yield from (f"  {shown(line)}" for line in text.splitlines())
