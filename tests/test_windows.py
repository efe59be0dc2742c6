"""A stream that is told window by window: never a word before its review, and byte for byte what came."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Sequence
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.asks import Emit, Judge, Next, Recognize, Response, Send, Write
from guard.exchange import exchange
from guard.inbound import Told
from guard.review.review import Settings
from guard.streams import GROWTH, LONGEST
from guard.surfaces.parts import goes_on
from guard.surfaces.stream import read_event
from guard.surfaces.surface import Surface
from guard.surfaces.table import BY_NAME, SURFACES
from guard.surfaces.windows import LONG, Windows
from guard.surfaces.windows import LONGEST as ENDLESS
from guard.types import Verdict
from guard.window import CONTEXT, REACH
from tests.dialogue import MAIL, Played, constitution, incoming, plan, play, principle
from tests.matrix import REPLIES, REQUESTS
from tests.matrix.templates import Reply, bodies, filled, steps, wire

THREAT, WEAPON = "Pay now, or else.", "Take the rifle."
SPOKEN = [surface for surface in SURFACES if surface.speaks and surface.streams]
every = pytest.mark.parametrize("surface", SPOKEN, ids=lambda surface: surface.name)


def windowed() -> Any:
    return plan(constitution=constitution(), review={"constitution": None, "stream": "window"})


def asking(surface: Surface, text: str = "Hello") -> dict[str, Any]:
    return {"model": "m", "stream": True, **filled(REQUESTS[surface.name]["text"][0], text)}


def saying(surface: Surface, pieces: Sequence[str]) -> list[bytes]:
    """A stream that says `pieces`, one in each event."""
    ends, at = [], 0
    for piece in pieces:
        at += len(piece)
        ends.append(at)
    return wire(surface.name, steps(reply_of(surface), ["".join(pieces)], tuple(ends)))


def reply_of(surface: Surface) -> Reply:
    return REPLIES[surface.name]["text"][0]


def said_in(surface: Surface, told: bytes) -> str:
    """The content that a client puts together from the pieces it was told."""
    words = []
    for body in bodies(told):
        plain = surface.plain(body)
        words.append(plain[1] if plain else "")
    return "".join(words)


def run(surface: Surface, pieces: Sequence[str], text: str = "Hello") -> Played:
    return play(asking(surface, text), saying(surface, pieces), windowed(), surface=surface)


def emitted(played: Played) -> list[bytes]:
    return [ask.data for ask in played.asks if isinstance(ask, Emit)]


# --- what is told, and when ---


@every
def test_a_sentence_is_told_once_it_has_passed(surface: Surface) -> None:
    played = run(surface, ["One", " is", " here.", " Two", " comes", " later.", " Three."])
    first, *_ = emitted(played)
    assert said_in(surface, first) == "One is here."
    assert said_in(surface, played.told) == "One is here. Two comes later. Three."
    before = [ask for ask in played.asks[: played.asks.index(next(a for a in played.asks if isinstance(a, Emit)))]]
    assert [ask.dialogue.reply for ask in before if isinstance(ask, Judge)][-1] == "One is here."


@every
@given(st.data())
def test_no_character_is_told_before_a_judgement_that_held_it(surface: Surface, data: st.DataObject) -> None:
    text = data.draw(st.text("ab .!\n。é", max_size=60))
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(text))), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    played = run(surface, [piece for piece in pieces if piece] or [""])
    judged, told = "", ""
    for ask in played.asks:
        if isinstance(ask, Judge):
            judged = max(judged, ask.dialogue.reply, key=len)
        if isinstance(ask, Emit):
            told += said_in(surface, ask.data)
            assert judged.startswith(told.rstrip()) or not told.strip()
    assert told == text


@every
@given(st.data())
def test_a_clean_stream_keeps_its_bytes_however_it_arrives(surface: Surface, data: st.DataObject) -> None:
    text = data.draw(st.text("ab .!\n", min_size=1, max_size=60))
    events = saying(surface, list(text))
    played = play(asking(surface), events, windowed(), surface=surface)
    told = b"".join(part for part in played.told.split(b": x-guard-decision: allow\n\n"))
    assert told == b"".join(events)


@every
def test_what_was_told_stands_and_the_rest_is_mended(surface: Surface) -> None:
    pieces = ["All is well.", " We wait.", f" {THREAT}", " Bye."]
    played = run(surface, pieces)
    said = said_in(surface, played.told)
    assert said.startswith("All is well. We wait.")
    assert "or else" not in played.told.decode()
    assert (played.head.status, played.closing.decision) == (200, "revise")
    assert played.closing.sent == said
    assert (b": x-guard-decision: revise" in played.told) == surface.comments


@every
def test_what_may_not_be_said_ends_a_stream_that_has_begun_with_an_error(surface: Surface) -> None:
    played = run(surface, ["All is well.", " We wait.", f" {WEAPON}", " Bye."])
    assert "rifle" not in played.told.decode()
    assert said_in(surface, b"".join(emitted(played)[:-1])) == "All is well. We wait."
    assert b"withheld" in emitted(played)[-1]
    assert (played.closing.decision, played.closing.outcome) == ("block", "blocked")
    assert played.closing.sent == "All is well. We wait."


@every
def test_what_may_not_be_said_at_once_is_refused_with_a_status(surface: Surface) -> None:
    played = run(surface, [WEAPON, " Bye."])
    assert (played.head.status, len(emitted(played))) == (403, 1)


@every
def test_values_are_restored_over_the_ends_of_windows(surface: Surface) -> None:
    def echo(sent: Any) -> list[bytes]:
        masked = json.loads(sent.body)
        code = next(word for word in str(masked).split('"') + str(masked).split("'") if word.startswith("<EMAIL"))
        return saying(surface, [*f"Yes. I wrote to {code[: code.index('>') + 1]}. He knows. Bye."])

    played = play(asking(surface, MAIL), echo, windowed(), surface=surface)
    assert said_in(surface, played.told) == f"Yes. I wrote to {MAIL}. He knows. Bye."
    assert len(emitted(played)) > 2


@every
def test_a_value_that_nobody_gave_is_found_with_the_words_before_it(surface: Surface) -> None:
    played = run(surface, ["Sure.", " I know.", " Write", " to", f" {MAIL}", " today.", " Bye."])
    judged = [ask.dialogue.reply for ask in played.asks if isinstance(ask, Judge)]
    assert judged
    assert not [reply for reply in judged if MAIL in reply]
    assert MAIL not in played.closing.reply
    assert played.closing.spans[0].entity == "EMAIL_ADDRESS"


CALLS = [(name, reply) for name in ("chat", "responses", "messages") for reply in REPLIES[name]["tool arguments"]]


@pytest.mark.parametrize(("name", "reply"), CALLS, ids=[name for name, _ in CALLS])
def test_a_call_is_told_whole_or_not_at_all(name: str, reply: Reply) -> None:
    surface = BY_NAME[name]
    text = "a b. c d. e f. g"
    events = wire(name, steps(reply, [text]))
    played = play(asking(surface) | reply.asked, events, windowed(), surface=surface)
    pieces = {
        step.body(name) != {} and json.dumps(step.body(name), separators=(",", ":")).encode()
        for step in steps(reply, [text])
        if step.template is reply.piece
    }
    with_pieces = [data for data in emitted(played) if any(piece in data for piece in pieces)]
    assert len(with_pieces) == 1
    assert all(piece in with_pieces[0] for piece in pieces)
    guilty = wire(name, steps(reply, [f"fine. {WEAPON}"]))
    played = play(asking(surface) | reply.asked, guilty, windowed(), surface=surface)
    assert b"fine" not in played.told
    assert played.closing.decision == "block"


def test_several_choices_are_told_together() -> None:
    surface = BY_NAME["chat"]
    texts = ["One. Two. Three.", "Eins. Zwei. Drei."]
    events = wire("chat", steps(reply_of(surface), texts))
    played = play(asking(surface) | {"n": 2}, events, windowed(), surface=surface)
    assert b"".join(played.told.split(b": x-guard-decision: allow\n\n")) == b"".join(events)


# --- where windows end ---


def ends(pieces: Sequence[str]) -> list[str]:
    """The texts that lie between the ends of windows, of a stream of chat that says `pieces`."""
    windows, surface = Windows(BY_NAME["chat"]), BY_NAME["chat"]
    events = [read_event(raw) for raw in saying(surface, pieces)[:-1]]
    counts = [windows.feed(event) for event in events]
    texts = [said_in(surface, event.raw) for event in events]
    places = sorted({count for count in counts if 0 < count < len(events)})
    return [
        joined for a, b in zip([0, *places], [*places, len(events)], strict=True) if (joined := "".join(texts[a:b]))
    ]


@pytest.mark.parametrize(
    ("pieces", "windows"),
    [
        (["One.", " Two.", " Three"], ["One.", " Two.", " Three"]),
        (["Write to a", "@", "b", ".", "com", " now."], ["Write to a@b.com now."]),
        (["It costs 3", ".", "14", " euros"], ["It costs 3.14 euros"]),
        (["네.", " 그래요."], ["네.", " 그래요."]),
        (["はい。", "いいえ。"], ["はい。", "いいえ。"]),
        (["- one\n", "- two\n"], ["- one\n", "- two\n"]),
        (['He said "go."', " Then"], ['He said "go."', " Then"]),
        (["word "] * 100, ["word " * 100]),
        ([" word"] * 100, [" word" * (LONG // 5), " word" * (LONG // 5), " word" * (100 - 2 * (LONG // 5))]),
        (["x"] * (ENDLESS + 5), ["x" * ENDLESS, "x" * 5]),
    ],
)
def test_windows_end_where_a_sentence_a_line_or_a_long_wait_does(pieces: list[str], windows: list[str]) -> None:
    assert ends(pieces) == windows


# --- what was told stands, whatever comes after ---


def test_a_value_that_the_model_brings_in_is_told_as_such_beside_what_was_mended() -> None:
    surface = BY_NAME["chat"]
    rules = plan(constitution=constitution(principle("no-threats")), review={"constitution": None, "stream": "window"})
    pieces = ["All is well.", " Go on.", f" Write to {MAIL}, or else", " ok.", " Bye."]
    played = play(asking(surface), saying(surface, pieces), rules, surface=surface)
    assert played.closing.decision == "revise"
    assert f"Write to {MAIL}, [removed" in said_in(surface, played.told)


def test_what_a_later_judgement_finds_in_what_was_told_blocks() -> None:
    """A rewrite clears one principle; then another is found broken by a sentence that the client has."""
    surface = BY_NAME["chat"]
    rules = plan(
        constitution=constitution(principle("a"), principle("b")),
        settings=Settings(writes=True),
        review={"constitution": None, "stream": "window"},
    )

    def critic(ask: Judge) -> tuple[Verdict, ...]:
        reply = ask.dialogue.reply
        bad = {"a": reply.find("BADA"), "b": 0 if "good" in reply and "BADB" in reply else reply.find("BADB")}
        return tuple(
            Verdict(rule.id, 0.9, "fired", ((bad[rule.id], bad[rule.id] + 4),))
            if bad[rule.id] >= 0
            else Verdict(rule.id, 0.1, "clear")
            for rule in ask.principles
        )

    def write(ask: Write) -> str:
        return "QUOTE: BADA\nWHY: bad" if "QUOTE" in ask.prompt and "BADA" in ask.prompt else "good"

    pieces = ["All is well.", " Go on.", " BADA and BADB.", " Bye."]
    played = play(asking(surface), saying(surface, pieces), rules, surface=surface, critic=critic, writer=write)
    assert played.closing.decision == "block"
    assert said_in(surface, b"".join(emitted(played)[:-1])) == played.closing.sent == "All is well. Go on."


def test_a_thought_that_has_ended_holds_no_words_back() -> None:
    surface = BY_NAME["chat"]

    def delta(**words: str) -> bytes:
        choice = {"index": 0, "delta": words, "finish_reason": None}
        return b"data: " + json.dumps({"object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"

    thought = [delta(reasoning_content=words) for words in ("Let me", " think", " so.")]
    spoken = saying(surface, ["One is here.", " Two comes.", " Three."])
    played = play(asking(surface), [*thought, *spoken], windowed(), surface=surface)
    assert len([data for data in emitted(played) if said_in(surface, data)]) > 1


def test_a_call_that_nobody_began_is_told_whole_too() -> None:
    surface = BY_NAME["responses"]
    windows = Windows(surface)
    place = {"item_id": "i1", "output_index": 0}
    for piece in ('{"a":"Rm. ', 'x. y"}'):
        body = {"type": "response.function_call_arguments.delta", "delta": piece, **place}
        assert windows.feed(read_event(b"data: " + json.dumps(body).encode() + b"\n\n")) == 0


@pytest.mark.parametrize("cut", [3, 4])
def test_what_was_told_is_on_record_when_a_stream_breaks_off(cut: int) -> None:
    surface = BY_NAME["chat"]
    events = saying(surface, ["One is here.", " Two comes.", " Three.", " Four."])[: cut + 1]
    played = play(asking(surface), events, windowed(), surface=surface)
    told = said_in(surface, b"".join(emitted(played)[:-1]))
    assert told
    assert (played.closing.outcome, played.closing.sent) == ("upstream_error", told)


# --- long streams ---


def sentences(characters: int) -> list[str]:
    """Pieces of a long text, each a sentence of its own."""
    return [f"{number:06} letters are here. " for number in range(characters // 25)]


def long_stream(characters: int) -> tuple[dict[str, Any], list[bytes]]:
    """A request of chat, and a stream that answers it with so many characters."""
    frame = {"id": "c", "object": "chat.completion.chunk", "model": "m"}
    said = [
        {**frame, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
        for piece in sentences(characters)
    ]
    said.append({**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return asking(BY_NAME["chat"]), [b"data: " + json.dumps(body).encode() + b"\n\n" for body in said]


def test_a_window_of_a_long_stream_is_judged_with_what_came_before_as_far_as_counts() -> None:
    size = 6 * REACH
    request, events = long_stream(size)
    whole = "".join(sentences(size))
    played = play(request, events, windowed(), surface=BY_NAME["chat"])
    told, replies = 0, []
    for ask in played.asks:
        if isinstance(ask, Judge):
            replies.append(ask.dialogue.reply)
        if isinstance(ask, Emit):
            length = len(said_in(BY_NAME["chat"], ask.data))
            if not ask.last:
                before = min(told, REACH - CONTEXT)
                assert replies[-1].endswith(whole[told - before : told + length])
                assert replies[-1] in whole
            told += length
    assert told == len(whole)
    *windows, last = replies
    assert last == whole
    assert max(map(len, windows)) <= 2 * REACH + LONGEST + LONG
    assert sum(map(len, windows)) < 3 * GROWTH * len(whole)


def test_what_is_wrong_late_in_a_long_stream_is_not_told() -> None:
    request, events = long_stream(3 * REACH)
    frame = {"object": "chat.completion.chunk"}
    bad = {**frame, "choices": [{"index": 0, "delta": {"content": f"{THREAT} Bye."}, "finish_reason": None}]}
    events.insert(-1, b"data: " + json.dumps(bad).encode() + b"\n\n")
    played = play(request, events, windowed(), surface=BY_NAME["chat"])
    said = said_in(BY_NAME["chat"], played.told)
    assert said.startswith("".join(sentences(3 * REACH)))
    assert "or else" not in said
    assert (played.closing.decision, played.closing.sent) == ("revise", said)


@pytest.mark.parametrize(("way", "held"), [("window", 0), ("observe", 0), ("hold", 1)])
def test_a_long_stream_takes_little_memory_beside_its_words(way: str, held: int) -> None:
    """Its events are six times its words, and eighty times once read; where all are held, they are less than the words."""
    size = 200_000
    request, events = long_stream(size)
    story = exchange(incoming(request), plan(review={"constitution": None, "stream": way}))
    ask: Any = next(story)
    coming, answer, told = iter(events), None, 0
    tracemalloc.start()
    try:
        while True:
            match ask:
                case Recognize():
                    answer = ((),) * len(ask.texts)
                case Send():
                    answer = Response(200, {}, b"", streaming=True)
                case Next():
                    answer = tuple(islice(coming, 1))
                case _:
                    told += len(ask.data) if isinstance(ask, Emit) else 0
                    answer = ()
            ask = story.send(answer)
    except StopIteration:
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert told > sum(map(len, events))
    assert peak < size + held * size + 500_000


# --- what has been told of a text, and whether it goes on ---


@pytest.mark.parametrize(
    ("before", "now", "goes_on_"),
    [
        ((), (("a", 1),), True),
        ((("a", 1),), (("a", 1),), True),
        ((("a", 1),), (("a", 5), ("b", 2)), True),
        ((("a", 1), ("b", 2)), (("a", 1), ("b", 9), ("c", 0)), True),
        ((("a", 1), ("b", 2)), (("a", 2), ("b", 2)), False),  # the first goes on in the middle of the whole
        ((("a", 2),), (("a", 1),), False),
        ((("a", 1), ("b", 2)), (("a", 1),), False),
        ((("a", 1),), (("b", 1), ("a", 1)), False),
    ],
)
def test_a_text_goes_on_where_only_its_end_is_new(before: Any, now: Any, goes_on_: bool) -> None:
    def made(texts: Any) -> Any:
        return tuple(((key,), length) for key, length in texts)

    assert goes_on(made(before), made(now)) == goes_on_


@given(st.data())
def test_what_was_told_of_a_text_is_known_without_keeping_it(data: st.DataObject) -> None:
    content = data.draw(st.text("ab", max_size=40))
    edges = sorted(data.draw(st.sets(st.integers(0, len(content)), max_size=6)))
    parts = [(*edges[at : at + 2], data.draw(st.text("<x>", max_size=4))) for at in range(0, len(edges) - 1, 2)]
    length = data.draw(st.integers(parts[-1][1] if parts else 0, len(content)))
    words, last = "", 0
    for start, end, masked in parts:
        words, last = words + content[last:start] + masked, end
    words += content[last:length]
    told = Told(length, tuple(parts))
    assert (told.words(content), told.size) == (words, len(words))
    assert told.begins(words + content[length:], content)
    other = data.draw(st.text("ab<x>", max_size=50))
    assert told.begins(other, content) == other.startswith(words)


@given(st.data())
def test_blocks_that_take_turns_are_judged_as_they_are_told(data: st.DataObject) -> None:
    """Where the first text goes on after the second has begun, what was told is not the beginning of the whole."""
    surface = BY_NAME["messages"]
    sentence = st.sampled_from(["One. ", "Two. ", "Or else. ", "Bye. "])
    said = data.draw(st.lists(st.tuples(st.integers(0, 1), sentence), min_size=1, max_size=8))
    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": {}}
    steps_: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
    steps_ += [
        {"type": "content_block_start", "index": at, "content_block": {"type": "text", "text": ""}} for at in (0, 1)
    ]
    steps_ += [
        {"type": "content_block_delta", "index": at, "delta": {"type": "text_delta", "text": text}} for at, text in said
    ]
    steps_ += [{"type": "content_block_stop", "index": at} for at in (0, 1)]
    steps_ += [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}]
    coming = [f"event: {body['type']}\ndata: {json.dumps(body)}\n\n".encode() for body in steps_]
    rules = plan(
        constitution=constitution(principle("no-threats", on_violation="block")), review={"constitution": None}
    )

    def critic(ask: Judge) -> tuple[Verdict, ...]:
        fired = "Or else" in ask.dialogue.reply
        return tuple(Verdict(rule.id, float(fired), "fired" if fired else "clear") for rule in ask.principles)

    played = play(asking(surface), coming, rules, surface=surface, critic=critic)
    bad = any("else" in text for _, text in said)
    assert (played.closing.decision == "block") == bad
    assert b"else" not in played.told
    order = dict.fromkeys(at for at, _ in said)
    whole = "".join(text for index in order for at, text in said if at == index)
    assert played.closing.reply == whole
    if not bad:
        assert played.closing.sent == whole
