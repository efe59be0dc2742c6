"""The doctor: that it sees every canary that leaves, and everything that does not come back as it was."""

import base64
import contextlib
import dataclasses
import html
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import yaml
from click.testing import CliRunner

from guard import config as configuration
from guard import constitution as constitutions
from guard import exchange
from guard import policy as policies
from guard.audit.writer import Writer
from guard.cli import main
from guard.config import Config
from guard.doctor import Caller, Report, examine
from guard.doctor.bodies import SHORT, TEMPLATES, Filled
from guard.doctor.canaries import KINDS, Planter
from guard.doctor.capture import repeated
from guard.doctor.checks import placeholders_in
from guard.doctor.client import Answer
from guard.doctor.report import Cell, Line
from guard.doctor.searching import Search
from guard.doctor.wires import Parts, Streaming, streamed
from guard.doctor.wires_items import WIRES
from guard.errors import ConfigError
from guard.mask import checks
from guard.mask.restore import StreamRestorer
from guard.mask.vault import Vault
from guard.proxy import Headers, Proxy
from guard.serving import application
from guard.surfaces.chat import Chat
from guard.surfaces.matrix import MATRIX, Field
from guard.surfaces.surface import Surface
from guard.surfaces.table import BY_NAME, SURFACES
from guard.types import Closing, Entry, Opening, Progress
from tests.house import PRINCIPLES, Scripted, policy

PATTERNS = [kind for kind in KINDS if not KINDS[kind].model]
UPSTREAMS = [
    {"name": "openai", "url": "https://api.openai.com/v1", "key_env": "GUARD_TEST_KEY_THAT_IS_NOT_SET"},
    {"name": "anthropic", "url": "https://api.anthropic.com/v1", "api": "anthropic"},
    {"name": "google", "url": "https://generativelanguage.googleapis.com/v1beta", "api": "gemini"},
    {"name": "house", "url": "http://192.0.2.1/v1", "trusted": True, "models": ["house-*"]},
]
OPENAI = """
import json, sys, openai
with openai.OpenAI(max_retries=0) as client:
    asked = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": sys.argv[1]}]}
    print(client.chat.completions.create(**asked).choices[0].message.content)
    with client.chat.completions.create(**asked, stream=True) as stream:
        print("".join(chunk.choices[0].delta.content or "" for chunk in stream))
    wanted = {"type": "json_schema", "json_schema": {"name": "echo", "schema": {"type": "object"}}}
    print(json.loads(client.chat.completions.create(**asked, response_format=wanted).choices[0].message.content)["echo"])
    print(client.responses.create(model="gpt-4o-mini", input=sys.argv[1]).output_text)
    client.models.list()
"""
ANTHROPIC = """
import os, anthropic
asked = {"model": "m", "max_tokens": 9,
         "messages": [{"role": "user", "content": os.environ["GUARD_DOCTOR_CANARY_TEXT"]}]}
with anthropic.Anthropic(max_retries=0) as client:
    print(client.messages.create(**asked).content[0].text)
    with client.messages.stream(**asked) as stream:
        print(stream.get_final_text())
"""
GOOGLE = """
import os
from google import genai
asked = {"model": "m", "contents": os.environ["GUARD_DOCTOR_CANARY_TEXT"]}
with genai.Client() as client:
    print(client.models.generate_content(**asked).text)
    print("".join(chunk.text or "" for chunk in client.models.generate_content_stream(**asked)))
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a guard.yaml with policies and gives its path."""

    def write(*rules: Mapping[str, Any], **keys: Any) -> Path:
        for name in ("policies", "constitutions"):
            (tmp_path / name).mkdir(exist_ok=True)
        for rule in rules or (policy(),):
            (tmp_path / "policies" / f"{rule['policy']}.yaml").write_text(yaml.safe_dump(rule))
        (tmp_path / "constitutions" / "test.yaml").write_text(PRINCIPLES)
        (tmp_path / "guard.yaml").write_text(yaml.safe_dump({"upstreams": UPSTREAMS, **keys}))
        return tmp_path / "guard.yaml"

    return write


def doctor(file: Path, **options: Any) -> Report:
    return examine(configuration.load(file, {}), lambda _: None, **options)


def about(report: Report, surface: str) -> list[Any]:
    return [line for line in report.lines if line.surface == surface]


def wrong(report: Report, check: str) -> set[tuple[str, str, str]]:
    return {(one.surface, one.mode, one.kind) for one in report.findings if one.check == check}


def judged(rules: Path) -> Callable[[Config, Progress], Proxy]:
    """What makes guard with the policies of another folder, whose constitution a scripted critic judges."""

    def make(config: Config, progress: Progress) -> Proxy:
        made = application(config, progress)
        made.service.policies = policies.load_folder(rules)
        made.service.constitutions = constitutions.load_folder(rules.parent / "constitutions")
        made.service.critic = Scripted()
        return made

    return make


# --- what it plants, and how it finds it again --------------------------------------------------------------------


def test_canaries_are_what_they_claim_to_be_and_never_the_same() -> None:
    planter = Planter(Random(1), list(KINDS))
    for _ in range(200):
        planter.text("somewhere")
    values = {kind: [one.value for one in planter.planted if one.kind == kind] for kind in KINDS}
    assert all(map(checks.luhn, values["card number"]))
    assert all(map(checks.iban, values["bank account"]))
    assert all(map(checks.rrn, values["Korean resident number"]))
    assert all(len(set(some)) == 200 for some in values.values())
    assert len({mark for one in planter.planted for mark in one.marks}) >= len(planter.planted)


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_every_field_of_the_matrix_holds_a_canary(surface: Surface) -> None:
    planter = Planter(Random(1), PATTERNS)
    for template in (TEMPLATES, SHORT):
        Filled(surface, template[surface.name], planter)
    planted = {re.sub(r"\[\d+\]", "[]", one.field).removesuffix(" (key)") for one in planter.planted}
    fields = [field for field in MATRIX[surface.name].values() if isinstance(field, Field)]
    assert {place for field in fields for place in field.asked} - planted == set()


HIDINGS: Mapping[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "no separators": lambda text: re.sub(r"[ .+-]", "", text),
    "other separators": lambda text: text.replace(" ", "\u2009").replace("-", "\u2013"),
    "percent": lambda text: quote(text, safe=""),
    "percent twice": lambda text: quote(quote(text, safe="")),
    "each byte percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "numbered for HTML": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "named for HTML": lambda text: html.escape(text).replace("@", "&commat;"),
    "numbered for JSON": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "numbered for JSON in JSON": lambda text: json.dumps("".join(f"\\u{ord(c):04X}" for c in text)),
    "base64": lambda text: base64.b64encode(f"the {text}!".encode()).decode(),
    "base64 on a word": lambda text: "xy" + base64.urlsafe_b64encode(f"ab{text}".encode()).decode(),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hiding", HIDINGS)
def test_a_canary_is_found_however_it_is_written(kind: str, hiding: str) -> None:
    planter = Planter(Random(7), [kind])
    canary, other = planter.canary(kind, ""), planter.canary(kind, "")
    body = f'{{"a": "x {HIDINGS[hiding](canary.value)} y"}}'.encode()
    assert Search([other, canary]).found(body) == (canary,)


def test_half_a_long_value_is_found() -> None:
    planter = Planter(Random(7), list(KINDS))
    card, secret = planter.canary("card number", ""), planter.canary("secret", "")
    body = f"{card.value[:-4]}<X> <Y>{secret.value[20:]}".encode()
    assert set(Search(planter.planted).found(body)) == {card, secret}
    assert Search(planter.planted).found(b"4242 4242 <CREDIT_CARD_K7Q2M4XD> ghp_<SECRET_K7Q2M4XD>") == ()


@pytest.mark.parametrize(
    "wire", [wire for wire in WIRES if BY_NAME[wire.surface].speaks], ids=lambda wire: wire.surface
)
def test_what_the_capture_server_writes_it_reads(wire: Any) -> None:
    assert isinstance(wire, Streaming)
    said = 'Bob "Bo"\n알겠습니다 &amp; <b>'
    parts = Parts(said) if wire.surface == "completions" else Parts(said, f"{said}1", f"{said}2")
    assert wire.read(json.loads(json.dumps(wire.whole(parts)))) == parts
    assert set(wire.join(list(wire.events(parts)))) == {parts}
    assert BY_NAME[wire.surface].reply_problem(wire.whole(parts)) == ""
    assert len(streamed(wire, parts)) > len(said)


def test_what_does_not_speak_does_not_stream() -> None:
    silent = [wire for wire in WIRES if not BY_NAME[wire.surface].speaks]
    assert silent
    for wire in silent:
        assert not isinstance(wire, Streaming)
        assert Answer(200, {"content-type": "text/event-stream"}, b"data: {}\n\n").told(wire) == ()
        assert Answer(200, {}, json.dumps(wire.whole(Parts("x"))).encode()).told(wire) == (Parts(""),)


def test_the_newest_words_of_the_user_are_repeated() -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "user", "content": [{"text": "b"}, {"text": "c"}]}]
    assert repeated({"messages": [*turns, {"role": "tool", "content": "d"}]}) == "bc"
    assert repeated({"input": "e"}) == repeated({"prompt": ["d", "e"]}) == "e"
    assert repeated({"input": [{"type": "text", "text": "f"}]}) == "f"
    assert (
        repeated({"contents": [{"role": "user", "parts": [{"text": "g"}, {"text": "h"}]}, {"role": "model"}]}) == "gh"
    )
    assert repeated({}) == repeated({"messages": []}) == repeated({"messages": 7}) == ""


def test_placeholders_are_told_from_words() -> None:
    assert placeholders_in("<PERSON_K7Q2M4XD> and &lt;email_address_k7q2m4xd_7f2k&gt; and SECRET_K7Q2M4XD") == 3
    assert placeholders_in("MAX_PASSWORD, ghp_" + "x7Kq" * 9 + ", snake_case_name, <b>") == 0


# --- a guard that is well ------------------------------------------------------------------------------------------


def test_a_sound_guard_passes(written: Callable[..., Path], tmp_path: Path) -> None:
    rules = policy()
    file = written(rules, access={"require_key": True})
    (tmp_path / "reviewed").mkdir()
    (tmp_path / "reviewed" / "rules.yaml").write_text(yaml.safe_dump({**rules, "review": {"constitution": "test"}}))
    report = doctor(file, application=judged(tmp_path / "reviewed"))
    assert report.findings == []
    assert report.ok
    assert report.notes == []
    for surface in SURFACES:
        lines = about(report, surface.name)
        assert [line.mode for line in lines] == (["whole", "stream"] if surface.streams else ["whole"])
        for line in lines:
            count = re.fullmatch(r"(\d+) of (\d+)", line.masked.words)
            assert count is not None
            assert count[1] == count[2]
            assert int(count[1]) > 40
            logged = re.fullmatch(r"opened, closed, (\d+) finds", line.logged.words)
            assert logged is not None
            assert int(logged[1]) >= int(count[1])  # words around a canary may be found too
            assert (line.masked.well, line.logged.well) == (True, True)
            assert line.restored.words == ("byte for byte" if surface.speaks else "no words come back")
            held = ", by windows" if line.mode == "stream" else ""
            assert line.reviewed.words == (f"3 principles{held}, allow" if surface.speaks else "no words come back")
    around = {line.surface: line.masked for line in report.lines if line.surface.startswith("(")}
    assert set(around) == {"(query)", "(headers)", "(model name)", "(other routes)", "(data folder)"}
    assert around["(model name)"].words == "14 answered 400"
    assert "404" in around["(other routes)"].words
    assert about(report, "(data folder)")[0].logged.words.endswith("log sound")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["constitutions", "guard.yaml", "policies", "reviewed"]


def test_what_the_policy_keeps_blocks_or_routes_is_no_leak(written: Callable[..., Path]) -> None:
    operators = {"SECRET": "keep", "KR_RRN": "redact", "CREDIT_CARD": "block", "IBAN_CODE": "route"}
    rules = policy(
        mask={"entities": operators}, route={"to": "house", "model": "house-1"}, review={"stream": "observe"}
    )
    report = doctor(written(rules), surfaces=["chat"])
    assert [one for one in report.findings if one.surface != "(headers)"] == []
    whole, stream, blocked, routed = about(report, "chat")
    for line in (whole, stream):
        assert "secret kept by policy" in line.masked.words
        assert line.restored.words == "all but Korean resident number, by policy"
        assert (line.masked.well, line.restored.well) == (True, True)
    assert (blocked.mode, str(blocked.masked)) == ("block", "✓ card number blocked")
    assert (routed.mode, str(routed.masked)) == ("route", "✓ bank account routed in-house by policy")
    assert str(routed.restored) == "✓ byte for byte"


def test_only_what_the_configuration_serves_is_examined(written: Callable[..., Path]) -> None:
    report = doctor(written(upstreams=[UPSTREAMS[1]]), surfaces=["messages", "count_tokens"])
    assert [line.masked.well for line in about(report, "messages")] == [True, True]
    local = doctor(written(upstreams=[{"name": "local", "model": "packaged:smollm2"}]), surfaces=["chat", "messages"])
    assert [line.masked.well for line in about(local, "chat")] == [True, True]
    assert [str(line.masked) for line in about(local, "messages")] == ["– refused, 400"]
    assert any(note.startswith("refused: messages (bad_request: No upstream") for note in local.notes)


def test_the_policy_of_a_team_is_examined_as_that_team(written: Callable[..., Path]) -> None:
    house = policy("house", applies_to={"teams": ["red"], "models": ["house-*"]}, precedence=1)
    file = written(policy(applies_to={"teams": ["blue"]}), house)
    report = doctor(file, surfaces=["chat"], caller=Caller(team="red", application="mail", model="house-1"))
    assert {line.policy for line in about(report, "chat")} == {"house"}
    refused = doctor(file, surfaces=["chat"])
    assert [str(line.masked) for line in about(refused, "chat")] == ["– refused, 403"]


# --- a guard that is ill -------------------------------------------------------------------------------------------


def test_a_guard_that_recognizes_nothing_leaks_every_canary(written: Callable[..., Path]) -> None:
    report = doctor(written(policy(recognize={"profile": "none"}, log={"content": "none"})))
    assert not report.ok
    for surface in SURFACES:
        for line in about(report, surface.name):
            counts = re.fullmatch(r"(\d+) of (\d+) LEFT", line.masked.words)
            assert counts is not None
            assert line.masked.well is False
            # All that was planted is found, in whatever field and encoding it stood.
            assert int(counts[1]) == int(counts[2]) > 40
    assert {kind for surface, _, kind in wrong(report, "masked") if surface == "chat"} == set(PATTERNS)
    # The name of a model is in the entry; all else that the log could hold is left out.
    assert {one.field for one in report.findings if one.check == "logged"} == {"model"}


def test_a_field_that_a_surface_overlooks_is_named(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = dataclasses.replace(Chat.vocabulary, words={**Chat.vocabulary.words, "user": re.compile(".*")})
    monkeypatch.setattr(Chat, "vocabulary", blind)
    report = doctor(written(), surfaces=["chat"])
    found = [one for one in report.findings if one.surface == "chat"]
    assert [(one.mode, one.check, one.field) for one in found] == [
        ("whole", "masked", "user"),
        ("stream", "masked", "user"),
    ]
    assert found[0].message == "left guard, towards the upstream 'openai'"
    assert "chat, whole: user: " in report.as_text()


def test_a_reply_that_is_not_restored_is_found(written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StreamRestorer, "_lookup", lambda *_: None)
    report = doctor(written(), surfaces=["chat", "responses", "messages", "completions"])
    expected = {
        (name, mode) for name in ("chat", "responses", "messages", "completions") for mode in ("whole", "stream")
    }
    found = {(one.surface, one.mode) for one in report.findings if one.check == "restored"}
    assert found == expected
    assert "a placeholder is left in the argument of the reply" in {one.message for one in report.findings}
    assert about(report, "chat")[0].restored.well is False
    assert not report.ok


def test_a_reply_in_which_a_space_was_lost_is_found(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    restored = exchange.restored

    def careless(surface: Surface, vault: Vault, body: Any) -> Any:
        told = json.loads(json.dumps(restored(surface, vault, body)))
        told["choices"][0]["message"]["content"] = told["choices"][0]["message"]["content"].strip(".")
        return told

    monkeypatch.setattr(exchange, "restored", careless)
    report = doctor(written(), surfaces=["chat"])
    found = [one.message for one in report.findings if one.check == "restored"]
    assert found == ["the content of the reply is not byte for byte what was sent"]


def test_a_stream_that_is_told_before_its_review_is_found(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "windowed", exchange.observed)
    report = doctor(written(), surfaces=["chat", "messages"])
    assert wrong(report, "reviewed") == {("chat", "stream", ""), ("messages", "stream", "")}
    assert [line.reviewed.well for line in about(report, "chat")] == [None, False]


class Forgetful(Proxy):
    """Writes down what it should not: the headers of its callers, in a file and in a line that is logged."""

    def _identify(self, headers: Headers) -> Any:
        with (self.service.config.data / "notes").open("a") as notes:
            notes.write(headers.get("x-request-note", ""))
        import logging

        logging.getLogger("guard").warning("headers: %s", headers.get("referer"))
        return super()._identify(headers)


def test_a_canary_in_a_file_or_a_log_line_is_found(written: Callable[..., Path]) -> None:
    def make(config: Config, progress: Progress) -> Proxy:
        made = application(config, progress)
        return Forgetful(made.service, made.upstreams)

    report = doctor(written(), surfaces=["embeddings"], application=make)
    found = {(one.surface, one.field, one.message) for one in report.findings if one.check == "logged"}
    assert found == {
        ("(data folder)", "x-request-note", "stands in the file notes"),
        ("(log lines)", "referer", "stands in a line that was logged"),
    }


@dataclasses.dataclass
class Forgetting:
    """A writer that leaves out the entries of some kinds; with `tampers`, it removes one at the end."""

    writer: Writer
    left_out: tuple[type, ...] = ()
    tampers: Path | None = None

    async def record_async(self, entry: Entry) -> None:
        if not isinstance(entry, self.left_out):
            await self.writer.record_async(entry)

    def close(self) -> None:
        self.writer.close()
        if self.tampers is not None:
            with contextlib.closing(sqlite3.connect(self.tampers)) as database:
                for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                    database.execute(f"DROP TRIGGER {name}")
                database.execute("DELETE FROM leaf WHERE seq = 1")
                database.commit()


def forgetting(*kinds: type, tampers: bool = False) -> Callable[[Config, Progress], Proxy]:
    def make(config: Config, progress: Progress) -> Proxy:
        made = application(config, progress)
        database = config.data / "audit.db" if tampers else None
        made.service.writer = Forgetting(made.service.writer, kinds, database)  # type: ignore[assignment]
        return made

    return make


def test_an_exchange_that_is_not_recorded_is_found(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guard.proxy.requests.FORWARDED", {"x-guard-key": re.compile(".*")})
    report = doctor(written(), surfaces=["chat"], application=forgetting(Opening, Closing))
    messages = {one.message for one in report.findings if one.check == "logged" and one.surface == "chat"}
    assert messages == {"the entry was not in the log when the first byte left", "there is no entry of the exchange"}
    assert ("(headers)", "", "the caller's guard key") in wrong(report, "masked")


def test_an_exchange_whose_end_is_not_recorded_is_found(written: Callable[..., Path]) -> None:
    report = doctor(written(), surfaces=["embeddings"], application=forgetting(Closing))
    found = {(one.surface, one.message) for one in report.findings if one.check == "logged"}
    assert ("embeddings", "the entry was not closed when the reply had come") in found
    assert any(surface == "(data folder)" and "exchanges are unfinished" in message for surface, message in found)


def test_a_log_that_was_tampered_with_is_found(written: Callable[..., Path]) -> None:
    report = doctor(written(), surfaces=["embeddings"], application=forgetting(tampers=True))
    found = {(one.surface, one.message) for one in report.findings if one.check == "logged"}
    assert ("(data folder)", "the audit log is not sound") in found
    assert about(report, "(data folder)")[0].logged.well is False


def test_of_two_exchanges_the_worse_is_told() -> None:
    well, badly, untried = Cell(True, "well"), Cell(False, "badly"), Cell(None, "untried")
    first = Line("chat", "whole", "p", well, untried, badly, untried)
    second = Line("chat", "whole", "p", badly, well, well, untried)
    assert first.joined(second) == Line("chat", "whole", "p", badly, well, badly, untried)


# --- the user's own client -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        (f"{OPENAI}", ["chat whole", "chat stream", "chat whole", "responses whole", "(other routes) "]),
        (f"{ANTHROPIC}", ["messages whole", "messages stream"]),
        (f"{GOOGLE}", ["gemini whole", "gemini stream"]),
    ],
    ids=["openai", "anthropic", "google"],
)
def test_a_client_of_the_users_own_is_examined(
    written: Callable[..., Path], tmp_path: Path, script: str, lines: Sequence[str]
) -> None:
    (tmp_path / "client.py").write_text(script)
    file = written(access={"require_key": True})
    report = doctor(file, client=f"{sys.executable} {tmp_path / 'client.py'} {{canary}}")
    assert report.findings == []
    assert [f"{line.surface} {line.mode}" for line in report.lines] == [*lines, "(client) ", "(data folder) "]
    for line in report.lines[: len(lines)]:
        if line.mode:
            assert (str(line.masked), str(line.restored)) == ("✓ 7 of 7", "✓ byte for byte")
            assert str(line.logged) == "✓ opened, closed, 7 finds"
    assert str(report.lines[-2].restored) == "✓ its output shows 7 of 7 canaries"


def test_a_client_whose_prompts_are_not_masked_is_found(written: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "client.py").write_text(ANTHROPIC)
    file = written(policy(recognize={"profile": "none"}, log={"content": "none"}))
    report = doctor(file, client=f"{sys.executable} {tmp_path / 'client.py'}")
    assert wrong(report, "masked") == {("messages", mode, kind) for mode in ("whole", "stream") for kind in PATTERNS}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("print(1)", "no call came through guard"),
        (
            "import urllib.request as u, os; u.urlopen(os.environ['OPENAI_BASE_URL'] + '/models')",
            "no call came through",
        ),
        ("print('<PERSON_K7Q2M4XD>')", "1 placeholders stand in its output"),
        (
            "import openai; c = openai.OpenAI(); c.embeddings.create(model='m', input='Hello'); c.close()",
            "no call held a canary",
        ),
    ],
)
def test_a_client_with_which_nothing_was_tried_does_not_pass(
    written: Callable[..., Path], command: str, message: str
) -> None:
    report = doctor(written(), client=f'{sys.executable} -W ignore -c "{command}"')
    assert any(message in one.message for one in report.findings)
    assert not report.ok


def test_a_client_that_fails_or_does_not_exist_is_named(written: Callable[..., Path]) -> None:
    report = doctor(written(), client=f'{sys.executable} -c "raise SystemExit(3)"')
    assert "the client ended with status 3" in report.notes
    for command in ("no-such-command-anywhere", "", "'"):
        with pytest.raises(ConfigError, match="--client: the command cannot be run"):
            doctor(written(), client=command)


# --- the command line ----------------------------------------------------------------------------------------------


def test_the_command_prints_a_table_and_fails_on_a_leak(written: Callable[..., Path], tmp_path: Path) -> None:
    file = written(policy(recognize={"profile": "none"}, log={"content": "none"}))
    command = [sys.executable, "-m", "guard", "-c", str(file), "doctor", "--surface", "chat"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    head, whole, stream, *_ = done.stdout.splitlines()
    assert head.split() == ["surface", "mode", "policy", "masked", "restored", "reviewed", "logged"]
    assert whole.split()[:4] == ["chat", "whole", "default", "✗"]
    assert stream.split()[:4] == ["chat", "stream", "default", "✗"]
    assert "✗ chat, whole: messages[0].content: mail address, card number" in done.stdout
    assert re.search(r"^\d+ findings\.$", done.stdout, re.MULTILINE)
    values = re.findall(r"@example\.com|ghp_|4242|010-", done.stdout + done.stderr)
    assert values == []
    assert not (tmp_path / "guard-data").exists()


def test_the_command_succeeds_and_speaks_json(written: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "client.py").write_text(ANTHROPIC)
    client = f"{sys.executable} {tmp_path / 'client.py'}"
    result = CliRunner().invoke(main, ["-c", str(written()), "doctor", "--client", client, "--json"])
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["ok"], told["findings"]) == (True, [])
    assert told["lines"][0]["masked"] == {"well": True, "words": "7 of 7"}
    assert CliRunner().invoke(main, ["doctor", "--client", "x", "--listen"]).exit_code == 2


def test_it_waits_for_a_client_that_somebody_drives(written: Callable[..., Path]) -> None:
    command = [sys.executable, "-m", "guard", "-c", str(written()), "doctor", "--listen"]
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environ) as running,
        contextlib.ExitStack() as stop,
    ):
        assert running.stderr is not None
        stop.callback(running.kill)  # whatever fails here, nobody waits for it
        shown: list[str] = []
        while not shown or not shown[-1].startswith("Send this"):
            shown.append(running.stderr.readline())
        running.stderr.readline()
        text = running.stderr.readline().rstrip()
        told = "".join(shown)
        address = re.search(r"http://127\.0\.0\.1:\d+", told)
        key = re.search(r"guard_\w\S+", told)
        assert address is not None
        assert key is not None
        body = {"model": "m", "messages": [{"role": "user", "content": text}]}
        headers = {"authorization": f"Bearer {key[0]}"}
        reply = httpx.post(f"{address[0]}/v1/chat/completions", json=body, headers=headers, timeout=60)
        assert reply.json()["choices"][0]["message"]["content"] == text
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert output.splitlines()[1].split()[:6] == ["chat", "whole", "default", "✓", "7", "of"]
    assert output.splitlines()[-1] == "Nothing leaked, nothing broke."
