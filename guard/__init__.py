"""guard: nothing confidential leaves, every reply is held to written rules, every decision is on record."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from guard.errors import GuardError
    from guard.library import Guard, HeldError, Reviewed, WithheldError

__all__ = ["Guard", "GuardError", "HeldError", "Reviewed", "WithheldError"]


def __getattr__(name: str) -> Any:
    """A public name, loaded where it is first used: `import guard` alone reads no other file."""
    if name not in __all__:
        raise AttributeError(f"module 'guard' has no attribute '{name}'")
    from guard import errors, library

    return getattr(errors if name == "GuardError" else library, name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
