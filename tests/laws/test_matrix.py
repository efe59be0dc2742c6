"""The matrix of surfaces, fields and duties: a test for every cell, and the README shows the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from guard.asks import Emit, Record, Request, Send
from guard.surfaces.matrix import KINDS, MATRIX, Cell, Duty, Kind, Mode, as_markdown, cells
from guard.surfaces.table import BY_NAME, SURFACES
from guard.types import Closing, Opening
from tests.dialogue import BOB, CARD, ENTITIES, MAIL, NAME, SECRET, Played, asked, constitution, plan, play
from tests.laws.test_l1_nothing_leaves import holds
from tests.matrix import REPLIES, REQUESTS, SILENT, ways_back
from tests.matrix.templates import (
    LISTS,
    SLOT,
    Reply,
    Step,
    bodies,
    filled,
    found,
    general,
    has_choices,
    opened,
    places,
    steps,
    whole,
    wire,
)

VALUES = (("EMAIL_ADDRESS", MAIL), ("CREDIT_CARD", CARD), ("SECRET", SECRET), ("PERSON", NAME), ("PERSON", BOB))
# Particles directly behind a value, as Korean and Japanese have them.
AROUND = ("{}", "안녕하세요. {}님께 보냅니다.", "拝啓、{}さんへ")
TEXTS = tuple(around.replace("{}", value) for _, value in VALUES for around in AROUND)
ALL = "; ".join(TEXTS[::4])
# What a critic finds here: the first may be mended, the second never goes out.
THREAT, WEAPON = "Pay now, or else.", "Take the rifle."
CHOICES = 2
TESTED: set[Cell] = set()


def of(duty: Duty, *, mode: Mode | None = None, kind: Kind | None = None) -> Any:
    """A test for every cell of a duty."""
    chosen = [cell for cell in cells() if cell.duty == duty and mode in {None, cell.mode} and kind in {None, cell.kind}]
    TESTED.update(chosen)
    return pytest.mark.parametrize("cell", chosen, ids=str)


def asking(cell: Cell, template: Any, **keys: Any) -> dict[str, Any]:
    """The template of a whole request."""
    stream = {"stream": True} if cell.mode == "stream" else {}
    return {"model": "m", **template, **keys, **stream}


def pairs(cell: Cell) -> Iterator[tuple[dict[str, Any], Reply]]:
    """Every request of a cell and every way in which what it said comes back, in pairs."""
    requests, replies = REQUESTS[cell.surface][cell.kind], ways_back(cell.surface, cell.kind)
    for template, reply in islice(zip(cycle(requests), cycle(replies), strict=False), max(len(requests), len(replies))):
        counted = LISTS[cell.surface].counted if has_choices(cell.surface, reply) else ""
        several = {counted: CHOICES} if counted else {}
        yield asking(cell, template, **several, **reply.asked), reply


def numbered(cell: Cell, reply: Reply, text: str) -> list[str]:
    """What each choice says: the text, and the second its number before it, unless that would make JSON prose."""
    return [text, text if text[0] in "{[" else f"2: {text}"][: CHOICES if has_choices(cell.surface, reply) else 1]


def saying(cell: Cell, reply: Reply, texts: Sequence[str], size: int | tuple[int, ...] = 1) -> bytes | list[bytes]:
    """What an upstream sends."""
    if cell.mode == "whole":
        return whole(cell.surface, reply, texts)
    return wire(cell.surface, steps(reply, texts, size))


# --- the table ---


def test_every_surface_is_in_the_table_with_every_kind_of_field() -> None:
    assert list(MATRIX) == [surface.name for surface in SURFACES]
    assert all(set(row) == set(KINDS) for row in MATRIX.values())
    assert {entity for entity, _ in VALUES} == set(ENTITIES)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("surface", MATRIX)
def test_every_place_of_the_table_is_planted_and_no_other(surface: str, kind: Kind) -> None:
    field = MATRIX[surface][kind]
    planted = {general(place) for template in REQUESTS[surface].get(kind, ()) for place in places(surface, template)}
    own = REPLIES.get(surface, {}).get(kind, ())
    lists = LISTS.get(surface)
    replies = [{lists.key: [reply.whole], **reply.beside} if lists else reply.whole for reply in own]
    told = {general(place) for template in replies for place in places(surface, template)}
    if isinstance(field, str):
        assert field
        assert not planted | told
    else:
        assert planted == set(field.asked) != set()
        assert told == {*field.told, *field.repeated}


def test_the_readme_shows_the_table() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text()
    assert text.split("<!-- matrix -->\n")[1].split("\n<!-- /matrix -->")[0] == as_markdown()


# --- mask and log ---


def quiet(cell: Cell, template: Any, text: str) -> Played:
    """An exchange of which nothing comes back."""
    reply = SILENT.get(cell.surface) or saying(cell, REPLIES[cell.surface]["text"][0], ["Done."])
    return play(filled(asking(cell, template), text), reply, surface=BY_NAME[cell.surface])


@of("mask")
def test_what_is_planted_neither_leaves_nor_is_written_down(cell: Cell) -> None:
    for template in REQUESTS[cell.surface][cell.kind]:
        for text in (*TEXTS, ALL):
            played = quiet(cell, template, text)
            for _, value in VALUES:
                assert not holds(played.request.body + repr(dict(played.request.headers)).encode(), value)
                assert not holds(played.entries, value)
            # And nothing else was changed.
            whole_ = asking(cell, template)
            assert played.sent == filled(whole_, found(whole_, played.sent))
            assert played.head.status == 200


@of("log")
def test_what_was_found_is_on_record_before_a_byte_leaves(cell: Cell) -> None:
    for template in REQUESTS[cell.surface][cell.kind]:
        (place,) = places(cell.surface, template)
        for entity, value in VALUES:
            played = quiet(cell, template, AROUND[1].replace("{}", value))
            opening = played.opening
            assert {(span.entity, span.field, span.operator) for span in opening.spans} == {
                (entity, place, "placeholder")
            }
            assert (opening.surface, opening.stream) == (cell.surface, cell.mode == "stream")
            story = [ask.entry if isinstance(ask, Record) else ask for ask in played.asks]
            kinds = [type(step) for step in story if isinstance(step, Opening | Send | Closing | Emit)]
            assert (kinds[:2], kinds[-2:]) == ([Opening, Send], [Closing, Emit])
            assert set(kinds[2:-2]) <= {Emit}
            assert (played.closing.outcome, played.closing.spans) == ("completed", ())


# --- restore ---


def echo(
    cell: Cell, request: Any, reply: Reply, text: str, *, stream: str = "hold", size: int | tuple[int, ...] = 1
) -> Played:
    """An exchange in which an upstream says what it was told, in every choice."""

    def answer(sent: Request) -> bytes | list[bytes]:
        masked = found(request, asked(sent))
        assert not any(holds(masked.encode(), value) for _, value in VALUES)
        return saying(cell, reply, numbered(cell, reply, masked), size)

    rules = plan(constitution=constitution(), review={"constitution": None, "stream": stream})
    return play(filled(request, text), answer, rules, surface=BY_NAME[cell.surface])


def heard(cell: Cell, reply: Reply, played: Played, sent: Sequence[Step]) -> list[str]:
    """What a client puts together from the pieces of each choice, once its other events are as they were sent."""
    texts: dict[int, list[str]] = {step.choice: [] for step in sent}
    for step, body in zip(sent, bodies(played.told), strict=True):
        if step.template is reply.piece:
            texts[step.choice].append(found(Step(step.template, step.choice, SLOT).body(cell.surface), body))
        else:
            assert body == step.body(cell.surface)
    return ["".join(pieces) for pieces in texts.values()]


def check_echo(cell: Cell, request: Any, reply: Reply, text: str, **how: Any) -> None:
    played = echo(cell, request, reply, text, **how)
    said = numbered(cell, reply, text)
    assert (played.head.status, played.closing.decision, played.closing.unknown_placeholders) == (200, "allow", 0)
    if cell.mode == "whole":
        assert played.told == whole(cell.surface, reply, said)
        return
    masked = numbered(cell, reply, found(request, played.sent))
    sent = [
        step if step.template is reply.piece else replace(step, text=said[step.choice])
        for step in steps(reply, masked, how.get("size", 1))
    ]
    told = [filled(reply.told, text) for text in said]
    assert heard(cell, reply, played, sent) == (told if reply.piece else [""] * len(said))


@of("restore", mode="whole")
def test_what_comes_back_whole_is_what_was_masked(cell: Cell) -> None:
    for request, reply in pairs(cell):
        for text in (*TEXTS, ALL):
            check_echo(cell, request, reply, text)


@of("restore", mode="stream")
@pytest.mark.parametrize("stream", ["window", "hold", "observe"])
def test_what_comes_back_a_character_at_a_time_is_what_was_masked(cell: Cell, stream: str) -> None:
    for request, reply in pairs(cell):
        for text in (*TEXTS[::4], ALL):
            check_echo(cell, request, reply, text, stream=stream)


@of("restore", mode="stream")
def test_what_comes_back_cut_at_any_place_is_what_was_masked(cell: Cell) -> None:
    ways = {id(reply): (request, reply) for request, reply in pairs(cell) if reply.piece}
    for request, reply in ways.values():
        for place in range(1, 80):
            check_echo(cell, request, reply, TEXTS[-2], stream="observe", size=(place,))
        for place in range(1, 80, 7):
            check_echo(cell, request, reply, TEXTS[-2], stream="window", size=(place,))


@of("restore", kind="JSON inside strings")
def test_json_that_is_quoted_as_it_stood_comes_back_as_it_stood(cell: Cell) -> None:
    for request, reply in pairs(cell):
        for text in (*TEXTS[::4], ALL):
            check_echo(cell, opened(request), reply.opened, found(opened(request), filled(request, text)))


# --- review ---


def review(cell: Cell, reply: Reply, said: bytes | list[bytes], stream: str = "hold") -> Played:
    """An exchange to which an upstream answers with `said`."""
    request = filled(asking(cell, REQUESTS[cell.surface]["text"][0], **reply.asked), "Hello")
    rules = plan(constitution=constitution(), review={"constitution": None, "stream": stream})
    return play(request, said, rules, surface=BY_NAME[cell.surface])


def judged(cell: Cell) -> Iterator[tuple[Reply, list[str]]]:
    """Every way back of a cell that is judged, and what each choice says before the last one."""
    for reply in ways_back(cell.surface, cell.kind):
        if reply.judged:
            yield reply, ["All is well."] * (CHOICES - 1 if has_choices(cell.surface, reply) else 0)


def fired(played: Played) -> set[str]:
    return {verdict.principle for _, verdict in played.closing.verdicts if verdict.state == "fired"}


@of("review")
def test_what_may_not_be_said_is_not_told(cell: Cell) -> None:
    for reply, others in judged(cell):
        played = review(cell, reply, saying(cell, reply, [*others, WEAPON]))
        assert b"rifle" not in played.told
        assert (played.head.status, played.closing.decision, fired(played)) == (403, "block", {"no-weapons"})


@of("review", mode="stream")
def test_what_may_not_be_said_is_in_no_window(cell: Cell) -> None:
    for reply, others in judged(cell):
        for text in (WEAPON, THREAT, f"All is well. We go on. {WEAPON}"):
            played = review(cell, reply, saying(cell, reply, [*others, text]), "window")
            assert b"rifle" not in played.told
            assert b"or else" not in played.told
            assert played.closing.decision != "allow"
            assert fired(played) == {"no-threats" if text == THREAT else "no-weapons"}


@of("review")
def test_content_is_mended_and_all_else_withheld(cell: Cell) -> None:
    for reply, others in judged(cell):
        played = review(cell, reply, saying(cell, reply, [*others, THREAT]))
        assert b"or else" not in played.told
        assert fired(played) == {"no-threats"}
        if not reply.content:
            assert (played.head.status, played.closing.decision) == (403, "block")
            continue
        assert (played.head.status, played.closing.decision) == (200, "revise")
        *kept, mended = played.closing.sent.split("\n\n")
        assert kept == [filled(reply.told, text) for text in others]
        check_mended(cell, reply, played, [*others, THREAT], [*kept, mended])


def check_mended(cell: Cell, reply: Reply, played: Played, meant: Sequence[str], said: Sequence[str]) -> None:
    """The client is told what the log says, and what repeats a text says the same as its pieces."""
    plain = reply.opened
    if cell.mode == "whole":
        assert played.told == whole(cell.surface, plain, said)
        return
    before = steps(plain, [filled(reply.told, text) for text in meant])
    sent = [replace(step, text=said[step.choice]) for step in before]
    assert heard(cell, plain, played, sent) == list(said)


@of("review", mode="stream")
def test_what_is_observed_is_told_and_recorded(cell: Cell) -> None:
    for reply, others in judged(cell):
        for text, principle in ((THREAT, "no-threats"), (WEAPON, "no-weapons")):
            said = [*others, text]
            played = review(cell, reply, saying(cell, reply, said), "observe")
            assert bodies(played.told) == [step.body(cell.surface) for step in steps(reply, said)]
            assert (played.closing.decision, fired(played)) == ("allow", {principle})


@of("review", mode="stream")
def test_an_event_that_comes_again_with_other_words_is_judged_too(cell: Cell) -> None:
    for reply, others in judged(cell):
        innocent = steps(reply, [*others, "All is well."])
        for at, step in enumerate(innocent):
            guilty = replace(step, text=WEAPON)
            if step.template is reply.piece or guilty.body(cell.surface) == step.body(cell.surface):
                continue
            for place in (at, at + 1):
                events = wire(cell.surface, [*innocent[:place], guilty, *innocent[place:]])
                assert b"rifle" not in review(cell, reply, events).told


def test_every_cell_has_a_test() -> None:
    assert set(cells()) == TESTED
