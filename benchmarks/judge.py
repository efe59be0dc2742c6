"""What the judge costs, as ratios of times taken side by side in one run.

    python benchmarks/judge.py [--json] [--cache FOLDER] [--model ID] [--device cpu|cuda] [--dtype TYPE]
                               [--tokens 300] [--runs 3] [--threads 1] [--constitution NAME] [--parts …]

  principles   all in one pass, cold and with the exchange known, against one prompt each, and against one principle
  stream       a reply that grows, judged again and again, against reading it anew each time
  together     8 exchanges that come at the same time, against one after the other
  bfloat16     on a CPU: the cold judgement in bfloat16

A time is the median of the runs: of this process's CPU time on a CPU, of the clock on a GPU. The questions are 33
tokens long, or with `--constitution` those of one that comes with guard, such as workplace. With few runs on a busy
machine the ratios move by a tenth.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

from guard import constitution
from guard.backends.causal import load
from guard.backends.causal_model import CausalModel
from guard.backends.packed import AFTER, QUESTION
from guard.backends.packing import Asker, Question
from guard.config import DEFAULTS

PRINCIPLES = (1, 8, 16, 32)
WORDS = "The parcel left our warehouse on Monday and should reach you on Thursday before noon. "
OURS = "Rule: The assistant never breaks rule {n}.\nQuestion: Does the reply break rule {n}?\nAnswer Yes or No."
PARTS = ("principles", "stream", "together", "bfloat16")
WINDOW = 25  # tokens by which a stream grows between two judgements
TOGETHER = 8
# Exchanges that are judged together: how many tokens, against how many principles.
SIZES = ((20, 1), (60, 4), (300, 16))

Row = dict[str, Any]


class Bench:
    """A model under measurement, and what it is asked."""

    def __init__(self, model: CausalModel, options: argparse.Namespace) -> None:
        self.model = model
        self.asker = Asker(model)
        self.runs = int(options.runs)
        self.clock = time.process_time if model.model.device.type == "cpu" else time.perf_counter
        self._named = options.constitution
        self._before, self._after = model.frame()

    def exchange(self, tokens: int, number: int = 0) -> list[int]:
        """An exchange of so many tokens, unlike those of other numbers from the start on."""
        words = self.model.encode(f"{number}. " + WORDS * (tokens // 10 + 1))[:tokens]
        return [*self._before, *words, *self.model.encode(AFTER)]

    def branches(self, most: int) -> list[list[int]]:
        """The questions about so many principles."""
        if self._named:
            found = constitution.load(DEFAULTS / "constitutions" / f"{self._named}.yaml").principles
            texts = [QUESTION.format(statement=p.statement, question=p.question) for p in found if p.check is None]
            endless = (f"{n}{text}" if n else text for n in count() for text in texts)
        else:
            endless = (OURS.format(n=n) for n in count())
        return [[*self.model.encode(text), *self._after] for text in islice(endless, most)]

    def seconds(self, work: Callable[[], object], *, cold: bool = True, runs: int = 0) -> float:
        """The median time of `work`; unless `cold`, with what was read before still known."""
        times = []
        for _ in range(runs or self.runs):
            if cold:
                self.asker.forget()
            began = self.clock()
            work()
            times.append(self.clock() - began)
        return statistics.median(times)


def principles(bench: Bench, tokens: int) -> list[Row]:
    prefix = bench.exchange(tokens)
    rows: list[Row] = []
    for number in PRINCIPLES:
        branches = bench.branches(number)
        cold = bench.seconds(lambda branches=branches: bench.asker.ask(prefix, branches))  # type: ignore[misc]
        known = bench.seconds(lambda branches=branches: bench.asker.ask(prefix, branches), cold=False)  # type: ignore[misc]
        apart = bench.seconds(lambda branches=branches: bench.asker.separate(prefix, branches), runs=1)  # type: ignore[misc]
        pairs = zip(bench.asker.ask(prefix, branches), bench.asker.separate(prefix, branches), strict=True)
        difference = max(abs(one.score - other.score) for one, other in pairs)
        first = rows[0]["cold_s"] if rows else cold
        rows.append(
            {
                "principles": number, "branch_tokens": sum(map(len, branches)), "cold_s": cold, "known_s": known,
                "separate_s": apart, "separate_over_cold": apart / cold, "separate_over_known": apart / known,
                "over_one_principle": cold / first, "largest_difference": difference,
            }
        )  # fmt: skip
    return rows


def stream(bench: Bench, tokens: int) -> list[Row]:
    """A prompt of a third, and a reply that grows to the whole."""
    whole, branches = bench.exchange(tokens), bench.branches(16)
    ending = len(bench.model.encode(AFTER))
    body, after = whole[:-ending], whole[-ending:]
    grown = [[*body[:end], *after] for end in range(len(body) // 3, len(body) + 1, WINDOW)]

    def judge(*, anew: bool) -> None:
        for prefix in grown:
            if anew:
                bench.asker.forget()
            bench.asker.ask(prefix, branches)

    growing, anew = bench.seconds(lambda: judge(anew=False)), bench.seconds(lambda: judge(anew=True))
    return [
        {
            "judgements": len(grown), "growing_s": growing, "anew_s": anew, "anew_over_growing": anew / growing,
            "tokens_read": _read(bench, grown, branches), "tokens_anew": sum(map(len, grown))
            + len(grown) * sum(map(len, branches)),
        }
    ]  # fmt: skip


def _read(bench: Bench, grown: Sequence[Sequence[int]], branches: Sequence[Sequence[int]]) -> int:
    """How many tokens the model reads of a stream."""
    read: list[int] = []

    def note(module: object, arguments: object, named: dict[str, Any]) -> None:
        del module, arguments
        read.append(named["input_ids"].numel())

    hook = bench.model.model.base_model.register_forward_pre_hook(note, with_kwargs=True)
    bench.asker.forget()
    for prefix in grown:
        bench.asker.ask(prefix, branches)
    hook.remove()
    return sum(read)


def together(bench: Bench, tokens: int) -> list[Row]:
    del tokens
    rows: list[Row] = []
    for length, number in SIZES:
        branches = tuple(map(tuple, bench.branches(number)))
        asked = [Question(tuple(bench.exchange(length, n)), branches) for n in range(TOGETHER)]
        for known in (False, True):

            def one_by_one(asked: Sequence[Question] = asked) -> None:
                for question in asked:
                    bench.asker.answer([question])

            def at_once(asked: Sequence[Question] = asked) -> None:
                bench.asker.answer(asked)

            def separate(asked: Sequence[Question] = asked) -> None:
                for question in asked:
                    bench.asker.separate(question.prefix, question.branches)

            at_once()
            alone = bench.seconds(one_by_one, cold=not known)
            all_ = bench.seconds(at_once, cold=not known)
            apart = bench.seconds(separate, runs=1)
            rows.append(
                {
                    "exchange_tokens": length, "principles": number, "known": known, "one_by_one_s": alone,
                    "together_s": all_, "separate_s": apart, "throughput": alone / all_,
                    "throughput_over_separate": apart / all_,
                }
            )  # fmt: skip
    return rows


def bfloat16(options: argparse.Namespace) -> list[Row]:
    bench = Bench(load(options.model, cache=options.cache, device="cpu", dtype="bfloat16"), options)
    prefix, branches = bench.exchange(options.tokens), bench.branches(16)
    bench.asker.ask(prefix, branches)
    return [{"principles": 16, "cold_s": bench.seconds(lambda: bench.asker.ask(prefix, branches))}]


LINES = {
    "principles": "{principles:3} principles: cold {cold_s:6.3f} s, known {known_s:6.3f} s, separate {separate_s:6.2f} "
    "s: {separate_over_cold:4.1f} and {separate_over_known:4.1f} times as fast, {over_one_principle:.1f} times one"
    " principle, scores apart {largest_difference:.1e}",
    "stream": "a reply judged {judgements} times while it grows: {growing_s:.2f} s, {anew_over_growing:.1f} times as "
    "fast as anew; {tokens_read} tokens read, not {tokens_anew}",
    "together": "8 exchanges of {exchange_tokens} tokens, {principles} principles, known {known}: together"
    " {together_s:.3f} s, {throughput:.2f} times the throughput of one by one, {throughput_over_separate:.1f} of "
    "separate prompts",
    "bfloat16": "{principles} principles cold in bfloat16: {cold_s:.3f} s",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--cache", type=Path, default=Path("guard-data/models"))
    parser.add_argument("--model", default="packaged:smollm2")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--tokens", type=int, default=300, help="length of the exchange")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--constitution", help="ask about the principles of one that comes with guard")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()

    import torch

    torch.set_num_threads(options.threads)
    bench = Bench(load(options.model, cache=options.cache, device=options.device, dtype=options.dtype), options)
    bench.asker.ask(bench.exchange(20), bench.branches(2))  # warm up
    measured: dict[str, Callable[[], list[Row]]] = {
        "principles": lambda: principles(bench, options.tokens),
        "stream": lambda: stream(bench, options.tokens),
        "together": lambda: together(bench, options.tokens),
        "bfloat16": lambda: bfloat16(options) if options.device == "cpu" else [],
    }
    found: dict[str, Any] = {
        "model": options.model, "precision": bench.model.precision, "device": str(bench.model.model.device),
        "tokens": options.tokens, "threads": options.threads, "one_pass": bench.asker.packs,
    }  # fmt: skip
    for part in options.parts:
        found[part] = measured[part]()
        for row in () if options.json else found[part]:
            print(LINES[part].format(**row), flush=True)
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
