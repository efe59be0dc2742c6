"""The documents say all that there is to set, and nothing that is not there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from guard.config import PREFIX, Config, PublishConfig, UpstreamConfig
from guard.constitution.files import ConstitutionFile, MarksFile, PrincipleFile, ScopeFile
from guard.constitution.values import Language
from guard.documents import parse
from guard.monitoring.measures import MEASURES
from guard.policy import Policy
from guard.types import Operator

ROOT = Path(__file__).parent.parent


def keys(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """The dotted names of a model's keys, down to those that hold a value."""
    for name, field in model.model_fields.items():
        kind = (
            next(iter(get_args(field.annotation)), None)
            if type(None) in get_args(field.annotation)
            else field.annotation
        )
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from keys(kind, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def documented(page: str, heading: str = "") -> list[str]:
    """The first cells of the tables of a page, from a heading to the next."""
    text = (ROOT / "docs" / page).read_text()
    part = text.split(f"## {heading}\n", 1)[1] if heading else text
    return re.findall(r"^\| `([\w.]+)` \|", part.split("\n## ", 1)[0], re.MULTILINE)


@pytest.mark.parametrize(
    ("model", "page", "heading"),
    [
        (Config, "configuration.md", ""),
        (UpstreamConfig, "configuration.md", "Upstreams"),
        (PublishConfig, "configuration.md", "Publishing checkpoints"),
        (Policy, "policy.md", ""),
    ],
)
def test_every_key_is_documented(model: type[BaseModel], page: str, heading: str) -> None:
    assert sorted(documented(page, heading)) == sorted(keys(model))


@pytest.mark.parametrize(
    ("model", "heading"),
    [(ConstitutionFile, "The document"), (PrincipleFile, "A principle"), (MarksFile, "Working on one")],
)
def test_every_key_of_a_constitution_is_documented(model: type[BaseModel], heading: str) -> None:
    assert documented("constitution.md", heading) == list(model.model_fields)


def test_every_number_of_monitoring_is_documented() -> None:
    suffix = {"counter": "_total", "seconds": "", "level": ""}
    told = dict(
        re.findall(r"^\| `(guard_\w+)` \| ?([^|]*?) ?\|", (ROOT / "docs" / "monitoring.md").read_text(), re.MULTILINE)
    )
    made = {f"guard_{m.name}{suffix[m.kind]}": ", ".join(f"`{label}`" for label in m.labels) for m in MEASURES}
    assert told == made


def test_every_command_of_constitutions_is_documented() -> None:
    from guard.commands.constitution import constitution

    told = re.findall(r"^\| `guard constitution (\w+)", (ROOT / "docs" / "constitution.md").read_text(), re.MULTILINE)
    assert sorted(told) == sorted(constitution.commands)


def test_every_command_of_the_console_is_documented() -> None:
    from guard.commands.console import console

    told = re.findall(r"^\| `guard console ([\w-]+)", (ROOT / "docs" / "console-access.md").read_text(), re.MULTILINE)
    assert sorted(told) == sorted(console.commands)


def test_the_example_of_an_identity_provider_is_valid() -> None:
    text = (ROOT / "docs" / "console-access.md").read_text()
    config = parse(text.split("```yaml\n")[1].split("```")[0], Config, name="docs/console-access.md")
    assert config.console.oidc is not None
    assert config.console.oidc.client_secret_env is not None
    assert not config.console.oidc.client_secret_env.startswith(PREFIX)  # that would be a key of the file


def test_every_command_of_held_replies_is_documented() -> None:
    from guard.commands.held import held

    told = re.findall(r"^\| `guard held (\w+)", (ROOT / "docs" / "constitution.md").read_text(), re.MULTILINE)
    assert sorted(told) == sorted(held.commands)


def test_the_scope_of_a_constitution_is_documented() -> None:
    text = (ROOT / "docs" / "constitution.md").read_text().split("## Whom it is for\n")[1].split("\n## ")[0]
    told = re.findall(r"`(\w+)`", text)
    assert {*ScopeFile.model_fields, *get_args(Language)} <= set(told)


def test_every_operator_is_documented() -> None:
    assert documented("policy.md", "Operators") == list(get_args(Operator))


def test_every_entity_that_patterns_find_is_documented() -> None:
    from guard.mask.patterns import ROWS

    text = (ROOT / "docs" / "policy.md").read_text()
    assert {row.entity for row in ROWS} <= set(re.findall(r"[A-Z][A-Z_]+", text.split("## Entities")[1]))


def test_the_page_of_entities_names_those_that_patterns_find_and_no_others() -> None:
    from guard.mask.patterns import ROWS

    text = (ROOT / "docs" / "entities.md").read_text()
    assert set(re.findall(r"`([A-Z]{2,}[A-Z_]*)`", text)) == {row.entity for row in ROWS}


def test_the_page_of_entities_goes_through_all_eighteen_identifiers_of_hipaa() -> None:
    text = (ROOT / "docs" / "entities.md").read_text().split("## HIPAA")[1]
    assert "".join(re.findall(r"^\| ([A-Z]) \|", text, re.MULTILINE)) == "ABCDEFGHIJKLMNOPQR"


def test_the_example_configuration_is_valid() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    example = text.split("```yaml\n")[1].split("```")[0]
    config = parse(example, Config, name="docs/configuration.md")
    assert [upstream.name for upstream in config.upstreams] == ["house", "openai"]


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))])
def test_links_lead_somewhere(page: str) -> None:
    file = ROOT / page
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", file.read_text()):
        assert target.startswith("https://") or (file.parent / target).exists(), target
