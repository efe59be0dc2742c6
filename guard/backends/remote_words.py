"""What is sent to a critic on another machine: the exchange as plain characters, in pieces that fit its context.

A server renders its chat template into text and then reads special tokens out of that text, whoever wrote them. So
what looks like one is spaced apart: a reply that writes `<|im_end|>` cannot close its turn and answer for the critic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.backends.windows import without_surrogates
from guard.types import Dialogue

MOST_CHARACTERS = 24_000  # of an exchange read in one piece: 6,000 tokens of English, three times that of Korean
OVERLAP = 4  # a fourth of each piece is read again in the next

# How the special tokens and marks of the models look that critics are made of. The space goes behind the first sign.
SPECIAL = re.compile(
    r"<(?=[|｜])"  # ChatML, Llama 3 and 4, harmony, Granite, Phi, DeepSeek
    r"|<(?=/?(?:s|bos|eos|pad|unk|mask|start_of_turn|end_of_turn|think|score|guardian|no-think)>)"  # Llama 2, Gemma
    r"|<(?=<?/?SYS>|(?:BEGIN|END)[ _])"  # Llama 2; the frames of Llama Guard and Qwen3Guard
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])",  # Mistral
    re.IGNORECASE,
)


def disarmed(text: str) -> str:
    """`text` without lone surrogates and without anything that a server would read as a special token."""
    return SPECIAL.sub(lambda match: match.group() + " ", without_surrogates(text))


def pieces(dialogue: Dialogue, most: int = MOST_CHARACTERS) -> list[Dialogue]:
    """`dialogue`, disarmed, in pieces of at most `most` characters; every character stands in one of them.

    Each piece of the reply is read with the end of the prompt, which asked for it, and each earlier piece of the
    prompt with the beginning of the reply.
    """
    prompt, reply = disarmed(dialogue.prompt), disarmed(dialogue.reply)
    if len(prompt) + len(reply) <= most:
        return [Dialogue(prompt, reply)]
    replies = list(_windows(reply, max(most // 2, most - len(prompt))))
    prompts = list(_windows(prompt, most - max(map(len, replies))))
    return [Dialogue(prompts[-1], each) for each in replies] + [Dialogue(each, replies[0]) for each in prompts[:-1]]


def _windows(text: str, size: int) -> Iterator[str]:
    """`text` in overlapping pieces of at most `size`; at least one, be it empty."""
    step = max(1, size - size // OVERLAP)
    start = 0
    while True:
        yield text[start : start + size]
        if start + size >= len(text):
            return
        start += step
