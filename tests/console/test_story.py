import re

import pytest

from guard.audit.log import reader_of
from guard.console.story import said
from tests.audit.samples import OPENING
from tests.console.sample import MAIL, PERSON, exchange

STORY = "/console/exchanges/000-sample"


def plain(text):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text)).replace("&lt;", "<").replace("&gt;", ">")


def marked(text):
    return re.findall(r"<mark title=\"([^\"]*)\">([^<]*)</mark>", text)


def test_a_story_tells_what_left_with_its_placeholders_marked(auditor):
    text = auditor.get(STORY).text
    assert ("stands for a value of the kind PERSON", "&lt;PERSON_K7Q2M4XD&gt;") in marked(text)
    assert ("stands for a value of the kind EMAIL_ADDRESS", "&lt;EMAIL_ADDRESS_BSG30DC4&gt;") in marked(text)
    assert f"Write to {PERSON} at {MAIL}." in plain(text)
    assert "께 결제를 요청해 주세요. 山田様へ。" in plain(text)


def test_what_was_said_is_text_and_never_markup(auditor):
    text = auditor.get(STORY).text
    assert "Be kind. &lt;b&gt;No threats.&lt;/b&gt;" in text
    assert "<b>" not in text


def test_a_story_tells_the_scores_the_critique_and_the_change(auditor):
    page = auditor.get(STORY).text
    text = plain(page)
    assert "0.910" in text
    assert "embedded 0.800" in text
    assert re.search(r"violated.*0\.050 clear", text)
    assert "QUOTE: or else. It threatens." in text
    assert "please pay today[−, or else−]." in text
    assert "<del>" in page


def test_a_story_tells_what_was_not_scanned_and_not_judged(auditor):
    assert "messages[0].content[1]" in auditor.get(STORY).text
    assert re.search(r"What was not judged.*no-threats", plain(auditor.get("/console/exchanges/002-sample").text))
    assert "Everything was scanned." in auditor.get("/console/exchanges/001-sample").text


def test_an_unfinished_exchange_says_so(auditor):
    text = auditor.get("/console/exchanges/003-sample").text
    assert "no end is on record" in text
    assert "What came back" not in text


def test_a_story_names_its_place_in_the_log(shared, auditor):
    text = plain(auditor.get("/console/exchanges/001-sample").text)
    size = re.search(r"Entry 2 of the log, under the signed checkpoint of (\d+) entries", text)[1]
    assert int(size) >= 45


def test_a_checkpoint_of_another_key_proves_nothing(tmp_path):
    from guard.audit.log import store_of
    from tests.console.desk import desk

    with desk(tmp_path / "one") as here, here.client("auditor") as client:
        public = here.service.config.data / "audit.pub"
        other = here.service.config.model_copy(update={"data": tmp_path / "two"})
        (tmp_path / "two").mkdir()
        store_of(other).close()
        public.write_text((tmp_path / "two" / "audit.pub").read_text())
        assert "No sound checkpoint" in client.get(STORY).text


def test_every_look_of_an_auditor_is_on_record_before_the_page_is_sent(shared, auditor):
    before = len(shared.acts())
    text = auditor.get("/console/exchanges/005-sample").text
    acts = shared.acts()[before:]
    assert [(act.action, act.actor, act.role, act.subject) for act in acts] == [
        ("look", "auditor-1", "auditor", "005-sample")
    ]
    assert "looked at content" in text  # the page tells of its own look already


def test_a_look_that_cannot_be_recorded_shows_nothing(tmp_path):
    from tests.console.desk import desk

    with desk(tmp_path) as here, here.client("auditor") as client:
        here.service.writer.close()
        reply = client.get(STORY)
        assert reply.status_code == 503
        assert "K7Q2M4XD" not in reply.text
        assert "the audit log is closed" in reply.text


def test_a_viewer_sees_no_content_and_leaves_no_act(shared, viewer):
    before = len(shared.acts())
    text = viewer.get(STORY).text
    for content in ("K7Q2M4XD", "pay today", "or else", "Be kind", "QUOTE"):
        assert content not in text
    assert '<form method="post" action="/console/exchanges' not in text
    assert "0.910" in text
    assert len(shared.acts()) == before


def test_an_exchange_that_is_not_there_is_not_found(auditor):
    for name in ("nope", "%00", "a%2Fb", "가"):
        reply = auditor.get(f"/console/exchanges/{name}")
        assert reply.status_code == 404, name


@pytest.mark.parametrize("request_", ["", "not json", '{"model": 3}'])
def test_a_request_that_cannot_be_read_is_shown_as_it_is(request_):
    import dataclasses

    found = said(dataclasses.replace(OPENING, request=request_))
    assert [one.text for one in found] == ([request_] if request_ else [])


def test_the_words_of_a_request_are_told_by_place_without_those_of_the_api():
    opening, _ = exchange(0, 0.0)
    assert [one.place for one in said(opening)] == ["messages[0].content", "messages[1].content"]


def test_direction_marks_in_a_reply_cannot_rearrange_the_page(shared, auditor):
    import dataclasses

    opening, closing = exchange(100, 1.0)
    opening = dataclasses.replace(opening, exchange="bidi", time=opening.time)
    closing = dataclasses.replace(
        closing, exchange="bidi", reply="a\u202eb\x07c", sent="a\u202eb\x07c", decision="allow"
    )
    shared.service.store.append([opening, closing])
    text = auditor.get("/console/exchanges/bidi").text
    assert "a\\u{202e}b\\u{7}c" in text
    assert "\u202e" not in text
    assert reader_of(shared.service.config).show("bidi") is not None
