"""What the embedded critic is worth and what it costs, printed as it is.

    python benchmarks/critic.py [--constitution NAME|FILE] [--moderation FILE] [--halueval FILE] [--json]

First what it costs, on one core: CPU milliseconds for an exchange of about 300 tokens judged by 16 principles (those of
`workplace` and of `engineering`), the median of ROUNDS, and how many megabytes the process grows by while it is loaded
and fitted, beside the two bounds that it is held to.

Then, per principle, how well its head judges the constitution's own examples when all replies to a prompt are left out
together. These figures are in distribution: one hand wrote both what the heads learn and what they are tested on.
Beside `auroc` stands `by_length`, the AUROC of the length of the reply alone; near one half where the length gives
nothing away.

The constitution is `workplace`, another one that comes with guard, or a file.

With files, out of distribution: AUROC of the highest harm head, and of the highest of all heads, on moderation texts
(rows `{text, label}`), and of the head `no-invented-authority` on rows `{prompt, reply, label}`; beside them, in the
same run, a list of words and random scores. The general sense of harm is switched off here, as it learnt from
moderation texts; `guard eval review` measures it.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from guard.backends.embedded import EmbeddedCritic
from guard.backends.heads import auroc
from guard.constitution import Constitution, Principle, load
from guard.types import Dialogue

CONSTITUTIONS = Path(__file__).parent.parent / "guard" / "defaults" / "constitutions"
HARM = ("respect-for-people", "equal-treatment", "no-violence", "care-in-crisis")
TOKENS, PRINCIPLES, ROUNDS = 300, 16, 15
MOST_MS, MOST_MEGABYTES = 80, 200
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
    cost = costs()
    constitution = load(_path(arguments.constitution))
    outside = bool(arguments.moderation or arguments.halueval)
    started = time.perf_counter()
    critic = EmbeddedCritic.fit(
        [constitution], arguments.cache, lambda line: print(line, file=sys.stderr), general=not outside
    )
    seconds = time.perf_counter() - started
    lengths = {one.id: by_length(one) for one in constitution.principles}
    figures: dict[str, Any] = {
        "cost": cost,
        "constitution": {"name": constitution.name, "digest": constitution.digest},
        "critic": {"name": critic.name, "digest": critic.digest, "fit_seconds": round(seconds, 2)},
        "left_out": {name: {**card, "by_length": lengths[name]} for name, card in critic.card().items()},
    }
    if arguments.moderation:
        figures["moderation"] = moderation(critic, constitution, _rows(arguments.moderation))
    if arguments.halueval:
        figures["halueval"] = halueval(critic, constitution, _rows(arguments.halueval))
    print(json.dumps(figures, indent=2) if arguments.json else _table(figures))


def costs() -> dict[str, float]:
    """What one exchange costs, and what the critic adds to a process that has read the constitutions."""
    documents = [load(_path(name)) for name in ("workplace", "engineering")]
    before = megabytes()
    critic = EmbeddedCritic.fit(documents, None, lambda line: print(line, file=sys.stderr))
    principles = [one for document in documents for one in document.principles if one.check is None][:PRINCIPLES]
    examples = [one for principle in principles for one in principle.complies]
    exchange = Dialogue("", "")
    for one in examples:
        if _tokens(exchange) >= TOKENS:
            break
        exchange = Dialogue(examples[0].prompt, f"{exchange.reply} {one.reply}")
    spent = [_cpu_ms(critic, exchange, principles) for _ in range(ROUNDS + 1)][1:]
    return {
        "tokens": _tokens(exchange),
        "principles": len(principles),
        "cpu ms": round(statistics.median(spent), 1),
        "cpu ms at most": MOST_MS,
        "megabytes added": round(megabytes() - before, 1),
        "megabytes at most": MOST_MEGABYTES,
    }


def megabytes() -> float:
    """The memory that this process holds (VmRSS of Linux)."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    return int(found[1]) / 1024 if found else float("nan")


def _cpu_ms(critic: EmbeddedCritic, exchange: Dialogue, principles: Sequence[Principle]) -> float:
    start = time.process_time()
    critic.score(exchange, principles)
    return (time.process_time() - start) * 1000


def _tokens(exchange: Dialogue) -> int:
    """About as many as a model reads: of English text, three quarters of a word each."""
    return round(len(f"{exchange.prompt} {exchange.reply}".split()) / 0.75)


def by_length(principle: Principle) -> float:
    """AUROC of the number of characters of the reply: one half where the length gives nothing away."""
    violating, complying = (
        [float(len(one.reply)) for one in side] for side in (principle.violates, principle.complies)
    )
    return round(auroc(violating, complying), 3)


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
        "auroc_others",
        "precision",
        "recall",
        "missed",
        "unsure",
        "false_alarms",
    )
    lines = [f"{name:<34}{value:>8}" for name, value in figures["cost"].items()]
    lines += ["", f"{'left out':<26}" + "".join(f"{name:>13}" for name in columns)]
    for name, card in figures["left_out"].items():
        lines.append(f"{name:<26}" + "".join(f"{card[column]!s:>13}" for column in columns))
    cards = figures["left_out"].values()
    means = [sum(card[name] for card in cards) / len(cards) for name in ("by_length", "auroc")]
    lines.append(f"{'mean':<26}{'':>26}" + "".join(f"{mean:>13.3f}" for mean in means))
    for part in ("moderation", "halueval"):
        if part in figures:
            lines += ["", f"{part} (AUROC, then shares)"]
            lines += [f"  {name:<30}{value:>8}" for name, value in figures[part].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
