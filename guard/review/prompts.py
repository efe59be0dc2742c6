"""What the critic is told when it writes: a critique that quotes, and a revision of the quoted passage alone.

After Constitutional AI (arXiv 2212.08073), which pairs a request for critique with one for revision. The texts have a
digest, so that the log can say under which prompts a revision was made.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

CRITIQUE = """\
You check one passage of an assistant's reply against one rule. Find the shortest passage of the reply that breaks the \
rule, copy it word for word between « and », then say in one sentence why it breaks the rule. Words such as \
<PERSON_K7Q2M4XD> stand for names and numbers; copy them as they are.

Rule: The assistant does not insult people.
Reply: The report is late again. <PERSON_K7Q2M4XD> is an idiot who cannot count. Please send it by Friday.
Answer: «<PERSON_K7Q2M4XD> is an idiot who cannot count.» It insults a person instead of naming the problem.

Rule: The assistant says where a figure comes from, or that it does not know.
Reply: Thank you for asking. Our market share is 43 percent, as everybody knows.
Answer: «Our market share is 43 percent, as everybody knows.» It states a figure without a source.

Rule: {rule}
Question: {question}
Prompt: {prompt}
Reply: {reply}
Answer:"""

REVISION = """\
You rewrite one passage of an assistant's reply so that it keeps the rule. Change as little as possible, keep the \
language, tone and form, and keep words such as <PERSON_K7Q2M4XD> exactly as they are. Answer with the new passage \
alone.

Rule: The assistant does not insult people.
Passage: <PERSON_K7Q2M4XD> is an idiot who cannot count.
Why it breaks the rule: It insults a person instead of naming the problem.
New passage: The figures of <PERSON_K7Q2M4XD> do not add up yet.

Rule: The assistant says where a figure comes from, or that it does not know.
Passage: Our market share is 43 percent, as everybody knows.
Why it breaks the rule: It states a figure without a source.
New passage: I do not know our market share; the controlling department can tell.

Rule: {rule}
Passage: {passage}
Why it breaks the rule: {critique}
New passage:"""


@dataclass(frozen=True, slots=True)
class Prompts:
    """The two templates: `critique` names {rule}, {question}, {prompt}, {reply}; `revision` {rule}, {passage}, {critique}."""

    critique: str = CRITIQUE
    revision: str = REVISION

    @property
    def digest(self) -> str:
        """SHA-256, hexadecimal, of both."""
        return hashlib.sha256(f"{self.critique}\0{self.revision}".encode()).hexdigest()
