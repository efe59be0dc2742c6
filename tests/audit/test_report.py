"""The log as a person reads it: nothing is left out, and nothing that was said can pass for guard's own words."""

import dataclasses
import json
import sqlite3
from contextlib import closing as closed
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.audit.reading import Recorded, SqliteReader
from guard.audit.report import as_text, as_values, verify
from guard.audit.showing import shown
from guard.errors import AuditError, ConfigError
from guard.types import Closing, Opening, Principal, Revision, Verdict
from tests.audit.samples import CLOSING, NOW, OPENING, SPAN, closing, closings, new_store, opening, openings, signed


def changed(half: Opening | Closing, **fields: Any) -> Any:
    return dataclasses.replace(half, **fields)


def lines(recorded: Recorded) -> list[str]:
    return as_text(recorded).splitlines()


# --- one exchange ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "exchange     0-first",
        "time         2025-11-24 16:00:00 UTC",
        "who          legal / mailer / ann",
        "asked        small at local, then spare, surface chat, streamed",
        "routed       in-house, because of CODE_NAME",
        "local failed: 429",
        "what came back from spare:",
        "policy       default p1",
        "constitution workplace c1",
        "critic       embedded e1",
        "not scanned  images",
        "  messages.0.content               PERSON           placeholder  0.85  spacy",
        '  Write to <PERSON_K7Q2M4XD>, "today"',
        "   안녕",
        "  Dear <PERSON_K7Q2M4XD>, or else.",
        "scores of the prompt (higher is worse):",
        "  no-injection                     0.120  unsure  near the line",
        "  [0] no-threats                       0.910  fired  a threat",
        "revision [0] round 1, redaction, no-threats: accepted",
        "  or else",
        "  Dear <PERSON_K7Q2M4XD>.",
        "decision     revise (no-threats)",
        "outcome      completed, status 200, 2025-11-24 16:00:01 UTC",
        "unknown placeholders 0",
        "tokens       prompt_tokens 12",
        "milliseconds judge 20.0",
    ],
)
def test_what_is_recorded_is_told(line: str) -> None:
    assert line in lines(Recorded(OPENING, CLOSING))


def test_an_exchange_without_an_end_says_so() -> None:
    told = lines(Recorded(OPENING, None))
    assert told[-1] == "UNFINISHED: the request may have reached the upstream; no end is on record."
    assert not any(line.startswith(("decision", "outcome")) for line in told)


@pytest.mark.parametrize(
    ("opening_", "closing_", "line"),
    [
        ({"principal": Principal("key-1")}, {}, "who          key-1"),
        ({"stream": False, "fallbacks": ()}, {}, "asked        small at local, surface chat"),
        ({}, {"upstream": ""}, "what came back:"),
        ({"constitution": "", "constitution_digest": ""}, {}, "constitution none "),
        ({"critic": "", "critic_digest": ""}, {}, "critic       none "),
        ({"policy_digest": "0123456789abcdef"}, {}, "policy       default 0123456789ab"),
        ({"not_scanned": ()}, {}, "not scanned  nothing"),
        ({"request": ""}, {}, "  (nothing)"),
        ({}, {"reply": "", "sent": ""}, "  (nothing)"),
        ({}, {"sent": ""}, "  (nothing)"),
        ({}, {"not_judged": ("a", "b")}, "not judged: a, b"),
        ({}, {"verdicts": ((1, Verdict("a", 0.25, "unsure")),)}, "  [1] a                                0.250  unsure"),
        ({}, {"revisions": (Revision(1, 2, ("a", "b"), "rewrite", "", accepted=False, reason="too long"),)},
         "revision [1] round 2, rewrite, a, b: discarded: too long"),
        ({}, {"reason": "", "decision": "allow"}, "decision     allow"),
        ({}, {"spans": (SPAN,)}, "in the reply:"),
        ({}, {"usage": {}, "timings_ms": {"mask": 1.5, "judge": 2.0}}, "milliseconds mask 1.5, judge 2.0"),
        ({}, {"usage": {}}, "tokens       -"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_too(opening_: dict[str, Any], closing_: dict[str, Any], line: str) -> None:
    assert line in lines(Recorded(changed(OPENING, **opening_), changed(CLOSING, **closing_)))


def test_what_was_sent_is_told_where_it_is_not_what_came_back() -> None:
    assert "what was sent:" in lines(Recorded(OPENING, CLOSING))
    assert "what was sent:" not in lines(Recorded(OPENING, changed(CLOSING, sent=CLOSING.reply)))


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_no_text_of_an_exchange_can_pass_for_a_line_of_the_report(request: str, reply: str, critique: str) -> None:
    def told(request: str, reply: str, critique: str) -> list[str]:
        revision = Revision(0, 1, ("a",), "rewrite", critique, accepted=True, reason="")
        ended = changed(CLOSING, reply=reply, sent=f"{reply}.", revisions=(revision,))
        return [line for line in lines(Recorded(changed(OPENING, request=request), ended)) if line[:1] != " "]

    def headings(found: list[str]) -> list[str]:
        return [line for line in found if line]

    assert headings(told(request, reply, critique)) == headings(told("x", "x", "x"))


@settings(deadline=None)
@given(openings, closings, st.booleans())
def test_both_halves_are_plain_values(first: Opening, last: Closing, ended: bool) -> None:
    first, last = changed(first, time=NOW), changed(last, time=NOW)
    recorded = Recorded(first, last if ended else None)
    values = json.loads(json.dumps(as_values(recorded)))
    assert values["opening"]["principal"]["user"] == first.principal.user
    assert values["opening"].keys() == {field.name for field in dataclasses.fields(Opening)}
    if ended:
        assert values["closing"].keys() == {field.name for field in dataclasses.fields(Closing)}
        assert len(values["closing"]["verdicts"]) == len(last.verdicts)
    else:
        assert values["closing"] is None
    assert shown(first.exchange) in as_text(recorded)


# --- the check of the whole --------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Path:
    with closed(new_store(tmp_path)) as store:
        store.append([opening("0"), closing("0")])
        (tmp_path / "early").write_text(signed(store))
        store.append([opening("1")])
        (tmp_path / "late").write_text(signed(store))
    return tmp_path / "audit.db"


def alter(log: Path, *changes: str) -> None:
    with closed(sqlite3.connect(log, isolation_level=None)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        for change in changes:
            raw.execute(change)


BESIDE = "DELETE FROM content WHERE exchange NOT IN (SELECT exchange FROM leaf WHERE leaf.kind = content.kind)"


def test_a_sound_log_is_told_in_one_line(log: Path) -> None:
    sound = (["3 entries under 2 checkpoints, 1 exchanges unfinished: sound"], True)
    assert verify(SqliteReader(log), None, None) == sound
    assert verify(SqliteReader(log), log.with_suffix(".pub"), log.parent / "early") == sound


def test_each_finding_is_told_before_the_sum(log: Path) -> None:
    alter(log, "UPDATE leaf SET user = 'bob' WHERE seq = 1", "UPDATE leaf SET model = 'other' WHERE seq = 2")
    told, ok = verify(SqliteReader(log), None, None)
    assert not ok
    assert len(told) == 3
    assert all(line.partition(" ")[2].startswith(f"{at}: ") for line, at in zip(told[:2], (1, 2), strict=True))
    assert told[2] == "3 entries under 2 checkpoints, 1 exchanges unfinished: NOT sound, 2 problems"


def test_an_end_that_was_cut_off_is_found_by_the_checkpoint_that_was_kept(log: Path) -> None:
    alter(
        log,
        "DELETE FROM checkpoint WHERE size = 3",
        "DELETE FROM signed WHERE size = 3",
        "DELETE FROM leaf WHERE seq = 2",
        BESIDE,
    )
    assert not verify(SqliteReader(log), None, log.parent / "early")[1]  # the list still knows of it
    alter(log, "DELETE FROM listed WHERE seq = 2")
    assert verify(SqliteReader(log), None, log.parent / "early")[1]
    told, ok = verify(SqliteReader(log), None, log.parent / "late")
    assert (ok, told[0].startswith("truncated 3: ")) == (False, True)


def test_what_the_log_is_checked_against_must_be_readable(log: Path) -> None:
    nowhere = log.parent / "nowhere"
    for public_key, checkpoint in ((nowhere, None), (None, nowhere)):
        with pytest.raises(ConfigError, match=r"nowhere: cannot be read\. Check the path and its rights\."):
            verify(SqliteReader(log), public_key, checkpoint)
    nowhere.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="cannot be read"):
        verify(SqliteReader(log), nowhere, None)
    nowhere.write_text("no key")
    with pytest.raises(AuditError):
        verify(SqliteReader(log), nowhere, None)
    with pytest.raises(AuditError):
        verify(SqliteReader(log), None, nowhere)
    with pytest.raises(ConfigError, match="public key of the log"):
        verify(SqliteReader(nowhere), None, None)
