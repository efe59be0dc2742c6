import re

import pytest

from guard.console.reviewing import LONGEST_NOTE
from tests.console.desk import desk, send

STORY = "/console/exchanges/000-sample"


@pytest.fixture
def here(tmp_path):
    with desk(tmp_path) as opened:
        yield opened


@pytest.fixture
def client(here):
    with here.client("auditor", "eve") as made:
        yield made


def queued(client):
    text = client.get("/console/queue").text.split('id="h-given"')[0]
    return re.findall(r'/console/exchanges/([^?"]+)\?from=queue&amp;principle=([^"]+)"', text)


def test_the_queue_begins_with_what_the_critic_was_unsure_of(client):
    found = queued(client)
    assert found[:3] == [(name, "no-weapons") for name in ("018-sample", "010-sample", "002-sample")]
    assert found[3] == ("017-sample", "no-threats")  # blocked
    assert found[6] == ("020-sample", "no-threats")  # revised
    assert len(found) == len(set(found)) == 30


def test_a_label_is_on_record_and_kept_and_leaves_the_queue(here, client):
    reply = send(client, STORY, f"{STORY}/labels", principle="no-threats", answer="wrong", note="<b>a</b> joke")
    assert reply.status_code == 303
    assert reply.headers["location"] == f"{STORY}#scores"
    act = here.acts()[-1]
    assert (act.action, act.actor, act.subject, act.note) == ("label", "eve", "000-sample", "no-threats: wrong")
    (label,) = here.console.parts.labels.all()
    assert (label.exchange, label.principle, label.right, label.note, label.by) == (
        "000-sample", "no-threats", False, "<b>a</b> joke", "eve",
    )  # fmt: skip
    assert ("000-sample", "no-threats") not in queued(client)
    assert "&lt;b&gt;a&lt;/b&gt; joke" in client.get(STORY).text
    assert "0 right, 1 wrong" in client.get("/console/queue").text


def test_a_label_from_the_queue_leads_back_to_it(client):
    page = f"{STORY}?from=queue&principle=no-weapons"
    text = client.get(page).text
    assert re.search(r'<option value="no-weapons" selected>', text)
    reply = send(client, page, f"{STORY}/labels", principle="no-weapons", answer="right", **{"from": "queue"})
    assert reply.headers["location"] == "/console/queue?told=label"
    assert "on record" in client.get(reply.headers["location"]).text


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"principle": "no-such", "answer": "right"}, "no verdict on that principle"),
        ({"principle": "no-threats"}, "right or wrong"),
        ({"principle": "no-threats", "answer": "maybe"}, "right or wrong"),
        ({"principle": "no-threats", "answer": "right", "note": "x" * (LONGEST_NOTE + 1)}, "over 1,000 characters"),
    ],
)
def test_a_label_that_says_nothing_is_not_taken(here, client, fields, complaint):
    reply = send(client, STORY, f"{STORY}/labels", **fields)
    assert reply.status_code == 400
    assert complaint in reply.text
    assert here.console.parts.labels.all() == ()
    assert [act for act in here.acts() if act.action == "label"] == []


def test_a_verdict_that_was_never_given_cannot_be_labelled(here, client):
    reply = send(client, "/console/exchanges/002-sample", "/console/exchanges/002-sample/labels",
                 principle="no-threats", answer="right")  # fmt: skip
    assert reply.status_code == 400
    assert send(client, STORY, "/console/exchanges/nope/labels", answer="right").status_code == 404


def test_a_label_needs_an_auditor_and_a_form_of_guards_own(here, client):
    with here.client("viewer") as viewer:
        assert viewer.get("/console/queue").status_code == 403
        assert send(viewer, "/console", f"{STORY}/labels", principle="no-threats", answer="right").status_code == 403
    forged = client.post(f"{STORY}/labels", data={"principle": "no-threats", "answer": "right"})
    assert forged.status_code == 403
    assert here.console.parts.labels.all() == ()


def test_a_label_that_cannot_be_recorded_is_not_kept(here, client):
    client.get(STORY)
    from tests.console.door import token_of

    token = token_of(client.get("/console/queue"))
    here.service.writer.close()
    data = {"csrf": token, "principle": "no-threats", "answer": "right"}
    assert client.post(f"{STORY}/labels", data=data).status_code == 503
    assert here.console.parts.labels.all() == ()


def test_of_an_unsure_verdict_the_form_says_which_answer_means_a_violation(client):
    said = "Where the critic was unsure: “right” if the text keeps the principle, “wrong” if it violates it."
    assert said in client.get("/console/exchanges/002-sample").text
    assert said not in client.get("/console/exchanges/001-sample").text
