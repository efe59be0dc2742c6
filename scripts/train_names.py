"""Train the models for Korean and Japanese names that guard ships, and say what they find on held-out rows.

    python scripts/train_names.py FOLDER [--language ko|ja] [--out guard/defaults] [--check-only]

FOLDER holds ner_ko_klue_train.jsonl (KLUE NER, CC-BY-SA-4.0), detect_ko_documents.jsonl (ko-pii, MIT) and
ner_ja_stockmark_train.jsonl (Stockmark ner-wikipedia-dataset, CC-BY-SA-3.0): one {"text": …, "spans": [{"start": …,
"end": …, "entity": …}]} a line, in characters, end exclusive. First a model of four fifths of the rows (by a hash of
the text) is measured on the fifth; then the model that is shipped is trained on all of them. The same input gives the
same bytes. A minute or two each.

*Fully masked* is the share of people, places and organisations whose every character but space is covered;
*character precision* the share of covered characters that belong to one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pycrfsuite
from office_lines import JAPANESE, KOREAN, Line, lines

from guard.backends import japanese, japanese_features, korean, korean_features
from guard.backends.crf import Token, labels
from guard.backends.korean_institutions import ENTITY as INSTITUTION

KLUE, DOCUMENTS, STOCKMARK = "ner_ko_klue_train.jsonl", "detect_ko_documents.jsonl", "ner_ja_stockmark_train.jsonl"
KLUE_KINDS = {kind: kind for kind in ("PS", "LC", "OG", "DT", "TI", "QT")}
STOCKMARK_KINDS = {
    "人名": "PS",
    "地名": "LC",
    "施設名": "FC",
    "法人名": "OG",
    "政治的組織名": "PO",
    "その他の組織名": "OO",
    "製品名": "PR",
    "イベント名": "EV",
}
DOCUMENT_KINDS = {"PERSON": "PS"}
OFFICE_LINES = {"ko": 6_000, "ja": 2_400}
ITERATIONS = 90


@dataclass(frozen=True)
class Task:
    """What one language needs: its words, their features, and how strongly the model is held back."""

    tokens: Callable[[str], list[Token]]
    features: Callable[[Sequence[Token], str], list[list[str]]]
    recognizer: Callable[[Path], Any]
    names: frozenset[str]
    file: str
    penalties: dict[str, float] = field(default_factory=dict)


def read(path: Path, kinds: dict[str, str]) -> list[Line]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Line(
            row["text"], tuple((s["start"], s["end"], kinds[s["entity"]]) for s in row["spans"] if s["entity"] in kinds)
        )
        for row in rows
    ]


def held_out(line: Line) -> bool:
    return hashlib.sha256(line.text.encode()).digest()[0] % 5 == 0


def train(task: Task, rows: Iterable[Line], path: Path) -> None:
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    for row in rows:
        tokens = task.tokens(row.text)
        if tokens:
            trainer.append(task.features(tokens, row.text), labels(tokens, row.spans))
    trainer.set_params({"max_iterations": ITERATIONS, "feature.possible_transitions": True, **task.penalties})
    trainer.train(str(path))


def measure(task: Task, rows: Sequence[Line], model: Path) -> tuple[float, float]:
    """Fully masked, and character precision."""
    recognizer = task.recognizer(model)
    found = recognizer.analyze_batch([row.text for row in rows])
    whole = gold_count = right = masked = 0
    for row, results in zip(rows, found, strict=True):
        covered = {i for r in results for i in range(r.start, r.end) if not row.text[i].isspace()}
        golds = [range(start, end) for start, end, kind in row.spans if kind in task.names]
        gold_count += len(golds)
        whole += sum(all(i in covered or row.text[i].isspace() for i in gold) for gold in golds)
        masked += len(covered)
        right += len(covered & {i for gold in golds for i in gold})
    return whole / gold_count, right / masked


def add_guesses(task: Task, rows: Iterable[Line], model: Path) -> list[Line]:
    """The `rows` with the places and organisations that `model` finds: their own annotation leaves them out."""
    kinds = {entity: kind for kind, entity in korean.ENTITIES.items()} | {INSTITUTION: "OG"}  # as KLUE has it
    recognizer = task.recognizer(model)
    completed = []
    for row in rows:
        guesses = [
            (r.start, r.end, kinds[r.entity_type])
            for r in recognizer.analyze(row.text, ["LOCATION", "ORGANIZATION", INSTITUTION])
            if r.score > 0.8 and not any(r.start < end and start < r.end for start, end, _ in row.spans)
        ]
        completed.append(Line(row.text, tuple(sorted([*row.spans, *guesses]))))
    return completed


def korean_task() -> Task:
    return Task(
        korean.Words().tokens,
        korean_features.features,
        korean.KoreanNames,
        frozenset(korean.ENTITIES),
        korean.MODEL.name,
        {"c1": 0.02, "c2": 0.3},
    )


def japanese_task() -> Task:
    return Task(
        japanese.Words().tokens,
        lambda tokens, _: japanese_features.features(tokens),
        japanese.JapaneseNames,
        frozenset(japanese.ENTITIES),
        japanese.MODEL.name,
        {"c1": 0.1, "c2": 0.05},
    )


def train_korean(folder: Path, out: Path | None) -> None:
    task = korean_task()
    klue = read(folder / KLUE, KLUE_KINDS)
    documents = read(folder / DOCUMENTS, DOCUMENT_KINDS)
    office = list(lines(KOREAN, OFFICE_LINES["ko"]))
    with tempfile.TemporaryDirectory() as place:
        first, split = Path(place) / "first", Path(place) / "split"
        kept = [row for row in klue if not held_out(row)]
        train(task, [*kept, *office], first)
        completed = add_guesses(task, documents, first)
        train(task, [*kept, *office, *(row for row in completed if not held_out(row))], split)
        report("KLUE", measure(task, [row for row in klue if held_out(row)], split))
        people = Task(task.tokens, task.features, task.recognizer, frozenset({"PS"}), task.file)
        report("Korean documents, people", measure(people, [row for row in documents if held_out(row)], split))
    if out:
        train(task, [*klue, *office, *completed], out / task.file)


def train_japanese(folder: Path, out: Path | None) -> None:
    task = japanese_task()
    stockmark = read(folder / STOCKMARK, STOCKMARK_KINDS)
    office = list(lines(JAPANESE, OFFICE_LINES["ja"]))
    with tempfile.TemporaryDirectory() as place:
        split = Path(place) / "split"
        train(task, [*(row for row in stockmark if not held_out(row)), *office], split)
        report("Stockmark", measure(task, [row for row in stockmark if held_out(row)], split))
    if out:
        train(task, [*stockmark, *office], out / task.file)


def report(name: str, figures: tuple[float, float]) -> None:
    print(f"{name}: fully masked {figures[0]:.3f}, character precision {figures[1]:.3f} (held-out fifth)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the JSONL files are")
    parser.add_argument("--language", choices=("ko", "ja"), help="only this one")
    parser.add_argument("--out", type=Path, default=korean.MODEL.parent, help="where the models go")
    parser.add_argument("--check-only", action="store_true", help="measure, and write no model")
    options = parser.parse_args()
    out = None if options.check_only else options.out
    if options.language != "ja":
        train_korean(options.folder, out)
    if options.language != "ko":
        train_japanese(options.folder, out)


if __name__ == "__main__":
    main()
