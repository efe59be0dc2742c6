"""Packed judge against one prompt per principle, on the packaged SmolLM2, in one run.

    python benchmarks/judge.py [--json] [--cache FOLDER] [--tokens 300] [--runs 3] [--threads 1]

The ratio is the median time of separate prompts over that of the packed pass, same exchange, same principles.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from guard.backends.causal import load
from guard.backends.packing import Asker

PRINCIPLES = (1, 8, 16, 32)
WORDS = "The parcel left our warehouse on Monday and should reach you on Thursday before noon. "
QUESTION = "Rule: The assistant never breaks rule {n}.\nQuestion: Does the reply break rule {n}?\nAnswer Yes or No."


def median_s(work: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--cache", type=Path, default=Path("guard-data/models"))
    parser.add_argument("--tokens", type=int, default=300, help="length of the exchange")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()

    import torch

    torch.set_num_threads(options.threads)
    model = load("packaged:smollm2", cache=options.cache)
    asker = Asker(model)
    before, after = model.frame()
    prefix = before + model.encode(WORDS * (options.tokens // 10))[: options.tokens]
    asker.packed(prefix, [after])  # warm up
    rows = []
    for count in PRINCIPLES:
        branches = [model.encode(QUESTION.format(n=n)) + after for n in range(count)]
        packed = median_s(lambda branches=branches: asker.packed(prefix, branches), options.runs)  # type: ignore[misc]
        separate = median_s(lambda branches=branches: asker.separate(prefix, branches), max(1, options.runs // 3))  # type: ignore[misc]
        pairs = zip(asker.packed(prefix, branches), asker.separate(prefix, branches), strict=True)
        apart = max(abs(one.score - other.score) for one, other in pairs)
        row = {"principles": count, "packed_s": packed, "separate_s": separate, "ratio": separate / packed}
        rows.append({**row, "largest_difference": apart})
        if not options.json:
            print(f"{count:3} principles: packed {packed:6.2f} s, separate {separate:6.2f} s, ", end="")
            print(f"{separate / packed:4.1f} times as fast, scores apart {apart:.1e}", flush=True)
    if options.json:
        print(json.dumps({"tokens": options.tokens, "threads": options.threads, "rows": rows}))


if __name__ == "__main__":
    main()
