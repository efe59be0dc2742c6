import dataclasses
import json
import re
import types
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.audit.canonical import dumped, loaded
from guard.audit.entries import COLUMNS, SCHEMA, columns, columns_of, decode, unopened
from guard.errors import AuditError
from guard.types import Act, Keeping, Opening, Principal
from tests.audit.samples import ACT, CLOSING, OPENING, SPAN, apart, encoded, entries, in_the_body

SECRET = "alice@example.com"


@settings(deadline=None)
@given(entries)
def test_an_entry_comes_back_as_it_was(entry):
    assert decode(*apart(entry)) == entry


@settings(deadline=None)
@given(entries)
def test_the_bytes_are_canonical(entry):
    body = encoded(entry)
    data = json.loads(body, parse_float=lambda text: f"\0\0{text}\0")  # a number keeps the digits that it has
    same = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert body == re.sub(r'"(?:\\u0000){2}([0-9.e+-]+)\\u0000"', r"\1", same).encode()
    assert dumped(loaded(body)) == body
    assert not {*json.loads(body)} & {"sealed"} if isinstance(entry, Act) else body.count(b'"sealed":') == 1


@settings(deadline=None)
@given(entries)
def test_columns_can_be_read_from_the_bytes_alone(entry):
    assert columns_of(encoded(entry)) == columns(entry)
    assert len(columns(entry)) == len(COLUMNS)


@settings(deadline=None)
@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(lambda data: json.dumps(data).encode()))
def test_whatever_is_not_an_entry_is_refused(body):
    for read in (decode, columns_of):
        with pytest.raises(AuditError):
            read(body)


def test_the_form_of_the_log_does_not_change_by_accident():
    body, clear = apart(CLOSING)
    for text, salt in (said[::-1] for said in json.loads(clear).values()):
        body = body.replace(sha256(bytes.fromhex(salt) + text.encode()).hexdigest().encode(), f"H({text})".encode())
    assert body.decode() == (
        '{"decision":"revise","exchange":"0-first","failed":[["local","429"]],"keeping":{"content":"masked","person":"ann",'
        '"until":0.0},"kind":"closing","model":"small-2026","not_judged":[],'
        '"outcome":"completed","reason":"no-threats","reply":"H(Dear <PERSON_K7Q2M4XD>, or else.)",'
        '"revisions":[{"accepted":true,"choice":0,"critique":"H(or else)","method":"redaction",'
        '"principles":["no-threats"],"reason":"","round":1}],"schema":4,'
        f'"sealed":"000102030405060708090a0b0c0d0e0f:{sha256(b"sealed:" + clear).hexdigest()}","sent":"H(Dear <PERSON_K7Q2M4XD>.)","spans":[],'
        '"status":200,"time":1764000001.5,"timings_ms":{"judge":20.0},"unknown_placeholders":0,'
        '"upstream":"spare","usage":{"prompt_tokens":12},"verdicts":[[0,{"principle":"no-threats","reason":"a threat","score":0.91,'
        '"scores":[["small",0.8],["large",0.91]],"spans":[[23,31]],"state":"fired"}]]}'
    )
    assert encoded(ACT).decode() == (
        '{"action":"look","actor":"eve","exchange":"0-look","kind":"act","note":"asked by the works council",'
        '"role":"auditor","schema":4,"subject":"0-first","time":1764000002.0}'
    )
    assert encoded(OPENING).decode().startswith('{"constitution":"workplace","constitution_digest":"c1","critic":')
    assert "안녕" in apart(OPENING)[1].decode()


def of_the_second(entry):
    """`entry` as JSON of the second schema: no verdicts on prompts, and none with the scores of several critics."""
    data = in_the_body(entry)
    if entry is OPENING:
        del data["verdicts"]
    for _, verdict in data.get("verdicts", ()):
        del verdict["scores"]
    return data


def unscored(entry):
    entry = dataclasses.replace(entry, keeping=Keeping())
    if isinstance(entry, Opening):
        return dataclasses.replace(entry, verdicts=())
    verdicts = tuple((choice, dataclasses.replace(verdict, scores=())) for choice, verdict in entry.verdicts)
    return dataclasses.replace(entry, verdicts=verdicts)


@pytest.mark.parametrize("entry", [OPENING, CLOSING])
def test_an_entry_of_the_second_schema_is_still_read(entry):
    second = json.dumps({**of_the_second(entry), "schema": 2}).encode()
    assert decode(second) == unscored(entry)
    assert columns_of(second) == columns(entry)


@pytest.mark.parametrize("verdicts", [7, [7], [[0]], [[0, 7]], [[0, {}]], [[0, {"scores": 7}]], {"0": {}}])
def test_verdicts_of_another_form_are_refused_in_every_schema(verdicts):
    for schema in (1, 2, 3):
        with pytest.raises(AuditError):
            decode(json.dumps({**of_the_second(CLOSING), "schema": schema, "verdicts": verdicts}).encode())


@pytest.mark.parametrize("entry", [OPENING, CLOSING])
def test_an_entry_of_the_first_schema_is_still_read(entry):
    later = {"fallbacks", "routed"} if entry is OPENING else {"upstream", "failed"}
    first = {name: value for name, value in of_the_second(entry).items() if name not in later}
    found = decode(json.dumps({**first, "schema": 1}).encode())
    unsaid = {name: "" if name == "upstream" else () for name in later & {f.name for f in dataclasses.fields(entry)}}
    assert found == dataclasses.replace(unscored(entry), **unsaid)
    assert decode(json.dumps({**first, "schema": 1}).encode()) == found  # what it did not say is not shared


def test_an_opening_of_the_third_schema_has_its_verdicts():
    with pytest.raises(AuditError):
        decode(json.dumps({**of_the_second(OPENING), "schema": 3}).encode())


@pytest.mark.parametrize("entry", [OPENING, CLOSING])
def test_an_entry_of_the_third_schema_holds_its_words(entry):
    third = json.dumps({**in_the_body(entry), "schema": 3}, separators=(",", ":")).encode()
    assert decode(third) == dataclasses.replace(entry, keeping=Keeping())
    assert unopened(third, None) == (decode(third), None)


def test_the_order_of_a_mapping_does_not_matter():
    one = dataclasses.replace(OPENING, request="", timings_ms={"a": 1.0, "b": 2.0})
    other = dataclasses.replace(OPENING, request="", timings_ms=types.MappingProxyType({"b": 2.0, "a": 1.0}))
    assert encoded(one) == encoded(other)


def test_a_whole_number_is_a_fine_time():
    body = encoded(dataclasses.replace(OPENING, time=1764000000))
    assert b'"time":1764000000.0' in body
    assert decode(body.replace(b"1764000000.0", b"1764000000")).time == 1764000000.0


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\\\ud800", "안\udbff"])
def test_half_a_surrogate_pair_is_kept(text):
    entry = dataclasses.replace(OPENING, request=text, model=text)
    assert decode(*apart(entry)) == entry
    assert columns(entry)[COLUMNS.index("model")].encode()


def test_two_halves_become_their_character_once_and_for_all():
    body, clear = apart(dataclasses.replace(OPENING, request="\ud83d\ude00"))
    assert decode(body, clear).request == "😀"
    assert "😀".encode() in clear


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (dataclasses.replace(OPENING, time=float("nan")), ""),
        (dataclasses.replace(OPENING, time=2**60), "time"),
        (dataclasses.replace(OPENING, model=None), "model"),
        (dataclasses.replace(OPENING, stream=1), "stream"),
        (dataclasses.replace(OPENING, request=SECRET.encode()), "request"),
        (dataclasses.replace(OPENING, spans=[SPAN]), "spans"),
        (dataclasses.replace(OPENING, spans=(SECRET,)), "spans"),
        (dataclasses.replace(OPENING, spans=(dataclasses.replace(SPAN, operator=SECRET),)), "spans.operator"),
        (dataclasses.replace(OPENING, principal=Principal(7)), "principal.user"),
        (dataclasses.replace(OPENING, timings_ms={7: 1.0}), "timings_ms"),
        (dataclasses.replace(OPENING, timings_ms=[(SECRET, 1.0)]), "timings_ms"),
        (dataclasses.replace(CLOSING, verdicts=((0,),)), "verdicts"),
        (dataclasses.replace(CLOSING, status=True), "status"),
        (SECRET, ""),
    ],
)
def test_what_could_not_be_read_back_is_not_written(entry, field):
    with pytest.raises(AuditError) as caught:
        encoded(entry)
    assert f" {field}" in caught.value.message
    assert SECRET not in caught.value.message


def changed(entry, **fields):
    return json.dumps({**json.loads(encoded(entry)), **fields}, separators=(",", ":")).encode()


@pytest.mark.parametrize("schema", [0, SCHEMA + 1, "1", True, None, 1.0])
def test_an_unknown_schema_is_refused(schema):
    for read in (decode, columns_of):
        with pytest.raises(AuditError, match="schema"):
            read(changed(OPENING, schema=schema))


@pytest.mark.parametrize("kind", ["note", None, [], "closing"])
def test_an_unknown_kind_is_refused(kind):
    with pytest.raises(AuditError):
        decode(changed(OPENING, kind=kind))


@pytest.mark.parametrize("wrong", [None, 7, [[SECRET]], {"a": SECRET}, float("nan")])
@pytest.mark.parametrize("entry", [OPENING, CLOSING], ids=["opening", "closing"])
def test_every_field_is_checked_when_read(entry, wrong):
    fine = {int: (7,), float: (7,), dict: ()}
    for name in (field.name for field in dataclasses.fields(entry)):
        if wrong in fine.get(type(getattr(entry, name)), ()):
            continue
        with pytest.raises(AuditError) as caught:
            decode(changed(entry, **{name: wrong}))
        assert SECRET not in caught.value.message


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b"[]",
        b"{",
        b"[" * 100_000,
        encoded(OPENING).replace(b"1.5", b"1e999"),
        encoded(OPENING).replace(b"1.5", b"Infinity"),
        changed(OPENING, extra=1),
        changed(CLOSING, verdicts=[[0]]),
        changed(CLOSING, verdicts=[0]),
        changed(CLOSING, usage=[]),
        encoded(OPENING).replace(b'"request"', b'"requests"'),
    ],
)
def test_a_malformed_entry_is_refused(body):
    with pytest.raises(AuditError):
        decode(body)


@pytest.mark.parametrize("fields", [{"principal": 7}, {"exchange": 7}, {"time": "x"}, {"model": {}}])
def test_columns_of_a_malformed_entry_are_refused(fields):
    with pytest.raises(AuditError, match="malformed"):
        columns_of(changed(OPENING, **fields))
