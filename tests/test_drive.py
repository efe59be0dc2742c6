"""Answering an exchange: what fails is thrown into its story, and who leaves early is told to it."""

import asyncio
import io
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from guard.answering import bind
from guard.asks import (
    Ask,
    Bind,
    Bound,
    Emit,
    Extract,
    Extracted,
    Judge,
    Next,
    Note,
    Noted,
    Recall,
    Recognize,
    Record,
    Request,
    Response,
    Send,
    Story,
    Write,
)
from guard.backends.recognizers import Cache, CachedRecognizer, Stack
from guard.config import CriticConfig
from guard.drive import LONG_TEXT, Answers, BlockingAnswers, emitted, emitted_blocking
from guard.errors import ClientGone, CriticError, GuardError, PolicyError, UpstreamError
from guard.service import Service
from guard.types import Dialogue, Spelling
from tests.audit.samples import OPENING
from tests.dialogue import THREATS
from tests.house import MAIL, Scripted, policy, start

VALUE = "hunter2"
REFUSED = UpstreamError("The upstream broke off.")

# --- a story and its two drivers ---------------------------------------------------------------------------------

Step = tuple[Ask, Any]  # what is asked, and what is answered; an exception is raised


def answered(*steps: Step) -> tuple[Story[None], list[Any], Callable[[Ask], Any]]:
    """A story that asks one thing after the other, what it is told, and a function that answers it."""
    told: list[Any] = []

    def story() -> Story[None]:
        for ask, _ in steps:
            try:
                told.append((yield ask))
            except GuardError as failure:
                told.append(failure)

    answers = iter([answer for ask, answer in steps if not isinstance(ask, Emit)])

    def answer(_: Ask) -> Any:
        reply = next(answers)
        if isinstance(reply, Exception):
            raise reply
        return reply

    return story(), told, answer


def drive_blocking(story: Story[None], answer: Callable[[Ask], Any], most: int) -> list[Emit]:
    """What is emitted, until the caller has read `most` and leaves."""
    emits, taken = emitted_blocking(story, answer), []
    for _ in range(most):
        taken.append(next(emits, None))
    emits.close()
    return [emit for emit in taken if emit]


def drive(story: Story[None], answer: Callable[[Ask], Any], most: int) -> list[Emit]:
    async def awaited(ask: Ask) -> Any:
        await asyncio.sleep(0)
        return answer(ask)

    async def read() -> list[Emit]:
        emits, taken = emitted(story, awaited), []
        for _ in range(most):
            taken.append(await anext(emits, None))
        await emits.aclose()
        return [emit for emit in taken if emit]

    return asyncio.run(read())


DRIVERS = pytest.mark.parametrize("drive", [drive_blocking, drive])
Drive = Callable[[Story[None], Callable[[Ask], Any], int], list[Emit]]

steps = st.lists(
    st.just((Emit(b"x"), None)) | st.tuples(st.just(Next()), st.sampled_from((1, None, REFUSED, KeyError(VALUE)))),
    max_size=8,
)


@settings(deadline=None)
@given(steps, st.integers(0, 9))
def test_both_drivers_tell_a_story_alike(steps: Sequence[Step], most: int) -> None:
    """The story hears every answer and every failure; once its caller has left, nothing that it emits is read."""
    for way in (drive_blocking, drive):
        story, told, answer = answered(*steps)
        emits = way(story, answer, most)
        total = sum(isinstance(ask, Emit) for ask, _ in steps)
        assert len(emits) == min(most, total)
        if not most:
            assert told == []  # nobody has asked for anything
            continue
        assert len(told) == len(steps)
        left = most if most <= total else None  # the emit at which the caller leaves, counted from 1
        seen = 0
        for (ask, reply), heard in zip(steps, told, strict=True):
            seen += isinstance(ask, Emit)
            if isinstance(ask, Emit) and seen == left:
                assert isinstance(heard, ClientGone)
            elif isinstance(reply, KeyError):
                assert isinstance(heard, GuardError)
            else:
                assert heard == reply


@DRIVERS
def test_a_failure_of_guards_own_is_thrown_in_as_it_is(drive: Drive) -> None:
    story, told, answer = answered((Next(), REFUSED), (Emit(b"sorry"), None))
    assert drive(story, answer, 9) == [Emit(b"sorry")]
    assert told == [REFUSED, None]


@DRIVERS
def test_a_foreign_failure_carries_no_value(drive: Drive) -> None:
    cause = RuntimeError(f"cannot read {VALUE}")
    story, told, answer = answered((Next(), cause))
    drive(story, answer, 9)
    (failure,) = told
    assert type(failure) is GuardError
    assert failure.message == "guard failed while answering this request (RuntimeError)."
    assert failure.__cause__ is cause
    assert failure.status == 500


@DRIVERS
def test_who_leaves_early_is_on_record_and_reads_no_more(drive: Drive) -> None:
    recorded: list[Ask] = []

    def answer(ask: Ask) -> None:
        recorded.append(ask)

    def story() -> Story[None]:
        try:
            yield Emit(b"one")
            yield Emit(b"two")
        except ClientGone:
            yield Record(OPENING)
            yield Emit(b"three")
            yield Record(OPENING)

    assert drive(story(), answer, 1) == [Emit(b"one")]
    assert recorded == [Record(OPENING)] * 2


@DRIVERS
def test_a_story_that_has_nothing_to_say_to_it_just_ends(drive: Drive) -> None:
    def story() -> Story[None]:
        yield Emit(b"one")

    assert drive(story(), lambda _: None, 1) == [Emit(b"one")]


@DRIVERS
def test_a_failure_that_the_story_does_not_take_reaches_the_caller(drive: Drive) -> None:
    def story() -> Story[None]:
        yield Next()

    def answer(_: Ask) -> None:
        raise REFUSED

    with pytest.raises(UpstreamError, match="broke off"):
        drive(story(), answer, 1)


# --- the answers -------------------------------------------------------------------------------------------------


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = start(tmp_path, "http://127.0.0.1:9", [policy()], critic=Scripted(writes=True))
    yield made
    made.close()


class Line:
    """An upstream that answers what is given."""

    response = Response(200, {}, b"", streaming=True)
    closed = 0

    async def send(self, request: Request) -> Response:
        assert request == REQUEST
        return self.response

    async def next(self) -> Sequence[bytes]:
        return [b"data: 1\n\n"]

    async def close(self) -> None:
        self.closed += 1


class Lines:
    """The way to it; notes whom it leads to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.lines: list[Line] = []

    def line(self, upstream: str, path: str) -> Line:
        self.asked.append((upstream, path))
        self.lines.append(Line())
        return self.lines[-1]


class BlockingLine:
    """The same, for the library."""

    def send(self, request: Send) -> Response:
        assert request.request == REQUEST
        return Line.response

    def next(self) -> Sequence[bytes]:
        return [b"data: 1\n\n"]


REQUEST = Request("POST", "/v1/chat/completions", {}, b"{}", stream=True)


def answer(service: Service, ask: Ask, way: str) -> Any:
    """What either shell answers; the awaiting one in a loop of its own."""
    if way == "blocking":
        return BlockingAnswers(service, BlockingLine())(ask)
    return asyncio.run(Answers(service, Lines())(ask))


def judge(reply: str) -> Judge:
    return Judge(Dialogue("Hello", reply), (THREATS,))


BOTH = pytest.mark.parametrize("way", ["blocking", "awaiting"])


@BOTH
def test_every_ask_has_its_answer(service: Service, way: str) -> None:
    assert answer(service, Send("fake", REQUEST), way) is Line.response
    assert answer(service, Record(OPENING), way) is None
    assert service.store.show(OPENING.exchange).opening == OPENING  # type: ignore[union-attr]
    ((span,),) = answer(service, Recognize((f"to {MAIL}",), "default"), way)
    assert (span.entity, span.start) == ("EMAIL_ADDRESS", 3)
    (verdict,) = answer(service, judge("Pay, or else."), way)
    assert (verdict.principle, verdict.state) == ("no-threats", "fired")
    assert answer(service, Write("Rewrite it."), way) == "Please pay today."
    with pytest.raises(GuardError, match="not answered"):
        answer(service, Emit(b""), way)


def test_a_stream_is_read_from_the_line_that_was_sent_to() -> None:
    answers = BlockingAnswers(None, BlockingLine())  # type: ignore[arg-type]
    assert answers(Send("fake", REQUEST)) is Line.response
    assert answers(Next()) == [b"data: 1\n\n"]


async def test_each_call_has_a_line_of_its_own_which_is_given_back(service: Service) -> None:
    lines = Lines()
    answers = Answers(service, lines)
    assert list(await answers(Next())) == []  # nobody was called
    await answers(Send("one", REQUEST))
    assert (await answers(Next()), service.at_work["one"]) == ([b"data: 1\n\n"], 1)
    await answers(Send("other", REQUEST))
    assert lines.asked == [("one", REQUEST.path), ("other", REQUEST.path)]
    assert [line.closed for line in lines.lines] == [1, 0]
    assert (service.at_work["one"], service.at_work["other"]) == (0, 1)
    await answers.close()
    await answers.close()
    assert [line.closed for line in lines.lines] == [1, 1]
    assert service.at_work.total() == 0


@BOTH
def test_the_vault_keeps_notes_and_tells_what_codes_stand_for(service: Service, way: str) -> None:
    answer(service, Note("turn-1", ("to <PERSON_K7Q2M4XD>", "")), way)
    assert answer(service, Noted(("turn-1", "turn-2")), way) == {"turn-1": ("to <PERSON_K7Q2M4XD>", "")}
    answer(service, Bind({"K7Q2M4XD": Bound("PERSON", "alice", {"": Spelling("Alice")})}), way)
    assert answer(service, Recall(("K7Q2M4XD", "X0000000")), way) == {"K7Q2M4XD": ("PERSON", {"": Spelling("Alice")})}


@BOTH
def test_a_file_is_read_and_a_picture_stays_one(service: Service, way: str) -> None:
    assert answer(service, Extract("text/plain", f"to {MAIL}".encode(), "default"), way) == Extracted(f"to {MAIL}")
    with pytest.raises(PolicyError, match="cannot read files of this kind"):
        answer(service, Extract("application/x-unknown", b"x", "default"), way)
    blank = io.BytesIO()
    Image.new("RGB", (64, 32), "white").save(blank, "PNG")
    read = answer(service, Extract("image/png", blank.getvalue(), "default"), way)
    assert (read.text, read.kind, read.finds) == ("", "image/png", ())
    with Image.open(io.BytesIO(read.picture)) as picture:
        assert picture.size == (64, 32)


@BOTH
def test_a_critic_that_is_late_fails_or_is_not_there_has_not_judged(service: Service, way: str) -> None:
    patient = service.config
    service.config = patient.model_copy(update={"critic": CriticConfig(timeout_s=0.1)})
    with pytest.raises(CriticError, match=r"longer than 0\.1 s"):
        answer(service, judge("LATE"), way)
    service.config = patient
    service.critic.released.set()  # type: ignore[union-attr]
    with pytest.raises(CriticError, match=r"^the critic gave up$"):
        answer(service, judge("GIVES UP"), way)
    with pytest.raises(CriticError) as caught:
        answer(service, judge(f"CRASH {VALUE}"), way)
    assert caught.value.message == "the critic failed (ValueError)"
    service.critic = None
    with pytest.raises(CriticError, match="there is no critic"):
        answer(service, judge("Fine."), way)


def test_a_code_that_stands_for_another_value_is_told(service: Service) -> None:
    def bound(value: str, code: str = "K7Q2M4XD") -> Bind:
        return Bind({code: Bound("PERSON", value, {"": Spelling(value)})})

    assert bind(service, bound("alice")) == frozenset()
    assert bind(service, bound("alice")) == frozenset()
    assert bind(service, bound("bob")) == {"K7Q2M4XD"}
    for way in ("blocking", "awaiting"):
        assert answer(service, bound("bob"), way) == {"K7Q2M4XD"}
        assert answer(service, bound("bob", "K7Q2M4XDAB"), way) == frozenset()


class Noting:
    """A recognizer of patterns that notes the thread it runs in."""

    name = "noting"

    def __init__(self) -> None:
        self.threads: list[int] = []

    def analyze(self, _: str) -> Sequence[Any]:
        self.threads.append(threading.get_ident())
        return ()


@pytest.mark.parametrize(("length", "here"), [(LONG_TEXT, True), (LONG_TEXT + 1, False)])
def test_a_long_text_is_matched_off_the_event_loop(service: Service, length: int, here: bool) -> None:
    noting = Noting()
    stack = Stack(patterns=noting)  # type: ignore[arg-type]
    service.recognizers = {"default": CachedRecognizer(stack, Cache(9))}
    assert answer(service, Recognize(("x" * (length - 1), "y"), "default"), "awaiting") == ((), ())
    assert {thread == threading.get_ident() for thread in noting.threads} == {here}
