"""What detection costs and finds: the patterns alone, the full stack, and plain Presidio, in one run.

    python benchmarks/detection.py --data FILE.jsonl [--rows N] [--json]

A row of the file is {"text": …, "spans": [{"start": …, "end": …, "entity": …}, …]} in characters, end exclusive.
Time is CPU time of this process per KB of UTF-8, the best of two rounds: the rows given one by one, and joined into
texts of about 1 KB. *Fully masked*
is the share of gold entities whose every character but space is covered, whatever the type; *character precision* the
share of covered characters that are gold. Figures on a set that the rules were tuned on are tuning figures.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from guard.backends.presidio import forbid_downloads, keep_torch_out, load_model
from guard.backends.stack import Spec, Stack

Extents = list[tuple[int, int]]
ROUNDS = 2


def fully_masked(rows: Sequence[dict[str, Any]], found: Sequence[Extents]) -> tuple[float, float]:
    whole = entities = covered_gold = covered_all = 0
    for row, extents in zip(rows, found, strict=True):
        text = row["text"]
        covered = {i for start, end in extents for i in range(start, end)}
        golds = [range(span["start"], span["end"]) for span in row["spans"]]
        entities += len(golds)
        whole += sum(all(i in covered or text[i].isspace() for i in gold) for gold in golds)
        covered_all += len(covered)
        covered_gold += len(covered & {i for gold in golds for i in gold})
    return whole / max(entities, 1), covered_gold / max(covered_all, 1)


def timed(texts: Sequence[str], find: Callable[[str], Extents]) -> tuple[list[Extents], float]:
    """What was found, and the CPU time in ms per KB."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        found = [find(text) for text in texts]
        times.append(time.process_time() - start)
    return found, min(times) * 1000 / (sum(len(text.encode()) for text in texts) / 1024)


def measure(rows: Sequence[dict[str, Any]], find: Callable[[str], Extents]) -> dict[str, float]:
    texts = [row["text"] for row in rows]
    joined = "\n".join(texts)
    find(joined[:10_000])
    found, single = timed(texts, find)
    _, kilobyte = timed([joined[i : i + 1_024] for i in range(0, len(joined), 1_024)], find)
    whole, precision = fully_masked(rows, found)
    return {
        "ms_per_kb_by_row": round(single, 2),
        "ms_per_kb": round(kilobyte, 2),
        "fully_masked": round(whole, 3),
        "character_precision": round(precision, 3),
    }


def stack(spec: Spec) -> Callable[[str], Extents]:
    made = Stack.of(spec)
    return lambda text: [(span.start, span.end) for span in made.recognize([text])[0]]


def plain_presidio() -> Callable[[str], Extents]:
    """Presidio's AnalyzerEngine as it comes, on the same packaged model with all its pipes."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

    models = [{"lang_code": "en", "model_name": "packaged"}]
    nlp = SpacyNlpEngine(models=models, ner_model_configuration=NerModelConfiguration())
    nlp.nlp = {"en": load_model(pipes=None)}
    engine = AnalyzerEngine(nlp_engine=nlp)
    return lambda text: [(r.start, r.end) for r in engine.analyze(text, language="en")]


def table(results: Iterable[tuple[str, dict[str, float]]]) -> str:
    lines = [
        "| system | CPU ms/KB by row | CPU ms/KB at 1 KB | fully masked | character precision |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {name} | {r['ms_per_kb_by_row']:.2f} | {r['ms_per_kb']:.2f} | {r['fully_masked']:.3f} "
        f"| {r['character_precision']:.3f} |"
        for name, r in results
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="JSONL file with text and spans")
    parser.add_argument("--rows", type=int, help="only so many rows")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args()
    lines = options.data.read_text(encoding="utf-8").splitlines()[: options.rows]
    rows = [json.loads(line) for line in lines if line.strip()]
    keep_torch_out()  # as in a worker process
    forbid_downloads()
    systems = {
        "patterns": lambda: stack(Spec(profile="patterns")),
        "full stack": lambda: stack(Spec()),
        "plain Presidio": plain_presidio,
    }
    results = [(name, measure(rows, make())) for name, make in systems.items()]
    if options.json:
        print(json.dumps({"data": options.data.name, "rows": len(rows), "systems": dict(results)}))
    else:
        print(f"{options.data.name}, {len(rows)} rows\n\n{table(results)}")


if __name__ == "__main__":
    main()
