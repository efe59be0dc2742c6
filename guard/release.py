"""Which guard this is."""

from importlib.metadata import PackageNotFoundError, version


def release() -> str:
    """The version that is installed; 0 where guard runs from a folder without being installed."""
    try:
        return version("constitutional-guard")
    except PackageNotFoundError:
        return "0"
