"""`guard constitution`: check, test, compare and read constitutions."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guard.commands.context import config_of, progress, telling_errors
from guard.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from guard.config import Config
    from guard.constitution import Constitution
    from guard.types import Span

NAMES = click.argument("names", nargs=-1, metavar="[NAME|FILE]...")


@click.group()
def constitution() -> None:
    """Check, test, compare and read constitutions.

    A constitution is named as policies name it, or by its file; without a name, those that policies name.
    """


@constitution.command("lint")
@NAMES
@click.pass_context
def lint_files(context: click.Context, names: tuple[str, ...]) -> None:
    """Say what is wrong or weak in the text, by line. Warnings alone are no failure."""
    with telling_errors():
        from guard.constitution.linting import lint

        today = datetime.now(UTC).date()
        found = [one for path in _files(config_of(context), names) for one in lint(path, today)]
        for one in found:
            click.echo(str(one))
        errors = sum(one.grade == "error" for one in found)
        click.echo(f"{errors} errors, {len(found) - errors} warnings")
        if errors:
            sys.exit(1)


@constitution.command("test")
@NAMES
@click.pass_context
def test_examples(context: click.Context, names: tuple[str, ...]) -> None:
    """Have the critic in use judge every example, and say what it is worth for each principle.

    A critic that is fitted to examples, and to what people said of its verdicts, judges each without having seen it.
    Principles with a check are tried on the recognizers of the policy for a caller of whom nothing is known.
    """
    with telling_errors():
        from guard.backends import critics
        from guard.backends.examining import examine
        from guard.constitution.proving import as_text
        from guard.labelling import learn

        config = config_of(context)
        documents = _documents(config, names)
        learnt = learn(config, documents, progress)
        critic = critics.make(config.critic, documents, config.data / "models", progress, learnt.examples)
        checked = any(principle.check for document in documents for principle in document.principles)
        recognize = _recognize(config) if checked else None
        reports = [examine(document, critic, progress, recognize) for document in documents]
        click.echo("\n\n".join(filter(None, (str(learnt), *map(as_text, reports)))))
        if any(report.problems for report in reports):
            sys.exit(1)


@constitution.command("diff")
@click.argument("before", metavar="BEFORE")
@click.argument("after", metavar="AFTER")
@click.pass_context
def diff_versions(context: click.Context, before: str, after: str) -> None:
    """Compare two constitutions, principle by principle, with all that they extend."""
    with telling_errors():
        from guard.constitution.comparing import differences

        config = config_of(context)
        old, new = (_documents(config, (name,))[0] for name in (before, after))
        click.echo("\n".join(differences(old, new)) or f"the same: {old.digest}")


@constitution.command("show")
@NAMES
@click.pass_context
def show_resolved(context: click.Context, names: tuple[str, ...]) -> None:
    """Print a constitution with all that it extends, as Markdown."""
    with telling_errors():
        from guard.constitution.showing import as_markdown

        click.echo("\n\n".join(map(as_markdown, _documents(config_of(context), names))))


@constitution.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of a constitution, for editors."""
    from guard.constitution.files import json_schema

    click.echo(json_schema(), nl=False)


def _recognize(config: Config) -> Callable[[str], Sequence[Span]]:
    """What finds personal data and secrets for the policy of an unknown caller. Raises ConfigError."""
    from guard.backends.by_policy import recognizer
    from guard.evaluation.served import chosen

    recognizers = recognizer(config, chosen(config), progress)
    return lambda text: recognizers.recognize_blocking((text,))[0]


def _documents(config: Config, names: tuple[str, ...]) -> tuple[Constitution, ...]:
    from guard.constitution import load

    return tuple(load(path) for path in _files(config, names))


def _files(config: Config, names: tuple[str, ...]) -> tuple[Path, ...]:
    """The files of `names`, or else of all that policies name. Raises ConfigError."""
    from guard.constitution.resolving import sources
    from guard.policy import load_folder

    folder = config.constitutions or Path("constitutions")
    if not names:
        rules = load_folder(config.policies or Path("policies"))
        names = tuple(dict.fromkeys(name for rule in rules for name in rule.review.constitutions))
    if not names:
        raise ConfigError("No policy names a constitution. Name one here.")
    found = []
    for name in names:
        if Path(name).is_file():
            found.append(Path(name))
            continue
        known = sources(folder) if folder.is_dir() else {}
        if name not in known:
            raise ConfigError(f"There is no constitution '{name}' in {folder}. Known are: {', '.join(sorted(known))}.")
        found.append(known[name].path)
    return tuple(found)
