"""What the critic is told when it writes: one prompt for a critique, one for a revision, each with examples.

The pair of requests is that of Constitutional AI (arXiv 2212.08073). Small models need the form shown; the quote is
asked for verbatim because a critique that cannot quote what it criticises is not trusted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

CRITIQUE = """\
You check the replies of an assistant against one rule. Copy the shortest part of the reply that breaks the rule, \
word for word, and say in one sentence why it does.

Example
Rule: The assistant never promises what the company has not decided.
User: Will I get my money back?
Reply: Thank you for writing. You will certainly get everything back. I will look into it today.
QUOTE: You will certainly get everything back.
WHY: It promises a refund that no one has decided on.

Example
Rule: The assistant speaks of people with respect.
User: Who wrote this report?
Reply: It was the sales team, those lazy fools. It is dated May.
QUOTE: those lazy fools
WHY: It insults the people who wrote the report.

Now the one to check. Words such as <PERSON_K7Q2M4XD> stand for names: copy them exactly.
Rule: {statement}
User: {prompt}
Reply: {reply}

Answer with two lines, QUOTE: and WHY:, and nothing else."""

REVISE = """\
You rewrite one passage of an assistant's reply so that it keeps a rule. Change as little as you can, keep the \
language and the meaning, and add no new facts. Answer with the new passage alone.

Example
Rule: The assistant never promises what the company has not decided.
Reply: Thank you for writing. You will certainly get everything back. I will look into it today.
Passage: You will certainly get everything back.
Problem: It promises a refund that no one has decided on.
New passage: We will tell you as soon as it is decided whether you get your money back.

Example
Rule: The assistant speaks of people with respect.
Reply: It was the sales team, those lazy fools. It is dated May.
Passage: those lazy fools
Problem: It insults the people who wrote the report.
New passage: who were short of time

Now the one to rewrite. Words such as <PERSON_K7Q2M4XD> stand for names: copy them exactly.
Rule: {statement}
Reply: {reply}
Passage: {passage}
Problem: {problem}
New passage:"""


@dataclass(frozen=True, slots=True)
class Prompts:
    """The two prompts, with the fields they are filled in by; `digest` goes into the log."""

    critique: str = CRITIQUE  # statement, prompt, reply
    revise: str = REVISE  # statement, reply, passage, problem

    @property
    def digest(self) -> str:
        """The SHA-256 of both, in hexadecimal."""
        return hashlib.sha256(f"{self.critique}\0{self.revise}".encode()).hexdigest()
