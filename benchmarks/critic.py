"""What the embedded critic is worth, printed as it is.

    python benchmarks/critic.py [--constitution NAME|FILE] [--moderation FILE] [--halueval FILE] [--json]

Always: per principle, how well its head judges the constitution's own examples when each is left out. These figures
are in distribution: one hand wrote both what the heads learn and what they are tested on. Beside `auroc` stand

    by_length     AUROC of the length of the reply alone; near one half where the length gives nothing away
    auroc_prompt  AUROC where all replies to a prompt are left out together. A reply that is left out alone leaves its
                  twin behind, which answers the same prompt on the other side and is the nearest of all: that pulls
                  `auroc` down, below one half where the twins are much alike, and so do the thresholds that hang on it

The constitution is `workplace`, another one that comes with guard, or a file.

With files, out of distribution: AUROC of the highest harm head, and of the highest of all heads, on moderation texts
(rows `{text, label}`), and of the head `no-invented-authority` on rows `{prompt, reply, label}`; beside them, in the
same run, a list of words and random scores.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from guard.backends import fitting, heads
from guard.backends.embedded import EmbeddedCritic
from guard.backends.fitting import Passage, Problem, view
from guard.backends.heads import Examples, Floats, Reading, auroc
from guard.backends.minilm import MiniLM, find
from guard.constitution import Constitution, Principle, load
from guard.types import Dialogue

CONSTITUTIONS = Path(__file__).parent.parent / "guard" / "defaults" / "constitutions"
HARM = ("respect-for-people", "equal-treatment", "no-violence", "care-in-crisis")
INVENTED = "no-invented-authority"
# What a plain filter would look for.
WORDS = re.compile(
    r"\b(?:kill\w*|murder\w*|rape\w*|shoot\w*|stab\w*|bomb\w*|blood\w*|beat\w*|die|dead|death|suicid\w*|self-harm|"
    r"cut(?:ting)? myself|hurt\w*|hate\w*|stupid|idiot\w*|moron\w*|ugly|disgusting|vermin|scum|loser\w*|jews?|muslims?|"
    r"blacks?|gays?|immigrants?|women|shut up|fuck\w*|shit\w*|bitch\w*|bastard\w*|nazi\w*)\b",
    re.IGNORECASE,
)
SOURCES = re.compile(
    r"\b(?:according to|study|studies|research\w*|professor|dr|university|journal|\d{4}|\d+ ?%)", re.IGNORECASE
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--constitution", default="workplace", help="its name, or a file")
    parser.add_argument("--moderation", type=Path, help="JSON lines with text and label")
    parser.add_argument("--halueval", type=Path, help="JSON lines with prompt, reply and label")
    parser.add_argument("--cache", type=Path, help="folder in which the fit is kept")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if (arguments.moderation or arguments.halueval) and arguments.constitution != "workplace":
        parser.error("--moderation and --halueval measure heads of the constitution 'workplace' only; leave one out.")
    constitution = load(_path(arguments.constitution))
    started = time.perf_counter()
    encoder = MiniLM(find())
    critic = EmbeddedCritic.fit(
        [constitution], arguments.cache, lambda line: print(line, file=sys.stderr), encoder=encoder
    )
    seconds = time.perf_counter() - started
    lengths = {one.id: by_length(one) for one in constitution.principles}
    prompts = by_prompt(encoder, constitution)
    figures: dict[str, Any] = {
        "constitution": {"name": constitution.name, "digest": constitution.digest},
        "critic": {"name": critic.name, "digest": critic.digest, "fit_seconds": round(seconds, 2)},
        "left_out": {
            name: {**card, "by_length": lengths[name], "auroc_prompt": prompts[name]}
            for name, card in critic.card().items()
        },
    }
    if arguments.moderation:
        figures["moderation"] = moderation(critic, constitution, _rows(arguments.moderation))
    if arguments.halueval:
        figures["halueval"] = halueval(critic, constitution, _rows(arguments.halueval))
    print(json.dumps(figures, indent=2) if arguments.json else _table(figures))


def by_length(principle: Principle) -> float:
    """AUROC of the number of characters of the reply: one half where the length gives nothing away."""
    violating, complying = (
        [float(len(one.reply)) for one in side] for side in (principle.violates, principle.complies)
    )
    return round(auroc(violating, complying), 3)


def by_prompt(encoder: MiniLM, constitution: Constitution) -> dict[str, float]:
    """Per principle, the AUROC of its examples, each scored by a head that saw no reply to the same prompt."""
    posed = fitting.problems([constitution])
    texts = list(dict.fromkeys(text for problem in posed.values() for text in problem.texts()))
    passages = zip(texts, fitting.embed(encoder, texts), strict=True)
    readings = {text: Reading(one.vectors, _whole(one)) for text, one in passages}
    return {problem.principle.id: round(_by_prompt(problem, readings), 3) for problem in posed.values()}


def _by_prompt(problem: Problem, readings: Mapping[str, Reading]) -> float:
    principle = problem.principle
    sides = [
        [(one.prompt, readings[view(principle.applies_to, one)]) for one in side]
        for side in (principle.violates, principle.complies)
    ]
    others = tuple(tuple(readings[text] for text in group) for group in problem.others)
    scores: tuple[list[float], list[float]] = ([], [])
    for prompt in dict.fromkeys(prompt for side in sides for prompt, _ in side):
        kept = [tuple(reading for other, reading in side if other != prompt) for side in sides]
        head = heads.fit(Examples(kept[0], kept[1], others))
        for found, side in zip(scores, sides, strict=True):
            found += [float(head.logits(reading.windows).max()) for other, reading in side if other == prompt]
    return auroc(*scores)


def _whole(passage: Passage) -> Floats:
    """The vector that stands for a text in the fit."""
    mean: Floats = passage.vectors.mean(0)
    return mean if passage.cut.whole is None else passage.vectors[passage.cut.whole]


def moderation(critic: EmbeddedCritic, constitution: Constitution, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """AUROC on texts, each read as a reply."""
    principles = [one for one in constitution.principles if one.check is None]
    verdicts = [critic.score(Dialogue("", row["text"]), principles) for row in rows]
    harm = [any(one.state == "fired" and one.principle in HARM for one in each) for each in verdicts]
    fired = [any(one.state == "fired" for one in each) for each in verdicts]
    return {
        "harm heads, highest": _auroc(rows, [max(v.score for v in each if v.principle in HARM) for each in verdicts]),
        "all heads, highest": _auroc(rows, [max(v.score for v in each) for each in verdicts]),
        "list of words": _auroc(rows, [len(WORDS.findall(row["text"])) for row in rows]),
        "chance": _chance(rows),
        "rows": len(rows),
        **_rates(rows, harm, "a harm head fired"),
        **_rates(rows, fired, "any head fired"),
    }


def halueval(critic: EmbeddedCritic, constitution: Constitution, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """AUROC of the head for invented sources on replies that hallucinate or do not."""
    principles = [one for one in constitution.principles if one.id == INVENTED]
    verdicts = [critic.score(Dialogue(row["prompt"], row["reply"]), principles)[0] for row in rows]
    return {
        INVENTED: _auroc(rows, [one.score for one in verdicts]),
        "list of words": _auroc(rows, [len(SOURCES.findall(row["reply"])) for row in rows]),
        "length of the reply": _auroc(rows, [len(row["reply"]) for row in rows]),
        "chance": _chance(rows),
        "rows": len(rows),
        **_rates(rows, [one.state == "fired" for one in verdicts], "fired"),
    }


def _path(constitution: str) -> Path:
    """The file of a constitution that comes with guard, or the file itself."""
    own = CONSTITUTIONS / f"{constitution}.yaml"
    return own if own.is_file() else Path(constitution)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _auroc(rows: Sequence[dict[str, Any]], scores: Sequence[float]) -> float:
    sides: tuple[list[float], list[float]] = ([], [])
    for row, score in zip(rows, scores, strict=True):
        sides[row["label"]].append(float(score))
    return round(auroc(sides[1], sides[0]), 3)


def _chance(rows: Sequence[dict[str, Any]]) -> float:
    chance = random.Random(0)
    return _auroc(rows, [chance.random() for _ in rows])


def _rates(rows: Sequence[dict[str, Any]], fired: Sequence[bool], what: str) -> dict[str, float]:
    """How many of the violating, and of the other, rows fired."""
    rates = {}
    for name, label in ((f"{what}, violating", 1), (f"{what}, others", 0)):
        hits = [one for row, one in zip(rows, fired, strict=True) if row["label"] == label]
        rates[name] = round(sum(hits) / len(hits), 3)
    return rates


def _table(figures: dict[str, Any]) -> str:
    columns = (
        "violates",
        "complies",
        "by_length",
        "auroc",
        "auroc_prompt",
        "auroc_others",
        "precision",
        "recall",
        "missed",
        "unsure",
        "false_alarms",
    )
    lines = [f"{'left out':<26}" + "".join(f"{name:>13}" for name in columns)]
    for name, card in figures["left_out"].items():
        lines.append(f"{name:<26}" + "".join(f"{card[column]!s:>13}" for column in columns))
    cards = figures["left_out"].values()
    means = [sum(card[name] for card in cards) / len(cards) for name in ("by_length", "auroc", "auroc_prompt")]
    lines.append(f"{'mean':<26}{'':>26}" + "".join(f"{mean:>13.3f}" for mean in means))
    for part in ("moderation", "halueval"):
        if part in figures:
            lines += ["", f"{part} (AUROC, then shares)"]
            lines += [f"  {name:<30}{value:>8}" for name, value in figures[part].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
