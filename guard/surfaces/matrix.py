"""THE MATRIX: which kind of field stands where in each API, and what guard does there.

`tests/laws/test_matrix.py` has a test for every cell, and the README shows the table that `as_markdown` prints. A
surface that is not in it, and a cell without a test, fail the build.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from guard.surfaces.surface import Surface
from guard.surfaces.table import BY_NAME, SURFACES

Kind = Literal[
    "text", "instructions", "history", "tool arguments", "tool results", "tool descriptions", "names and metadata",
    "reasoning", "unknown fields", "JSON inside strings",
]  # fmt: skip
Mode = Literal["whole", "stream"]
Duty = Literal["mask", "log", "review", "restore"]
# mask     no value in it leaves, and none is written to the log
# log      what was found in it is in the entry, by entity and field, which is opened before a byte leaves
# review   what a reply says in it is judged before it is released; content may be revised, the rest is withheld
# restore  what comes back in it is byte for byte what was masked

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Field:
    """Where a kind of field stands, written as in the log but without numbers: `*` is a key that is not the API's.

    `asked` are its places in a request and `told` those in a reply; where a reply has none of its own, what it quotes
    comes back as text. `repeated` are places in which a reply repeats the request: they are restored, and not judged,
    because they are the caller's own words.
    """

    asked: tuple[str, ...]
    told: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One duty towards one kind of field of one surface, for a reply that comes whole or as a stream."""

    surface: str
    kind: Kind
    mode: Mode
    duty: Duty

    def __str__(self) -> str:
        return f"{self.surface}, {self.kind}, {self.mode}, {self.duty}"


Row: TypeAlias = Mapping[Kind, Field | str]  # a text says why the API has no such field

_CHAT: Row = {
    "text": Field(
        ("messages[].content", "messages[].content[].text", "prediction.content", "stop[]"),
        ("choices[].message.content", "choices[].message.refusal"),
    ),
    "instructions": Field(("messages[].content", "messages[].content[].text")),
    "history": Field(("messages[].content", "messages[].content[].text", "messages[].refusal")),
    "tool arguments": Field(
        ("messages[].tool_calls[].function.arguments", "messages[].function_call.arguments",
         "messages[].tool_calls[].custom.*"),
        ("choices[].message.tool_calls[].function.arguments", "choices[].message.function_call.arguments",
         "choices[].message.tool_calls[].custom.*"),
    ),
    "tool results": Field(("messages[].content", "messages[].content[].text")),
    "tool descriptions": Field((
        "tools[].function.description", "tools[].function.parameters.properties.*.description",
        "tools[].function.parameters.properties.*.enum[]", "tools[].function.parameters.properties.*",
        "functions[].description",
    )),
    "names and metadata": Field(
        ("user", "safety_identifier", "metadata.*", "messages[].name", "messages[].tool_calls[].function.name",
         "messages[].tool_call_id", "tools[].function.name", "tool_choice.function.name",
         "response_format.json_schema.name"),
        ("choices[].message.tool_calls[].function.name",),
    ),
    "reasoning": Field(
        ("messages[].reasoning_content", "messages[].reasoning", "messages[].reasoning_details[].text"),
        ("choices[].message.reasoning_content", "choices[].message.reasoning",
         "choices[].message.reasoning_details[].text"),
    ),
    "unknown fields": Field(
        ("*", "*[].*.*", "messages[].*", "messages[].content[].*.*", "tools[].*"),
        ("*", "*[].*.*", "choices[].message.*", "choices[].message.*[].*", "choices[].*.*"),
    ),
    "JSON inside strings": Field(
        ("messages[].content", "messages[].content[].text", "messages[].tool_calls[].function.arguments", "metadata.*"),
        ("choices[].message.content", "choices[].message.tool_calls[].function.arguments"),
    ),
}  # fmt: skip

_RESPONSES: Row = {
    "text": Field(
        ("input", "input[].content", "input[].content[].text", "prompt.variables.*"),
        ("output[].content[].text", "output[].content[].refusal"),
    ),
    "instructions": Field(("instructions", "input[].content", "input[].content[].text"), repeated=("instructions",)),
    "history": Field(("input[].content", "input[].content[].text", "input[].content[].refusal")),
    "tool arguments": Field(
        ("input[].arguments", "input[].input", "input[].action.queries[]"),
        ("output[].arguments", "output[].input", "output[].code"),
    ),
    "tool results": Field(
        ("input[].output", "input[].output[].text"), ("output[].output", "output[].results[].text"),
    ),
    "tool descriptions": Field(
        ("tools[].description", "tools[].parameters.properties.*.description", "tools[].parameters.properties.*.enum[]",
         "tools[].parameters.properties.*", "tools[].server_description"),
        ("output[].tools[].description",),
        ("tools[].description",),
    ),
    "names and metadata": Field(
        ("user", "safety_identifier", "metadata.*", "input[].name", "input[].call_id", "tools[].name",
         "tools[].server_label", "tool_choice.name", "text.format.name"),
        ("output[].name",),
        ("metadata.*",),
    ),
    "reasoning": Field(
        ("input[].summary[].text", "input[].content[].text"), ("output[].summary[].text", "output[].content[].text"),
    ),
    "unknown fields": Field(
        ("*", "*[].*.*", "input[].*", "input[].content[].*.*", "tools[].*"),
        ("*", "*[].*.*", "output[].*", "output[].content[].*.*"),
    ),
    "JSON inside strings": Field(
        ("input", "input[].content[].text", "input[].arguments", "input[].output", "metadata.*"),
        ("output[].content[].text", "output[].arguments"),
    ),
}  # fmt: skip

_MESSAGES: Row = {
    "text": Field(
        ("messages[].content", "messages[].content[].text", "messages[].content[].source.data",
         "messages[].content[].title", "messages[].content[].context", "messages[].content[].content[].text",
         "stop_sequences[]"),
        ("content[].text", "content[].citations[].cited_text"),
    ),
    "instructions": Field(("system", "system[].text")),
    "history": Field(("messages[].content", "messages[].content[].text")),
    "tool arguments": Field(
        ("messages[].content[].input.*", "messages[].content[].input.*[].*"),
        ("content[].input.*", "content[].input.*[].*"),
    ),
    "tool results": Field(
        ("messages[].content[].content", "messages[].content[].content[].text", "messages[].content[].content.stdout"),
        ("content[].content.stdout", "content[].content[].title", "content[].content[].text"),
    ),
    "tool descriptions": Field((
        "tools[].description", "tools[].input_schema.properties.*.description",
        "tools[].input_schema.properties.*.enum[]", "tools[].input_schema.properties.*",
    )),
    "names and metadata": Field(
        ("metadata.user_id", "metadata.*", "messages[].content[].name", "messages[].content[].tool_use_id",
         "tools[].name", "tool_choice.name", "mcp_servers[].name"),
        ("content[].name",),
    ),
    "reasoning": Field(("messages[].content[].thinking",), ("content[].thinking",)),
    "unknown fields": Field(
        ("*", "*[].*.*", "messages[].*", "messages[].content[].*.*", "tools[].*"),
        ("*", "*[].*.*", "content[].*", "content[].*[].*"),
    ),
    "JSON inside strings": Field(
        ("messages[].content", "messages[].content[].text", "messages[].content[].content",
         "messages[].content[].input.*", "metadata.user_id"),
        ("content[].text", "content[].input.*"),
    ),
}  # fmt: skip

_COUNT_TOKENS: Row = {kind: Field(field.asked) for kind, field in _MESSAGES.items() if isinstance(field, Field)}

_NO_ROLES, _NO_TURNS, _NO_TOOLS, _NO_REASONING = (
    f"the API has no {what}" for what in ("roles", "turns", "tools", "reasoning")
)
_TEXT_ONLY: Row = {
    "instructions": _NO_ROLES,
    "history": _NO_TURNS,
    "tool arguments": _NO_TOOLS,
    "tool results": _NO_TOOLS,
    "tool descriptions": _NO_TOOLS,
    "reasoning": _NO_REASONING,
}
_COMPLETIONS: Row = {
    **_TEXT_ONLY,
    "text": Field(("prompt", "prompt[]", "suffix", "stop[]"), ("choices[].text",)),
    "names and metadata": Field(("user", "metadata.*")),
    "unknown fields": Field(("*", "*[].*.*"), ("*", "*[].*.*", "choices[].*", "choices[].*[].*")),
    "JSON inside strings": Field(("prompt", "prompt[]", "metadata.*")),
}
_EMBEDDINGS: Row = {
    **_TEXT_ONLY,
    "text": Field(("input", "input[]")),
    "names and metadata": Field(("user", "metadata.*")),
    "unknown fields": Field(("*", "*[].*.*")),
    "JSON inside strings": Field(("input", "input[]", "metadata.*")),
}
_MODERATIONS: Row = {
    **_EMBEDDINGS,
    "text": Field(("input", "input[]", "input[].text")),
    "unknown fields": Field(("*", "*[].*.*", "input[].*")),
    "JSON inside strings": Field(("input", "input[].text", "metadata.*")),
}

_GEMINI: Row = {
    "text": Field(
        ("contents[].parts[].text", "generationConfig.stopSequences[]"), ("candidates[].content.parts[].text",),
    ),
    "instructions": Field(("systemInstruction.parts[].text", "system_instruction.parts[].text")),
    "history": Field(("contents[].parts[].text",)),
    "tool arguments": Field(
        ("contents[].parts[].functionCall.args.*", "contents[].parts[].functionCall.args.*[].*",
         "contents[].parts[].executableCode.code"),
        ("candidates[].content.parts[].functionCall.args.*", "candidates[].content.parts[].functionCall.args.*[].*",
         "candidates[].content.parts[].executableCode.code"),
    ),
    "tool results": Field(
        ("contents[].parts[].functionResponse.response.output", "contents[].parts[].functionResponse.response.*[].*",
         "contents[].parts[].codeExecutionResult.output"),
        ("candidates[].content.parts[].codeExecutionResult.output",
         "candidates[].groundingMetadata.groundingChunks[].web.title"),
    ),
    "tool descriptions": Field((
        "tools[].functionDeclarations[].description",
        "tools[].functionDeclarations[].parameters.properties.*.description",
        "tools[].functionDeclarations[].parameters.properties.*.enum[]",
        "tools[].functionDeclarations[].parameters.properties.*",
    )),
    "names and metadata": Field(
        ("labels.*", "contents[].parts[].functionCall.name", "contents[].parts[].functionResponse.name",
         "tools[].functionDeclarations[].name", "toolConfig.functionCallingConfig.allowedFunctionNames[]"),
        ("candidates[].content.parts[].functionCall.name",),
    ),
    "reasoning": Field(("contents[].parts[].text",), ("candidates[].content.parts[].text",)),
    "unknown fields": Field(
        ("*", "*[].*.*", "contents[].*", "contents[].parts[].*.*", "tools[].functionDeclarations[].*"),
        ("*", "*[].*.*", "candidates[].*", "candidates[].content.parts[].*", "candidates[].content.parts[].*[].*"),
    ),
    "JSON inside strings": Field(
        ("contents[].parts[].text", "contents[].parts[].functionCall.args.*", "labels.*"),
        ("candidates[].content.parts[].text", "candidates[].content.parts[].functionCall.args.*"),
    ),
}  # fmt: skip
_GEMINI_TOKENS: Row = {kind: Field(field.asked) for kind, field in _GEMINI.items() if isinstance(field, Field)}
_GEMINI_EMBEDDINGS: Row = {
    **_TEXT_ONLY,
    "text": Field(("content.parts[].text", "title", "requests[].content.parts[].text", "requests[].title")),
    "names and metadata": "the API has no names and no metadata",
    "unknown fields": Field(("*", "*[].*.*", "content.parts[].*", "requests[].*")),
    "JSON inside strings": Field(("content.parts[].text", "requests[].content.parts[].text")),
}

MATRIX: Mapping[str, Row] = {
    "chat": _CHAT,
    "responses": _RESPONSES,
    "messages": _MESSAGES,
    "count_tokens": _COUNT_TOKENS,
    "completions": _COMPLETIONS,
    "embeddings": _EMBEDDINGS,
    "moderations": _MODERATIONS,
    "gemini": _GEMINI,
    "gemini_tokens": _GEMINI_TOKENS,
    "gemini_embeddings": _GEMINI_EMBEDDINGS,
}

_NO_WORDS = "no words come back, so there is nothing to review and nothing to restore"


def duties(surface: Surface) -> tuple[Duty, ...]:
    """What guard does with every kind of field that the surface has."""
    return ("mask", "log", "review", "restore") if surface.speaks else ("mask", "log")


def modes(surface: Surface) -> tuple[Mode, ...]:
    """How its replies come."""
    return ("whole", "stream") if surface.streams else ("whole",)


def cells() -> Iterator[Cell]:
    """Every cell that there is to test."""
    for name, row in MATRIX.items():
        surface = BY_NAME[name]
        for kind in KINDS:
            if isinstance(row[kind], Field):
                yield from (Cell(name, kind, mode, duty) for mode in modes(surface) for duty in duties(surface))


def as_markdown() -> str:
    """The table of the README, with the reasons for what is missing below it."""
    notes: list[str] = []
    lines = [
        _line("", *(surface.name for surface in SURFACES)),
        _line(*["---"] * (len(SURFACES) + 1)),
        *(_line(kind, *(_cell(MATRIX[each.name][kind], each, notes) for each in SURFACES)) for kind in KINDS),
        _line("replies come", *(", ".join(modes(surface)) for surface in SURFACES)),
    ]
    noted = (f"- [{number}] {note}" for number, note in enumerate(notes, 1))
    return "\n".join([*lines, "", f"- *all*: {', '.join(get_args(Duty))}", *noted])


def _cell(field: Field | str, surface: Surface, notes: list[str]) -> str:
    done = duties(surface) if isinstance(field, Field) else ()
    if len(done) == len(get_args(Duty)):
        return "all"
    reason = field if isinstance(field, str) else _NO_WORDS
    if reason not in notes:
        notes.append(reason)
    return f"{', '.join(done) or '–'} [{notes.index(reason) + 1}]"


def _line(*columns: str) -> str:
    return "|" + "|".join(f" {column} " if column else " " for column in columns) + "|"
