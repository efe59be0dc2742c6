"""From files to constitutions: each with all that it extends, and a digest of what that comes to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from guard.constitution.files import ConstitutionFile, ExampleFile, MarksFile, PrincipleFile, ReferenceFile, ScopeFile
from guard.constitution.values import Constitution, Marks, Principle, Reference, Removal, Scope
from guard.documents import Lines, read
from guard.errors import ConfigError
from guard.types import Dialogue

SHIPPED = Path(__file__).parent.parent / "defaults" / "constitutions"


@dataclass(frozen=True, slots=True)
class Source:
    """A document as it was written, and where."""

    path: Path
    file: ConstitutionFile

    def fault(self, message: str, *location: str | int) -> ConfigError:
        """An error that names the file, the line and the key at `location`."""
        key = ".".join(map(str, location))
        return ConfigError(f"{self.path}, line {Lines(self.path).at(*location)}: key '{key}': {message}")


def load(path: Path) -> Constitution:
    """Read one constitution, and from its folder what it extends. Raises ConfigError."""
    source = Source(path, read(path, ConstitutionFile))
    beside = sources(path.parent) if source.file.parents else {}
    return _resolved(source, {**beside, source.file.constitution: source}, ())


def load_folder(path: Path) -> dict[str, Constitution]:
    """Read every `.yaml` and `.yml` file of the folder `path`, by constitution name. Raises ConfigError."""
    if not path.is_dir():
        raise ConfigError(f"{path}: is not a folder. Name the folder that holds the constitutions.")
    found = sources(path)
    if not found:
        raise ConfigError(f"{path}: holds no constitution. Put a .yaml file there.")
    return {name: _resolved(source, found, ()) for name, source in found.items()}


def sources(folder: Path) -> dict[str, Source]:
    """The documents of `folder` as they were written, by constitution name. Raises ConfigError."""
    found: dict[str, Source] = {}
    for path in sorted(file for file in folder.iterdir() if file.suffix in (".yaml", ".yml") and file.is_file()):
        source = Source(path, read(path, ConstitutionFile))
        name = source.file.constitution
        if name in found:
            raise source.fault(f"{found[name].path} has the same name '{name}'. Rename one of them.", "constitution")
        found[name] = source
    return found


def digest_of(constitution: Constitution) -> str:
    """The SHA-256, in hexadecimal, of the canonical form of all that `constitution` says."""
    said = asdict(constitution) | {"digest": "", "review_by": str(constitution.review_by or "")}
    for principle in said["principles"]:
        if not principle["code"]:  # a document that says nothing of code keeps the digest it had before it could
            del principle["code"]
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _resolved(source: Source, known: Mapping[str, Source], below: tuple[str, ...]) -> Constitution:
    """`source` with what it extends; `below` are the documents on the way to it."""
    file = source.file
    inherited: dict[str, Principle] = {}
    for name in file.parents:
        for principle in _parent(source, name, known, (*below, file.constitution)).principles:
            held = inherited.setdefault(principle.id, principle)
            if held != principle and not _settles(file, principle.id):
                raise source.fault(
                    f"'{held.home}' and '{principle.home}' both have a principle '{principle.id}'. "
                    "Override or remove it here.",
                    "extends",
                )
    _remove(source, inherited)
    _add(source, inherited)
    if not inherited:
        raise source.fault("no principle is left. Keep one.", "removes")
    made = Constitution(
        name=file.constitution,
        version=file.version,
        principles=tuple(inherited.values()),
        digest="",
        precedence=file.precedence,
        scope=_scope(file.scope),
        owner=file.owner or "",
        review_by=file.review_by,
        references=_references(file.references),
        extends=file.parents,
        removed=tuple(Removal(one.id, one.reason) for one in file.removes),
    )
    return replace(made, digest=digest_of(made))


def _parent(source: Source, name: str, known: Mapping[str, Source], below: tuple[str, ...]) -> Constitution:
    if name in below:
        raise source.fault(f"{' extends '.join((*below, name))}: a circle. Break it.", "extends")
    if name in known:
        return _resolved(known[name], known, below)
    shipped = sources(SHIPPED)
    if name not in shipped:
        there = ", ".join(sorted({*known, *shipped} - set(below)))
        raise source.fault(f"there is no constitution '{name}'. Known are: {there or 'none'}.", "extends")
    return _resolved(shipped[name], shipped, below)


def _settles(file: ConstitutionFile, id_: str) -> bool:
    """Whether `file` itself says what becomes of the principle `id_`."""
    removed, overridden = {one.id for one in file.removes}, {one.id for one in file.principles if one.override}
    return id_ in removed | overridden


def _remove(source: Source, inherited: dict[str, Principle]) -> None:
    for place, removal in enumerate(source.file.removes):
        if inherited.pop(removal.id, None) is None:
            raise source.fault(
                f"'{removal.id}' is no principle of what the document extends. Drop it.", "removes", place, "id"
            )


def _add(source: Source, inherited: dict[str, Principle]) -> None:
    """Put the principles of `source` into `inherited`: one that overrides takes the place of the other."""
    for place, principle in enumerate(source.file.principles):
        if principle.override and principle.id not in inherited:
            raise source.fault(
                f"there is no '{principle.id}' to override. Drop 'override', or correct the id.",
                "principles", place, "override",
            )  # fmt: skip
        if not principle.override and principle.id in inherited:
            raise source.fault(
                f"'{inherited[principle.id].home}' has a principle '{principle.id}'. "
                "Say 'override: true' to replace it, or rename this one.",
                "principles", place, "id",
            )  # fmt: skip
        inherited[principle.id] = _principle(principle, source.file)


def _principle(file: PrincipleFile, home: ConstitutionFile) -> Principle:
    return Principle(
        id=file.id,
        statement=file.statement,
        question=file.question,
        applies_to=file.applies_to,
        severity=file.severity,
        on_violation=file.on_violation,
        template=file.template,
        check=file.check,
        violates=_dialogues(file.violates),
        complies=_dialogues(file.complies),
        scope=_scope(file.scope),
        references=_references(file.references),
        marks=_marks(home.tests, file.tests),
        home=home.constitution,
        code=file.code,
    )


def _dialogues(examples: Iterable[ExampleFile]) -> tuple[Dialogue, ...]:
    return tuple(Dialogue(prompt=one.prompt, reply=one.reply or "") for one in examples)


def _scope(file: ScopeFile) -> Scope:
    return Scope(file.users, file.teams, file.applications, file.surfaces, file.languages)


def _references(files: Iterable[ReferenceFile]) -> tuple[Reference, ...]:
    return tuple(Reference(one.law or "", one.policy or "") for one in files)


def _marks(*files: MarksFile) -> Marks:
    """What the last of `files` says, else the one before it, else the defaults."""
    said: dict[str, Any] = {}
    for file in files:
        said |= file.model_dump(exclude_none=True)
    return Marks(**said)
