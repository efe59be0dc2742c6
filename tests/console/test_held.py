import asyncio
import re

import httpx
import pytest

from guard.console import changes, pages
from tests.console.desk import Desk, desk, held_reply, send
from tests.console.door import token_of

HELD = ("000-sample", "001-sample")


def decide(client: httpx.Client, exchange: str, **fields: str) -> httpx.Response:
    """Open the page of a held reply, and send its form."""
    shown = client.get(f"/console/held/{exchange}")
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', shown.text)
    assert seen is not None
    sent = {"csrf": token_of(shown), "seen": seen[1], **fields}
    return client.post(f"/console/held/{exchange}", data=sent)


def decided(here: Desk, exchange: str) -> tuple[str, str]:
    kept = here.service.held.find(exchange)
    return kept.decided, kept.actor


def test_a_held_reply_is_decided_once_and_on_record(tmp_path):
    with desk(tmp_path, held=HELD) as here, here.client("auditor", "eve") as client:
        text = client.get("/console/held").text
        assert "no-&lt;threats&gt;" in text
        opened = re.search(r'name="seen" value="(\w+)"', client.get("/console/held/000-sample").text)
        assert opened is not None
        reply = decide(client, "000-sample", answer="approve", note="harmless")
        assert reply.headers["location"] == "/console/held?told=decision"
        act = here.acts()[-1]
        assert (act.action, act.actor, act.subject, act.note) == ("approve", "eve", "000-sample", "harmless")
        assert decided(here, "000-sample") == ("approved", "eve")
        assert "approved · eve" in client.get("/console/held").text
        fields = {"answer": "reject", "seen": opened[1]}
        again = send(client, "/console/held", "/console/held/000-sample", **fields)  # a page opened before
        assert again.status_code == 400
        assert "A decision stands." in again.text
        assert decide(client, "001-sample", answer="reject").status_code == 303
        assert here.acts()[-1].action == "reject"


def test_a_held_reply_is_looked_at_on_record_before_it_is_decided_about(tmp_path):
    with desk(tmp_path, held=HELD) as here, here.client("auditor", "eve") as client:
        text = client.get("/console/held").text
        assert "/console/held/000-sample" in text
        assert "or else" not in text
        assert [act for act in here.acts() if act.action == "look"] == []
        text = client.get("/console/held/000-sample").text
        assert "Pay &lt;b&gt;now&lt;/b&gt;, or else." in text
        assert '<mark title="stands for a value of the kind PERSON">' in text
        assert "<del>" in text
        assert [(act.action, act.subject) for act in here.acts()] == [("look", "000-sample")]
        assert "holds no reply" in client.get("/console/held/none").text
        decide(client, "000-sample", answer="reject")
        assert "rejected · eve" in client.get("/console/held/000-sample").text


def test_nobody_decides_about_a_reply_unseen(tmp_path):
    with desk(tmp_path, held=HELD) as here, here.client("auditor", "eve") as eve, here.client("auditor", "bob") as bob:
        found = re.search(r'name="seen" value="(\w+)"', eve.get("/console/held/000-sample").text)
        assert found is not None
        for client, exchange, seen in (
            (eve, "000-sample", ""),
            (eve, "001-sample", found[1]),
            (bob, "000-sample", found[1]),
        ):
            reply = send(client, "/console/held", f"/console/held/{exchange}", answer="approve", seen=seen)
            assert reply.status_code == 400
            assert "unseen" in reply.text
            assert here.service.held.find(exchange).decided == "pending"
        assert {act.action for act in here.acts()} == {"look"}


@pytest.mark.parametrize("fields", [{}, {"answer": "burn"}, {"answer": "approve", "note": "x" * 501}])
def test_a_decision_that_says_nothing_is_not_taken(tmp_path, fields):
    with desk(tmp_path, held=HELD, exchanges=0) as here, here.client("auditor") as client:
        reply = decide(client, "000-sample", **fields)
        assert reply.status_code == 400
        assert "unseen" not in reply.text
        assert here.service.held.find("000-sample").decided == "pending"


def test_where_no_reply_is_held_the_page_says_so(auditor, viewer):
    assert "No reply waits" in auditor.get("/console/held").text
    assert auditor.get("/console/held/000-sample").status_code == 404
    assert viewer.get("/console/held").status_code == 403


def test_long_texts_are_compared_and_drawn_off_the_loop(tmp_path, monkeypatch):
    """Where a loop runs in the thread that does so, everybody else waits."""
    there = []

    def noting(work):
        def noted(*texts):
            there.append((work.__name__, asyncio._get_running_loop() is not None))
            return work(*texts)

        return noted

    monkeypatch.setattr("guard.console.held.changes", noting(changes.changes))
    monkeypatch.setitem(pages._environment().filters, "pieces", noting(pages.pieces))
    with desk(tmp_path, exchanges=3) as here, here.client("auditor", "eve") as client:
        here.service.held.hold(held_reply("0-long", "pay now " * 1450, "pay or else now " * 1450))
        assert client.get("/console/held/0-long").status_code == 200
        assert set(there) == {("changes", False), ("pieces", False)}
        there.clear()
        assert client.get("/console/exchanges/000-sample").status_code == 200
        assert set(there) == {("pieces", False)}
