"""Read a YAML file into a pydantic model, and say file, line, key and remedy when it is wrong.

The model says what is allowed; this module only translates its complaints into ones that a person can act on. Values
never appear in a message: a configuration may hold what must not be seen.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from guard.errors import ConfigError

# What PyYAML raises for values that are none of their kind, such as a month 13 or an alias inside what it stands for.
UNREADABLE = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """The base of everything that is read from a file: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def read(path: Path, model: type[Model]) -> Model:
    """Read the YAML file `path` as `model`. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). Check the path and its rights.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8. Save it as UTF-8.") from error
    return parse(text, model, name=str(path))


def parse(text: str, model: type[Model], *, name: str) -> Model:
    """Read YAML `text` as `model`; `name` stands for the file in messages. Raises ConfigError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_repeated_keys(root, name)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = str(getattr(error, "problem", "unreadable")).partition(" '")[0]  # what is quoted may be a value
        raise ConfigError(f"{name}, line {line}: is not YAML ({problem}).") from error
    except UNREADABLE:  # not `from` it: what it says may be the value
        raise ConfigError(f"{name}: holds a value that cannot be read. Quote dates, and drop aliases.") from None
    try:
        return model.model_validate({} if data is None else data)
    except ValidationError as error:
        complaints = [_complaint(item, root, model, name) for item in error.errors(include_input=False)]
        raise ConfigError("\n".join(complaints)) from error


class Lines:
    """Where the keys of a YAML file stand."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError where `path` cannot be read or is not YAML."""
        try:
            self._root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigError(f"{path}: cannot be read. Check the path, its rights and its form.") from error

    def at(self, *location: str | int) -> int:
        """The line, from 1, of the deepest part of `location` that exists."""
        return _line(self._root, list(location))


def _refuse_repeated_keys(node: yaml.Node | None, name: str) -> None:
    """Raise ConfigError where a mapping names a key twice: YAML would silently take the last one."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated_keys(item, name)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(f"{name}, line {line}: a key is not a word. Write one.")
            if key.value in seen:
                raise ConfigError(f"{name}, line {line}: key '{key.value}' stands twice. Keep one.")
            seen.add(key.value)
            _refuse_repeated_keys(value, name)


def _complaint(item: Any, root: yaml.Node | None, model: type[BaseModel], name: str) -> str:
    location = [part for part in item["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
    line = _line(root, location)
    where = f"{name}, line {line}: "
    key = ".".join(str(part) for part in location)
    match item["type"]:
        case "extra_forbidden":
            return f"{where}unknown key '{key}'.{_nearest(str(location[-1]), location[:-1], model)}"
        case "missing":
            return f"{where}key '{key}' is missing. Add it."
        case _:
            return f"{where}key '{key}': {item['msg']}." if key else f"{where}{item['msg']}."


def _line(node: yaml.Node | None, location: list[Any]) -> int:
    """The line of the deepest part of `location` that exists in the file, counted from 1."""
    line = 1 if node is None else node.start_mark.line + 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def _nearest(key: str, parents: list[Any], model: type[BaseModel]) -> str:
    known: list[str] = []
    current: Any = model
    for part in [*parents, None]:
        while current is not None and not (isinstance(current, type) and issubclass(current, BaseModel)):
            arguments = [a for a in getattr(current, "__args__", ()) if a not in (type(None), ...)]
            current = arguments[-1] if arguments else None
        if current is None:
            return ""
        known = [field.alias or name for name, field in current.model_fields.items()]
        if isinstance(part, str):
            match = [f for n, f in current.model_fields.items() if (f.alias or n) == part]
            current = match[0].annotation if match else None
    close = difflib.get_close_matches(key, known, n=1)
    return f" Did you mean '{close[0]}'?" if close else f" Known here: {', '.join(known)}."
