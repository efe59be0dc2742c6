"""Variables of the environment that set keys of guard.yaml: GUARD_LISTEN__PORT=9000 is `listen: {port: 9000}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from guard.config.whole import Config
from guard.documents import UNREADABLE, parse
from guard.errors import ConfigError

PREFIX = "GUARD_"

# What is wrong with the file and the environment together, in a line.
_COMPLAINT = re.compile(r"^environment, line \d+: (?P<rest>(?:(?:unknown )?key '(?P<key>[^']*)')?.*)$", re.MULTILINE)

# Variables with the prefix that are not keys of the file.
RESERVED = frozenset({"GUARD_CONFIG", "GUARD_KEY"})


def overlaid(config: Config, text: str, environ: Mapping[str, str]) -> Config:
    """The `config` that `text` is, with what the environment says instead. Raises ConfigError."""
    overrides = _overrides(environ)
    return _merged(text, overrides, _variables(environ)) if overrides else config


def _variables(environ: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The variables that set something, each with the path of its key."""
    named = sorted(name for name in environ if name.startswith(PREFIX) and name not in RESERVED)
    return {name: tuple(name.removeprefix(PREFIX).lower().split("__")) for name in named}


def _overrides(environ: Mapping[str, str]) -> dict[str, Any]:
    """The overrides that the environment holds, as nested keys."""
    tree: dict[str, Any] = {}
    for variable, (*parents, last) in _variables(environ).items():
        if (parents or [last])[0] not in Config.model_fields:
            known = ", ".join(PREFIX + key.upper() for key in Config.model_fields)
            raise ConfigError(
                f"environment variable {variable}: no such key. Known are {known}, with __ for each level."
            )
        place = tree
        for key in parents:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise ConfigError(
                    f"environment variable {variable}: another one sets all of '{key}'. Drop one of them."
                )
        try:
            place[last] = yaml.safe_load(environ[variable])
        except UNREADABLE:  # not `from` it: what it says may be the value
            raise ConfigError(f"environment variable {variable}: its value cannot be read as YAML. Quote it.") from None
    return tree


def _merged(text: str, overrides: Mapping[str, Any], variables: Mapping[str, tuple[str, ...]]) -> Config:
    data = yaml.safe_load(text) or {}
    _overlay(data, overrides)
    dumped = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    try:
        return parse(dumped, Config, name="environment")
    except ConfigError as error:
        # The lines are those of no file: name the variables instead.
        raise ConfigError(_COMPLAINT.sub(lambda match: _of_variables(match, variables), str(error))) from error


def _of_variables(complaint: re.Match[str], variables: Mapping[str, tuple[str, ...]]) -> str:
    """A complaint that names the variable that sets its key, or a part of it, or else all that are set."""
    key = tuple((complaint["key"] or "").split("."))
    around = [name for name, path in variables.items() if path == key[: len(path)]]
    inside = [name for name, path in variables.items() if path[: len(key)] == key]
    at_fault = [max(around, key=len)] if around else inside or list(variables)
    return f"environment variable{'s' if at_fault[1:] else ''} {', '.join(at_fault)}: {complaint['rest']}"


def _overlay(data: dict[str, Any], overrides: Mapping[str, Any]) -> None:
    for key, value in overrides.items():
        if isinstance(value, dict) and isinstance(data.get(key), dict):
            _overlay(data[key], value)
        else:
            data[key] = value
