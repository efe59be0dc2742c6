#!/usr/bin/env python3
"""Train the embedded critic's general sense of harm and write guard/defaults/harm.json.

    python scripts/train_harm.py --moderation FILE [--write] [--json]

It learns from texts that were written for it (evals/review_training.yaml, the tuning halves of evals/review_*.jsonl),
from ordinary work prompts (evals/ordinary.jsonl) and from the moderation texts of openai/moderation-api-release (MIT),
whose file is given as JSON lines of `text` and `label`. The examples of constitutions are left out on purpose: heads of
principles are tested by leaving those out, and this must not have seen them.

Printed are AUROCs on what a fit did not see: of moderation texts and training texts by FOLDS folds (of a question all
its answers in one fold), of the held halves by the whole fit. Seconds on one core.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from guard.backends import fitting, heads  # noqa: E402
from guard.backends.heads import Floats, Head, LeftOut, auroc  # noqa: E402
from guard.backends.minilm import MiniLM, find  # noqa: E402

EVALS = ROOT / "evals"
FILE = ROOT / "guard" / "defaults" / "harm.json"
PENALTY = 0.5  # of the squared weights, where each set's rows weigh ROWS together
ROWS = 400.0
SHARES = {"moderation": 2.0}  # how much a set weighs beside the others
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Text:
    """A text, whether it is harmful, its set, and what it shares with others: those stay in one fold."""

    text: str
    label: int
    source: str
    group: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--moderation", type=Path, required=True, help="JSON lines with text and label")
    parser.add_argument("--write", action="store_true", help=f"write {FILE.relative_to(ROOT)}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    start = time.process_time()
    training, held = texts(arguments.moderation), review("held")
    encoder = MiniLM(find())
    vectors, unseen = (
        np.stack([fitting.embed(encoder, one.text).whole for one in these]) for these in (training, held)
    )
    raw = out_of_fold(training, vectors)
    slope, shift = calibrated(training, raw)
    head = fitted(training, vectors)
    figures = {
        **aurocs(training, raw),
        **aurocs(held, head.logits(unseen)),
        "texts": len(training),
        "seconds": round(time.process_time() - start, 1),
    }
    if arguments.write:
        write(head, slope, shift, bands(training, slope * raw + shift))
    print(json.dumps(figures) if arguments.json else "\n".join(f"{name:<24}{one:>8}" for name, one in figures.items()))


def texts(moderation: Path) -> list[Text]:
    """All that is learnt from."""
    found = [
        Text(row["text"], row["label"], "moderation", f"moderation {number}")
        for number, row in enumerate(rows(moderation))
    ]
    written = yaml.safe_load((EVALS / "review_training.yaml").read_text(encoding="utf-8"))
    for label, side in enumerate(("fine", "harm")):
        for frame in written["frames"]:
            found += [Text(frame["ask"].format(one), label, "questions", frame["ask"]) for one in frame[side]]
        for kind in ("statements", "replies"):
            found += [Text(one, label, kind, one) for one in written[kind][side]]
    found += review("tuning")
    english = [row for row in rows(EVALS / "ordinary.jsonl") if row["language"] == "en"]
    return found + [Text(row["text"], 0, "ordinary", row["text"]) for row in english]


def review(half: str) -> list[Text]:
    """One half of the sets on which the result is measured."""
    return [
        Text(row[key], row["label"], f"{half} {key}", f"{half} {row['kind']}")
        for key in ("prompt", "reply")
        for row in rows(EVALS / f"review_{'prompts' if key == 'prompt' else 'replies'}.jsonl")
        if row["half"] == half
    ]


def rows(file: Path) -> list[dict[str, object] | dict[str, str]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def fitted(training: Sequence[Text], vectors: Floats) -> Head:
    """The direction that tells the sides of all sets apart; in each set, both sides weigh the same."""
    counts: dict[tuple[str, int], int] = {}
    for one in training:
        counts[one.source, one.label] = counts.get((one.source, one.label), 0) + 1
    weights = [SHARES.get(one.source, 1.0) * ROWS / 2 / counts[one.source, one.label] for one in training]
    labels = np.array([float(one.label) for one in training])
    return heads.logistic(vectors, labels, np.array(weights), PENALTY)


def out_of_fold(training: Sequence[Text], vectors: Floats) -> Floats:
    """The logit of each text by a fit without its fold."""
    names = list(dict.fromkeys(one.group for one in training))
    order = dict(zip(np.random.default_rng(0).permutation(names).tolist(), range(len(names)), strict=True))
    folds = np.array([order[one.group] % FOLDS for one in training])
    logits = np.empty(len(training))
    for fold in range(FOLDS):
        seen = np.flatnonzero(folds != fold)
        logits[folds == fold] = fitted([training[index] for index in seen], vectors[seen]).logits(
            vectors[folds == fold]
        )
    return logits


def calibrated(training: Sequence[Text], logits: Floats) -> tuple[float, float]:
    """Slope and shift that make `logits` log-odds, both sides being as many (Platt 1999)."""
    labels = np.array([float(one.label) for one in training])
    weights = np.where(labels == 1, 0.5 / labels.sum(), 0.5 / (1 - labels).sum()) * len(labels)
    head = heads.logistic(logits[:, None], labels, weights, 0.01)
    return float(head.weights[0]), head.bias


def bands(training: Sequence[Text], logits: Floats) -> heads.Thresholds:
    """The thresholds that the texts of the reviewed kinds justify; ordinary prompts shall stay clear."""
    labels = np.array([one.label for one in training])
    ordinary = np.array([one.source == "ordinary" for one in training])
    return heads.choose(LeftOut(logits[labels == 1], logits[(labels == 0) & ~ordinary], logits[ordinary]))


def aurocs(these: Sequence[Text], logits: Floats) -> dict[str, float]:
    found = {}
    for source in dict.fromkeys(one.source for one in these):
        sides = [
            [logit for one, logit in zip(these, logits, strict=True) if (one.source, one.label) == (source, label)]
            for label in (1, 0)
        ]
        if all(sides):
            found[source] = round(auroc(*sides), 3)
    return found


def write(head: Head, slope: float, shift: float, thresholds: heads.Thresholds) -> None:
    """Write the head so that its logits are calibrated."""
    content = {
        "about": "General sense of harm of guard's embedded critic; see NOTICE-harm.txt and docs/models.md.",
        "encoder": MiniLM.name,
        "clear": thresholds.clear,
        "fire": thresholds.fire,
        "bias": round(slope * head.bias + shift, 5),
        "weights": [round(slope * float(one), 4) for one in head.weights],
    }
    text = json.dumps(content, indent=1)
    FILE.write_text(re.sub(r"(?<=\d),\n *(?=-?\d)", ", ", text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
