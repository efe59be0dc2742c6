"""Words that several APIs share: the names of JSON Schema, and the shapes of values that are words of an API."""

from __future__ import annotations

import re

SCHEMA_KEYS = frozenset(
    """
    properties required items enum additionalProperties anyOf oneOf allOf not const default examples minimum maximum
    minLength maxLength minItems maxItems uniqueItems pattern format type title description $ref $defs $schema
    definitions nullable propertyNames patternProperties exclusiveMinimum exclusiveMaximum multipleOf
    """.split()  # noqa: SIM905 - forty quoted words would be harder to read
)
# Where a schema says which language it is in, and where it points into itself.
SCHEMA_WORDS = {
    "$schema": re.compile(r"https?://json-schema\.org/[\w./#-]*"),
    "$ref": re.compile(r"#(/[\w$.-]+)*"),
}
FREE = frozenset({"metadata", "arguments", "default", "examples", "enum", "const"})
NAMES = frozenset({"name", "id", "tool_call_id", "call_id", "required"})

ROLE = re.compile(r"system|developer|user|assistant|tool|function|critic|discriminator|unknown")
SCHEMA_TYPE = "object|string|number|integer|boolean|array|null"
FORMAT = re.compile(
    r"wav|mp3|flac|opus|aac|pcm16|text|date-time|date|time|duration|email|hostname|ipv4|ipv6|uri|uuid|regex"
)
LEVEL = re.compile(r"auto|none|minimal|low|medium|high|xhigh|max|concise|detailed")
TIER = re.compile(r"auto|default|flex|scale|priority|standard|standard_only|batch")
TOOL_CHOICE = re.compile(r"auto|none|required|any")
TIME = re.compile(r"1[5-9]\d{8}(\.\d+)?")  # Unix seconds, of the years 2017 to 2033
# What a provider has signed or sealed and must get back as it was. A value in it is refused, since it cannot be masked.
SEALED = re.compile(r"[A-Za-z0-9+/=_-]{24,}")
