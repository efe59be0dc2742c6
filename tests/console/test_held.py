import pytest

from tests.console.desk import desk, send
from tests.console.drawer import Drawer, Kept, Reply


@pytest.fixture
def drawer():
    return Drawer({name: Kept(Reply(name)) for name in ("000-sample", "001-sample")})


def test_a_held_reply_is_decided_once_and_on_record(tmp_path, drawer):
    with desk(tmp_path, held=drawer) as here, here.client("auditor", "eve") as client:
        text = client.get("/console/held").text
        assert "no-&lt;threats&gt;" in text
        reply = send(client, "/console/held", "/console/held/000-sample", answer="approve", note="harmless")
        assert reply.headers["location"] == "/console/held?told=decision"
        act = here.acts()[-1]
        assert (act.action, act.actor, act.subject, act.note) == ("approve", "eve", "000-sample", "harmless")
        assert "approved · eve" in client.get("/console/held").text
        again = send(client, "/console/held", "/console/held/000-sample", answer="reject")
        assert again.status_code == 400
        assert "A decision stands." in again.text
        assert send(client, "/console/held", "/console/held/001-sample", answer="reject").status_code == 303
        assert here.acts()[-1].action == "reject"


def test_a_held_reply_is_looked_at_on_record_before_it_is_decided_about(tmp_path, drawer):
    with desk(tmp_path, held=drawer) as here, here.client("auditor", "eve") as client:
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
        send(client, "/console/held/000-sample", "/console/held/000-sample", answer="reject")
        assert "rejected · eve" in client.get("/console/held/000-sample").text


@pytest.mark.parametrize("fields", [{}, {"answer": "burn"}, {"answer": "approve", "note": "x" * 501}])
def test_a_decision_that_says_nothing_is_not_taken(tmp_path, drawer, fields):
    with desk(tmp_path, held=drawer, exchanges=0) as here, here.client("auditor") as client:
        assert send(client, "/console/held", "/console/held/000-sample", **fields).status_code == 400
        assert drawer.kept["000-sample"].decided == "pending"


def test_a_guard_that_holds_nothing_says_so(auditor, viewer):
    assert "holds no replies back" in auditor.get("/console/held").text
    assert auditor.get("/console/held/000-sample").status_code == 404
    assert viewer.get("/console/held").status_code == 403


def test_the_held_replies_of_a_guard_are_decided_about_here(tmp_path):
    from guard.asks import Held
    from guard.types import Principal

    with desk(tmp_path, exchanges=0) as here, here.client("auditor", "eve") as client:
        here.console.parts.held = here.service.held  # as guard serve hands them over
        here.service.held.hold(
            Held(
                "0-held",
                1.0,
                Principal("ann"),
                "chat",
                "m",
                ("no-threats",),
                "Write.",
                "Or else.",
                "Please.",
                b"{}",
                {},
                "allow",
            )
        )
        assert "0-held" in client.get("/console/held").text
        assert "Or else." in client.get("/console/held/0-held").text
        assert send(client, "/console/held/0-held", "/console/held/0-held", answer="approve").status_code == 303
        kept = here.service.held.find("0-held")
        assert (kept.decided, kept.actor) == ("approved", "eve")
        assert [act.action for act in here.acts()] == [
            "look",
            "look",
            "approve",
        ]  # the page was loaded for its form too
        assert client.get("/console/held/none").status_code == 404
