"""The requests of the built-in client: for every API one body with a canary in each field that can hold words.

The fields are those of `guard.surfaces.matrix`; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from guard.doctor.canaries import Planter
from guard.surfaces.surface import Surface
from guard.surfaces.walk import Path, label


class Plant(Enum):
    """What is planted at a place of a template."""

    TEXT = "prose with a canary of every kind"
    WORD = "one canary, nothing else"
    NUMBER = "a card as a number"
    JSON = "JSON with JSON in it"
    HIDDEN = "prose with encoded canaries"
    SAID = "prose, and encoded canaries: what the upstream will repeat"
    PLAIN = "prose alone: what the upstream will repeat where a review may take offence at the rest"


TEXT, WORD, NUMBER, JSON, HIDDEN, SAID, PLAIN = Plant

_UNKNOWN = {"x_note": TEXT, "x_account": NUMBER, "x_list": [{"x_deep": {WORD: HIDDEN}}]}
_SCHEMA = {
    "type": "object",
    "properties": {
        "to": {"type": "string", "description": TEXT, "enum": [WORD, WORD]},
        WORD: {"type": "string"},
    },
}
_METADATA = {"ticket": TEXT, "owner": WORD, "state": JSON}

_CHAT = {
    "messages": [
        {"role": "system", "content": TEXT},
        {"role": "developer", "content": [{"type": "text", "text": TEXT, "x_part": {"x_in": TEXT}}]},
        {"role": "user", "content": TEXT, "name": WORD, "x_message": TEXT},
        {
            "role": "assistant",
            "content": TEXT,
            "refusal": TEXT,
            "reasoning_content": TEXT,
            "reasoning": TEXT,
            "reasoning_details": [{"type": "text", "text": TEXT}],
            "function_call": {"name": "find", "arguments": JSON},
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": WORD, "arguments": JSON}},
                {"id": "call_2", "type": "custom", "custom": {"name": "run", "input": TEXT}},
            ],
        },
        {"role": "tool", "tool_call_id": WORD, "content": JSON},
        {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": HIDDEN}]},
        {"role": "user", "content": [{"type": "text", "text": JSON}]},
        {"role": "user", "content": SAID},
    ],
    "tools": [{
        "type": "function", "x_tool": TEXT,
        "function": {"name": WORD, "description": TEXT, "parameters": _SCHEMA},
    }],
    "functions": [{"name": "find", "description": TEXT}],
    "tool_choice": {"type": "function", "function": {"name": WORD}},
    "response_format": {"type": "text", "json_schema": {"name": WORD}},
    "prediction": {"type": "content", "content": TEXT},
    "stop": [WORD],
    "user": WORD,
    "safety_identifier": WORD,
    "metadata": _METADATA,
    **_UNKNOWN,
}  # fmt: skip

_RESPONSES = {
    "instructions": TEXT,
    "prompt": {"id": "pmpt_1", "variables": {"customer": TEXT}},
    "input": [
        {"role": "developer", "content": TEXT},
        {"role": "user", "content": [{"type": "input_text", "text": TEXT, "x_part": {"x_in": TEXT}}], "x_item": TEXT},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": TEXT}],
         "content": [{"type": "reasoning_text", "text": TEXT}]},
        {"role": "assistant", "type": "message", "id": "msg_1", "status": "completed",
         "content": [{"type": "output_text", "text": TEXT}, {"type": "refusal", "refusal": TEXT}]},
        {"type": "function_call", "call_id": "call_1", "name": WORD, "arguments": JSON},
        {"type": "custom_tool_call", "call_id": "call_2", "name": "run", "input": TEXT},
        {"type": "web_search_call", "id": "ws_1", "status": "completed",
         "action": {"type": "search", "queries": [TEXT]}},
        {"type": "function_call_output", "call_id": WORD, "output": JSON},
        {"type": "function_call_output", "call_id": "call_3", "output": [{"type": "input_text", "text": HIDDEN}]},
        {"role": "user", "content": [{"type": "input_text", "text": JSON}]},
        {"role": "user", "content": SAID},
    ],
    "tools": [
        {"type": "function", "name": WORD, "description": TEXT, "parameters": _SCHEMA, "x_tool": TEXT},
        {"type": "mcp", "server_label": WORD, "server_description": TEXT},
    ],
    "tool_choice": {"type": "function", "name": WORD},
    "text": {"format": {"type": "text", "name": WORD}},
    "user": WORD,
    "safety_identifier": WORD,
    "metadata": _METADATA,
    **_UNKNOWN,
}  # fmt: skip

_SIGNATURE = "c2lnbmVkIGJ5IG5vYm9keSBhdCBhbGwsIGZvciB0aGUgZG9jdG9y"
_MESSAGES = {
    "max_tokens": 500,
    "system": [{"type": "text", "text": TEXT}, {"type": "text", "text": HIDDEN}],
    "messages": [
        {"role": "user", "content": TEXT, "x_message": TEXT},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": TEXT, "signature": _SIGNATURE},
            {"type": "text", "text": TEXT, "x_part": {"x_in": TEXT}},
            {"type": "tool_use", "id": "toolu_1", "name": WORD,
             "input": {"to": TEXT, "note": JSON, "list": [{"item": TEXT}]}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": WORD, "content": JSON},
            {"type": "tool_result", "tool_use_id": "toolu_2", "content": [{"type": "text", "text": HIDDEN}]},
            {"type": "bash_code_execution_tool_result", "tool_use_id": "srvtoolu_1",
             "content": {"type": "bash_code_execution_result", "stdout": TEXT, "stderr": "", "return_code": 0}},
            {"type": "document", "title": TEXT, "context": TEXT,
             "source": {"type": "text", "media_type": "text/plain", "data": TEXT}},
            {"type": "search_result", "source": "handbook", "title": TEXT, "content": [{"type": "text", "text": TEXT}]},
            {"type": "text", "text": JSON},
        ]},
        {"role": "assistant", "content": TEXT},
        {"role": "user", "content": SAID},
    ],
    "tools": [{"name": WORD, "description": TEXT, "input_schema": _SCHEMA, "x_tool": TEXT}],
    "tool_choice": {"type": "tool", "name": WORD},
    "mcp_servers": [{"type": "url", "name": WORD, "url": "https://example.com/mcp"}],
    "stop_sequences": [WORD],
    "metadata": {"user_id": JSON, **_METADATA},
    **_UNKNOWN,
}  # fmt: skip

_COMPLETIONS = {
    "prompt": [TEXT, JSON, HIDDEN, SAID],
    "suffix": TEXT,
    "stop": [WORD],
    "user": WORD,
    "metadata": _METADATA,
    **_UNKNOWN,
}
_EMBEDDINGS = {"input": [TEXT, HIDDEN, WORD, JSON, SAID], "user": WORD, "metadata": _METADATA, **_UNKNOWN}
_MODERATIONS = {
    "input": [TEXT, {"type": "text", "text": TEXT, "x_part": TEXT}, {"type": "text", "text": JSON},
              {"type": "text", "text": HIDDEN}, {"type": "text", "text": SAID}],
    "user": WORD,
    "metadata": _METADATA,
    **_UNKNOWN,
}  # fmt: skip

_GEMINI = {
    "systemInstruction": {"parts": [{"text": TEXT}, {"text": HIDDEN}]},
    "system_instruction": {"parts": [{"text": TEXT}]},
    "contents": [
        {"role": "user", "parts": [{"text": TEXT}], "x_content": TEXT},
        {"role": "model", "parts": [
            {"text": TEXT, "thought": True},
            {"text": TEXT, "thoughtSignature": _SIGNATURE, "x_part": {"x_in": TEXT}},
            {"functionCall": {"id": "call_1", "name": WORD,
                              "args": {"to": TEXT, "note": JSON, "list": [{"item": TEXT}]}}},
            {"executableCode": {"language": "PYTHON", "code": TEXT}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": TEXT}},
        ]},
        {"role": "user", "parts": [
            {"functionResponse": {"id": "call_1", "name": WORD,
                                  "response": {"output": JSON, "list": [{"item": HIDDEN}]}}},
            {"text": JSON},
        ]},
        {"role": "model", "parts": [{"text": TEXT}]},
        {"role": "user", "parts": [{"text": SAID}]},
    ],
    "tools": [{"functionDeclarations": [{"name": WORD, "description": TEXT, "parameters": _SCHEMA, "x_tool": TEXT}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "AUTO", "allowedFunctionNames": [WORD]}},
    "generationConfig": {"stopSequences": [WORD]},
    "labels": _METADATA,
    **_UNKNOWN,
}  # fmt: skip
_GEMINI_EMBEDDINGS = {
    "requests": [
        {"content": {"parts": [{"text": TEXT}, {"text": HIDDEN}, {"text": JSON}]}, "title": TEXT, "x_request": TEXT},
        {"content": {"parts": [{"text": SAID}]}},
    ],
    **_UNKNOWN,
}  # fmt: skip

TEMPLATES: Mapping[str, Mapping[str, Any]] = {
    "chat": _CHAT,
    "responses": _RESPONSES,
    "messages": _MESSAGES,
    "count_tokens": _MESSAGES,
    "completions": _COMPLETIONS,
    "embeddings": _EMBEDDINGS,
    "moderations": _MODERATIONS,
    "gemini": _GEMINI,
    "gemini_tokens": _GEMINI,
    "gemini_embeddings": _GEMINI_EMBEDDINGS,
}
# The other way to write some fields: a text where there was a list.
SHORT: Mapping[str, Mapping[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": PLAIN}]},
    "responses": {"input": PLAIN},
    "messages": {
        "max_tokens": 500, "system": TEXT,
        "messages": [{"role": "user", "content": [{"type": "text", "text": PLAIN}]}],
    },
    "count_tokens": {"system": TEXT, "messages": [{"role": "user", "content": PLAIN}]},
    "completions": {"prompt": PLAIN},
    "embeddings": {"input": PLAIN},
    "moderations": {"input": PLAIN},
    "gemini": {"contents": [{"parts": [{"text": PLAIN}]}]},
    "gemini_tokens": {"contents": [{"parts": [{"text": PLAIN}]}]},
    "gemini_embeddings": {
        "content": {"parts": [{"text": TEXT, "x_part": TEXT}, {"text": JSON}, {"text": PLAIN}]}, "title": TEXT,
    },
}  # fmt: skip


class Filled:
    """A template with canaries: `body` is the request, `said` the text that the upstream is to repeat."""

    def __init__(self, surface: Surface, template: Mapping[str, Any], planter: Planter) -> None:
        self._keys = surface.vocabulary.keys
        self._planter = planter
        self.said = ""
        self.body: dict[str, Any] = self._filled(template, ())

    def _filled(self, value: Any, path: Path) -> Any:
        match value:
            case Plant():
                return self._planted(value, path)
            case dict():
                keys = {key: self._key(key, path) for key in value}
                return {keys[key]: self._filled(item, (*path, keys[key])) for key, item in value.items()}
            case list():
                return [self._filled(item, (*path, index)) for index, item in enumerate(value)]
        return value

    def _key(self, key: Any, path: Path) -> str:
        return self._planter.word(label((*path, "*"), self._keys) + " (key)") if key is WORD else str(key)

    def _planted(self, plant: Plant, path: Path) -> str | int:
        field, planter = label(path, self._keys), self._planter
        match plant:
            case Plant.TEXT:
                return planter.text(field)
            case Plant.WORD:
                return planter.word(field)
            case Plant.NUMBER:
                return planter.number(field)
            case Plant.JSON:
                return planter.json(field)
            case Plant.HIDDEN:
                return planter.hidden(field)
        self.said = planter.text(field) + (f"\n{planter.hidden(field)}" if plant is Plant.SAID else "")
        return self.said
