"""What guard does to each event of a stream, on every surface that streams: time, and memory for a long reply.

    python benchmarks/streams.py [--events N] [--rounds N] [--lengths] [--json]

The exchange is driven in this process, without a server: the time is the processor's for guard's own work on an event,
the median of the rounds, as a difference to a loop that only counts the events. "restoring" means that a value was
masked in the request, so that each text is searched for placeholders; "observe" gathers the words of the reply for its
review and the log; "window" also looks for the ends of windows and keeps what waits for one, "hold" keeps every event,
compressed; "pass-through" keeps nothing. Peak memory is that of Python's allocations (tracemalloc) for a reply of one
megabyte, its words included, no two events of which are the same.

With --lengths the time is that of replies of 0.1, 1 and 4 MB: it is flat where nothing is done over and over.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from guard.asks import Bind, Next, Recognize, Response, Send
from guard.course import Incoming, Plan
from guard.exchange import exchange
from guard.mask.placeholders import Coder
from guard.policy import Policy
from guard.review.review import Settings
from guard.surfaces.surface import Surface
from guard.surfaces.table import BY_NAME
from guard.types import Principal, Span

MAIL = "alice.meyer@example.com"
WORDS = "The letter has been written. "
SIZES = (100_000, 1_000_000, 4_000_000)
POLICIES = {
    "pass-through": Policy(policy="b", recognize={"profile": "none"}, log={"content": "none"},
                           review={"constitution": None, "stream": "observe"}),
    "observe": Policy(policy="b", review={"constitution": None, "stream": "observe"}),
    "restoring": Policy(policy="b", review={"constitution": None, "stream": "observe"}),
    "window": Policy(policy="b", review={"constitution": None, "stream": "window"}),
    "hold": Policy(policy="b", review={"constitution": None, "stream": "hold"}),
}  # fmt: skip


def sse(body: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def chat(text: str) -> bytes:
    frame = {"id": "c", "object": "chat.completion.chunk", "created": 1700000000, "model": "m"}
    return sse({**frame, "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})


def completions(text: str) -> bytes:
    frame = {"id": "c", "object": "text_completion", "created": 1700000000, "model": "m"}
    return sse({**frame, "choices": [{"index": 0, "text": text, "logprobs": None, "finish_reason": None}]})


def messages(text: str) -> bytes:
    return sse({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})


def responses(text: str) -> bytes:
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": [], "sequence_number": 4}
    return sse({"type": "response.output_text.delta", "delta": text, **where})


def gemini(text: str) -> bytes:
    usage = {
        "promptTokenCount": 4, "candidatesTokenCount": 1, "totalTokenCount": 5,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 4}],
    }  # fmt: skip
    candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
    return sse({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": "r"})


SURFACES: dict[str, tuple[Callable[[str], bytes], list[bytes]]] = {
    "chat": (chat, [sse({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}), b"data: [DONE]\n\n"]),
    "completions": (completions, [b"data: [DONE]\n\n"]),
    "messages": (messages, [sse({"type": "content_block_stop", "index": 0}), sse({"type": "message_stop"})]),
    "responses": (responses, [sse({"type": "response.completed", "response": {"id": "r", "output": []}})]),
    "gemini": (gemini, [sse({"candidates": [{"index": 0, "finishReason": "STOP"}]})]),
}


def request(surface: Surface, said: str) -> bytes:
    spoken: dict[str, Any] = {"messages": [{"role": "user", "content": said}]}
    if surface.name == "gemini":  # whose path says the rest
        return json.dumps({"contents": [{"parts": [{"text": said}]}]}).encode()
    spoken = {"responses": {"input": said}, "completions": {"prompt": said}}.get(surface.name, spoken)
    return json.dumps({"model": "m", "stream": True, **spoken}).encode()


def plan(policy: Policy) -> Plan:
    return Plan(policy, None, Settings(), "", "", ("mock",), Coder(b"k" * 32), time.time, "x")


def found(text: str) -> tuple[Span, ...]:
    at = text.find(MAIL)
    return (Span(at, at + len(MAIL), "EMAIL_ADDRESS", 0.9, "bench"),) if at >= 0 else ()


def run(surface: Surface, policy: Policy, said: str, events: Iterator[bytes]) -> int:
    """Drive one exchange; gives the bytes that were emitted."""
    call = surface.read(request(surface, said), surface.address({}, "m", stream=True))
    story = exchange(Incoming(Principal("bench"), {}, call), plan(policy))
    emitted = 0
    ask = next(story)
    while True:
        answer: Any = None
        match ask:
            case Recognize():
                answer = tuple(map(found, ask.texts))
            case Bind():
                answer = ()
            case Send():
                answer = Response(200, {}, b"", streaming=True)
            case Next():
                event = next(events, None)
                answer = () if event is None else (event,)
            case _:
                emitted += len(getattr(ask, "data", b""))
        try:
            ask = story.send(answer)
        except StopIteration:
            return emitted


def stream(name: str, count: int, text: str) -> Iterator[bytes]:
    make, ending = SURFACES[name]
    event = make(text)
    yield from (event for _ in range(count))
    yield from ending


def letter(name: str, size: int) -> Iterator[bytes]:
    """A stream of `size` characters, no two pieces of which are the same."""
    make, ending = SURFACES[name]
    for number in range(size // len(WORDS)):
        yield make(f"{number:09} {WORDS[10:]}")
    yield from ending


def time_of(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def measure(events: int, rounds: int) -> list[dict[str, Any]]:
    rows = []
    for name in SURFACES:
        for mode, policy in POLICIES.items():
            said = f"Write to {MAIL}." if mode == "restoring" else "Write."
            surface = BY_NAME[name]
            differences: Sequence[float] = [
                time_of(lambda: run(surface, policy, said, stream(name, events, "word ")))  # noqa: B023 - called at once
                - time_of(lambda: sum(map(len, stream(name, events, "word "))))  # noqa: B023
                for _ in range(rounds)
            ]
            tracemalloc.start()
            run(surface, policy, said, letter(name, 1_000_000))
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            each = statistics.median(differences) / events * 1e6
            rows.append({"surface": name, "mode": mode, "us_per_event": each, "peak_mb": peak / 1e6})
    return rows


def lengths() -> Iterator[tuple[str, str, list[float]]]:
    """Microseconds per event of replies of each of SIZES characters, by surface and mode."""
    for name in SURFACES:
        for mode, policy in POLICIES.items():
            said = f"Write to {MAIL}." if mode == "restoring" else "Write."
            each = []
            for size in SIZES:
                work = time_of(lambda: run(BY_NAME[name], policy, said, letter(name, size)))  # noqa: B023 - at once
                each.append((work - time_of(lambda: sum(map(len, letter(name, size))))) * len(WORDS) / size * 1e6)  # noqa: B023
            yield name, mode, each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lengths", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.lengths:
        for name, mode, each in lengths():
            times = "   ".join(f"{size / 1e6:g} MB {us:5.1f} us" for size, us in zip(SIZES, each, strict=True))
            print(f"{name:<12} {mode:<13} an event: {times}")
        return
    rows = measure(options.events, options.rounds)
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print(
            f"{row['surface']:<12} {row['mode']:<13} {row['us_per_event']:6.1f} us an event   "
            f"peak {row['peak_mb']:6.2f} MB for a reply of 1 MB"
        )


if __name__ == "__main__":
    main()
