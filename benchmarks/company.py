"""What a company's lists cost: 100,000 made-up terms, how long they take to load, and to be looked for in a text.

    python benchmarks/company.py [--terms N] [--kilobytes N] [--json]

Times are CPU time of this process, the best of three rounds. `stall` is the longest that another thread waited
meanwhile, by the clock: what a stream would notice of a list that is read anew.
"""

from __future__ import annotations

import argparse
import json
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from guard.backends.dictionary import Dictionary
from guard.backends.internal import InternalNames

ROUNDS = 3
SYLLABLES = [
    "ka", "lo", "mi", "ren", "tor", "bel", "vi", "sa", "nu", "gra", "pho", "zen", "dar", "il", "mar", "qu", "est",
]  # fmt: skip
KOREAN = list("가나다라마바사아자차카타파하한빛전산강은서울")


def word(chance: random.Random, syllables: list[str]) -> str:
    return "".join(chance.choices(syllables, k=chance.randint(2, 4)))


def stalled(work: Callable[[], object]) -> float:
    """The longest wait of another thread while `work` is done, in seconds."""
    longest, done = 0.0, threading.Event()

    def tick() -> None:
        nonlocal longest
        last = time.perf_counter()
        while not done.is_set():
            time.sleep(0.0005)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    thread = threading.Thread(target=tick)
    thread.start()
    work()
    done.set()
    thread.join()
    return longest


def best(work: Callable[[], object]) -> float:
    """The least CPU time of the rounds, in seconds."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--terms", type=int, default=100_000)
    parser.add_argument("--kilobytes", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    chance = random.Random(1)
    terms: set[str] = set()
    while len(terms) < arguments.terms:
        syllables = KOREAN if chance.random() < 0.3 else SYLLABLES
        terms.add(f"{word(chance, syllables).capitalize()} {word(chance, syllables).capitalize()}")
    listed = sorted(terms)
    lists = {"CUSTOMER": listed}
    result: dict[str, float] = {"terms": len(listed), "load_s": best(lambda: Dictionary(lists))}
    result["stall_s"] = min(stalled(lambda: Dictionary(lists)) for _ in range(ROUNDS))
    dictionary = Dictionary(lists)
    internal = InternalNames(["corp.example.com", "com.example.internal", "/srv/example/", "git.example.com"])
    prose = [page.read_text() for page in sorted(Path("docs").glob("*.md"))]
    kinds: dict[str, Callable[[], str]] = {
        "prose": lambda: chance.choice(prose),  # guard's own documents
        "alike": lambda: " ".join(word(chance, SYLLABLES) for _ in range(400)),  # of the same syllables as the terms
        "korean_alike": lambda: " ".join(word(chance, KOREAN) for _ in range(400)),
    }
    for name, made in kinds.items():
        text = ""
        while len(text.encode()) < arguments.kilobytes * 1024:
            text += f"{made()} {chance.choice(listed)}. "
        size = len(text.encode()) / 1024
        result[f"{name}_ms_per_kb"] = best(lambda text=text: dictionary.analyze(text)) * 1000 / size  # type: ignore[misc]
        result[f"{name}_found"] = len(dictionary.analyze(text))
        result[f"{name}_internal_ms_per_kb"] = best(lambda text=text: internal.analyze(text)) * 1000 / size  # type: ignore[misc]
    if arguments.json:
        print(json.dumps(result))
    for name, value in result.items() if not arguments.json else ():
        print(f"{name:28} {value:.3f}")


if __name__ == "__main__":
    main()
